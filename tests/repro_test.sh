#!/bin/bash
# repro_test.sh - the same bytes, whoever packs, wherever, however fast
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
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

# packed FOLDER CACHE: packs the example there with that cache.
packed()
{
	run env XDG_CACHE_HOME="$2" "$HOLDALL" pack "$1/holdall.yaml" --fast \
		-o "$1/jq.holdall"
	if [ "$status" -ne 0 ] && [ "${CI:-}" != true ] &&
		grep -q 'archive cannot be reached' "$T/err"; then
		skip "no archive: $(show "$T/err")"
	fi
	expect_status 0
}

# From the lock: another cache that has to fetch everything, and another file
# system for all that is written.
test_debian_packages_from_the_lock()
{
	local memory kind
	mkdir warm cold
	cp "$TREE/manifests/jq/holdall.yaml" warm/
	packed warm "$CACHE"
	cp warm/holdall.yaml warm/holdall.lock cold/
	packed cold "$T/cold-cache"
	cmp warm/jq.holdall cold/jq.holdall || fail "a cold cache: other bytes"
	cmp warm/holdall.lock cold/holdall.lock || fail "another lock"
	memory=$(mktemp -d /dev/shm/holdall-repro.XXXXXX) || skip "no /dev/shm"
	# shellcheck disable=SC2064
	trap "chmod -R u+rwx '$memory'; rm -rf '$memory'" EXIT
	kind=$(stat -f -c %T "$memory")
	[ "$kind" != "$(stat -f -c %T .)" ] || skip "both are $kind"
	cp warm/holdall.yaml warm/holdall.lock "$memory/"
	cp -r "$T/cold-cache" "$memory/cache"
	chmod -R u+rwX "$memory/cache/holdall/unpacked"
	rm -rf "$memory/cache/holdall/unpacked"
	packed "$memory" "$memory/cache"
	cmp warm/jq.holdall "$memory/jq.holdall" || fail "on $kind: other bytes"
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
