#!/bin/bash
# start.sh - from exec to the app's first instruction, against bwrap
#
# bwrap mounts no image; it is the engine that does least.  Called by run.sh with
# the words that start a command as the ordinary user.
set -u
"$@" "$W/timer" "$rounds" \
	'bwrap' bwrap --unshare-all --ro-bind / / "$W/clock" --- \
	'bundle itself' "$W/clock.holdall" --- \
	'holdall run' "$W/holdall" run "$W/clock.holdall" --- \
	'home ephemeral' "$W/holdall" run --home ephemeral "$W/clock.holdall" --- \
	'bare program' "$W/clock"
