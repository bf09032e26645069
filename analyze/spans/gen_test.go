package spans_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// TestGenerated compares the measures of generated exports with what the generator says of them.
func TestGenerated(t *testing.T) {
	for name, faults := range map[string]gen.Faults{
		"none":        {},
		"orphaned":    {Orphaned: 40},
		"resent":      {Resent: 50},
		"shared":      {Shared: 60},
		"conflicting": {Conflicting: 30},
		"bad ids":     {BadIDs: 4 * gen.BadIDKinds},
		"all":         {Orphaned: 20, Resent: 20, Shared: 20, Conflicting: 20, Early: 20, Outlive: 20, Consumers: 20},
	} {
		t.Run(name, func(t *testing.T) {
			doc, truth := gen.JSONLines(gen.Options{Seed: 7, Spans: 5_000, Faults: faults})
			b := evidence.LoadReader("x.jsonl", bytes.NewReader(doc), evidence.Options{})
			r := run(t, b, analyze.Options{})
			want := map[string]int{
				"spans.total":      truth.Spans,
				"spans.orphan":     truth.Orphans,
				"spans.duplicate":  truth.Resent + truth.Conflicting,
				"spans.shared_id":  truth.Shared,
				"spans.invalid_id": truth.BadTraceIDs + truth.BadSpanIDs + truth.BadParentIDs,
				"traces.total":     truth.Traces,
			}
			if name == "bad ids" {
				// A trace id that is broken leaves its trace one span shorter, not gone, and its children orphans.
				delete(want, "spans.orphan")
			}
			got := map[string]int{}
			for k := range want {
				got[k] = int(measured(t, r, k).Value)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("measures (-truth +got):\n%s", diff)
			}
			if name == "none" && len(r.Findings) > 0 {
				t.Errorf("findings in an export without faults: %v", r.Findings)
			}
			var conflicts float64
			for _, f := range r.Findings {
				if f.Subject["class"] == "conflict" {
					conflicts += f.Measures[0].Value
				}
			}
			if int(conflicts) != truth.Conflicting {
				t.Errorf("%v conflicting records, want %d", conflicts, truth.Conflicting)
			}
		})
	}
}
