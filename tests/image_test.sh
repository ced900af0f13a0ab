#!/bin/bash
# image_test.sh - `pack --image`: good images, and all that must be refused
#
# What is in an image is compared in differential_test.sh; here is what becomes
# of it as a bundle, and of images that are no image, cut, forged or too much.
. "$(dirname "$0")/lib.sh"

# A small tree and a manifest without sources.
make_tree()
{
	mkdir -p t/usr/bin t/usr/share
	cp /bin/busybox t/usr/bin/busybox
	ln -s busybox t/usr/bin/cat
	seq 20000 >t/usr/share/numbers
	head -c 300000 /dev/urandom >t/usr/share/noise
	printf '%s\n' 'schema: 1' 'id: org.example.Image' 'version: "1"' \
		'command: /usr/bin/busybox' >image.yaml
}

squash()
{
	mksquashfs t "$1" -noappend -quiet -no-progress -no-xattrs -all-root \
		-comp "$2" >/dev/null || fail "mksquashfs $2"
}

pack_image()
{
	run timeout "$PATIENCE" "$HOLDALL" pack --fast --image "$1" -o b.holdall image.yaml
}

# One line on stderr behind the steps, and neither a bundle nor anything else.
expect_no_bundle()
{
	[ "$status" -eq 1 ] || fail "$1: status $status: $(show "$T/err")"
	[ "$(grep -c '^holdall: ' "$T/err")" -eq 1 ] ||
		fail "$1: $(show "$T/err")"
	[ ! -e b.holdall ] || fail "$1: there is a bundle"
	[ -z "$(find . -maxdepth 1 -name '.b.*')" ] || fail "$1: left a file"
}

test_zstd_is_taken_as_it_is()
{
	make_tree
	squash i.sqfs zstd
	pack_image i.sqfs
	expect_status 0
	"$HOLDALL" info --json b.holdall >info.json
	local offset size
	offset=$(jq .image.offset info.json)
	size=$(jq .image.size info.json)
	[ "$size" -eq "$(stat -c %s i.sqfs)" ] || fail "another size: $size"
	tail -c +$((offset + 1)) b.holdall | head -c "$size" | cmp - i.sqfs ||
		fail "other bytes"
	run "$HOLDALL" run b.holdall -- cat /usr/share/numbers
	expect_ok
	cmp t/usr/share/numbers "$T/out" || fail "the app read something else"
	run "$HOLDALL" verify b.holdall
	expect_status 3
}

test_other_codecs_are_repacked()
{
	make_tree
	local codec
	for codec in gzip xz lz4; do
		squash i.sqfs $codec
		pack_image i.sqfs
		expect_status 0
		run "$HOLDALL" run b.holdall -- cat /usr/share/numbers
		expect_ok
		cmp t/usr/share/numbers "$T/out" || fail "$codec: other bytes"
		rm b.holdall
	done
	squash i.sqfs lzo
	pack_image i.sqfs
	expect_no_bundle lzo
	expect_err_has 'sqfs2tar i.sqfs | tar2sqfs -c zstd'
}

# The codec's reader is in the jail too: nothing of it runs in the bundler.
test_readers_are_jailed()
{
	strace -qq -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
	make_tree
	squash i.sqfs gzip
	run timeout -s KILL "$PATIENCE" strace -f --seccomp-bpf -qq -o trace \
		-e trace=seccomp,capset,openat \
		"$HOLDALL" pack --fast --image i.sqfs -o b.holdall image.yaml
	expect_status 0
	# Both children, and neither opens anything behind its filter.
	[ "$(grep -c 'seccomp(SECCOMP_SET_MODE_FILTER.* = 0' trace)" -eq 2 ] ||
		fail "not two filters: $(grep seccomp trace)"
	awk '/seccomp\(SECCOMP_SET_MODE_FILTER/ { jailed[$1] = 1; next }
		jailed[$1] && /openat/ { print; bad = 1 } END { exit bad }' \
		trace || fail "a jailed reader opens files"
}

test_what_is_no_image()
{
	make_tree
	squash i.sqfs zstd
	: >empty
	echo text >text
	head -c 100000 /dev/urandom >noise
	mkfifo fifo
	local f
	for f in empty text noise fifo t nosuch /dev/null "$BOX"; do
		pack_image "$f"
		expect_no_bundle "$f"
	done
	printf 'sources:\n  - dir: t\n' >>image.yaml
	pack_image i.sqfs
	expect_no_bundle sources
	expect_err_has 'remove sources'
}

test_cut_images()
{
	make_tree
	local codec n size
	for codec in zstd gzip; do
		squash i.sqfs $codec
		# What mksquashfs pads with may be missing.
		size=$(($(od -An -t u8 -j 40 -N 8 i.sqfs)))
		for n in 95 96 97 4096 $((size / 2)) $((size - 9)) $((size - 1)); do
			head -c $n i.sqfs >cut
			pack_image cut
			expect_no_bundle "$codec cut at $n"
			expect_err_has cut
		done
	done
}

# A small file that unpacks to more than anybody wants, and one that does not.
test_bombs()
{
	make_tree
	local codec
	for codec in 1 6; do
		"$PYTHON" "$TREE/tests/bomb.py" bomb $codec 65
		[ "$(stat -c %s bomb)" -lt 500000 ] || fail "the bomb is large"
		pack_image bomb
		expect_no_bundle "codec $codec"
		expect_err_has 'unpacks to more than 64 GiB'
		"$PYTHON" "$TREE/tests/bomb.py" small $codec 1
		pack_image small
		expect_no_bundle "codec $codec"
		# It was unpacked, and is no app.
		expect_err_has 'no command'
	done
}

# A few KiB that unpack to holes take no room on the disk.
test_holes_take_no_room()
{
	make_tree
	truncate -s 300M t/holes
	squash i.sqfs gzip
	mkdir small
	run timeout "$PATIENCE" bwrap --dev-bind / / --size $((64 << 20)) \
		--tmpfs "$PWD/small" "$HOLDALL" pack --fast --image i.sqfs \
		-o small/b.holdall image.yaml
	expect_status 0
}

# Random bytes of head and tables are changed, in images that are and are not
# zstd.  A bundle or one line; no hang, nothing left.
test_forged_images()
{
	make_tree
	rm t/usr/share/noise
	squash zstd.sqfs zstd
	squash gzip.sqfs gzip
	squash xz.sqfs xz
	run timeout "$PATIENCE" "$PYTHON" - "$HOLDALL" <<'PY'
import os, random, subprocess, sys
bad = tried = good = 0
for codec in "zstd", "gzip", "xz":
    data = open(codec + ".sqfs", "rb").read()
    used = int.from_bytes(data[40:48], "little")
    tables = int.from_bytes(data[64:72], "little")
    rnd = random.Random(codec)
    for i in range(40):
        b = bytearray(data)
        for _ in range(rnd.randrange(1, 4)):
            at = rnd.choice([rnd.randrange(96), rnd.randrange(tables, used),
                             rnd.randrange(96, used)])
            b[at] = rnd.randrange(256)
        open("f.sqfs", "wb").write(b)
        p = subprocess.run([sys.argv[1], "pack", "--fast", "--image", "f.sqfs",
                            "-o", "b.holdall", "image.yaml"],
                           capture_output=True, timeout=120)
        tried += 1
        there = os.path.exists("b.holdall")
        said = [l for l in p.stderr.split(b"\n") if l.startswith(b"holdall: ")]
        if p.returncode not in (0, 1) or there != (p.returncode == 0) or \
                len(said) != p.returncode or b"signal" in p.stderr or \
                [n for n in os.listdir() if n.startswith(".b.")]:
            bad += 1
            print(codec, i, p.returncode, p.stderr[-300:])
            os.rename("f.sqfs", "bad-%s-%d" % (codec, i))
        good += p.returncode == 0
        if there:
            os.unlink("b.holdall")
print(tried, "images,", good, "taken")
sys.exit(bad > 0)
PY
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(show "$T/out")"
}

test_interrupted()
{
	make_tree
	head -c 60000000 /dev/urandom >t/usr/share/large
	squash i.sqfs gzip
	local sig
	for sig in INT TERM KILL; do
		"$HOLDALL" pack --image i.sqfs -o b.holdall image.yaml \
			>/dev/null 2>"$T/err" &
		wait_until grep -q unpacking "$T/err"
		kill -$sig $!
		wait $!
		[ ! -e b.holdall ] || fail "$sig: there is a bundle"
		[ -z "$(find . -maxdepth 1 -name '.b.*')" ] ||
			fail "$sig: left a file"
	done
}

suite_main "$@"
