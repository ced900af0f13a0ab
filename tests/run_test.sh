#!/bin/bash
# run_test.sh - running bundles: arguments, files, pipes, status, names
. "$(dirname "$0")/lib.sh"

# ---- what the README shows -----------------------------------------------------

test_jq_reads_a_named_file()
{
	echo '{"a": [1, 2]}' >data.json
	run "$JQ" -c . data.json
	expect_ok
	expect_out '{"a":[1,2]}'
}

test_jq_reads_a_pipe()
{
	echo '{"b":1}' | run "$JQ" .b
	expect_ok
	expect_out 1
}

test_jq_reads_a_process_substitution()
{
	run "$JQ" . <(echo 1)
	expect_ok
	expect_out 1
}

test_jq_by_the_command()
{
	run "$HOLDALL" run "$JQ" -- -n 1
	expect_ok
	expect_out 1
}

test_command_without_dashes()
{
	run "$HOLDALL" run "$JQ" -n 1
	expect_ok
	expect_out 1
}

test_python_script()
{
	echo 'import sys; print("hello", sys.argv[1:])' >script.py
	run "$PY" script.py a 'b c'
	expect_ok
	expect_out "hello ['a', 'b c']"
}

test_python_modules()
{
	run "$PY" -c 'import ssl, json, sqlite3, hashlib, zlib, ctypes
c = sqlite3.connect(":memory:")
print(c.execute("select 6*7").fetchone()[0], ssl.OPENSSL_VERSION[:7])'
	expect_ok
	expect_out_has '42 OpenSSL'
}

# ---- status ----------------------------------------------------------------------

test_status_of_the_app()
{
	run "$BOX" sh -c 'exit 3'
	expect_status 3
	expect_quiet
	run "$HOLDALL" run "$BOX" sh -c 'exit 255'
	expect_status 255
}

test_death_by_signal()
{
	local sig
	ulimit -c 0
	for sig in TERM:-15 KILL:-9 SEGV:-11 INT:-2 HUP:-1 USR1:-10 PIPE:-13; do
		[ "$(how_died "$BOX" sh -c "kill -${sig%:*} \$\$")" = "${sig#*:}" ] ||
			fail "not dead of SIG${sig%:*}"
	done
	# What a shell shows of it.
	run "$BOX" sh -c 'kill -TERM $$'
	expect_status 143
	run "$BOX" sh -c 'kill -SEGV $$'
	expect_status 139
}

test_signals_reach_the_app()
{
	local sig
	for sig in TERM HUP INT QUIT USR1 USR2; do
		# In the background a shell ignores INT and QUIT: python starts it.
		run "$PYTHON" -c '
import signal, subprocess, sys
p = subprocess.Popen([sys.argv[1], "sh", "-c",
    "trap \"echo got; exit 7\" %s; echo ready; while :; do sleep 0.05; done"
    % sys.argv[2]], stdout=subprocess.PIPE)
p.stdout.readline()
p.send_signal(getattr(signal, "SIG" + sys.argv[2]))
print(p.communicate()[0].decode().strip(), p.returncode)
' "$BOX" "$sig"
		expect_out 'got 7'
	done
}

# The app says that it runs, and gets a signal at once, while pid 1 and the supervisor
# are late: it was not a signal before the start.
test_signal_right_after_the_start()
{
	strace -qq -o /dev/null true 2>/dev/null || skip "strace cannot trace here"
	run "$PYTHON" -c '
import os, signal, subprocess, sys
p = subprocess.Popen(["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
    "-e", "trace=vfork,poll", "-e", "inject=vfork,poll:delay_exit=300000",
    sys.argv[1], "sh", "-c",
    "trap \"echo got; exit 7\" USR2; echo ready; while :; do sleep 0.05; done"],
    stdout=subprocess.PIPE)
p.stdout.readline()
supervisor, = open(f"/proc/{p.pid}/task/{p.pid}/children").read().split()
os.kill(int(supervisor), signal.SIGUSR2)
print(p.communicate()[0].decode().strip(), p.returncode)
' "$BOX"
	expect_out 'got 7'
}

# One signal to us is one signal to the app.  What comes twice comes before the next:
# they are handed on in order.
test_signal_arrives_once()
{
	run "$PYTHON" -c '
import signal, subprocess, sys
p = subprocess.Popen([sys.argv[1], "-c", """
import signal, sys
wanted = signal.SIGUSR1, signal.SIGUSR2
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
while True:
    sig = signal.sigwait(wanted)
    print(sig.name, flush=True)
    if sig == signal.SIGUSR2:
        break
"""], stdout=subprocess.PIPE)
p.stdout.readline()
for sig in signal.SIGUSR1, signal.SIGUSR1, signal.SIGUSR2:
    p.send_signal(sig)
    print(p.stdout.readline().decode().strip())
print(p.wait())' "$PY"
	expect_out $'SIGUSR1\nSIGUSR1\nSIGUSR2\n0'
}

# pack refuses such a thing: somebody else's bundler may not.
forge_command()
{
	"$PYTHON" "$TREE/tests/mutate.py" edit "$BOX" "$T/work/b.holdall" \
		header.command=/bin/busybox "header.command=$1" ||
		fail "cannot forge a bundle"
	chmod 755 b.holdall
}

test_missing_program_is_127()
{
	forge_command /bin/nosuch
	run ./b.holdall
	expect_refused 127
	expect_err_has /bin/nosuch
	forge_command nosuch
	run ./b.holdall
	expect_refused 127
}

test_unrunnable_program_is_126()
{
	forge_command /bin/note
	run ./b.holdall
	expect_refused 126
	expect_err_has /bin/note
	forge_command /bin/garbage
	run ./b.holdall
	expect_refused 126
	forge_command /bin
	run ./b.holdall
	expect_refused 126
}

# ---- words -------------------------------------------------------------------------

test_holdall_is_the_only_reserved_word()
{
	run "$BOX" echo --holdall
	expect_ok
	expect_out --holdall
	run "$BOX" --holdall -- echo --holdall info
	expect_ok
	expect_out '--holdall info'
	run "$BOX" --holdall info
	expect_ok
	expect_out_has org.example.Box
	run "$BOX" echo --help --version -v -- x
	expect_ok
	expect_out '--help --version -v -- x'
}

test_holdall_alone_is_usage()
{
	run "$BOX" --holdall
	[ "$status" -ne 0 ] || fail "status 0"
	run "$BOX" --holdall nosuchverb
	expect_refused 2
}

test_commands_by_name()
{
	run "$HOLDALL" run --command sh "$BOX" -- -c 'echo by option'
	expect_ok
	expect_out 'by option'
	ln -s "$BOX" sh
	run ./sh -c 'echo by name'
	expect_ok
	expect_out 'by name'
	run "$HOLDALL" run --command nosuch "$BOX"
	expect_refused 127
	expect_err_has nosuch
}

test_environment()
{
	export SECRET_TOKEN=abc LD_PRELOAD_X=1 LANG=C.UTF-8 TERM=vt100
	run "$BOX" env
	expect_ok
	expect_out_lacks SECRET_TOKEN
	expect_out_lacks LD_PRELOAD_X
	expect_out_has TERM=vt100
	expect_out_has "HOME=$HOME"
	run "$HOLDALL" run --env A=b --env 'C=d e' "$BOX" env
	expect_out_has A=b
	expect_out_has 'C=d e'
}

test_manifest_environment_and_workdir()
{
	make_box b org.example.Env 'environment: {COLOUR: "red green"}' \
		'workdir: /tmp'
	pack b b.holdall
	run ./b.holdall sh -c 'echo "$COLOUR $(pwd)"'
	expect_ok
	expect_out 'red green /tmp'
}

test_workdir_is_the_callers()
{
	run "$BOX" pwd
	expect_ok
	expect_out "$PWD"
}

# ---- streams ------------------------------------------------------------------------

test_binary_through_a_pipe()
{
	head -c 1048576 /dev/urandom >data
	"$BOX" cat <data 2>"$T/err" | cmp - data || fail "bytes changed"
	cat data | "$BOX" cat 2>"$T/err" | cat >copy
	cmp data copy || fail "bytes changed between two pipes"
	expect_quiet
}

test_closed_streams()
{
	run "$BOX" sh -c 'echo out; echo err >&2' <&-
	expect_status 0
	expect_out out
	"$BOX" sh -c 'exit 4' >&-
	[ $? -eq 4 ] || fail "with stdout closed"
	"$BOX" sh -c 'exit 5' 2>&-
	[ $? -eq 5 ] || fail "with stderr closed"
	"$BOX" sh -c 'exit 6' <&- >&- 2>&-
	[ $? -eq 6 ] || fail "with all three closed"
	# No descriptor of ours may have slipped into a free place.
	run "$BOX" sh -c 'ls -l /proc/self/fd' <&-
	! grep -E ' [0-2] -> ' "$T/out" | grep -vE ' /dev/null$|/out$|/err$' ||
		fail "a descriptor of ours as a standard one"
}

test_full_device()
{
	"$BOX" cat <"$BOX" >/dev/full 2>"$T/err"
	[ $? -eq 1 ] || fail "cat on /dev/full did not fail as cat does"
	"$HOLDALL" info "$BOX" >/dev/full 2>"$T/err"
	status=$?
	expect_status 1
}

test_head_ends_it()
{
	timeout "$PATIENCE" "$BOX" yes | head -n 1 >"$T/out"
	set -- "${PIPESTATUS[@]}"
	expect_out y
	[ "$1" -eq 141 ] || [ "$1" -eq 1 ] || fail "status $1, not SIGPIPE"
	[ "$(how_died "$BOX" sh -c 'kill -PIPE $$')" = -13 ] || fail "SIGPIPE"
}

test_ignored_signals_are_default_again()
{
	# A caller's ignored SIGPIPE and SIGCHLD must not break the app's.
	run "$PYTHON" -c '
import signal, subprocess, sys
def ignore():
    for s in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGUSR1):
        signal.signal(s, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR2})
sys.exit(subprocess.call([sys.argv[1], "grep", "^Sig\\(Blk\\|Ign\\)",
    "/proc/self/status"], preexec_fn=ignore))' "$BOX"
	expect_ok
	# Of 1 to 31: two above are the C library's own.
	[ "$(grep -cE '[0-9a-f]{8}[08]0000000$' "$T/out")" -eq 2 ] ||
		fail "inherited: $(show "$T/out")"
}

# ---- arguments -----------------------------------------------------------------------

test_many_and_odd_arguments()
{
	local args=() i
	for i in $(seq 1 3000); do args+=("argument number $i"); done
	run "$BOX" sh -c 'echo $# "$3000"' x "${args[@]}"
	expect_ok
	expect_out '3000 argument number 3000'
	run "$BOX" printf '%s|' '' $'a\nb' $'\xff' '*' '$(x)'
	expect_ok
	printf '%s|' '' $'a\nb' $'\xff' '*' '$(x)' | cmp -s - "$T/out" ||
		fail "arguments changed"
}

# Arguments that the kernel takes for us, but not with the few variables we add.
test_argument_list_too_long()
{
	run "$PYTHON" - "$BOX" <<'PY'
import errno, subprocess, sys
box, seen = sys.argv[1], set()
def attempt(total):
    n, rest = divmod(total, 100000)
    args = ["x" * 99999] * n + ["y" * max(rest - 1, 1)]
    try:
        p = subprocess.run([box, "true"] + args, env={},
                           capture_output=True)
    except OSError as e:
        assert e.errno == errno.E2BIG, e
        return None
    return p
low, high = 100000, 8 << 20
while high - low > 16:
    mid = (low + high) // 2
    if attempt(mid) is None:
        high = mid
    else:
        low = mid
p = attempt(low)
print(p.returncode, len(p.stderr.splitlines()), p.stderr.decode()[:300])
PY
	expect_out_has '125 1 '
	expect_out_has 'rgument list too long'
}

test_empty_argv0()
{
	run bash -c 'exec -a "" "$0" echo hi' "$BOX"
	expect_refused 125
	run bash -c 'exec -a "" "$0" info x' "$HOLDALL"
	[ "$status" -ne 0 ] || fail "holdall with an empty name went on"
}

# ---- names -----------------------------------------------------------------------------

odd_names=('with space' $'new\nline' 'co:lon' 'com,ma' 'back\slash' $'b\xff\xfe'
	'-dash' 'upper=dir' '%41' "quo'te\"s" '{brace}' 'ümlaut')

test_odd_bundle_names()
{
	local name
	for name in "${odd_names[@]}"; do
		cp "$BOX" "./$name"
		run "./$name" echo hello
		expect_ok
		expect_out hello
		run "$HOLDALL" run -- "./$name" echo hello
		expect_ok
		expect_out hello
	done
}

test_odd_file_names()
{
	local name
	for name in "${odd_names[@]}"; do
		printf '%s\n' "$name" >"./$name"
		run "$BOX" cat "./$name"
		expect_ok
		expect_out "$name"
		run "$BOX" cat "$PWD/$name"
		expect_ok
		expect_out "$name"
	done
}

test_odd_folder_names()
{
	local name
	for name in "${odd_names[@]}"; do
		mkdir "./$name"
		cd "./$name" || exit 1
		echo inside >f
		run "$BOX" cat f
		expect_ok
		expect_out inside
		run "$HOLDALL" run --permit files=cwd:rw "$BOX" sh -c 'echo new >n'
		expect_ok
		grep -q new n || fail "not written in '$name'"
		cd .. || exit 1
	done
}

test_odd_homes()
{
	local name
	for name in "${odd_names[@]}"; do
		HOME="$T/home/$name"
		mkdir "$HOME"
		run "$BOX" sh -c 'echo kept >~/f; cat ~/f'
		expect_ok
		expect_out kept
	done
}

# ---- named files -------------------------------------------------------------------------

test_named_file_is_read_only()
{
	echo old >f
	run "$BOX" sh -c 'echo new >f' f
	[ "$status" -ne 0 ] || fail "it was written"
	grep -qx old f || fail "the file changed"
}

test_no_file_without_its_name()
{
	echo secret >f
	run "$BOX" sh -c 'cat f'
	[ "$status" -ne 0 ] || fail "a file was read that nobody named"
	run "$BOX" sh -c 'cat f' --file=f
	[ "$status" -ne 0 ] || fail "--file=f named it"
	run "$BOX" ls .
	expect_ok
	expect_out_lacks f
}

test_dot_grants_no_folder()
{
	echo secret >f
	run "$BOX" ls . .. "$PWD"
	expect_out_lacks secret
	expect_out_lacks "$(basename "$T")x"
	run "$BOX" cat ./f
	expect_ok
}

test_system_files_are_not_passed()
{
	run "$BOX" cat /etc/shadow /etc/hostname
	[ "$status" -ne 0 ] || fail "a file of the host's /etc"
	expect_err_has /etc/hostname
}

test_link_out_of_its_folder_is_not_passed()
{
	mkdir in out
	echo secret >out/f
	ln -s ../out/f in/link
	ln -s "$PWD/out/f" in/abs
	run "$BOX" cat in/link
	[ "$status" -ne 0 ] || fail "followed a link out of its folder"
	expect_err_has in/link
	run "$BOX" cat in/abs
	[ "$status" -ne 0 ] || fail "followed an absolute link"
	echo fine >in/real
	ln -s real in/beside
	run "$BOX" cat in/beside
	expect_ok
	expect_out fine
}

test_protected_file_is_not_passed()
{
	mkdir -p "$HOME/.ssh"
	echo key >"$HOME/.ssh/id"
	run "$BOX" cat "$HOME/.ssh/id"
	[ "$status" -ne 0 ] || fail "a key of ~/.ssh was readable"
	expect_err_has .ssh/id
}

test_writing_the_cwd_says_how()
{
	run "$BOX" cp /bin/note new.txt
	[ "$status" -ne 0 ] || fail "written"
	expect_err_has 'Read-only file system'
	tail -n 1 "$T/err" | grep -qF -- '--permit files=cwd:rw' ||
		fail "the last line does not say how: $(show "$T/err")"
	[ ! -e new.txt ] || fail "it is there"
}

# ---- surroundings ---------------------------------------------------------------------------

test_no_home_variable()
{
	run env -u HOME "$BOX" echo hi
	case $status in
	0) expect_out hi ;;
	*) expect_refused 125 ;;
	esac
	for h in relative/home / /nonexistent/home ''; do
		run env HOME="$h" "$BOX" echo hi
		case $status in
		0) expect_out hi ;;
		*) expect_refused 125 ;;
		esac
	done
}

test_no_runtime_directory()
{
	run env -u XDG_RUNTIME_DIR "$BOX" echo hi
	expect_ok
	expect_out hi
	mkdir -m 755 wrong
	run env XDG_RUNTIME_DIR=/nonexistent "$BOX" echo hi
	case $status in
	0) expect_out hi ;;
	*) expect_refused 125 ;;
	esac
}

test_noexec_tmpdir()
{
	run unshare -Urm sh -c 'mount -t tmpfs -o noexec none /mnt &&
		TMPDIR=/mnt "$0" echo hi' "$BOX"
	expect_ok
	expect_out hi
}

test_bundle_on_a_noexec_mount()
{
	run unshare -Urm sh -c 'mount -t tmpfs -o noexec none /mnt &&
		cp "$1" /mnt/b.holdall && "$0" run /mnt/b.holdall echo hi' \
		"$HOLDALL" "$BOX"
	expect_ok
	expect_out hi
}

test_bundle_without_x()
{
	cp "$BOX" b.holdall
	chmod 444 b.holdall
	run "$HOLDALL" run b.holdall echo hi
	expect_ok
	expect_out hi
}

test_deleted_and_moved_cwd()
{
	mkdir gone
	cd gone || exit 1
	rmdir ../gone
	run "$BOX" echo hi
	case $status in
	0) expect_out hi ;;
	*) expect_refused 125 ;;
	esac
}

test_umask_and_limits_stay()
{
	umask 027
	ulimit -Sn 200
	run "$BOX" sh -c 'umask; ulimit -n'
	expect_ok
	grep -qx 0027 "$T/out" || fail "umask: $(show "$T/out")"
	grep -qx 200 "$T/out" || fail "limit: $(show "$T/out")"
}

test_many_at_once()
{
	local i pids=() bad=0
	for i in $(seq 1 20); do
		"$HOLDALL" run --home ephemeral "$BOX" echo $i >"$T/o.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || bad=$((bad + 1))
	done
	[ $bad -eq 0 ] || fail "$bad of 20 failed: $(cat "$T"/o.*)"
}

# Some hundred orphans leave no zombie, and the end of the app ends the rest.
test_orphans_are_reaped()
{
	run "$BOX" sh -c 'i=0
		while [ $i -lt 300 ]; do (true &); i=$((i + 1)); done
		while ps -o stat | grep -q Z; do sleep 0.1; done
		i=0; for p in /proc/[0-9]*; do i=$((i + 1)); done; echo $i'
	[ "$(cat "$T/out")" -lt 20 ] || fail "orphans: $(show "$T/out")"
	run timeout "$PATIENCE" "$BOX" sh -c '(sleep 1000 >/dev/null 2>&1 &); echo done'
	expect_ok
	expect_out done
}

suite_main "$@"
