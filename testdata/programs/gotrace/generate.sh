#!/bin/sh
# Captures the execution traces anew, one for each Go release. Needs go, which fetches the toolchains
# through the module proxy. -trimpath keeps the paths of this machine out of them.
set -eu
cd "$(dirname "$0")"
for release in 1.20.14 1.24.13 1.25.0 1.26.8 1.27.1; do
	GOWORK=off CGO_ENABLED=0 GOTOOLCHAIN=go$release go run -trimpath . "../../specimens/gotrace/go$release.trace"
done
