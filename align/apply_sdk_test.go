package align

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestCountedEvents: an event of the JavaScript SDK moves with its span, whatever the clock is said to have shown at the event's
// reading: the SDK did not read it there, as the specimen shows, whose wall clock jumped by ten seconds between the two.
func TestCountedEvents(t *testing.T) {
	in := "../testdata/specimens/otlp/js.jsonl"
	b, join := loadAll(t, in)
	type document struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct {
					Name              string
					StartTimeUnixNano Instant
					EndTimeUnixNano   Instant
					Events            []struct{ TimeUnixNano Instant }
				}
			}
		}
	}
	read := func(path string) (d document) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	was := read(in).ResourceSpans[0].ScopeSpans[0].Spans
	inner, outer := was[0], was[1]
	if inner.Name != "inner" || inner.StartTimeUnixNano-outer.StartTimeUnixNano < 9e9 || outer.Events[0].TimeUnixNano-outer.StartTimeUnixNano > 1e9 {
		t.Fatalf("the specimen does not show a jump that events do not see: %+v", was)
	}
	// The clock is said to jump by a second between the span's start and its event.
	m := &Model{Trust: TrustAssumed, Domains: []Domain{{Name: "js-1", Status: StatusAligned, Segments: []Segment{
		{Points: []Point{flat(int64(outer.StartTimeUnixNano)-base, 0, 1)}},
		{Points: []Point{flat(int64(outer.StartTimeUnixNano)-base+1000, 1e9, 1)}},
	}}}}
	out := filepath.Join(t.TempDir(), "js.jsonl")
	if _, err := NewPlan(b, join, m, ApplyOptions{}).Apply(context.Background(), Job{In: in, Out: out, Digest: "crc32c"}); err != nil {
		t.Fatal(err)
	}
	moved := read(out).ResourceSpans[0].ScopeSpans[0].Spans
	if got := moved[0].StartTimeUnixNano; got != inner.StartTimeUnixNano-1e9 {
		t.Errorf("the inner span moved by %d", inner.StartTimeUnixNano-got)
	}
	if moved[1].StartTimeUnixNano != outer.StartTimeUnixNano || moved[1].Events[0] != outer.Events[0] {
		t.Errorf("the outer span began at %d, now %d; its event was at %d, now %d",
			outer.StartTimeUnixNano, moved[1].StartTimeUnixNano, outer.Events[0].TimeUnixNano, moved[1].Events[0].TimeUnixNano)
	}
}
