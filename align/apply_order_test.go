package align

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// trial rewrites artifact i as align apply does first, without its spans at hand, and holds it against what plan, which has them, wrote
// to want. It reports whether the trial holds.
func trial(t testing.TB, b *evidence.Bundle, i int, plan *Plan, want string) bool {
	t.Helper()
	skimmed := &evidence.Bundle{Artifacts: b.Artifacts, Resources: b.Resources, Origins: b.Origins, PlaceConflicts: b.PlaceConflicts}
	tr := NewTrial(skimmed, plan.model, plan.o)
	if tr == nil {
		return false
	}
	out := filepath.Join(t.TempDir(), filepath.Base(want))
	if _, err := tr.Apply(context.Background(), Job{Artifact: i, In: b.Artifacts[i].Path, Out: out, Digest: "crc32c"}); err != nil && !errors.Is(err, ErrTrial) {
		t.Errorf("trial: %v", err)
		return false
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a trial has written before it was known to hold")
	}
	if !tr.Holds() {
		tr.Discard()
		if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
			t.Errorf("a trial left %s behind", left[0].Name())
		}
		return false
	}
	if err := tr.Commit(); err != nil {
		t.Fatal(err)
	}
	if len(plan.holds) > 0 || plan.unsettled > 0 {
		return true // by spans of other files: this trial has not seen them
	}
	for _, suffix := range []string{"", SidecarSuffix, undoSuffix} {
		got, err1 := os.ReadFile(out + suffix)
		full, err2 := os.ReadFile(want + suffix)
		if (err1 == nil) != (err2 == nil) || !bytes.Equal(got, full) {
			t.Errorf("%s%s: a trial writes %d bytes (%v), all spans give %d (%v)", b.Artifacts[i].Path, suffix, len(got), err1, len(full), err2)
		}
	}
	return true
}

// TestTrial: a trial holds where no call begins before its caller, and then writes what a plan of all spans does; where one does,
// or where ids are unusual, it does not.
func TestTrial(t *testing.T) {
	for _, c := range []struct {
		name   string
		offset int64 // of the callee's clock, which begins 100 ns after the caller
		change func(caller, callee *tracepb.Span)
		holds  bool
	}{
		{"in order", 0, nil, true},
		{"at once", 100, nil, true},
		{"callee first", 101, nil, false},
		{"callee behind", -50, nil, true},
		{"no caller", 101, func(_, callee *tracepb.Span) { callee.ParentSpanId = nil }, true},
		{"other trace", 101, func(_, callee *tracepb.Span) { callee.TraceId[5]++ }, true},
		{"short id", 0, func(_, callee *tracepb.Span) { callee.SpanId = callee.SpanId[:7] }, false},
		{"no trace", 0, func(_, callee *tracepb.Span) { callee.TraceId = nil }, false},
		{"halves of one id", 0, func(caller, callee *tracepb.Span) { callee.SpanId = caller.SpanId }, false},
	} {
		for _, name := range []string{"pb", "json"} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				td := pairOf()
				for i := range td.ResourceSpans[0].ScopeSpans[0].Spans {
					caller, callee := td.ResourceSpans[0].ScopeSpans[0].Spans[i], td.ResourceSpans[1].ScopeSpans[0].Spans[i]
					callee.ParentSpanId = caller.SpanId
					if c.change != nil {
						c.change(caller, callee)
					}
				}
				data, err := proto.Marshal(td)
				if name == "json" {
					data = gen.AppendJSON(nil, td)
				}
				if err != nil {
					t.Fatal(err)
				}
				in := filepath.Join(t.TempDir(), "traces")
				if err := os.WriteFile(in, data, 0o644); err != nil {
					t.Fatal(err)
				}
				b, join := loadAll(t, in)
				p := NewPlan(b, join, &Model{Trust: TrustAssumed, Domains: []Domain{
					{Name: "host-0", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, 0, 1000)}}}},
					{Name: "host-1", Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, c.offset, 1000)}}}},
				}}, ApplyOptions{})
				out := filepath.Join(t.TempDir(), "out")
				if _, err := p.Apply(context.Background(), Job{In: in, Out: out, Digest: "crc32c"}); err != nil {
					t.Fatal(err)
				}
				if got := trial(t, b, 0, p, out); got != c.holds {
					t.Errorf("the trial holds: %v, want %v", got, c.holds)
				}
				if c.holds && len(p.holds) > 0 {
					t.Error("a trial holds where a clock is held back")
				}
			})
		}
	}
}

// TestTrialEnds: a trial ends in the middle of a file where enough is known, leaves nothing, and does not begin another.
func TestTrialEnds(t *testing.T) {
	in := filepath.Join(t.TempDir(), "traces.binpb")
	var data []byte
	for td := range gen.New(gen.Options{Seed: 1, Spans: 30_000}).Requests() {
		data = gen.AppendFrame(data, td, gen.Descending)
	}
	if err := os.WriteFile(in, data, 0o644); err != nil {
		t.Fatal(err)
	}
	b, _ := loadAll(t, in)
	for _, off := range []int64{0, 1_000_000_000} {
		m := &Model{Trust: TrustAssumed}
		for i := range b.Resources {
			name := b.Resources[i].Identity.Domain.Value
			if m.Domain(name) == nil {
				m.Domains = append(m.Domains, Domain{Name: name, Status: StatusAligned, Segments: []Segment{{Points: []Point{flat(0, off*int64(i), 1000)}}}})
				slices.SortFunc(m.Domains, func(a, b Domain) int { return strings.Compare(a.Name, b.Name) })
			}
		}
		out := t.TempDir()
		tr := NewTrial(b, m, ApplyOptions{})
		_, err := tr.Apply(context.Background(), Job{In: in, Out: filepath.Join(out, "a"), Digest: "crc32c"})
		if ends := off != 0; errors.Is(err, ErrTrial) != ends || tr.Holds() == ends {
			t.Fatalf("clocks off by multiples of %d: %v, holds %v", off, err, tr.Holds())
		}
		tr.Discard()
		if left, _ := os.ReadDir(out); len(left) > 0 {
			t.Errorf("%s stays behind", left[0].Name())
		}
		if _, err := tr.Apply(context.Background(), Job{In: in, Out: filepath.Join(out, "b"), Digest: "crc32c"}); off != 0 && !errors.Is(err, ErrTrial) {
			t.Errorf("another begins: %v", err)
		}
		tr.Discard()
	}
}

// TestOrderCheckBounded: spans of one id, however many, end the check rather than have it run forever.
func TestOrderCheckBounded(t *testing.T) {
	o := newOrderCheck()
	for range 200_000 {
		o.add(&spanIDs{trace: [2]uint64{1, 2}, id: 3, parent: 3}, 0, 1)
	}
	if o.holds() {
		t.Error("a trace of 200,000 spans with one id was looked through")
	}
	if got := newOrderCheck().holds(); !got {
		t.Error("no span, and yet one begins before its parent")
	}
}
