# probe.sh - packs from a manifest and proves that what came out works
#
# Sourced by examples.sh and report-packages.sh, as an ordinary user.  A probe
# sets $saw to a few words for a table: what was seen, or what was missing; its
# status says which.  No probe takes longer than $PROBE_SECONDS.
PROBE_SECONDS=${PROBE_SECONDS:-60}
PACK_SECONDS=${PACK_SECONDS:-900}
probe_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The last line, short, without what would break a table.
last_words()
{
	grep -av '^[[:space:]]*$' "$1" 2>/dev/null | tail -n 1 |
		tr -d '|^\000-\010\013-\037' | tr -s ' \t' ' ' | cut -c 1-240
}

# probe_pack FOLDER: packs FOLDER/holdall.yaml to FOLDER/app.holdall.  Sets
# $packages, $megabytes, $warnings, $pack_seconds.
probe_pack()
{
	local start=$SECONDS
	packages=- megabytes=- warnings=-
	timeout -k 5 "$PACK_SECONDS" "$HOLDALL" pack "$1/holdall.yaml" --fast \
		-o "$1/app.holdall" >"$1/pack.out" 2>"$1/pack.err" </dev/null || {
		saw="not packed: $(last_words "$1/pack.err")"
		return 1
	}
	pack_seconds=$((SECONDS - start))
	packages=$(grep -c '^source\.[0-9]*\.package=' "$1/holdall.lock" \
		2>/dev/null)
	warnings=$(grep -cE '^[^ ]*(note|warning): ' "$1/pack.err")
	megabytes=$(stat -c %s "$1/app.holdall" |
		awk '{ printf "%.1f", $1 / 1e6 }')
}

# probe_says TEXT CMD...: it prints TEXT (and ends, with 0).
probe_says()
{
	local text=$1 r
	shift
	timeout -k 5 "$PROBE_SECONDS" "$@" >"$WORK/says" 2>&1
	r=$?
	if [ $r -eq 0 ] && { [ -z "$text" ] ||
		grep -qaF -- "$text" "$WORK/says"; }; then
		saw="printed \"$text\""
		return 0
	fi
	saw="status $r: $(last_words "$WORK/says")"
	return 1
}

# probe_shows KIND PICTURE [OPTION...] CMD...: a window on x11 or wayland with
# something in it; options as window.sh has them.
probe_shows()
{
	local kind=$1 picture=$2 option=()
	shift 2
	[ "$kind" != wayland ] || option=(--wayland)
	if timeout -k 5 $((PROBE_SECONDS + 30)) bash \
		"$probe_dir/window.sh" "${option[@]}" \
		--seconds "$PROBE_SECONDS" --log "$WORK/log" --shot "$picture" \
		"$@" >"$WORK/shows" 2>"$WORK/shows.err" </dev/null; then
		saw=$(last_words "$WORK/shows")
		return 0
	fi
	saw=$(last_words "$WORK/shows.err")
	saw=${saw#display: }
	saw=${saw:-not done in time}
	return 1
}
