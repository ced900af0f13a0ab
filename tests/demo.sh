#!/bin/bash
# demo.sh - packs the host's jq and python3 and runs them: `make demo`
#
# Each step is printed as one would type it, then done.  The bundles stay in
# build/demo.  Started as root, the bundles are run by an ordinary user
# (holdall-test, who is made for it), because that is who runs programs.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
demo=$BUILD/demo

die()
{
	echo "demo: $*" >&2
	exit 1
}

tests/deps.sh || exit 1
make -j"$(nproc)" all || die "the build failed"
mkdir -p "$demo"
demo=$(cd "$demo" && pwd)
holdall=$(cd "$BUILD" && pwd)/holdall

# ---- packing ---------------------------------------------------------------------

for name in jq python3; do
	echo
	echo "\$ holdall pack manifests/$name/holdall.yaml -o $name.holdall"
	sed 's/^/  | /' "manifests/$name/holdall.yaml"
	"$holdall" pack "manifests/$name/holdall.yaml" \
		-o "$demo/$name.holdall" || die "cannot pack $name"
	ls -l "$demo/$name.holdall" | awk '{ print "  " $5 " bytes" }'
done

# ---- running, as an ordinary user ---------------------------------------------------

folder=$demo
as=()
if [ "$(id -u)" -eq 0 ]; then
	user=${HOLDALL_TEST_USER:-holdall-test}
	id "$user" >/dev/null 2>&1 ||
		useradd --create-home --shell /bin/bash "$user" ||
		die "cannot make the user $user"
	if [ "$(stat -c %a /dev/fuse 2>/dev/null)" != 666 ]; then
		echo "demo: /dev/fuse gets mode 0666, as distributions ship it"
		chmod 666 /dev/fuse
	fi
	home=$(getent passwd "$user" | cut -d: -f6)
	stage=$(mktemp -d "$home/demo.XXXXXX") || die "cannot write to $home"
	trap 'rm -rf "$stage"' EXIT
	folder=$stage/files
	mkdir "$folder"
	cp "$demo"/*.holdall "$folder/"
	cp "$holdall" "$stage/"
	mkdir -m 700 "$stage/run"
	chown -R "$user": "$stage"
	holdall=$stage/holdall
	as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
		--inh-caps=-all env -i PATH=/usr/bin:/bin HOME="$home"
		USER="$user" TERM="${TERM:-dumb}" XDG_RUNTIME_DIR="$stage/run")
fi

failed=0

# show STATUS SCRIPT: prints the line, runs it, and wants that status.
show()
{
	echo
	echo "\$ $2"
	(cd "$folder" && "${as[@]}" bash -o pipefail -c 'holdall() { "$HOLDALL" "$@"; }
		HOLDALL=$1; eval "$2"' demo "$holdall" "$2") 2>&1 | sed 's/^/  /'
	local r=${PIPESTATUS[0]}
	[ "$r" -eq 0 ] || echo "  (status $r)"
	if [ "$r" -ne "$1" ]; then
		echo "  this should have been status $1"
		failed=1
	fi
}

show 0 "echo '{\"name\": \"holdall\", \"one\": [\"file\"]}' >data.json"
show 0 "./jq.holdall . data.json"
show 0 "echo 1 | ./jq.holdall '. + 1'"
show 0 "./jq.holdall . <(echo 1)"
show 0 "holdall run jq.holdall -- -n 1"
show 0 "echo 'import sys; print(\"hello from\", sys.version.split()[0])' >script.py"
show 0 "./python3.holdall script.py"
show 0 "./python3.holdall -c 'import ssl, json, sqlite3; print(\"ssl, json, sqlite3: all in the file\")'"
show 3 "./python3.holdall -c 'raise SystemExit(3)'"

echo
echo "What is in it, and what it may do:"
show 0 "holdall info jq.holdall"

echo
echo "The sandbox: no other file, no network, nobody else's processes."
show 0 "echo secret >other.txt"
show 1 "./python3.holdall -c 'open(\"other.txt\")' 2>&1 | grep Error"
show 0 "./python3.holdall -c 'print(open(\"other.txt\").read())' other.txt"
show 1 "./python3.holdall -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 3)' 2>&1 | grep Error"
show 0 "./python3.holdall -c 'import os; print(\"processes:\", [p for p in os.listdir(\"/proc\") if p.isdigit()])'"
show 1 "./python3.holdall -c 'open(\"new.txt\", \"w\")' 2>&1 | grep Error"
show 0 "holdall run --permit files=cwd:rw python3.holdall -c 'open(\"new.txt\", \"w\").write(\"allowed\n\")' && cat new.txt"

echo
if [ $failed -ne 0 ]; then
	die "not everything went as it should, see above"
fi
echo "The bundles are in $demo; try them."
