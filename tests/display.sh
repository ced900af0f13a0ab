# display.sh - a display of one's own, and hands and eyes on it
#
# Sourced by whatever has to see a window: tests, demo, examples, bench.  A
# display is a real server without a screen: Xvfb with openbox as its window
# manager, or sway without outputs but one in memory.  Nothing listens on the
# network.  Servers end with the shell that started them (or after
# $DISPLAY_SECONDS), and are ended by display_stop, by their process ids.
#
#	display_x11 [open]	sets DISPLAY, and XAUTHORITY unless open
#	display_wayland		sets WAYLAND_DISPLAY and SWAYSOCK
#	display_stop
#	program_end PID		a program that was started on it
#	window_list		lines "ID TITLE" of the windows a person sees
#	window_wait SECONDS [REGEX]	until one with such a title is there: its
#				id.  0 seconds: looks once.
#	window_shot ID FILE	a picture of it (Wayland: of the whole screen)
#	window_title ID, window_focus ID
#	shot_look FILE		"WxH, N colours, N edges in N rows"; fails when
#				there is nothing to see
#	keys_type TEXT, keys_press KEY	into the window that has the focus
#	dialog_open KEY TITLE, dialog_close KEY TITLE	until it is there, or gone
#
# The cookie in XAUTHORITY is bound to the host's name as in a real session, so
# that a sandbox with a host name of its own has to do something about it.
#
# Every function returns 1 and says why on stderr when something is missing.

DISPLAY_SECONDS=${DISPLAY_SECONDS:-900}
display_kind=
display_pids=()
display_dir=

display_say()
{
	echo "display: $*" >&2
	return 1
}

# until_ready SECONDS PID CMD...: asks every 20 ms, gives up with the process.
until_ready()
{
	local end=$((SECONDS + $1 + 1)) pid=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.02
	done
}

# server_start LOG CMD...: in the background; ends with us or by time.
server_start()
{
	local log=$1
	shift
	setpriv --pdeathsig TERM timeout -k 2 "$DISPLAY_SECONDS" "$@" \
		>"$log" 2>&1 </dev/null &
	display_pids+=($!)
}

# program_end PID: asked first, for holdall hands that on and undoes what it
# did; an editor with unsaved text would rather ask back.
program_end()
{
	kill "$1" 2>/dev/null || return 0
	until_ready 5 "$1" false
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

display_folder()
{
	: "${XDG_RUNTIME_DIR:?a display needs XDG_RUNTIME_DIR}"
	display_dir=$(mktemp -d "$XDG_RUNTIME_DIR/display.XXXXXX")
}

display_x11()
{
	local cookie= args=() number
	command -v Xvfb >/dev/null || { display_say "no Xvfb here"; return 1; }
	display_folder || return 1
	if [ "${1:-}" != open ]; then
		cookie=$(mcookie)
		xauth -q -f "$display_dir/server" add :0 . "$cookie" 2>/dev/null
		args=(-auth "$display_dir/server")
	fi
	mkfifo "$display_dir/number"
	# The server may write its number before we read it.
	exec 9<>"$display_dir/number"
	server_start "$display_dir/xvfb.log" \
		Xvfb -displayfd 9 -nolisten tcp -noreset "${args[@]}" \
		-screen 0 1024x768x24
	read -r -t 120 -u 9 number || {
		display_say "Xvfb did not start: $(tail -n 1 "$display_dir/xvfb.log")"
		display_stop
		return 1
	}
	exec 9<&-
	unset WAYLAND_DISPLAY XAUTHORITY
	export DISPLAY=:$number
	if [ -n "$cookie" ]; then
		export XAUTHORITY=$display_dir/client
		xauth -q -f "$XAUTHORITY" add "$DISPLAY" . "$cookie" 2>/dev/null
	fi
	display_kind=x11
	server_start "$display_dir/openbox.log" openbox --sm-disable
	until_ready 120 "${display_pids[1]}" x11_managed || {
		display_say "openbox did not start"
		display_stop
		return 1
	}
}

x11_managed()
{
	xprop -root _NET_SUPPORTING_WM_CHECK | grep -q 'window id'
}

display_wayland()
{
	command -v sway >/dev/null || { display_say "no sway here"; return 1; }
	display_folder || return 1
	cat >"$display_dir/sway.conf" <<-C
	xwayland disable
	output HEADLESS-1 resolution 1024x768
	default_border none
	exec 'echo "\$WAYLAND_DISPLAY" >$display_dir/name'
	C
	unset DISPLAY XAUTHORITY WAYLAND_DISPLAY
	export SWAYSOCK=$XDG_RUNTIME_DIR/sway-$BASHPID.sock
	WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 \
		server_start "$display_dir/sway.log" \
		sway -c "$display_dir/sway.conf"
	until_ready 120 "${display_pids[0]}" swaymsg -t get_version || {
		display_say "sway did not start: $(tail -n 1 "$display_dir/sway.log")"
		display_stop
		return 1
	}
	# It takes the first free name and tells its children.
	until_ready 120 "${display_pids[0]}" test -s "$display_dir/name" || {
		display_say "sway does not say the name of its socket"
		display_stop
		return 1
	}
	WAYLAND_DISPLAY=$(cat "$display_dir/name")
	export WAYLAND_DISPLAY
	display_kind=wayland
}

display_stop()
{
	local pid i
	for ((i = ${#display_pids[@]} - 1; i >= 0; i--)); do
		pid=${display_pids[i]}
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	display_pids=()
	[ -z "$display_dir" ] || rm -rf "$display_dir"
	display_dir= display_kind=
	unset DISPLAY XAUTHORITY WAYLAND_DISPLAY SWAYSOCK
}

# ---- windows -----------------------------------------------------------------

x11_windows()
{
	local id
	for id in $(xprop -root _NET_CLIENT_LIST 2>/dev/null |
		sed -n 's/.*# //p' | tr -d ,); do
		xwininfo -id "$id" 2>/dev/null | grep -q IsViewable || continue
		echo "$id $(xdotool getwindowname "$id" 2>/dev/null)"
	done
}

window_list()
{
	case $display_kind in
	x11) x11_windows ;;
	wayland) swaymsg -t get_tree | jq -r '.. | objects |
		select(.pid? and .visible?) | "\(.id) \(.name)"' ;;
	esac
}

window_wait()
{
	local end=$((SECONDS + $1 + 1)) id title
	while :; do
		while read -r id title; do
			[[ $title =~ ${2:-} ]] || continue
			echo "$id"
			return 0
		done < <(window_list)
		[ "$1" -gt 0 ] && [ $SECONDS -lt $end ] || break
		sleep 0.05
	done
	display_say "no window${2:+ \"$2\"} after $1 s (there are:" \
		"$(window_list | tr '\n' ';'))"
}

window_title()
{
	window_list | sed -n "s/^$1 //p"
}

# A window is mapped before it is drawn: the picture is taken when two of them
# in a row are the same, or after five seconds.
window_shot()
{
	local i last=
	for i in $(seq 20); do
		case $display_kind in
		x11) import -silent -window "$1" "png:$2.new" || return 1 ;;
		wayland) grim "$2.new" || return 1 ;;
		esac
		mv "$2.new" "$2"
		[ "$last" != "$(convert "$2" rgb:- | cksum)" ] || break
		last=$(convert "$2" rgb:- | cksum)
		sleep 0.25
	done
}

# Colours do not tell a picture from a gradient, nor edges a text from a frame:
# what counts is rows in which there are several edges.  A terminal has two
# colours.
shot_look()
{
	local size colours edges
	size=$(identify -format '%w %h' "$1") || return 1
	colours=$(identify -format '%k' "$1")
	# shellcheck disable=SC2086
	edges=$(convert "$1" -colorspace Gray -depth 8 gray:- |
		/usr/bin/python3 -c '
import sys
w, h = int(sys.argv[1]), int(sys.argv[2])
pixels = sys.stdin.buffer.read()
edges = rows = 0
for y in range(h):
    line = pixels[y * w:(y + 1) * w]
    n = sum(abs(a - b) > 48 for a, b in zip(line, line[1:]))
    edges += n
    rows += n >= 6
print(edges, "edges in", rows, "rows")' $size)
	echo "${size/ /x}, $colours colours, $edges"
	# shellcheck disable=SC2086
	set -- $edges
	[ "$colours" -ge 2 ] && [ "$1" -ge 60 ] && [ "$4" -ge 6 ]
}

# The focus is the window manager's to give; a new window has it already as a
# rule, but a busy machine may not have come that far.
window_focus()
{
	[ "$display_kind" != x11 ] ||
		timeout 5 xdotool windowactivate --sync "$1" 2>/dev/null
}

# ---- a keyboard ----------------------------------------------------------------

keys_type()
{
	case $display_kind in
	x11) xdotool type --delay 40 -- "$1" ;;
	# Without the pause the seat has no keyboard yet, and keys are lost.
	wayland) wtype -s 800 -d 20 -- "$1" ;;
	esac
}

# keys_press KEY: a name as xdotool has it, also ctrl+s.
keys_press()
{
	local mod=
	case $display_kind in
	x11) xdotool key --delay 40 "$1" ;;
	wayland)
		case $1 in
		*+*)	mod=${1%+*}
			wtype -s 800 -M "$mod" -s 200 -k "${1##*+}" -s 200 \
				-m "$mod" ;;
		*)	wtype -s 800 -k "$1" ;;
		esac ;;
	esac
}

# dialog_open KEY TITLE: presses it until such a window is there.  Keys get lost
# while a window is new; once its picture is still it has the focus.
dialog_open()
{
	local i id
	for i in 1 2 3; do
		keys_press "$1"
		id=$(window_wait 30 "$2" 2>/dev/null) || continue
		window_focus "$id"
		window_shot "$id" "$display_dir/dialog.png"
		return 0
	done
	display_say "no window \"$2\" after $1 (there are: $(window_list))"
}

# dialog_close KEY TITLE: presses it until no such window is there.  The list of
# completions of an entry swallows the first one.
dialog_close()
{
	local i j
	for i in 1 2 3 4 5; do
		keys_press "$1"
		for j in $(seq 20); do
			window_wait 0 "$2" >/dev/null 2>&1 || return 0
			sleep 0.1
		done
	done
	display_say "\"$2\" does not go away with $1"
}
