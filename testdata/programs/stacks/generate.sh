#!/bin/sh
# Captures the specimens of testdata/specimens/stacks anew, one folder for each Go release. Needs go, which
# fetches the toolchains through the module proxy.
set -eu
cd "$(dirname "$0")"
out=$PWD/../../specimens/stacks
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOWORK=off GOFLAGS=-trimpath CGO_ENABLED=0
rm -rf "$out"
for version in 1.20.14 1.22.12 1.26.8 1.27.1; do
	GOTOOLCHAIN=go$version go build -o "$work/stacks" .
	"$work/stacks" stacks "$out/go$version"
	"$work/stacks" healthy "$out/go$version"
	# Dumps show labels from go1.26 on, if asked to. Earlier releases ignore the setting.
	GODEBUG=tracebacklabels=1 "$work/stacks" labels "$out/go$version"
	case $version in 1.27.*) GODEBUG=profstackdepth=200 "$work/stacks" deeper "$out/go$version" ;; esac
done
