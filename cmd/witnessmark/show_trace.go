package main

import (
	"bufio"
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// trace prints the spans of one trace as a tree: children below their parent in the order of their
// start, spans whose parent is absent at the top level with a mark.
func (o *show) trace(id string, paths []string, load evidence.Options) error {
	b, err := evidence.Load(paths, load)
	if err != nil {
		if len(b.Artifacts) == 0 {
			return hint(err, paths, nil)
		}
		o.app.fail(hint(err, paths, nil))
	}
	raw, err := hex.DecodeString(id)
	if err != nil {
		return err
	}
	number := slices.Index(b.Traces, [16]byte(raw))
	if number < 0 {
		return fmt.Errorf("no span of trace %s in %s", strings.ToLower(id), strings.Join(paths, ", "))
	}
	w := bufio.NewWriter(o.app.stdout)
	t := newTree(b, uint32(number))
	t.print(func(s string) { w.WriteString(report.Clean(s) + "\n") })
	return w.Flush()
}

// tree is one trace.
type tree struct {
	bundle   *evidence.Bundle
	spans    []evidence.Span
	byID     map[uint64]bool
	children map[uint64][]int // by parent id
	printed  []bool
	base     uint64            // the earliest start, 0 if no span has one
	hosts    map[string]string // by host, its name as it is printed
	width    int               // of the widest of them
	domain   string            // what is left out of all of them
}

func newTree(b *evidence.Bundle, trace uint32) *tree {
	t := &tree{bundle: b, byID: map[uint64]bool{}, children: map[uint64][]int{}}
	for c := range b.Spans.Chunks() {
		for i, tr := range c.Trace {
			if tr == trace {
				t.spans = append(t.spans, b.Span(c.Base+i))
			}
		}
	}
	slices.SortStableFunc(t.spans, func(x, y evidence.Span) int {
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.ID, y.ID), cmp.Compare(y.Kind, x.Kind))
	})
	for i := range t.spans {
		s := &t.spans[i]
		// The id of a span that has a bad one is a length: nothing hangs on it.
		if s.Flags&evidence.BadSpanID == 0 {
			t.byID[s.ID] = true
		}
		if s.Start != 0 && (t.base == 0 || s.Start < t.base) {
			t.base = s.Start
		}
	}
	for i := range t.spans {
		if !t.top(i) {
			t.children[t.spans[i].Parent] = append(t.children[t.spans[i].Parent], i)
		}
	}
	t.printed = make([]bool, len(t.spans))
	t.nameHosts()
	return t
}

// nameHosts leaves the domain out of the names of hosts where all of them have the same.
func (t *tree) nameHosts() {
	t.hosts = map[string]string{}
	domain, same := "", true
	for i := range t.spans {
		h := t.host(i)
		t.hosts[h] = h
		_, rest, _ := strings.Cut(h, ".")
		if h != "" {
			same = same && (domain == "" || rest == domain)
			domain = rest
		}
	}
	if same {
		t.domain = domain
	}
	for h := range t.hosts {
		if t.domain != "" {
			t.hosts[h] = strings.TrimSuffix(h, "."+t.domain)
		}
		t.width = max(t.width, utf8.RuneCountInString(t.hosts[h]))
	}
}

// host returns the host whose clock stamped span i, "" where nothing tells.
func (t *tree) host(i int) string {
	return t.bundle.Resource(t.spans[i].Origin).Identity.Host.Value
}

// top reports whether span i has no parent in the trace.
func (t *tree) top(i int) bool {
	s := &t.spans[i]
	return s.Parent == 0 || s.Flags&evidence.BadParentID != 0 || !t.byID[s.Parent]
}

func (t *tree) print(line func(string)) {
	spans := "spans"
	if len(t.spans) == 1 {
		spans = "span"
	}
	title := fmt.Sprintf("trace %x: %d %s, times from %s on each host's own clock", t.bundle.Traces[t.spans[0].Trace], len(t.spans), spans, instant(t.base))
	if t.domain != "" {
		title += "; hosts are of " + t.domain
	}
	line(title)
	for i := range t.spans {
		if t.top(i) {
			t.below(i, line)
		}
	}
	for i := range t.spans { // what hangs on nothing but itself: a circle of parents
		t.below(i, line)
	}
}

// below prints span i and what is below it, each span once. It does not recurse: a trace may be a chain of
// as many spans as the file holds.
func (t *tree) below(top int, line func(string)) {
	type place struct{ span, depth int }
	for stack := []place{{top, 0}}; len(stack) > 0; {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if t.printed[p.span] {
			continue
		}
		t.printed[p.span] = true
		line(t.row(p.span, p.depth))
		s := &t.spans[p.span]
		if s.Flags&evidence.BadSpanID != 0 {
			continue
		}
		for _, c := range slices.Backward(t.children[s.ID]) {
			stack = append(stack, place{c, p.depth + 1})
		}
	}
}

var kindNames = [...]string{"", "internal", "server", "client", "producer", "consumer"}

// row is one line of the tree: start, duration, host, service, name, kind, what is odd, and the place.
func (t *tree) row(i, depth int) string {
	s := &t.spans[i]
	start, duration := "no start", "no end"
	if s.Start != 0 {
		start = "+" + report.Duration(int64(s.Start-t.base))
		if s.End != 0 {
			duration = report.Duration(int64(s.End - s.Start))
		}
	}
	words := []string{t.bundle.Resource(s.Origin).Identity.Service.Value, t.bundle.Strings[s.Name]}
	if int(s.Kind) < len(kindNames) {
		words = append(words, kindNames[s.Kind])
	}
	if s.Status == 2 {
		words = append(words, "error")
	}
	switch {
	case s.Flags&evidence.BadParentID != 0:
		words = append(words, "[parent id is invalid]")
	case s.Parent != 0 && !t.byID[s.Parent]:
		words = append(words, fmt.Sprintf("[parent %016x is absent]", s.Parent))
	case depth == 0 && s.Parent != 0:
		words = append(words, fmt.Sprintf("[parent %016x is below it]", s.Parent))
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	a := t.bundle.Artifacts[s.Ref.Artifact]
	host := ""
	if t.width > 0 {
		host = fmt.Sprintf("%-*s  ", t.width, cmp.Or(t.hosts[t.host(i)], "?"))
	}
	return fmt.Sprintf("%12s %10s  %s%s%s  %s", start, duration, host,
		strings.Repeat("  ", min(depth, 40)), strings.Join(words, " "), report.Place(a.Path, s.Ref.Off, s.Ref.Len))
}
