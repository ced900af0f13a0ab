#!/bin/bash
# arrows.sh - fails on an #include against the arrows of the design
#
#	runtime <- manifests <- portal <- launcher <- bundler
#
# Each folder may include what stands to its left, and itself.  tests/ and
# bench/ are ends: they may include everything, and nobody includes them.
# Usage: arrows.sh [TREE]
set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
order=(runtime manifests portal launcher bundler)
bad=0

rank()
{
	local i
	for i in "${!order[@]}"; do
		[ "${order[i]}" = "$1" ] && echo "$i" && return
	done
	echo none
}

while IFS=: read -r file line text; do
	from=${file%%/*}
	to=${text#*\"}
	to=${to%%\"*}
	case $to in */*) to=${to%%/*} ;; *) to=$from ;; esac
	case $to in
	tests | bench)
		echo "$file:$line: includes $to/, which is an end" >&2
		bad=1
		continue
		;;
	esac
	r=$(rank "$to")
	[ "$r" = none ] && continue	# libraries, generated headers
	if [ "$r" -gt "$(rank "$from")" ]; then
		echo "$file:$line: $from/ includes $to/, against the arrows" >&2
		bad=1
	fi
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' \
	-r --include='*.c' --include='*.h' "${order[@]}")

exit $bad
