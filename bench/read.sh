#!/bin/bash
# read.sh - reading a mounted image: holdall against squashfuse_ll and the limit
#
# The same image, the same reader, a fresh mount for every figure, in turns; the
# bundle itself lies in the page cache for all.  squashfuse_ll and the kernel's
# squashfs (root only) verify nothing.  Medians of the rounds, their ratio, and the
# least of ours over the limit.
#
# The limit of a row is computed from the same rounds:
#	(client's CPU + server's CPU without decoding + decoding) / CPUs
# where the second comes from serve-nodecode, which does everything but read,
# verify and decode data blocks, and decoding is what the real server takes beyond
# that; the least of each.  two and four read what seq reads: their decoding is at
# most seq's, so that a block decoded twice is not in their limit.  stat and open wait for one answer after the other and use
# one CPU at a time: there the limit is the time of serve-nodecode plus decoding.
#
# HOLDALL_BENCH_BUNDLE=FILE reads that one instead of python3's closure,
# BENCH_READ_ROUNDS=5, BENCH_SVG=FILE draws the ratios.
#
# Called by run.sh with the words that start a command as the ordinary user.
set -u
if ! command -v squashfuse_ll >/dev/null || ! command -v fusermount3 >/dev/null; then
	echo "no squashfuse_ll with fusermount3 to compare with (make deps)"
	exit 0
fi
as=("$@")
build=${HOLDALL_BUILD:-$W}
bundle=${HOLDALL_BENCH_BUNDLE:-$W/read.holdall}
mkdir -p "$W/mnt" "$W/mnt2" && chmod a+rX "$W/mnt" "$W/mnt2" || exit 1
for p in serve serve-nodecode reader; do
	cp "$build/bench/$p" "$W/read-$p" && chmod a+rx "$W/read-$p" || exit 1
done
if [ ! -e "$bundle" ]; then
	cat >"$W/read.yaml" <<Y
schema: 1
id: org.example.Reader
version: "1"
command: python3
sources:
  - files: [/usr/bin/python3]
Y
	"$build/holdall" pack "$W/read.yaml" -o "$bundle" >/dev/null || exit 1
fi
[ "$(id -u)" -ne 0 ] || chown "$(stat -c %U "$W/home"):" "$W/mnt"
offset=$("$W/holdall" info "$bundle" |
	sed -n 's/.*image (.* at \([0-9]*\)).*/\1/p')
cpus=$(nproc)
cat "$bundle" >/dev/null

# Each appends to $W/r.NAME: microseconds, client's CPU, server's CPU.
peer()
{
	"${as[@]}" squashfuse_ll -o "offset=$offset" "$bundle" "$W/mnt" \
		2>/dev/null || return 1
	"${as[@]}" timeout 60 "$W/read-reader" "$1" "$W/mnt/usr" |
		awk '{ print $1, $3, 0 }' >>"$W/r.peer"
	"${as[@]}" fusermount3 -u "$W/mnt"
}

ours()
{
	"${as[@]}" timeout 60 "$W/read-$2" "$bundle" "$W/mnt" \
		"$W/read-reader" "$1" "$W/mnt/usr" |
		awk 'NR == 1 { t = $1; c = $3 } /^server/ { print t, c, $2 }' \
			>>"$W/r.$2"
}

kernel()
{
	[ "$(id -u)" -eq 0 ] &&
		mount -o "ro,loop,offset=$offset" -t squashfs "$bundle" \
			"$W/mnt2" 2>/dev/null || return 0
	timeout 60 "$W/read-reader" "$1" "$W/mnt2/usr" |
		awk '{ print $1, $3, 0 }' >>"$W/r.kernel"
	umount "$W/mnt2"
}

# FILE COLUMN: median and least of it
median()
{
	cut -d' ' -f"$2" "$1" | sort -n |
		awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : 0 }'
}

least()
{
	cut -d' ' -f"$2" "$1" | sort -n | head -1
}

# two and four come behind seq
row()
{
	local once=
	case $1 in
	two|four) once=$(cat "$W/read.seq") ;;
	seq) echo $(($(least "$W/r.serve" 3) -
		$(least "$W/r.serve-nodecode" 3))) >"$W/read.seq" ;;
	esac
	awk -v how="$1" -v cpus="$cpus" -v once="$once" \
		-v peer="$(median "$W/r.peer" 1)" \
		-v ours="$(median "$W/r.serve" 1)" \
		-v kern="$(median "$W/r.kernel" 1)" \
		-v best="$(least "$W/r.serve" 1)" \
		-v client="$(least "$W/r.serve-nodecode" 2)" \
		-v without="$(least "$W/r.serve-nodecode" 3)" \
		-v chain="$(least "$W/r.serve-nodecode" 1)" \
		-v all="$(least "$W/r.serve" 3)" 'BEGIN {
		decode = all > without ? all - without : 0
		if (once != "" && once > 0 && once < decode)
			decode = once
		limit = (client + without + decode) / cpus
		if (how == "stat" || how == "open")
			limit = chain + decode
		printf "%-8s %10.1f %10s %10.1f %8.2f %10.1f %8.2f\n", how,
			peer / 1e3, kern ? sprintf("%.1f", kern / 1e3) : "-",
			ours / 1e3, peer ? ours / peer : 0, limit / 1e3,
			limit ? best / limit : 0 }'
}

printf '%-8s %10s %10s %10s %8s %10s %8s\n' "cold, ms" squashfuse kernel \
	holdall ratio limit least/limit
: >"$W/read.rows"
for how in seq two four map random stat open; do
	for f in peer serve serve-nodecode kernel; do : >"$W/r.$f"; done
	for _ in $(seq 1 "${BENCH_READ_ROUNDS:-5}"); do
		peer $how
		ours $how serve
		ours $how serve-nodecode
		kernel $how
	done
	row $how | tee -a "$W/read.rows"
done
[ -z "${BENCH_SVG:-}" ] ||
	awk -f "$(dirname "$0")/bars.awk" title="cold reads, x squashfuse_ll" \
		column=5 "$W/read.rows" >"$BENCH_SVG"
