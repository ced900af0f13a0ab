#!/bin/bash
# campaign.sh IMAGES - so many broken images through the real server
#
# campaign.c says what is done with each, and what counts as a finding.  They are
# done in parts, so that the death of the program itself (outside the jail: none
# allowed) is seen and the rest goes on.  Findings are kept in build-campaign/;
# one that was mended goes into tests/corpus/image.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1
images=${1:-10000}
first=${2:-1}
BUILD=${BUILD:-build}
export BUILD
out=${CAMPAIGN_OUT:-build-campaign}
part=500
# In a build with sanitizers what they find must be a death by a signal, or it
# looks like a server that refused the image.
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=0:disable_coredump=1
export UBSAN_OPTIONS=abort_on_error=1
GLOBIGNORE='tests/corpus/*/fuzz-*'
# Good images: from what a fuzzer has kept nothing could be read anyhow.
seeds=(tests/corpus/image/* tests/corpus/image_parts/*)

[ -x "$BUILD/campaign" ] || make BUILD="$BUILD" "$BUILD/campaign" || exit 1
mkdir -p "$out" || exit 1
failed=0
last=$((first + images - 1))
for ((n = first; n <= last; n += part)); do
	end=$((n + part - 1 < last ? n + part - 1 : last))
	# A hang costs 10 s; whatever takes longer than all of them is one.
	timeout -s KILL 1200 "$BUILD/campaign" "$out" $n $end "${seeds[@]}"
	r=$?
	[ $r -eq 0 ] && continue
	failed=1
	[ $r -le 1 ] || echo "finding: outside: images $n to $end: status $r"
done
[ $failed -eq 0 ] && echo "campaign: $images images, no findings"
exit $failed
