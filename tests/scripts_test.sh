#!/bin/bash
# scripts_test.sh - maintainer scripts of packages: what is asked for, and attacks
#
# Each test packs from an archive of its own: a package with busybox, and packages
# whose postinst is good or hostile.  Packing is all that runs them.
. "$(dirname "$0")/lib.sh"

# deb NAME [POSTINST]: a package of what lies in p, which is emptied.
deb()
{
	mkdir -p p/DEBIAN p/usr/share archive/pool
	echo "$1" >"p/usr/share/$1"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\n' "$1" \
		>p/DEBIAN/control
	printf 'Maintainer: x <x@example.org>\nDescription: x\n' \
		>>p/DEBIAN/control
	if [ $# -gt 1 ]; then
		printf '%s\n' "$2" >p/DEBIAN/postinst
		chmod 755 p/DEBIAN/postinst
	fi
	dpkg-deb --root-owner-group -b p "archive/pool/$1_1_all.deb" \
		>/dev/null || fail "dpkg-deb"
	rm -rf p
}

deb_busybox()
{
	local a
	mkdir -p p/usr/bin p/etc
	ln -s usr/bin p/bin		# `base: none` makes none
	cp /bin/busybox p/usr/bin/
	for a in sh cp mkdir cat sleep; do
		ln -s busybox "p/usr/bin/$a"
	done
	echo one >p/usr/bin/tool-one
	echo two >p/usr/bin/tool-two
	echo conf >p/etc/conf
	deb box
}

# index: signs the archive with a key made for the test.
index()
{
	local arch d f
	arch=$(dpkg --print-architecture)
	d=archive/dists/test/main/binary-$arch
	export GNUPGHOME=$T/gpg
	mkdir -p "$d"
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-gen-key one ed25519 sign \
		2>/dev/null || fail "gpg"
	gpg --export one >one.gpg
	(cd archive && for f in pool/*.deb; do
		dpkg-deb -f "$f"
		echo "Filename: $f"
		echo "Size: $(stat -c %s "$f")"
		echo "SHA256: $(sha256sum <"$f" | cut -d' ' -f1)"
		echo
	done) >"$d/Packages"
	{
		printf 'Suite: test\nCodename: test\n'
		echo 'Date: Thu, 01 Jan 2026 00:00:00 UTC'
		printf 'Architectures: %s\nComponents: main\nSHA256:\n' "$arch"
		echo " $(sha256sum <"$d/Packages" | cut -d' ' -f1)" \
			"$(stat -c %s "$d/Packages")" \
			"main/binary-$arch/Packages"
	} >archive/dists/test/Release
	gpg --batch --quiet --clearsign -o archive/dists/test/InRelease \
		archive/dists/test/Release || fail "gpg"
	gpgconf --kill gpg-agent
}

# pack_debs OUTPUT PACKAGE...: sets $status.
pack_debs()
{
	local out=$1 names IFS=,
	shift
	names="$*"
	cat >holdall.yaml <<-EOF
	schema: 1
	id: org.example.Scripts
	version: "1"
	command: /usr/bin/busybox
	base: none
	sources:
	  - debian:
	      packages: [$names]
	      suite: test
	      uris: ["file:$PWD/archive"]
	      keyring: one.gpg
	EOF
	run timeout 500 "$HOLDALL" pack --fast holdall.yaml -o "$out"
}

# What is in a bundle: every name, mode and link.
list()
{
	run "./$1" find / -xdev ! -path '/run/*' ! -path '/proc/*' \
		! -path '/dev/*' ! -path '/home*' ! -path '/tmp*'
	expect_status 0
	sort "$T/out"
}

test_alternatives_and_ucf()
{
	deb_busybox
	deb one '#!/bin/sh
set -e
update-alternatives --install /usr/bin/tool tool /usr/bin/tool-one 10'
	deb two '#!/bin/sh
set -e
for n in tool other; do
	update-alternatives --install /usr/bin/$n $n /usr/bin/tool-two 50 \
		--slave /usr/share/man/man1/$n.1.gz $n.1.gz /usr/bin/tool-two
done
ucf --three-way /etc/conf /etc/made/conf'
	index
	pack_debs b.holdall box one two
	expect_status 0
	grep -q . "$T/err" && ! grep -q 'its script' "$T/err" || fail "$(
		show "$T/err")"
	run ./b.holdall readlink /usr/bin/tool
	expect_out tool-two
	run ./b.holdall readlink /usr/bin/other
	expect_out tool-two
	run ./b.holdall cat /etc/made/conf
	expect_out conf
	run ./b.holdall test -e /usr/share/man/man1/tool.1.gz
	expect_status 1
	run ./b.holdall test -e /.holdall
	expect_status 1
}

# Every way out that a script could try, in packages of their own so that each
# gets its chance, beside one that is good.
hostile_packages()
{
	deb evil-net "#!/bin/sh
# update-alternatives
busybox nc -w 3 127.0.0.1 $1 </dev/null
busybox wget -T 3 -O /etc/x http://127.0.0.1:$1/
exit 0"
	deb evil-host "#!/bin/sh
# update-alternatives
for d in '$PWD' '$HOME' /proc/1/root'$PWD' /proc/1/cwd ../../../../'$PWD'; do
	echo evil >>\$d/host
	busybox rm -rf \$d/host \$d/.cache
	busybox cat \$d/host >/etc/stolen
	ucf \$d/host /etc/stolen2
	busybox ln -s \$d/host /etc/stolen3
	ucf /etc/stolen3 /etc/stolen3
done
echo 1 >/proc/sys/kernel/core_pattern
busybox chmod 4755 /usr/bin/busybox
for f in /usr/bin/*; do echo evil >>\$f; done
echo evil >/usr/bin/evil
busybox mknod /etc/disk b 8 0
busybox kill -9 -1
exit 0"
	deb evil-bomb '#!/bin/sh
# update-alternatives
f() { f | f & f; }
f'
	deb evil-loop '#!/bin/sh
update-alternatives --install /usr/bin/looped looped /usr/bin/tool-one 1
while :; do sleep 1; done'
	deb evil-fill '#!/bin/sh
# update-alternatives
busybox yes >/etc/full
busybox yes >/tmp/full
exit 0'
	deb evil-many '#!/bin/sh
# update-alternatives
i=0
while [ $i -lt 100000 ]; do
	printf "ucf\0000\0"
	i=$((i+1))
done >>/.holdall/record
exit 0'
	deb evil-words '#!/bin/sh
u() { update-alternatives --install "$@" 5; }
u ../../etc/shadow a /usr/bin/tool-one
u /usr/../etc/../home/x b /usr/bin/tool-one
u /home/c c /usr/bin/tool-one
u /d d /usr/bin/tool-one
u "/usr/bin/e
/etc/e" e /usr/bin/tool-one
u /usr/bin/f ../f /usr/bin/tool-one
u /usr/bin/tool-one g /usr/bin/tool-two
u /usr/bin/h h ../../../../etc/passwd
u /usr/bin/box/i i /usr/bin/tool-one
ucf /etc/conf /usr/bin/j
ucf /etc/conf /etc/../home/k
ucf /etc/conf "/etc/l
m"
echo changed >/etc/conf; ucf /etc/conf /etc/conf
exit 0'
	deb good '#!/bin/sh
update-alternatives --install /usr/bin/tool tool /usr/bin/tool-one 10'
}

# The host as the scripts could know it: files beside us, the cache.
look_at_host()
{
	{
		sha256sum "$PWD/host"
		find "$HOME/.cache/holdall/unpacked" "$HOME/.cache/holdall/debs" \
			-type f -exec sha256sum {} + -printf '%p %m\n'
		find "$HOME/.cache/holdall/stage" -mindepth 2
	} | sort
}

TEST_SECONDS=600
test_hostile_scripts_change_nothing()
{
	local port evil=(evil-bomb evil-fill evil-host evil-loop evil-many \
			 evil-net evil-words)
	echo mine >host
	"$PYTHON" -c 'import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
s.settimeout(600)
open("port.new", "w").write(str(s.getsockname()[1]))
import os
os.rename("port.new", "port")
s.accept()
open("reached", "w").close()' >/dev/null 2>&1 &
	local server=$!
	wait_until [ -s port ] || fail "no listener"
	port=$(cat port)
	deb_busybox
	hostile_packages "$port"
	index
	# There is something in the cache that could be changed.
	pack_debs good.holdall box good
	expect_status 0
	list good.holdall >good.list
	look_at_host >before
	pack_debs evil.holdall box good "${evil[@]}"
	expect_status 0
	cp "$T/err" said
	look_at_host >after
	[ -z "$(comm -23 before after)" ] ||
		fail "changed: $(diff before after | head -5)"
	[ "$(cat host)" = mine ] || fail "a file of the host was changed"
	[ ! -e reached ] || fail "the network was reached"
	# Unconfined the same line is noticed.
	busybox nc -w 3 127.0.0.1 "$port" </dev/null
	wait_until [ -e reached ] || fail "the listener hears nobody"
	wait "$server"
	cp said "$T/err"
	# One line for each that lost its record, and for what was refused.
	expect_err_match 'evil-loop 1: its script: still running after'
	expect_err_match 'evil-bomb 1: '
	expect_err_match 'evil-many 1: its record has too many calls'
	expect_err_match 'evil-words 1: its script asks for [0-9]+ things'
	# And the bundle: the good link is all that scripts have made.
	list evil.holdall >evil.list
	run ./evil.holdall readlink /usr/bin/tool
	expect_out tool-one
	grep -v '/usr/share/evil-[a-z]*$' evil.list | cmp -s good.list - ||
		fail "the bundle differs: $(diff good.list evil.list | head -9)"
	run ./evil.holdall cat /etc/conf /usr/bin/tool-one
	expect_out $'conf\none'
}

# What makes sandboxes impossible is named, with what helps.
test_without_user_namespaces()
{
	deb_busybox
	deb one '#!/bin/sh
update-alternatives --install /usr/bin/tool tool /usr/bin/tool-one 10'
	index
	pack_debs b.holdall box
	expect_status 0
	# In a sandbox of our own user namespaces are refused.
	unshare -U -r sh -c 'echo 0 >/proc/sys/user/max_user_namespaces' \
		2>/dev/null || skip "user namespaces cannot be switched off here"
	cat >in-there <<-'EOF'
	echo 0 >/proc/sys/user/max_user_namespaces
	exec "$@"
	EOF
	cp holdall.yaml only-box.yaml
	sed -i 's/packages: .*/packages: [box, one]/' holdall.yaml
	run unshare -U -r sh in-there "$HOLDALL" pack --fast holdall.yaml -o c.holdall
	expect_status 1
	expect_err_match 'user.max_user_namespaces'
	[ ! -e c.holdall ] || fail "a bundle was written"
	# Without scripts nothing is needed.
	sed -i 's/packages: .*/packages: [box]/' holdall.yaml
	run unshare -U -r sh in-there "$HOLDALL" pack --fast holdall.yaml -o c.holdall
	expect_status 0
}

suite_main "$@"
