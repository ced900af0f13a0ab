#!/bin/bash
# perms_test.sh - requests, grants, and who decides
. "$(dirname "$0")/lib.sh"

ASK=$BUNDLES/ask.holdall
try='echo x >written'

# what the bundle asks for is denied with nobody there, with the line to grant it
denied()
{
	rm -f written
	run "$ASK" sh -c "$try"
	[ "$status" -ne 0 ] && [ ! -e written ] || fail "written without a yes"
}

granted()
{
	rm -f written
	run "$ASK" sh -c "$try"
	expect_ok
	[ -e written ] || fail "not written"
}

test_a_request_is_denied_without_a_yes()
{
	denied
	expect_err_has files=cwd:rw
	expect_err_match 'permissions .*grant'
}

# The line that is printed is the line that works.
test_the_printed_line_grants_it()
{
	rm -f written
	run "$HOLDALL" run "$ASK" sh -c "$try"
	[ ! -e written ] || fail "written without a yes"
	local line
	line=$(sed -n 's/.*or: holdall \(permissions .*\)$/\1/p' "$T/err")
	[ -n "$line" ] || fail "no line that grants: $(show "$T/err")"
	eval "run \"\$HOLDALL\" $line"
	expect_status 0
	granted
	run "$HOLDALL" permissions org.example.Ask revoke files=cwd:rw
	expect_status 0
	denied
}

# What every run would leave out is refused where it is given, and never offered.
test_what_cannot_be_granted_is_refused_at_once()
{
	local value
	make_box whole org.example.Whole 'permissions:' \
		"  files: ['~:rw']"
	run "$HOLDALL" lint whole/holdall.yaml
	expect_status 1
	expect_err_has 'the whole home folder is never granted'
	make_box whole org.example.Whole 'permissions:' \
		"  files: [{path: ~/.ssh, access: rw}]"
	pack whole whole.holdall
	run ./whole.holdall true
	expect_status 0
	expect_err_has 'it cannot be granted'
	! grep -q 'To allow' "$T/err" || fail "offered: $(show "$T/err")"
	run "$HOLDALL" permissions ./whole.holdall
	expect_out_has 'it cannot be granted'
	for value in '~:rw' '~/.ssh:ro' /:ro '~/bin:create'; do
		run "$HOLDALL" permissions ./whole.holdall grant "files=$value"
		expect_status 125
		expect_err_has 'cannot be granted'
	done
	run "$HOLDALL" permissions ./whole.holdall grant 'files=~/Games:create' \
		files=cwd:rw
	expect_status 0
	# In the home folder `cwd` is the home folder.
	cd "$HOME" || fail cd
	run "$ASK" true
	! grep -q 'To allow' "$T/err" || fail "offered: $(show "$T/err")"
}

test_permit_holds_for_one_run()
{
	run "$HOLDALL" run --permit files=cwd:rw "$ASK" sh -c "$try"
	expect_ok
	[ -e written ] || fail "not written"
	denied
}

test_deny_is_stronger_than_a_kept_yes()
{
	run "$HOLDALL" permissions org.example.Ask grant files=cwd:rw
	if [ "$status" -ne 0 ]; then	# nothing known of the app before a run
		run "$HOLDALL" permissions "$ASK" grant files=cwd:rw
	fi
	expect_status 0
	granted
	rm -f written
	run "$HOLDALL" run --deny files "$ASK" sh -c "$try"
	[ ! -e written ] || fail "--deny files did nothing"
}

test_grant_by_path_and_reset()
{
	run "$HOLDALL" permissions "$ASK" grant files=cwd:rw
	expect_status 0
	granted
	run "$HOLDALL" permissions "$ASK"
	expect_status 0
	expect_out_has 'files'
	run "$HOLDALL" permissions "$ASK" --json
	expect_status 0
	/usr/bin/jq -e . "$T/out" >/dev/null || fail "not JSON"
	run "$HOLDALL" permissions "$ASK" reset
	expect_status 0
	denied
}

test_grants_belong_to_the_origin()
{
	run "$HOLDALL" permissions "$ASK" grant files=cwd:rw
	expect_status 0
	make_box other org.example.Ask 'environment: {O: "1"}' 'permissions:' \
		'  files: [{path: cwd, access: rw}]'
	pack other other.holdall
	run ./other.holdall sh -c "$try"
	[ ! -e written ] || fail "a foreign bundle of this id has the grant"
}

test_the_user_settings()
{
	mkdir -p "$HOME/.config/holdall"
	echo 'org.example.Ask.grant.files=cwd:rw' >"$HOME/.config/holdall/settings"
	granted
	echo 'org.example.Other.grant.files=cwd:rw' \
		>"$HOME/.config/holdall/settings"
	denied
	# Whatever grants and is unknown is ignored and said.
	echo 'grant.teleport=everywhere' >"$HOME/.config/holdall/settings"
	run "$BOX" echo hi
	expect_status 0
	expect_out hi
	expect_err_has teleport
	# Whatever forbids and is unknown stops the start.
	for line in 'deny.teleport=*' 'limit.teleport=1' 'nonsense' \
		'forbid.network=host'; do
		echo "$line" >"$HOME/.config/holdall/settings"
		run "$BOX" echo hi
		expect_refused 125
	done
}

# The site's file, seen in a mount namespace of our own.
with_site()
{
	local text=$1
	shift
	mkdir -p "$T/etc/holdall"
	printf '%s\n' "$text" >"$T/etc/holdall/settings"
	run bwrap --dev-bind / / --tmpfs /etc --ro-bind /etc/passwd /etc/passwd \
		--ro-bind "$T/etc/holdall" /etc/holdall "$@"
}

test_the_site_settings()
{
	with_site 'grant.files=cwd:rw' "$ASK" sh -c "$try"
	[ -e written ] || fail "the site's grant: $(show "$T/err")"
	rm -f written
	with_site 'forbid.files=*' "$HOLDALL" run --permit files=cwd:rw "$ASK" \
		sh -c "$try"
	[ ! -e written ] || fail "the site's ban was overruled"
	with_site 'forbid.teleport=*' "$BOX" echo hi
	expect_refused 125
}

test_unknown_words()
{
	run "$HOLDALL" run --permit netwrok=host "$BOX" true
	expect_refused 125
	expect_err_has network
	run "$HOLDALL" run --permit network=hots "$BOX" true
	expect_refused 125
	expect_err_has host
	local word
	for word in '' = x= =x files files= files=cwd files=cwd:rx files=rel:rw \
		files=/a/../b:rw display=x12 network; do
		run "$HOLDALL" run --permit "$word" "$BOX" true
		expect_refused 125
	done
	run "$HOLDALL" run --nosuch "$BOX" true
	expect_refused 125
	run "$HOLDALL" run --permit
	expect_refused 125
}

# A bundle's own command line may not widen the sandbox without a person.
test_self_permit_needs_a_yes()
{
	run "$BOX" --holdall run --permit files=cwd:rw -- sh -c "$try"
	[ ! -e written ] || fail "the bundle gave itself a permission"
	run "$BOX" --holdall permissions grant files=cwd:rw
	run "$BOX" sh -c "$try"
	[ ! -e written ] || fail "the bundle kept itself a permission"
}

test_what_has_no_effect_yet_is_said()
{
	make_box b org.example.NotYet 'permissions: {sound: playback}'
	pack b b.holdall
	run "$HOLDALL" run --explain b.holdall
	expect_status 0
	grep -qiE 'not yet|no effect|cannot' "$T/out" "$T/err" ||
		fail "--explain does not say that sound has no effect yet"
}

test_explain_runs_nothing()
{
	run "$HOLDALL" run --explain --permit files=cwd:rw "$BOX" sh -c "$try"
	expect_status 0
	expect_out_has "$PWD"
	[ ! -e written ] || fail "it ran"
	[ -z "$(find "$HOME" -mindepth 1)" ] || fail "it made something"
}

suite_main "$@"
