#!/bin/bash
# bundles.sh - packs one of the bundles that all suites use
#
# jq and python3 are this host's, so that no archive is needed; the box is a static busybox,
# which needs nothing and has a tool for most attacks.  ask is a box that asks to
# write into the working directory; attack one with the programs of tests/attack.
set -u
T=$SCRATCH/src
HOME=$SCRATCH/home
XDG_RUNTIME_DIR=$SCRATCH/run
export T HOME XDG_RUNTIME_DIR
. "$(dirname "$0")/lib.sh"

case $1 in
jq | python3)
	"$HOLDALL" pack "$(host_manifest "$1")" --fast \
		-o "$BUNDLES/$1.holdall"
	;;
box)
	make_box "$T/box" org.example.Box
	"$HOLDALL" pack "$T/box/holdall.yaml" --fast -o "$BOX"
	;;
ask)
	make_box "$T/ask" org.example.Ask 'permissions:' \
		'  files: [{path: cwd, access: rw}]'
	"$HOLDALL" pack "$T/ask/holdall.yaml" --fast -o "$BUNDLES/ask.holdall"
	;;
attack)
	mkdir -p "$T/attack/tree/attack"
	cp "$ATTACK"/* "$T/attack/tree/attack/" &&
		make_box "$T/attack" org.example.Attack &&
		"$HOLDALL" pack "$T/attack/holdall.yaml" --fast \
			-o "$BUNDLES/attack.holdall"
	;;
esac
