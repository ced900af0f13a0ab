#!/bin/bash
# differential_test.sh - the same tree, bytes and metadata as other readers see
#
# Trees that hold what a file system can hold become images by mksquashfs,
# gensquashfs and tar2sqfs, each image a bundle by `pack --image`, and then
# unsquashfs, squashfuse_ll, our mount and our `extract` must show the same.
# squashfuse is the second opinion here and nowhere linked.
#
# HOLDALL_SOAK=N: N rounds of random trees and options instead of one short one.
. "$(dirname "$0")/lib.sh"
TEST_SECONDS=$((400 + ${HOLDALL_SOAK:-0} * 60))

DIFF=("$PYTHON" "$TREE/tests/differential.py")

need()
{
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "no $tool"
	done
}

make_manifest()
{
	printf '%s\n' 'schema: 1' 'id: org.example.Image' 'version: "1"' \
		'command: /usr/bin/app' >image.yaml
}

# Both mounts in one namespace of our own: neither mtab nor a setuid program.
mount_both()
{
	unshare -Urm bash -c '
		squashfuse_ll "$1" theirs || exit 3
		"$2" mount "$3" ours >mounted || exit 4
		for m in theirs ours; do
			"${@:4}" list $m links mtime >$m.list || exit 5
		done
		umount ours && umount theirs' - "$1" "$HOLDALL" "$2" "${DIFF[@]}"
}

same()
{
	cmp -s "$1" "$2" ||
		fail "$3: $(diff "$1" "$2" | head -n 4 | cut -c 1-300)"
}

# compare IMAGE NAME
compare()
{
	local image=$1 what=$2
	rm -rf b.holdall theirs ours unpacked extracted
	mkdir theirs ours
	"$HOLDALL" pack --image "$image" --fast -o b.holdall image.yaml \
		>"$T/out" 2>"$T/err" || fail "$what: pack: $(show "$T/err")"
	mount_both "$image" b.holdall 2>"$T/err" ||
		fail "$what: mounts: $? $(show "$T/err")"
	[ "$(wc -l <ours.list)" -gt 300 ] || fail "$what: nothing in it"
	case $what in
	*repacked*)
		# Packing again gives one time, no FIFO, and the links of a
		# folder that every other system counts (tar2sqfs: all entries).
		sed -i "s/ at [0-9]*$//; /^.*fifo/d; /^b'.*' links [0-9]*$/d" \
			ours.list theirs.list ;;
	esac
	same ours.list theirs.list "$what: our mount and squashfuse_ll"
	unsquashfs -n -q -no-xattrs -d unpacked "$image" \
		>"$T/out" 2>"$T/err" || fail "$what: unsquashfs: $(show "$T/err")"
	"$HOLDALL" extract -o extracted b.holdall >"$T/out" 2>"$T/err" ||
		fail "$what: extract: $(show "$T/err")"
	"${DIFF[@]}" list unpacked >unpacked.list
	"${DIFF[@]}" list extracted >extracted.list
	# A FIFO is not extracted.
	sed -i "/^b'.fifo'/d" unpacked.list
	# Who extracts decides on the folder itself.
	sed -i 1d unpacked.list extracted.list
	same extracted.list unpacked.list "$what: extract and unsquashfs"
	chmod -R u+rwx unpacked extracted
}

squash()
{
	rm -f i.sqfs
	mksquashfs t i.sqfs -noappend -quiet -no-progress -no-xattrs -all-root \
		"$@" >"$T/out" 2>"$T/err" || fail "mksquashfs: $(show "$T/err")"
	compare i.sqfs "mksquashfs $*"
}

gen()
{
	rm -f i.sqfs
	gensquashfs -q -f -D t i.sqfs "$@" >"$T/out" 2>"$T/err" ||
		fail "gensquashfs: $(show "$T/err")"
	compare i.sqfs "gensquashfs $*"
}

tar2()
{
	rm -f i.sqfs
	tar -C t --owner=0 --group=0 -c . | tar2sqfs -q -f i.sqfs "$@" \
		>"$T/out" 2>"$T/err" || fail "tar2sqfs: $(show "$T/err")"
	compare i.sqfs "tar2sqfs $*"
}

test_other_readers_agree()
{
	need mksquashfs gensquashfs tar2sqfs unsquashfs squashfuse_ll
	make_manifest
	"${DIFF[@]}" tree t 1
	squash -comp zstd
	squash -comp zstd -b 4096 -no-fragments
	squash -comp zstd -b 1M -always-use-fragments -noI -noD
	gen -c zstd
	tar2 -c zstd -b 4096
}

# Images that our reader does not serve: unpacked and packed again.
test_repacked_images_are_the_same()
{
	need mksquashfs gensquashfs tar2sqfs unsquashfs squashfuse_ll
	make_manifest
	"${DIFF[@]}" tree t 2
	local codec
	for codec in xz lz4; do
		rm -f i.sqfs
		mksquashfs t i.sqfs -noappend -quiet -no-progress -no-xattrs \
			-all-root -comp $codec >/dev/null 2>&1 ||
			fail "mksquashfs $codec"
		compare i.sqfs "$codec, repacked"
	done
	tar -C t --owner=0 --group=0 -c . |
		tar2sqfs -q -f i.sqfs -c gzip -b 4096 || fail tar2sqfs
	compare i.sqfs "tar2sqfs gzip 4096, repacked"
}

# pick WORD...: one of them
pick()
{
	shift $((RANDOM % $#))
	echo "$1"
}

test_many_random_images()
{
	[ "${HOLDALL_SOAK:-0}" -gt 0 ] || skip "HOLDALL_SOAK is not set: make soak"
	need mksquashfs gensquashfs tar2sqfs unsquashfs squashfuse_ll
	make_manifest
	local i opts
	for i in $(seq "$HOLDALL_SOAK"); do
		RANDOM=$i
		chmod -R u+rwx t 2>/dev/null
		rm -rf t
		"${DIFF[@]}" tree t $((1000 + i))
		opts=(-comp zstd -b "$(pick 4096 8192 65536 131072 1048576)")
		for o in -noI -noD -noF -no-duplicates -no-exports -nopad; do
			[ $((RANDOM % 3)) -ne 0 ] || opts+=("$o")
		done
		[ $((RANDOM % 2)) -eq 0 ] ||
			opts+=("$(pick -no-fragments -always-use-fragments \
				-tailends)")
		squash "${opts[@]}"
		gen -c zstd -b "$(pick 4096 65536 131072 1048576)"
		tar2 -c zstd -b "$(pick 4096 65536 131072 1048576)"
	done
}

suite_main "$@"
