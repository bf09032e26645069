#!/bin/sh
# Makes the incident anew into cmd/witnessmark/demo/incident. The binary of the inventory service is
# built with a time.Now that is 43 ms behind, so that its spans, profile times and log stamps all come out
# as on a host whose clock is wrong.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# An overlay must not replace files of the module cache, where downloaded toolchains live: use a copy.
goroot=$work/go
cp -r "$(GOTOOLCHAIN=go1.27.1 go env GOROOT)" "$goroot"
chmod -R u+w "$goroot"
export GOTOOLCHAIN=local GOROOT="$goroot" PATH="$goroot/bin:$PATH"
export CGO_ENABLED=0 GOFLAGS=-trimpath
sed 's/^\tsec, nsec, mono := runtimeNow()$/&\n\tif nsec -= 43_000_000; nsec < 0 {\n\t\tnsec, sec = nsec+1_000_000_000, sec-1\n\t}/' \
	"$goroot/src/time/time.go" >"$work/time.go"
cmp -s "$goroot/src/time/time.go" "$work/time.go" && { echo "time.Now was not found in time.go" >&2; exit 1; }
printf '{"Replace":{"%s/src/time/time.go":"%s/time.go"}}' "$goroot" "$work" >"$work/overlay.json"
go build -o "$work/shop" .
go build -overlay "$work/overlay.json" -o "$work/shop-behind" .
out=../../../cmd/witnessmark/demo/incident
for old in frontend checkout inventory traces.binpb; do rm -rf "${out:?}/$old"; done
"$work/shop" -role driver -out "$out" -skewed "$work/shop-behind"
