package evidence

import (
	"hash/maphash"
	"math/bits"
)

// spanJoiner finds parents inside one trace after another. Its buffers have the size of the largest trace
// seen.
type spanJoiner struct {
	bundle *Bundle
	join   *SpanJoin

	rows  []uint32 // of the trace at hand
	ids   []uint64 // by element of rows
	slots []uint32 // open addressing, element+1 where used
	mask  uint64
	// halves maps the element that the table holds for a shared id to the other half.
	halves map[uint32]uint32
	// Ids in a capture may be chosen by whoever made it, so the hash differs between runs; no result
	// depends on it.
	seed, factor uint64
}

func newSpanJoiner(b *Bundle, t *SpanJoin) *spanJoiner {
	s := maphash.MakeSeed()
	return &spanJoiner{
		bundle: b, join: t, halves: map[uint32]uint32{},
		seed: maphash.Bytes(s, []byte{0}), factor: maphash.Bytes(s, []byte{1}) | 1,
	}
}

func (j *spanJoiner) trace(rows []uint32) {
	j.rows = rows
	j.reset(len(rows))
	clear(j.halves)
	for k, row := range rows {
		c, e := j.bundle.Spans.Chunk(int(row))
		j.ids[k] = c.ID[e]
		if c.Flags[e]&BadSpanID == 0 {
			j.insert(uint32(k))
		}
	}
	for _, row := range rows {
		j.join.Parent[row] = j.parent(row)
	}
	for at, other := range j.halves {
		client, server := rows[at], rows[other]
		if j.kind(client) != KindClient {
			client, server = server, client
		}
		j.join.Parent[server] = client
	}
}

// reset makes room for n ids: a table of at most two thirds full.
func (j *spanJoiner) reset(n int) {
	if cap(j.ids) < n {
		j.ids = make([]uint64, n)
	}
	j.ids = j.ids[:n]
	size := 1 << bits.Len(uint(n+n/2))
	if cap(j.slots) < size {
		j.slots = make([]uint32, size)
	}
	j.slots = j.slots[:size]
	clear(j.slots)
	j.mask = uint64(size - 1)
}

func (j *spanJoiner) slot(id uint64) uint64 {
	hi, lo := bits.Mul64(id^j.seed, j.factor)
	return (hi ^ lo) & j.mask
}

// insert puts element k into the table, or settles what it is to the element that has its id.
func (j *spanJoiner) insert(k uint32) {
	id := j.ids[k]
	i := j.slot(id)
	for ; j.slots[i] != 0; i = (i + 1) & j.mask {
		if at := j.slots[i] - 1; j.ids[at] == id {
			if j.meet(at, k) {
				j.slots[i] = k + 1
			}
			return
		}
	}
	j.slots[i] = k + 1
}

// meet settles an id that element at has and element k has too. It reports whether k takes at's place:
// of a span that was exported while it ran and again when it had ended, the ended record stands.
func (j *spanJoiner) meet(at, k uint32) (replace bool) {
	t, first, second := j.join, j.rows[at], j.rows[k]
	other, isShared := j.halves[at]
	switch {
	case isShared:
		if j.kind(j.rows[other]) == j.kind(second) {
			first = j.rows[other]
		}
	case j.areHalves(first, second):
		j.halves[at] = k
		t.Marks[first] |= SharedSpan
		t.Marks[second] |= SharedSpan
		if j.kind(second) == KindClient {
			t.SharedIDs = append(t.SharedIDs, SpanPair{first, second})
		} else {
			t.SharedIDs = append(t.SharedIDs, SpanPair{second, first})
		}
		return false
	case j.end(first) == 0 && j.end(second) != 0:
		t.Marks[first] |= RepeatedSpan
		t.Repeats = append(t.Repeats, SpanPair{first, second})
		return true
	}
	t.Marks[second] |= RepeatedSpan
	t.Repeats = append(t.Repeats, SpanPair{second, first})
	return false
}

// areHalves reports whether two rows of one id are the client and the server half of one call. Zipkin's
// B3 propagation lets the server join the client's span, and may leave out the parent id on the way
// (single-header form), so that the server half then has none.
func (j *spanJoiner) areHalves(a, b uint32) bool {
	sa, sb := j.bundle.Span(int(a)), j.bundle.Span(int(b))
	if sa.Kind == KindServer {
		sa, sb = sb, sa
	}
	return sa.Kind == KindClient && sb.Kind == KindServer &&
		(sa.Parent == sb.Parent && (sa.Flags^sb.Flags)&BadParentID == 0 || sb.Parent == 0)
}

func (j *spanJoiner) parent(row uint32) uint32 {
	c, e := j.bundle.Spans.Chunk(int(row))
	id, flags := c.Parent[e], c.Flags[e]
	switch {
	case flags&BadParentID != 0, id == c.ID[e] && id != 0 && flags&BadSpanID == 0:
		return UnusableParent
	case id == 0:
		return NoParent
	}
	for i := j.slot(id); j.slots[i] != 0; i = (i + 1) & j.mask {
		if at := j.slots[i] - 1; j.ids[at] == id {
			return j.half(at, c.Origin[e])
		}
	}
	return MissingParent
}

// half returns the row of element at, or of its other half if a child from this origin belongs there.
func (j *spanJoiner) half(at uint32, origin uint32) uint32 {
	row := j.rows[at]
	if len(j.halves) == 0 {
		return row
	}
	other, ok := j.halves[at]
	if !ok {
		return row
	}
	client, server := row, j.rows[other]
	if j.kind(client) != KindClient {
		client, server = server, client
	}
	of := func(row uint32) *Resource { return j.bundle.Resource(j.bundle.Span(int(row)).Origin) }
	if child := j.bundle.Resource(origin); child == of(client) && child != of(server) {
		return client
	}
	return server
}

func (j *spanJoiner) kind(row uint32) SpanKind {
	c, e := j.bundle.Spans.Chunk(int(row))
	return c.Kind[e]
}

func (j *spanJoiner) end(row uint32) uint64 {
	c, e := j.bundle.Spans.Chunk(int(row))
	return c.End[e]
}
