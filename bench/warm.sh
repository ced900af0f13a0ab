#!/bin/bash
# warm.sh - python3 from the bundle, everything in memory, against the same
# files unpacked on the disk below $W and run in bwrap
#
# Called by run.sh with the words that start a command as the ordinary user.
set -u
"$@" "$W/holdall" extract "$W/python3.holdall" -o "$W/tree" >/dev/null || exit 1
echo "files unpacked on $(stat -f -c %T "$W/tree")"
code='import time; t = time.monotonic_ns()
import json, ssl, sqlite3, argparse, subprocess
print(t)'
"$@" "$W/timer" "$((rounds / 2 + 1))" \
	'unpacked, bwrap' bwrap --unshare-all --bind "$W/tree" / --proc /proc \
	--dev /dev --tmpfs /tmp /usr/bin/python3 -c "$code" --- \
	'bundle itself' "$W/python3.holdall" -c "$code" --- \
	'host, no sandbox' /usr/bin/python3 -c "$code"
