#!/bin/bash
# deps.sh - sees to it that what build and tests need is installed
#
# Reads the list in tests/packages and, for each argument, tests/packages.NAME
# (windows: displays without a screen).  Nothing missing: says nothing, changes
# nothing, and is quick.  Missing and we are root: names the packages, what
# each is for, and installs them (apt-get update only then).  Missing and we
# are not root: lists them with the line that installs them and fails.
set -u
here=$(cd "$(dirname "$0")" && pwd)
lists=("$here/packages" "${@/#/$here/packages.}")
cat "${lists[@]}" >/dev/null || exit 2

if ! command -v dpkg-query >/dev/null; then
	{
		echo "deps: this is not Debian or a relative of it; please install" \
			"what these Debian packages hold:"
		cat "${lists[@]}" | sed -e '/^#/d' -e 's/^/  /'
	} >&2
	# With everything in place under other names the build goes on.
	[ "${HOLDALL_DEPS:-}" = present ] && exit 0
	echo "deps: then set HOLDALL_DEPS=present in the environment" >&2
	exit 1
fi

missing=()
while read -r name reason; do
	case $name in '' | '#'*) continue ;; esac
	state=$(dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
		sort -u | grep -x installed)
	[ "$state" = installed ] && continue
	missing+=("$name")
	printf 'deps: %s is missing: %s\n' "$name" "$reason" >&2
done < <(cat "${lists[@]}")

[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	{
		echo "deps: only root may install packages; as root:"
		echo "  apt-get install --no-install-recommends ${missing[*]}"
	} >&2
	exit 1
fi

echo "deps: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >&2 ||
	echo "deps: apt-get update failed; trying with the lists that are here" >&2
if ! apt-get install -q -y --no-install-recommends "${missing[@]}" >&2; then
	echo "deps: apt-get could not install ${missing[*]}; its reason stands" \
		"above" >&2
	exit 1
fi
