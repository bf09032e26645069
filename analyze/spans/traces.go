package spans

import (
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Index groups the spans of the bundle by trace and joins each to its parent, once in a run.
var Index = analyze.NewIndex(newTraces)

// Values of Traces.Parent that are no row.
const (
	// Root has no parent id.
	Root = ^uint32(0) - iota
	// Missing names a parent that is not among the spans of its trace, in any artifact.
	Missing
	// Unusable cannot be joined: its trace or parent id is invalid, or it names itself as its parent.
	Unusable

	// maxRows is the number of rows that Parent can name.
	maxRows = Unusable
)

// Mark says how a row shares its span id with other rows of its trace.
type Mark uint8

const (
	// Repeat marks a record of a span that another record stands for: the same export twice, two
	// artifacts that overlap, or contents that disagree. Counts of spans leave it out.
	Repeat Mark = 1 << iota
	// Shared marks the client and the server half of a call that use one id, as Zipkin's clients do.
	Shared
)

// Traces holds the spans of a bundle grouped by trace, in 9 bytes a span and 4 a trace.
type Traces struct {
	// Parent holds for each row the row of its parent, or Root, Missing or Unusable. The parent of the
	// server half of a shared id is the client half; that of a child of both is the half that has the
	// child's resource, else the server half.
	Parent []uint32
	// Marks holds a Mark for each row.
	Marks []Mark

	order []uint32 // rows grouped by trace, ascending within one; rows without a trace are left out
	first []uint32 // order[first[t]:first[t+1]] are the rows of trace t

	repeats []pair // in trace order
	shared  []pair // server half, client half
}

// pair names two rows of one trace that have one span id.
type pair struct{ row, of uint32 }

// newTraces sorts rows by trace in two counting passes and joins parents inside each trace, where a
// table of few slots stays in cache. A map of all span ids costs seventeen times as much.
func newTraces(b *evidence.Bundle) *Traces {
	n := b.Spans.Len()
	if uint64(n) > uint64(maxRows) {
		panic("more spans than 32-bit row numbers can name")
	}
	t := &Traces{
		Parent: make([]uint32, n),
		Marks:  make([]Mark, n),
		first:  make([]uint32, len(b.Traces)+2),
	}
	// first[t+2] counts trace t, then first[t+1] is where its next row goes: after the second pass that is
	// the start of trace t+1, so that one array serves as counter, cursor and border.
	for c := range b.Spans.Chunks() {
		for _, trace := range c.Trace {
			if trace != evidence.NoTrace {
				t.first[trace+2]++
			}
		}
	}
	var sum uint32
	for i := range t.first {
		sum += t.first[i]
		t.first[i] = sum
	}
	t.order = make([]uint32, sum)
	for c := range b.Spans.Chunks() {
		base := uint32(c.Base)
		for i, trace := range c.Trace {
			if trace == evidence.NoTrace {
				t.Parent[base+uint32(i)] = Unusable
				continue
			}
			at := t.first[trace+1]
			t.order[at] = base + uint32(i)
			t.first[trace+1] = at + 1
		}
	}
	t.first = t.first[:len(b.Traces)+1]
	j := newJoiner(b, t)
	for trace := range b.Traces {
		if rows := t.rows(trace); len(rows) > 0 {
			j.join(rows)
		}
	}
	return t
}

// rows returns the rows of a trace in ascending order.
func (t *Traces) rows(trace int) []uint32 { return t.order[t.first[trace]:t.first[trace+1]] }
