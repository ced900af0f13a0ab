#!/bin/bash
# fuzz.sh SECONDS [TARGET...] - fuzzing by time, with libFuzzer and sanitizers
#
# Each x_fuzz.c runs for SECONDS over tests/corpus/x.  What widens the coverage is
# kept in build-fuzz/new/x for the next time, not in the tree.  An input that
# fails is written to tests/corpus/x under the name crash-..., so that it
# becomes a test of `make check` from then on (rename it after what must fail).
# Needs clang with its run-time library.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1
seconds=${1:-60}
shift || true
build=build-fuzz
flags=(CC=clang BUILD=$build SAN=1 CFLAGS=-fsanitize=fuzzer-no-link)

if ! echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return 0; }' |
	clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null; then
	echo "fuzz: needs clang and its run-time library;" \
		"apt-get install clang libclang-rt-14-dev" >&2
	exit 1
fi
read -r -a targets < <(make -s "${flags[@]}" list-fuzz)
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: no targets" >&2; exit 1; }
make -j"$(nproc)" "${flags[@]}" "${targets[@]}" || exit 1

failed=0
for target in "${targets[@]}"; do
	name=$(basename "$target" _fuzz)
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	corpus=tests/corpus/$name
	mkdir -p "$corpus" "$build/new/$name"
	dict=()
	[ ! -f "tests/corpus/$name.dict" ] ||
		dict=(-dict="tests/corpus/$name.dict")
	echo "-- $name, $seconds s"
	"$target" -max_total_time="$seconds" -timeout=60 -report_slow_units=60 \
		-rss_limit_mb=1024 \
		-artifact_prefix="$corpus/" -print_final_stats=1 "${dict[@]}" \
		"$build/new/$name" "$corpus" 2>&1 |
		grep -E 'ERROR|SUMMARY|artifact|stat::(number|average)|Done'
	if [ "${PIPESTATUS[0]}" -ne 0 ]; then
		failed=1
		echo "fuzz: $name failed; the input is in $corpus"
	fi
done
exit $failed
