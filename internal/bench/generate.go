package main

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// generate makes the input files of the cases in dir, and returns the number of spans in those that hold traces. They depend on
// nothing but the number that is asked for.
func generate(dir string, spans int, cases []bench) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	for _, f := range []struct {
		name  string
		write func(path string) error
	}{
		// Concatenated messages are one message: protobuf merges repeated fields.
		{"traces.pb", exporter(spans, &n, func(b []byte, td *tracepb.TracesData) []byte { return append(b, gen.Marshal(td, gen.Ascending)...) })},
		{"traces.binpb", exporter(spans, &n, func(b []byte, td *tracepb.TracesData) []byte { return gen.AppendFrame(b, td, gen.Descending) })},
		{"traces.jsonl", exporter(spans, &n, gen.AppendJSON)},
		{"cpu.pb", func(path string) error { return writeProfile(path, 100_000) }},
		{"goroutines.txt", func(path string) error { return writeGoroutines(path, 50_000) }},
	} {
		path := filepath.Join(dir, f.name)
		of := func(b bench) bool { return b.input == f.name }
		if !slices.ContainsFunc(cases, of) {
			continue
		}
		if err := f.write(path); err != nil {
			return 0, err
		}
		if slices.ContainsFunc(cases, func(b bench) bool { return of(b) && b.subject == "apply" }) {
			if err := writeModel(path); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// exporter returns what writes an export, and its number of spans to n.
func exporter(spans int, n *int, appendTo func([]byte, *tracepb.TracesData) []byte) func(path string) error {
	return func(path string) (err error) {
		*n, err = writeSpans(path, spans, appendTo)
		return err
	}
}

// writeSpans streams a generated export into a file and returns the number of spans in it.
func writeSpans(path string, spans int, appendTo func([]byte, *tracepb.TracesData) []byte) (int, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	g := gen.New(gen.Options{Seed: 1, Spans: spans, Faults: gen.Faults{Orphaned: spans / 1000}})
	n := 0
	var buf []byte
	for td := range g.Requests() {
		for _, rs := range td.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				n += len(ss.Spans)
			}
		}
		buf = appendTo(buf[:0], td)
		if _, err := w.Write(buf); err != nil {
			return 0, err
		}
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	return n, f.Close()
}
