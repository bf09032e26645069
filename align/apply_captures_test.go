package align

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// TestNoViolationLeft makes a model of a capture, applies it, reads the copies and counts by its own loop the spans that begin
// before their parent on another clock. Where both clocks were moved there must be none, unless a certificate of the model
// names both.
func TestNoViolationLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("reads captures")
	}
	for name, parts := range map[string]string{"skew": "", "hotrod": "otlp"} {
		t.Run(name, func(t *testing.T) {
			b, join := loadAll(t, filepath.Join(captures(t), name, parts))
			refine := func(o StatOptions) *Statistic { return Collect(b, join, o) }
			m := Solve(refine(StatOptions{}), refine, Options{})
			p := NewPlan(b, join, m, ApplyOptions{})
			out := t.TempDir()
			for i, a := range b.Artifacts {
				if a.Format != evidence.FormatOTLPTraces {
					continue
				}
				job := Job{Artifact: i, In: a.Path, Out: filepath.Join(out, filepath.Base(a.Path)), Digest: "crc32c"}
				if _, err := p.Apply(context.Background(), job); err != nil {
					t.Fatal(err)
				}
			}
			if len(p.holds) == 0 && p.unsettled == 0 && !sameTrial(t, b, p, out) {
				t.Error("no clock needs to be held back, and yet the trial without spans does not hold")
			}
			excused := map[[2]string]bool{}
			for _, c := range m.Conflicts {
				for _, x := range c.Domains {
					for _, y := range c.Domains {
						excused[[2]string{x, y}] = true
					}
				}
			}
			before, _ := violations(b, m)
			copies, _ := loadAll(t, out)
			pairs, left := 0, 0
			after, all := violations(copies, m)
			for pair, n := range all {
				if pairs += n; excused[pair] {
					continue
				}
				if k := after[pair]; k > 0 {
					t.Errorf("%d of %d calls of %s begin before their caller on %s", k, n, pair[1], pair[0])
					left += k
				}
			}
			was := 0
			for _, k := range before {
				was += k
			}
			t.Logf("%d calls between moved clocks: %d out of order as recorded, %d in the copies", pairs, was, left)
			// On hotrod's hosts callees are ahead: there nothing is out of order before, and nothing may be after.
			if pairs == 0 || name == "skew" && was == 0 {
				t.Error("nothing was out of order: the test looked at nothing")
			}
		})
	}
}

// sameTrial rewrites the traces of a bundle as align apply does first, without their spans, and holds the copies against those in
// dir. It reports whether the trial holds.
func sameTrial(t *testing.T, b *evidence.Bundle, p *Plan, dir string) bool {
	t.Helper()
	skimmed := *b
	skimmed.Spans = evidence.SpanTable{}
	tr, out := NewTrial(&skimmed, p.model, p.o), t.TempDir()
	defer tr.Discard()
	var names []string
	for i, a := range b.Artifacts {
		if a.Format != evidence.FormatOTLPTraces {
			continue
		}
		names = append(names, filepath.Base(a.Path))
		job := Job{Artifact: i, In: a.Path, Out: filepath.Join(out, filepath.Base(a.Path)), Digest: "crc32c"}
		if _, err := tr.Apply(context.Background(), job); err != nil {
			t.Fatal(err)
		}
	}
	if !tr.Holds() {
		return false
	}
	if err := tr.Commit(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, suffix := range []string{"", SidecarSuffix} {
			got, err1 := os.ReadFile(filepath.Join(out, name+suffix))
			want, err2 := os.ReadFile(filepath.Join(dir, name+suffix))
			if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
				t.Errorf("%s%s: the trial writes other bytes (%v, %v)", name, suffix, err1, err2)
			}
		}
	}
	return true
}

// violations counts, by caller's and callee's clock, the calls between clocks that the model moves, and those that begin
// before their caller. It joins spans by a plain map.
func violations(b *evidence.Bundle, m *Model) (wrong, calls map[[2]string]int) {
	type id struct {
		trace uint32
		span  uint64
	}
	wrong, calls = map[[2]string]int{}, map[[2]string]int{}
	rows := map[id][]evidence.Span{}
	for i := range b.Spans.Len() {
		s := b.Span(i)
		rows[id{s.Trace, s.ID}] = append(rows[id{s.Trace, s.ID}], s)
	}
	moved := func(s evidence.Span) (string, bool) {
		name := b.Resources[b.Origins[s.Origin].Resource].Identity.Domain.Value
		d := m.Domain(name)
		return name, d != nil && (d.Status == StatusAligned || d.Status == StatusReference)
	}
	for i := range b.Spans.Len() {
		s := b.Span(i)
		parents := rows[id{s.Trace, s.Parent}]
		if s.Parent == 0 || s.Trace == evidence.NoTrace || len(parents) == 0 || s.Start == 0 {
			continue
		}
		callee, ok := moved(s)
		caller, ok2 := moved(parents[0])
		if !ok || !ok2 || caller == callee {
			continue
		}
		pair := [2]string{caller, callee}
		calls[pair]++
		if s.Start < parents[0].Start {
			wrong[pair]++
		}
	}
	return wrong, calls
}
