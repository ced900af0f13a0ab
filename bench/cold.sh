#!/bin/bash
# cold.sh - cold starts: the same files from the bundle, squashfuse_ll, the kernel's
# squashfs and ext4
#
#	bench/cold.sh [BUNDLE COMMAND...]
#
# The program runs by chroot in a fresh mount each time, in turns, so that the cost of
# a sandbox is in none of the figures; what is cold is the page cache of the mounted
# files, while bundle and ext4 image lie in memory. A mount goes with everything the
# kernel had cached of it. Medians and their ratio to ext4 (target: <= 1.0) and to
# squashfuse_ll (<= 0.75; the loader of LibreOffice: <= 0.55). Root only.
#
# Without arguments: python3 with imports, from $W/python3.holdall (see run.sh) or a
# bundle packed here. BENCH_COLD_ROUNDS=7; BENCH_SVG=FILE draws the ratios.
set -u
[ "$(id -u)" -eq 0 ] || { echo "cold starts: only root can mount all of them"; exit 0; }
here=$(cd "$(dirname "$0")/.." && pwd)
build=$(realpath "${HOLDALL_BUILD:-$here/build}")
D=$(mktemp -d "${TMPDIR:-/tmp}/holdall-cold.XXXXXX") || exit 1
trap 'umount -q -l "$D/mnt"; rm -rf "$D"' EXIT
mkdir "$D/mnt" "$D/tree"
if [ $# -ge 2 ]; then
	bundle=$(realpath "$1")
	what=${COLD_NUMBER:-} most=${COLD_MOST:-}
	shift
else
	what="python3 with imports, cold, x squashfuse_ll" most=0.75
	bundle=${W:+$W/python3.holdall}
	if [ -z "$bundle" ] || [ ! -e "$bundle" ]; then
		bundle=$D/python3.holdall
		"$build/holdall" pack "$here/manifests/python3/holdall.yaml" \
			-o "$bundle" >/dev/null || exit 1
	fi
	set -- /usr/bin/python3 -c \
		'import json, ssl, sqlite3, argparse, subprocess'
fi
offset=$("$build/holdall" info "$bundle" |
	sed -n 's/.*image (.* at \([0-9]*\)).*/\1/p')

# The same files on ext4, with room for its own tables.
"$build/holdall" extract "$bundle" -o "$D/tree/root" >/dev/null 2>&1 || exit 1
kib=$(du -sk "$D/tree" | cut -f1)
mke2fs -q -t ext4 -d "$D/tree/root" "$D/ext4" "$((kib * 5 / 4 + 32768))k" >/dev/null || exit 1
rm -rf "$D/tree"
cat "$bundle" "$D/ext4" >/dev/null

now()
{
	date +%s%N
}

# COMMAND...: in the mount; microseconds.
plain()
{
	local start
	start=$(now)
	timeout -s KILL 60 chroot "$D/mnt" "$@" >/dev/null 2>"$D/err" || {
		echo "cold.sh: $* fails: $(head -1 "$D/err")" >&2
		return 1
	}
	echo $((($(now) - start) / 1000))
}

once()
{
	local how=$1
	shift
	case $how in
	ext4) mount -o ro,loop "$D/ext4" "$D/mnt" ;;
	kernel) mount -t squashfs -o "ro,loop,offset=$offset" "$bundle" "$D/mnt" ;;
	squashfuse) squashfuse_ll -o "offset=$offset" "$bundle" "$D/mnt" ;;
	holdall)
		export D
		export -f plain now
		timeout -s KILL 90 "$build/bench/serve" "$bundle" "$D/mnt" \
			bash -c 'plain "$@"' plain "$@" | head -1
		return
		;;
	esac 2>/dev/null || return 1
	plain "$@"
	umount "$D/mnt"
}

median()
{
	sort -n "$1" | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'
}

ways="ext4 holdall kernel"
command -v squashfuse_ll >/dev/null && ways="$ways squashfuse"
for how in $ways; do : >"$D/t.$how"; done
for _ in $(seq 1 "${BENCH_COLD_ROUNDS:-7}"); do
	for how in $ways; do
		once "$how" "$@" >>"$D/t.$how"
	done
done
base=$(median "$D/t.ext4")
other=
[ ! -e "$D/t.squashfuse" ] || other=$(median "$D/t.squashfuse")
[ "${other:-0}" -eq 0 ] || [ -z "$what" ] || awk -v what="$what" -v most="$most" \
	-v a="$(median "$D/t.holdall")" -v b="$other" 'BEGIN {
	printf "%s\t%.2f\t%s\t\n", what, a / b, most
	}' >>"${BENCH_NUMBERS:-/dev/null}"
printf '%-12s %10s %8s %12s\n' "cold start" ms "x ext4" "x squashfuse"
for how in $ways; do
	awk -v how="$how" -v t="$(median "$D/t.$how")" -v base="$base" \
		-v other="${other:-0}" 'BEGIN {
		printf "%-12s %10.1f %8.2f %12s\n", how, t / 1e3,
			base ? t / base : 0,
			other ? sprintf("%.2f", t / other) : "-" }'
done | tee "$D/rows"
[ -z "${BENCH_SVG:-}" ] ||
	awk -f "$here/bench/bars.awk" title="cold start, x ext4" column=3 \
		"$D/rows" >"$BENCH_SVG"
