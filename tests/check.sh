#!/bin/bash
# check.sh - everything that is tested, in one go: what `make check` runs
#
# Order: packages, build, checks of the source and of the linked program, unit
# tests, fuzz corpora, then the end-to-end suites (tests/*_test.sh, *_test.py).
# The last line is always "N passed, N failed, N skipped"; the status is 0 only
# if something passed and nothing failed.
#
#	check.sh [SUITE...]	only these suites: units corpora run sandbox ...
#	ONLY="TEST..."		only these tests of a suite
#
# Started as root, everything that runs a program of ours does so as an
# ordinary user: $HOLDALL_TEST_USER, else holdall-test, who is made for it.  The
# tree is copied into that user's home first, because a clone may lie where
# nobody else can enter.  Started by an ordinary user it just runs.
#
# Where the kernel gives neither user namespaces nor FUSE, the end-to-end suites
# are skipped with the reason; with CI=true that is a failure.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
cd "$(dirname "$0")/.." || exit 1
TREE=$PWD
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TREE/$BUILD ;; esac
export BUILD
results=$(mktemp) || exit 1
suites=("$@")
scratch=

finish()
{
	local passed failed skipped
	[ -n "$scratch" ] && { chmod -R u+rwx "$scratch"; rm -rf "$scratch"; } \
		2>/dev/null
	passed=$(grep -c '^ok ' "$results")
	failed=$(grep -c '^not ok ' "$results")
	skipped=$(grep -c '^skip ' "$results")
	[ "$failed" -eq 0 ] || { echo; grep '^not ok ' "$results"; }
	[ "$skipped" -eq 0 ] || { echo; grep '^skip ' "$results"; }
	rm -f "$results"
	echo
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
	exit
}
trap 'echo "not ok check: interrupted" >>"$results"; finish' INT TERM

# Lines "ok", "not ok", "skip" count; everything else is only shown.
record()
{
	tee -a "$results"
}

ok()
{
	echo "ok $1" | record
}

not_ok()
{
	echo "not ok $1: $2" | record
}

wanted()
{
	local s
	[ ${#suites[@]} -eq 0 ] && return 0
	for s in "${suites[@]}"; do
		[ "$s" = "$1" ] && return 0
	done
	return 1
}

build()
{
	# shellcheck disable=SC2046
	tests/deps.sh $(wanted windows && echo windows) || { not_ok deps "packages are missing"; finish; }
	local targets=(all attacks clocks)
	wanted units && targets+=(units)
	wanted corpora && targets+=(fuzz-replay)
	if ! make -j"$(nproc)" "${targets[@]}"; then
		not_ok build "make failed, see above"
		finish
	fi
	ok build
}

# ---- what needs nobody else ----------------------------------------------------

check_source()
{
	if tests/arrows.sh; then
		ok source/arrows
	else
		not_ok source/arrows "an #include against the arrows"
	fi
	# The check itself: it must see a wrong include.
	local bad
	bad=$(mktemp -d)
	mkdir "$bad/runtime" "$bad/manifests" "$bad/portal" "$bad/launcher" \
		"$bad/bundler"
	echo '#include "launcher/plan.h"' >"$bad/runtime/x.c"
	if tests/arrows.sh "$bad" 2>/dev/null; then
		not_ok source/arrows_are_seen "a wrong #include was not noticed"
	else
		ok source/arrows_are_seen
	fi
	rm -rf "$bad"
}

check_program()
{
	local size limit=1782579	# 1.7 MiB
	if tests/linkmap.sh "$BUILD/holdall.map"; then
		ok program/linkmap
	else
		not_ok program/linkmap "objects that load the host's modules"
	fi
	local lib missing=
	for lib in $(grep -oE 'lib[a-z0-9+-]+\.a\(' "$BUILD/holdall.map" |
		sort -u | sed -e 's/\.a($//' -e 's/^libc$/glibc/'); do
		[ -d "${lib#lib}" ] || grep -qw "$lib" LICENSES.static ||
			missing="$missing $lib"
	done
	if [ -z "$missing" ]; then
		ok program/licences
	else
		not_ok program/licences "not in LICENSES.static:$missing"
	fi
	size=$(stat -c %s "$BUILD/holdall-stub")
	echo "stub: $size bytes, $((size * 100 / 1048576)) hundredths of a MiB" \
		"(limit $limit)"
	if [ "$size" -le $limit ]; then
		ok program/stub_size
	else
		not_ok program/stub_size "$size bytes, more than $limit"
	fi
	if cmp -s "$BUILD/holdall" "$BUILD/holdall-stub"; then
		ok program/stub_is_holdall
	else
		not_ok program/stub_is_holdall "two different files"
	fi
	if LC_ALL=C readelf -ld "$BUILD/holdall" |
		grep -qE 'INTERP|\(NEEDED\)'; then
		not_ok program/static "it asks for a loader or a library"
	else
		ok program/static
	fi
}

# ---- as the ordinary user --------------------------------------------------------

# One program of Check: its last line counts, "87%: Checks: 8, Failures: 1, ..."
# One without Check counts as one, by its status.
run_units()
{
	local prog name line n bad
	[ -d "$BUILD/test" ] || return 0
	while IFS= read -r prog; do
		name=units/${prog#"$BUILD"/test/}
		CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-30} \
			CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-8} \
			timeout -k 5 900 "$prog" >"$scratch/log" 2>&1 </dev/null
		status=$?
		if [ $status -eq 77 ]; then
			echo "skip $name: $(tail -n 1 "$scratch/log")" | record
			continue
		fi
		line=$(grep -aE '^[0-9]+%: Checks: ' "$scratch/log" | tail -n 1)
		if [ -z "$line" ] && [ $status -eq 0 ] &&
			! grep -qa 'Failures: %d' "$prog"; then
			echo "$name: $(tail -n 1 "$scratch/log")"
			ok "$name"
			continue
		fi
		if [ -z "$line" ]; then
			not_ok "$name" "status $status and no summary"
			sed 's/^/    /' "$scratch/log" | tail -n 30
			continue
		fi
		read -r n bad < <(sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2+\3/' \
			<<<"$line")
		bad=$((bad))
		echo "$name: $line"
		[ $bad -eq 0 ] || grep -a ':[FES]:' "$scratch/log" | sed 's/^/    /'
		seq -f "ok $name %g" 1 $((n - bad)) >>"$results"
		seq -f "not ok $name %g: see above" 1 $bad >>"$results"
		[ $bad -ne 0 ] || [ $status -eq 0 ] ||
			not_ok "$name" "all checks passed, yet status $status"
		[ "$n" -gt 0 ] || not_ok "$name" "no checks in it"
	done < <(find "$BUILD/test" -type f -executable | sort)
}

run_corpora()
{
	local prog name corpus
	[ -d "$BUILD/fuzz" ] || return 0
	while IFS= read -r prog; do
		name=$(basename "$prog" _fuzz)
		corpus=tests/corpus/$name
		if [ ! -d "$corpus" ] || [ -z "$(ls "$corpus")" ]; then
			not_ok "corpora/$name" "no files in $corpus"
			continue
		fi
		if timeout -k 5 600 "$prog" "$corpus" >"$scratch/log" 2>&1; then
			echo "corpora/$name: $(tail -n 1 "$scratch/log")"
			ok "corpora/$name"
		else
			not_ok "corpora/$name" "$(tail -n 1 "$scratch/log")"
		fi
	done < <(find "$BUILD/fuzz" -type f -executable | sort)
}

# Why sandboxes cannot work here, or nothing.
cannot_run()
{
	if ! unshare -Ur true 2>"$scratch/why"; then
		echo "no user namespaces for this user ($(head -n 1 "$scratch/why"))"
	elif [ ! -r /dev/fuse ] || [ ! -w /dev/fuse ]; then
		echo "/dev/fuse cannot be opened by this user" \
			"($(stat -c '%A %U' /dev/fuse 2>&1); as root: chmod 666 /dev/fuse)"
	fi
}

# The bundles that all suites use.
make_bundles()
{
	local name
	mkdir -p "$scratch/bundles" "$scratch/home" "$scratch/src"
	mkdir -p -m 700 "$scratch/run"
	export SCRATCH=$scratch TREE HOLDALL="$BUILD/holdall"
	export ATTACK="$BUILD/attack"
	for name in box jq python3 ask attack; do
		if timeout -k 5 300 bash tests/bundles.sh "$name" \
			>"$scratch/log" 2>&1 </dev/null; then
			ok "bundles/$name"
		else
			not_ok "bundles/$name" "$(tail -n 1 "$scratch/log")"
			sed 's/^/    /' "$scratch/log" | tail -n 30
		fi
	done
}

run_suites()
{
	local why file name
	why=$(cannot_run)
	if [ -n "$why" ] && [ "${CI:-}" = true ]; then
		not_ok host "$why"
		return
	fi
	if [ -z "$why" ]; then
		make_bundles
	fi
	for file in tests/*_test.sh tests/*_test.py; do
		name=$(basename "$file")
		name=${name%_test.*}
		wanted "$name" || continue
		if [ -n "$why" ]; then
			echo "skip $name: $why" | record
			continue
		fi
		echo "-- $name"
		case $file in
		*.py) /usr/bin/python3 "$file" ;;
		*) bash "$file" ;;
		esac 2>&1 </dev/null | record
	done
}

as_user()
{
	[ "$(id -u)" -ne 0 ] || echo "note: these suites expect an ordinary user"
	case $TREE in
	"$HOME"/*) scratch=$BUILD/check.XXXXXX ;;
	*) scratch=${TMPDIR:-/tmp}/holdall-check.XXXXXX ;;
	esac
	# The names of sockets in it must fit into 107 bytes.
	[ ${#scratch} -le 72 ] || scratch=/tmp/holdall-check.XXXXXX
	scratch=$(mktemp -d "$scratch") || { not_ok check "no scratch folder"; finish; }
	chmod 755 "$scratch"
	wanted units && run_units
	wanted corpora && run_corpora
	run_suites
}

# ---- root: another user's turn ----------------------------------------------------

hand_over()
{
	local user=${HOLDALL_TEST_USER:-holdall-test} home stage
	if ! id "$user" >/dev/null 2>&1; then
		echo "check: making the user $user for the tests"
		useradd --create-home --shell /bin/bash "$user" ||
			{ not_ok user "cannot make $user"; finish; }
	fi
	home=$(getent passwd "$user" | cut -d: -f6)
	if [ ! -w /dev/fuse ] || [ "$(stat -c %a /dev/fuse 2>/dev/null)" != 666 ]; then
		echo "check: /dev/fuse gets mode 0666, as distributions ship it"
		chmod 666 /dev/fuse
	fi
	stage=$(mktemp -d "$home/holdall-check.XXXXXX") ||
		{ not_ok user "cannot write to $home"; finish; }
	mkdir "$stage/tree"
	tar -c --exclude=./.git --exclude='./build*' . | tar -x -C "$stage/tree"
	mkdir -p "$stage/tree/build"
	(cd "$BUILD" && tar -c --exclude=./obj --exclude='*.a' \
		--exclude='*.debug' --exclude='./check.*' .) |
		tar -x -C "$stage/tree/build"
	chown -R "$user": "$stage"
	setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups \
		--inh-caps=-all \
		env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$home" \
		USER="$user" LOGNAME="$user" TERM="${TERM:-dumb}" \
		CI="${CI:-}" ONLY="${ONLY:-}" HOLDALL_SOAK="${HOLDALL_SOAK:-}" BUILD=build HOLDALL_CHECK_INNER="$stage/results" \
		"$stage/tree/tests/check.sh" "${suites[@]}" </dev/null
	if [ -s "$stage/results" ]; then
		cat "$stage/results" >>"$results"
	else
		not_ok user "the part that runs as $user ended without a result"
	fi
	chmod -R u+rwx "$stage" 2>/dev/null
	rm -rf "$stage"
}

if [ -n "${HOLDALL_CHECK_INNER:-}" ]; then
	as_user
	cp "$results" "$HOLDALL_CHECK_INNER"
	rm -f "$results"
	chmod -R u+rwx "$scratch" && rm -rf "$scratch"
	exit 0
fi

build
wanted source && check_source
wanted program && check_program
if [ "$(id -u)" -eq 0 ]; then
	hand_over
else
	as_user
fi
finish
