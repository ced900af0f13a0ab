#!/bin/bash
# profile.sh - cold starts: files on the disk, the bundle, the bundle by its profile
#
# python3 with imports, three ways in turns: its files unpacked below $W and run in
# bwrap, the bundle, and the bundle packed with the profile that `holdall profile`
# recorded here.  As root all caches are dropped before each start; else the kernel
# keeps the bundle's and the tree's pages, and only the mount is new each time.
# BENCH_BUNDLE=FILE BENCH_MANIFEST=FILE BENCH_ARGS="..." measures another app
# instead: the bundle, its manifest, and arguments after which it ends by itself.
#
# Called by run.sh with the words that start a command as the ordinary user.
set -u
here=$(cd "$(dirname "$0")/.." && pwd)
H=${HOLDALL_BUILD:-$W}/holdall
bundle=${BENCH_BUNDLE:-$W/python3.holdall}
manifest=${BENCH_MANIFEST:-$here/manifests/python3/holdall.yaml}
imports='import json, ssl, sqlite3, argparse, subprocess'
if [ -n "${BENCH_ARGS:-}" ]; then
	read -r -a args <<<"$BENCH_ARGS"
else
	args=(-c "$imports")
fi
options=(--home ephemeral --deny display)
as=("$@")

"${as[@]}" "$W/holdall" profile "${options[@]}" -o "$W/home/start.profile" \
	"$bundle" "${args[@]}" >/dev/null 2>&1 || exit 1
"$H" pack "$manifest" --profile "$W/home/start.profile" \
	-o "$W/profiled.holdall" >/dev/null 2>&1 || exit 1
[ "$(id -u)" -ne 0 ] || chown "$(stat -c %U "$W/home"):" "$W/profiled.holdall"
[ -d "$W/cold-tree" ] ||
	"${as[@]}" "$W/holdall" extract "$bundle" -o "$W/cold-tree" >/dev/null ||
	exit 1
# The program that the bundle starts.
program=$("$H" info --seal "$bundle" | sed -n 's/^header.command=//p' |
	head -n 1 | cut -d' ' -f1)
case $program in
/*) ;;
*) program=/usr/bin/$program ;;
esac

# once NAME CMD...: its time in ms.
once()
{
	local from name=$1
	shift
	if [ "$(id -u)" -eq 0 ]; then
		sync
		echo 3 >/proc/sys/vm/drop_caches
		sleep 0.2
	fi
	from=$(date +%s%N)
	"${as[@]}" timeout -s KILL 60 "$@" >/dev/null 2>&1 ||
		echo "profile.sh: $name failed" >&2
	echo $((($(date +%s%N) - from) / 1000)) >>"$W/cold.$name"
}

rm -f "$W"/cold.*[a-z] 2>/dev/null
for _ in $(seq 1 "${BENCH_COLD_ROUNDS:-9}"); do
	once disk bwrap --unshare-all --bind "$W/cold-tree" / --proc /proc \
		--dev /dev --tmpfs /tmp "$program" "${args[@]}"
	once bundle "$W/holdall" run "${options[@]}" "$bundle" "${args[@]}"
	once profiled "$W/holdall" run "${options[@]}" "$W/profiled.holdall" \
		"${args[@]}"
done
printf '%-10s %10s %10s %8s   files on %s%s\n' "ms" median least ratio \
	"$(stat -f -c %T "$W/cold-tree")" \
	"$([ "$(id -u)" -eq 0 ] || echo ', caches warm (not root)')"
for name in disk bundle profiled; do
	sort -n "$W/cold.$name" | awk -v name=$name -v first="${first:-0}" '
		{ v[NR] = $1 / 1000 }
		END {
			m = v[int((NR + 1) / 2)]
			printf "%-10s %10.1f %10.1f %8.2f\n", name, m, v[1],
				first ? m / first : 1
		}' | tee "$W/cold.line"
	[ -n "${first:-}" ] || first=$(awk '{ print $2 }' "$W/cold.line")
	case $name in
	bundle) most=1.30 what="cold start of python3, x the disk" ;;
	profiled) most=1.00 what="the same by its launch profile" ;;
	*) continue ;;
	esac
	awk -v what="$what" -v most=$most '{
		printf "%s\t%s\t%s\t\n", what, $4, most }' "$W/cold.line" \
		>>"${BENCH_NUMBERS:-/dev/null}"
done
