#!/bin/bash
# signature_test.sh - signing, minisign as a second opinion, and who is trusted
. "$(dirname "$0")/lib.sh"

# ---- helpers ---------------------------------------------------------------------

key()
{
	"$HOLDALL" keygen --no-password -o "$1" >"$T/keygen.out" 2>&1 ||
		fail "keygen: $(show "$T/keygen.out")"
}

public()
{
	tail -n 1 "$1"
}

sign()
{
	run "$HOLDALL" sign --key "$1" "$2"
	expect_status 0
}

need_minisign()
{
	command -v minisign >/dev/null || skip "no minisign here"
}

# ask_minisign BUNDLE KEYTEXT: does it think the same of the signature?
ask_minisign()
{
	"$HOLDALL" info --seal "$1" >s || fail "no seal"
	"$HOLDALL" info --signature "$1" >s.minisig || fail "no signature"
	run minisign -V -m s -P "$2"
}

# put_signatures BUNDLE FILE: what a forger does: other signatures, and a trailer
# that fits.
put_signatures()
{
	"$PYTHON" - "$1" "$2" <<'PY'
import hashlib, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
sigs = open(sys.argv[2], "rb").read()
trailer = data[-192:]
start = struct.unpack_from("<Q", trailer, 64)[0]
struct.pack_into("<Q", trailer, 72, len(sigs))
h = lambda d: hashlib.blake2b(d, digest_size=32).digest()
trailer[128:160] = h(sigs)
trailer[160:192] = h(bytes(trailer[:160]))
open(sys.argv[1], "wb").write(bytes(data[:start]) + sigs + bytes(trailer))
PY
}

# Its home, told by what it wrote there last time.
remembers()
{
	"$HOLDALL" run --command sh "$1" -- -c 'cat ~/mark 2>/dev/null' \
		2>"$T/err"
}

leave_mark()
{
	run "$HOLDALL" run --command sh "$1" -- -c "echo $2 >~/mark"
	expect_status 0
}

# ---- minisign --------------------------------------------------------------------

test_minisign_verifies_what_holdall_signs()
{
	need_minisign
	key me
	cp "$BOX" b
	sign me.key b
	ask_minisign b "$(public me.pub)"
	expect_status 0
	expect_out_has "Signature and comment signature verified"
	run minisign -V -m s -p me.pub
	expect_status 0
	# Not over anything else, and not by anybody else.
	echo >>s
	run minisign -V -m s -P "$(public me.pub)"
	expect_status 1
	key other
	ask_minisign b "$(public other.pub)"
	expect_status 1
}

# minisign_signs KEY SECRET-OPTION...: both of its forms, put in and believed.
minisign_signs()
{
	local form
	minisign -G -W -f -p m.pub -s m.key >/dev/null || fail "minisign -G"
	"$HOLDALL" info --seal "$BOX" >s
	for form in '' -l; do
		cp "$BOX" b
		minisign -S $form -s m.key -m s -x s.sig >/dev/null ||
			fail "minisign -S $form"
		run "$HOLDALL" sign --signature s.sig b
		expect_refused 1	# whose is it?
		expect_err_has 'KEY.pub'
		run "$HOLDALL" sign --signature s.sig --key m.pub b
		expect_status 0
		"$HOLDALL" info --signature b | cmp - s.sig ||
			fail "not the same signature"
		run "$HOLDALL" verify b
		expect_status 4
		run "$HOLDALL" run --command sh b -- -c true
		expect_refused 125
		expect_err_has 'holdall trust add'
		run "$HOLDALL" trust add m.pub
		expect_ok
		run "$HOLDALL" verify b
		expect_status 0
		run "$HOLDALL" run --command sh b -- -c 'echo started'
		expect_ok
		expect_out started
		run "$HOLDALL" trust remove m.pub
		expect_ok
		rm -rf "$HOME/.local"
	done
}

test_holdall_verifies_what_minisign_signed()
{
	need_minisign
	minisign_signs
}

# Files that went through an editor or mail: minisign reads them, so we do.
test_signature_files_with_other_line_ends()
{
	need_minisign
	local f
	minisign -G -W -f -p m.pub -s m.key >/dev/null || fail "minisign -G"
	"$HOLDALL" info --seal "$BOX" >s
	minisign -S -s m.key -m s -x s.sig -t 'a comment' >/dev/null ||
		fail "minisign -S"
	sed 's/$/\r/' s.sig >crlf
	printf '%s' "$(cat s.sig)" >no-newline
	printf '%s' "$(cat crlf)" >neither
	for f in crlf no-newline neither; do
		run minisign -V -m s -x $f -p m.pub
		expect_status 0
		cp "$BOX" b
		run "$HOLDALL" sign --signature $f --key m.pub b
		expect_status 0
		"$HOLDALL" info --signature b | cmp - s.sig ||
			fail "$f: not the one spelling"
	done
	for f in 10 60 130 200 -5; do
		head -c "$f" s.sig >cut
		cp "$BOX" b
		run "$HOLDALL" sign --signature cut --key m.pub b
		expect_refused 1
		cmp "$BOX" b || fail "cut at $f: it was put in"
	done
	sed 's/a comment/another/' s.sig >forged
	run "$HOLDALL" sign --signature forged --key m.pub b
	expect_refused 1
	expect_err_has 'trusted comment'
}

test_sign_says_what_is_wrong()
{
	key me
	cp "$BOX" b
	run "$HOLDALL" sign b
	expect_refused 2
	run "$HOLDALL" sign --signature s --key me.pub --next me.pub b
	expect_refused 2
	run "$HOLDALL" sign --key me.pub b
	expect_refused 1
	expect_err_has 'public key'
	run "$HOLDALL" sign --key me.key --next me.key b
	expect_refused 1
	expect_err_has 'this is a secret key'
	run "$HOLDALL" sign --key me.key --next me.pub b
	expect_refused 1
	expect_err_has 'the key after it'
	run "$HOLDALL" trust add me.key
	expect_refused 1
	expect_err_has 'this is a secret key'
	cmp "$BOX" b || fail "it was changed"
}

test_minisign_signs_with_our_key()
{
	need_minisign
	key me
	"$HOLDALL" info --seal "$BOX" >s
	minisign -S -s me.key -m s -x s.sig >/dev/null || fail "our key file"
	cp "$BOX" b
	run "$HOLDALL" sign --signature s.sig --key me.pub b
	expect_status 0
}

# setsid: without a terminal the passphrase is read from standard input.
test_encrypted_keys_of_minisign()
{
	need_minisign
	printf 'pass word\npass word\n' |
		setsid -w minisign -G -p m.pub -s m.key >/dev/null 2>&1 ||
		fail "minisign -G"
	cp "$BOX" b
	echo 'pass word' | run setsid -w "$HOLDALL" sign --key m.key b
	expect_status 0
	ask_minisign b "$(public m.pub)"
	expect_status 0
	echo 'pass  word' | run setsid -w "$HOLDALL" sign --key m.key b
	expect_status 1
	expect_err_has 'wrong password'
}

test_encrypted_keys_of_holdall()
{
	need_minisign
	printf 'a b\na b\n' | run setsid -w "$HOLDALL" keygen -o me
	expect_status 0
	[ "$(stat -c %a me.key)" = 600 ] || fail "others can read the key"
	"$HOLDALL" info --seal "$BOX" >s
	echo 'a b' | setsid -w minisign -S -s me.key -m s -x s.sig \
		>/dev/null 2>&1 || fail "minisign cannot use it"
	run minisign -V -m s -x s.sig -p me.pub
	expect_status 0
	printf 'a\n' | run setsid -w "$HOLDALL" keygen -o you
	expect_status 1
	expect_err_has "two lines"
	printf 'a\nb\n' | run setsid -w "$HOLDALL" keygen -o you
	expect_status 1
	expect_err_has differ
	[ ! -e you.key ] || fail "made although they differ"
}

test_passphrase_is_not_shown()
{
	"$PYTHON" - "$HOLDALL" <<'PY' >"$T/out" 2>&1 || fail "$(show "$T/out")"
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["holdall", "keygen", "-o", "tty"])
seen = b""
def until(word):
    global seen
    while word not in seen:
        seen += os.read(fd, 1000)
until(b"new key: ")
os.write(fd, b"s3cret\n")
until(b"more: ")
os.write(fd, b"s3cret\n")
try:
    while True:
        d = os.read(fd, 1000)
        if not d: break
        seen += d
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert status == 0, (status, seen)
assert b"s3cret" not in seen, seen
assert os.path.exists("tty.key")
PY
}

# ---- the verbs --------------------------------------------------------------------

test_keygen_replaces_nothing()
{
	key me
	cp me.key kept
	run "$HOLDALL" keygen --no-password -o me
	expect_refused 1
	cmp me.key kept || fail "it was replaced"
}

test_pack_signs()
{
	key me
	make_box box org.example.Signed
	pack box b --sign me.key
	run "$HOLDALL" verify b
	expect_status 4
	cp b first
	pack box b --sign me.key
	cmp first b || fail "not reproducible"
	# The same as packed first and signed then.
	pack box c
	sign me.key c
	cmp b c || fail "sign and pack --sign differ"
}

test_pack_needs_the_key_before_it_works()
{
	make_box box org.example.Signed
	run "$HOLDALL" pack box/holdall.yaml --fast -o b --sign nobody.key
	expect_refused 1
	[ ! -e b ] || fail "packed"
}

test_restub_keeps_the_signature()
{
	key me
	cp "$BOX" b
	sign me.key b
	# Another stub of another length.
	"$PYTHON" - b <<'PY'
import hashlib, struct, sys
d = open("b", "rb").read()
t = bytearray(d[-192:])
get = lambda o: struct.unpack_from("<Q", t, o)[0]
start, stub = get(16), get(80)
new = d[:stub] + b"\0" * 70000
pad = -len(new) % 65536
shift = len(new) + pad - start
for o in (16, 32, 48, 64):
    struct.pack_into("<Q", t, o, get(o) + shift)
struct.pack_into("<Q", t, 80, len(new))
t[160:] = hashlib.blake2b(bytes(t[:160]), digest_size=32).digest()
open("b", "wb").write(new + b"\0" * pad + d[start:-192] + bytes(t))
PY
	run "$HOLDALL" verify b
	expect_status 4
	expect_out_has 'stub: not covered'
	"$HOLDALL" info --seal b >seal
	"$HOLDALL" info --signature b >signature
	run "$HOLDALL" restub b
	expect_status 0
	run "$HOLDALL" verify b
	expect_status 4
	expect_out_has "stub: this holdall's"
	"$HOLDALL" info --seal b | cmp - seal || fail "another seal"
	"$HOLDALL" info --signature b | cmp - signature || fail "signature"
	[ -x b ] || fail "it lost its mode"
	run ./b --holdall run --command sh -- -c 'echo started'
	expect_status 0
	expect_out started
}

test_info_shows_signatures()
{
	key me
	cp "$BOX" b
	sign me.key b
	run "$HOLDALL" info b --json
	expect_ok
	/usr/bin/jq -e --arg key "$(public me.pub)" '.signatures | length == 1
		and .[0].key == $key and .[0].state == "unknown"' "$T/out" \
		>/dev/null || fail "$(show "$T/out")"
	run "$HOLDALL" info b
	expect_out_has "$(/usr/bin/jq -r .origin < <("$HOLDALL" info b --json))"
}

# ---- trust ------------------------------------------------------------------------

test_the_first_key_is_pinned()
{
	key me
	cp "$BOX" b
	run "$HOLDALL" verify b
	expect_status 3
	sign me.key b
	run "$HOLDALL" verify b
	expect_status 4
	leave_mark b mine
	run "$HOLDALL" verify b
	expect_status 0
	run "$HOLDALL" trust
	expect_ok
	expect_out_has "$(public me.pub)"
	expect_out_has org.example.Box
}

test_another_key_is_another_origin()
{
	key one
	key two
	cp "$BOX" b
	sign one.key b
	leave_mark b first
	cp "$BOX" c
	sign two.key c
	[ -z "$(remembers c)" ] || fail "another key sees the home"
	expect_err_has 'holdall trust add RW'
	expect_err_match 'key-[0-9a-f]{16}.*key-[0-9a-f]{16}'
	run "$HOLDALL" verify c
	expect_status 4		# being started is no acceptance
	expect_out_has 'note: org.example.Box was signed by key-'
	# The words that it printed.
	run "$HOLDALL" trust add "$(public two.pub)" org.example.Box
	expect_ok
	[ "$(remembers c)" = first ] || fail "it was accepted"
	expect_quiet
	[ "$(remembers b)" = first ] || fail "the old one is still its own"
	run "$HOLDALL" trust remove "$(public one.pub)" org.example.Box
	expect_ok
	run "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
}

test_no_signature_is_another_origin()
{
	key me
	cp "$BOX" b
	sign me.key b
	leave_mark b signed
	: >none
	cp b stripped
	put_signatures stripped none
	[ -z "$(remembers stripped)" ] || fail "without the signature, same home"
	expect_err_has 'not signed'
}

test_a_rotation_is_followed()
{
	key old
	key new
	cp "$BOX" b
	sign old.key b
	leave_mark b kept
	cp "$BOX" c
	run "$HOLDALL" sign --key old.key --next new.pub c
	expect_status 0
	[ "$(remembers c)" = kept ] || fail "the old key"
	cp "$BOX" d
	sign new.key d
	[ "$(remembers d)" = kept ] || fail "the next key"
	expect_quiet
}

# An old bundle with a rotation record in it, started again, brings nothing back.
test_a_removed_key_stays_removed()
{
	key old
	key new
	cp "$BOX" b
	sign old.key b
	leave_mark b kept
	cp "$BOX" c
	run "$HOLDALL" sign --key old.key --next new.pub c
	expect_status 0
	cp "$BOX" d
	sign new.key d
	[ "$(remembers c)$(remembers d)" = keptkept ] || fail "not followed"
	run "$HOLDALL" trust remove new.pub org.example.Box
	expect_ok
	[ "$(remembers c)" = kept ] || fail "the old key"
	run "$HOLDALL" run --command sh d -- -c true
	expect_refused 125
	expect_err_has 'was removed'
	run "$HOLDALL" ls d
	expect_refused 1
	run "$HOLDALL" verify d
	expect_status 4
	expect_out_has 'removed from the app'
	run "$HOLDALL" trust
	expect_out_has "$(public new.pub)  removed"
	# All of them: the old one is not taken for a first key again.
	run "$HOLDALL" trust remove old.pub org.example.Box
	run "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
	# The words that it printed.
	# shellcheck disable=SC2046
	run $(sed "s,.*: holdall,$HOLDALL," "$T/err")
	expect_ok
	[ "$(remembers b)" = kept ] || fail "added, and yet: $(show "$T/err")"
}

# The record of another app, under this one's name, is no signature here.
test_a_record_of_another_app_is_refused()
{
	key old
	key new
	make_box box org.example.Other
	pack box other
	run "$HOLDALL" sign --key old.key --next new.pub other
	expect_status 0
	cp "$BOX" b
	sign old.key b
	leave_mark b mine
	"$HOLDALL" info --signature other >foreign
	put_signatures b foreign
	run "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
	cp "$BOX" c
	sign new.key c
	[ -z "$(remembers c)" ] || fail "it was followed"
}

test_a_damaged_list_of_keys_is_named()
{
	key me
	cp "$BOX" b
	sign me.key b
	leave_mark b mine
	local keys=$HOME/.local/share/holdall/org.example.Box/keys
	echo key=rubbish >>"$keys"
	run "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
	expect_err_has "$keys): line 2:"
	expect_err_has 'remove it'
	run "$HOLDALL" trust
	expect_refused 1
	expect_err_has "$keys"
}

# A slip in an origin's name is not kept.
test_trust_wants_an_origin_that_is_there()
{
	key me
	run "$HOLDALL" trust add me.pub org.example.Box@local-0123456789abcdef
	expect_refused 1
	expect_err_has 'nothing of org.example.Box'
	local word
	for word in org.example.Box@../../x org.example.Box@ ../x ''; do
		run "$HOLDALL" trust add me.pub "$word"
		expect_refused 1
	done
	[ ! -e "$HOME/.local" ] || fail "something was made"
}

# Nothing can be kept: nothing is started as if it had been.
test_no_place_for_keys()
{
	key me
	cp "$BOX" b
	sign me.key b
	local in=(bwrap --dev-bind / / --ro-bind "$HOME" "$HOME")
	run "${in[@]}" "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
	expect_err_has 'Read-only file system'
	expect_err_has '--home ephemeral'
	run "${in[@]}" "$HOLDALL" run --home ephemeral --command sh b -- -c 'echo in'
	expect_ok
	in=(bwrap --dev-bind / / --size 4096 --tmpfs "$HOME")
	run "${in[@]}" sh -c 'head -c 9000 /dev/zero >~/fill 2>/dev/null
		exec "$@"' sh "$HOLDALL" run --command sh b -- -c true
	expect_refused 125
	expect_err_has 'No space left'
	expect_err_has "$HOME/.local/share/holdall/org.example.Box/keys"
}

# Of two keys that come first at once one is the app's, and each has its own home.
test_two_first_keys_at_once()
{
	local i pids=()
	key one
	key two
	cp "$BOX" b
	sign one.key b
	cp "$BOX" c
	sign two.key c
	for i in 1 2 3 4; do
		"$HOLDALL" run --command sh b -- -c 'echo b >~/mark' 2>>"$T/err" &
		pids+=($!)
		"$HOLDALL" run --command sh c -- -c 'echo c >~/mark' 2>>"$T/err" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || fail "one did not start: $(show "$T/err")"
	done
	[ "$("$HOLDALL" trust --json | /usr/bin/jq '.apps[0].keys | length')" = 1 ] ||
		fail "not one key: $("$HOLDALL" trust)"
	[ "$(remembers b)$(remembers c)" = bc ] || fail "homes were mixed"
}

# An app that is signed at last: the words that lead to its old home, said once.
test_the_way_to_the_unsigned_home_is_told()
{
	key me
	cp "$BOX" b
	leave_mark b before
	cp "$BOX" c
	sign me.key c
	run "$HOLDALL" verify c
	expect_out_has 'note: org.example.Box ran here before it was signed'
	[ -z "$(remembers c)" ] || fail "it was given the home"
	expect_err_has 'holdall trust add'
	cp "$T/err" said
	[ -z "$(remembers c)" ] || fail "it was given the home"
	expect_quiet
	# shellcheck disable=SC2046
	run $(sed "s,.*: holdall,$HOLDALL," said)
	expect_ok
	[ "$(remembers c)" = before ] || fail "$(show "$T/err")"
}

test_unsigned_home_can_be_continued()
{
	key me
	cp "$BOX" b
	leave_mark b before
	local origin
	origin=$("$HOLDALL" info b --json | /usr/bin/jq -r .origin)
	run "$HOLDALL" trust add me.pub "org.example.Box@$origin"
	expect_ok
	sign me.key b
	[ "$(remembers b)" = before ] || fail "$(show "$T/err")"
}

# unsigned_is_refused WHOSE: by every verb that would start, mount or unpack it, and
# before anything is made for it.
unsigned_is_refused()
{
	local verb
	mkdir -p dir
	for verb in "run b" "run --explain b" "profile -o p b"; do
		# shellcheck disable=SC2086
		run "${in[@]}" "$HOLDALL" $verb
		expect_refused 125
		expect_err_has "$1"
	done
	run "${in[@]}" ./b true
	expect_refused 125
	for verb in "ls b" "cat b bin/sh" "extract b -o x" "mount b dir"; do
		# shellcheck disable=SC2086
		run "${in[@]}" "$HOLDALL" $verb
		expect_refused 1
		expect_err_has 'not signed'
	done
	[ ! -e x ] && [ ! -e p ] || fail "something was written"
	[ ! -e "$HOME/.local" ] || fail "made: $(find "$HOME/.local")"
	# To look at it, and to judge it, is no use of it.
	run "${in[@]}" "$HOLDALL" info b
	expect_status 0
	run "${in[@]}" "$HOLDALL" verify b
	expect_status 3
}

test_unsigned_refused_by_settings()
{
	local in=(env)
	key me
	cp "$BOX" b
	mkdir -p "$HOME/.config/holdall"
	echo unsigned=refuse >"$HOME/.config/holdall/settings"
	unsigned_is_refused 'your settings refuse'
	sign me.key b
	run "$HOLDALL" run --command sh b -- -c 'echo started'
	expect_ok
}

# The site's word stands, whatever the user's settings say.
test_unsigned_refused_by_the_site()
{
	cp "$BOX" b
	cp -a /etc "$T/etc" 2>/dev/null
	mkdir -p "$T/etc/holdall" "$HOME/.config/holdall"
	echo unsigned=refuse >"$T/etc/holdall/settings"
	echo unsigned=allow >"$HOME/.config/holdall/settings"
	local in=(bwrap --dev-bind / / --ro-bind "$T/etc" /etc)
	unsigned_is_refused '/etc/holdall/settings refuses'
}

# ---- bad ones -----------------------------------------------------------------------

bad_is_refused()
{
	run "$HOLDALL" verify b
	expect_status 1
	run "$HOLDALL" run --command sh b -- -c 'echo started'
	expect_refused 125
	run ./b --holdall run --command sh -- -c 'echo started'
	expect_refused 125
	local verb
	for verb in "ls b" "cat b bin/sh" "extract b -o x" "mount b ."; do
		# shellcheck disable=SC2086
		run "$HOLDALL" $verb
		expect_refused 1
	done
	# It is for looking.
	run "$HOLDALL" info b
	expect_ok
	expect_out_has BAD
}

test_bad_signatures_are_refused()
{
	key me
	cp "$BOX" b
	sign me.key b
	"$HOLDALL" info --signature b >good
	# Its second line, changed; that of another seal; no signature at all.
	awk 'NR == 2 { c = substr($0, 40, 1); d = c == "A" ? "B" : "A"
		$0 = substr($0, 1, 39) d substr($0, 41) } { print }' good >changed
	make_box box org.example.Box 'name: Other'
	pack box other --sign me.key
	"$HOLDALL" info --signature other >foreign
	echo rubbish >rubbish
	cut -c 1-50 good >cut
	local bad
	for bad in changed foreign rubbish cut; do
		put_signatures b $bad
		bad_is_refused
	done
	put_signatures b good
	run "$HOLDALL" run --command sh b -- -c 'echo started'
	expect_status 0
}

test_changed_comment_is_seen()
{
	key me
	key you
	cp "$BOX" b
	sign me.key b
	"$HOLDALL" info --signature b |
		sed "3s/\$/ next=$(public you.pub | sed 's,/,\\/,g')/" >changed
	put_signatures b changed
	run "$HOLDALL" verify b
	expect_status 1
	# And its word is not followed.
	leave_mark b mine
	cp "$BOX" c
	sign you.key c
	[ -z "$(remembers c)" ] || fail "a forged rotation was followed"
}

test_flipped_bytes_at_the_end()
{
	key me
	cp "$BOX" b
	sign me.key b
	"$PYTHON" - b "$HOLDALL" <<'PY' >"$T/out" 2>&1 || fail "$(show "$T/out")"
import random, subprocess, sys
data = open("b", "rb").read()
start = int.from_bytes(data[-192 + 48:-192 + 56], "little")
random.seed(1)
for at in random.sample(range(start, len(data)), 60):
    d = bytearray(data)
    d[at] ^= 1 << random.randrange(8)
    open("f", "wb").write(d)
    r = subprocess.run([sys.argv[2], "run", "--command", "sh", "f", "--",
                        "-c", "true"], capture_output=True)
    assert r.returncode == 125, (at, r)
    assert r.stderr.count(b"\n") == 1 and len(r.stderr) > 30, (at, r)
PY
}

# Anywhere in the file: never good, never silent.  Only the stub is nobody's.
test_a_thousand_flipped_bytes()
{
	key me
	cp "$BOX" b
	sign me.key b
	"$PYTHON" - b "$HOLDALL" <<'PY' >"$T/out" 2>&1 || fail "$(show "$T/out")"
import os, random, subprocess, sys, time
fd = os.open("b", os.O_RDWR)
size = os.fstat(fd).st_size
trailer = os.pread(fd, 192, size - 192)
stub = int.from_bytes(trailer[80:88], "little")
parts = [int.from_bytes(trailer[o:o + 8], "little") for o in (16, 32, 48, 64)]
# Some in each part (stub, padding, payload, tree, seal, signatures, trailer), the
# others anywhere.
bounds = [0, stub] + parts + [size - 192, size]
random.seed(2)
places = [random.randrange(a, b) for a, b in zip(bounds, bounds[1:]) if a < b
          for _ in range(8)]
places += [random.randrange(size) for _ in range(1000 - len(places))]
end, done = time.monotonic() + 40, 0
for at in places:
    old = os.pread(fd, 1, at)
    os.pwrite(fd, bytes([old[0] ^ 1 << random.randrange(8)]), at)
    r = subprocess.run([sys.argv[2], "verify", "b"], capture_output=True,
                       text=True)
    os.pwrite(fd, old, at)
    assert "stub: " in r.stdout or r.returncode == 1, (at, r)
    if at < stub:
        assert r.returncode == 4 and "stub: not covered" in r.stdout, (at, r)
    else:
        assert r.returncode == 1, (at, r)
        assert r.stderr.startswith("holdall: ") and "b" in r.stderr, (at, r)
        assert r.stderr.count("\n") == 1 and len(r.stderr) > 40, (at, r)
    done += 1
    if time.monotonic() > end:
        break
assert done >= 100, done
print(done, "places")
PY
	cat "$T/out"
}

suite_main "$@"
