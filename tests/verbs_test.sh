#!/bin/bash
# verbs_test.sh - the verbs that look at a bundle
. "$(dirname "$0")/lib.sh"

test_info()
{
	run "$HOLDALL" info "$JQ"
	expect_ok
	expect_out_has org.jqlang.jq
}

test_info_json()
{
	run "$HOLDALL" info "$BOX" --json
	expect_ok
	/usr/bin/jq -e '.id == "org.example.Box" and .version == "1" and
		(.name | type) == "string" and .command != null and
		.permissions != null and .image.offset % 65536 == 0 and
		.image.size > 0 and (.sections | length) > 0 and
		(.signatures | type) == "array"' "$T/out" >/dev/null ||
		fail "not what it should hold: $(show "$T/out")"
}

test_any_squashfs_tool_opens_the_image()
{
	local offset
	offset=$("$HOLDALL" info "$BOX" --json | /usr/bin/jq .image.offset)
	run unsquashfs -o "$offset" -d out "$BOX"
	expect_status 0
	cmp out/bin/busybox /bin/busybox || fail "other bytes"
	run unsquashfs -o "$offset" -ll "$BOX"
	local dir
	for dir in proc dev sys tmp run home mnt media srv; do
		grep -q "squashfs-root/$dir\$" "$T/out" || fail "no /$dir in it"
	done
}

test_seal_is_what_the_trailer_says()
{
	run "$HOLDALL" info "$BOX" --seal
	expect_ok
	head -n 1 "$T/out" | grep -qx holdall-seal=1 || fail "$(show "$T/out")"
	local size
	size=$(stat -c %s "$T/out")
	[ "$(od -An -tu8 -j $(($(stat -c %s "$BOX") - 192 + 56)) -N 8 "$BOX" |
		tr -d ' ')" = "$size" ] || fail "not all of it"
}

test_verify()
{
	run "$HOLDALL" verify "$BOX"
	expect_status 3		# good, but unsigned
	grep -qhE "stub: (this holdall's|not )" \
		"$T/out" "$T/err" || fail "no word about the stub"
	grep -qh "stub: this holdall's" "$T/out" "$T/err" || fail "it is our own"
	cp "$BOX" b
	printf '\1' | dd of=b bs=1 seek=$((0x1000)) conv=notrunc status=none
	run "$HOLDALL" verify b
	grep -qh "stub: not this holdall's" "$T/out" "$T/err" ||
		fail "a changed stub passes as ours"
	[ "$status" -eq 3 ] || fail "status $status"
}

test_ls()
{
	run "$HOLDALL" ls "$BOX" /bin
	expect_ok
	expect_out_has busybox
	run "$HOLDALL" ls "$BOX"
	expect_ok
	expect_out_has bin
	run "$HOLDALL" ls "$BOX" /nosuch
	expect_refused 1
	run "$HOLDALL" ls "$BOX" /../../etc
	expect_status 1
}

test_cat()
{
	run "$HOLDALL" cat "$BOX" /bin/busybox
	expect_ok
	cmp "$T/out" /bin/busybox || fail "other bytes"
	run "$HOLDALL" cat "$BOX" /nosuch
	expect_refused 1
	run "$HOLDALL" cat "$BOX" /bin
	expect_refused 1
	"$HOLDALL" cat "$BOX" /bin/busybox 2>"$T/err" | head -c 10 >/dev/null
}

test_extract()
{
	run "$HOLDALL" extract "$BOX" -o out
	expect_status 0
	cmp out/bin/busybox /bin/busybox || fail "other bytes"
	[ "$(readlink out/bin/sh)" = busybox ] || fail "links"
	[ -x out/bin/busybox ] || fail "modes"
	run "$HOLDALL" extract "$BOX" -o out
	expect_refused 1
	# Nothing half-made where there is no room.
	run unshare -Urm sh -c 'mount -t tmpfs -o size=256k none "$1" &&
		"$0" extract "$2" -o "$1/out"' "$HOLDALL" "$T/run" "$BOX"
	expect_status 1
	expect_err_match 'space|full'
}

# A file of holes takes no room, and comes out as long as it went in.
test_extract_keeps_holes()
{
	make_box sparse org.example.Sparse
	truncate -s 1G sparse/tree/holes
	printf 'end' >>sparse/tree/holes
	pack sparse sparse.holdall
	run "$HOLDALL" extract sparse.holdall -o out
	expect_status 0
	[ "$(stat -c %s out/holes)" -eq $(((1 << 30) + 3)) ] || fail "its size"
	[ "$(tail -c 4 out/holes | od -An -c | tr -d ' ')" = '\0end' ] ||
		fail "its end"
	[ "$(du -k out/holes | cut -f 1)" -lt 1024 ] || fail "holes were filled"
}

# A few KiB that unpack to much do not fill the disk to its last byte.
test_extract_leaves_room()
{
	local i
	make_box bomb org.example.Bomb
	yes bomb | head -c 40M >bomb/tree/f0
	# Each is stored once.
	for i in 1 2 3 4 5; do cp bomb/tree/f0 bomb/tree/f$i; done
	pack bomb bomb.holdall
	[ "$(stat -c %s bomb.holdall)" -lt 8000000 ] || fail "it is no bomb"
	run timeout 50 unshare -Urm sh -c 'mount -t tmpfs -o size=200m none "$1" &&
		"$0" extract "$2" -o "$1/out"; r=$?; [ ! -e "$1/out" ] || exit 9
		exit $r' "$HOLDALL" "$T/run" "$PWD/bomb.holdall"
	expect_status 1
	expect_err_match 'disk is nearly full'
}

# A server that was taken over may say nothing any more: Ctrl-C must work.
test_extract_of_a_silent_server()
{
	make_box much org.example.Much
	head -c 100M /dev/urandom >much/tree/noise
	pack much much.holdall
	run timeout -s KILL 50 "$PYTHON" "$TREE/tests/silent.py" "$HOLDALL" \
		extract much.holdall -o out
	expect_status 0
	[ ! -e out ] || fail "something is left"
}

# What ls names can be extracted: through links in the image, to where it lies.
test_links_in_paths()
{
	run "$HOLDALL" ls "$BOX" bin/sh
	expect_ok
	expect_out bin/sh
	run "$HOLDALL" extract "$BOX" bin/busybox -o out
	expect_ok
	cmp out/usr/bin/busybox /bin/busybox || fail "other bytes"
	[ "$(find out | wc -l)" -eq 4 ] || fail "more than that: $(find out)"
	make_box b org.example.Links
	ln -s nowhere b/tree/dangling
	ln -s turning b/tree/turning
	pack b b.holdall
	local name
	for name in dangling turning; do
		run "$HOLDALL" ls b.holdall $name
		expect_ok
		expect_out $name
		run "$HOLDALL" ls b.holdall $name/
		expect_refused 1
		run "$HOLDALL" cat b.holdall $name
		expect_refused 1
	done
	run "$HOLDALL" extract b.holdall bin/sh usr/bin/sh -o twice
	expect_refused 1
	expect_err_has 'asked for twice'
	[ ! -e twice ] || fail "half of it is left"
	# A limit on the size of files is no death.
	run bash -c 'ulimit -f 100; exec "$@"' bash "$HOLDALL" extract \
		b.holdall -o small
	expect_refused 1
	[ ! -e small ] || fail "half of it is left"
}

# Names in an image that lead out of the folder must not be followed.
test_extract_of_a_hostile_image()
{
	mkdir -p evil/tree
	make_box evil org.example.Evil
	ln -s "$T/victim" evil/tree/way
	mkdir "$T/victim"
	pack evil evil.holdall
	run "$HOLDALL" extract evil.holdall -o out
	expect_status 0
	[ -z "$(ls -A "$T/victim")" ] || fail "wrote through a link"
	[ -L out/way ] || fail "the link is not a link"
	run "$HOLDALL" cat evil.holdall /way/x
	expect_refused 1
}

# The server stays behind in the background until the folder is unmounted.
test_mount()
{
	[ -e /etc/mtab ] || skip "no /etc/mtab, without which fusermount3 unmounts nothing"
	mkdir m
	run "$HOLDALL" mount "$BOX" m
	if [ "$status" -ne 0 ]; then
		# Without setuid fusermount3 an ordinary user cannot; it must say so.
		[ -s "$T/err" ] || fail "neither mounted nor said why"
		[ -u "$(command -v fusermount3)" ] 2>/dev/null &&
			fail "$(show "$T/err")"
		skip "no setuid fusermount3: $(show "$T/err")"
	fi
	expect_out_has 'fusermount3 -u m'
	cmp m/bin/busybox /bin/busybox || fail "other bytes"
	touch m/x 2>/dev/null && fail "it can be written to"
	fusermount3 -u m
	wait_until mount_is_gone || fail "still mounted"
	run "$HOLDALL" mount "$BOX" nosuch
	expect_refused 1
}

mount_is_gone()
{
	! grep -qF "$T/work/" /proc/self/mountinfo
}

need_mount()
{
	[ -e /etc/mtab ] ||
		skip "no /etc/mtab, without which fusermount3 unmounts nothing"
	[ -u "$(command -v fusermount3)" ] || [ "$(id -u)" -eq 0 ] ||
		skip "no setuid fusermount3"
}

dead_mount()
{
	! stat -f m >/dev/null 2>&1
}

test_mount_points()
{
	local name
	need_mount
	mkdir m
	run "$HOLDALL" mount "$BOX" m
	expect_ok
	# Twice on one folder; and when nobody serves it any more.
	run "$HOLDALL" mount "$BOX" m
	expect_refused 1
	expect_err_has 'fusermount3 -u m'
	kill -9 "$(pgrep -u "$(id -u)" -fx "$HOLDALL mount $BOX m")"
	wait_until dead_mount || fail "it answers without a server"
	run "$HOLDALL" mount "$BOX" m
	expect_refused 1
	expect_err_has 'fusermount3 -u m'
	fusermount3 -u m
	# A link means the folder.
	ln -s m link
	run "$HOLDALL" mount "$BOX" link
	expect_ok
	cmp m/bin/busybox /bin/busybox || fail "other bytes"
	fusermount3 -u m
	# The words that it prints, for any name.
	for name in -m 'm m' $'m\nm' "m'm"; do
		mkdir -- "$name"
		run "$HOLDALL" mount -- "$BOX" "$name"
		expect_ok
		eval "$(sed 's/.*; to unmount: //' "$T/out")" ||
			fail "cannot unmount by: $(show "$T/out")"
		wait_until mount_is_gone || fail "still mounted"
	done
	# Nobody was told of it: nothing stays.
	"$HOLDALL" mount "$BOX" m >/dev/full 2>"$T/err"
	[ $? -eq 1 ] || fail "not told, and yet well"
	wait_until mount_is_gone || fail "it stays mounted"
	: >file
	for name in file nosuch "$BOX"; do
		run "$HOLDALL" mount "$BOX" "$name"
		expect_refused 1
	done
}

# With --stats it stays: a fault is told, and a signal unmounts.
test_mount_stats()
{
	need_mount
	mkdir m
	cp "$BOX" b
	"$PYTHON" - "$HOLDALL" <<'PY' >"$T/out" 2>&1 || fail "$(show "$T/out")"
import json, os, signal, subprocess, sys
info = json.loads(subprocess.check_output([sys.argv[1], "info", "--json", "b"]))
with open("b", "r+b") as f:
    f.seek(info["image"]["offset"] + info["image"]["size"] // 3)
    f.write(b"changed")
for sig in 0, signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
    p = subprocess.Popen([sys.argv[1], "mount", "--stats", "b", "m"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline().startswith(b"mounted on m"), p.stderr.read()
    try:
        open("m/usr/bin/busybox", "rb").read()
        assert False, "wrong bytes were given"
    except OSError as e:
        assert e.errno == 5, e
    if sig:
        p.send_signal(sig)
    else:
        subprocess.check_call(["fusermount3", "-u", "m"])
    status, err = p.wait(10), p.stderr.read()
    assert status == -sig, (sig, status)
    assert err.count(b"does not match its hash") == 1, err
    assert b"b: block " in err and b"requests: " in err, err
    assert not os.listdir("m"), "still mounted"
PY
}

test_help()
{
	local verb
	for verb in run info verify ls cat extract mount permissions trust \
		pack lint lock keygen sign restub; do
		run "$HOLDALL" "$verb" --help
		expect_ok
		expect_out_has "$verb"
		[ "$(wc -l <"$T/out")" -ge 3 ] || fail "$verb --help is too short"
	done
	run "$HOLDALL" --help
	expect_ok
	run "$HOLDALL" --version
	expect_ok
	expect_out_has holdall
}

# The manual and the completion know every verb and each of its options.
test_manual()
{
	local verb option page=$BUILD/holdall.1 verbs
	[ -s "$page" ] || fail "no manual"
	# Debian's man, where it is installed, has nothing to complain of.
	if command -v man >/dev/null; then
		run env MANROFFSEQ= man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
		expect_ok
	fi
	verbs=$("$HOLDALL" --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
	[ "$(wc -w <<<"$verbs")" -ge 17 ] || fail "verbs: $verbs"
	sed 's/\\-/-/g; s/\\&//g' "$page" >plain
	. "$BUILD/holdall.bash"
	for verb in $verbs; do
		sed -n "/^\.SS holdall $verb /,/^\.S[SH] /p" plain >section
		[ "$(wc -l <section)" -ge 3 ] || fail "$verb is not in the manual"
		words "$verb" --
		"$HOLDALL" "$verb" --help |
			grep -oE '^ +(-., )?--?[a-z-]+' >options
		grep -qe --help options || fail "$verb --help"
		while read -r option; do
			option=${option#-?, }
			[ "$option" = -o ] && option=--output
			[[ " ${COMPREPLY[*]} " = *" $option "* ]] ||
				fail "completion: $verb lacks $option"
			[ "$option" = --help ] || grep -q -e "$option" section ||
				fail "manual: $verb lacks $option"
		done <options
	done
	grep -qe --help plain || fail "manual: --help"
	# A bundle's own arguments are not ours to complete.
	words run --permit x=y app.holdall --
	[ ${#COMPREPLY[@]} -eq 0 ] || fail "completes the app's options"
	words run --permit x=y --
	[ ${#COMPREPLY[@]} -gt 3 ] || fail "does not complete ours"
	words ver
	[ "${COMPREPLY[*]}" = verify ] || fail "completes to ${COMPREPLY[*]}"
}

# words WORD...: what bash would offer for the last of them.
words()
{
	COMP_WORDS=(holdall "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_holdall
}

# Options are written the same way in all verbs.
test_option_forms()
{
	local how
	for how in "-o k1" -ok2 "--output k3" --output=k4; do
		# shellcheck disable=SC2086
		run "$HOLDALL" keygen --no-password $how
		expect_ok
	done
	[ -e k1.key ] && [ -e k2.key ] && [ -e k3.key ] && [ -e k4.key ] ||
		fail "made: $(ls)"
	run "$HOLDALL" keygen --no-password=yes
	expect_refused 2
	run "$HOLDALL" keygen --output=
	expect_refused 2
	run "$HOLDALL" sign --keys=k1.key "$BOX"
	expect_refused 2
	expect_err_has 'did you mean --key'
}

test_usage_errors()
{
	run "$HOLDALL"
	expect_status 2
	run "$HOLDALL" nosuchverb
	expect_refused 2
	run "$HOLDALL" info
	expect_refused 2
	run "$HOLDALL" info --nosuch "$BOX"
	expect_refused 2
	run "$HOLDALL" run
	expect_refused 125
	run "$HOLDALL" inof "$BOX"
	expect_refused 2
	expect_err_has info
}

test_lint()
{
	run "$HOLDALL" lint "$TREE/manifests/jq/holdall.yaml"
	expect_status 0
	printf 'schema: 1\nid: org.example.X\nvresion: "1"\n' >bad.yaml
	run "$HOLDALL" lint bad.yaml
	expect_status 1
	expect_err_has 'bad.yaml:3:1'
	expect_err_has 'vresion: "1"'
	expect_err_has '^'
	expect_err_has version
}

test_thin_bundle()
{
	mkdir -p b/tree
	cat >b/hello.sh <<'X'
#!/bin/sh
echo thin "$(ls /usr/bin | grep -c .)" "$(cat /app/data)"
ls /etc/shadow /root/x /home/other 2>/dev/null || :
X
	chmod 755 b/hello.sh
	mv b/hello.sh b/tree/hello
	echo data >b/tree/data
	{
		printf 'schema: 1\nid: org.example.Thin\nversion: "1"\nkind: thin\n'
		printf 'command: /app/hello\nsources:\n  - dir: {path: ./tree, to: /app}\n'
	} >b/holdall.yaml
	pack b b.holdall
	run ./b.holdall
	expect_status 0
	expect_out_has "thin $(ls /usr/bin | grep -c .) data"
	expect_out_lacks shadow
}

# A word that is nearly right is answered with the one that is.
test_hints_to_the_right_word()
{
	cp "$BOX" b.holdall
	run "$HOLDALL" b.holdall
	expect_status 2
	expect_err_has 'holdall run b.holdall'
	run "$HOLDALL" help
	expect_ok
	expect_out_has 'Usage: holdall VERB'
	run "$HOLDALL" extract b.holdall newdir
	expect_status 1
	expect_err_has 'the new folder is named with -o'
	run "$HOLDALL" permissions b.holdall deny network
	expect_status 2
	expect_err_has APP.deny.WORD
	[ "$(id -u)" -eq 0 ] && return
	chmod 111 b.holdall
	run ./b.holdall true
	expect_refused 125
	expect_err_has 'chmod a+r'
}

suite_main "$@"
