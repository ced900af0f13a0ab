#!/bin/bash
# warm.sh - python3 with imports from the bundle, against the same files unpacked
# on the disk below $W and run in bwrap
#
# Two questions.  "warm": inside one running instance python3 starts python3 again
# and again, and each says when its imports are done: what the mounted image costs
# a program once its files have been read.  "whole": a new instance each time, so
# a new mount whose files are verified and decoded again: what a person waits for.
#
# Called by run.sh with the words that start a command as the ordinary user.
set -u
"$@" "$W/holdall" extract "$W/python3.holdall" -o "$W/tree" >/dev/null || exit 1
echo "files unpacked on $(stat -f -c %T "$W/tree")"
imports='import time; import json, ssl, sqlite3, argparse, subprocess'
cat >"$W/again.py" <<X
import subprocess, statistics, sys, time
took = []
for i in range($rounds // 2 + 4):
    before = time.monotonic_ns()
    out = subprocess.run([sys.executable, '-c',
        '$imports; print(time.monotonic_ns())'], stdout=subprocess.PIPE)
    took.append((int(out.stdout) - before) / 1e6)
print('%.2f' % statistics.median(took[3:]))
X
box=(bwrap --unshare-all --bind "$W/tree" / --proc /proc --dev /dev
	--tmpfs /tmp)
# Interleaved: three rounds of both, the median of three medians each.
for _ in 1 2 3; do
	"$@" "${box[@]}" --ro-bind "$W/again.py" /tmp/again.py \
		/usr/bin/python3 /tmp/again.py >>"$W/warm.bwrap"
	(cd "$W" && "$@" "$W/holdall" run "$W/python3.holdall" "$W/again.py") \
		>>"$W/warm.holdall"
done
a=$(sort -n "$W/warm.bwrap" | sed -n 2p)
b=$(sort -n "$W/warm.holdall" | sed -n 2p)
awk -v a="$a" -v b="$b" 'BEGIN { printf "%s\t%.2f\t1.05\t\n",
	"warm start of python3, x the disk", b / a }' \
	>>"${BENCH_NUMBERS:-/dev/null}"
awk -v a="$a" -v b="$b" 'BEGIN {
	printf "warm: unpacked in bwrap %.2f ms, from the bundle %.2f ms, x %.2f\n", a, b, b / a }'
code="$imports; print(time.monotonic_ns())"
"$@" "$W/timer" "$((rounds / 2 + 1))" \
	'whole: unpacked, bwrap' "${box[@]}" /usr/bin/python3 -c "$code" --- \
	'whole: the bundle' "$W/python3.holdall" -c "$code" --- \
	'host, no sandbox' /usr/bin/python3 -c "$code"
