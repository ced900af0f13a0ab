#!/bin/bash
# verify.sh - `holdall verify` beside one hash of the same file, all in memory
#
# verify hashes every byte twice (the tree, and the sections, whose hash is one
# chain) and unpacks the whole image in the jail meanwhile, to find one that is
# sealed and broken; so on few processors unpacking decides, which no hash does.
# Interleaved rounds, medians, and the ratio to b2sum: the same hash as ours.
set -u
as=("$@")
file=$W/python3.holdall
tools=('b2sum -l 256' sha256sum)
! command -v b3sum >/dev/null || tools+=(b3sum)

# in_us CMD...: how long it took; verify says 3 for a bundle without a signature.
in_us()
{
	local from status
	from=$(date +%s%N)
	"${as[@]}" "$@" >/dev/null 2>&1 </dev/null
	status=$?
	[ $status -eq 0 ] || [ $status -eq 3 ] || echo "$1: status $status" >&2
	echo $((($(date +%s%N) - from) / 1000))
}

cat "$file" >/dev/null
for _ in 1 2 3 4 5 6 7; do
	echo "verify $(in_us "$W/holdall" verify "$file")"
	for tool in "${tools[@]}"; do
		# shellcheck disable=SC2086
		echo "${tool%% *} $(in_us $tool "$file")"
	done
done | sort -k 1,1 -k 2,2n | awk -v bytes="$(stat -c %s "$file")" '
	{ v[$1, ++n[$1]] = $2 }
	END {
		base = v["b2sum", int((n["b2sum"] + 1) / 2)]
		printf "%-12s %8s %8s %8s\n", "", "ms", "MB/s", "x b2sum"
		for (t in n) {
			m = v[t, int((n[t] + 1) / 2)]
			printf "%-12s %8.1f %8.0f %8.2f\n", t, m / 1000,
				bytes / m, m / base | "sort"
		}
	}'
