#!/bin/bash
# fault_test.sh - a start in which single system calls fail
#
# strace makes the N-th call of a kind fail, for every N until a run no longer
# reaches it.  What is wanted each time: either the app runs all the same (the
# call has a fall-back, or was none of ours), or status 125 and one line; no
# hang, and nothing left of the instance.
#
# --seccomp-bpf: a stopped image server could not give strace the page of the app
# that it wants to read.
. "$(dirname "$0")/lib.sh"
TEST_SECONDS=600

# sweep CALL ERROR MAX
sweep()
{
	local call=$1 error=$2 max=$3 n r seen=0 refused=0
	for n in $(seq 1 "$max"); do
		timeout "$PATIENCE" strace -f --seccomp-bpf -qq -o "$T/trace" -e trace="$call" \
			-e inject="$call:error=$error:when=$n" \
			"$BOX" echo the app ran $$ >"$T/out" 2>"$T/err" </dev/null
		r=$?
		grep -q INJECTED "$T/trace" || break
		seen=$n
		case $r in
		0)
			grep -qx "the app ran $$" "$T/out" ||
				fail "$call $n $error: status 0, app did not run"
			;;
		125)
			refused=$((refused + 1))
			# Where the message itself was hit nothing can be said.
			grep -q 'write(2.*INJECTED' "$T/trace" ||
				[ "$(grep -c . "$T/err")" -eq 1 ] ||
				fail "$call $n $error: not one line: $(show "$T/err")"
			;;
		124) fail "$call $n $error: hangs" ;;
		1 | 126 | 127)
			# The app itself (or the loader) was hit: its own affair.
			[ -s "$T/err" ] || fail "$call $n $error: silent $r"
			;;
		*) fail "$call $n $error: status $r: $(show "$T/err")" ;;
		esac
		wait_until no_box || fail "$call $n $error: processes left"
		[ -z "$(find "$XDG_RUNTIME_DIR" -mindepth 2 2>/dev/null)" ] ||
			fail "$call $n $error: names left in the runtime directory"
	done
	[ "$seen" -gt 0 ] || skip "$call is not called"
	echo "$call $error: $seen places, $refused refused"
	run "$BOX" echo hi
	expect_ok
}

no_box()
{
	! pgrep -u "$(id -u)" -f "echo the app ran $$" >/dev/null
}

can_trace()
{
	strace -qq -o /dev/null true 2>/dev/null ||
		skip "strace cannot trace here"
}

test_mount()
{
	can_trace
	sweep mount EPERM 30
}

test_clone()
{
	can_trace
	sweep clone EAGAIN 8
}

test_openat()
{
	can_trace
	sweep openat EMFILE 40
}

test_openat2()
{
	can_trace
	sweep openat2 ENOENT 40
}

test_openat2_missing()
{
	can_trace
	sweep openat2 ENOSYS 10
}

test_mkdirat()
{
	can_trace
	sweep mkdirat ENOSPC 30
}

test_write()
{
	can_trace
	sweep write ENOSPC 20
}

test_prctl()
{
	can_trace
	sweep prctl EINVAL 20
}

test_seccomp()
{
	can_trace
	sweep seccomp EINVAL 6
}

test_pipe()
{
	can_trace
	sweep pipe2 EMFILE 8
}

test_pivot_root()
{
	can_trace
	sweep pivot_root EPERM 2
}


# A kernel without the newer calls: every one of them is missing always.
test_old_kernel()
{
	can_trace
	run timeout "$PATIENCE" strace -f --seccomp-bpf -qq -o /dev/null \
		-e trace=openat2,close_range,mount_setattr,open_tree,move_mount,pidfd_open,clone3,landlock_create_ruleset \
		-e inject=openat2,close_range,mount_setattr,open_tree,move_mount,pidfd_open,clone3,landlock_create_ruleset:error=ENOSYS \
		"$BOX" echo hi
	expect_ok
	expect_out hi
}

suite_main "$@"
