#!/bin/bash
# apps.sh - cold starts of apps with windows: the bundle against plain files
#
#	bench/apps.sh [mousepad|calc]...	(both)
#
# From exec to the first mapped window, three ways in turns: the files unpacked on
# the disk and run in bwrap, the bundle, and the bundle packed with the launch
# profile of such a start.  All caches are dropped before each start; homes are
# there from a round that is not counted.  Then what the two bundles were asked
# for, in one start each (`run --stats`; docs/internals-image.md says how to read
# that), and of calc's image also what a loader alone costs (cold.sh).
#
# Root only.  Packing LibreOffice twice takes some minutes: with APPS_DIR=DIR, to
# which $HOLDALL_TEST_USER can write, bundles and trees are kept there for the next
# time.  APPS_ROUNDS=5.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1
here=$PWD
[ "$(id -u)" -eq 0 ] || { echo "apps.sh: only root can drop caches"; exit 0; }
BUILD=$(realpath "${BUILD:-build}")
tests/deps.sh windows || exit 1
make -s BUILD="$BUILD" all clocks || exit 1
. tests/display.sh
. bench/first_window.sh

user=${HOLDALL_TEST_USER:-holdall-test}
id "$user" >/dev/null 2>&1 ||
	useradd --create-home --shell /bin/bash "$user" || exit 1
home=$(getent passwd "$user" | cut -d: -f6)
W=$(mktemp -d "$home/apps.XXXXXX") || exit 1
D=${APPS_DIR:-$W}
WORK=$W
trap 'display_stop; chmod -R u+rwx "$W"; rm -rf "$W"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$W/run" "$W/home" "$W/state" "$W/bin" "$W/root"
cp "$BUILD"/{holdall,holdall-bundler,holdall-stub,files.rules} "$W/bin/"
chown -R "$user": "$W"
chmod 700 "$W/run"

# The display is root's, the apps are the user's.
XDG_RUNTIME_DIR=$W/root display_x11 open || exit 1
window_events "$W"
chmod 711 "$W"
as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
	--inh-caps=-all env -i PATH=/usr/bin:/bin HOME="$home" USER="$user"
	LC_ALL=C.UTF-8 XDG_RUNTIME_DIR="$W/run" XDG_DATA_HOME="$W/state"
	DISPLAY="$DISPLAY")

manifest()
{
	case $1 in
	mousepad) cat "$here/manifests/mousepad/holdall.yaml" ;;
	calc) cat <<-'M' ;;
		schema: 1
		id: org.libreoffice.Calc
		version: "1"
		command: localc
		sources:
		  - debian: [libreoffice-calc]
		M
	esac
}

# APP [ARG...]: its two bundles and its tree, as far as they are not there.
pack()
{
	local app=$1 pid
	shift
	[ ! -e "$D/$app.profiled.holdall" ] || return 0
	"${as[@]}" mkdir -p "$D/$app" || return 1
	manifest "$app" >"$D/$app/holdall.yaml"
	"${as[@]}" "$W/bin/holdall" pack "$D/$app/holdall.yaml" \
		-o "$D/$app.holdall" >"$W/log" 2>&1 || return 1
	"${as[@]}" timeout -s INT 90 "$W/bin/holdall" profile --seconds 10 \
		-o "$D/$app.profile" "$D/$app.holdall" "$@" >"$W/log" 2>&1 \
		</dev/null &
	pid=$!
	until_ready 80 $pid test -s "$D/$app.profile"
	program_end $pid
	"${as[@]}" "$W/bin/holdall" pack "$D/$app/holdall.yaml" \
		--profile "$D/$app.profile" -o "$D/$app.new" >"$W/log" 2>&1 &&
		"${as[@]}" "$W/bin/holdall" extract "$D/$app.holdall" \
			-o "$D/$app.tree" >"$W/log" &&
		"${as[@]}" mkdir -p "$D/$app.tree/home/user" &&
		mv "$D/$app.new" "$D/$app.profiled.holdall"
}

# WAY CMD...
cold()
{
	local way=$1
	shift
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	window_first "$W/t.$way" "${as[@]}" "$@"
}

stats()
{
	"${as[@]}" timeout -s INT 15 "$W/bin/holdall" run --stats "$@" \
		</dev/null 2>&1 | sed -n "s/^holdall: \(requests\|read\|decoded\|launch profile\): /  \1: /p"
}

# APP PROGRAM [ARG...]
measure()
{
	local app=$1 program=$2 base median least way i box
	shift 2
	pack "$app" "$@" || {
		echo "apps.sh: cannot pack $app: $(tail -n 1 "$W/log")" >&2
		return 1
	}
	box=(bwrap --unshare-all --die-with-parent --bind "$D/$app.tree" /
		--proc /proc --dev /dev --tmpfs /tmp
		--ro-bind /tmp/.X11-unix /tmp/.X11-unix --tmpfs /run
		--ro-bind /etc/passwd /etc/passwd --ro-bind /etc/group /etc/group
		--dir /run/user --bind "$W/home" /home/user --clearenv
		--setenv HOME /home/user --setenv PATH /usr/bin:/bin
		--setenv DISPLAY "$DISPLAY" --setenv XDG_RUNTIME_DIR /run/user
		--setenv LANG C.UTF-8 --setenv GSETTINGS_BACKEND keyfile
		--setenv NO_AT_BRIDGE 1 --chdir / "$program")
	rm -f "$W"/t.*
	for ((i = 0; i <= ${APPS_ROUNDS:-5}; i++)); do
		cold disk "${box[@]}" "$@" &&
			cold bundle "$W/bin/holdall" run "$D/$app.holdall" "$@" &&
			cold profiled "$W/bin/holdall" run \
				"$D/$app.profiled.holdall" "$@" || return 1
	done
	printf '%-20s %10s %10s %8s   files on %s\n' "$app, cold" "median ms" \
		least ratio "$(stat -f -c %T "$D/$app.tree")"
	for way in disk bundle profiled; do
		read -r median least < <(window_median "$W/t.$way" 1)
		base=${base:-$median}
		awk -v way=$way -v m="$median" -v l="$least" -v b="$base" \
			'BEGIN { printf "%-20s %10s %10s %8.2f\n", way, m, l, m / b }'
		case $way in
		disk) continue ;;
		bundle) most=1.30 ;;
		profiled) most=1.00 ;;
		esac
		awk -v what="window of $app, cold, $way, x the disk" -v most=$most \
			-v m="$median" -v b="$base" 'BEGIN {
			printf "%s\t%.2f\t%s\t\n", what, m / b, most
			}' >>"${BENCH_NUMBERS:-/dev/null}"
	done
	echo "asked of the bundle:"
	stats "$D/$app.holdall" "$@"
	echo "and of the one with a profile:"
	stats "$D/$app.profiled.holdall" "$@"
}

[ $# -gt 0 ] || set -- mousepad calc
for app; do
	case $app in
	mousepad) measure mousepad mousepad ;;
	calc)	measure calc localc --norestore --nologo &&
		echo "loader of LibreOffice (target: <= 0.55 x squashfuse_ll)" &&
		COLD_NUMBER="loader of LibreOffice, cold, x squashfuse_ll" \
			COLD_MOST=0.55 HOLDALL_BUILD=$BUILD bench/cold.sh "$D/calc.holdall" \
			/lib64/ld-linux-x86-64.so.2 --list \
			/usr/lib/libreoffice/program/soffice.bin ;;
	*)	echo "apps.sh: no app $app (mousepad, calc)" >&2
		false ;;
	esac || exit 1
done
