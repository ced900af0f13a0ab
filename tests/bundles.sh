#!/bin/bash
# bundles.sh - packs one of the bundles that all suites use: jq, python3, box
#
# jq and python3 are the examples of manifests/; the box is a static busybox,
# which needs nothing and has a tool for most attacks.
set -u
T=$SCRATCH/src
HOME=$SCRATCH/home
XDG_RUNTIME_DIR=$SCRATCH/run
export T HOME XDG_RUNTIME_DIR
. "$(dirname "$0")/lib.sh"

case $1 in
jq | python3)
	"$HOLDALL" pack "$TREE/manifests/$1/holdall.yaml" --fast \
		-o "$BUNDLES/$1.holdall"
	;;
box)
	make_box "$T/box" org.example.Box
	"$HOLDALL" pack "$T/box/holdall.yaml" --fast -o "$BOX"
	;;
esac
