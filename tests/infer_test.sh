#!/bin/bash
# infer_test.sh - what a manifest may leave out, warnings, init, info --packages
#
# Tests with packages use the computer's archive and the caller's cache, which
# other suites fill too.
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
. "$(dirname "$0")/lib.sh"

# with_cache VERB...: a packager's verb with the cache that lasts.
with_cache()
{
	run env XDG_CACHE_HOME="$CACHE" "$HOLDALL" "$@"
	if [ "$status" -ne 0 ] && [ "${CI:-}" != true ] &&
		grep -q 'cannot fetch' "$T/err"; then
		skip "no archive: $(show "$T/err")"
	fi
}

make_app()
{
	mkdir -p tree/usr/bin tree/usr/share/applications \
		tree/usr/share/pixmaps tree/usr/share/metainfo
	cp /bin/busybox tree/usr/bin/busybox
	ln -s busybox tree/usr/bin/sh
	printf '#!/bin/sh\necho it runs\n' >tree/usr/bin/shower
	printf '#!/bin/sh\necho settings\n' >tree/usr/bin/shower-settings
	chmod 755 tree/usr/bin/*
	printf '[Desktop Entry]\nType=Application\nName=The Shower\nIcon=shower\nExec=/usr/bin/shower %%U\n' \
		>tree/usr/share/applications/net.elsewhere.Shower.desktop
	printf '[Desktop Entry]\nType=Application\nName=Settings\nExec=shower-settings --now\n' \
		>tree/usr/share/applications/a.desktop
	printf '<svg xmlns="http://www.w3.org/2000/svg"/>\n' \
		>tree/usr/share/pixmaps/shower.svg
	printf '<component><id>net.elsewhere.Shower</id></component>\n' \
		>tree/usr/share/metainfo/net.elsewhere.Shower.appdata.xml
	cat >holdall.yaml <<X
schema: 1
id: org.example.Shower
version: "1"
sources:
  - dir: ./tree
X
}

test_least_manifest_of_a_folder()
{
	make_app
	run "$HOLDALL" pack --fast
	expect_status 0
	expect_err_has 'the command is shower'
	run "$HOLDALL" info shower.holdall
	expect_ok
	expect_out_has "'The Shower' 1"
	expect_out_has 'with windows'
	expect_out_has x11-fallback
	for section in icon desktop appstream packages; do
		expect_out_has "$section ("
	done
	run ./shower.holdall --holdall run --deny display -- </dev/null
	expect_out 'it runs'
}

test_sections_are_the_files_bytes()
{
	make_app
	run "$HOLDALL" pack --fast -o a.holdall
	expect_status 0
	"$HOLDALL" info --json a.holdall >info.json
	"$PYTHON" - <<'PY' || fail "sections differ"
import json
names = {"icon": "tree/usr/share/pixmaps/shower.svg",
	 "desktop": "tree/usr/share/applications/net.elsewhere.Shower.desktop",
	 "appstream": "tree/usr/share/metainfo/net.elsewhere.Shower.appdata.xml"}
info = json.load(open("info.json"))
bundle = open("a.holdall", "rb").read()
for s in info["sections"]:
	name = names.pop(s["type"], None)
	if name:
		data = bundle[s["offset"]:s["offset"] + s["size"]]
		assert data == open(name, "rb").read(), name
assert not names, names
PY
}

test_two_programs_are_named()
{
	make_app
	rm tree/usr/share/applications/*
	rm tree/usr/bin/shower
	cp tree/usr/bin/shower-settings tree/usr/bin/other
	run "$HOLDALL" pack --fast -o a.holdall
	expect_status 1
	expect_err_has 'which of the programs is meant?'
	expect_err_has 'shower-settings'
	[ ! -e a.holdall ] || fail "a bundle came out"
}

test_a_version_has_to_come_from_somewhere()
{
	make_app
	sed -i /^version/d holdall.yaml
	for verb in lint pack; do
		run "$HOLDALL" "$verb"
		expect_refused 1
		expect_err_has 'add a line such as version: "1.0"'
	done
}

test_lint_looks_at_icon_and_desktop_file()
{
	make_app
	echo 'icon: ./icon.png' >>holdall.yaml
	run "$HOLDALL" lint
	expect_refused 1
	expect_err_has icon.png
	echo GIF89a >icon.png
	run "$HOLDALL" lint
	expect_refused 1
	expect_err_has 'neither a PNG nor an SVG'
	printf '\x89PNG\r\n\x1a\n' >icon.png
	run "$HOLDALL" lint
	expect_ok
	echo 'desktop: ./x.desktop' >>holdall.yaml
	echo 'Exec=x' >x.desktop
	run "$HOLDALL" lint
	expect_refused 1
	expect_err_has '[Desktop Entry]'
	head -c 70000 /dev/zero >x.desktop
	run "$HOLDALL" lint
	expect_refused 1
	expect_err_has 'larger than 64 KiB'
	mkfifo fifo
	rm x.desktop
	ln -s fifo x.desktop
	run timeout -s KILL "$PATIENCE" "$HOLDALL" lint
	expect_refused 1
}

test_warnings_name_the_line()
{
	make_app
	printf '#!/usr/bin/perl\n' >tree/usr/bin/tool
	chmod 755 tree/usr/bin/tool
	ln -s nowhere tree/usr/bin/link
	rm tree/usr/share/pixmaps/shower.svg
	run "$HOLDALL" lint --full
	expect_status 0
	expect_err_has 'note: /usr/bin/link leads to nowhere'
	expect_err_has 'exclude: [/usr/bin/link]'
	expect_err_has '- debian: [perl]'
	expect_err_has 'add icon: ./FILE.svg'
	expect_out 'holdall.yaml: good'
	[ "$(grep -c ^note: "$T/err")" -eq 3 ] || fail "$(cat "$T/err")"
	# Without --full nothing is gathered.
	run "$HOLDALL" lint
	expect_ok
	[ ! -e shower.holdall ] || fail "lint packs"
}

test_what_makes_a_bundle_large()
{
	make_app
	run "$HOLDALL" pack --fast -o a.holdall
	expect_status 0
	run "$HOLDALL" info --packages a.holdall
	expect_ok
	expect_out_has 'tree (dir)'
	expect_out_has 'in all, before compression; 0 packages'
	run "$HOLDALL" info --packages --json a.holdall
	expect_ok
	"$PYTHON" - "$T/out" <<'PY' || fail "sizes differ"
import json, os, sys
p = json.load(open(sys.argv[1]))
sizes = [x["size"] for x in p["packages"]]
assert sizes == sorted(sizes, reverse=True) and sum(sizes) == p["size"]
want = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in
	   os.walk("tree") for f in fs if not os.path.islink(os.path.join(d, f)))
assert [x["size"] for x in p["packages"] if x["kind"] == "dir"] == [want]
PY
}

# The section is verified like all of the payload.
test_a_changed_list_of_packages()
{
	make_app
	run "$HOLDALL" pack --fast -o a.holdall
	expect_status 0
	"$HOLDALL" info --json a.holdall >info.json
	"$PYTHON" - <<'PY'
import json
info = json.load(open("info.json"))
at = [s["offset"] for s in info["sections"] if s["type"] == "packages"][0]
with open("a.holdall", "r+b") as f:
	f.seek(at + 12)
	f.write(b"X")
PY
	run "$HOLDALL" info --packages a.holdall
	expect_refused 1
	expect_err_has a.holdall
}

test_init_of_a_program()
{
	jq=$(command -v jq) || skip "no jq here"
	run "$HOLDALL" init "$jq"
	expect_status 0
	cp holdall.yaml first
	run "$HOLDALL" lint
	expect_ok
	run "$HOLDALL" pack --fast -o jq.holdall
	expect_status 0
	run ./jq.holdall -n 1+1
	expect_ok
	expect_out 2
	run "$HOLDALL" init "$jq"
	expect_refused 1
	expect_err_has 'holdall.yaml is there already'
	cmp holdall.yaml first || fail "the manifest was touched"
	run "$HOLDALL" init -o no/where.yaml "$jq"
	expect_refused 1
	run "$HOLDALL" init
	expect_refused 2
	run "$HOLDALL" init /etc/passwd -o x.yaml
	expect_refused 1
	[ ! -e x.yaml ] || fail "a manifest for no program"
}

test_init_of_a_package()
{
	with_cache init jq
	expect_status 0
	run grep -E '^(id|version|command):' holdall.yaml
	expect_out_has 'version: "1.6"'
	expect_out_has 'command: jq'
	with_cache pack --fast
	expect_status 0
	run ./jq.holdall -n '2+2'
	expect_ok
	expect_out 4
	run "$HOLDALL" info --packages jq.holdall
	expect_ok
	expect_out_has 'jq 1.6-'
	# The least that packs: the id and the package.
	printf 'schema: 1\nid: org.jqlang.jq\nsources:\n  - debian: [jq]\n' \
		>least.yaml
	with_cache pack --fast least.yaml -o least.holdall
	expect_status 0
	! grep -q ^note: "$T/err" || fail "noise: $(cat "$T/err")"
	run "$HOLDALL" info least.holdall
	expect_out_has 'jq 1.6'
}

test_init_of_a_package_that_is_none()
{
	with_cache init moosepad
	expect_status 1
	expect_err_has 'did you mean mousepad?'
	[ ! -e holdall.yaml ] || fail "a manifest for no package"
	run "$HOLDALL" init 'a;b'
	expect_refused 1
}

test_short_help()
{
	for verb in pack lint init lock keygen sign restub; do
		"$HOLDALL" $verb --help >long || fail "$verb --help"
		run "$HOLDALL" $verb -h
		expect_ok
		cmp -s long "$T/out" || fail "$verb -h differs"
		expect_out_has "Usage: holdall $verb"
	done
	run "$HOLDALL" --help
	expect_out_has init
}

suite_main "$@"
