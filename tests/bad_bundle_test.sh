#!/bin/bash
# bad_bundle_test.sh - files that are no bundle, or a broken one
#
# Each must give one line and status 125 (run) or 1 (info, verify), and nothing
# of it may run.  mutate.py makes the broken files and starts the command over
# them, because some hundred starts of a shell would take too long.
. "$(dirname "$0")/lib.sh"

refuse()
{
	run timeout "$PATIENCE" "$HOLDALL" run "$1" echo it ran
	expect_refused 125
	run timeout "$PATIENCE" "$HOLDALL" info "$1"
	expect_refused 1
	run timeout "$PATIENCE" "$HOLDALL" verify "$1"
	expect_status 1
	[ "$(wc -l <"$T/err")" -eq 1 ] || fail "verify: $(show "$T/err")"
}

test_not_a_bundle()
{
	: >empty
	echo 'just text' >text
	cp /bin/busybox elf
	head -c 200 /dev/zero >zeros
	head -c 200000 /dev/urandom >noise
	cp "$HOLDALL" stub
	mkfifo fifo
	mkdir dir
	local f
	for f in empty text elf zeros noise stub dir fifo nosuch /dev/null /dev/zero; do
		refuse "$f"
	done
}

test_cut_everywhere()
{
	run "$PYTHON" "$TREE/tests/mutate.py" cut "$HOLDALL" "$BOX"
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

test_cut_bundle_started_by_itself()
{
	local size n
	size=$(stat -c %s "$BOX")
	for n in 4096 $((size / 2)) $((size - 4096)) $((size - 1)); do
		head -c $n "$BOX" >cut
		chmod 755 cut
		run timeout "$PATIENCE" ./cut echo it ran
		[ "$status" -ne 0 ] || fail "status 0 when cut at $n"
		expect_out_lacks 'it ran'
	done
}

test_each_byte_of_the_trailer()
{
	run "$PYTHON" "$TREE/tests/mutate.py" trailer "$HOLDALL" "$BOX"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

test_each_byte_of_the_seal()
{
	run "$PYTHON" "$TREE/tests/mutate.py" seal "$HOLDALL" "$BOX"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

# The same with right hashes: what a hostile author would do.
test_forged_seals()
{
	run "$PYTHON" "$TREE/tests/mutate.py" forged "$HOLDALL" "$BOX"
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

# A changed byte of the payload: EIO and a line that names the bundle, never
# other bytes.
test_changed_payload()
{
	run "$PYTHON" "$TREE/tests/mutate.py" payload "$HOLDALL" "$BOX"
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

# Superblock and tables of the image lie, under a right seal.
test_lying_image()
{
	run timeout "$PATIENCE" "$PYTHON" "$TREE/tests/mutate.py" image "$HOLDALL" "$BOX"
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(tail -n 1 "$T/out")"
}

suite_main "$@"
