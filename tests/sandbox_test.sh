#!/bin/bash
# sandbox_test.sh - what an app in the default sandbox can see and do
#
# Each promise comes with its attack: first the same thing is done outside,
# where it must work (else the test proves nothing), then inside, where it must
# not.  The attack programs proper are in attack_test.sh.
. "$(dirname "$0")/lib.sh"

# py CODE [ARG...]: python inside the sandbox.
py()
{
	run "$PY" -c "$@"
}

# ---- files ------------------------------------------------------------------------

# Every mount inside is one of ours: nothing of the host's disks but the home
# and the files named on the command line.
test_mounts_are_ours()
{
	echo x >named
	# The file systems where the host's own files lie.
	stat -c %d / "$HOME" /tmp /usr | sort -u >"$T/host.dev"
	py 'import os, sys
for l in open("/proc/self/mountinfo"):
    a, b = l.rstrip().split(" - ")
    f, (fs, src, opts) = a.split(), b.split(" ", 2)
    print(fs, f[4], f[3], src, sep="\t")' named
	expect_ok
	local fs point root src bad=
	while IFS=$'\t' read -r fs point root src; do
		case $fs in
		fuse | fuse.* | proc | devpts | overlay) continue ;;
		tmpfs)
			# A tmpfs of ours is whole: of the host only files are bound.
			[ "$root" = / ] && continue
			;;
		devtmpfs) ;;
		esac
		case $point in
		"$PWD/named" | "$HOME" | "$HOME"/*) continue ;;
		/dev/null | /dev/zero | /dev/full | /dev/random | \
			/dev/urandom | /dev/tty | /dev/console | \
			/dev/pts/* | /dev/ptmx) continue ;;
		/run/host/*) continue ;;
		esac
		# Parts of our own tmpfs bound onto another place of it.
		[ "$fs" = tmpfs ] && [ "$src" = holdall ] && continue
		bad="$bad $fs:$root on $point;"
	done <"$T/out"
	[ -z "$bad" ] || fail "unexpected mounts:$bad"
	expect_out_has named
}

# Started without a terminal, as from a desktop: programs that make their own
# (xterm, screen) open this one in the child.
test_own_terminals_are_dev_tty()
{
	run setsid -w "$PY" -c 'import os, pty
pid, fd = pty.fork()
if pid == 0:
    open("/dev/tty", "w").write("through dev tty\n")
    os._exit(0)
print(os.read(fd, 100).decode().strip())'
	expect_ok
	expect_out "through dev tty"
}

test_no_host_file_is_seen()
{
	local mark="mark-$$-$RANDOM"
	mkdir "$HOME/$mark-home" "/tmp/$mark-tmp" "$mark-cwd"
	echo "$mark" >"$HOME/$mark-home/f"
	echo "$mark" >"$mark-cwd/f"
	run "$PYTHON" -c "import os
print([p for p, d, f in os.walk('$T') if '$mark' in p])"
	expect_out_has "$mark-home"		# the attack works outside
	py "import os
for p, d, f in os.walk('/'):
    if p.startswith('/proc/'):
        d[:] = []
        continue
    if '$mark' in p:
        print('seen', p)
for p in ['$HOME/$mark-home/f', '/tmp/$mark-tmp', '$PWD/$mark-cwd/f']:
    try:
        os.stat(p)
        print('there', p)
    except FileNotFoundError:
        pass
print('end')"
	rmdir "/tmp/$mark-tmp"
	expect_status 0
	expect_out end
}

test_top_of_the_tree()
{
	run "$BOX" ls -a /
	expect_ok
	local name
	while read -r name; do
		case $name in
		. | .. | bin | sbin | lib | lib32 | lib64 | libx32 | usr | etc | \
			var | proc | sys | dev | run | tmp | home | root | \
			mnt | media | srv | opt | app) ;;
		"$(cut -d/ -f2 <<<"$HOME")" | "$(cut -d/ -f2 <<<"$PWD")") ;;
		*) fail "unexpected: /$name" ;;
		esac
	done <"$T/out"
}

test_only_our_user_is_known()
{
	run "$BOX" cat /proc/self/cmdline /etc/passwd
	expect_status 0
	! grep -qE '^(daemon|sshd|_apt|www-data):' "$T/out" ||
		fail "the host's users"
	run "$BOX" id -un
	expect_ok
	expect_out "$(id -un)"
	run "$BOX" id -u
	expect_out "$(id -u)"
}

test_host_name_is_hidden()
{
	py 'import os; print(os.uname().nodename)'
	expect_ok
	expect_out_lacks "$(uname -n)"
}

test_devices()
{
	run "$BOX" sh -c 'cd /dev && find . -type b -o -type c'
	expect_ok
	local name
	while read -r name; do
		case $name in
		./null | ./zero | ./full | ./random | ./urandom | ./tty | \
			./ptmx | ./pts/* | ./console) ;;
		*) fail "unexpected device $name" ;;
		esac
	done <"$T/out"
	run "$BOX" sh -c 'echo x >/dev/null && head -c 4 /dev/zero | wc -c &&
		head -c 4 /dev/urandom | wc -c && [ -d /dev/shm ] &&
		echo y >/dev/shm/y && readlink /dev/fd && readlink /dev/stdin'
	expect_ok
}

# ---- what is written ----------------------------------------------------------------

# Tries to leave a file in every folder.  It may work in few of them, and what
# was left is gone at the next start, but for the home.
test_nothing_writable_lasts_but_the_home()
{
	local mark="left-by-app-$$"
	cat >try.py <<'PY'
import os, sys
ok = []
for p, d, f in os.walk("/"):
    if p.startswith("/proc"):
        d[:] = []
        continue
    try:
        fd = os.open(p + "/" + sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o600)
        os.close(fd)
        ok.append(p)
    except OSError:
        pass
print(*ok, sep="\n")
PY
	run "$PY" try.py "$mark"
	expect_ok
	local dir
	while read -r dir; do
		case $dir in
		"$HOME" | "$HOME"/*) ;;
		/tmp | /tmp/* | /dev/shm | /var | /var/* | /run/user/*) ;;
		*) fail "writable: $dir" ;;
		esac
	done <"$T/out"
	expect_out_has /tmp
	grep -qx "$HOME" "$T/out" || fail "the home is not writable"
	run "$BOX" true		# another app: nothing of it
	py 'import os, sys
print([p for p, d, f in os.walk("/") if sys.argv[1] in f
       and not p.startswith("/proc")])' "$mark"
	expect_out "['$HOME']"
	# And on the host only in the app's own state.
	find "$T" /tmp /dev/shm -name "$mark" -not -path \
		"$HOME/.local/share/holdall/*" 2>/dev/null | grep . &&
		fail "left on the host"
	return 0
}

test_system_is_read_only()
{
	local path
	for path in /x /usr/x /etc/x /bin/x /dev/x /proc/sys/kernel/hostname \
		/sys/x /run/x /run/holdall/x; do
		run "$BOX" sh -c "echo x >$path"
		[ "$status" -ne 0 ] || fail "wrote $path"
	done
	run "$BOX" sh -c 'chmod 777 /bin/busybox || rm -f /bin/busybox'
	[ "$status" -ne 0 ] || fail "changed the image"
}

# ---- network -------------------------------------------------------------------------

listen='
import socket, sys, os
t = socket.socket(); t.bind(("127.0.0.1", 0)); t.listen(9)
a = socket.socket(socket.AF_UNIX); a.bind("\0" + sys.argv[1]); a.listen(9)
u = socket.socket(socket.AF_UNIX); u.bind(sys.argv[2]); u.listen(9)
print(t.getsockname()[1], flush=True)
sys.stdin.read()
'
knock='
import socket, sys
def t(name, family, address):
    s = socket.socket(family)
    s.settimeout(60)
    try:
        s.connect(address)
        print(name, "connected")
    except OSError as e:
        print(name, "refused")
t("tcp", socket.AF_INET, ("127.0.0.1", int(sys.argv[1])))
t("abstract", socket.AF_UNIX, "\0" + sys.argv[2])
t("path", socket.AF_UNIX, sys.argv[3])
'

start_listener()
{
	coproc LISTENER { "$PYTHON" -c "$listen" "hold-$$" "$T/sock"; }
	read -r -t 120 port <&"${LISTENER[0]}" || fail "no listener"
	run "$PYTHON" -c "$knock" "$port" "hold-$$" "$T/sock"
	expect_out $'tcp connected\nabstract connected\npath connected'
}

test_no_network()
{
	start_listener
	py "$knock" "$port" "hold-$$" "$T/sock"
	expect_status 0
	expect_out $'tcp refused\nabstract refused\npath refused'
	py 'import socket
print([n for i, n in socket.if_nameindex()])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.sendto(b"x", ("192.0.2.1", 9)); print("sent")
except OSError: print("unreachable")'
	expect_out_lacks sent
	expect_out_has "['lo']"
}

test_network_loopback()
{
	start_listener
	run "$HOLDALL" run --permit network=loopback "$PY" -- -c "$knock" \
		"$port" "hold-$$" "$T/sock"
	expect_out $'tcp refused\nabstract refused\npath refused'
	run "$HOLDALL" run --permit network=loopback "$PY" -- -c '
import socket
a = socket.socket(); a.bind(("127.0.0.1", 0)); a.listen(1)
b = socket.create_connection(a.getsockname(), 3)
print("own loopback works")'
	expect_ok
	expect_out 'own loopback works'
}

test_network_host()
{
	start_listener
	run "$HOLDALL" run --permit network=host "$PY" -- -c "$knock" "$port" \
		"hold-$$" "$T/sock"
	expect_out_has 'tcp connected'
	# Abstract sockets come along with the network unless Landlock holds.
	expect_out_has 'path refused'
	if grep -q landlock /sys/kernel/security/lsm 2>/dev/null; then
		expect_out_has 'abstract refused'
	fi
}

test_socket_families()
{
	py 'import socket
for f, t in ((socket.AF_PACKET, socket.SOCK_RAW), (38, 5), (40, 1),
             (socket.AF_NETLINK, socket.SOCK_RAW), (1 << 32 | 40, 1)):
    try:
        socket.socket(f, t)
        print("opened", f)
    except (OSError, OverflowError):
        pass
print("end")'
	expect_out_lacks 'opened 17'
	expect_out_lacks 'opened 38'
	expect_out_lacks 'opened 40'
	expect_out_has end
}

# ---- processes -------------------------------------------------------------------------

test_no_host_process()
{
	run "$BOX" ps -o pid,comm
	expect_ok
	[ "$(wc -l <"$T/out")" -le 4 ] || fail "sees $(show "$T/out")"
	run "$BOX" sh -c "kill -0 $$ || kill -0 $PPID"
	[ "$status" -ne 0 ] || fail "a process of the host has a number inside"
}

test_status_lines()
{
	run "$BOX" cat /proc/self/status
	expect_ok
	local line
	for line in 'Seccomp:2' 'NoNewPrivs:1' 'CapInh:0000000000000000' \
		'CapPrm:0000000000000000' 'CapEff:0000000000000000' \
		'CapBnd:0000000000000000' 'CapAmb:0000000000000000'; do
		tr -d '\t ' <"$T/out" | grep -qx "$line" || fail "not $line"
	done
	[ "$(awk '/^Seccomp_filters:/ { print $2 }' "$T/out")" -ge 1 ] ||
		fail "no filter"
}

test_pid_1_shows_nothing()
{
	export HOST_SECRET=abc
	run "$BOX" sh -c 'for f in environ mem root exe fd maps cwd; do
		cat /proc/1/$f >/dev/null 2>&1 && echo read $f
		ls -l /proc/1/$f/ >/dev/null 2>&1 && echo listed $f
	done; echo end'
	expect_out end
	run "$BOX" cat /proc/1/cmdline
	expect_out_lacks abc
}

# kill(0) must reach nobody outside: a bystander in the caller's group lives.
test_kill_0_reaches_nobody()
{
	run setsid --wait bash -c '
		sleep 300 & bystander=$!
		"$1" sh -c "trap : TERM; kill -TERM 0; kill -TERM -1; exit 0" \
			2>/dev/null
		kill -0 $bystander && echo survived
		kill $bystander' x "$BOX"
	expect_out_has survived
	# The attack works outside.
	run setsid --wait bash -c '
		trap : TERM
		sleep 300 & bystander=$!
		sh -c "kill -TERM 0"
		wait $bystander
		echo "bystander $?"'
	expect_out 'bystander 143'
}

test_priority_of_the_group_stays()
{
	cat >prio.py <<'PY'
import ctypes, os
libc = ctypes.CDLL(None)
print(libc.setpriority(1, 0, 19), libc.syscall(251, 2, 0, 3 << 13))
PY
	run setsid --wait bash -c '
		sleep 300 & b=$!
		"$1" prio.py
		awk "{ print \"nice\", \$19 }" /proc/$b/stat; kill $b' x "$PY"
	expect_out_has "nice $(nice)"
	[ "$(nice)" -lt 19 ] || skip "nobody is lower than we are already"
	run setsid --wait bash -c '
		sleep 300 & b=$!
		"$1" prio.py
		awk "{ print \"nice\", \$19 }" /proc/$b/stat; kill $b' x "$PYTHON"
	expect_out_has 'nice 19'
}

# ---- descriptors -------------------------------------------------------------------------

test_other_descriptors_are_closed()
{
	echo secret >f
	exec 9<f 8</
	run "$BOX" sh -c 'ls /proc/self/fd; cat <&9; ls /proc/self/fd/8/'
	exec 9<&- 8<&-
	expect_out_lacks secret
	expect_out_lacks usr
	! grep -qx '[89]' "$T/out" || fail "descriptor 8 or 9 is open"
}

test_named_descriptor_passes()
{
	echo content >f
	exec 9<f
	run "$BOX" cat /dev/fd/9
	exec 9<&-
	expect_ok
	expect_out content
}

test_directory_as_descriptor_is_refused()
{
	ls /proc/self/fd/0/ </ | grep -q usr || fail "the attack does not work"
	run "$BOX" sh -c 'ls /proc/self/fd/0/home; cat /proc/self/fd/0/etc/shadow
		ls -l /proc/self/fd/0/' </
	expect_out_lacks "$(basename "$(dirname "$SCRATCH")")"
	exec 9</
	run "$BOX" sh -c 'ls /proc/self/fd/9/' /dev/fd/9
	exec 9<&-
	expect_out_lacks usr
}

test_reopened_descriptor()
{
	echo old >f
	sh -c 'echo new >/proc/self/fd/0' <f
	grep -qx new f || fail "the attack does not work outside"
	echo old >f
	run "$BOX" sh -c 'echo new >/proc/self/fd/0' <f
	if ! grep -qx old f; then
		grep -q landlock /sys/kernel/security/lsm 2>/dev/null ||
			skip "no Landlock in this kernel: SECURITY.md says so"
		fail "reopened for writing"
	fi
}

# ---- no way out -----------------------------------------------------------------------------

test_no_bus()
{
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$T/run/bus
	"$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1)
time.sleep(300)' "$T/run/bus" &
	local l=$!
	wait_until test -S "$T/run/bus"
	run "$BOX" sh -c 'env | grep -i dbus; find / -type s 2>/dev/null'
	kill $l
	expect_out_lacks bus
}

test_no_new_namespaces_and_mounts()
{
	unshare -Ur true || fail "the attack does not work outside"
	py 'import ctypes, os
l = ctypes.CDLL(None, use_errno=True)
def t(name, *a):
    r = l.syscall(*a)
    print(name, "worked" if r >= 0 else os.strerror(ctypes.get_errno()))
t("unshare", 272, 0x10000000)
t("clone", 56, 0x10000000 | 17, 0, 0, 0, 0)
t("clone3", 435, 0, 0)
t("mount", 165, b"none", b"/tmp", b"tmpfs", 0, 0)
t("umount", 166, b"/tmp", 2)
t("pivot_root", 155, b"/tmp", b"/tmp")
t("chroot", 161, b"/tmp")
t("setns", 308, 0, 0)
t("ptrace", 101, 16, 1, 0, 0)
t("bpf", 321, 0, 0, 0)
t("io_uring", 425, 1, 0)
t("keyctl", 250, 0, -3, 0)
t("add_key", 248, b"user", b"x", b"y", 1, -3)
t("perf", 298, 0, 0, -1, -1, 0)
t("userfaultfd", 323, 0)
t("open_tree", 428, -100, b"/", 0)
t("fsopen", 430, b"tmpfs", 0)
t("name_to_handle", 303, -100, b"/", 0, 0, 0)
t("kexec", 246, 0, 0, 0, 0)
t("memfd", 319, b"x", 0)'
	expect_status 0
	[ "$(grep -c worked "$T/out")" -eq 1 ] ||
		fail "$(grep worked "$T/out" | tr '\n' ' ')"
	expect_out_has 'memfd worked'
}

test_terminal_cannot_be_stuffed()
{
	run "$PYTHON" - "$PY" <<'PY'
import os, pty, select, sys, time
attack = """
import fcntl, termios, sys, ctypes
l = ctypes.CDLL(None, use_errno=True)
for c in b"echo stuffed\\n":
    for req in (0x5412, 0x5412 | 1 << 32):
        b = ctypes.c_char(bytes([c]))
        r = l.syscall(16, 0, ctypes.c_ulong(req), ctypes.byref(b))
        if r == 0: print("worked")
r = l.syscall(16, 0, ctypes.c_ulong(0x541C), ctypes.byref(ctypes.c_char(b"\\x0b")))
print("end")
"""
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "-c", attack])
out = b""
end = time.monotonic() + 20
while time.monotonic() < end:
    r, _, _ = select.select([fd], [], [], 1)
    if r:
        try:
            d = os.read(fd, 4096)
        except OSError:
            break
        if not d:
            break
        out += d
print(out.decode())
PY
	expect_out_has end
	expect_out_lacks worked
	expect_out_lacks stuffed
}

test_setuid_bit_does_nothing()
{
	run "$BOX" sh -c 'cp /bin/busybox ~/b; chmod 4755 ~/b; stat -c %a ~/b'
	! grep -qx 4755 "$T/out" || fail "a setuid file was made"
}

test_landlock_or_filter_hides_abstract_and_signals()
{
	run "$BOX" sh -c "kill -0 -1; kill -0 0; echo end"
	expect_out end
}

suite_main "$@"
