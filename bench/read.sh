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
# The last column is the least of ours over the least of serve-noverify, which
# hashes nothing; for stat over that of serve-nodecode.  ext4 (root only) is the same
# files in an image in memory.  A newer squashfuse_ll comes beside the installed one
# where BENCH_SQUASHFUSE names it (bench/upstream.sh fetches one).
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
for p in serve serve-nodecode serve-noverify reader; do
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

number()
{
	printf '%s\t%s\t%s\t%s\n' "$@" >>"${BENCH_NUMBERS:-/dev/null}"
}

ext4=
if [ "$(id -u)" -eq 0 ] && "$build/holdall" extract "$bundle" \
	-o "$W/read.tree" >/dev/null 2>&1; then
	kib=$(du -sk "$W/read.tree" | cut -f1)
	mke2fs -q -t ext4 -d "$W/read.tree" "$W/read.ext4" \
		"$((kib * 5 / 4 + 32768))k" >/dev/null 2>&1 &&
		cat "$W/read.ext4" >/dev/null && ext4=$W/read.ext4
	rm -rf "$W/read.tree"
fi
newer=${BENCH_SQUASHFUSE:-}
[ -z "$newer" ] || [ -x "$newer" ] || {
	echo "BENCH_SQUASHFUSE=$newer is no program; left out"
	newer=
}

# Each appends to $W/r.NAME: microseconds, client's CPU, server's CPU.
# peer HOW NAME PROGRAM
peer()
{
	"${as[@]}" "$3" -o "offset=$offset" "$bundle" "$W/mnt" \
		2>/dev/null || return 1
	"${as[@]}" timeout 60 "$W/read-reader" "$1" "$W/mnt/usr" |
		awk '{ print $1, $3, 0 }' >>"$W/r.$2"
	"${as[@]}" fusermount3 -u "$W/mnt"
}

ours()
{
	"${as[@]}" timeout 60 "$W/read-$2" "$bundle" "$W/mnt" \
		"$W/read-reader" "$1" "$W/mnt/usr" |
		awk 'NR == 1 { t = $1; c = $3 } /^server/ { print t, c, $2, $4 }' \
			>>"$W/r.$2"
}

# kernel HOW NAME FILE OPTIONS...: by root, and only there.
kernel()
{
	local how=$1 name=$2 file=$3
	shift 3
	[ "$(id -u)" -eq 0 ] && [ -n "$file" ] &&
		mount "$@" "$file" "$W/mnt2" 2>/dev/null || return 0
	timeout 60 "$W/read-reader" "$how" "$W/mnt2/usr" |
		awk '{ print $1, $3, 0 }' >>"$W/r.$name"
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
		-v newer="$(median "$W/r.newer" 1)" \
		-v kern="$(median "$W/r.kernel" 1)" \
		-v ext4="$(median "$W/r.ext4" 1)" \
		-v unhashed="$(least "$W/r.serve-noverify" 1)" \
		-v best="$(least "$W/r.serve" 1)" \
		-v client="$(least "$W/r.serve-nodecode" 2)" \
		-v without="$(least "$W/r.serve-nodecode" 3)" \
		-v chain="$(least "$W/r.serve-nodecode" 1)" \
		-v all="$(least "$W/r.serve" 3)" '
	function ms(t) { return t ? sprintf("%.1f", t / 1e3) : "-" }
	BEGIN {
		decode = all > without ? all - without : 0
		if (once != "" && once > 0 && once < decode)
			decode = once
		limit = (client + without + decode) / cpus
		if (how == "stat" || how == "open")
			limit = chain + decode
		if (how == "stat")
			unhashed = chain
		printf "%-8s %10s %8s %8s %8s %8s %7.2f %8s %11.2f %9s\n",
			how, ms(peer), ms(newer), ms(kern), ms(ext4), ms(ours),
			peer ? ours / peer : 0, ms(limit),
			limit ? best / limit : 0,
			unhashed ? sprintf("%.2f", best / unhashed) : "-" }'
}

printf '%-8s %10s %8s %8s %8s %8s %7s %8s %11s %9s\n' "cold, ms" \
	squashfuse newer kernel ext4 holdall ratio limit least/limit x\ without
: >"$W/read.rows"
: >"$W/r.first"
for how in seq two four map random stat open; do
	for f in peer newer serve serve-nodecode serve-noverify kernel ext4; do
		: >"$W/r.$f"
	done
	for _ in $(seq 1 "${BENCH_READ_ROUNDS:-5}"); do
		peer $how peer squashfuse_ll
		[ -z "$newer" ] || peer $how newer "$newer"
		ours $how serve
		ours $how serve-nodecode
		case $how in
		seq|two|four|map) ours $how serve-noverify ;;
		esac
		kernel $how kernel "$bundle" -t squashfs \
			-o "ro,loop,offset=$offset"
		kernel $how ext4 "$ext4" -t ext4 -o ro,loop
	done
	cut -d' ' -f4 "$W/r.serve" >>"$W/r.first"
	row $how | tee -a "$W/read.rows"
done
[ -z "${BENCH_SVG:-}" ] ||
	awk -f "$(dirname "$0")/bars.awk" title="cold reads, x squashfuse_ll" \
		column=5 "$W/read.rows" >"$BENCH_SVG"

# cell ROW COLUMN
cell()
{
	awk -v row="$1" -v column="$2" '$1 == row { print $column }' \
		"$W/read.rows"
}

number "all files, one reader, x limit" "$(cell seq 9)" 1.45 ""
number "two readers, x limit" "$(cell two 9)" 1.20 ""
number "four readers, x limit" "$(cell four 9)" 1.20 ""
number "every page by mmap, x limit" "$(cell map 9)" 1.20 ""
number "4000 random 4 KiB, x limit" "$(cell random 9)" 1.50 ""
number "4000 random 4 KiB, x squashfuse_ll" "$(cell random 7)" 0.25 ""
number "stat of every entry, x squashfuse_ll" "$(cell stat 7)" 0.50 ""
number "stat, x the same without decoding" "$(cell stat 10)" 1.10 ""
number "open and 4 KiB of small files, x squashfuse_ll" "$(cell open 7)" 0.50 ""
for how in seq two four map; do
	number "verification: $how, x unverified" "$(cell $how 10)" 1.20 ""
done
first=$(median "$W/r.first" 1)
number "mount to first request answered" \
	"$(awk -v t="$first" 'BEGIN { printf "%.2f", t / 1e3 }')" 0.40 " ms"
