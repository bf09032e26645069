// Package conformance holds the readers of package evidence against the OpenTelemetry collector's own
// data model, pdata. It is a module of its own, so that the collector's dependencies do not become those
// of witnessmark. It has tests and benchmarks only:
//
//	cd internal/conformance && go test ./... && go test -run '^$' -bench .
package conformance
