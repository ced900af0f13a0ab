#!/bin/bash
# minimal_root_test.sh - a host that is nothing but a kernel
#
# A root with a static busybox, /dev and /proc, entered by pivot_root (bwrap does
# that).  In a plain chroot the kernel forbids user namespaces: there the message
# has to say so.
. "$(dirname "$0")/lib.sh"

make_root()
{
	mkdir -p root/bin root/dev root/proc root/b
	cp /bin/busybox root/bin/
	cp "$JQ" root/b/jq.holdall
	cp "$BOX" root/b/box.holdall
	cp "$HOLDALL" root/b/holdall
}

in_root()
{
	run bwrap --unshare-user --unshare-pid --bind root / --dev-bind /dev /dev \
		--proc /proc --chdir /b --clearenv "$@"
}

test_jq_in_a_root_with_busybox_alone()
{
	make_root
	in_root --setenv HOME /b /bin/busybox sh -c \
		'echo "{\"a\": 7}" >data.json; ./jq.holdall .a data.json'
	expect_ok
	expect_out 7
	in_root --setenv HOME /b /bin/busybox sh -c 'echo 5 | ./jq.holdall .'
	expect_ok
	expect_out 5
	in_root --setenv HOME /b /b/holdall run jq.holdall -- -n 9
	expect_ok
	expect_out 9
}

test_without_passwd_and_home()
{
	make_root
	in_root /bin/busybox sh -c './jq.holdall -n 1'
	case $status in
	0) expect_out 1 ;;
	*) expect_refused 125; expect_err_has HOME ;;
	esac
}

test_without_dev()
{
	make_root
	run bwrap --unshare-user --unshare-pid --bind root / --proc /proc \
		--chdir /b --clearenv --setenv HOME /b /b/jq.holdall -n 1
	expect_refused 125
	expect_err_has /dev
}

test_without_proc()
{
	make_root
	run bwrap --unshare-user --bind root / --dev-bind /dev /dev \
		--chdir /b --clearenv --setenv HOME /b /b/jq.holdall -n 1
	expect_refused 125
	expect_err_has /proc
}

test_chroot_says_so()
{
	make_root
	run unshare -Ur sh -c 'exec /usr/sbin/chroot root /bin/busybox env HOME=/b \
		/b/jq.holdall -n 1'
	expect_status 125
	[ "$(wc -l <"$T/err")" -eq 1 ] || fail "$(show "$T/err")"
	grep -qE 'chroot|/proc' "$T/err" || fail "says only $(show "$T/err")"
	# With /proc and /dev the only reason left is the chroot.
	run unshare -Urmpf sh -c 'mount -t proc proc root/proc &&
		mount --rbind /dev root/dev &&
		exec /usr/sbin/chroot root /bin/busybox env HOME=/b /b/jq.holdall -n 1'
	expect_status 125
	expect_err_has chroot
}

# The host's switches, each in a namespace of our own.
test_no_more_user_namespaces()
{
	run unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces &&
		exec "$0" true' "$BOX"
	expect_refused 125
	expect_err_has max_user_namespaces
}

test_no_more_namespaces_of_a_kind()
{
	local kind
	for kind in mnt pid net ipc uts cgroup; do
		run unshare -Ur sh -c "echo 0 >/proc/sys/user/max_${kind}_namespaces &&
			exec \"\$0\" true" "$BOX"
		expect_refused 125
		expect_err_has "max_${kind}_namespaces"
	done
}

test_dev_fuse_closed()
{
	# A file that is not ours and closed, as /dev/fuse is with mode 0600.
	[ ! -r /etc/shadow ] || skip "/etc/shadow can be read"
	run bwrap --dev-bind / / --bind /etc/shadow /dev/fuse "$BOX" true
	expect_refused 125
	expect_err_has /dev/fuse
}

test_dev_fuse_missing()
{
	run bwrap --dev-bind / / --dev /dev "$BOX" true
	expect_refused 125
	expect_err_has /dev/fuse
}

test_masked_proc()
{
	# What containers do: a fresh proc cannot be mounted then.
	run bwrap --unshare-user --unshare-pid --dev-bind / / --proc /proc \
		--tmpfs /proc/sys "$BOX" true
	if [ "$status" -ne 0 ]; then
		expect_refused 125
		expect_err_has proc
	fi
}

suite_main "$@"
