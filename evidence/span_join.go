package evidence

// Values of SpanJoin.Parent that are no row.
const (
	// NoParent is that of a span without a parent id.
	NoParent = ^uint32(0) - iota
	// MissingParent is a parent that is not among the spans of its trace, in any artifact.
	MissingParent
	// UnusableParent cannot be joined: the trace or parent id is invalid, or the span names itself as its parent.
	UnusableParent

	// maxRows is the number of rows that Parent can name.
	maxRows = UnusableParent
)

// SpanMark says how a row shares its span id with other rows of its trace.
type SpanMark uint8

const (
	// RepeatedSpan marks a record of a span that another record stands for: the same export twice, two
	// artifacts that overlap, or contents that disagree. Counts of spans leave it out.
	RepeatedSpan SpanMark = 1 << iota
	// SharedSpan marks the client and the server half of a call that use one id, as Zipkin's clients do.
	SharedSpan
)

// SpanJoin holds the spans of a bundle grouped by trace, in 9 bytes a span and 4 a trace.
type SpanJoin struct {
	// Parent holds for each row the row of its parent, or NoParent, MissingParent or UnusableParent. The
	// parent of the server half of a shared id is the client half; that of a child of both is the half
	// that has the child's resource, else the server half.
	Parent []uint32
	// Marks holds the marks of each row.
	Marks []SpanMark

	order []uint32 // rows grouped by trace, ascending within one; rows without a trace are left out
	first []uint32 // order[first[t]:first[t+1]] are the rows of trace t

	// Repeats holds the rows marked RepeatedSpan, each with the row that stands for it, in trace order.
	Repeats []SpanPair
	// SharedIDs holds the server halves of shared ids, each with its client half.
	SharedIDs []SpanPair
}

// SpanPair names two rows of one trace that have one span id.
type SpanPair struct{ Row, Of uint32 }

// JoinSpans groups the spans of a bundle by trace and joins each to its parent. It sorts rows by trace in two counting passes and joins parents inside each trace, where a
// table of few slots stays in cache. A map of all span ids costs seventeen times as much.
func JoinSpans(b *Bundle) *SpanJoin {
	n := b.Spans.Len()
	if uint64(n) > uint64(maxRows) {
		panic("more spans than 32-bit row numbers can name")
	}
	t := &SpanJoin{
		Parent: make([]uint32, n),
		Marks:  make([]SpanMark, n),
		first:  make([]uint32, len(b.Traces)+2),
	}
	// first[t+2] counts trace t, then first[t+1] is where its next row goes: after the second pass that is
	// the start of trace t+1, so that one array serves as counter, cursor and border.
	for c := range b.Spans.Chunks() {
		for _, trace := range c.Trace {
			if trace != NoTrace {
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
			if trace == NoTrace {
				t.Parent[base+uint32(i)] = UnusableParent
				continue
			}
			at := t.first[trace+1]
			t.order[at] = base + uint32(i)
			t.first[trace+1] = at + 1
		}
	}
	t.first = t.first[:len(b.Traces)+1]
	j := newSpanJoiner(b, t)
	for trace := range b.Traces {
		if rows := t.Rows(trace); len(rows) > 0 {
			j.trace(rows)
		}
	}
	return t
}

// Rows returns the rows of a trace in ascending order.
func (t *SpanJoin) Rows(trace int) []uint32 { return t.order[t.first[trace]:t.first[trace+1]] }
