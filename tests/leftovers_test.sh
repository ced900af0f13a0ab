#!/bin/bash
# leftovers_test.sh - what remains after the end, a crash, and SIGKILL
. "$(dirname "$0")/lib.sh"

# The next box reads what is written to descriptor 7.
hold_box()
{
	mkfifo "$T/in"
	exec 7<>"$T/in"
	box_in=$T/in
}

test_after_exit()
{
	hold_box
	start_box a sh -c 'read x; (sleep 1000 &); exit 0'
	echo >&7
	wait "$sup"
	expect_nothing_left "$T/a.tree"
}

test_after_a_crash_of_the_app()
{
	ulimit -c 0
	hold_box
	start_box a sh -c 'read x; kill -SEGV $$'
	echo >&7
	wait "$sup"
	[ $? -eq 139 ] || fail "not dead of SIGSEGV"
	expect_nothing_left "$T/a.tree"
}

# kill_one NAME PID: SIGKILL to one process of an instance; all must go, and the
# next start must work and clean up.
kill_one()
{
	local r
	kill -KILL "$2" || fail "cannot kill $1"
	expect_nothing_left "$T/k.tree"
	wait "$sup" 2>/dev/null
	r=$?
	run timeout "$PATIENCE" "$BOX" echo next
	expect_ok
	expect_out next
	return $r
}

test_kill_the_supervisor()
{
	start_box k sleep 50
	kill_one supervisor "$sup"
	[ $? -eq 137 ] || fail "odd status"
}

test_kill_the_image_server()
{
	start_box k sleep 50
	kill_one 'image server' "$server"
	[ $? -eq 125 ] || fail "status of the supervisor is not 125"
	[ "$(wc -l <"$T/k.err")" -eq 1 ] ||
		fail "not one line: $(show "$T/k.err")"
	grep -q 'image server' "$T/k.err" || fail "says: $(show "$T/k.err")"
}

test_kill_the_image_server_under_a_reader()
{
	start_box k sh -c 'while :; do find / -xdev -type f -exec cat {} + \
		>/dev/null 2>&1; done'
	kill_one 'image server' "$server"
	[ $? -eq 125 ] || fail "status of the supervisor is not 125"
}

# Four readers of the same few files, here and there, forgetting and reading again:
# the server pushes all the time, and is often killed while it waits for a page in
# the kernel.  Without the rescue by the supervisor every sixth of these hangs for
# ever.
STORM='
import os, random
# What it sees between the death of the server and its own is not the point.
os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
files = [os.path.join(d, f) for d, _, fs in os.walk("/usr") for f in fs]
files = [f for f in files if not os.path.islink(f)
         and os.path.getsize(f) > 262144]
who = 0
for i in range(3):
    if os.fork() == 0:
        who = i + 1
        break
r = random.Random(who // 2)
while True:
    f = r.choice(files)
    fd = os.open(f, os.O_RDONLY)
    for i in range(32):
        os.pread(fd, 4096 if i % 4 else 131072,
                 r.randrange(os.path.getsize(f) // 4096) * 4096)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
'

test_kill_the_image_server_in_a_storm()
{
	local i
	for i in 1 2 3 4 5 6 7 8; do
		BOX=$PY start_box k -c "$STORM"
		sleep "0.$((i * 7 + 10))"
		kill_one 'image server' "$server"
		[ $? -eq 125 ] || fail "$i: the supervisor's status is not 125"
		[ "$(wc -l <"$T/k.err")" -eq 1 ] ||
			fail "$i: not one line: $(show "$T/k.err")"
		grep -q 'image server' "$T/k.err" ||
			fail "$i: says: $(show "$T/k.err")"
	done
}

test_kill_the_supervisor_in_a_storm()
{
	BOX=$PY start_box k -c "$STORM"
	sleep 0.3
	kill_one supervisor "$sup"
}

test_kill_the_app_in_a_storm()
{
	BOX=$PY start_box k -c "$STORM"
	sleep 0.3
	kill_one app "$app"
}

test_kill_pid_1()
{
	start_box k sleep 50
	kill_one 'pid 1' "$init"
	local r=$?
	[ $r -eq 137 ] || [ $r -eq 125 ] || fail "status $r"
	[ $r -ne 125 ] || [ -s "$T/k.err" ] || fail "125 and nothing said"
}

test_kill_the_app()
{
	start_box k sleep 50
	kill_one app "$app"
	[ $? -eq 137 ] || fail "we did not die of SIGKILL as the app"
}

test_kill_all_but_the_app()
{
	start_box k sleep 50
	kill -KILL "$server" "$sup" "$init"
	expect_nothing_left "$T/k.tree"
}

# Stopped helpers must not keep the rest alive.
test_stopped_image_server()
{
	start_box k sh -c 'while :; do cat /bin/busybox >/dev/null; done'
	kill -STOP "$server"
	sleep 0.2
	kill -TERM "$sup"
	sleep 0.2
	kill -KILL "$sup"
	sleep 0.2
	kill -CONT "$server" 2>/dev/null
	expect_nothing_left "$T/k.tree"
}

# SIGKILL at any moment of the start, not only when all stands.
test_kill_during_the_start()
{
	local i
	mark="sleep 77$$"
	for i in 0 1 2 3 4 5 6 8 10 12 15 20 25 30 40; do
		"$BOX" $mark >/dev/null 2>&1 &
		sup=$!
		sleep "0.$(printf %03d "$i")"
		tree_of "$sup" >"$T/k.tree"
		kill -KILL "$sup"
		wait "$sup" 2>/dev/null
		# A child may have been born after the list was made.
		wait_until no_box_left || fail "left after $i ms: $(pgrep -af \
			"$mark" | head -3)"
		expect_nothing_left "$T/k.tree"
	done
	run "$BOX" echo hi
	expect_ok
}

no_box_left()
{
	! pgrep -u "$(id -u)" -f "$mark" >/dev/null
}

test_interrupts_during_the_start()
{
	local i sig
	mark="sleep 77$$"
	for sig in INT TERM HUP; do
		for i in 1 3 5 8 12 20; do
			run "$PYTHON" -c '
import signal, subprocess, sys, time
p = subprocess.Popen([sys.argv[1]] + sys.argv[4].split(), stderr=subprocess.PIPE)
time.sleep(int(sys.argv[2]) / 1000)
p.send_signal(getattr(signal, "SIG" + sys.argv[3]))
p.wait()
print("ended")' "$BOX" "$i" "$sig" "$mark"
			expect_out ended
			wait_until no_box_left || fail "left after SIG$sig, $i ms"
		done
	done
}

test_bundle_replaced_while_running()
{
	cp "$BOX" b.holdall
	echo other >new
	./b.holdall sh -c 'echo ready >&2; read x; cat /bin/busybox | wc -c' \
		>"$T/out" 2>"$T/err" < <(wait_until grep -q ready "$T/err"
			mv new b.holdall; echo) || fail "$(show "$T/err")"
	expect_out "$(stat -c %s /bin/busybox)"
}

test_bundle_truncated_while_running()
{
	make_box b org.example.Truncated
	head -c 6000000 /dev/urandom >b/tree/usr/big
	pack b b.holdall
	# By the command: a file that is being executed cannot be cut.
	"$HOLDALL" run b.holdall sh -c \
		'echo ready; read x; cat /usr/big | wc -c; exit 9' \
		>"$T/out" 2>"$T/err" < <(wait_until grep -q ready "$T/out"
			truncate -s 2000000 b.holdall; echo) &
	local p=$!
	timeout "$PATIENCE" tail --pid=$p -f /dev/null || fail "hangs"
	wait $p
	[ $? -ne 0 ] || fail "went well"
	expect_out_lacks 6000000
	expect_err_has b.holdall
}

suite_main "$@"
