package evidence

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
)

// spanBatch collects the spans of one artifact. Indexes in its columns are local to the batch until
// Bundle.adopt translates them: Origin holds a slot of slots.
type spanBatch struct {
	full    []*SpanChunk
	cur     *SpanChunk
	n       int
	strings interner
	traces  traceTable
	// slots maps the local origin numbers to local resources. A slot is reserved when ResourceSpans
	// opens and filled when its resource appears, which may be after its spans.
	slots     []uint32
	resources []Resource
	links     []SpanLink
	byContent map[resourceKey]uint32
	byBytes   map[string]uint32 // encoded resource -> local resource: most repeat byte for byte
	bytesKept int               // by byBytes
	stats     TraceStats
	window    Window
}

// resourceKey tells two resources apart: the digest covers every attribute, the identity what the
// user or a manifest declared over them.
type resourceKey struct {
	digest   uint64
	identity Identity
}

func newSpanBatch() *spanBatch {
	b := &spanBatch{byContent: map[resourceKey]uint32{}, byBytes: map[string]uint32{}}
	b.strings.init()
	return b
}

// openSlot reserves an origin for the spans of one ResourceSpans.
func (b *spanBatch) openSlot() uint32 {
	b.slots = append(b.slots, noResource)
	return uint32(len(b.slots) - 1)
}

const noResource = ^uint32(0)

// maxEncodedKept bounds the encoded resources that a batch remembers.
const maxEncodedKept = 4 << 20

// fillSlotEncoded gives a slot its resource, decoding it only where these bytes were not seen before.
func (b *spanBatch) fillSlotEncoded(slot uint32, encoded []byte, decode func() Resource) {
	i, ok := b.byBytes[string(encoded)]
	if !ok {
		i = b.fillSlot(slot, decode())
		const entry = 64 // what the map itself needs, about
		if b.bytesKept += len(encoded) + entry; b.bytesKept <= maxEncodedKept {
			b.byBytes[string(encoded)] = i
		}
		return
	}
	b.slots[slot] = i
}

// fillSlot gives a slot its resource and returns the resource's local number.
func (b *spanBatch) fillSlot(slot uint32, r Resource) uint32 {
	k := resourceKey{r.Digest, r.Identity}
	i, ok := b.byContent[k]
	if !ok {
		i = uint32(len(b.resources))
		b.resources = append(b.resources, r)
		b.byContent[k] = i
	}
	b.slots[slot] = i
	return i
}

// spanRow is one complete span, ready to append.
type spanRow struct {
	trace      [16]byte
	id, parent uint64
	start, end uint64
	name       uint32 // from spanBatch.strings
	route      uint32
	origin     uint32 // from openSlot
	kind       SpanKind
	status     SpanStatus
	flags      SpanFlags
	off        int64
	length     int64
}

func (b *spanBatch) add(r *spanRow) {
	c := b.cur
	if c == nil || len(c.ID) == cap(c.ID) {
		c = b.grow()
	}
	trace := NoTrace
	if r.flags&BadTraceID == 0 {
		trace = b.traces.index(r.trace)
	}
	c.Trace = append(c.Trace, trace)
	c.ID = append(c.ID, r.id)
	c.Parent = append(c.Parent, r.parent)
	c.Start = append(c.Start, r.start)
	c.End = append(c.End, r.end)
	c.Name = append(c.Name, r.name)
	c.Route = append(c.Route, r.route)
	c.Origin = append(c.Origin, r.origin)
	c.Kind = append(c.Kind, r.kind)
	c.Status = append(c.Status, r.status)
	c.Flags = append(c.Flags, r.flags)
	c.off = append(c.off, r.off)
	c.length = append(c.length, uint32(min(r.length, 1<<32-1)))
	b.n++
	b.stats.Spans++
	b.see(r.start)
	b.see(r.end)
}

// link notes that the span of a row links to another. Only valid ids name a span.
func (b *spanBatch) link(r *spanRow, trace [16]byte, span uint64) {
	if r.flags&(BadTraceID|BadSpanID) == 0 && trace != [16]byte{} && span != 0 {
		b.links = append(b.links, SpanLink{r.trace, r.id, trace, span})
	}
}

// see widens the window by an instant; 0 is no instant.
func (b *spanBatch) see(t uint64) {
	if t == 0 {
		return
	}
	if b.window.Start == 0 || t < b.window.Start {
		b.window.Start = t
	}
	if t > b.window.End {
		b.window.End = t
	}
}

// grow makes room for at least one row: the first chunk doubles up to chunkRows, so that ten thousand
// small files do not each hold a full chunk.
func (b *spanBatch) grow() *SpanChunk {
	switch {
	case b.cur == nil:
		b.cur = newSpanChunk(firstRows)
	case cap(b.cur.ID) < chunkRows:
		b.cur = b.cur.grown()
	default:
		b.full = append(b.full, b.cur)
		b.cur = newSpanChunk(chunkRows)
	}
	return b.cur
}

// firstRows is the capacity of the first chunk of a batch; chunkRows by doubling.
const firstRows = 256

// grown returns a chunk of twice the capacity with the rows of c.
func (c *SpanChunk) grown() *SpanChunk {
	g := newSpanChunk(2 * cap(c.ID))
	g.appendRows(c, 0)
	return g
}

func newSpanChunk(rows int) *SpanChunk {
	return &SpanChunk{
		Trace: make([]uint32, 0, rows), ID: make([]uint64, 0, rows), Parent: make([]uint64, 0, rows),
		Start: make([]uint64, 0, rows), End: make([]uint64, 0, rows), Name: make([]uint32, 0, rows),
		Route: make([]uint32, 0, rows), Origin: make([]uint32, 0, rows), Kind: make([]SpanKind, 0, rows),
		Status: make([]SpanStatus, 0, rows), Flags: make([]SpanFlags, 0, rows),
		off: make([]int64, 0, rows), length: make([]uint32, 0, rows),
	}
}

// appendRows appends the rows of from, from row first on, as far as c has room, and returns how many.
func (c *SpanChunk) appendRows(from *SpanChunk, first int) int {
	n := min(cap(c.ID)-len(c.ID), len(from.ID)-first)
	last := first + n
	c.Trace = append(c.Trace, from.Trace[first:last]...)
	c.ID = append(c.ID, from.ID[first:last]...)
	c.Parent = append(c.Parent, from.Parent[first:last]...)
	c.Start = append(c.Start, from.Start[first:last]...)
	c.End = append(c.End, from.End[first:last]...)
	c.Name = append(c.Name, from.Name[first:last]...)
	c.Route = append(c.Route, from.Route[first:last]...)
	c.Origin = append(c.Origin, from.Origin[first:last]...)
	c.Kind = append(c.Kind, from.Kind[first:last]...)
	c.Status = append(c.Status, from.Status[first:last]...)
	c.Flags = append(c.Flags, from.Flags[first:last]...)
	c.off = append(c.off, from.off[first:last]...)
	c.length = append(c.length, from.length[first:last]...)
	return n
}

// interner gives equal strings one number. Number 0 is "".
type interner struct {
	list  []string
	table []uint32 // open addressing, number+1 where used
	cache [512]uint32
	seed  maphash.Seed
}

func (t *interner) init() {
	t.list = []string{""}
	t.table = make([]uint32, 256)
	t.seed = maphash.MakeSeed()
}

// bytes returns the number of s, copying it only if it is new.
func (t *interner) bytes(s []byte) uint32 {
	if len(s) == 0 {
		return 0
	}
	h := maphash.Bytes(t.seed, s)
	// A direct-mapped cache in front of the table: span names come in runs.
	slot := &t.cache[h%uint64(len(t.cache))]
	if n := *slot; n != 0 && t.list[n] == string(s) {
		return n
	}
	mask := uint64(len(t.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.table[i]
		if n == 0 {
			number := uint32(len(t.list))
			t.list = append(t.list, string(s))
			t.table[i] = number + 1
			*slot = number
			if len(t.list)*2 > len(t.table) {
				t.rehash()
			}
			return number
		}
		if t.list[n-1] == string(s) {
			*slot = n - 1
			return n - 1
		}
	}
}

func (t *interner) rehash() {
	t.table = make([]uint32, 2*len(t.table))
	mask := uint64(len(t.table) - 1)
	for number, s := range t.list {
		if number == 0 {
			continue
		}
		i := maphash.String(t.seed, s) & mask
		for t.table[i] != 0 {
			i = (i + 1) & mask
		}
		t.table[i] = uint32(number) + 1
	}
}

// traceTable gives equal trace ids one number.
type traceTable struct {
	ids   [][16]byte
	table []uint32 // open addressing, number+1 where used
	last  uint32   // number+1 of the id seen last: the spans of a trace come in runs
	seed  [2]uint64
}

func (t *traceTable) index(id [16]byte) uint32 {
	if t.last != 0 && t.ids[t.last-1] == id {
		return t.last - 1
	}
	if 2*len(t.ids) >= len(t.table) {
		t.rehash()
	}
	mask := uint64(len(t.table) - 1)
	for i := t.hash(id) & mask; ; i = (i + 1) & mask {
		n := t.table[i]
		if n == 0 {
			t.ids = append(t.ids, id)
			t.table[i] = uint32(len(t.ids))
			t.last = uint32(len(t.ids))
			return t.last - 1
		}
		if t.ids[n-1] == id {
			t.last = n
			return n - 1
		}
	}
}

// hash mixes both halves with seeds that differ between runs: ids in a capture may be chosen by whoever
// made it. Each half has a seed, because a half that cancels its own would make the product 0 whatever
// the other half is.
func (t *traceTable) hash(id [16]byte) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^t.seed[0], binary.LittleEndian.Uint64(id[8:])^t.seed[1])
	return hi ^ lo
}

func (t *traceTable) rehash() {
	if t.table == nil {
		s := maphash.MakeSeed()
		t.seed = [2]uint64{maphash.Bytes(s, []byte{0}), maphash.Bytes(s, []byte{1})}
	}
	t.table = make([]uint32, max(64, 2*len(t.table)))
	mask := uint64(len(t.table) - 1)
	for number, id := range t.ids {
		i := t.hash(id) & mask
		for t.table[i] != 0 {
			i = (i + 1) & mask
		}
		t.table[i] = uint32(number) + 1
	}
}
