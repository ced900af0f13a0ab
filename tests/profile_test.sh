#!/bin/bash
# profile_test.sh - from a recorded start to a bundle that starts by it
. "$(dirname "$0")/lib.sh"

# make_app FOLDER: a box with data of several blocks and small files.
make_app()
{
	local i
	mkdir -p "$1/tree/share/deep"
	for i in 1 2 3; do
		head -c 700001 /dev/urandom >"$1/tree/share/big$i"
	done
	for i in $(seq 20); do
		seq "$i" 300 >"$1/tree/share/deep/small $i"
	done
	make_box "$1" org.example.Profiled
}

# What its start does.
start=(sh -c 'cat /share/big2 "/share/deep/small 7" | wc -c')

record()
{
	run "$HOLDALL" profile --home ephemeral -o start.profile "$@"
}

test_it_records_what_is_read()
{
	make_app a
	pack a a.holdall
	record a.holdall "${start[@]}"
	expect_status 0
	expect_out "$(cat a/tree/share/big2 'a/tree/share/deep/small 7' | wc -c)"
	expect_err_has "start.profile: "
	[ "$(head -n 1 start.profile)" = "holdall-profile 1" ] ||
		fail "first line: $(head -n 1 start.profile)"
	grep -qx 'read /share/big2 0-5' start.profile ||
		fail "no big2 in: $(grep read start.profile)"
	grep -q '^node /share/deep/small%207$' start.profile ||
		fail "no small file in: $(cat start.profile)"
	grep -q '^read /usr/bin/busybox 0' start.profile || fail "no program"
	! grep -qE 'big1|big3|small%208' start.profile ||
		fail "more than the start reads"
	[ -z "$(grep -vE '^(list|node) /[^ ]*$|^read /[^ ]+ [0-9]+(-[0-9]+)?$' \
		start.profile | tail -n +2)" ] || fail "lines of another kind"
}

test_the_apps_fate_is_the_verbs()
{
	make_app a
	pack a a.holdall
	record a.holdall sh -c 'exit 7'
	expect_status 7
	[ -s start.profile ] || fail "no profile"
	expect_err_has 'the app ended with status 7'
	rm start.profile
	"$HOLDALL" profile --home ephemeral -o start.profile a.holdall \
		sh -c 'echo ready; exec sleep 300' >"$T/out" 2>/dev/null &
	wait_until grep -q ready "$T/out"
	kill -TERM $!
	wait $!
	[ $? -eq 143 ] || fail "not ended by the signal"
	grep -q busybox start.profile || fail "no profile after a signal"
	record a.holdall no-such-applet
	[ "$status" -ne 0 ] || fail "status 0 of a program that failed"
	# Where nothing can be written nothing is started.
	local where
	mkdir closed
	chmod 555 closed
	for where in nowhere/x closed/x; do
		[ "$(id -u)" -ne 0 ] || [ $where != closed/x ] || continue
		run "$HOLDALL" profile --home ephemeral -o $where a.holdall \
			echo started
		expect_refused 125
		expect_err_has 'nothing was started'
	done
	run "$HOLDALL" profile --home ephemeral -o ./start.profile a.holdall true
	expect_status 0
	run "$HOLDALL" profile --home ephemeral -o x.profile --command nope \
		a.holdall
	expect_status 127
	[ ! -e x.profile ] || fail "a profile of no start"
}

test_names_and_files_in_the_way()
{
	make_app a
	pack a a.holdall
	run "$HOLDALL" profile --home ephemeral a.holdall true
	expect_status 0
	[ -s a.profile ] || fail "not named after the bundle: $(ls)"
	# Once more over itself, never over anything else.
	run "$HOLDALL" profile --home ephemeral a.holdall true
	expect_status 0
	run "$HOLDALL" profile --home ephemeral -o a/holdall.yaml a.holdall true
	expect_refused 125
	expect_err_has "is not a launch profile; remove it"
	grep -q '^schema' a/holdall.yaml || fail "the manifest is gone"
	run "$HOLDALL" profile --home ephemeral -o no/such/dir a.holdall true
	expect_status 125
	expect_err_has "cannot write no/such/dir"
	run "$HOLDALL" profile --seconds 0 a.holdall true
	expect_refused 125
	run ./a.holdall --holdall profile --home ephemeral -o self.profile true
	expect_status 0
	cmp a.profile self.profile || [ -s self.profile ] || fail "no self"
	[ -z "$(find . -name '*.profile.*')" ] || fail "left: $(ls)"
}

test_packing_by_it()
{
	make_app a
	pack a plain.holdall
	record plain.holdall "${start[@]}"
	pack a one.holdall --profile start.profile
	! grep -q note: "$T/pack.out" || fail "$(cat "$T/pack.out")"
	HOLDALL_JOBS=1 pack a two.holdall --profile start.profile
	cmp one.holdall two.holdall || fail "different bytes"
	! cmp -s one.holdall plain.holdall || fail "the profile did nothing"
	"$HOLDALL" info --seal one.holdall | grep -q '^section=2 0 ' ||
		fail "no section"
	run "$HOLDALL" verify one.holdall
	grep -q damaged "$T/err" && fail "damaged"
	run "$HOLDALL" run --home ephemeral one.holdall "${start[@]}"
	expect_status 0
	expect_out "$(cat a/tree/share/big2 'a/tree/share/deep/small 7' | wc -c)"
	run "$HOLDALL" run --stats --home ephemeral one.holdall "${start[@]}"
	expect_err_match 'launch profile: [1-9][0-9]* blocks fetched, met [1-9]'
	run "$HOLDALL" run --stats --home ephemeral plain.holdall "${start[@]}"
	! grep -q 'launch profile' "$T/err" || fail "a profile in none"
	"$HOLDALL" extract one.holdall -o out >/dev/null 2>&1
	diff -r a/tree/share out/share || fail "other files"
}

# The next version lacks a file, has a shorter and a new one.
test_the_next_version()
{
	make_app a
	pack a plain.holdall
	record plain.holdall "${start[@]}"
	rm "a/tree/share/deep/small 7"
	head -c 200000 /dev/urandom >a/tree/share/big2
	echo new >a/tree/share/new
	pack a next.holdall --profile start.profile
	grep -q 'note: start.profile: .* lines name what is not in this version' \
		"$T/pack.out" || fail "nothing said: $(cat "$T/pack.out")"
	run "$HOLDALL" run --home ephemeral next.holdall cat /share/new \
		/share/big2
	expect_ok
	cat a/tree/share/new a/tree/share/big2 | cmp - "$T/out" ||
		fail "other bytes"
	printf 'holdall-profile 1\nread share 0\n' >bad.profile
	run "$HOLDALL" pack a/holdall.yaml --fast -o bad.holdall \
		--profile bad.profile
	expect_status 1
	expect_err_has "bad.profile:2: a path begins with a slash"
	[ ! -e bad.holdall ] || fail "a bundle all the same"
	run "$HOLDALL" pack a/holdall.yaml --fast -o bad.holdall --profile none
	expect_status 1
	expect_err_has "cannot read the launch profile none"
}

# section FILE NUMBER: its bytes.
section()
{
	local at size
	read -r at size < <("$HOLDALL" info --json "$1" | /usr/bin/jq -r \
		".sections[] | select(.number == $2) | \"\(.offset) \(.size)\"")
	tail -c +$((at + 1)) "$1" | head -c "$size"
}

# An image that another tool made has the same places for the same profile: found in
# the jail, whatever its blocks' size.
test_a_ready_image_starts_by_it()
{
	make_app a
	pack a plain.holdall
	record plain.holdall "${start[@]}"
	pack a one.holdall --profile start.profile
	section one.holdall 1 >one.sqfs
	grep -v -e '^sources' -e '^  - dir' a/holdall.yaml >image.yaml
	run "$HOLDALL" pack --fast --profile start.profile --image one.sqfs \
		-o b.holdall image.yaml
	expect_status 0
	section b.holdall 1 | cmp - one.sqfs || fail "the image was changed"
	section one.holdall 2 >one.section
	[ -s one.section ] || fail "there is none"
	section b.holdall 2 | cmp - one.section || fail "other places"
	run "$HOLDALL" run b.holdall "${start[@]}"
	expect_ok
	cp "$T/out" said
	local kind
	unsquashfs -d t -q -n one.sqfs >/dev/null || fail "unsquashfs"
	for kind in 'zstd -b 4096' 'zstd -b 1M' 'zstd -no-fragments' 'gzip'; do
		# shellcheck disable=SC2086
		mksquashfs t i.sqfs -noappend -quiet -no-progress -comp $kind \
			>/dev/null || fail "mksquashfs $kind"
		run "$HOLDALL" pack --fast --profile start.profile \
			--image i.sqfs -o b.holdall image.yaml
		expect_status 0
		run "$HOLDALL" run --stats b.holdall "${start[@]}"
		expect_status 0
		cmp said "$T/out" || fail "$kind: other bytes"
		expect_err_match 'launch profile: [1-9][0-9]* blocks fetched'
	done
}

# A hostile author's section, under right hashes: whatever it says, the app is
# started and reads the bytes of its files.
test_lies_in_the_section()
{
	make_app a
	pack a plain.holdall
	record plain.holdall "${start[@]}"
	pack a one.holdall --profile start.profile
	local kind size
	size=$("$HOLDALL" info --seal one.holdall |
		awk '/^section=2 / { print $4 }')
	for kind in rubbish head refs blocks all; do
		"$PYTHON" - "$kind" "$size" >section <<'PY'
import random, struct, sys
kind, size = sys.argv[1], int(sys.argv[2])
random.seed(kind)
n = (size - 16) // 16
def entry(i):
    if kind == "refs":
        return struct.pack("<QII", random.randrange(1 << 48), 0, 1)
    if kind == "blocks":
        return struct.pack("<QII", random.randrange(4000), 0xffffff, 1)
    return struct.pack("<QII", random.randrange(2000), random.randrange(9),
                       4096 // n)
data = b"hprofile" + struct.pack("<II", 1, n) + b"".join(map(entry, range(n)))
if kind == "rubbish":
    data = random.randbytes(size)
if kind == "head":
    data = data[:8] + struct.pack("<II", 1, 0xffffffff) + data[16:]
sys.stdout.buffer.write(data)
PY
		"$PYTHON" "$TREE/tests/mutate.py" section one.holdall \
			lie.holdall 2 section || fail "cannot forge $kind"
		run "$HOLDALL" run --home ephemeral lie.holdall cat /share/big1 \
			/share/big2 /share/big3 "/share/deep/small 3"
		expect_status 0
		cat a/tree/share/big? "a/tree/share/deep/small 3" |
			cmp - "$T/out" || fail "$kind: other bytes"
	done
}

# The recorded app is a person's program as any other: it gets no more.
test_the_sandbox_is_the_same()
{
	make_app a
	pack a a.holdall
	echo secret >"$HOME/secret"
	record a.holdall sh -c "cat $HOME/secret"
	[ "$status" -ne 0 ] || fail "the app has read the host's file"
	! grep -q secret start.profile || fail "a host's path in the profile"
}

suite_main "$@"
