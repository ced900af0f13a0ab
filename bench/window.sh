#!/bin/bash
# window.sh - from exec to the mapped window: a GTK app from its bundle, against
# the same files unpacked on the disk and started in bwrap
#
# Both on one X server, in turns, warm: homes, fonts' caches and pages are there
# from two rounds before; once more from a bundle that was packed with a launch
# profile of such a start.  WINDOW_ROUNDS (9) of each, medians.  What a moment is:
# first_window.sh.
# Target: x <= 1.15.  Called by run.sh, or alone; packs Mousepad when it has to.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1

inner()
{
	local rounds=$((${1:-9} + 2)) i a b box tree=$WORK/tree
	. tests/display.sh
	. bench/first_window.sh
	mkdir "$WORK/m" "$WORK/home"
	cp manifests/mousepad/holdall.yaml "$WORK/m/"
	cd "$WORK" || exit 1
	"$HOLDALL" pack m/holdall.yaml -o m.holdall >pack.log 2>&1 &&
		"$HOLDALL" extract m.holdall -o tree >/dev/null || {
		echo "cannot pack: $(tail -n 1 pack.log)" >&2
		exit 1
	}
	display_x11 || exit 1
	trap display_stop EXIT
	window_events .
	box=(bwrap --unshare-all --die-with-parent --bind "$tree" /
		--proc /proc --dev /dev --tmpfs /tmp --ro-bind /tmp/.X11-unix /tmp/.X11-unix
		--tmpfs /run --dir "$XDG_RUNTIME_DIR"
		--ro-bind "$XAUTHORITY" /run/cookie
		--bind "$WORK/home" "$HOME" --clearenv
		--setenv HOME "$HOME" --setenv PATH /usr/bin:/bin
		--setenv DISPLAY "$DISPLAY" --setenv XAUTHORITY /run/cookie
		--setenv XDG_RUNTIME_DIR "$XDG_RUNTIME_DIR"
		--setenv LANG C.UTF-8 --setenv GSETTINGS_BACKEND keyfile
		--setenv NO_AT_BRIDGE 1 --chdir / mousepad)
	mkdir -p "$tree$HOME"
	timeout -s INT 60 "$HOLDALL" profile --seconds 4 -o m.profile \
		m.holdall >/dev/null 2>&1 </dev/null &
	i=$!
	sleep 6
	kill -INT $i 2>/dev/null
	wait $i
	"$HOLDALL" pack m/holdall.yaml --profile m.profile -o p.holdall \
		>pack.log 2>&1 || {
		echo "cannot pack by profile: $(tail -n 1 pack.log)" >&2
		exit 1
	}
	for ((i = 0; i < rounds; i++)); do
		window_first "$OUT/bwrap" "${box[@]}" || exit 1
		window_first "$OUT/bundle" ./m.holdall || exit 1
		window_first "$OUT/profile" ./p.holdall || exit 1
	done
	read -r a _ < <(window_median "$OUT/bwrap" 2)
	read -r b _ < <(window_median "$OUT/bundle" 2)
	read -r c _ < <(window_median "$OUT/profile" 2)
	awk -v a="$a" -v b="$b" -v c="$c" -v n=$((rounds - 2)) 'BEGIN {
		printf "Mousepad, %d rounds: unpacked in bwrap %s ms; from the " \
			"bundle %s ms, x %.2f; packed by profile %s ms, x %.2f\n",
			n, a, b, b / a, c, c / a }'
}

if [ "${1:-}" = --inner ]; then
	shift
	inner "$@"
	exit
fi
. tests/user.sh
BUILD=${BUILD:-build}
tests/deps.sh windows || exit 1
make -s all || exit 1
user_run "$BUILD/bench-window" bench/window.sh "${WINDOW_ROUNDS:-9}"
