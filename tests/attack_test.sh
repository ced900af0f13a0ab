#!/bin/bash
# attack_test.sh - every program of tests/attack, outside and inside
#
# Outside it should succeed: what fails there too proves nothing about the
# sandbox, and the test is skipped with that reason.  Inside it must be refused
# either way.  Programs that need something around them get it from setup_NAME
# (dashes as underscores), which defines how it is started.
. "$(dirname "$0")/lib.sh"

INSIDE=("$HOLDALL" run --home ephemeral "$BUNDLES/attack.holdall" sh -c
	'p=$1; shift; exec "/attack/$p" "$@"' x)

# Each program in a session of its own, so that groups are its own.
attack()
{
	local where=$1 name=$2
	shift 2
	case $where in
	outside) setsid --wait timeout "$PATIENCE" "$ATTACK/$name" "$@" ;;
	inside) setsid --wait timeout "$PATIENCE" "${INSIDE[@]}" "$name" "$@" ;;
	esac
}

# With a bystander in the same group, whose end closes the pipe.  Nobody waits for its
# own end.
start_kill_group()
{
	local group='trap : USR1
		exec 8< <(exec sleep 300)
		until grep -qx sleep /proc/$!/comm; do sleep 0.01; done
		"$@" <&8
		r=$?
		kill $! 2>/dev/null
		exit $r'
	case $1 in
	outside) timeout "$PATIENCE" setsid --wait bash -c "$group" x \
		"$ATTACK/kill-group" ;;
	inside) timeout "$PATIENCE" setsid --wait bash -c "$group" x \
		"${INSIDE[@]}" kill-group ;;
	esac
}

start_abstract_socket()
{
	if [ ! -e "$T/listening" ]; then
		"$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind("\0" + sys.argv[1]); s.listen(9)
open(sys.argv[2], "w").close()
time.sleep(300)' "hold-$$" "$T/listening" &
		wait_until test -e "$T/listening"
	fi
	attack "$1" abstract-socket "hold-$$"
}

start_read_init_environ()
{
	case $1 in
	outside) attack outside read-init-environ $$ ;;
	inside) attack inside read-init-environ 1 ;;
	esac
}

start_reopen_dir_fd0()
{
	echo secret >"$T/work/hidden"
	attack "$1" reopen-dir-fd0 hidden <"$T/work"
}

start_reopen_stdin_rw()
{
	echo text >"$T/work/file"
	attack "$1" reopen-stdin-rw <"$T/work/file"
}

start_truncate_stdin()
{
	echo text >"$T/work/file"
	attack "$1" truncate-stdin <"$T/work/file"
}

start_setuid_bit()
{
	case $1 in
	outside) attack outside setuid-bit "$T/work" ;;
	inside) attack inside setuid-bit "$HOME" ;;
	esac
}

one()
{
	local name=$1 fn start=attack
	fn=start_${name//-/_}
	if declare -F "$fn" >/dev/null; then
		start=$fn
		set --
	fi
	run "$start" outside "$@"
	local outside=$status said
	said=$(show "$T/out")$(show "$T/err")
	run "$start" inside "$@"
	case $status in
	0) fail "inside: $(show "$T/out")" ;;
	1) ;;
	2) skip "not tried inside: $(show "$T/out")" ;;
	*) fail "status $status inside: $(show "$T/out") $(show "$T/err")" ;;
	esac
	[ "$outside" -eq 0 ] ||
		skip "refused inside, but cannot be tried here: outside: $said"
}

MORE_TESTS=
for program in "$ATTACK"/*; do
	name=$(basename "$program")
	[ "$name" != seccomp-status ] || continue
	eval "test_${name//-/_}() { one $name; }"
	MORE_TESTS+=" test_${name//-/_}"
done

test_seccomp_status()
{
	run "${INSIDE[@]}" seccomp-status
	expect_ok
	local line
	for line in Seccomp:2 NoNewPrivs:1 CapInh:0000000000000000 \
		CapPrm:0000000000000000 CapEff:0000000000000000 \
		CapBnd:0000000000000000 CapAmb:0000000000000000; do
		tr -d '\t ' <"$T/out" | grep -qx "$line" || fail "not $line"
	done
}

suite_main "$@"
