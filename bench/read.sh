#!/bin/bash
# read.sh - reading a mounted image: holdall against squashfuse_ll
#
# The same image, the same reader, a fresh mount for every figure, in turns; what
# counts is the least of the rounds and its ratio.  The file itself lies in the
# page cache for both.  squashfuse_ll verifies nothing.  HOLDALL_OTHER=PROGRAM
# adds a second holdall program, to compare with a build before a change.
#
# Called by run.sh with the words that start a command as the ordinary user.
set -u
if ! command -v squashfuse_ll >/dev/null || ! command -v fusermount3 >/dev/null; then
	echo "no squashfuse_ll with fusermount3 to compare with (make deps)"
	exit 0
fi
cat >"$W/read.yaml" <<Y
schema: 1
id: org.example.Reader
version: "1"
command: /bin/reader
sources:
  - files: [/usr/bin/python3]
  - dir: {path: $W/reader, to: /bin}
Y
mkdir -p "$W/reader" "$W/mnt" && cp "$W/bench-reader" "$W/reader/reader" &&
	chmod -R a+rX "$W/reader" "$W/mnt" || exit 1
"${HOLDALL_BUILD:-$W}/holdall" pack "$W/read.yaml" -o "$W/read.holdall" >/dev/null ||
	exit 1
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %U "$W/home"):" "$W/mnt" "$W/read.holdall"
offset=$("$W/holdall" info "$W/read.holdall" |
	sed -n 's/.*image (.* at \([0-9]*\)).*/\1/p')
tree=/usr

peer()
{
	"${as[@]}" squashfuse_ll -o "offset=$offset" "$W/read.holdall" \
		"$W/mnt" 2>/dev/null || return 1
	"${as[@]}" "$W/bench-reader" "$1" "$W/mnt$tree" | cut -d' ' -f1
	"${as[@]}" fusermount3 -u "$W/mnt"
}

ours()
{
	"${as[@]}" "$1" run "$W/read.holdall" "$2" "$tree" | cut -d' ' -f1
}

least()
{
	sort -n | head -1
}

as=("$@")
printf '%-10s %14s %10s %8s %s\n' "ms, least" squashfuse_ll holdall ratio \
	"${HOLDALL_OTHER:+the other}"
for how in seq four random map stat open; do
	: >"$W/r.peer"; : >"$W/r.ours"; : >"$W/r.other"
	for _ in $(seq 1 "${BENCH_READ_ROUNDS:-5}"); do
		peer $how >>"$W/r.peer"
		ours "$W/holdall" $how >>"$W/r.ours"
		[ -z "${HOLDALL_OTHER:-}" ] ||
			ours "$HOLDALL_OTHER" $how >>"$W/r.other"
	done
	awk -v how=$how -v a="$(least <"$W/r.peer")" -v b="$(least <"$W/r.ours")" \
		-v c="$(least <"$W/r.other")" 'BEGIN {
		printf "%-10s %14.1f %10.1f %8.2f", how, a / 1e3, b / 1e3, b / a
		if (c) printf " %9.1f", c / 1e3
		print "" }'
done
