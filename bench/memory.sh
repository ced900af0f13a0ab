#!/bin/bash
# memory.sh - what the processes beside the app cost: idle, while it reads, after
#
# Four ways, one after the other: bwrap alone; bwrap over squashfuse_ll; a bundle; and
# the twelfth of twelve bundles.  KiB of each process: memory that is its own
# (anonymous, and pages of files that nobody else maps), and PSS, in which a page
# that n processes map counts as an nth.  Of reading: 600 MB by two readers, of
# programs behind each other; "reading" is the most that was seen ten times a second
# meanwhile.
#
# Of processes that are not dumpable (ours) only root may see the figures.  One
# that somebody froze or stopped meanwhile shows 64 to 128 KiB of files more: its
# waiting threads have gone through the C library again.
#
# About a minute.  Called by run.sh with the words that start a command as the
# ordinary user.
set -u
as=("$@")
build=${HOLDALL_BUILD:-$W}
read_mb=600

# ---- processes -------------------------------------------------------------

# children PID: it and all below it, but for the app (busybox, sleep, sh).
helpers()
{
	local todo=("$1") p
	while [ ${#todo[@]} -gt 0 ]; do
		p=${todo[0]}
		todo=("${todo[@]:1}")
		# shellcheck disable=SC2207
		todo+=($(pgrep -P "$p"))
		case $(cat "/proc/$p/comm" 2>/dev/null) in
		sleep|sh|cat|tail|'') ;;
		*) echo "$p" ;;
		esac
	done
}

# look PID...: a line each, PID ANONYMOUS FILES PSS.  A mapping without anonymous
# pages is a file's; in the others what is clean is.
look()
{
	local p
	for p; do
		awk -v pid="$p" '
		function add() {
			file += anonymous ? clean : clean + dirty
			own += anonymous ? dirty : 0
		}
		/^[0-9a-f]+-/ { add(); clean = dirty = anonymous = 0 }
		/^Pss:/ { pss += $2 }
		/^Private_Clean:/ { clean = $2 }
		/^Private_Dirty:/ { dirty = $2 }
		/^Anonymous:/ { anonymous = $2 }
		END { add(); if (NR) print pid, own, file, pss }' \
			"/proc/$p/smaps" 2>/dev/null
	done
}

role()
{
	case $(cat "/proc/$1/comm") in
	holdall-init) echo 'pid 1' ;;
	*holdall*) [ "$1" = "$2" ] && echo supervisor || echo 'image server' ;;
	*) cat "/proc/$1/comm" ;;
	esac
}

line()
{
	printf '%-34s %9s %9s %9s\n' "$@"
}

# show NAME PID...: all of them, then their sum; PIDs may have no helpers left.
show()
{
	local name=$1 first=$2 pids seen
	shift
	# shellcheck disable=SC2046
	pids=$(for p; do helpers "$p"; done)
	# shellcheck disable=SC2086
	seen=$(look $pids)
	if [ "$(wc -l <<<"$seen")" -ne "$(wc -l <<<"$pids")" ]; then
		echo "$name: not all can be seen; ours only by root"
		return
	fi
	while read -r p own file pss; do
		line "  $(role "$p" "$first")" "$own" "$file" "$pss"
	done <<<"$seen"
	awk -v name="$name" '{ own += $2; file += $3; pss += $4 }
		END { printf "%-34s %9d %9d %9d\n", name, own, file, pss }' \
		<<<"$seen"
}

# ---- what is measured --------------------------------------------------------

# Without an end; no two blocks of an image come out the same.
programs()
{
	echo "$1"
	while cat "$build/holdall-bundler" "$build/holdall" /bin/bash; do
		:
	done 2>/dev/null
}

pack_bundle()
{
	local dir=$W/memory.app i
	mkdir -p "$dir/bin" "$dir/data" || return 1
	cp /bin/busybox "$dir/bin/sh"
	ln -sf sh "$dir/bin/sleep"
	ln -sf sh "$dir/bin/cat"
	ln -sf sh "$dir/bin/tail"
	for i in 1 2; do
		programs $i | head -c $((read_mb / 2))000000 >"$dir/data/$i"
	done
	cat >"$W/memory.yaml" <<-'Y'
	schema: 1
	id: org.example.Memory
	version: "1"
	command: sh
	sources:
	  - dir: ./memory.app
	Y
	"$build/holdall" pack --fast "$W/memory.yaml" -o "$W/memory.holdall" \
		>/dev/null 2>&1 || return 1
	rm -r "$dir"
	# Dirty pages of the bundle would pass for memory of whoever maps them.
	sync "$W/memory.holdall"
}

# shellcheck disable=SC2016
reader='for i in 1 2; do cat /data/$i | tail -c 1 & done; wait
	echo end; exec sleep 30'

# idle NAME PID...: after the start has been forgotten.
idle()
{
	sleep 4
	show "$@"
}

# most PID SAID: what look says of it when it has most of its own, until the app
# says that it has ended.
most()
{
	local ticks
	for ((ticks = 0; ticks < 300; ticks++)); do
		look "$1"
		! grep -q end "$2" || break
		sleep 0.1
	done | sort -n -k2 | tail -1
}

# reading NAME SERVER PID...: while the app reads, then 5 s after
reading()
{
	local name=$1 server=$2 own file pss
	shift 2
	read -r _ own file pss <<<"$(most "$server" "$W/said")"
	[ -z "$own" ] || line "$name: reading $read_mb MB" "$own" "$file" "$pss"
	sleep 5
	show "$name: 5 s later" "$@"
}

# start COMMAND...: $! is its process; setpriv and env become it by exec.
start()
{
	: >"$W/said"
	"${as[@]}" "$@" </dev/null >"$W/said" 2>/dev/null &
}

end()
{
	kill "$@" 2>/dev/null
	wait "$@" 2>/dev/null
}

bundle()
{
	start "$W/memory.holdall" "$@"
	instance=$!
}

# The server is the child of the supervisor that is not pid 1.
server_of()
{
	local p
	for p in $(pgrep -P "$1"); do
		[ "$(cat "/proc/$p/comm")" = holdall-init ] || echo "$p"
	done
}

measure_ours()
{
	bundle -c 'exec sleep 30'
	idle 'holdall' "$instance"
	end "$instance"
	bundle -c "$reader"
	sleep 0.1
	reading 'holdall' "$(server_of "$instance")" "$instance"
	end "$instance"
}

# peer NAME REPORT COMMAND...: bwrap over a fresh mount of the image
peer()
{
	local report=$1 server bwrap
	shift
	start squashfuse_ll -f -o "offset=$offset" "$W/memory.holdall" "$W/mnt"
	server=$!
	sleep 0.5
	start bwrap --unshare-all --die-with-parent --ro-bind "$W/mnt" / /bin/sh "$@"
	bwrap=$!
	if [ "$report" = idle ]; then
		idle 'squashfuse_ll + bwrap' "$server" "$bwrap"
	else
		reading 'squashfuse_ll + bwrap' "$server" "$server" "$bwrap"
	fi
	end "$bwrap"
	"${as[@]}" fusermount3 -u "$W/mnt"
	end "$server"
}

measure_peer()
{
	local offset
	if ! command -v squashfuse_ll >/dev/null; then
		echo "no squashfuse_ll to compare with (make deps)"
		return
	fi
	offset=$("$W/holdall" info "$W/memory.holdall" |
		sed -n 's/.*image (.* at \([0-9]*\)).*/\1/p')
	peer idle -c 'exec sleep 30'
	peer reading -c "$reader"
}

measure_bwrap()
{
	start bwrap --unshare-all --die-with-parent --ro-bind / / sleep 30
	idle 'bwrap' $!
	end $!
}

measure_twelfth()
{
	local pids=()
	for _ in $(seq 1 11); do
		start "$W/holdall" run --home ephemeral "$W/memory.holdall" \
			-- -c 'exec sleep 30'
		pids+=($!)
	done
	bundle -c 'exec sleep 30'
	idle 'holdall, twelfth' "$instance"
	end "$instance" "${pids[@]}"
}

mkdir -p "$W/mnt" && chmod a+rX "$W/mnt" || exit 1
pack_bundle || { echo "cannot pack what is to be read"; exit 1; }
[ "$(id -u)" -ne 0 ] || chown "$(stat -c %U "$W/home"):" "$W/mnt" "$W/memory.holdall"
line 'KiB' 'own anon.' 'own files' PSS
measure_bwrap
measure_peer
measure_ours
measure_twelfth
rm -f "$W/memory.holdall"
