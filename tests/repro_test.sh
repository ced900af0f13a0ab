#!/bin/bash
# repro_test.sh - the same bytes, whoever packs, wherever, however fast
. "$(dirname "$0")/lib.sh"

test_two_folders_two_homes_two_masks()
{
	mkdir a "b b"
	make_box a org.example.Repro
	(
		umask 077
		# Other order, other times, other modes of what does not count.
		make_box "b b" org.example.Repro
		find "b b" -exec touch -h -d 2001-01-01 {} +
		chmod 700 "b b" "b b/tree"
	)
	chmod 755 "b b/tree" "b b/tree/usr" "b b/tree/usr/bin" "b b/tree/usr/bin/busybox"
	chmod 755 a/tree a/tree/usr a/tree/usr/bin a/tree/usr/bin/busybox
	pack a one.holdall
	HOME=$T/home2 TZ=Asia/Tokyo LC_ALL=de_DE.UTF-8 pack "b b" two.holdall
	cmp one.holdall two.holdall || fail "different bytes"
}

test_threads()
{
	mkdir -p a/tree/share
	make_box a org.example.Threads
	local i
	for i in $(seq 1 40); do
		head -c $((i * 30011)) /dev/urandom >"a/tree/share/f$i"
		seq 1 $((i * 2000)) >"a/tree/share/t$i"
	done
	taskset -c 0 "$HOLDALL" pack a/holdall.yaml --fast -o one.holdall \
		>"$T/out" 2>&1 || fail "one: $(show "$T/out")"
	"$HOLDALL" pack a/holdall.yaml --fast -o two.holdall \
		>"$T/out" 2>&1 || fail "two: $(show "$T/out")"
	cmp one.holdall two.holdall || fail "one thread and two differ"
}

test_host_files_twice()
{
	local name
	for name in jq python3; do
		"$HOLDALL" pack "$(host_manifest "$name")" --fast \
			-o "$name" >"$T/out" 2>&1 || fail "$(show "$T/out")"
		cmp "$name" "$BUNDLES/$name.holdall" || fail "$name differs"
	done
}

test_source_date_epoch()
{
	make_box a org.example.Epoch
	SOURCE_DATE_EPOCH=1000000000 pack a one.holdall
	run "$HOLDALL" run one.holdall sh -c 'stat -c %Y /bin/busybox'
	expect_ok
	expect_out 1000000000
	SOURCE_DATE_EPOCH=rubbish run "$HOLDALL" pack a/holdall.yaml -o two.holdall
	expect_status 1
	expect_err_has SOURCE_DATE_EPOCH
}

suite_main "$@"
