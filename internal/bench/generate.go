package main

import (
	"bufio"
	"os"
	"path/filepath"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// inputs says what generate made.
type inputs struct{ spans int }

// generate makes the input files in dir. They depend on nothing but the number of spans.
func generate(dir string, spans int) (inputs, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return inputs{}, err
	}
	in := inputs{}
	for _, f := range []struct {
		name   string
		append func([]byte, *tracepb.TracesData) []byte
	}{
		// Concatenated messages are one message: protobuf merges repeated fields.
		{"traces.pb", func(b []byte, td *tracepb.TracesData) []byte { return append(b, gen.Marshal(td, gen.Ascending)...) }},
		{"traces.binpb", func(b []byte, td *tracepb.TracesData) []byte { return gen.AppendFrame(b, td, gen.Descending) }},
		{"traces.jsonl", gen.AppendJSON},
	} {
		n, err := writeSpans(filepath.Join(dir, f.name), spans, f.append)
		if err != nil {
			return in, err
		}
		in.spans = n
	}
	for _, name := range []string{"traces.pb", "traces.binpb"} {
		if err := writeModel(filepath.Join(dir, name)); err != nil {
			return in, err
		}
	}
	if err := writeProfile(filepath.Join(dir, "cpu.pb"), 100_000); err != nil {
		return in, err
	}
	return in, writeGoroutines(filepath.Join(dir, "goroutines.txt"), 50_000)
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
