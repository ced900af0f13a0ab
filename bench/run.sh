#!/bin/bash
# run.sh - all measurements, side by side with the targets: `make bench`
#
# Ratios count, from one run on one machine; absolute times do not.  Everything is
# started as an ordinary user (as in tests/check.sh); the memory of processes
# that nobody but root may look at is measured if we are root.  Bounded: seven minutes
# on an idle machine without BENCH_APPS=1, each part ten at the most.  BENCH_ROUNDS sets how often (40).
#
# The last table has each number beside its target; BENCH_SVG=FILE draws it.
# docs/measuring.md says what the rows mean.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
here=$(cd "$(dirname "$0")/.." && pwd) && cd "$here" || exit 1
BUILD=${BUILD:-build}
rounds=${BENCH_ROUNDS:-40}

die()
{
	echo "bench: $*" >&2
	exit 1
}

# part SCRIPT...: one of the measurements; what hangs ends.
part()
{
	local script=$1
	shift
	timeout -k 5 600 "$here/bench/$script" "$@"
}

make -s all clocks || die "the build failed"
command -v bwrap >/dev/null || die "no bwrap to compare with (make deps)"

if [ "$(id -u)" -eq 0 ]; then
	user=${HOLDALL_TEST_USER:-holdall-test}
	id "$user" >/dev/null 2>&1 ||
		useradd --create-home --shell /bin/bash "$user" ||
		die "cannot make the user $user"
	[ "$(stat -c %a /dev/fuse 2>/dev/null)" = 666 ] || chmod 666 /dev/fuse
	home=$(getent passwd "$user" | cut -d: -f6)
	W=$(mktemp -d "$home/bench.XXXXXX") || die "cannot write to $home"
	as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
		--inh-caps=-all env -i PATH=/usr/bin:/bin HOME="$W/home"
		USER="$user" XDG_RUNTIME_DIR="$W/run")
else
	W=$(mktemp -d "${TMPDIR:-/tmp}/holdall-bench.XXXXXX") || exit 1
	as=(env HOME="$W/home" XDG_RUNTIME_DIR="$W/run")
fi
trap 'chmod -R u+rwx "$W" 2>/dev/null; rm -rf "$W"' EXIT

mkdir "$W/home" "$W/run" "$W/app" "$W/app/bin"
chmod 700 "$W/run"
cp "$BUILD/holdall" "$BUILD/holdall-stub" "$BUILD/holdall-bundler" \
	"$BUILD/bench/clock" "$BUILD/bench/timer" "$W/"
cp "$BUILD/bench/reader" "$W/bench-reader"
cp "$BUILD/bench/clock" "$W/app/bin/"
cp /bin/busybox "$W/app/bin/sleep"
cat >"$W/holdall.yaml" <<'X'
schema: 1
id: org.example.Clock
version: "1"
command: /bin/clock
commands: {sleep: /bin/sleep}
sources:
  - dir: ./app
X
# Packed by this tree's program: its rules lie beside the sources.
"$BUILD/holdall" pack "$W/holdall.yaml" -o "$W/clock.holdall" >/dev/null &&
	"$BUILD/holdall" pack manifests/python3/holdall.yaml \
		-o "$W/python3.holdall" >/dev/null || die "cannot pack"
[ "$(id -u)" -ne 0 ] || chown -R "$user": "$W"
HOLDALL_BUILD=$(realpath "$BUILD")
BENCH_NUMBERS=$W/numbers
svg=${BENCH_SVG:+$(realpath -m "$BENCH_SVG")}
unset BENCH_SVG
export W rounds HOLDALL_BUILD BENCH_NUMBERS
: >"$BENCH_NUMBERS"
cd "$W/home" || exit 1

echo "== start: exec to the app's first instruction (target: x first <= 0.60)"
part start.sh "${as[@]}" | tee "$W/start.rows"
for what in "bundle itself" "holdall run"; do
	printf '%s\t%s\t0.60\t\n' "start, $what, x bwrap" \
		"$(awk -v what="$what" 'index($0, what) == 1 { print $(NF - 1) }' \
			"$W/start.rows")" >>"$BENCH_NUMBERS"
done
echo
echo "== warm start of python3 with imports (target: warm x <= 1.05)"
part warm.sh "${as[@]}"
echo
echo "== cold start of python3 with imports (targets: bundle <= 1.3, profiled <= 1.0)"
part profile.sh "${as[@]}"
echo
echo "== the same without the sandbox, beside ext4, squashfuse_ll and the kernel (root)"
part cold.sh
echo
echo "== cold starts of apps with windows (targets: bundle <= 1.3, profiled <= 1.0)"
if [ -n "${BENCH_APPS:-}" ]; then
	(cd "$here" && bench/apps.sh)
else
	echo "only with BENCH_APPS=1: LibreOffice is packed twice, which takes minutes"
fi
echo
echo "== reading a mounted image, cold"
part read.sh "${as[@]}"
echo
echo "== verify of a whole bundle, beside one hash of it"
part verify.sh "${as[@]}"
echo
echo "== memory without the app, KiB: its own, of files, PSS"
part memory.sh "${as[@]}" | tee "$W/memory.rows"
awk '/^  image server/ { server = $(NF - 2) + $(NF - 1) }
	/^holdall  / { idle = server; pss = $NF }
	/^holdall: reading/ { reading = $(NF - 2) + $(NF - 1) }
	/^holdall: 5 s/ { later = server }
	END {
		most = "server, private memory "
		printf "%sidle\t%s\t300\t KiB\n", most, idle
		printf "%swhile 600 MB are read\t%s\t8192\t KiB\n", most, reading
		printf "%s5 s later\t%s\t300\t KiB\n", most, later
		printf "an instance, idle, PSS\t%s\t800\t KiB\n", pss
	}' "$W/memory.rows" >>"$BENCH_NUMBERS"
echo
echo "== size (target: stub <= 1.7 MiB)"
stat -c '%s %n' "$W/holdall-stub" "$W/clock.holdall" "$W/python3.holdall" |
	awk '{ sub(/.*\//, "", $2); printf "%-24s %8.2f MiB\n", $2, $1 / 1048576 }'
echo
echo "== window: exec to the mapped window, warm (target: x <= 1.15)"
(cd "$here" && part window.sh) | tee "$W/window.row"
printf '%s\t%s\t1.15\t\n' "window of Mousepad, warm, x the disk" \
	"$(sed -n 's/.*from the bundle [^,]*, x \([0-9.]*\);.*/\1/p' \
		"$W/window.row")" >>"$BENCH_NUMBERS"
echo
echo "== all numbers of this run"
awk -f "$here/bench/numbers.awk" "$BENCH_NUMBERS"
[ -z "$svg" ] || {
	awk -f "$here/bench/numbers.awk" -v bars=1 "$BENCH_NUMBERS" >"$W/bars"
	awk -f "$here/bench/bars.awk" title="reached / target (1 is the target)" \
		column=2 "$W/bars" >"$svg" && echo "drawn: $svg"
}
