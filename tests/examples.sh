#!/bin/bash
# examples.sh - packs and starts every example of manifests/: `make examples`
#
#	examples.sh [NAME...]	only these
#
# Bundles and pictures of the windows stay in build/examples; the table at the
# end says what was seen.  Windows are looked at on X11 and, where the app knows
# it, on Wayland.  A start that shows nothing within a minute has failed.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1

# ---- one function per example: starts ./app.holdall, sets $saw --------------------

example_jq()
{
	echo '{"a": [1, 2]}' >data.json
	probe_says '[1,2]' ./app.holdall -c .a data.json
}

example_python3()
{
	probe_says 42 ./app.holdall -c 'import ssl, sqlite3; print(6 * 7)'
}

example_vim()
{
	echo 'written by ed' >notes.txt
	probe_says '' "$HOLDALL" run --permit files=cwd:rw app.holdall -- \
		-es -u NONE -c 's/ed/vim' -c wq notes.txt &&
		probe_says 'written by vim' cat notes.txt
}

example_ffmpeg()
{
	probe_says '' "$HOLDALL" run --permit files=cwd:rw app.holdall -- \
		-v error -f lavfi -i testsrc=duration=1:size=320x240 \
		-c:v libx264 film.mp4 &&
		probe_says 'codec_name=h264' "$HOLDALL" run --command ffprobe \
			app.holdall -- -v error -show_streams film.mp4
}

example_mousepad()
{
	echo 'Opened by name.' >notes.txt
	both --title notes.txt ./app.holdall notes.txt
}

example_qpdfview()
{
	both ./app.holdall
}

example_gnome-calculator()
{
	both --type '6*7=' ./app.holdall
}

example_xterm()
{
	only_x11 --type 'ls /
' ./app.holdall
}

example_idle()
{
	only_x11 --title Shell --type '6*7
' ./app.holdall
}

only_x11()
{
	probe_shows x11 "$OUT/$name-x11.png" "$@"
}

both()
{
	local x11
	probe_shows x11 "$OUT/$name-x11.png" "$@" || return 1
	x11=$saw
	probe_shows wayland "$OUT/$name-wayland.png" "$@" && saw="$x11; Wayland $saw"
}

# ---- all of them, as an ordinary user ----------------------------------------------

inner()
{
	. tests/probe.sh
	local name failed=0 state start
	[ $# -gt 0 ] || set -- $(cd manifests && ls -d */ | tr -d /)
	printf '%-17s %8s %7s %5s %5s  %s\n' example packages MB pack start seen \
		>"$OUT/table"
	for name in "$@"; do
		echo "-- $name"
		mkdir -p "$WORK/$name"
		cp manifests/"$name"/* "$WORK/$name/"
		start=0 state=ok
		if probe_pack "$WORK/$name"; then
			pushd "$WORK/$name" >/dev/null || exit 1
			start=$SECONDS
			"example_$name" || state=FAILED
			start=$((SECONDS - start))
			popd >/dev/null || exit 1
			cp "$WORK/$name/app.holdall" "$OUT/$name.holdall"
		else
			state=FAILED pack_seconds=-
		fi
		[ $state = ok ] || failed=$((failed + 1))
		printf '%-17s %8s %7s %5s %5s  %s: %s\n' "$name" "$packages" \
			"$megabytes" "$pack_seconds" "$start" "$state" "$saw" |
			tee -a "$OUT/table" | tail -n 1
	done
	echo
	cat "$OUT/table"
	return $((failed > 0))
}

if [ "${1:-}" = --inner ]; then
	shift
	inner "$@"
	exit
fi
. tests/user.sh
BUILD=${BUILD:-build}
tests/deps.sh windows || exit 1
make -j"$(nproc)" all || exit 1
user_run "$BUILD/examples" tests/examples.sh "$@"
status=$?
echo
echo "bundles and pictures: $(realpath "$BUILD/examples")"
exit $status
