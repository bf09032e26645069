package align

import (
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
)

// links takes the spans that name others beside their parents: the linked one began before the linking
// one ended, whenever the link was made.
func (c *collector) links() {
	if len(c.bundle.Links) == 0 {
		return
	}
	traces := make(map[[16]byte]int, len(c.bundle.Traces))
	for i, id := range c.bundle.Traces {
		traces[id] = i
	}
	find := func(trace [16]byte, span uint64) (row uint32, ok bool) {
		i, ok := traces[trace]
		if !ok {
			return 0, false
		}
		rows := c.join.Rows(i)
		k := slices.IndexFunc(rows, func(row uint32) bool {
			pc, pe := c.bundle.Spans.Chunk(int(row))
			return pc.ID[pe] == span && pc.Flags[pe]&evidence.BadSpanID == 0 && c.join.Marks[row]&evidence.RepeatedSpan == 0
		})
		if k < 0 {
			return 0, false
		}
		return rows[k], true
	}
	seen := make(map[evidence.SpanLink]bool, len(c.bundle.Links))
	for _, l := range c.bundle.Links {
		if seen[l] { // the same span exported twice
			continue
		}
		seen[l] = true
		linking, ok1 := find(l.Trace, l.Span)
		linked, ok2 := find(l.LinkedTrace, l.Linked)
		if ok1 && ok2 {
			c.link(linking, linked)
		}
	}
}

func (c *collector) link(row, linked uint32) {
	b := c.bundle
	chunk, i := b.Spans.Chunk(int(row))
	pc, pe := b.Spans.Chunk(int(linked))
	slot := c.edge(pc.Origin[pe], chunk.Origin[i], evidence.Remote, ClassLink)
	if slot.edge == nil {
		return
	}
	slot.edge.Add(Call{
		Sent: instant(pc.Start[pe]), Received: instant(chunk.End[i]),
		Lasted:  lasted(chunk.Start[i], chunk.End[i]),
		Quantum: max(resolution(pc.Start[pe]), resolution(chunk.End[i])),
		Earlier: SpanID{b.Traces[pc.Trace[pe]], pc.ID[pe]}, Later: SpanID{b.Traces[chunk.Trace[i]], chunk.ID[i]},
	})
}
