package gen

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

var everyFault = Options{Seed: 7, Spans: 4000, Faults: Faults{
	Orphaned: 5, Resent: 4, Shared: 3, Conflicting: 2, BadIDs: BadIDKinds, Early: 6, Outlive: 7, Consumers: 8,
}}

func TestDeterministic(t *testing.T) {
	a, _ := Framed(everyFault, Descending)
	b, _ := Framed(everyFault, Descending)
	if !bytes.Equal(a, b) {
		t.Error("two runs with one seed differ")
	}
	other := everyFault
	other.Seed++
	if c, _ := Framed(other, Descending); bytes.Equal(a, c) {
		t.Error("two seeds give the same bytes")
	}
}

func TestHealthyHasNoFaults(t *testing.T) {
	g := New(Options{Seed: 1, Spans: 5000})
	var spans, attrs int
	for td := range g.Requests() {
		for _, rs := range td.ResourceSpans {
			for _, s := range rs.ScopeSpans[0].Spans {
				spans++
				attrs += len(s.Attributes)
				if n := len(s.Attributes); n < 10 || n > 28 {
					t.Fatalf("a span has %d attributes", n)
				}
			}
		}
	}
	tr := g.Truth()
	if spans != 5000 || tr.Spans != 5000 || tr.Distinct != 5000 {
		t.Errorf("made %d spans, truth says %d, %d distinct", spans, tr.Spans, tr.Distinct)
	}
	if tr.Roots != tr.Traces {
		t.Errorf("%d roots in %d traces", tr.Roots, tr.Traces)
	}
	bad := tr.Orphans + tr.Resent + tr.Shared + tr.Conflicting + tr.BadTraceIDs + tr.BadSpanIDs + tr.BadParentIDs +
		tr.EarlySame + tr.EarlyCross + tr.LateSame + tr.LateCross
	if bad != 0 {
		t.Errorf("faults without being asked for: %+v", tr)
	}
}

func TestFaultsAreInjected(t *testing.T) {
	_, tr := Framed(everyFault, Ascending)
	got := []int{tr.Resent, tr.Shared, tr.Conflicting, tr.BadTraceIDs, tr.BadSpanIDs, tr.BadParentIDs, tr.EarlySame, tr.LateSame + tr.LateCross, tr.Consumers}
	if diff := cmp.Diff([]int{4, 3, 2, 4, 3, 2, 6, 7, 8}, got); diff != "" {
		t.Errorf("injected faults (-want +got):\n%s", diff)
	}
	if tr.Orphans < 5 || tr.EarlyCross != 0 {
		t.Errorf("orphans %d, early across hosts %d", tr.Orphans, tr.EarlyCross)
	}
	o := Options{Seed: 7, Spans: 4000, Faults: Faults{SkewedHost: -time.Second}}
	if _, tr := Framed(o, Ascending); tr.EarlyCross == 0 || tr.EarlySame != 0 || tr.LateSame != 0 {
		t.Errorf("a shifted host clock gives %+v", tr)
	}
}

// TestDescending holds the reordered bytes against the official decoder and the order that the
// collector's file exporter 0.158 writes a span in.
func TestDescending(t *testing.T) {
	g := New(Options{Seed: 3, Spans: 300})
	for td := range g.Requests() {
		b := Marshal(td, Descending)
		var back tracepb.TracesData
		if err := proto.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(td, &back) {
			t.Fatal("reordered bytes hold another message")
		}
		if !bytes.HasPrefix(b[3:], append([]byte{0x1a, byte(len(schemaURL))}, schemaURL...)) {
			t.Fatalf("a ResourceSpans does not begin with field 3: % x", b[:16])
		}
	}
}
