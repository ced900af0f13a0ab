#!/bin/bash
# report-packages.sh - the same six lines for many packages: `make report`
#
#	report-packages.sh [PACKAGE...]		only these; nothing is written then
#
# Each package gets the six lines of a manifest (schema, id, version, command,
# sources, debian) and nothing else.  It is packed and started, and has to do
# something that can be proved: print what only a working program prints, answer
# on a socket, or show a window with something in it, on X11 and on Wayland.  The
# table goes to docs/packages.md.  Needs about 1.5 GB of packages, which are kept
# in the user's cache, and a quarter of an hour.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL
cd "$(dirname "$0")/.." || exit 1

# app PACKAGE COMMAND KIND PROBE: a probe is the name of a function below, or
# "says TEXT ARG...", "shows ARG...", or "titled REGEX ARG..." where the first
# window is a splash.
every_app()
{
	app jq jq terminal says '[1,2]' -nc '[1,2]'
	app vim vim terminal says 'made by vim' -es -u NONE \
		-c 'call writefile(["made by vim"], "/dev/stdout")' -c 'q!'
	app ffmpeg ffmpeg terminal says MD5= -v error -f lavfi \
		-i testsrc=duration=1 -c:v libx264 -f md5 -
	app git git terminal says 'Initialized empty Git' \
		-c init.defaultBranch=main init /tmp/r
	app gdb gdb terminal says '$1 = 42' -batch -ex 'print 6*7'
	app sqlite3 sqlite3 terminal says 42 :memory: 'select 6*7;'
	app imagemagick convert terminal says 8x9 -size 8x9 xc:red \
		-format '%wx%h' info:
	app gnuplot-nox gnuplot terminal says 42 -e 'print 6*7'
	app python3 python3 Python says 'ok 42' \
		-c 'import ssl, sqlite3; print("ok", 6 * 7)'
	app nodejs nodejs JavaScript says 42 -p '6*7'
	app ruby ruby Ruby says 42 -e 'require "json"; puts 6 * 7'
	app openjdk-17-jre-headless java Java says 'OpenJDK' -version
	app redis-server redis-server server redis
	app xterm xterm X11 shows -e sh -c 'ls -l /usr; sleep 100'
	app mousepad mousepad 'GTK 3' shows
	app xfce4-terminal xfce4-terminal 'GTK 3' shows
	app meld meld 'GTK 3, Python' shows
	app gnome-calculator gnome-calculator 'GTK 4' shows
	app gnome-text-editor gnome-text-editor 'GTK 4' shows
	app qpdfview qpdfview 'Qt 5' shows
	app kcalc kcalc 'Qt 5, KDE' shows
	app wireshark wireshark 'Qt 5' shows
	app vlc vlc 'Qt 5' shows
	app mpv mpv 'GL, video' shows --idle=yes --force-window=yes
	# -n: in one process, which needs no network, not even the loopback.
	app idle idle 'Tk, Python' titled Shell -n
	app jedit jedit 'Java, windows' titled '^jEdit'
	app extremetuxracer etr 'game, GL' shows
	app gnome-mines gnome-mines 'game, GTK 3' shows
	app libreoffice-calc localc office titled Calc
	app firefox-esr firefox-esr browser shows
	app chromium chromium browser shows
}

redis()
{
	local port=$((20000 + RANDOM % 10000)) pid answer i
	timeout -k 5 60 "$HOLDALL" run --permit network=host app.holdall -- \
		--bind 127.0.0.1 --port $port --save '' >"$WORK/says" 2>&1 &
	pid=$!
	for i in $(seq 200); do
		{ exec 8<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && break
		sleep 0.05
	done
	echo PING >&8 2>/dev/null && read -r -t 5 -u 8 answer
	exec 8<&-
	answer=${answer%$'\r'}
	kill $pid
	wait $pid
	saw="answered a PING: ${answer:-nothing; $(last_words "$WORK/says")}"
	[ "$answer" = +PONG ]
}

# ---- one line of the table ----------------------------------------------------------

app()
{
	local package=$1 command=$2 kind=$3 probe=$4 wayland='' works=no title look
	shift 4
	[ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $package "* ]] || return 0
	echo "-- $package"
	mkdir -p "$WORK/$package"
	cd "$WORK/$package" || exit 1
	printf '%s\n' 'schema: 1' "id: org.example.$package" 'version: "1"' \
		"command: $command" 'sources:' "  - debian: [$package]" \
		>holdall.yaml
	total=$((total + 1))
	if probe_pack .; then
		case $probe in
		says)	probe_says "$1" ./app.holdall "${@:2}" && works=yes ;;
		shows | titled)
			title=
			[ $probe = shows ] || { title=$1; shift; }
			probe_shows x11 "$OUT/$package-x11.png" \
				--title "$title" ./app.holdall "$@" && works=yes
			look=$saw
			PROBE_SECONDS=40 probe_shows wayland \
				"$OUT/$package-wayland.png" --title "$title" \
				./app.holdall "$@" &&
				wayland='yes' || wayland="no: $saw"
			saw=$look ;;
		*)	"$probe" && works=yes ;;
		esac
	fi
	# What is missing has been said when it was packed, as a rule.
	if [ $works = no ] && grep -q '^note: .*add to' pack.err; then
		grep '^note: .*add to' pack.err >"$WORK/note"
		saw="$saw; pack's $(last_words "$WORK/note")"
	fi
	[ $works = no ] || works_total=$((works_total + 1))
	cp pack.err "$OUT/$package.pack"
	[ ! -s "$WORK/log" ] || mv "$WORK/log" "$OUT/$package.log"
	printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$package" "$kind" \
		"$packages" "$megabytes" "$warnings" "$works" "$wayland" "$saw" |
		tee -a "$OUT/rows"
	cd "$here" || exit 1
	chmod -R u+rwx "$WORK/$package"
	rm -rf "${WORK:?}/$package"
}

write_page()
{
	cat <<-PAGE
	# Debian packages, six lines each

	Made by \`make report\`. Every app below was packed from the six lines

	\`\`\`yaml
	schema: 1
	id: org.example.PACKAGE
	version: "1"
	command: COMMAND
	sources:
	  - debian: [PACKAGE]
	\`\`\`

	and nothing else, then started as an ordinary user in its sandbox. *works* is yes
	when it printed what only a working program prints, answered on its socket, or
	showed a window on X11 in whose picture there is something to see. *MB* is the
	bundle with the fast compression (\`--fast\`); *warnings* are the lines by which
	\`pack\` pointed at something. *Wayland*: on a display without X11.

	**$works_total of $total work.**

	| package | kind | packages | MB | warnings | works | Wayland | what was seen, or what is missing |
	|---|---|---|---|---|---|---|---|
	PAGE
	cat "$OUT/rows"
	cat <<-PAGE

	What is missing, where it does not work or not everywhere:

	- **chromium** wants a sandbox of its own inside ours, which nobody gets by default (\`extra: [nested-sandbox]\`, no effect yet).
	- **gnome-text-editor** shows its window and ends: Debian's package forgets gsettings-desktop-schemas. \`pack\` says so, with the line to add.
	- **idle** was started with \`-n\`: it talks to the Python that it starts over the loopback, which needs \`network: loopback\`.
	- Qt 5 comes without its Wayland part (qtwayland5); Tk, Java, xterm and some games know X11 alone. With Xwayland they have it.
	PAGE
}

inner()
{
	. tests/probe.sh
	here=$PWD total=0 works_total=0 only=("$@")
	: >"$OUT/rows"
	every_app
	write_page >"$OUT/packages.md"
	echo
	echo "$works_total of $total work"
	[ $((total - works_total)) -le $((total / 10)) ]
}

if [ "${1:-}" = --inner ]; then
	shift
	inner "$@"
	exit
fi
. tests/user.sh
BUILD=${BUILD:-build}
tests/deps.sh windows || exit 1
make -j"$(nproc)" all || exit 1
user_run "$BUILD/report" tests/report-packages.sh "$@"
status=$?
[ $# -gt 0 ] || cp "$BUILD/report/packages.md" docs/packages.md
echo "pictures and messages: $(realpath "$BUILD/report")"
exit $status
