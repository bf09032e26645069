package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// trace prints the spans of one trace as a tree: children below their parent in the order of their
// start, spans whose parent is absent at the top level with a mark.
func (o *show) trace(id string, paths []string, load evidence.Options) error {
	b, err := evidence.Load(paths, load)
	if err != nil {
		if len(b.Artifacts) == 0 {
			return err
		}
		o.app.fail(err)
	}
	raw, err := hex.DecodeString(id)
	if err != nil {
		return err
	}
	number := slices.Index(b.Traces, [16]byte(raw))
	if number < 0 {
		return fmt.Errorf("no span of trace %s in %s", strings.ToLower(id), strings.Join(paths, ", "))
	}
	t := newTree(b, uint32(number))
	t.print(func(s string) { fmt.Fprintln(o.app.stdout, report.Clean(s)) })
	return nil
}

// tree is one trace.
type tree struct {
	bundle   *evidence.Bundle
	spans    []evidence.Span
	children map[uint64][]int // by parent id
	printed  []bool
	base     uint64
}

func newTree(b *evidence.Bundle, trace uint32) *tree {
	t := &tree{bundle: b, children: map[uint64][]int{}}
	for c := range b.Spans.Chunks() {
		for i, tr := range c.Trace {
			if tr == trace {
				t.spans = append(t.spans, b.Span(c.Base+i))
			}
		}
	}
	slices.SortStableFunc(t.spans, func(x, y evidence.Span) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Kind, y.Kind))
	})
	for i := range t.spans {
		t.children[t.spans[i].Parent] = append(t.children[t.spans[i].Parent], i)
		if s := t.spans[i].Start; s != 0 && (t.base == 0 || s < t.base) {
			t.base = s
		}
	}
	t.printed = make([]bool, len(t.spans))
	return t
}

func (t *tree) print(line func(string)) {
	have := map[uint64]bool{}
	for i := range t.spans {
		have[t.spans[i].ID] = true
	}
	line(fmt.Sprintf("trace %x: %d spans, times from %s on each host's own clock", t.bundle.Traces[t.spans[0].Trace], len(t.spans), instant(t.base)))
	for i := range t.spans {
		if p := t.spans[i].Parent; p == 0 || !have[p] {
			t.span(i, 0, line)
		}
	}
	for i := range t.spans { // what hangs on nothing but itself: a loop of parents
		t.span(i, 0, line)
	}
}

var kindNames = [...]string{"", "internal", "server", "client", "producer", "consumer"}

// span prints span i and what is below it. The depth is bounded by the number of spans: each is printed
// once.
func (t *tree) span(i, depth int, line func(string)) {
	if t.printed[i] {
		return
	}
	t.printed[i] = true
	s := &t.spans[i]
	var mark string
	if depth == 0 && s.Parent != 0 {
		mark = fmt.Sprintf("  [parent %016x is absent]", s.Parent)
	}
	if s.Status == 2 {
		mark += "  error"
	}
	kind := ""
	if int(s.Kind) < len(kindNames) {
		kind = kindNames[s.Kind]
	}
	a := t.bundle.Artifacts[s.Ref.Artifact]
	line(fmt.Sprintf("%12s %10s  %s%s %s %s%s  %s", "+"+report.Duration(int64(s.Start-t.base)), report.Duration(int64(s.End-s.Start)),
		strings.Repeat("  ", min(depth, 40)), t.bundle.Resource(s.Origin).Identity.Service.Value, t.bundle.Strings[s.Name], kind, mark,
		report.Place(a.Path, s.Ref.Off, s.Ref.Len)))
	for _, c := range t.children[s.ID] {
		t.span(c, depth+1, line)
	}
}
