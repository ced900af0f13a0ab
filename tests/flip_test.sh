#!/bin/bash
# flip_test.sh - one changed byte, anywhere: an error with a name, never other data
#
# flip.py changes single bytes of a signed bundle (in each section, in the tree, the
# seal, the signature, the trailer, and in random places) and asks every front:
# `verify`, an app that hashes every file it has, `extract` and `cat`.  A short run
# here; `make soak` does a thousand places.
. "$(dirname "$0")/lib.sh"
TEST_SECONDS=$((300 + (${HOLDALL_SOAK:-0} ? 1200 : 0)))

make_app()
{
	local i
	make_box b org.example.Flip 'icon: ./icon.svg'
	for i in 1 2 3 4; do
		head -c 200000 /dev/urandom >b/tree/usr/r$i
		seq $((i * 10000)) >b/tree/usr/s$i
	done
	mkdir -p b/tree/usr/many
	(cd b/tree/usr/many && seq -f 'file-%03g' 200 | xargs -I{} sh -c 'echo {} >{}')
	ln -s busybox b/tree/usr/bin/md5sum
	ln -s busybox b/tree/usr/bin/xargs
	echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >b/icon.svg
	pack b b.holdall
	"$HOLDALL" keygen --no-password -o me >/dev/null 2>&1 || fail keygen
	"$HOLDALL" sign --key me.key b.holdall >"$T/out" 2>&1 || fail sign
}

test_a_flipped_byte_is_an_error()
{
	local n=60
	make_app
	[ "${HOLDALL_SOAK:-0}" -eq 0 ] || n=1000
	run "$PYTHON" "$TREE/tests/flip.py" "$HOLDALL" b.holdall $n
	cat "$T/out"
	[ "$status" -eq 0 ] || fail "$(tail -n 3 "$T/out")$(show "$T/err")"
}

suite_main "$@"
