#!/bin/bash
# run.sh - all measurements, side by side with the targets: `make bench`
#
# Ratios count, from one run on one machine; absolute times do not.  Everything is
# started as an ordinary user (as in tests/check.sh); the memory of processes
# that nobody but root may look at is measured if we are root.  Bounded: under
# five minutes, but with BENCH_APPS=1.  BENCH_ROUNDS sets how often (40).
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
export W rounds HOLDALL_BUILD
cd "$W/home" || exit 1

echo "== start: exec to the app's first instruction (targets: x first <= 0.70)"
"$here"/bench/start.sh "${as[@]}"
echo
echo "== warm start of python3 with imports (target: warm x <= 1.10)"
"$here"/bench/warm.sh "${as[@]}"
echo
echo "== cold start of python3 with imports (targets: bundle <= 1.3, profiled <= 1.0)"
"$here"/bench/profile.sh "${as[@]}"
echo
echo "== the same without the sandbox, beside ext4, squashfuse_ll and the kernel (root)"
"$here"/bench/cold.sh
echo
echo "== cold starts of apps with windows (targets: bundle <= 1.3, profiled <= 1.0)"
if [ -n "${BENCH_APPS:-}" ]; then
	(cd "$here" && bench/apps.sh)
else
	echo "only with BENCH_APPS=1: LibreOffice is packed twice, which takes minutes"
fi
echo
echo "== reading a mounted image, cold (targets: ratio <= 0.5 of squashfuse_ll)"
"$here"/bench/read.sh "${as[@]}"
echo
echo "== verify of a whole bundle, beside one hash of it"
"$here"/bench/verify.sh "${as[@]}"
echo
echo "== memory without the app (targets, KiB: PSS <= 800; server idle <= 300, reading <= 8192)"
"$here"/bench/memory.sh "${as[@]}"
echo
echo "== size (target: stub <= 1.7 MiB)"
stat -c '%s %n' "$W/holdall-stub" "$W/clock.holdall" "$W/python3.holdall" |
	awk '{ sub(/.*\//, "", $2); printf "%-24s %8.2f MiB\n", $2, $1 / 1048576 }'
echo
echo "== window: exec to the mapped window, warm (target: x <= 1.15)"
cd "$here" && bench/window.sh
