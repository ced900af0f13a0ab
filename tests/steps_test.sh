#!/bin/bash
# steps_test.sh - what is made at pack time, and tools that misbehave
#
# First made-up trees whose tool is a script: it may do to the sandbox and to the
# tree what it likes.  Then Debian packages, from the cache of whoever runs the
# tests; a first run fetches some 80 MB.
TEST_SECONDS=${TEST_SECONDS:-600}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
. "$(dirname "$0")/lib.sh"

# tool_tree SCRIPT: a box with a MIME package and an update-mime-database.
tool_tree()
{
	make_box . org.example.Steps
	mkdir -p tree/usr/share/mime/packages
	echo '<mime-info/>' >tree/usr/share/mime/packages/a.xml
	printf '#!/bin/sh\n%s\n' "$1" >tree/usr/bin/update-mime-database
	chmod 755 tree/usr/bin/update-mime-database
}

pack_here()
{
	run "$HOLDALL" pack --fast -o x.holdall "$@"
}

# Nothing of a stage is left, and no half a bundle.
expect_clean()
{
	[ ! -e x.holdall ] || fail "a bundle is there"
	[ -z "$(ls "$HOME/.cache/holdall/stage" 2>/dev/null)" ] ||
		fail "left in the stage: $(ls "$HOME/.cache/holdall/stage")"
}

# last_line TEXT: the last line of stderr says it, and it is one line.
expect_last_line()
{
	tail -n 1 "$T/err" | grep -qE -- "$1" ||
		fail "the last line is: $(tail -n 1 "$T/err")"
}

test_what_a_tool_makes_is_in_the_image()
{
	tool_tree 'echo "made at $SOURCE_DATE_EPOCH" >/usr/share/mime/mime.cache'
	SOURCE_DATE_EPOCH=1234567 pack_here
	expect_status 0
	[ -z "$(ls "$HOME/.cache/holdall/stage")" ] || fail "a stage is left"
	run ./x.holdall cat /usr/share/mime/mime.cache
	expect_status 0
	expect_out "made at 1234567"
}

test_no_tool_no_stage()
{
	make_box . org.example.Steps
	pack_here
	expect_status 0
	[ ! -e "$HOME/.cache" ] || fail "a cache was made for nothing"
}

test_writing_elsewhere_fails()
{
	tool_tree 'echo x >/usr/share/mime/mime.cache; echo x >/usr/bin/evil'
	pack_here
	expect_status 1
	expect_last_line 'post-step mime: .*/usr/bin/evil'
	expect_clean
}

test_a_link_is_not_followed()
{
	echo secret >"$HOME/secret"
	tool_tree "ln -s $HOME/secret /usr/share/mime/mime.cache"
	pack_here
	expect_status 1
	expect_last_line 'post-step mime: .*link'
	expect_clean
}

test_a_tool_reaches_nothing_of_the_host()
{
	echo secret >"$HOME/secret"
	tool_tree "cat $HOME/secret /proc/1/root$HOME/secret \
		>/usr/share/mime/mime.cache 2>&1; ls /sys/class/net | tr '\\n' ' ' \
		>>/usr/share/mime/mime.cache; touch $HOME/made $T/made 2>/dev/null
		exit 0"
	pack_here
	expect_status 0
	run ./x.holdall cat /usr/share/mime/mime.cache
	expect_out_has 'No such file'
	! grep -qx secret "$T/out" || fail "it read the host's file"
	[ ! -e "$HOME/made" ] && [ ! -e "$T/made" ] || fail "it wrote there"
}

test_a_tool_that_fails_is_named()
{
	tool_tree 'echo "first" >&2; echo "why it failed" >&2; exit 3'
	pack_here
	expect_status 1
	expect_last_line 'post-step mime: .*update-mime-database.*why it failed'
	expect_clean
}

# What only saves time does not end the packing.
test_a_cache_of_speed_is_noted()
{
	make_box . org.example.Steps
	mkdir -p tree/usr/share/fonts/x
	echo no font >tree/usr/share/fonts/x/a.ttf
	printf '#!/bin/sh\necho "no disk" >&2; echo x >/var/cache/fontconfig/a; exit 1\n' \
		>tree/usr/bin/fc-cache
	chmod 755 tree/usr/bin/fc-cache
	pack_here
	expect_status 0
	expect_err_match 'note: post-step fonts: .*fc-cache.*goes without the font cache'
	run ./x.holdall ls /var/cache/fontconfig
	[ "$status" -ne 0 ] || fail "what a failed tool wrote is there"
}

test_exclude_wins()
{
	tool_tree 'echo a >/usr/share/mime/mime.cache; echo b >/usr/share/mime/globs'
	echo 'exclude: [globs]' >>holdall.yaml
	pack_here
	expect_status 0
	run ./x.holdall ls /usr/share/mime
	expect_out_has mime.cache
	expect_out_lacks globs
}

# The tool works until it is told to stop.
start_slow_pack()
{
	tool_tree 'sleep 300'
	"$HOLDALL" pack --fast -o x.holdall >"$T/out" 2>"$T/err" &
	pid=$!
	wait_until stage_is_there || fail "no stage: $(show "$T/err")"
	sleep 0.3
}

stage_is_there()
{
	ls "$HOME"/.cache/holdall/stage/*/root/usr/bin/busybox >/dev/null 2>&1
}

test_term_stops_a_tool()
{
	start_slow_pack
	kill -TERM $pid
	wait $pid
	[ $? -eq 143 ] || fail "it did not die of the signal"
	expect_clean
}

test_kill_leaves_what_the_next_run_sweeps()
{
	start_slow_pack
	tree_of $pid >"$T/all"
	kill -KILL $pid
	wait $pid 2>/dev/null
	wait_until none_alive "$T/all" || fail "a tool lives on"
	stage_is_there || fail "this test sees nothing: the stage is gone already"
	printf '#!/bin/sh\necho a >/usr/share/mime/mime.cache\n' \
		>tree/usr/bin/update-mime-database
	pack_here
	expect_status 0
	[ -z "$(ls "$HOME/.cache/holdall/stage")" ] || fail "not swept"
}

# ---- packages ---------------------------------------------------------------------

# debian_pack FILE OPTION...: with the tester's package cache.
debian_pack()
{
	local file=$1
	shift
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack --fast -o "$file" "$@"
	if [ "$status" -ne 0 ] && [ "${CI:-}" != true ] &&
		grep -q 'cannot fetch' "$T/err"; then
		skip "no archive: $(show "$T/err")"
	fi
	expect_status 0
}

mousepad()
{
	cat >holdall.yaml <<-'END'
	schema: 1
	id: org.example.Mousepad
	version: "1"
	command: mousepad
	commands: {sh: /bin/sh}
	desktop: none
	sources:
	  - debian: [mousepad]
	END
	cp "$SCRATCH/src/mousepad.lock" holdall.lock 2>/dev/null
	debian_pack m.holdall
	cp holdall.lock "$SCRATCH/src/mousepad.lock"
}

# As the programs see it, on the mounted image: no cache is older than what it
# was made of, and the tools themselves find nothing to do.
test_caches_are_fresh_in_the_image()
{
	mousepad
	cat >look.sh <<-'END'
	set -e
	older() {
		[ -s "$1" ] || { echo "missing: $1"; return; }
		! [ "$2" -nt "$1" ] || echo "old: $1"
	}
	lib=$(echo /usr/lib/*-linux-gnu*)
	older /usr/share/glib-2.0/schemas/gschemas.compiled /usr/share/glib-2.0/schemas
	older $lib/gdk-pixbuf-2.0/2.10.0/loaders.cache $lib/gdk-pixbuf-2.0/2.10.0/loaders
	older $lib/gtk-3.0/3.0.0/immodules.cache $lib/gtk-3.0/3.0.0/immodules
	older $lib/gio/modules/giomodule.cache $lib/gio/modules
	older /usr/share/mime/mime.cache /usr/share/mime/packages
	older /usr/share/applications/mimeinfo.cache /usr/share/applications
	# Without --force it does nothing where the cache is as new.
	for d in /usr/share/icons/Adwaita /usr/share/icons/hicolor; do
		older $d/icon-theme.cache $d
		gtk-update-icon-cache $d
	done
	fc-cache -s -v | grep -E '^/usr/share/fonts' |
		grep -vE 'existing cache is valid|looped directory' || :
	[ "$(grep -c BEGIN /etc/ssl/certs/ca-certificates.crt)" -gt 50 ]
	[ -e /usr/lib/ssl/cert.pem ]
	echo done
	END
	run "$HOLDALL" run --command sh m.holdall -- -c "$(cat look.sh)"
	expect_status 0
	expect_out done
	# Every folder of the image can be read.
	run "$HOLDALL" extract -o whole m.holdall
	expect_status 0
}

# Another user's cache, cold, on another file system.
test_same_bytes_cold_on_tmpfs()
{
	local fast
	mousepad
	fast=$(mktemp -d /dev/shm/holdall-steps.XXXXXX) ||
		skip "no /dev/shm to write to"
	trap 'chmod -R u+rwx "$fast"; rm -rf "$fast"' EXIT
	mkdir -p "$fast/holdall/debs"
	grep -o ' [0-9a-f]\{64\} ' holdall.lock | while read -r deb; do
		cp "$CACHE/holdall/debs/$deb" "$fast/holdall/debs/"
	done
	run env XDG_CACHE_HOME="$fast" "$HOLDALL" pack --fast --locked \
		-o n.holdall
	expect_status 0
	cmp m.holdall n.holdall || fail "other bytes"
}

# Hostile data for real tools, which come with mousepad.
test_hostile_data_for_real_tools()
{
	mousepad
	mkdir -p evil/usr/share/glib-2.0/schemas evil/usr/share/mime/packages
	ln -s /etc/passwd evil/usr/share/glib-2.0/schemas/a.gschema.xml
	ln -s /dev/zero evil/usr/share/mime/packages/zero.xml
	{
		echo '<?xml version="1.0"?><!DOCTYPE x ['
		echo '<!ENTITY a0 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">'
		for i in 1 2 3 4 5 6 7 8 9; do
			printf '<!ENTITY a%d "' $i
			printf '&a%d;%.0s' $((i - 1)) 1 2 3 4 5 6 7 8 9 10
			echo '">'
		done
		echo ']><mime-info xmlns='
		echo '"http://www.freedesktop.org/standards/shared-mime-info">'
		echo '<mime-type type="a/b"><comment>&a9;</comment></mime-type>'
		echo '</mime-info>'
	} >evil/usr/share/mime/packages/bomb.xml
	echo '  - dir: ./evil' >>holdall.yaml
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack --fast -o e.holdall
	# Ignored by the tools, or the end of the packing with a line; never more.
	[ "$status" -eq 0 ] || expect_last_line 'post-step (schemas|mime): '
	[ "$status" -ne 0 ] || {
		run "$HOLDALL" cat e.holdall \
			/usr/share/glib-2.0/schemas/gschemas.compiled
		! grep -qa "root:x:0:0" "$T/out" || fail "it holds passwd"
	}
}

test_compiled_locale()
{
	cat >holdall.yaml <<-'END'
	schema: 1
	id: org.example.Jq
	version: "1"
	command: jq
	commands: {sh: /bin/sh}
	locales: [de_DE]
	sources:
	  - debian: [jq]
	END
	debian_pack j.holdall
	grep -q '^tools.package=locales ' holdall.lock ||
		fail "the lock has no tools"
	run "$HOLDALL" run --command sh j.holdall -- -c \
		'LC_ALL=de_DE.UTF-8 date -d 2024-03-05 "+%A %x"; ls /usr/share/i18n'
	expect_out_has 'Dienstag 05.03.2024'
	expect_err_has '/usr/share/i18n'
	sed -i 's/de_DE/xx_YY/' holdall.yaml
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack -o k.holdall
	expect_status 1
	expect_last_line 'locale xx_YY'
	# The lock's tools are part of what --locked means.
	sed -i -e 's/xx_YY/de_DE/' holdall.yaml
	sed -i '/^tools/d' holdall.lock
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" pack --locked -o k.holdall
	expect_status 1
	expect_last_line 'holdall.lock lacks the tools'
}

suite_main "$@"
