#!/bin/bash
# upstream.sh - Debian's newest squashfuse_ll as a peer for read.sh, without installing
#
#	bench/upstream.sh DIR [SUITE]
#
# Fetches the package and what it needs from SUITE (sid) of the mirror that this
# machine uses already, checked by Debian's keyring, unpacks them below DIR and writes
# a program there that starts squashfuse_ll with its own C library.  apt's lists lie in
# DIR too; nothing of the system changes.  The last line is the program's path:
#
#	BENCH_SQUASHFUSE=$(bench/upstream.sh DIR | tail -n 1) make bench
#
# DIR must be readable for the user that measures.
set -u
[ $# -ge 1 ] || { echo "usage: bench/upstream.sh DIR [SUITE]" >&2; exit 2; }
mkdir -p "$1" && dir=$(realpath "$1") || exit 1
suite=${2:-sid}

die()
{
	echo "upstream.sh: $*" >&2
	exit 1
}

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
	'Label: Debian' 2>/dev/null | head -n 1)
[ -n "$mirror" ] || die "apt knows no mirror of Debian"
rm -rf "$dir/root"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" \
	"$dir/root" || exit 1
: >"$dir/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	"$mirror $suite main" >"$dir/apt/sources.list"
apt=(apt-get -qq -o "Dir::Etc::SourceList=$dir/apt/sources.list"
	-o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$dir/apt/lists"
	-o "Dir::State::Status=$dir/apt/status" -o "Dir::Cache=$dir/apt/cache"
	-o Acquire::Languages=none -o APT::Sandbox::User=root)
"${apt[@]}" update >"$dir/log" 2>&1 ||
	die "cannot read the list of $suite: $(tail -n 1 "$dir/log")"
"${apt[@]}" install -y --download-only --no-install-recommends squashfuse \
	>>"$dir/log" 2>&1 ||
	die "cannot fetch squashfuse of $suite: $(tail -n 1 "$dir/log")"
for deb in "$dir"/apt/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$dir/root" || die "cannot unpack $deb"
done
loader=$(find "$dir/root" -name 'ld-linux*.so.*' | head -n 1)
program=$dir/root/usr/bin/squashfuse_ll
[ -n "$loader" ] && [ -x "$program" ] || die "$suite's package has no squashfuse_ll"
libraries=$(find "$dir/root" -name '*.so.*' -printf '%h\n' | sort -u |
	paste -sd :)
cat >"$dir/squashfuse_ll" <<X
#!/bin/sh
exec "$loader" --library-path "$libraries" "$program" "\$@"
X
chmod a+rx "$dir" "$dir/squashfuse_ll"
find "$dir/apt/cache/archives" -name 'squashfuse_*.deb' -printf '%f\n'
echo "$dir/squashfuse_ll"
