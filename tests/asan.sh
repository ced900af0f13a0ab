#!/bin/bash
# asan.sh - unit tests and fuzz corpora under AddressSanitizer and UBSan
#
# Builds into build-asan with SAN=1: linked dynamically, and with the one
# relaxation of the image server's jail that a sanitizer needs.  End-to-end
# suites are not run on it: a sanitizer cannot look inside the sandbox.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1
build=${BUILD_ASAN:-build-asan}
tests/deps.sh || exit 1
make -j"$(nproc)" BUILD="$build" SAN=1 units fuzz-replay || exit 1

export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1 CK_DEFAULT_TIMEOUT=120
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0

one()
{
	local name=$1
	shift
	if timeout -k 5 600 "$@" >"$log" 2>&1 </dev/null; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		echo "not ok $name"
		tail -n 60 "$log" | sed 's/^/    /'
	fi
}

for prog in $(make -s BUILD="$build" SAN=1 list-units); do
	one "${prog#"$build"/test/}" "$prog"
done
for prog in "$build"/fuzz/*/*_fuzz; do
	[ -x "$prog" ] || continue
	name=$(basename "$prog" _fuzz)
	one "corpus $name" "$prog" "tests/corpus/$name"
done
echo "$passed passed, $failed failed under the sanitizers"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
