#!/bin/bash
# linkmap.sh - what the static program must not pull in
#
# A static glibc that looks up users, hosts or character sets loads modules of
# the host's glibc at run time: of another version, or not there at all.  The
# linker's map says for each object which other object asked for it; none of
# ours or of a library may ask for one of these.  Usage: linkmap.sh MAP
set -u
map=${1:?usage: linkmap.sh MAP}
bad='^(getaddrinfo|gai_.*|getnameinfo|nss_.*|nsswitch|getX?XbyYY.*|initgroups'
bad+='|getpw[a-z_]*|getgr[a-z_]*|getsp[a-z_]*|gethst[a-z_]*|getserv[a-z_]*'
bad+='|getsrv[a-z_]*|iconv|iconv_open|iconv_close|dlopen|dlmopen|wordexp)$'

[ -s "$map" ] || { echo "$map: no link map" >&2; exit 1; }
# The first part of the map: a member, then (same or next line) who wanted it.
awk -v bad="$bad" '
	/^Discarded input sections|^Memory Configuration/ { exit }
	/^[^ ].*\.a\(.*\)/ {
		member = $1
		sub(/.*libc\.a\(/, "", member); sub(/\.o\).*/, "", member)
		islibc = index($1, "/libc.a(") > 0
		if (NF > 1) { $1 = ""; seen() }
		next
	}
	/^ / && member != "" { seen() }
	function seen(   who)
	{
		who = $0
		sub(/^ +/, "", who)
		if (islibc && member ~ bad && who !~ /\/libc\.a\(/) {
			sub(/^.*\//, "", who)
			printf "%s.o of libc is pulled in by %s\n", member, who
			found = 1
		}
		n++
		member = ""
	}
	END {
		if (n < 20) { print "no list of members in this map"; exit 1 }
		exit found
	}' "$map" >&2
