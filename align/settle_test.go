package align

import (
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// TestSettleReceives: a span that receives may begin before the message was sent, but not end before; one that processes may not
// begin before either.
func TestSettleReceives(t *testing.T) {
	const lasts = 7_654_321 // the spans of the sample
	for _, c := range []struct {
		name   string
		offset int64 // of the consumer's clock, which begins 100 ns behind the producer
		held   int
	}{
		{"orders receive", 105, 0},
		{"orders receive", 100 + lasts, 0},
		{"orders receive", 101 + lasts, 2},
		{"process orders", 105, 2},
		{"orders process", 100, 0},
	} {
		td := pairOf()
		for _, s := range td.ResourceSpans[1].ScopeSpans[0].Spans {
			s.Kind, s.Name = tracepb.Span_SPAN_KIND_CONSUMER, c.name
		}
		b, join := loadAll(t, writeTraces(t, td))
		p := NewPlan(b, join, &Model{Trust: TrustAssumed, Domains: []Domain{
			{Name: "host-0", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, 0, 1)}}}},
			{Name: "host-1", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, c.offset, 10)}}}},
		}}, ApplyOptions{})
		if got := len(p.holds["host-1"]); got != c.held || p.unsettled != 0 {
			t.Errorf("%s, %d ns: held back at %d readings, want %d; %d calls out of order", c.name, c.offset, got, c.held, p.unsettled)
		}
	}
}
