#!/bin/bash
# windows_test.sh - apps of Debian's, with their windows, on X11 and Wayland
#
# One of a terminal, one GTK, one Qt app, packed from the manifests that people
# copy.  A window is proved three ways: the server shows it, its picture has
# something in it, and it does what the keys say.  Packages come from the cache
# of whoever runs the tests: a first run fetches some 200 MB.
TEST_SECONDS=${TEST_SECONDS:-600}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/display.sh"

# need NAME: its bundle at $BUNDLES/NAME.holdall, packed by the first test that
# asks, and a link to it in the working directory.
need()
{
	local src=$SCRATCH/src/$1
	if [ ! -e "$BUNDLES/$1.holdall" ]; then
		mkdir -p "$src"
		cp "$TREE/manifests/$1/holdall.yaml" "$src/"
		run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack \
			"$src/holdall.yaml" --fast -o "$BUNDLES/$1.holdall"
		if [ "$status" -ne 0 ] && [ "${CI:-}" != true ] &&
			grep -q 'archive cannot be reached' "$T/err"; then
			skip "no archive: $(show "$T/err")"
		fi
		expect_status 0
		cp "$T/err" "$SCRATCH/src/$1.said"
	fi
	cp "$BUNDLES/$1.holdall" .
}

display()
{
	"display_$1" 2>"$T/err" || fail "no display: $(show "$T/err")"
	trap app_end EXIT
}

# app_start CMD...: in the background, as $app.
app_start()
{
	"$@" >"$T/out" 2>"$T/err" </dev/null &
	app=$!
}

app_end()
{
	[ -z "${app:-}" ] || program_end "$app"
	app=
	display_stop
}

# app_window REGEX: waits for it, sets $window, and looks at it.
app_window()
{
	wait_until window_or_end "$1"
	window=$(window_wait 0 "$1" 2>"$T/why") || fail "$(show "$T/why")"
	window_shot "$window" "$T/shot.png" || fail "no picture of the window"
	look=$(shot_look "$T/shot.png") || fail "nothing to see: $look"
	echo "$(window_title "$window"): $look"
	window_focus "$window"
}

window_or_end()
{
	! kill -0 "$app" 2>/dev/null || window_wait 0 "$1" >/dev/null 2>&1
}

# The process of that name below the supervisor.
app_pid()
{
	local pid _
	while read -r pid _; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$1" ] || echo "$pid"
	done < <(tree_of "$app") | tail -n 1
}

expect_home_is_overlay()
{
	local pid
	pid=$(app_pid "$1")
	[ -n "$pid" ] || fail "no process $1"
	awk -v home="$HOME" '$5 == home' "/proc/$pid/mountinfo" >"$T/mounts"
	grep -q ' - overlay ' "$T/mounts" ||
		fail "the home is no overlay: $(show "$T/mounts")"
}

# in_the_state NAME: where the app's home keeps a file of that name.
in_the_state()
{
	find "$HOME/.local/share/holdall" -path '*/upper/*' -name "$1" 2>/dev/null
}

saved_is_there()
{
	[ -n "$(in_the_state typed.txt)" ]
}

# What a person may look at afterwards, with HOLDALL_SHOTS=FOLDER.
keep_shot()
{
	[ -z "${HOLDALL_SHOTS:-}" ] || cp "$T/shot.png" "$HOLDALL_SHOTS/$1.png"
}

# ---- the eyes themselves -------------------------------------------------------

test_blank_pictures_are_noticed()
{
	convert -size 600x400 xc:white a.png
	convert -size 600x400 gradient:blue-red b.png
	# A frame and a bar: a window that never drew its inside.
	convert -size 600x400 xc:gray -fill white -stroke black \
		-draw 'rectangle 2,2 597,397' -draw 'line 2,30 597,30' c.png
	local f
	for f in a b c; do
		run shot_look $f.png
		[ "$status" -ne 0 ] || fail "$f.png passes: $(show "$T/out")"
	done
	convert -size 600x400 xc:white -pointsize 20 -font DejaVu-Sans \
		-annotate +20+60 'Some lines of text' \
		-annotate +20+90 'that a person can read' d.png
	run shot_look d.png
	expect_status 0
}

# ---- a terminal ------------------------------------------------------------------

test_vim_on_a_terminal()
{
	need vim
	echo 'one line' >notes.txt
	"$PYTHON" - ./vim.holdall <<'PY' >"$T/out" 2>"$T/err" ||
import os, pty, select, sys, time
argv = [os.environ["HOLDALL"], "run", "--permit", "files=cwd:rw",
        sys.argv[1], "--", "notes.txt"]
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(argv[0], argv)
seen = b""
def until(text, seconds=60):
    global seen
    end = time.monotonic() + seconds
    while text not in seen:
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit(f"no {text!r} in {seen!r}")
        try:
            seen += os.read(fd, 4096)
        except OSError:
            sys.exit(f"ended: {seen!r}")
until(b"one line")
os.write(fd, b"osecond line")
until(b"second line")
os.write(fd, b"\x1b:wq\r")
while True:
    try:
        if not os.read(fd, 4096):
            break
    except OSError:
        break
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
		fail "vim: $(show "$T/err")"
	printf 'one line\nsecond line\n' | cmp -s - notes.txt ||
		fail "wrote '$(show notes.txt)'"
}

# ---- GTK ---------------------------------------------------------------------------

test_mousepad_types_and_saves_on_x11()
{
	local saved
	need mousepad
	display x11
	app_start ./mousepad.holdall
	app_window Mousepad
	expect_home_is_overlay mousepad
	keys_type 'Written in a window. 42'
	# Saved through the dialog, under a name of the app's own home.
	dialog_open ctrl+s Save 2>"$T/err" || fail "$(show "$T/err")"
	keys_type '~/typed.txt'
	dialog_close Return Save 2>"$T/err" || fail "$(show "$T/err")"
	wait_until saved_is_there || fail "nothing was saved"
	saved=$(in_the_state typed.txt)
	wait_until grep -qx 'Written in a window. 42' "$saved" ||
		fail "saved '$(show "$saved")'"
	[ ! -e "$HOME/typed.txt" ] || fail "it lies in the real home"
	window_shot "$window" "$T/shot.png"
	keep_shot mousepad-x11
}

# The keyboard of this display is made for each text anew, and GTK takes no
# shortcuts from it: what was typed is seen by the mark of unsaved text.
test_mousepad_types_on_wayland()
{
	need mousepad
	display wayland
	app_start ./mousepad.holdall
	app_window Mousepad
	expect_home_is_overlay mousepad
	wait_until type_and_see ||
		fail "no key arrived: $(window_list)"
	window_shot "$window" "$T/shot.png"
	keep_shot mousepad-wayland
}

type_and_see()
{
	keys_type 'Written in a window. 42'
	window_wait 5 '^\*' >/dev/null 2>&1
}

test_mousepad_opens_the_named_file()
{
	need mousepad
	printf 'first line\nthe second one\n' >notes.txt
	echo hidden >other.txt
	display x11
	app_start ./mousepad.holdall notes.txt
	app_window notes.txt
	# What it shows is what it can copy.
	wait_until copy_and_see 'the second one' ||
		fail "copied '$(timeout 2 xclip -o -selection clipboard)'"
	local pid
	pid=$(app_pid mousepad)
	# Seen from outside: the named file is there, its neighbour is not.
	[ -e "/proc/$pid/root$PWD/notes.txt" ] || fail "notes.txt is not inside"
	[ ! -e "/proc/$pid/root$PWD/other.txt" ] || fail "other.txt is inside"
}

# Keys get lost while a window is new.
copy_and_see()
{
	keys_press ctrl+a
	keys_press ctrl+c
	wait_awhile 5 clipboard_has "$1"
}

clipboard_has()
{
	timeout 2 xclip -o -selection clipboard 2>/dev/null | grep -qxF "$1"
}

test_a_server_without_a_cookie()
{
	need mousepad
	display_x11 open 2>"$T/err" || fail "no display: $(show "$T/err")"
	trap app_end EXIT
	app_start ./mousepad.holdall
	app_window Mousepad
}

# ---- Qt ----------------------------------------------------------------------------

# A page with one line on it, as small as they get.
make_pdf()
{
	"$PYTHON" - "$1" <<'PY'
import sys
text = b"BT /F1 24 Tf 40 100 Td (A page for holdall) Tj ET"
parts = [
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R"
    b" /Resources << /Font << /F1 5 0 R >> >> >>",
    b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
]
out, at = b"%PDF-1.4\n", []
for i, p in enumerate(parts, 1):
    at.append(len(out))
    out += b"%d 0 obj\n%s\nendobj\n" % (i, p)
xref = len(out)
out += b"xref\n0 6\n0000000000 65535 f \n"
out += b"".join(b"%010d 00000 n \n" % a for a in at)
out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % xref
open(sys.argv[1], "wb").write(out)
PY
}

open_a_pdf()
{
	need qpdfview
	make_pdf page.pdf
	display "$1"
	app_start ./qpdfview.holdall page.pdf
	app_window page
	keep_shot "qpdfview-$1"
}

test_qpdfview_opens_a_page_on_x11()
{
	open_a_pdf x11
}

test_qpdfview_opens_a_page_on_wayland()
{
	open_a_pdf wayland
}

# ---- other hosts -----------------------------------------------------------------------

# make_root LINE...: a root folder of other packages, ./root.  holdall itself
# unpacks them; the lines are those of a manifest's debian source.
make_root()
{
	{
		echo 'schema: 1'
		echo 'id: org.example.Root'
		echo 'version: "1"'
		printf '%s\n' "$@"
	} >root.yaml
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack root.yaml --fast \
		-o root.holdall
	expect_status 0
	run "$HOLDALL" extract root.holdall -o root
	expect_status 0
	mkdir -p root/dev root/proc "root$T" root/tmp/.X11-unix
}

# in_root CMD...: by pivot_root, as bwrap enters it.
in_root()
{
	bwrap --unshare-user --unshare-pid --die-with-parent --bind root / \
		--dev-bind /dev /dev --proc /proc --bind "$T" "$T" \
		--ro-bind /tmp/.X11-unix /tmp/.X11-unix --chdir "$PWD" "$@"
}

runs_in_the_root()
{
	need mousepad
	cp "$JQ" jq.holdall
	echo '{"a": 7}' >data.json
	run in_root ./jq.holdall .a data.json
	expect_ok
	expect_out 7
	echo 'seen from another host' >notes.txt
	app_start in_root ./mousepad.holdall notes.txt
	app_window notes.txt
	keep_shot "$1"
}

test_a_root_of_bullseye()
{
	need mousepad
	make_root 'command: dash' 'sources:' '  - debian:' \
		'      packages: [libc6]' '      suite: bullseye' \
		'      uris: ["http://deb.debian.org/debian"]'
	display x11
	run in_root /bin/sh -c 'ls -l /lib/x86_64-linux-gnu/libc.so.6'
	expect_out_has libc-2.31.so
	runs_in_the_root bullseye
}

test_a_root_of_musl()
{
	need mousepad
	make_root 'command: /bin/busybox' 'base: none' 'sources:' \
		'  - debian: [musl, busybox-static]'
	display x11
	[ -e root/lib/ld-musl-x86_64.so.1 ] || [ -e root/lib/x86_64-linux-musl ] ||
		fail "no musl in the root"
	[ -z "$(find root -name 'libc.so.6' -o -name 'ld-linux*')" ] ||
		fail "a glibc is in the root"
	runs_in_the_root musl
}

suite_main "$@"
