#!/bin/sh
# Captures the specimens of testdata/specimens/pprof anew. Needs Go; the toolchains of the other releases
# come through the module proxy.
set -eu
cd "$(dirname "$0")"
out=../../specimens/pprof
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
rm -rf "$out"
# Built from a copy: the profiles record where their source lay.
mkdir "$bin/src"
cp go.mod main.go "$bin/src"
for version in 1.18.10 1.20.14 1.22.12 1.24.13 1.26.8 1.27.1; do
	# One release with -trimpath, as release builds are: its profiles show no GOROOT.
	flags=
	[ "$version" != 1.26.8 ] || flags=-trimpath
	(cd "$bin/src" && GOTOOLCHAIN=go$version go build $flags -o "$bin/profiles" .)
	"$bin/profiles" "$out/go$version"
done
merged=$PWD/$out
(cd reencode && go build -o "$bin/reencode" .)
"$bin/reencode" "$merged/merged" "$merged/go1.22.12" "$merged/go1.26.8"
"$bin/reencode" "$merged/re-encoded" "$merged/go1.27.1"
