#!/bin/bash
# hostile_test.sh - one test for each promise that an attacker tried to break
#
# The attackers: an app that is granted something and wants more, one that plants
# things in its home for the next run, another app of the same user, a file with a
# nasty name, and a careless user.  Each test names the promise; what must not
# happen is looked for on the host, never only in what the app says.
. "$(dirname "$0")/lib.sh"

RUN=("$HOLDALL" run --home ephemeral)

# inside SCRIPT [ARG...]: in a throw-away home, no permissions.
inside()
{
	run "${RUN[@]}" "$BOX" sh -c "$@"
}

# granted PERMISSION SCRIPT [ARG...]
granted()
{
	local perm=$1
	shift
	run "${RUN[@]}" --permit "$perm" "$BOX" sh -c "$@"
}

# The grant is refused before anything runs, and nothing appears at FILE.
expect_no_grant()
{
	local perm=$1 file=$2
	shift 2
	run env "$@" "${RUN[@]}" --permit "$perm" "$BOX" sh -c \
		'echo evil >"$0"; mkdir -p "$0"' "$file"
	expect_refused 125
	[ ! -e "$file" ] || fail "$perm made $file on the host"
}

# ---- pid 1 ---------------------------------------------------------------------

# The moment between the app's birth and pid 1's own locking is made long.
test_init_is_closed_from_the_first_moment()
{
	command -v strace >/dev/null || skip "no strace"
	SECRET_OF_CALLER=1 run strace -f -qq -o /dev/null -e trace=setsid \
		-e inject=setsid:delay_enter=400000 "${RUN[@]}" "$BOX" sh -c \
		'cat /proc/1/environ; true <>/proc/1/mem && echo MEMORY
		ls /proc/1/fd; echo ran'
	expect_out ran
}

test_init_shows_nothing_of_the_command_line()
{
	run "${RUN[@]}" --env TOKEN=of-the-app "$BOX" sh -c \
		'cat /proc/1/cmdline'
	expect_ok
	expect_out_lacks of-the-app
	expect_out_lacks "$BUNDLES"
}

test_init_cannot_be_changed_from_inside()
{
	inside 'for f in comm oom_score_adj coredump_filter clear_refs; do
		{ echo 0 >/proc/1/$f; } 2>/dev/null && echo "wrote $f"
	done
	kill -9 1; kill -STOP 1; echo alive'
	expect_out alive
}

test_kernel_switches_cannot_be_written()
{
	inside 'find /proc/sys /proc/irq /proc/bus -type f 2>/dev/null |
		while read -r f; do
			[ ! -w "$f" ] || echo "$f"
		done | grep -v ns_last_pid; echo done'
	expect_out 'done'
}

# The server ends first then, for its mount is gone: it is not to blame.
test_killed_init_is_not_a_dead_server()
{
	start_box kill sleep 300
	kill -KILL "$init"
	wait "$sup"
	[ $? -eq 137 ] || fail "not killed by the same signal"
	[ ! -s "$T/kill.err" ] || fail "said: $(show "$T/kill.err")"
}

# ---- descriptors ---------------------------------------------------------------

test_numbers_of_our_own_descriptors_are_not_passed()
{
	inside 'ls -l /proc/self/fd | grep -E "lock$|holdall$|socket:"; echo done' \
		x /dev/fd/{3..15}
	expect_out 'done'
}

# ---- grants and protected places -------------------------------------------------

test_home_behind_a_link_protects_the_same()
{
	ln -s home "$T/link"
	local place
	for place in .config/autostart bin .ssh .local/bin; do
		expect_no_grant "files=~/$place:create" "$HOME/$place" \
			HOME="$T/link"
	done
}

test_home_behind_a_link_hides_the_same()
{
	ln -s home "$T/link"
	mkdir -p "$HOME/.config/autostart" "$HOME/.config/plain"
	echo secret >"$HOME/.config/autostart/file"
	run env HOME="$T/link" "${RUN[@]}" --permit 'files=~/.config:ro' \
		"$BOX" sh -c 'ls ~/.config; cat ~/.config/autostart/*'
	expect_out_has plain
	expect_out_lacks secret
}

test_protected_place_that_a_link_will_lead_to()
{
	mkdir -p "$HOME/dot/config" "$HOME/dots"
	ln -s dot/config "$HOME/.config"
	ln -s dots/zshrc "$HOME/.zshrc"
	expect_no_grant 'files=~/dot:rw' "$HOME/dot/config/autostart"
	expect_no_grant 'files=~/dots:rw' "$HOME/dots/zshrc"
}

# The link in the middle could be replaced.
test_protected_place_behind_a_chain_of_links()
{
	mkdir -p "$HOME/dots" "$HOME/real"
	echo mine >"$HOME/real/zshrc"
	ln -s ../real/zshrc "$HOME/dots/zshrc"
	ln -s dots/zshrc "$HOME/.zshrc"
	granted 'files=~/dots:rw' 'rm ~/dots/zshrc; echo evil >~/dots/zshrc'
	expect_refused 125
	[ "$(cat "$HOME/.zshrc")" = mine ] || fail "the shell runs the app's"
}

test_state_is_protected_however_its_folder_is_written()
{
	local data
	mkdir -p "$HOME/data"
	ln -s data "$HOME/link"
	for data in "$HOME//data/" "$HOME/link" "$HOME/data/../data"; do
		run env XDG_DATA_HOME="$data" "$HOLDALL" run "$BOX" true
		expect_ok
		expect_no_grant 'files=~/data:rw' "$HOME/data/x" \
			XDG_DATA_HOME="$data"
	done
}

test_protected_places_cannot_be_granted()
{
	local place
	for place in .ssh bin .local/bin .config/autostart .local/share/holdall \
		.local/share/applications .gnupg; do
		expect_no_grant "files=~/$place:create" "$HOME/$place/x"
	done
	for place in "~" "$HOME" / /proc /dev /run /tmp; do
		granted "files=$place:rw" 'echo ran'
		expect_refused 125
	done
}

test_bundle_cannot_be_replaced_by_its_app()
{
	local dir attack='mv b.holdall c; rm -f b.holdall; echo evil >b.holdall
		cd ..; mv real other'
	mkdir -p "$HOME/real"
	ln -s real "$HOME/link"
	cp "$BOX" "$HOME/real/b.holdall"
	for dir in real link; do
		cd "$HOME/$dir" || exit
		run "${RUN[@]}" --permit files=cwd:rw b.holdall sh -c "$attack"
		cmp -s "$BOX" "$HOME/real/b.holdall" ||
			fail "replaced from $dir"
	done
	# A grant above it: the folders between stay where they are, too.
	cd / || exit
	run "${RUN[@]}" --permit 'files=~/real:rw' "$HOME/real/b.holdall" \
		sh -c "cd ~/real; $attack"
	cmp -s "$BOX" "$HOME/real/b.holdall" || fail "replaced by its path"
}

# Another app moves the folder away between our look and our mount.
test_working_directory_is_not_looked_up_twice()
{
	command -v strace >/dev/null || skip "no strace"
	mkdir -p "$HOME/.ssh" "$HOME/work/here"
	echo secret >"$HOME/.ssh/id"
	echo plain >"$HOME/work/here/id"
	cd "$HOME/work/here" || exit
	{
		sleep 0.4
		mv "$HOME/work/here" "$HOME/work/moved"
		ln -s ../.ssh "$HOME/work/here"
	} &
	run strace -f -qq -o /dev/null -e trace=mount \
		-e inject=mount:delay_enter=900000:when=1 "${RUN[@]}" \
		--permit files=cwd:rw "$BOX" sh -c 'cat id; echo evil >evil' id
	wait
	[ ! -e "$HOME/.ssh/evil" ] || fail "wrote into ~/.ssh"
	expect_out_lacks secret
}

test_nested_grants_keep_their_own_rights()
{
	mkdir -p "$HOME/n/a/b"
	cd "$HOME/n/a/b" || exit
	run "${RUN[@]}" --permit 'files=~/n:ro' --permit 'files=~/n/a:rw' \
		--permit files=cwd:ro "$BOX" sh -c \
		'echo >~/n/x; echo >~/n/a/y; echo >z; mv ~/n/a/b ~/n/a/c; true'
	expect_status 0
	[ ! -e "$HOME/n/x" ] || fail "wrote where it may read"
	[ -e "$HOME/n/a/y" ] || fail "could not write where it may"
	[ ! -e "$HOME/n/a/b/z" ] || fail "wrote into the innermost"
	[ -d "$HOME/n/a/b" ] || fail "moved a folder that is a mount point"
}

test_links_of_a_granted_folder_lead_nowhere_outside()
{
	mkdir -p "$HOME/work"
	echo secret >"$T/secret"
	cd "$HOME/work" || exit
	ln -s "$T/secret" link
	ln -s /etc/passwd passwd
	run "${RUN[@]}" --permit files=cwd:rw "$BOX" sh -c \
		'cat link; wc -l <passwd; ln passwd ~/hard'
	expect_out_lacks secret
	[ "$(tail -n 1 "$T/out")" -lt 10 ] || fail "saw the host's passwd"
	run "${RUN[@]}" --permit "files=$PWD/link:rw" "$BOX" cat "$PWD/link"
	expect_out_lacks secret
}

# ---- what the app leaves in its home -------------------------------------------

test_planted_things_are_not_followed()
{
	local kind
	mkdir -p "$HOME/work"
	echo host >"$HOME/work/file"
	for kind in 'ln -s / ~/work' 'ln -s ../../../../../.. ~/work' \
		'echo >~/work' 'ln -s /proc/self/cwd ~/work'; do
		cd / || exit
		"$HOLDALL" run "$BOX" sh -c "rm -rf ~/work; $kind" ||
			fail "cannot plant: $kind"
		cd "$HOME/work" || exit
		run "$HOLDALL" run --permit files=cwd:rw "$BOX" true
		expect_refused 125
		run "$HOLDALL" run "$BOX" cat file
		expect_refused 125
	done
	[ "$(cat "$HOME/work/file")" = host ] || fail "the host's file changed"
}

test_moved_mount_point_hurts_nobody()
{
	mkdir -p "$HOME/work/sub"
	echo host >"$HOME/work/sub/file"
	cd "$HOME/work/sub" || exit
	run "$HOLDALL" run --permit files=cwd:rw "$BOX" sh -c \
		'mv ~/work ~/other; mkdir ~/work; ln -s /etc ~/work/sub'
	expect_status 0
	[ "$(cat "$HOME/work/sub/file")" = host ] || fail "host's file is gone"
	run "$HOLDALL" run --permit files=cwd:rw "$BOX" true
	expect_refused 125
	cd / || exit
	run "$HOLDALL" run "$BOX" sh -c 'rm -r ~/work; ls -A ~'
	expect_out_lacks file
}

test_more_mount_points_than_one_list()
{
	local i
	for ((i = 0; i < 2100; i++)); do
		mkdir -p "$HOME/m/$i"
		echo >"$HOME/m/$i/f"
	done
	run "$HOLDALL" run "$BOX" true "$HOME"/m/*/f
	expect_ok
	run "$HOLDALL" run "$BOX" ls -A "$HOME"
	expect_ok
	[ ! -s "$T/out" ] || fail "left in the app's home: $(show "$T/out")"
}

# ---- the terminal ----------------------------------------------------------------

test_names_cannot_drive_the_terminal()
{
	local name=$'x\e]0;title\a\e[2J\xc2\x9b31m\nholdall: all is well'
	ln -s /etc/passwd "$name"
	run "${RUN[@]}" "$BOX" true "$name" $'/usr/\e[2J'
	expect_status 0
	expect_err_has 'not passed'
	! grep -q $'[\e\a]\|\xc2\x9b' "$T/err" || fail "raw: $(show "$T/err")"
	! grep -q '^holdall: all is well' "$T/err" || fail "made a line of its own"
	run "${RUN[@]}" --command $'\e[2Jno' "$BOX"
	expect_status 127
	! grep -q $'\e' "$T/err" || fail "raw: $(show "$T/err")"
}

# A terminal window that was made for the bundle: it leads its session, and the
# kernel tells only the leader that the terminal is gone.
test_closed_terminal_ends_the_app()
{
	run "$PYTHON" - "${RUN[@]}" "$BOX" sh -c \
		'echo ready; sleep 300' <<'PY'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
assert b"ready" in os.read(fd, 100)
os.close(fd)
for i in range(3000):
    time.sleep(0.02)
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        print("ended by", os.WTERMSIG(status))
        sys.exit()
print("runs on")
os.kill(pid, 9)
PY
	expect_out 'ended by 1'
}

# Reading in the background stops the whole group, the supervisor too; what pid 1
# has to say of it is old news after fg.
test_fg_after_reading_in_the_background()
{
	run "$PYTHON" - "${RUN[*]} $BOX cat" <<'PY'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])
seen = b""
def say(text):
    os.write(fd, text.encode())
def wait(text, seconds=60):
    global seen
    end = time.time() + seconds
    while text not in seen and time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            seen += os.read(fd, 4096)
    found, seen = text in seen, b""
    return found
say("set -b; PS1=; " + sys.argv[1] + " &\n")
print("stopped", wait(b"Stopped"))
say("fg\n")
# Typed earlier, the line is still the shell's to echo.
while os.tcgetpgrp(fd) == pid:
    time.sleep(0.02)
say("line\n")
print("read", wait(b"line\r\nline"))
print("stopped again", wait(b"Stopped", 0.5))
os.kill(pid, 9)
os.close(fd)
PY
	printf 'stopped True\nread True\nstopped again False\n' |
		cmp -s - "$T/out" || fail "$(show "$T/out")"
}

# ---- odd callers -----------------------------------------------------------------

test_app_has_its_tmp_when_started_from_there()
{
	cd /tmp || exit
	inside 'echo x >/tmp/file && cat /tmp/file'
	expect_out x
}

test_umask_of_the_caller_does_not_close_the_home()
{
	run bash -c 'umask 0777; exec "$@"' x "$HOLDALL" run "$BOX" sh -c umask
	expect_out 0777
	run "$HOLDALL" run "$BOX" sh -c 'echo x >~/file && cat ~/file'
	expect_out x
}

test_limits_of_the_caller_give_one_line()
{
	local n
	for n in 4 6 8 10 12; do
		run prlimit --nofile=$n:$n "${RUN[@]}" "$BOX" true
		expect_refused 125
	done
	# The message must not go to a file then.
	run bash -c '"$@" 2>&1 | cat; exit ${PIPESTATUS[0]}' x \
		prlimit --fsize=0:0 "$HOLDALL" run "$BOX" true
	expect_status 125
	expect_out_has 'File too large'
	run prlimit --as=400000000:400000000 "${RUN[@]}" "$BOX" true
	expect_ok
}

test_signals_of_the_caller_are_reset()
{
	run "$PYTHON" -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
os.execv(sys.argv[1], sys.argv[1:])' "${RUN[@]}" "$BOX" sh -c \
		'grep -E "^Sig(Blk|Ign)" /proc/self/status; sleep 0.1; exit 3'
	expect_status 3
	# Of 1 to 31: two above are the C library's own.
	[ "$(grep -cE '[0-9a-f]{8}[08]0000000$' "$T/out")" -eq 2 ] ||
		fail "inherited: $(show "$T/out")"
}

# A start whose image server does not answer (a file on a server that is gone) is
# ended by what ends a program, and the app does not run afterwards.  The server is
# stopped by strace at its first call of all processes, so that it never gets further.
test_start_that_hangs_can_be_ended()
{
	command -v strace >/dev/null || skip "no strace"
	run "$PYTHON" - "${RUN[@]}" "$BOX" echo ran <<'PY'
import os, re, signal, subprocess, sys, time
def children(pid):
    try:
        return open(f"/proc/{pid}/task/{pid}/children").read().split()
    except OSError:
        return []
def state(pid):
    return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0]
def stopped(pid):
    try:
        return state(pid) in "Tt" and "SIGSTOP" in open("trace").read()
    except OSError:
        return False
def start(sig):
    open("trace", "w").close()
    p = subprocess.Popen(["strace", "-f", "--seccomp-bpf", "-qq", "-o", "trace",
                          "-e", "trace=setsid",
                          "-e", "inject=setsid:signal=STOP:when=1"] +
                         sys.argv[1:], stdout=subprocess.PIPE)
    server = None
    while not server and p.poll() is None:
        time.sleep(0.02)
        for supervisor in children(p.pid):
            server = next(filter(stopped, children(supervisor)), None)
            if server:
                os.kill(int(supervisor), sig)
                break
    try:
        status = p.wait(60)
    except subprocess.TimeoutExpired:
        status = "hangs"
        os.kill(int(server), signal.SIGKILL)
        p.kill()
    return status, p.stdout.read()
for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
    status, out = start(sig)
    print(sig.name, status == -sig or status, out)
PY
	expect_status 0
	printf "SIG%s True b''\n" TERM INT HUP | cmp -s - "$T/out" ||
		fail "not all ended by their signal: $(show "$T/out")"
}

suite_main "$@"
