#!/bin/sh
# Writes the specimen of the JavaScript SDK anew. Needs node and npm; the packages go to a folder of their own.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json main.js "$work"
(cd "$work" && npm install --no-audit --no-fund --silent && node main.js) > ../../specimens/otlp/js.jsonl
