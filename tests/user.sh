# user.sh - the rest of a script as an ordinary user
#
# Programs are run by people, not by root.  A script that sources this calls
#
#	user_run OUT tests/NAME.sh [ARG...]
#
# in the checkout's folder, once it has built everything.  That starts the script again as
# "SCRIPT --inner ARG..." in a copy of what it needs, started by root as
# $HOLDALL_TEST_USER (else holdall-test, who is made for it), else as whoever
# calls, and brings what the script left in $OUT to the folder OUT.  Inside are
#
#	$HOLDALL	the command
#	$OUT, $WORK	empty folders, for what is kept and what is not
#	HOME		the user's own, so that Debian's packages are fetched once
#	XDG_RUNTIME_DIR, XDG_DATA_HOME, XDG_CONFIG_HOME		empty ones
#
# and no display.  The folder of all this goes away at the end.

user_stage=

user_gone()
{
	[ -z "$user_stage" ] || chmod -R u+rwx "$user_stage" 2>/dev/null
	[ -z "$user_stage" ] || rm -rf "$user_stage"
}

user_run()
{
	local out=$1 script=$2 home=$HOME user=${USER:-} as=() r
	script=${script#"$PWD"/}
	shift 2
	if [ "$(id -u)" -eq 0 ]; then
		user=${HOLDALL_TEST_USER:-holdall-test}
		id "$user" >/dev/null 2>&1 ||
			useradd --create-home --shell /bin/bash "$user" || return 1
		if [ "$(stat -c %a /dev/fuse 2>/dev/null)" != 666 ]; then
			echo "/dev/fuse gets mode 0666, as distributions ship it"
			chmod 666 /dev/fuse
		fi
		home=$(getent passwd "$user" | cut -d: -f6)
		as=(setpriv --reuid "$user" --regid "$(id -g "$user")"
			--init-groups --inh-caps=-all)
	fi
	user_stage=$(mktemp -d "$home/holdall-run.XXXXXX") || return 1
	trap user_gone EXIT
	trap 'exit 130' INT TERM HUP
	mkdir -p "$out" "$user_stage"/{tree/build,out,work,data,config}
	mkdir -m 700 "$user_stage/run"
	cp -r tests manifests bench "$user_stage/tree/"
	find "$BUILD" -maxdepth 1 -type f ! -name '*.a' ! -name '*.map' \
		! -name '*.debug' -exec cp {} "$user_stage/tree/build/" \;
	[ ${#as[@]} -eq 0 ] || chown -R "$user": "$user_stage"
	"${as[@]}" env -i PATH=/usr/bin:/bin HOME="$home" USER="$user" \
		LOGNAME="$user" TERM="${TERM:-dumb}" LC_ALL=C.UTF-8 \
		XDG_RUNTIME_DIR="$user_stage/run" \
		XDG_DATA_HOME="$user_stage/data" \
		XDG_CONFIG_HOME="$user_stage/config" \
		OUT="$user_stage/out" WORK="$user_stage/work" \
		HOLDALL="$user_stage/tree/build/holdall" \
		bash "$user_stage/tree/$script" --inner "$@"
	r=$?
	cp -rf --no-preserve=ownership "$user_stage"/out/. "$out/"
	return $r
}
