#!/bin/bash
# window_plan_test.sh - what a sandbox lets through of a display, and what not
#
# Small real clients on real servers.  Each attack is first seen to succeed
# outside.  Apps with their windows are in windows_test.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/display.sh"
CLIENTS=$BUNDLES/clients.holdall

# need_clients [LINE...]: the bundle, packed by the first test that asks.
need_clients()
{
	local src=$SCRATCH/src/clients
	[ ! -e "$CLIENTS" ] || return 0
	mkdir -p "$src"
	cp -rL /etc/fonts "$src/fonts"
	cat >"$src/holdall.yaml" <<-'Y'
	schema: 1
	id: org.example.Clients
	version: "1"
	command: xdpyinfo
	commands: {sh: /bin/sh, logo: xlogo, fonts: fc-list,
	  wayland: weston-info}
	sources:
	  - files: [/usr/bin/xdpyinfo, /usr/bin/xlogo, /usr/bin/fc-list,
	      /usr/bin/weston-info, /bin/sh, /bin/ls, /bin/cat, /usr/bin/env,
	      /usr/bin/od, /usr/bin/touch, /usr/bin/wc, /usr/bin/python3]
	  - dir: {path: ./fonts, to: /etc/fonts}
	permissions:
	  display: [wayland, x11-fallback]
	Y
	pack "$src" "$CLIENTS.new" && mv "$CLIENTS.new" "$CLIENTS"
}

x11()
{
	need_clients
	display_x11 "$@" 2>"$T/err" || fail "no display: $(show "$T/err")"
	trap display_stop EXIT
}

wayland()
{
	need_clients
	display_wayland 2>"$T/err" || fail "no display: $(show "$T/err")"
	trap display_stop EXIT
}

clients()
{
	run "$HOLDALL" run "$@"
}

# inside SCRIPT [OPTION...]: in a shell of the sandbox.
inside()
{
	local script=$1
	shift
	clients "$@" --command sh "$CLIENTS" -- -c "$script"
}

# A second server, without cookies, that the app is not given: $other.
other_x11()
{
	mkfifo "$T/number"
	exec 8<>"$T/number"
	server_start "$T/other.log" Xvfb -displayfd 8 -nolisten tcp
	read -r -t 120 -u 8 other || fail "no second server: $(show "$T/other.log")"
	exec 8<&-
}

# ---- X11 -------------------------------------------------------------------------

test_x11_with_a_cookie_of_another_host_name()
{
	x11
	clients "$CLIENTS"
	expect_ok
	expect_out_has "name of display:    $DISPLAY"
}

test_x11_without_cookies()
{
	x11 open
	clients "$CLIENTS"
	expect_ok
	inside 'echo "$DISPLAY ${XAUTHORITY-none}"'
	expect_out "$DISPLAY none"
}

test_x11_on_the_hosts_network()
{
	x11
	clients --permit network=host "$CLIENTS"
	expect_ok
	# A number whose abstract name is nobody's.
	! grep -qx "name of display:    $DISPLAY" "$T/out" ||
		fail "under the host's number: $(show "$T/out")"
	clients --permit network=loopback "$CLIENTS"
	expect_ok
}

# As the server sees it, whatever the window manager says.
logo_is_mapped()
{
	xwininfo -name xlogo 2>/dev/null | grep -q IsViewable
}

test_x11_window_is_mapped()
{
	x11
	"$HOLDALL" run --command logo "$CLIENTS" >"$T/out" 2>"$T/err" &
	wait_until logo_is_mapped || fail "no window"
	kill $!
	wait $! 2>/dev/null
}

test_only_the_one_socket_of_x11()
{
	x11
	other_x11
	run xdpyinfo -display ":$other"
	expect_status 0
	inside 'ls -A /tmp/.X11-unix; xdpyinfo -display :'"$other"
	expect_status 1
	expect_out "X${DISPLAY#:}"
	run env -u XAUTHORITY "$PYTHON" -c "$abstract" "$other"
	expect_out reached
}

# Connects to a display's abstract socket.
abstract='
import socket, sys
s = socket.socket(socket.AF_UNIX)
try:
    s.connect("\0/tmp/.X11-unix/X" + sys.argv[1])
    print("reached")
except OSError as e:
    print(e.strerror)'

test_no_abstract_socket_of_x11()
{
	x11
	other_x11
	run "$PYTHON" -c "$abstract" "$other"
	expect_out reached
	for net in none loopback host; do
		[ "$net" != host ] || landlock_scopes || continue
		for number in "$other" "${DISPLAY#:}"; do
			inside 'exec python3 -c "$0" '"$number" \
				--permit network=$net --env "A=$abstract"
			inside 'exec python3 -c "$A" '"$number" \
				--permit network=$net --env "A=$abstract"
			expect_status 0
			expect_out_lacks reached
		done
	done
}

# Sockets are scoped since Linux 6.12; before, SECURITY.md says what is open.
landlock_scopes()
{
	"$PYTHON" -c 'import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 6)'
}

test_only_the_one_cookie()
{
	local other
	x11
	other=$(mcookie)
	xauth -q -f "$XAUTHORITY" add ":$((${DISPLAY#:} + 1))" . "$other"
	cp "$XAUTHORITY" "$HOME/.Xauthority"
	inside 'od -An -v -tx1 $XAUTHORITY; wc -c <$XAUTHORITY;
		cat ~/.Xauthority '"$XAUTHORITY"
	expect_status 1
	! tr -d ' \n' <"$T/out" | grep -q "$other" || fail "another cookie is in"
	tr -d ' \n' <"$T/out" | grep -q "^ffff0000" || fail "not for any host"
	grep -qx $((2 + 2 + 2 + ${#DISPLAY} - 1 + 2 + 18 + 2 + 16)) "$T/out" ||
		fail "more than one entry: $(show "$T/out")"
	inside 'echo x >>$XAUTHORITY || echo closed'
	expect_out closed
}

test_nothing_when_denied()
{
	x11
	inside 'env; ls /run/holdall/Xauthority /tmp/.X11-unix /run/host/fonts;
		xdpyinfo' --deny display --permit network=host
	expect_status 1
	expect_out_lacks DISPLAY
	expect_out_lacks XAUTHORITY
	expect_out_lacks /run/host/fonts
	[ "$(grep -c 'No such file' "$T/err")" -eq 3 ] ||
		fail "something is there: $(show "$T/err")"
}

# ---- what is wrong with the display ---------------------------------------------

test_refused_cookie()
{
	x11
	rm "$XAUTHORITY"
	xauth -q -f "$XAUTHORITY" add "$DISPLAY" . "$(mcookie)" 2>"$T/err"
	clients "$CLIENTS"
	expect_status 125
	expect_err_has "the X11 display refused us"
	expect_err_has "xauth list"
}

test_dead_and_missing_displays()
{
	need_clients
	make_box "$T/app" org.example.App
	mkdir -p "$T/app/tree/usr/share/applications"
	printf '%s\n' '[Desktop Entry]' Type=Application Name=App Exec=busybox \
		>"$T/app/tree/usr/share/applications/org.example.App.desktop"
	sed -i 's/^command:.*/command: [\/bin\/echo, started]/' \
		"$T/app/holdall.yaml"
	pack "$T/app" "$T/app.holdall"
	run "$T/app.holdall"
	expect_refused 125
	expect_err_has "neither WAYLAND_DISPLAY nor DISPLAY is set"
	run "$HOLDALL" run --deny display "$T/app.holdall"
	expect_ok
	export DISPLAY=:54321
	run "$T/app.holdall"
	expect_refused 125
	expect_err_has "there is no X11 display :54321"
	for DISPLAY in :0x :/../x "a b" :999999 "$(printf ':1\nx')"; do
		run "$T/app.holdall"
		expect_refused 125
	done
	unset DISPLAY
	"$PYTHON" -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$XDG_RUNTIME_DIR/wl-dead"
	WAYLAND_DISPLAY=wl-dead run "$T/app.holdall"
	expect_refused 125
	expect_err_has "the Wayland display is dead"
	# A terminal program does not care.
	run "$HOLDALL" run --permit display=x11 "$BOX" echo started
	expect_ok
	expect_out started
}

test_dead_x11_socket()
{
	x11 open
	local name=$DISPLAY
	# The first is the time limit that the server runs under.
	kill -KILL "$(ps -o pid= --ppid "${display_pids[0]}")"
	wait_until "$PYTHON" -c 'import socket, sys
try: socket.socket(socket.AF_UNIX).connect(sys.argv[1])
except ConnectionRefusedError: sys.exit(0)
sys.exit(1)' "/tmp/.X11-unix/X${name#:}" || fail "the server does not die"
	DISPLAY=$name clients "$CLIENTS"
	rm -f "/tmp/.X11-unix/X${name#:}" "/tmp/.X${name#:}-lock"
	expect_refused 125
	expect_err_has "is dead: nobody listens"
}

# A server that takes the connection and never says a word.
test_silent_x11_server_does_not_hang_the_start()
{
	need_clients
	local number=$((RANDOM + 1000))
	until [ ! -e "/tmp/.X11-unix/X$number" ]; do
		number=$((RANDOM + 1000))
	done
	setpriv --pdeathsig KILL timeout 600 "$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9)
time.sleep(600)' "/tmp/.X11-unix/X$number" &
	wait_until test -S "/tmp/.X11-unix/X$number" || fail "no socket"
	DISPLAY=:$number run timeout "$PATIENCE" "$HOLDALL" run --command sh \
		"$CLIENTS" -- -c 'echo started'
	rm -f "/tmp/.X11-unix/X$number"
	expect_ok
	expect_out started
}

# ---- kept apart ------------------------------------------------------------------

isolated=(--deny display=x11-fallback --permit display=x11-isolated)

test_isolated_x11()
{
	x11
	clients "$CLIENTS"
	expect_out_has XTEST
	expect_out_has RECORD
	clients "${isolated[@]}" "$CLIENTS"
	expect_ok
	expect_out_lacks XTEST
	expect_out_lacks RECORD
	# Without a cookie, or with the host's, it does not get in.
	inside 'XAUTHORITY=/none xdpyinfo' "${isolated[@]}"
	expect_status 1
	local cookie
	cookie=$(xauth -f "$XAUTHORITY" list | awk '{ print $3 }')
	inside 'od -An -v -tx1 $XAUTHORITY' "${isolated[@]}"
	! tr -d ' \n' <"$T/out" | grep -q "$cookie" || fail "the host's cookie"
	"$HOLDALL" run "${isolated[@]}" --command logo "$CLIENTS" &
	wait_until logo_is_mapped || fail "no window"
	kill $!
	wait $! 2>/dev/null
}

test_isolated_needs_a_server_that_can()
{
	x11 open
	clients "${isolated[@]}" "$CLIENTS"
	expect_status 125
	expect_err_has "lets every program of this user in"
	display_stop
	x11
	xhost +si:localuser:"$(id -un)" >/dev/null || fail "xhost"
	clients "${isolated[@]}" "$CLIENTS"
	expect_status 125
	expect_err_has "lets every program of this user in"
}

# ---- Wayland ---------------------------------------------------------------------

test_wayland()
{
	wayland
	clients --command wayland "$CLIENTS"
	expect_status 0
	expect_out_has wl_compositor
	inside 'echo $WAYLAND_DISPLAY $XDG_SESSION_TYPE ${DISPLAY-none};
		ls -A $XDG_RUNTIME_DIR'
	expect_out_has "wayland-0 wayland none"
	expect_out_has wayland-0
	expect_out_lacks sway
	WAYLAND_DISPLAY=$XDG_RUNTIME_DIR/$WAYLAND_DISPLAY clients \
		--command wayland "$CLIENTS"
	expect_status 0
	inside 'echo ${WAYLAND_DISPLAY-none}; ls -A $XDG_RUNTIME_DIR' \
		--deny display
	expect_out_has none
	expect_out_lacks wayland-0
}

# A compositor with the security context, as much of one as it takes; modes: ok,
# none (without it), refuse, garbage.  Its log says what it was told.
compositor='
import array, os, select, socket, struct, sys, threading
path, mode, log = sys.argv[1:]
def say(*words):
    with open(log, "a") as f:
        print(*words, file=f)
def event(obj, op, body=b""):
    return struct.pack("=II", obj, (8 + len(body)) << 16 | op) + body
def text(s):
    s = s.encode() + b"\0"
    return struct.pack("=I", len(s)) + s + bytes(-len(s) % 4)
def string(b):
    n = struct.unpack_from("=I", b)[0]
    return b[4:4 + n - 1].decode()
def boxed(listener, closed):
    p = select.poll()
    p.register(listener, select.POLLIN)
    p.register(closed, 0)
    while True:
        for fd, what in p.poll():
            if fd == closed:
                return say("closed")
            c, _ = listener.accept()
            c.send(b"boxed")
def serve(c):
    data, fds = b"", array.array("i")
    while True:
        more, anc, _, _ = c.recvmsg(4096, 256)
        if not more:
            return
        data += more
        for level, kind, d in anc:
            fds.frombytes(d)
        while len(data) >= 8:
            obj, head = struct.unpack_from("=II", data)
            body, data = data[8:head >> 16], data[head >> 16:]
            op = head & 0xffff
            if (obj, op) == (1, 1):
                if mode == "garbage":
                    c.send(b"\1\0\0\0\0\0\3\0")
                c.send(event(2, 0, struct.pack("=I", 7) + text("wl_compositor") + struct.pack("=I", 4)))
                if mode != "none":
                    c.send(event(2, 0, struct.pack("=I", 9) + text("wp_security_context_manager_v1") + struct.pack("=I", 1)))
            elif (obj, op) == (1, 0):
                c.send(event(struct.unpack("=I", body)[0], 0, bytes(4)))
            elif obj == 2:
                say("bind", struct.unpack_from("=I", body)[0], string(body[4:]))
            elif (obj, op) == (4, 1) and mode == "refuse":
                c.send(event(1, 0, struct.pack("=II", 4, 0) + text("not today")))
            elif obj == 5 and op < 4:
                say(["", "engine", "app", "instance"][op], string(body))
            elif (obj, op) == (5, 4):
                say("commit")
                threading.Thread(target=boxed, args=(socket.socket(fileno=fds[0]), fds[1]), daemon=True).start()
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen()
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
'

compositor_start()
{
	need_clients
	rm -f "$XDG_RUNTIME_DIR/wl-test"
	setpriv --pdeathsig KILL timeout 600 "$PYTHON" -c "$compositor" \
		"$XDG_RUNTIME_DIR/wl-test" "$1" "$T/log" &
	wait_until test -S "$XDG_RUNTIME_DIR/wl-test" || fail "no compositor"
	export WAYLAND_DISPLAY=wl-test
}

greeting='exec python3 -c "
import os, socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(float(os.environ.get(\"WAIT\", \"60\")))
s.connect(os.environ[\"XDG_RUNTIME_DIR\"] + \"/\" + os.environ[\"WAYLAND_DISPLAY\"])
try: print(s.recv(9).decode())
except TimeoutError: print(\"plain\")"'

test_wayland_security_context()
{
	compositor_start ok
	inside "$greeting"
	expect_ok
	expect_out boxed
	grep -qx "bind 9 wp_security_context_manager_v1" "$T/log" &&
		grep -qx "engine org.holdall" "$T/log" &&
		grep -qx "app org.example.Clients" "$T/log" &&
		grep -qE "^instance [0-9a-f]{32}$" "$T/log" &&
		grep -qx commit "$T/log" || fail "told: $(show "$T/log")"
	wait_until grep -qx closed "$T/log" || fail "it still listens"
	[ -z "$(find "$XDG_RUNTIME_DIR" -name '.holdall*')" ] || fail "a name"
	inside "$greeting" --deny display
	expect_out_lacks boxed
}

test_wayland_without_security_context()
{
	compositor_start none
	# Nothing comes, ever.
	inside "$greeting" --env WAIT=1
	expect_ok
	expect_out plain
}

test_wayland_context_that_fails_is_no_plain_socket()
{
	compositor_start refuse
	inside "$greeting"
	expect_refused 125
	expect_err_has "not today"
	kill $!
	compositor_start garbage
	inside "$greeting"
	expect_refused 125
	expect_err_has "does not speak Wayland"
}

test_x11_only_where_wayland_is_not()
{
	x11
	"$PYTHON" -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$XDG_RUNTIME_DIR/wl-dead"
	WAYLAND_DISPLAY=wl-dead clients "$CLIENTS"
	expect_ok
	compositor_start none
	inside 'echo ${DISPLAY-none}'
	expect_ok
	expect_out none
}

# ---- fonts -----------------------------------------------------------------------

test_fonts_of_the_host()
{
	local font
	x11
	font=$(find /usr/share/fonts -name '*.ttf' | head -n 1)
	[ -n "$font" ] || fail "the host has no font"
	mkdir -p "$HOME/.local/share/fonts" "$T/elsewhere"
	cp "$font" "$HOME/.local/share/fonts/own.ttf"
	echo secret >"$T/elsewhere/planted"
	ln -s "$T/elsewhere" "$HOME/.fonts"
	clients --command fonts "$CLIENTS"
	expect_ok
	expect_out_has "/run/host/fonts/${font#/usr/share/fonts/}"
	expect_out_has /run/host/user-fonts/own.ttf
	inside 'for d in /run/host/*; do touch $d/x; done; ls -R /run/host'
	expect_out_lacks planted
	! find "$HOME/.local/share/fonts" /usr/share/fonts -name x | grep . ||
		fail "written into the host's fonts"
	[ "$(grep -c 'Read-only' "$T/err")" -ge 2 ] ||
		fail "not closed for writing: $(show "$T/err")"
}

# The image's /etc/fonts and ours, where the overlay of /etc is refused.
test_fonts_without_overlayfs()
{
	x11
	local trace=(timeout -s KILL "$PATIENCE" strace --seccomp-bpf -f -qq -o "$T/trace"
		-e trace=mount) pid n
	run "${trace[@]}" "$HOLDALL" run --command fonts "$CLIENTS"
	expect_status 0
	pid=$(awk '/"overlay"/ { print $1; exit }' "$T/trace")
	n=$(grep "^$pid " "$T/trace" | grep -n '"overlay"' | head -n 1 |
		cut -d: -f1)
	run "${trace[@]}" -e "inject=mount:error=ENODEV:when=$n" \
		"$HOLDALL" run --command fonts "$CLIENTS"
	grep -q '"overlay".*INJECTED' "$T/trace" || fail "nothing was refused"
	expect_ok
	expect_out_has /run/host/fonts/
}

# ---- environment -----------------------------------------------------------------

test_environment_of_windows()
{
	x11
	export GDK_SCALE=2 QT_SCALE_FACTOR=1.5 XCURSOR_SIZE=48 GTK_THEME=/x/y \
		GTK_MODULES=evil GTK_PATH=/x QT_PLUGIN_PATH=/x LC_ALL= \
		LANG=de_DE.UTF-8 GDK_BACKEND=wayland XDG_CURRENT_DESKTOP=KDE
	inside env
	for v in GDK_SCALE=2 QT_SCALE_FACTOR=1.5 XCURSOR_SIZE=48 \
		XDG_CURRENT_DESKTOP=KDE LANG=C.UTF-8 LANGUAGE=de_DE \
		NO_AT_BRIDGE=1 XDG_SESSION_TYPE=x11; do
		grep -qx "$v" "$T/out" || fail "lacks $v: $(show "$T/out")"
	done
	expect_out_lacks GTK_THEME
	expect_out_lacks GTK_MODULES
	expect_out_lacks GTK_PATH
	expect_out_lacks QT_PLUGIN_PATH
	expect_out_lacks GDK_BACKEND
	expect_out_lacks "$T/run"
}

test_explain_says_what_x11_means()
{
	x11
	clients --explain "$CLIENTS"
	expect_status 0
	expect_out_has "what is typed into other X11 windows"
	expect_out_lacks "no effect"
	local cookie
	cookie=$(xauth -f "$XAUTHORITY" list | awk '{ print $3 }')
	expect_out_lacks "$cookie"
}

# ---- no terminal -----------------------------------------------------------------

# hidden TOOL... -- CMD...: without a terminal, and as if the host had not got
# these programs.
hidden()
{
	local args=()
	while [ "$1" != -- ]; do
		[ ! -e "/usr/bin/$1" ] ||
			args+=(--ro-bind /dev/null "/usr/bin/$1")
		shift
	done
	shift
	setsid bwrap --dev-bind / / "${args[@]}" "$@" </dev/null \
		>"$T/out" 2>"$T/err"
	status=$?
}

gone()
{
	[ -z "$(window_list)" ]
}

test_error_on_the_desktop()
{
	local id all=(zenity kdialog xmessage notify-send)
	x11
	for n in 0 2 4; do
		hidden "${all[@]:0:n}" -- "$HOLDALL" run ./missing.holdall
		expect_status 125
		id=$(window_wait "$PATIENCE" holdall) ||
			fail "nothing shown ($n hidden)"
		# Black on white: two colours will do.
		window_shot "$id" "$T/shot.png" &&
			[ "$(identify -format %k "$T/shot.png")" -ge 2 ] ||
			fail "nothing to be read ($n hidden)"
		xdotool windowactivate --sync "$id" key Escape
		wait_awhile 1 gone ||
			xdotool windowactivate --sync "$id" key Return
		wait_awhile 5 gone || xdotool windowclose "$id"
		wait_until gone || fail "the window stays ($n hidden)"
	done
	# Who reads a pipe needs no window.
	hidden -- sh -c '"$0" run ./missing.holdall 2>&1 | cat' "$HOLDALL"
	gone || fail "a window although the error was read"
}

# Who shows notifications takes tags for links and pictures.
test_notification_is_no_markup()
{
	x11
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s/said\n' "$T" >fake
	chmod 755 fake
	hidden zenity kdialog xmessage -- bwrap --dev-bind / / \
		--tmpfs /usr/local/bin \
		--ro-bind "$PWD/fake" /usr/local/bin/notify-send \
		"$HOLDALL" run './a<b>c.holdall'
	expect_status 125
	wait_until test -s "$T/said" || fail "nothing was said"
	grep -q 'c\.holdall' "$T/said" && ! grep -q '[<>]' "$T/said" ||
		fail "said: $(show "$T/said")"
}

test_question_on_the_desktop()
{
	local id all=(zenity kdialog xmessage)
	x11
	for n in 0 2; do
		hidden "${all[@]:0:n}" -- "$HOLDALL" run "$BUNDLES/ask.holdall" \
			touch "$PWD/new" &
		id=$(window_wait "$PATIENCE" holdall) ||
			fail "nobody was asked ($n hidden)"
		window_is_ready "$id"
		xdotool key Return
		wait_awhile 10 gone || xdotool windowclose "$id"
		wait $!
		[ ! -e new ] || fail "Enter is a yes ($n hidden)"
	done
	hidden "${all[@]}" -- "$HOLDALL" run "$BUNDLES/ask.holdall" \
		touch "$PWD/new"
	[ ! -e new ] || fail "nobody to ask is a yes"
	hidden -- "$HOLDALL" run "$BUNDLES/ask.holdall" touch "$PWD/new" &
	id=$(window_wait "$PATIENCE" holdall) || fail "nobody was asked"
	window_is_ready "$id"
	xdotool key Tab key Return
	wait $!
	[ -e new ] || fail "a yes is not taken: $(show "$T/err")"
}

# Keys get lost while a window is new; once its picture is still it has the focus.
window_is_ready()
{
	window_focus "$1"
	window_shot "$1" "$T/shot.png"
}

# A question that nobody waits for any more goes with the one who asked.
test_question_ends_with_who_asked()
{
	local n asker all=(zenity kdialog xmessage)
	x11
	for n in 0 1; do
		[ "$n" -eq 0 ] || [ -x /usr/bin/kdialog ] ||
			[ -x /usr/bin/xmessage ] || break
		hidden "${all[@]:0:n}" -- sh -c 'echo $$ >pid; exec "$0" run "$@"' \
			"$HOLDALL" "$BUNDLES/ask.holdall" touch "$PWD/new" &
		window_wait "$PATIENCE" holdall >/dev/null ||
			fail "nobody was asked ($n hidden)"
		asker=$(cat pid)
		kill -TERM "$asker"
		wait $!
		wait_until gone || fail "the question stays ($n hidden)"
	done
	[ ! -e new ] || fail "it ran"
}

# ---- the file type ---------------------------------------------------------------

test_file_type_and_handler()
{
	x11
	local data=$T/dest/usr/share
	mkdir -p "$data/mime/packages" "$data/applications" "$T/dest/usr/bin"
	cp "$TREE/contrib/holdall.xml" "$data/mime/packages/"
	cp "$TREE/contrib/holdall-open.desktop" "$data/applications/"
	cp "$HOLDALL" "$T/dest/usr/bin/holdall"
	run desktop-file-validate "$data/applications/holdall-open.desktop"
	expect_ok
	update-mime-database "$data/mime" 2>"$T/err" || fail "$(show "$T/err")"
	update-desktop-database "$data/applications"
	cp "$CLIENTS" ./no-ending
	chmod -x no-ending
	export XDG_DATA_DIRS=$data:/usr/share PATH=$T/dest/usr/bin:$PATH
	run gio info -a standard::content-type no-ending
	expect_out_has application/x-holdall
	run gio info -a standard::content-type /bin/ls
	expect_out_lacks holdall
	run timeout "$PATIENCE" gio open ./no-ending
	expect_status 0
	wait_until grep -q "name of display:" "$T/out" ||
		fail "the handler did not start it: $(show "$T/out")"
}

suite_main "$@"
