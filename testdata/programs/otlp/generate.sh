#!/bin/sh
# Makes the specimens of OTLP protobuf anew: one small export with every fault in each form, and one that
# has no fault.
set -eu
cd "$(dirname "$0")"
out=$PWD/../../specimens/otlp
mkdir -p "$out"
batches="-per-resource 8 -per-request 20"
faults="-orphaned 1 -resent 1 -shared 1 -conflicting 1 -bad-ids 2 -early 1 -outlive 1 -consumers 1"
go run . -seed 3 -spans 24 $batches -form framed >"$out/healthy.binpb" 2>/dev/null
go run . -seed 4 -spans 250 $batches $faults -form framed 2>/dev/null | gzip -9n >"$out/collector.binpb.gz"
go run . -seed 4 -spans 250 $batches $faults -form varint 2>/dev/null | gzip -9n >"$out/varint.binpb.gz"
go run . -seed 4 -spans 250 $batches $faults -form message 2>/dev/null | gzip -9n >"$out/message.binpb.gz"
