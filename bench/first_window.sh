# first_window.sh - the time from exec to the first mapped window; to be sourced
#
# The moment is the X server's own: the first window below the root that is mapped
# after the start.  After display_x11 (tests/display.sh):
#
#	window_events DIR		listens, by a fifo in DIR
#	window_first FILE CMD...	adds a line of microseconds to FILE
#	window_median FILE SKIP		"MEDIAN LEAST" in ms, without the first SKIP
#
# What CMD says goes to $WORK/app.log.

window_events()
{
	mkfifo "$1/events"
	exec 7<>"$1/events"
	setpriv --pdeathsig TERM timeout 900 stdbuf -oL xev -root \
		-event substructure >"$1/events" 2>/dev/null </dev/null &
	display_pids+=($!)
}

window_first()
{
	local file=$1 start now line app
	shift
	# Whatever was mapped before.
	while read -r -t 0.2 -u 7 line; do :; done
	start=${EPOCHREALTIME/./}
	"$@" >"$WORK/app.log" 2>&1 </dev/null &
	app=$!
	while read -r -t 60 -u 7 line; do
		[[ $line == *MapNotify* ]] && break
	done
	now=${EPOCHREALTIME/./}
	# bwrap hands no signal on, and what it started ends with it.
	[ "$(cat /proc/$app/comm 2>/dev/null)" != bwrap ] ||
		{ kill -KILL $app; wait $app; } 2>/dev/null
	program_end $app
	[[ $line == *MapNotify* ]] || {
		echo "no window: $(tail -n 1 "$WORK/app.log")" >&2
		return 1
	}
	echo $((now - start)) >>"$file"
}

window_median()
{
	tail -n +$(($2 + 1)) "$1" | sort -n | awk '{ v[NR] = $1 / 1000 }
		END { printf "%.1f %.1f\n", v[int((NR + 1) / 2)], v[1] }'
}
