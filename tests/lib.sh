# lib.sh - what every end-to-end suite stands on
#
# A suite is a bash script that sources this file, defines functions named
# test_*, and ends with `suite_main "$@"`.  tests/check.sh builds, makes the
# folder $SCRATCH with the bundles in it, and starts the suites as an ordinary
# user.  All tests of a suite run, or those named in $ONLY.
#
# Each test is a process of its own with a time limit, in an empty folder of
# its own ($T) with an own HOME and runtime directory below it.  It ends with 0
# (passed), through `fail WHY` or `skip WHY`.  Every helper that checks calls
# fail itself, so no test goes on after a check that did not hold.
#
# Variables: $HOLDALL the command, $BUNDLES the folder of ready bundles,
# $ATTACK that of attack programs, $TREE the checkout.
#
# No test is decided by time: it waits for the event itself, through wait_until or
# a line that somebody prints.  $PATIENCE and $TEST_SECONDS are nets under what hangs,
# and far above what the slowest machine needs.  What others do on the machine is
# not seen either: marks, names and numbers that a test looks for are its own.

PATIENCE=${PATIENCE:-120}
TEST_SECONDS=${TEST_SECONDS:-300}
PYTHON=/usr/bin/python3	# a person's PATH may have another one first

export LC_ALL=C.UTF-8
shopt -s lastpipe	# so that `... | run` sets $status here
: "${SCRATCH:?start suites through tests/check.sh SUITE}"
BUNDLES=$SCRATCH/bundles
JQ=$BUNDLES/jq.holdall
PY=$BUNDLES/python3.holdall
BOX=$BUNDLES/box.holdall
export BUNDLES JQ PY BOX

fail()
{
	printf '%s' "$*" >"$T.why"
	# What there is to see of the last command.
	echo "failed: $*"
	# The last line of a part may be cut: the next result needs its own.
	[ -s "$T/out" ] && { echo "-- stdout:"; head -c 2000 "$T/out"; echo; }
	[ -s "$T/err" ] && { echo "-- stderr:"; head -c 2000 "$T/err"; echo; }
	exit 1
}

skip()
{
	printf '%s' "$*" >"$T.why"
	exit 77
}

# run CMD...: its output to $T/out and $T/err, its status to $status.
run()
{
	"$@" >"$T/out" 2>"$T/err"
	status=$?
	return 0
}

show()
{
	tr '\0' ' ' <"$1" | head -c 400
}

expect_status()
{
	[ "$status" -eq "$1" ] ||
		fail "status $status instead of $1 (stderr: $(show "$T/err"))"
}

# expect_out TEXT: exactly this, and a newline.
expect_out()
{
	printf '%s\n' "$1" | cmp -s - "$T/out" ||
		fail "printed '$(show "$T/out")' instead of '$1'"
}

expect_out_has()
{
	grep -qF -- "$1" "$T/out" || fail "stdout lacks '$1': $(show "$T/out")"
}

expect_out_lacks()
{
	! grep -qF -- "$1" "$T/out" || fail "stdout has '$1'"
}

expect_err_has()
{
	grep -qF -- "$1" "$T/err" || fail "stderr lacks '$1': $(show "$T/err")"
}

expect_err_match()
{
	grep -qE -- "$1" "$T/err" ||
		fail "nothing like '$1' on stderr: $(show "$T/err")"
}

expect_quiet()
{
	[ ! -s "$T/err" ] || fail "said: $(show "$T/err")"
}

# ok: the last command went well and had nothing to say.
expect_ok()
{
	expect_status 0
	expect_quiet
}

# refused STATUS: one line that says something, nothing on stdout.
expect_refused()
{
	expect_status "$1"
	[ "$(wc -l <"$T/err")" -eq 1 ] ||
		fail "not one line: $(show "$T/err")"
	[ "$(wc -c <"$T/err")" -ge 20 ] || fail "too short to help anybody"
	[ ! -s "$T/out" ] || fail "printed although refused: $(show "$T/out")"
}

# how_died CMD...: the exit status, or -N for death by signal N, which $? of a
# shell cannot tell from an exit with 128+N.
how_died()
{
	"$PYTHON" -c 'import subprocess, sys
print(subprocess.call(sys.argv[1:]))' "$@"
}

# wait_until CMD...: asks again every 20 ms until it is so.  (A number before it is
# not a limit: none of these decides a test.)
wait_until()
{
	case $1 in [0-9]*) shift ;; esac
	wait_awhile "$PATIENCE" "$@"
}

# wait_awhile SECONDS CMD...: where there is something else to do after that time.
wait_awhile()
{
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# ---- processes ---------------------------------------------------------------

# tree_of PID: "pid starttime" of it and of all below it.
tree_of()
{
	"$PYTHON" - "$1" <<'PY'
import os, sys
parent, start = {}, {}
for p in filter(str.isdigit, os.listdir("/proc")):
    try:
        f = open(f"/proc/{p}/stat").read().rpartition(")")[2].split()
    except OSError:
        continue
    parent[int(p)], start[int(p)] = int(f[1]), f[19]
todo = [int(sys.argv[1])]
while todo:
    p = todo.pop(0)
    if p in start:
        print(p, start[p])
    todo += [c for c in parent if parent[c] == p]
PY
}

# alive_of FILE: those of a list made by tree_of that still run (zombies of
# other people's parents do not count).
alive_of()
{
	local pid start f
	while read -r pid start; do
		f=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) || continue
		# shellcheck disable=SC2086
		set -- $f
		[ "${20}" = "$start" ] && [ "$1" != Z ] && echo "$pid"
	done <"$1"
}

none_alive()
{
	[ -z "$(alive_of "$1")" ]
}

# inner_pid PID: its number in the innermost namespace; "1" for our init.
depth_of()
{
	awk '/^NSpid:/ { print NF - 1, $NF }' "/proc/$1/status" 2>/dev/null
}

# start_box NAME ARG...: starts the box in the background, waits until its
# program runs, and sets $sup $server $init $app (process ids seen from here);
# the list of all is in $T/NAME.tree.  Its standard input is $box_in, else nothing.
start_box()
{
	local name=$1 pid
	shift
	"$BOX" "$@" >"$T/$name.out" 2>"$T/$name.err" <"${box_in:-/dev/null}" &
	sup=$!
	wait_until box_complete "$sup" ||
		fail "the box did not start: $(show "$T/$name.err")"
	tree_of "$sup" >"$T/$name.tree"
}

# The app is the first process that no longer bears our name: its own children come
# behind it, and the helper that warms the image stands beside it for a moment.
box_complete()
{
	local pid comm _
	init='' app='' server=''
	while read -r pid _; do
		# shellcheck disable=SC2046
		set -- $(depth_of "$pid") 0 0
		case $1:$2 in
		1:*) [ "$pid" = "$sup" ] || server=$pid ;;
		*:1) init=$pid ;;
		*)	comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
			case $comm in *holdall*) ;; *) app=${app:-$pid} ;; esac ;;
		esac
	done < <(tree_of "$1")
	[ -n "$init" ] && [ -n "$app" ] && [ -n "$server" ]
}

# Nothing of a run is left: neither process, nor mount, nor lock, nor name in
# the runtime directory.
expect_nothing_left()
{
	wait_until none_alive "$1" ||
		fail "still there: $(for p in $(alive_of "$1"); do
			tr '\0' ' ' <"/proc/$p/cmdline"; echo "($p);"; done)"
	local lock left=" - fuse[^ ]* holdall|$T/"
	! grep -E "$left" /proc/self/mountinfo ||
		fail "a mount is left: $(grep -E "$left" /proc/self/mountinfo)"
	while IFS= read -r -d '' lock; do
		flock -n "$lock" true || fail "locked: $lock"
	done < <(find "$HOME/.local/share/holdall" -name lock -print0 2>/dev/null)
	lock=$(find "$XDG_RUNTIME_DIR/holdall" -mindepth 1 2>/dev/null | head -3)
	[ -z "$lock" ] || fail "left in the runtime directory: $lock"
}

# ---- bundles -------------------------------------------------------------------

# make_box FOLDER ID [LINE...]: writes a manifest and a tree with a static
# busybox; further lines go to the manifest.
make_box()
{
	local dir=$1 id=$2 applet
	shift 2
	mkdir -p "$dir/tree/usr/bin"
	cp /bin/busybox "$dir/tree/usr/bin/busybox"
	for applet in sh cat ls echo sleep kill less stty yes true head find \
		mv ln rm mkdir touch id ps env pwd stat mount cp wc od grep \
		printf readlink test unlink chmod nc tail; do
		ln -sf busybox "$dir/tree/usr/bin/$applet"
	done
	# Two that cannot be run.
	echo 'no x bit' >"$dir/tree/usr/bin/note"
	echo 'no program' >"$dir/tree/usr/bin/garbage"
	chmod 644 "$dir/tree/usr/bin/note"
	chmod 755 "$dir/tree/usr/bin/garbage"
	{
		echo 'schema: 1'
		echo "id: $id"
		echo 'version: "1"'
		echo 'command: /bin/busybox'
		echo 'commands: {sh: /bin/sh, cat: /bin/cat, sleep: /bin/sleep,'
		echo '  less: /bin/less, yes: /bin/yes}'
		echo 'sources:'
		echo '  - dir: ./tree'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$dir/holdall.yaml"
}

# host_manifest NAME: that of jq or python3 made of this host's files.
host_manifest()
{
	local dir
	for dir in "$TREE/tests/manifests" "$TREE/manifests"; do
		[ ! -f "$dir/$1/holdall.yaml" ] || break
	done
	echo "$dir/$1/holdall.yaml"
}

# pack FOLDER FILE [OPTION...]: quickly, must succeed.
pack()
{
	local dir=$1 file=$2
	shift 2
	"$HOLDALL" pack "$dir/holdall.yaml" --fast -o "$file" "$@" \
		>"$T/pack.out" 2>&1 ||
		fail "cannot pack $dir: $(tail -n 3 "$T/pack.out")"
}

# ---- running -------------------------------------------------------------------

run_one_()
{
	T=$(mktemp -d "$SCRATCH/t.XXXXXX") || exit 1
	echo "$T" >"$SCRATCH/current"
	# Why it failed stands beside the folder, which a test may wreck.
	mkdir -p "$T/home" "$T/work" && mkdir -m 700 "$T/run"
	export T HOME="$T/home" XDG_RUNTIME_DIR="$T/run" status=0
	unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_STATE_HOME
	unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS TMPDIR
	cd "$T/work" || exit 1
	declare -F "$1" >/dev/null || fail "there is no test of that name"
	"$1"
	exit 0
}

clear_one_()
{
	local dir
	dir=$(cat "$SCRATCH/current" 2>/dev/null) || return 0
	case $dir in "$SCRATCH"/t.*) ;; *) return 0 ;; esac
	why=$(cat "$dir.why" 2>/dev/null)
	rm -f "$dir.why" "$SCRATCH/current"
	# Work folders of overlays have mode 0.
	chmod -R u+rwx "$dir" 2>/dev/null
	rm -rf "$dir"
}

suite_main()
{
	local suite name r why log=$SCRATCH/log tests
	if [ "${1:-}" = --one ]; then
		run_one_ "$2"
	fi
	# shellcheck disable=SC2206
	[ -z "${ONLY:-}" ] || set -- $ONLY
	tests=("$@")
	suite=$(basename "$0" _test.sh)
	# In the order in which they stand in the file.
	[ $# -gt 0 ] || mapfile -t tests < <(
		sed -n 's/^\(test_[a-zA-Z0-9_]*\)()$/\1/p' "$0"
		[ -z "${MORE_TESTS:-}" ] || printf '%s\n' $MORE_TESTS)
	for name in "${tests[@]}"; do
		rm -f "$SCRATCH/current"
		timeout -k 5 "$TEST_SECONDS" bash "$0" --one \
			"test_${name#test_}" >"$log" 2>&1 </dev/null
		r=$?
		why=''
		clear_one_
		name=$suite/${name#test_}
		case $r in
		0) echo "ok $name" ;;
		77) echo "skip $name: ${why:-no reason given}" ;;
		124 | 137) echo "not ok $name: not done after $TEST_SECONDS s" ;;
		*) echo "not ok $name: ${why:-status $r}" | tr '\n' ' '; echo ;;
		esac
		[ $r -eq 0 ] || [ $r -eq 77 ] || sed 's/^/    /' "$log" | head -n 60
	done
}
