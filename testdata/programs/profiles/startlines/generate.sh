#!/bin/sh
# Writes internal/goruntime/versions_table.go from the sources of Go releases: the first and the last
# patch release of each minor version that the module proxy serves, and what the specimens ran with.
set -eu
cd "$(dirname "$0")/.."
go run ./startlines 1.20 1.20.14 1.21.0 1.21.13 1.22.0 1.22.12 1.23.0 1.23.12 1.24.0 1.24.13 \
	1.25.0 1.25.14 1.26.0 1.26.8 1.26.11 1.27.0 1.27.1 1.27.4 >../../../internal/goruntime/versions_table.go.new
mv ../../../internal/goruntime/versions_table.go.new ../../../internal/goruntime/versions_table.go
