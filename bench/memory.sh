#!/bin/bash
# memory.sh - what supervisor, image server and pid 1 cost while the app idles
#
# PSS from smaps_rollup, which only root may read of processes that are not
# dumpable.  The first reading includes what nobody shares yet; 12 instances at
# once show what one more costs.
set -u
if [ "$(id -u)" -ne 0 ]; then
	echo "only root may measure this"
	exit 0
fi

# children_pss PID: KiB of PID and all below it, but for programs named sleep.
children_pss()
{
	local todo=("$1") sum=0 p pss
	while [ ${#todo[@]} -gt 0 ]; do
		p=${todo[0]}
		todo=("${todo[@]:1}")
		# shellcheck disable=SC2207
		todo+=($(pgrep -P "$p"))
		[ "$(cat "/proc/$p/comm")" != sleep ] || continue
		pss=$(awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup")
		sum=$((sum + pss))
		echo "  $(cat "/proc/$p/comm") ($p): $pss" >&2
	done
	echo "$sum"
}

# Below setpriv and env, which become the command itself by exec.
measure()
{
	local name=$1
	shift
	"$@" >/dev/null 2>&1 </dev/null &
	local p=$!
	sleep 3
	printf '%-24s %8s KiB\n' "$name" "$(children_pss $p)"
	kill $p 2>/dev/null
	wait $p 2>/dev/null
}

as=("$@")
measure bwrap "${as[@]}" bwrap --unshare-all --die-with-parent --ro-bind / / \
	sleep 30
measure holdall "${as[@]}" "$W/clock.holdall" --holdall run --command sleep -- 30

pids=()
for i in $(seq 1 11); do
	"${as[@]}" "$W/holdall" run --home ephemeral --command sleep \
		"$W/clock.holdall" 30 >/dev/null 2>&1 </dev/null &
	pids+=($!)
done
sleep 3
measure 'holdall, twelfth' "${as[@]}" "$W/clock.holdall" --holdall run \
	--command sleep -- 30 2>/dev/null
kill "${pids[@]}"
wait "${pids[@]}" 2>/dev/null
