#!/bin/bash
# running_test.sh - what happens to a bundle, its server or its memory meanwhile
#
# Through `holdall run`, because a file that is being executed cannot be written.
# The app hashes files whose hashes are known here: other bytes are never right,
# an error is, and then a line on stderr names the bundle.  What is killed stands
# in leftovers_test.sh, single system calls that fail in fault_test.sh.
. "$(dirname "$0")/lib.sh"

# A bundle of many files that do not shrink, and their sums.
make_files()
{
	local i
	make_box b org.example.Running
	for i in 1 2 3 4 5 6 7 8; do
		head -c 700000 /dev/urandom >b/tree/usr/f$i
	done
	ln -s busybox b/tree/usr/bin/md5sum
	pack b b.holdall
	(cd b/tree/usr && md5sum f?) | sort >good
}

# go COMMAND...: the app waits until the command has been done, then hashes.
# Fails on a hang and on wrong sums; the sums are in $T/sums.
go()
{
	"$HOLDALL" run b.holdall sh -c 'head -c 1 /usr/f1 | wc -c; echo ready
		read x; cd /usr; for f in f?; do md5sum $f; done; echo done' \
		>"$T/out" 2>"$T/err" < <(wait_until grep -q ready "$T/out"
			"$@" >&2; echo) &
	app_of=$!
	timeout "$PATIENCE" tail --pid=$app_of -f /dev/null || fail "hangs"
	wait $app_of
	status=$?
	grep -E '^[0-9a-f]{32} ' "$T/out" | sort >"$T/sums"
	! comm -13 good "$T/sums" | grep . || fail "the app read other bytes"
}

expect_all_sums()
{
	cmp -s good "$T/sums" || fail "not all files: $(show "$T/out")"
	expect_ok
}

# An error for the app where bytes are gone, and one line for people.
expect_told()
{
	! cmp -s good "$T/sums" || fail "all files could be read"
	grep -qE "^(holdall: )?b.holdall: |b.holdall" "$T/err" ||
		fail "nobody named the bundle: $(show "$T/err")"
}

test_deleted()
{
	make_files
	go rm b.holdall
	expect_all_sums
}

test_replaced_by_rename()
{
	make_files
	echo other >other
	go mv other b.holdall
	expect_all_sums
	# And the next start gets the new one.
	run "$HOLDALL" run b.holdall true
	expect_refused 125
}

test_cut()
{
	make_files
	go truncate -s 4000000 b.holdall
	expect_told
	expect_err_has 'became shorter'
}

test_cut_to_nothing()
{
	make_files
	go truncate -s 0 b.holdall
	expect_told
}

# As cp does it: the same inode gets other bytes.
rewrite()
{
	head -c "$(stat -c %s b.holdall)" /dev/urandom |
		dd of=b.holdall conv=notrunc status=none
}

test_rewritten_in_place()
{
	make_files
	go rewrite
	expect_told
	expect_err_match 'b.holdall: (block|node) [0-9]+'
}

# Another good bundle in its place is no better: it has another root.
rewrite_with_a_good_one()
{
	dd if=other.holdall of=b.holdall conv=notrunc status=none
}

test_rewritten_with_a_good_bundle()
{
	make_files
	cp b.holdall first.holdall
	cp good good.first
	make_files
	cp b.holdall other.holdall
	cat first.holdall >b.holdall
	cp good.first good
	go rewrite_with_a_good_one
	expect_told
}

one_byte()
{
	"$PYTHON" -c '
import os, sys
fd = os.open("b.holdall", os.O_RDWR)
at = os.fstat(fd).st_size // 2
old = os.pread(fd, 1, at)[0]
os.pwrite(fd, bytes([old ^ 1]), at)'
}

test_one_byte_while_running()
{
	make_files
	go one_byte
	expect_told
	[ "$(grep -c 'does not match its hash' "$T/err")" -eq 1 ] ||
		fail "not one line: $(show "$T/err")"
	# All other files could be read: the file with the byte, and those that
	# share its blocks, could not.
	[ "$(wc -l <"$T/sums")" -ge 6 ] || fail "only $(wc -l <"$T/sums") files"
}

# ---- the server ----------------------------------------------------------------

# run_box ARG...: start_box by the command over b.holdall.
start_run()
{
	"$HOLDALL" run b.holdall "$@" >"$T/k.out" 2>"$T/k.err" </dev/null &
	sup=$!
	wait_until box_complete "$sup" ||
		fail "did not start: $(show "$T/k.err")"
	tree_of "$sup" >"$T/k.tree"
}

# A stopped server keeps the app waiting; a signal must end everything, without
# anybody waking the server up.
test_stopped_server_and_a_signal()
{
	local sig i
	make_files
	for sig in TERM HUP; do
		for i in 1 2 3; do
			start_run sh -c 'while :; do for f in /usr/f?; do
				md5sum $f >/dev/null; done; done'
			kill -STOP "$server"
			sleep 0.2
			kill -$sig "$sup"
			wait_until none_alive "$T/k.tree" || {
				left=$(for p in $(alive_of "$T/k.tree"); do
					echo "$p $(cat /proc/$p/comm)"; done)
				kill -CONT "$server"
				fail "SIG$sig, $i: still there: $left"
			}
			wait "$sup" 2>/dev/null
		done
	done
	run "$HOLDALL" run b.holdall true
	expect_ok
}

test_killed_server_ends_a_reading_app()
{
	local i
	make_files
	for i in 1 2 3 4 5; do
		start_run sh -c 'while :; do for f in /usr/f?; do
			md5sum $f >/dev/null; done; done'
		sleep 0.0$i
		kill -KILL "$server"
		wait_until none_alive "$T/k.tree" || fail "hangs"
		wait "$sup"
		[ $? -eq 125 ] || fail "status is not 125"
		[ "$(grep -c '^holdall: ' "$T/k.err")" -eq 1 ] ||
			fail "not one line of ours: $(show "$T/k.err")"
	done
}



# The server gets no more memory than it has: an error or slower, no hang, no wrong
# byte.  It is the child of a holdall that is in our own namespaces.
starve_server()
{
	local pid parent n=0
	for pid in $(tree_of "$PPID_OF_ALL" | cut -d ' ' -f 1); do
		parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
		# shellcheck disable=SC2046
		set -- $(depth_of "$pid") 0
		[ "$1" = 1 ] && [ "$(cat "/proc/$pid/comm")" = holdall ] &&
			[ "$(cat "/proc/$parent/comm")" = holdall ] &&
			prlimit --pid "$pid" --as=1 && n=$((n + 1))
	done
	echo "starved $n" >starved
}

test_starved_server()
{
	make_files
	PPID_OF_ALL=$BASHPID
	go starve_server
	[ "$(cat starved)" = 'starved 1' ] || fail "$(cat starved)"
	cmp -s good "$T/sums" || expect_told
}

# Not enough address space for holdall itself: it runs, or says so in one line.
test_starved_start()
{
	local kib ran=0
	for kib in 1000 2000 4000 6000 8000 12000 16000 24000 32000 64000 \
		128000 256000; do
		run timeout -k 1 "$PATIENCE" bash -c 'ulimit -v "$1"; shift
			exec "$@"' - $kib "$HOLDALL" run "$BOX" echo the app ran
		[ "$status" -ne 124 ] || fail "$kib KiB: hangs"
		if [ "$status" -eq 0 ]; then
			expect_out 'the app ran'
			ran=$((ran + 1))
			continue
		fi
		# Below what the kernel needs to exec it, it is killed.
		[ -s "$T/err" ] || [ "$status" -ge 126 ] ||
			fail "$kib KiB: status $status, nothing said"
		[ "$status" -ne 125 ] || [ "$(wc -l <"$T/err")" -eq 1 ] ||
			fail "$kib KiB: $(show "$T/err")"
	done
	[ $ran -gt 0 ] || fail "it ran with none of them"
}

test_no_descriptors_left()
{
	local n
	for n in 3 4 5 6 8 10 12 16 20 32; do
		run timeout -k 1 "$PATIENCE" bash -c 'ulimit -n "$1"; shift; exec "$@"' - \
			$n "$HOLDALL" run "$BOX" echo the app ran
		case $status in
		0) expect_out 'the app ran' ;;
		125) expect_refused 125 ;;
		*) fail "$n descriptors: status $status: $(show "$T/err")" ;;
		esac
	done
}

# No thread of the server is kept to fewer processors than we are.
server_is_free()
{
	local mine
	mine=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
	[ "$(awk -v mine="$mine" '/^Cpus_allowed_list/ { n += $2 == mine }
		END { print n + 0 }' "/proc/$server"/task/*/status)" -eq "$1" ]
}

# While it starts, it is kept off the launcher's processor; the threads that it makes
# meanwhile are as many as there are processors, and may use all of them.
test_the_server_uses_all_processors()
{
	local n want i
	n=$(nproc)
	[ "$n" -le 4 ] || n=4
	want=$((n > 1 ? n + 2 : 2))
	for i in 1 2 3 4 5 6; do
		start_box all sleep 30
		wait_until server_is_free $want ||
			fail "start $i, want $want free threads: $(grep -h \
				Cpus_allowed_list "/proc/$server"/task/*/status)"
		kill "$sup"
		wait "$sup"
	done
}

suite_main "$@"
