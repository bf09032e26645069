#!/bin/sh
# Writes the OTLP/JSON specimens.
set -eu
cd "$(dirname "$0")"
mkdir -p ../../specimens/otlp
go run . ../../specimens/otlp
