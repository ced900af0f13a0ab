#!/bin/bash
# window.sh - starts a program on a display of its own and looks at its window
#
#	window.sh [OPTION...] CMD [ARG...]
#	  --wayland		a Wayland display instead of X11
#	  --shot FILE		the picture goes there (PNG)
#	  --title REGEX		the window whose title matches; else the first
#	  --type TEXT		text typed into it before the picture is taken
#	  --seconds N		how long to wait for the window (60)
#	  --log FILE		what the program prints
#
# One line on stdout: how long the window took and what is in the picture.
# Status 0: a window came and there is something to see in it.  1: not so, and
# stderr says what was missing.  The program and its display are ended at the
# end.  Run as whoever the program is to run as, with HOME and XDG_RUNTIME_DIR.
set -u
. "$(dirname "$0")/display.sh"

kind=x11 shot= title= text= seconds=60 log=/dev/null
while [ $# -gt 0 ]; do
	case $1 in
	--wayland) kind=wayland; shift ;;
	--shot) shot=$2; shift 2 ;;
	--title) title=$2; shift 2 ;;
	--type) text=$2; shift 2 ;;
	--seconds) seconds=$2; shift 2 ;;
	--log) log=$2; shift 2 ;;
	--*) display_say "unknown option $1"; exit 2 ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || { display_say "what is to be started?"; exit 2; }

app=
finish()
{
	[ -z "$app" ] || program_end "$app"
	[ -z "$made" ] || rm -f "$made"
	display_stop
}
made=
trap finish EXIT
trap 'exit 1' INT TERM HUP

if [ -z "$shot" ]; then
	made=$(mktemp "$XDG_RUNTIME_DIR/shot.XXXXXX") || exit 1
	shot=$made
fi
"display_$kind" || exit 1
start=${EPOCHREALTIME/./}
"$@" >"$log" 2>&1 </dev/null &
app=$!

# The window: the first with that title.  A program that ends without one is not
# waited for, and a window that goes away again (a splash) does not count.
end=$((SECONDS + seconds + 1)) id= looked=
while [ -z "$looked" ] && [ $SECONDS -lt $end ]; do
	if id=$(window_wait 0 "$title" 2>/dev/null); then
		ms=$(((${EPOCHREALTIME/./} - start) / 1000))
		name=$(window_title "$id")
		if [ -n "$text" ]; then
			window_focus "$id"
			keys_type "$text"
		fi
		window_shot "$id" "$shot" 2>/dev/null && looked=yes
	elif ! kill -0 "$app" 2>/dev/null; then
		wait "$app"
		display_say "it ended with status $? and without a window:" \
			"$(tail -n 2 "$log" | tr '\n' ' ')"
		app=
		exit 1
	fi
	sleep 0.05
done
[ -n "$looked" ] || {
	display_say "no window after $seconds s: $(tail -n 2 "$log" | tr '\n' ' ')"
	exit 1
}
look=$(shot_look "$shot")
status=$?
sleep 1
kill -0 "$app" 2>/dev/null || {
	wait "$app"
	display_say "it ended with status $? behind its window:" \
		"$(tail -n 2 "$log" | tr '\n' ' ')"
	app=
	exit 1
}
printf '"%s" after %d.%02d s, %s\n' "$name" $((ms / 1000)) \
	$((ms % 1000 / 10)) "$look"
[ $status -eq 0 ] || display_say "there is nothing to see in the window: $look"
exit $status
