#!/bin/bash
# demo.sh - packs jq, python3 and Mousepad and runs them: `make demo`
#
# Each step is printed as one would type it, then done.  jq and Mousepad come
# from Debian's packages, python3 from this computer.  The bundles stay in
# build/demo.  Started as root, everything is packed and run by an ordinary user
# (holdall-test, who is made for it), because that is who runs programs.
#
# Mousepad's window: on a display without a screen, where keys are typed into it
# and a picture is kept in build/demo/mousepad.png; where the caller has a display
# (and is not root), also on that one, until the window is closed.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1

die()
{
	echo "demo: $*" >&2
	exit 1
}

# ---- as an ordinary user -----------------------------------------------------------

# show STATUS SCRIPT: prints the line, runs it, and wants that status.
show()
{
	echo
	echo "\$ $2"
	(cd "$OUT" && bash -o pipefail -c 'holdall() { "$HOLDALL" "$@"; }
		eval "$1"' demo "$2" </dev/null) 2>&1 | sed 's/^/  /'
	expect "${PIPESTATUS[0]}" "$1"
}

expect()
{
	[ "$1" -eq 0 ] || echo "  (status $1)"
	[ "$1" -eq "$2" ] && return
	echo "  this should have been status $2"
	failed=1
}

pack()
{
	cp "manifests/$1/holdall.yaml" "$OUT/$1.yaml"
	echo
	echo "\$ cat $1.yaml"
	sed 's/^/  /' "$OUT/$1.yaml"
	show 0 "holdall pack $1.yaml ${2:-}"
	[ -x "$OUT/$1.holdall" ] || die "cannot pack $1"
	ls -l "$OUT/$1.holdall" | awk '{ print "  " $5 " bytes" }'
}

of_the_terminal()
{
	pack jq
	pack python3
	show 0 "echo '{\"name\": \"holdall\", \"one\": [\"file\"]}' >data.json"
	show 0 "./jq.holdall . data.json"
	show 0 "echo 1 | ./jq.holdall '. + 1'"
	show 0 "./jq.holdall . <(echo 1)"
	show 0 "holdall run jq.holdall -- -n 1"
	show 0 "echo 'import sys; print(\"hello from\", sys.version.split()[0])' >script.py"
	show 0 "./python3.holdall script.py"
	show 0 "./python3.holdall -c 'import ssl, json, sqlite3; print(\"ssl, json, sqlite3: all in the file\")'"
	show 3 "./python3.holdall -c 'raise SystemExit(3)'"

	echo
	echo "What is in it, and what it may do:"
	show 0 "holdall info jq.holdall"

	echo
	echo "The sandbox: no other file, no network, nobody else's processes."
	show 0 "echo secret >other.txt"
	show 1 "./python3.holdall -c 'open(\"other.txt\")' 2>&1 | grep Error"
	show 0 "./python3.holdall -c 'print(open(\"other.txt\").read())' other.txt"
	show 1 "./python3.holdall -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 3)' 2>&1 | grep Error"
	show 0 "./python3.holdall -c 'import os; print(\"processes:\", [p for p in os.listdir(\"/proc\") if p.isdigit()])'"
	show 1 "./python3.holdall -c 'open(\"new.txt\", \"w\")' 2>&1 | grep Error"
	show 0 "holdall run --permit files=cwd:rw python3.holdall -c 'open(\"new.txt\", \"w\").write(\"allowed\n\")' && cat new.txt"
}

# window TITLE: waits for it and says what is in its picture.
window()
{
	window=$(window_wait 60 "$1") || die "no window of Mousepad"
	window_shot "$window" "$2" && look=$(shot_look "$2") ||
		die "there is nothing to see in the window${look:+: $look}"
	echo "  window \"$(window_title "$window")\": $look"
	window_focus "$window"
}

# The process of that name below $app.
app_pid()
{
	local init
	for init in $(pgrep -P "$app"); do
		pgrep -P "$init" -x "$1"
	done
}

app_end()
{
	[ -z "${app:-}" ] || program_end "$app"
	app=
}

with_a_window()
{
	local saved pid
	. tests/display.sh
	pack mousepad --fast
	echo
	echo "A display without a screen; keys come from a program."
	display_x11 || die "no display"
	trap 'app_end; display_stop' EXIT
	cd "$OUT" || exit 1
	echo
	echo "\$ ./mousepad.holdall &"
	./mousepad.holdall >mousepad.log 2>&1 </dev/null &
	app=$!
	window Mousepad mousepad.png
	echo "  typing: Hello from inside.  Then ctrl+s, typed.txt"
	keys_type 'Hello from inside.'
	dialog_open ctrl+s Save || die "no dialog for saving"
	keys_type '~/typed.txt'
	dialog_close Return Save || die "it was not saved"
	window_wait 20 typed.txt >/dev/null || die "it was not saved"
	window_shot "$window" mousepad.png
	pid=$(app_pid mousepad)
	[ -n "$pid" ] || die "no process of Mousepad's"
	echo "  its home, in /proc/$pid/mountinfo:"
	awk -v home="$HOME" '$5 == home { for (i = 6; i < NF; i++)
		if ($i == "-") print "    " $5 " is of type " $(i + 1) }' \
		"/proc/$pid/mountinfo" | grep 'type overlay' ||
		die "its home is no overlay"
	saved=$(find "$XDG_DATA_HOME/holdall" -name typed.txt \
		-path "*/upper/*" 2>/dev/null)
	[ -n "$saved" ] || die "the text is not in its home"
	echo "  where that lies on the disk:"
	echo "    .../${saved#"$XDG_DATA_HOME"/}: $(cat "$saved")"
	[ ! -e "$HOME/typed.txt" ] || die "it wrote into the real home"
	app_end

	echo
	echo "\$ echo 'a file of mine' >notes.txt; ./mousepad.holdall notes.txt &"
	echo 'a file of mine' >notes.txt
	./mousepad.holdall notes.txt >mousepad.log 2>&1 </dev/null &
	app=$!
	window notes.txt notes.png
	app_end
	display_stop
}

if [ "${1:-}" = --inner ]; then
	failed=0
	of_the_terminal
	with_a_window
	echo
	[ $failed -eq 0 ] || die "not everything went as it should, see above"
	exit 0
fi

# ---- before and after ----------------------------------------------------------------

. tests/user.sh
BUILD=${BUILD:-build}
tests/deps.sh windows || exit 1
make -j"$(nproc)" all || die "the build failed"
user_run "$BUILD/demo" tests/demo.sh || exit 1
demo=$(realpath "$BUILD/demo")
echo "pictures of the windows: $demo/mousepad.png $demo/notes.png"
if [ "$(id -u)" -ne 0 ] && [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
	echo "and here it is; close the window to end the demo"
	(cd "$demo" && ./mousepad.holdall notes.txt)
fi
echo "The bundles are in $demo; try them."
