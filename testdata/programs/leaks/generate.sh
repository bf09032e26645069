#!/bin/sh
# Captures the specimens of leaking goroutines anew, one folder for each Go release. Needs go, which fetches the
# toolchains through the module proxy.
set -eu
cd "$(dirname "$0")"
out=$PWD/../../specimens/leaks
export GOWORK=off GOFLAGS=-trimpath CGO_ENABLED=0
for version in 1.22.12 1.27.1; do
	for mode in leaking healthy; do
		rm -rf "$out/go$version/$mode"
		GOTOOLCHAIN=go$version go run . -o "$out/go$version/$mode" "$mode"
	done
done
