package windows

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

const at uint64 = 1_700_000_000_123_456_789

// bundle holds a call from h1 to h2 every 10 ms for 12 s, which takes 5 ms, 300 µs of it on the way, and a CPU
// profile of a host from 4 s to 8 s by its own clock. h2's clock is behind by a number of nanoseconds.
func bundle(behind uint64, host string, length uint64) *evidence.Bundle {
	var spans []tiny.Span
	for i := range uint64(1200) {
		start := at + i*10e6
		spans = append(spans,
			tiny.Span{Service: "a", Host: "h1", Trace: i + 1, ID: 1, Kind: tiny.Client, Start: start, End: start + 5e6},
			tiny.Span{Service: "b", Host: "h2", Trace: i + 1, ID: 2, Parent: 1, Kind: tiny.Server, Flags: tiny.Remote,
				Start: start + 300e3 - behind, End: start + 4.7e6 - behind})
	}
	b := evidence.LoadReader("x.json", bytes.NewReader(tiny.JSON(spans...)), evidence.Options{})
	b.Artifacts = append(b.Artifacts, &evidence.Artifact{
		Path: "cpu.pb.gz", Format: "pprof/cpu", DecodedBytes: 100, Status: evidence.StatusOK,
		Window: evidence.Window{Start: at + 4e9, End: at + 4e9 + length}, Profile: &evidence.Profile{Kind: evidence.KindCPU},
		Identity: evidence.Identity{Host: evidence.Attr{Value: host}, Domain: evidence.Attr{Value: host}},
	})
	return b
}

func TestMisaligned(t *testing.T) {
	for _, c := range []struct {
		name    string
		bundle  *evidence.Bundle
		outcome analyze.Outcome
		out, in float64
	}{
		// A window that h2 writes as 4 s to 8 s is 4.042 s to 8.042 s on h1: spans of 3.995 s to 4.037 s are not in
		// it, spans of 8.000 s to 8.042 s are. Where a border falls into a span only the bounds tell.
		{"fires", bundle(42e6, "h2", 4e9), analyze.Found, 4, 4},
		{"near miss: too little to matter", bundle(900e3, "h2", 4e9), analyze.Clean, 0, 0},
		{"near miss: the window is an instant", bundle(42e6, "h2", 0), analyze.Inapplicable, 0, 0},
		{"near miss: another host", bundle(42e6, "h9", 4e9), analyze.Inapplicable, 0, 0},
		{"silent", bundle(0, "h2", 4e9), analyze.Inapplicable, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := analyze.Run(c.bundle, Detectors, analyze.Options{})
			if r.Checks[0].Outcome != c.outcome {
				t.Fatalf("%s: %s, want %s", r.Checks[0].Outcome, r.Checks[0].Reason, c.outcome)
			}
			if c.outcome != analyze.Found {
				return
			}
			f := r.Findings[0]
			if diff := cmp.Diff([]float64{c.out, c.in}, []float64{f.Measures[0].Value, f.Measures[1].Value}); diff != "" {
				t.Errorf("moved out and in (-want +got):\n%s\n%s", diff, f.Message)
			}
			if f.Exhibits[0].Role != "profile" || f.Exhibits[1].Role != "moved" || f.Basis != analyze.Heuristic {
				t.Errorf("basis %s and exhibits %v, want an assumption and a profile and the spans that moved", f.Basis, f.Exhibits)
			}
		})
	}
}
