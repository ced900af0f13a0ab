#!/bin/bash
# pack_test.sh - packing: what goes in, and bad input that leaves no file
. "$(dirname "$0")/lib.sh"

# Nothing half-made: neither the output nor a temporary beside it.
expect_no_file()
{
	[ ! -e "$1" ] || fail "$1 is there"
	local left
	left=$(find "$(dirname "$1")" -maxdepth 1 -name '*holdall*' ! -name \
		holdall.yaml ! -name '*.yaml' -print | head -n 3)
	[ -z "$left" ] || fail "left: $left"
}

refuse_pack()
{
	run timeout "$PATIENCE" "$HOLDALL" pack "$@" -o out/b.holdall
	expect_status 1
	expect_no_file out/b.holdall
}

test_files_bring_what_they_need()
{
	run "$HOLDALL" ls "$PY" /usr/bin
	expect_ok
	run "$PY" -c 'import sys, os
print(all(p.startswith("/usr") for p in sys.path if p))
print(os.path.exists("/usr/lib/x86_64-linux-gnu/libc.so.6") or
      os.path.exists("/lib/x86_64-linux-gnu/libc.so.6"))'
	expect_ok
	expect_out $'True\nTrue'
}

test_a_script_brings_its_interpreter()
{
	printf 'schema: 1\nid: org.example.Script\nversion: "1"\n' >holdall.yaml
	# Some script of the system that is there on every Debian.
	printf 'command: /usr/bin/ldd\nsources:\n  - files: [/usr/bin/ldd]\n' \
		>>holdall.yaml
	head -n 1 /usr/bin/ldd | grep -q bash || skip "ldd is no bash script"
	pack . script.holdall
	run ./script.holdall --version
	expect_ok
	expect_out_has ldd
}

test_default_output()
{
	make_box b org.example.Default
	sed -i 's,^command:.*,command: /bin/sh,' b/holdall.yaml
	run "$HOLDALL" pack --fast b/holdall.yaml
	expect_status 0
	[ -x sh.holdall ] || [ -x b/sh.holdall ] || fail "no sh.holdall"
}

test_output_is_executable_and_whole()
{
	umask 022
	make_box b org.example.Mode
	pack b b.holdall
	[ "$(stat -c %a b.holdall)" = 755 ] || fail "mode $(stat -c %a b.holdall)"
	# Packing over an old one replaces it, also while it runs.
	start_it
	make_box b org.example.Mode 'environment: {N: "2"}'
	pack b b.holdall
	kill "$it"
}

start_it()
{
	BOX=./b.holdall start_box it sleep 300
	it=$sup
}

test_special_names_in_a_tree()
{
	make_box b org.example.Names
	mkdir -p b/tree/names
	local name
	for name in 'a b' $'new\nline' $'\xff\xfe' 'back\slash' 'co:lon' '-dash' \
		"$(printf 'n%.0s' {1..255})"; do
		printf '%s' "$name" >"b/tree/names/$name"
	done
	pack b b.holdall
	run ./b.holdall sh -c 'cd /names && for f in *; do
		[ "$(cat -- "$f")" = "$f" ] && echo same; done'
	expect_ok
	[ "$(grep -c same "$T/out")" -eq 7 ] || fail "$(show "$T/out")"
	run "$HOLDALL" extract b.holdall -o x
	expect_status 0
	diff -r b/tree/names x/names || fail "extracted otherwise"
}

# A tree with a /bin of its own is as good as one with /usr/bin.
test_tree_with_an_own_bin()
{
	mkdir -p b/tree/bin b/tree/lib
	cp /bin/busybox b/tree/bin/busybox-own
	echo x >b/tree/lib/data
	printf 'schema: 1\nid: org.example.OwnBin\nversion: "1"\n' \
		>b/holdall.yaml
	printf 'command: [/bin/busybox-own, cat, /lib/data]\nsources:\n  - dir: ./tree\n' \
		>>b/holdall.yaml
	pack b b.holdall
	run ./b.holdall
	expect_ok
	expect_out x
}

test_setuid_and_devices_stay_out()
{
	make_box b org.example.Setuid
	cp /bin/busybox b/tree/usr/bin/su
	chmod 4755 b/tree/usr/bin/su
	mkfifo b/tree/fifo
	pack b b.holdall
	run ./b.holdall sh -c 'stat -c %a /bin/su; ls /fifo'
	expect_out 755
}

# ---- bad input ----------------------------------------------------------------------

test_missing_source()
{
	mkdir out
	make_box b org.example.MissingSource
	rm -rf b/tree
	refuse_pack b/holdall.yaml
	expect_err_has tree
	make_box c org.example.MissingFile '  - files: [/usr/bin/nosuchprogram]'
	refuse_pack c/holdall.yaml
	expect_err_has nosuchprogram
}

test_missing_command()
{
	mkdir out
	make_box b org.example.MissingCommand
	sed -i 's,^command:.*,command: nosuchcommand,' b/holdall.yaml
	refuse_pack b/holdall.yaml
	expect_err_has nosuchcommand
}

test_unreadable_file()
{
	[ "$(id -u)" -ne 0 ] || skip "root reads everything"
	mkdir out
	make_box b org.example.Unreadable
	echo x >b/tree/secret
	chmod 000 b/tree/secret
	refuse_pack b/holdall.yaml
	line=$(grep -n -- '- dir:' b/holdall.yaml | cut -d: -f1)
	folder=$(sed -n 's/.*- dir: *//p' b/holdall.yaml)
	expect_err_has "holdall.yaml:$line: cannot read $folder/secret: "
	# Nobody minds what is left out.
	printf 'exclude: [/secret]\n' >>b/holdall.yaml
	pack b b.holdall
	[ ! -r /etc/shadow ] || skip "/etc/shadow can be read"
	printf 'schema: 1\nid: org.x.Y\nversion: "1"\ncommand: x\n' >f.yaml
	printf 'sources:\n  - files: [/etc/shadow]\n' >>f.yaml
	refuse_pack f.yaml
	expect_err_has 'f.yaml:6: cannot read /etc/shadow: '
}

test_no_manifest()
{
	mkdir out empty
	refuse_pack nosuch.yaml
	refuse_pack empty
	refuse_pack /dev/null
	make_box b org.example.Many
	run "$HOLDALL" pack
	[ "$status" -ne 0 ] || fail "status 0"
	expect_err_has 'holdall init PACKAGE|PROGRAM'
}

test_broken_manifests()
{
	mkdir out
	local file n=0
	for file in "$TREE"/tests/manifests-bad/*.yaml; do
		run timeout "$PATIENCE" "$HOLDALL" pack "$file" -o out/b.holdall
		[ "$status" -eq 1 ] || fail "$(basename "$file"): status $status"
		[ -s "$T/err" ] || fail "$(basename "$file"): nothing said"
		n=$((n + 1))
	done
	expect_no_file out/b.holdall
	[ $n -ge 40 ] || fail "only $n broken manifests"
}

test_a_bundle_is_no_manifest()
{
	mkdir out
	refuse_pack "$BOX"
	expect_err_has "not a manifest"
}

# A bad place is said before the work: here before a source is missed.
test_output_is_tried_first()
{
	make_box b org.example.First
	rm -rf b/tree
	run "$HOLDALL" pack b/holdall.yaml --fast -o nosuchdir/b
	expect_status 1
	expect_err_has nosuchdir
}

test_output_that_cannot_be()
{
	make_box b org.example.Output
	run "$HOLDALL" pack b/holdall.yaml --fast -o nosuchdir/b
	expect_status 1
	expect_err_has nosuchdir
	mkdir ro dir
	chmod 555 ro
	run "$HOLDALL" pack b/holdall.yaml --fast -o ro/b
	expect_status 1
	run "$HOLDALL" pack b/holdall.yaml --fast -o dir
	expect_status 1
}

test_full_disk()
{
	make_box b org.example.Full
	head -c 3000000 /dev/urandom >b/tree/big
	local size
	for size in 64k 1m 2m 3m; do
		run unshare -Urm sh -c 'mount -t tmpfs -o size='$size' none "$1" &&
			{ "$0" pack b/holdall.yaml --fast -o "$1/b"; r=$?
			ls -A "$1"; exit $r; }' "$HOLDALL" "$T/run"
		expect_status 1
		[ ! -s "$T/out" ] || fail "left on the disk: $(show "$T/out")"
		expect_err_match 'space|full'
	done
}

# Ctrl-C at any moment leaves nothing.
test_interrupt_at_any_moment()
{
	mkdir out
	make_box b org.example.Interrupt
	head -c 4000000 /dev/urandom >b/tree/big
	seq 1 400000 >b/tree/text
	run "$PYTHON" - "$HOLDALL" <<'PY'
import os, random, signal, subprocess, sys, time
random.seed(3)
stopped = 0
start = time.monotonic()
cmd = [sys.argv[1], "pack", "b/holdall.yaml", "-o", "out/b.holdall"]
subprocess.run(cmd, check=True, capture_output=True)
whole = time.monotonic() - start
os.unlink("out/b.holdall")
for i in range(24):
    p = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    start = time.monotonic()
    try:
        p.wait(whole * i / 22)
        whole = time.monotonic() - start    # the machine is less busy now
    except subprocess.TimeoutExpired:
        pass
    p.send_signal((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[i % 3])
    p.wait()
    left = os.listdir("out")
    if p.returncode == 0:
        assert left == ["b.holdall"], left
        os.unlink("out/b.holdall")
    else:
        stopped += 1
        assert not left, f"left after {i}/22: {left}"
assert stopped, "none was stopped"
print("end")
PY
	expect_out end
}

test_kill_leaves_no_output()
{
	mkdir out
	make_box b org.example.Kill
	head -c 4000000 /dev/urandom >b/tree/big
	local i
	for i in 1 3 6 9; do
		"$HOLDALL" pack b/holdall.yaml -o out/b.holdall >/dev/null 2>&1 &
		local p=$!
		sleep 0.0$i
		kill -KILL $p
		wait $p 2>/dev/null
		[ ! -e out/b.holdall ] || fail "a half-made file under its name"
	done
	run "$HOLDALL" pack b/holdall.yaml --fast -o out/b.holdall
	expect_status 0
}

test_a_file_that_changes_while_it_is_read()
{
	mkdir out
	make_box b org.example.Change
	head -c 30000000 /dev/zero >b/tree/big
	(while :; do echo x >>b/tree/big; sleep 0.001; done) &
	local p=$!
	run timeout "$PATIENCE" "$HOLDALL" pack b/holdall.yaml --fast -o out/b.holdall
	kill $p
	case $status in
	0) "$HOLDALL" verify out/b.holdall >/dev/null 2>&1
		[ $? -eq 3 ] || fail "packed, but not good" ;;
	1) expect_err_has big ;;
	*) fail "status $status" ;;
	esac
}

test_foreign_architecture()
{
	mkdir out
	make_box b org.example.Arch
	# e_machine of the busybox: AArch64.
	printf '\xb7\0' | dd of=b/tree/usr/bin/busybox bs=1 seek=18 conv=notrunc \
		status=none
	run "$HOLDALL" pack b/holdall.yaml --fast -o out/b.holdall
	if [ "$status" -eq 0 ]; then
		run ./out/b.holdall
		case $status in 125 | 126) expect_refused $status ;; *)
			fail "status $status" ;; esac
	else
		expect_status 1
		expect_no_file out/b.holdall
	fi
}

suite_main "$@"
