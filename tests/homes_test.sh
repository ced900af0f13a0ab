#!/bin/bash
# homes_test.sh - the home of an app: kinds, what lasts, what is refused
. "$(dirname "$0")/lib.sh"

state()
{
	find "$HOME/.local/share/holdall" "$@" 2>/dev/null
}

test_private_lasts()
{
	run "$BOX" sh -c 'echo kept >~/f; mkdir ~/d; ln -s f ~/l'
	expect_ok
	run "$BOX" cat "$HOME/l"
	run "$BOX" sh -c 'cat ~/l'
	expect_ok
	expect_out kept
	[ ! -e "$HOME/f" ] || fail "it is in the real home"
	[ -n "$(state -name f)" ] || fail "it is not in the state"
}

test_state_is_private()
{
	umask 000
	run "$BOX" sh -c 'echo kept >~/f'
	expect_ok
	state -type d \( -path '*/upper/*' -prune -o ! -perm 700 -print \) |
		grep . && fail "folders that are not 0700"
	return 0
}

test_ephemeral_does_not_last()
{
	run "$HOLDALL" run --home ephemeral "$BOX" sh -c 'echo x >~/f; cat ~/f'
	expect_ok
	expect_out x
	run "$HOLDALL" run --home ephemeral "$BOX" sh -c 'ls -A ~'
	expect_out_lacks f
	run "$BOX" sh -c 'ls -A ~'
	expect_out_lacks f
	[ -z "$(state -name f)" ] || fail "kept in the state"
}

test_none_is_empty_and_closed()
{
	run "$HOLDALL" run --home none "$BOX" sh -c 'ls -A ~; stat -c %a ~
		echo x >~/f'
	[ "$status" -ne 0 ] || fail "written"
	expect_out 500
}

test_named_homes_are_apart()
{
	run "$HOLDALL" run --home private:one "$BOX" sh -c 'echo 1 >~/f'
	expect_ok
	run "$HOLDALL" run --home private:two "$BOX" sh -c 'ls ~; echo 2 >~/f'
	expect_ok
	expect_out_lacks f
	run "$HOLDALL" run --home private:one "$BOX" sh -c 'cat ~/f'
	expect_out 1
	local name
	for name in ../x a/b . .. '' $'a\nb' "$(printf 'x%.0s' {1..300})"; do
		run "$HOLDALL" run --home "private:$name" "$BOX" true
		expect_refused 125
	done
	run "$HOLDALL" run --home nosuch "$BOX" true
	expect_refused 125
}

test_two_homes_at_once()
{
	start_box a sleep 300
	run "$HOLDALL" run --home private:other "$BOX" echo hi
	expect_ok
	expect_out hi
	kill "$sup"
}

# A home that is bound directly is shared, like any folder of a user.
first_has_written()
{
	"$BOX" sh -c 'grep -q first ~/f' >/dev/null 2>&1
}

test_second_start_shares_the_home()
{
	mkdir -p "$HOME/shared"
	BOX=$(realpath "$BOX")
	cd "$HOME/shared" || fail 'cannot enter a folder of the home'
	start_box a sh -c 'echo first >~/f; sleep 300'
	wait_until first_has_written
	run "$BOX" sh -c 'cat ~/f; echo second >~/g'
	expect_ok
	expect_out first
	# The first one's mount points are still there, and gone after it.
	kill "$sup"
	expect_nothing_left "$T/a.tree"
	run "$BOX" sh -c 'cat ~/g; cd ~; ls'
	expect_ok
	find "$HOME/.local/share/holdall" -path '*/upper/shared' | grep . &&
		fail 'a mount point is left'
	return 0
}

test_pipeline_of_one_app()
{
	local i
	for i in 1 2 3 4 5; do
		echo "$i" | "$BOX" cat | "$BOX" cat | "$BOX" cat >"$T/o" ||
			fail "round $i"
		[ "$(cat "$T/o")" = "$i" ] || fail "round $i lost its data"
	done
}

test_second_start_on_an_overlay_is_refused()
{
	make_box skel org.example.Skel 'home-skeleton: /mnt'
	pack skel skel.holdall
	BOX=./skel.holdall start_box a sleep 300
	run ./skel.holdall echo hi
	expect_refused 125
	kill "$sup"
	expect_nothing_left "$T/a.tree"
	run ./skel.holdall echo hi
	expect_ok
}

test_another_bundle_of_the_id_gets_an_own_home()
{
	make_box one org.example.Same
	make_box two org.example.Same 'environment: {OTHER: "1"}'
	pack one one.holdall
	pack two two.holdall
	run ./one.holdall sh -c 'echo secret >~/f'
	expect_ok
	run ./two.holdall sh -c 'cat ~/f'
	[ "$status" -ne 0 ] || fail "reads the other one's home"
	# A repacked bundle at its path keeps its home.
	make_box one org.example.Same 'environment: {NEWER: "1"}'
	pack one one.holdall
	run ./one.holdall sh -c 'cat ~/f'
	expect_ok
	expect_out secret
	# A bundle that somebody else put there does not.
	cp two.holdall one.holdall
	run ./one.holdall sh -c 'cat ~/f'
	[ "$status" -ne 0 ] || fail "a foreign bundle took the home over"
}

test_skeleton()
{
	mkdir -p b/tree/skel
	echo first >b/tree/skel/greeting
	make_box b org.example.Skel 'home-skeleton: /skel'
	pack b b.holdall
	run ./b.holdall sh -c 'cat ~/greeting; echo mine >~/greeting'
	expect_ok
	expect_out first
	run ./b.holdall sh -c 'cat ~/greeting; rm ~/greeting; echo 2 >~/own'
	expect_ok
	expect_out mine
	run ./b.holdall sh -c 'ls ~'
	expect_ok
	expect_out own
}

# ---- grants of files -----------------------------------------------------------------

test_cwd_grant()
{
	echo old >f
	mkdir -p d
	run "$HOLDALL" run --permit files=cwd:ro "$BOX" sh -c 'cat f; ls -d d
		echo new >f'
	[ "$status" -ne 0 ] || fail "ro grant was written"
	expect_out $'old\nd'
	run "$HOLDALL" run --permit files=cwd:rw "$BOX" sh -c 'echo new >f
		echo more >d/g; rm f; mv d/g f'
	expect_ok
	grep -qx more f || fail "rw grant was not written"
	# For this run only.
	run "$BOX" sh -c 'cat f'
	[ "$status" -ne 0 ] || fail "the grant was kept"
}

test_cwd_that_is_the_home()
{
	cd "$HOME" || exit 1
	echo real >f
	run "$BOX" sh -c 'echo own >g; ls'
	expect_ok
	expect_out g
	[ ! -e g ] || fail "written into the real home"
}

test_other_grants()
{
	mkdir -p "$HOME/Games" "$T/elsewhere"
	echo x >"$HOME/Games/g"
	echo y >"$T/elsewhere/e"
	run "$HOLDALL" run --permit 'files=~/Games:ro' \
		--permit "files=$T/elsewhere:rw" "$BOX" sh -c \
		"cat ~/Games/g $T/elsewhere/e; echo z >$T/elsewhere/e"
	expect_ok
	expect_out $'x\ny'
	grep -qx z "$T/elsewhere/e" || fail "not written"
	# A folder that is not there: `create` makes it.
	run "$HOLDALL" run --permit 'files=~/New/deep:create' "$BOX" sh -c \
		'echo n >~/New/deep/n'
	expect_ok
	grep -qx n "$HOME/New/deep/n" || fail "not created"
}

test_documents_folder()
{
	mkdir -p "$HOME/.config" "$HOME/Dokumente"
	echo 'XDG_DOCUMENTS_DIR="$HOME/Dokumente"' >"$HOME/.config/user-dirs.dirs"
	echo d >"$HOME/Dokumente/d"
	run "$HOLDALL" run --permit files=xdg-documents:ro "$BOX" sh -c \
		'cat ~/Dokumente/d'
	expect_ok
	expect_out d
	# "$HOME/" there means: none.
	echo 'XDG_DOCUMENTS_DIR="$HOME/"' >"$HOME/.config/user-dirs.dirs"
	run "$HOLDALL" run --permit files=xdg-documents:ro "$BOX" sh -c 'ls ~'
	expect_out_lacks Dokumente
}

protected='.ssh .config/holdall .config/autostart .config/systemd
	.local/share/holdall .local/share/applications bin .local/bin
	.local/share/dbus-1 .bashrc .profile .cache/holdall'

# no_grant PATH:ACCESS
no_grant()
{
	run "$HOLDALL" run --permit "files=$1" "$BOX" true
	[ "$status" -eq 125 ] || fail "$1 was granted"
	expect_refused 125
}

test_protected_places_are_refused()
{
	local place
	for place in $protected; do
		no_grant "~/$place:rw"
		mkdir -p "$HOME/$place"
		no_grant "~/$place:rw"
		no_grant "~/$place:ro"
		no_grant "~/$place/below:create"
	done
	for place in '~' "$HOME" "$(dirname "$HOME")" / '~/.config' '~/.local'; do
		no_grant "$place:rw"
	done
	no_grant "$XDG_RUNTIME_DIR:rw"
	# Not by another spelling of the same place either.
	ln -s "$HOME" "$T/alias"
	no_grant "$T/alias:rw"
	no_grant "$T/alias/.ssh:rw"
	ln -s "$HOME/.ssh" "$HOME/keys"
	run "$HOLDALL" run --permit 'files=~/keys:rw' "$BOX" sh -c 'echo x >~/keys/x'
	[ ! -e "$HOME/.ssh/x" ] || fail "through a link into ~/.ssh"
}

test_moved_xdg_folders_are_protected_too()
{
	export XDG_DATA_HOME="$HOME/data" XDG_CONFIG_HOME="$HOME/conf"
	local place
	for place in data data/holdall conf conf/autostart; do
		run "$HOLDALL" run --permit "files=~/$place:rw" "$BOX" true
		expect_refused 125
	done
}

test_read_only_grant_hides_protected_places()
{
	mkdir -p "$HOME/.config/autostart" "$HOME/.config/plain"
	echo start >"$HOME/.config/autostart/a"
	echo p >"$HOME/.config/plain/p"
	echo secret >"$T/secret"
	run "$HOLDALL" run --permit 'files=~/.config:ro' "$BOX" sh -c \
		'cat ~/.config/plain/p; cat ~/.config/autostart/a'
	expect_out p
	[ "$status" -ne 0 ] || fail "read a protected place"
	# The folder above the home, with what belongs to other programs in it.
	mkdir -p "$HOME/.ssh"
	echo key >"$HOME/.ssh/id"
	run "$HOLDALL" run --permit "files=$T:ro" "$BOX" sh -c \
		"cat $T/secret; cat $HOME/.ssh/id $HOME/.config/autostart/a"
	[ "$status" -ne 0 ] || fail "read a protected place"
	expect_out_lacks key
	expect_out_lacks start
}

# A covering mount would be no use: its parent could be renamed.  So the way to
# the bundle's own file, inside a writable grant, must be fixed.
test_bundle_in_a_granted_folder()
{
	mkdir -p "$HOME/proj/apps/deep"
	cp "$BOX" "$HOME/proj/apps/deep/box"
	cd "$HOME/proj" || exit 1
	local before
	before=$(cksum <apps/deep/box)
	run "$HOLDALL" run --permit files=cwd:rw apps/deep/box sh -c '
		mv apps other && echo renamed
		mv apps/deep apps/x && echo renamed
		echo x >>apps/deep/box && echo appended
		rm -f apps/deep/box && echo removed
		mv apps/deep/box apps/b && echo moved
		echo fine >apps/deep/new; echo end'
	expect_out end
	[ "$(cksum <apps/deep/box)" = "$before" ] || fail "the bundle changed"
	[ -e apps/deep/new ] || fail "the grant does not work"
}

# ---- planted things ---------------------------------------------------------------------

# The app puts a link where the launcher will want a mount point in its home.
test_planted_link_in_the_home()
{
	mkdir -p "$HOME/sub" "$T/victim"
	echo data >"$HOME/sub/file"
	local target
	for target in "$T/victim" /etc .. "../../../../../../../..$T/victim"; do
		run "$BOX" sh -c "rm -rf ~/sub; ln -s $target ~/sub"
		expect_status 0
		run "$BOX" cat "$HOME/sub/file"
		[ -z "$(ls -A "$T/victim")" ] || fail "followed to $target"
		[ "$status" -ne 0 ] || expect_out data
	done
	run "$BOX" sh -c "rm -rf ~/sub; mkdir ~/sub; ln -s $T/victim/f ~/sub/file"
	run "$BOX" cat "$HOME/sub/file"
	[ -z "$(ls -A "$T/victim")" ] || fail "followed a planted file link"
	# The other way round: a folder where a file is wanted, and a FIFO.
	run "$BOX" sh -c "rm -rf ~/sub; mkdir -p ~/sub/file/deep"
	run timeout "$PATIENCE" "$BOX" cat "$HOME/sub/file"
	[ "$status" -ne 124 ] || fail "hangs"
	run "$BOX" sh -c "rm -rf ~/sub; mkdir ~/sub; mkfifo ~/sub/file ||
		/bin/busybox mkfifo ~/sub/file"
	run timeout "$PATIENCE" "$BOX" cat "$HOME/sub/file"
	[ "$status" -ne 124 ] || fail "hangs on a FIFO"
}

test_planted_things_in_the_state()
{
	run "$BOX" true
	local dir
	dir=$(state -type d -name default | head -n 1)
	[ -n "$dir" ] || fail "no home in the state"
	# What another program of the user, not the app, may leave there.
	rm -rf "$dir/upper"
	mkdir "$T/victim"
	ln -s "$T/victim" "$dir/upper"
	run "$BOX" sh -c 'echo x >~/x'
	[ -z "$(ls -A "$T/victim")" ] || fail "followed a link in the state"
}

test_mount_points_leave_nothing_in_the_home()
{
	mkdir -p "$HOME/a/b"
	echo data >"$HOME/a/b/file"
	run "$BOX" cat "$HOME/a/b/file"
	expect_ok
	expect_out data
	run "$BOX" sh -c 'find ~ -mindepth 1'
	expect_ok
	expect_out_lacks /a
	# What the app itself put beside stays.
	run "$BOX" sh -c 'mkdir -p ~/a; echo own >~/a/own' "$HOME/a/b/file"
	run "$BOX" sh -c 'cat ~/a/own; ls ~/a'
	expect_out $'own\nown'
}

test_mount_points_are_swept_after_a_kill()
{
	mkdir -p "$HOME/a/b"
	echo data >"$HOME/a/b/file"
	start_box k sh -c 'sleep 300' "$HOME/a/b/file"
	kill -KILL "$sup"
	expect_nothing_left "$T/k.tree"
	run "$BOX" sh -c 'find ~ -mindepth 1'
	expect_ok
	expect_out_lacks /a
}

test_full_home()
{
	run unshare -Urm sh -c 'mount -t tmpfs -o size=1m none "$1" &&
		XDG_DATA_HOME=$1 "$0" sh -c "head -c 3000000 /dev/zero >~/f;
		rm ~/f; echo still here"' "$BOX" "$T/work"
	expect_out 'still here'
}

# ---- what a person would look for in vain ----------------------------------------

test_output_in_the_own_home_is_said()
{
	cd "$HOME" || fail cd
	run "$BOX" sh -c 'echo x >"$1"' - out.mp3
	expect_status 0
	[ ! -e out.mp3 ] || fail "it lies on the host"
	local path
	path=$(sed -n "s/^holdall: out.mp3 was written into the app's own home: //p" \
		"$T/err")
	[ "$(cat "$path")" = x ] || fail "not there: $(show "$T/err")"
	# Read only, it is not written; written again, it is.
	run "$BOX" cat out.mp3
	expect_ok
	run "$BOX" sh -c 'echo y >"$1"' - ~/out.mp3
	expect_err_has "out.mp3 was written into the app's own home"
	# A link of the app's is not followed.
	run "$BOX" ln -s /etc/passwd link
	! grep -q 'written into' "$T/err" || fail "$(show "$T/err")"
	run "$HOLDALL" permissions "$BOX"
	expect_out_has "its own home: $(dirname "$path")"
	run "$HOLDALL" run --explain "$BOX"
	expect_out_has "the app's own home: $(dirname "$path")"
}

test_output_in_tmp_is_said()
{
	local name=/tmp/holdall-test-$$.out
	run "$BOX" sh -c 'echo x >"$1"' - "$name"
	expect_status 0
	expect_err_has "$name is not on this computer"
	run "$BOX" sh -c 'exit 3' - "$name"
	expect_status 3
	! grep -q 'not on this' "$T/err" || fail "$(show "$T/err")"
}

test_a_folder_as_argument_is_said()
{
	mkdir -p d 'e f'
	run "$BOX" ls d
	expect_err_has "d is a folder and is not passed; --permit files=$PWD/d:ro gives it"
	run "$HOLDALL" run --permit "files=$PWD/d:ro" "$BOX" ls d
	expect_ok
	run "$BOX" ls 'e f'
	expect_err_has "--permit 'files=$PWD/e f:ro' gives it"
	run "$BOX" ls . .. / /tmp /usr
	expect_ok
	mkdir "$HOME/.ssh"
	run "$BOX" ls "$HOME/.ssh"
	expect_err_has "is a folder and is not passed: "
	! grep -q gives "$T/err" || fail "offered: $(show "$T/err")"
}

test_verbose_says_what_is_done()
{
	run "$HOLDALL" run -v "$BOX" echo hi
	expect_status 0
	expect_out hi
	expect_err_has "the app's own home: "
	expect_err_has "network: none"
}

test_the_hint_to_write_here_is_one_that_works()
{
	run "$BOX" sh -c 'echo x >"$1"' - new.txt
	[ "$status" -ne 0 ] || fail "it wrote"
	expect_err_has "$BOX --holdall run --permit files=cwd:rw -- ARG..."
	run "$HOLDALL" run "$BOX" sh -c 'echo x >"$1"' - new.txt
	expect_err_has "holdall run --permit files=cwd:rw $BOX"
	run "$BOX" sh -c 'exit 127' - new.txt
	! grep -q permit "$T/err" || fail "$(show "$T/err")"
	mkdir -p "$HOME/.config/git"
	cd "$HOME/.config/git" || fail cd
	run "$BOX" sh -c 'echo x >"$1"' - new.txt
	! grep -q permit "$T/err" || fail "offered: $(show "$T/err")"
	expect_err_has 'cannot be granted'
}

suite_main "$@"
