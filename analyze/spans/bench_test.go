package spans

import (
	"bytes"
	"testing"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// BenchmarkDetectors measures the family with the join of the spans.
func BenchmarkDetectors(b *testing.B) {
	doc, _ := gen.JSONLines(gen.Options{Seed: 1, Spans: 200_000, Faults: gen.Faults{Orphaned: 500, Resent: 500, Shared: 200}})
	bundle := evidence.LoadReader("x.jsonl", bytes.NewReader(doc), evidence.Options{})
	if bundle.Spans.Len() < 200_000 {
		b.Fatalf("%d spans", bundle.Spans.Len())
	}
	b.ReportAllocs()
	for b.Loop() {
		analyze.Run(bundle, Detectors, analyze.Options{})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(bundle.Spans.Len()), "ns/span")
}
