package evidence

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// TestJoinSpansAgainstMaps joins random traces, in which ids repeat often, once more with maps.
func TestJoinSpansAgainstMaps(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var list []tiny.Span
		for range rng.IntN(300) {
			s := tiny.Span{
				Service: "a", Trace: 1 + rng.Uint64N(1+rng.Uint64N(20)), ID: rng.Uint64N(60), Parent: rng.Uint64N(70),
				Kind: tiny.Internal, Start: 1, End: 2,
			}
			list = append(list, s)
		}
		b := LoadReader("x.json", bytes.NewReader(tiny.JSON(list...)), Options{})
		if b.Spans.Len() != len(list) {
			t.Fatalf("seed %d: %d spans read of %d", seed, b.Spans.Len(), len(list))
		}
		got := JoinSpans(b)
		parents, marks := joinWithMaps(b)
		if diff := cmp.Diff(parents, got.Parent); diff != "" {
			t.Fatalf("seed %d: parents (-maps +table):\n%s", seed, diff)
		}
		if diff := cmp.Diff(marks, got.Marks); diff != "" {
			t.Fatalf("seed %d: marks (-maps +table):\n%s", seed, diff)
		}
	}
}

// joinWithMaps is the plainest join: the first record of an id stands for its span.
func joinWithMaps(b *Bundle) ([]uint32, []SpanMark) {
	type key struct {
		trace uint32
		id    uint64
	}
	first := map[key]uint32{}
	parents, marks := make([]uint32, b.Spans.Len()), make([]SpanMark, b.Spans.Len())
	for row := range parents {
		s := b.Span(row)
		if s.Flags&BadSpanID != 0 {
			continue
		}
		k := key{s.Trace, s.ID}
		if _, again := first[k]; again {
			marks[row] = RepeatedSpan
			continue
		}
		first[k] = uint32(row)
	}
	for row := range parents {
		s := b.Span(row)
		parent, ok := first[key{s.Trace, s.Parent}]
		switch {
		case s.Parent == 0:
			parent = NoParent
		case s.Parent == s.ID && s.Flags&BadSpanID == 0:
			parent = UnusableParent
		case !ok:
			parent = MissingParent
		}
		parents[row] = parent
	}
	return parents, marks
}

func TestTracesOfSharedIDs(t *testing.T) {
	b := LoadReader("x.json", bytes.NewReader(tiny.JSON(
		tiny.Span{Service: "b", ID: 3, Parent: 2, Name: "of the server"},
		tiny.Span{Service: "b", ID: 2, Parent: 1, Name: "server half", Kind: tiny.Server},
		tiny.Span{Service: "a", ID: 4, Parent: 2, Name: "of the client"},
		tiny.Span{Service: "a", ID: 2, Parent: 1, Name: "client half", Kind: tiny.Client},
		tiny.Span{Service: "c", ID: 5, Parent: 2, Name: "of neither"},
		tiny.Span{Service: "a", ID: 1, Name: "root", Kind: tiny.Server},
	)), Options{})
	got := JoinSpans(b)
	if diff := cmp.Diff([]uint32{1, 3, 3, 5, 1, NoParent}, got.Parent); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]SpanMark{0, SharedSpan, 0, SharedSpan, 0, 0}, got.Marks); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

func TestTracesEndedRecordStands(t *testing.T) {
	b := LoadReader("x.json", bytes.NewReader(tiny.JSON(
		tiny.Span{Service: "a", ID: 1, Name: "running", Start: 5},
		tiny.Span{Service: "a", ID: 1, Name: "ended", Start: 5, End: 9},
		tiny.Span{Service: "a", ID: 2, Parent: 1, Name: "child", Start: 6, End: 7},
	)), Options{})
	got := JoinSpans(b)
	if diff := cmp.Diff([]uint32{NoParent, NoParent, 1}, got.Parent); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]SpanMark{RepeatedSpan, 0, 0}, got.Marks); diff != "" {
		t.Errorf("marks (-want +got):\n%s", diff)
	}
}

// TestTracesOfOneTrace joins one trace of many spans: the table must not become slow with its size.
func TestTracesOfOneTrace(t *testing.T) {
	var doc bytes.Buffer
	const n = 50_000
	doc.WriteString(`{"resourceSpans":[{"scopeSpans":[{"spans":[`)
	for i := 1; i <= n; i++ {
		if i > 1 {
			doc.WriteString(",")
			fmt.Fprintf(&doc, `{"traceId":"%032x","spanId":"%016x","parentSpanId":"%016x"}`, 1, i<<32, (i/2)<<32)
			continue
		}
		fmt.Fprintf(&doc, `{"traceId":"%032x","spanId":"%016x"}`, 1, i<<32)
	}
	doc.WriteString(`]}]}]}`)
	got := JoinSpans(LoadReader("x.json", &doc, Options{}))
	for row := range uint32(n) {
		want := (row+1)/2 - 1
		if row == 0 {
			want = NoParent
		}
		if got.Parent[row] != want {
			t.Fatalf("parent of row %d = %d, want %d", row, got.Parent[row], want)
		}
	}
}

// benchBundle is an export of many traces with some faults.
func benchBundle(b *testing.B) *Bundle {
	doc, _ := gen.JSONLines(gen.Options{Seed: 1, Spans: 200_000, Faults: gen.Faults{Orphaned: 500, Resent: 500, Shared: 200}})
	bundle := LoadReader("x.jsonl", bytes.NewReader(doc), Options{})
	if bundle.Spans.Len() < 200_000 {
		b.Fatalf("%d spans", bundle.Spans.Len())
	}
	return bundle
}

// BenchmarkJoinSpans measures grouping and joining.
func BenchmarkJoinSpans(b *testing.B) {
	bundle := benchBundle(b)
	b.ReportAllocs()
	for b.Loop() {
		JoinSpans(bundle)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(bundle.Spans.Len()), "ns/span")
}
