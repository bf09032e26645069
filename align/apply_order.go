package align

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
)

// A call begins no earlier than its caller in aligned times where the solver could place clocks so, up to rounding; see
// Plan.settle, which reads all spans first to see to the rest. Mostly there is no rest, and to know that it is enough to look
// at the spans while they are rewritten: orderCheck does.

// orderCheck holds the spans that were moved, and tells whether one may begin before its parent on another clock. Where it
// says that none does, settle would do nothing: it holds a span against all spans that could be its parent, and gives up
// on what is unusual, such as ids of other lengths, or one id on two clocks.
type orderCheck struct {
	parts  [orderParts]orderRows
	clocks map[string]uint32
	unsure bool
	n      int // rows
	look   int // how many rows there must be for broken to look at them
	// Ids in a capture may be chosen by whoever made it.
	seed [2]uint64
	mul  uint64
}

// orderParts is into how many parts rows go by their traces: what is looked up together then lies together, mostly in cache.
const orderParts = 64

// orderRows are the rows of one part.
type orderRows struct {
	blocks []*[orderBlock]orderRow
	n      int
}

// orderBlock is how many rows are allocated at once.
const orderBlock = 128

// orderRow is one span. Ids of spans and traces are hashed together: two that meet by chance are two candidates, no mistake.
type orderRow struct {
	key, parent uint64 // 0 for none
	placed      int64
	clock       uint32
}

func (o *orderRows) row(i int) *orderRow { return &o.blocks[i/orderBlock][i%orderBlock] }

func (o *orderRows) add(r *orderRow) {
	if o.n%orderBlock == 0 {
		o.blocks = append(o.blocks, new([orderBlock]orderRow))
	}
	*o.row(o.n) = *r
	o.n++
}

func newOrderCheck() *orderCheck {
	s := maphash.MakeSeed()
	return &orderCheck{
		clocks: map[string]uint32{},
		look:   orderLook,
		seed:   [2]uint64{maphash.Bytes(s, []byte{0}), maphash.Bytes(s, []byte{1})},
		mul:    maphash.Bytes(s, []byte{2}) | 1,
	}
}

// clock numbers a domain.
func (o *orderCheck) clock(domain string) uint32 {
	n, ok := o.clocks[domain]
	if !ok {
		n = uint32(len(o.clocks))
		o.clocks[domain] = n
	}
	return n
}

// spanIDs are the ids of one span, as far as they were met.
type spanIDs struct {
	trace      [2]uint64
	id, parent uint64
	odd        bool // one has another length than it must
}

// set takes the id of the field num of Span; others are none.
func (i *spanIDs) set(num int32, b []byte) {
	switch {
	case num == spanTrace && len(b) == 16:
		i.trace = [2]uint64{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
	case num == spanID && len(b) == 8:
		i.id = binary.LittleEndian.Uint64(b)
	case num == spanParent && len(b) == 8:
		i.parent = binary.LittleEndian.Uint64(b)
	case num == spanParent && len(b) == 0:
		i.parent = 0
	case num == spanTrace, num == spanID, num == spanParent:
		i.odd = true
	}
}

// add takes a span that begins at placed in aligned times.
func (o *orderCheck) add(i *spanIDs, clock uint32, placed int64) {
	if i.odd || i.id == 0 || i.trace == [2]uint64{} {
		o.unsure = true
		return
	}
	trace := fold(i.trace[0]^o.seed[0], i.trace[1]^o.seed[1])
	row := orderRow{key: o.key(trace, i.id), placed: placed, clock: clock}
	if i.parent != 0 {
		row.parent = o.key(trace, i.parent)
	}
	o.parts[trace%orderParts].add(&row)
	o.n++
}

// orderLook is how many rows broken looks at first. Each time it waits for sixteen times as many, so that it costs little.
const orderLook = 16 << 10

// broken reports whether it is known already that holds will say no.
func (o *orderCheck) broken() bool {
	if !o.unsure && o.n >= o.look {
		o.look *= 16
		o.unsure = !o.holds()
	}
	return o.unsure
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// key hashes an id of a span of a trace. It is not 0.
func (o *orderCheck) key(trace, id uint64) uint64 { return max(1, fold(trace^id, o.mul)) }

// holds reports whether surely no span begins before its parent on another clock.
func (o *orderCheck) holds() bool {
	if o.unsure {
		return false
	}
	var slots []uint32
	for i := range o.parts {
		p := &o.parts[i]
		size := 1 << bits.Len(uint(2*p.n))
		if len(slots) < size {
			slots = make([]uint32, size)
		}
		t := orderTable{orderRows: p, slots: slots[:size], mask: uint64(size - 1), left: 64 * p.n}
		clear(t.slots)
		if p.n > math.MaxUint32/2 || !t.fill() || !t.hold() {
			return false
		}
	}
	return true
}

// orderTable finds the rows of one part: open addressing, row+1 where used.
type orderTable struct {
	*orderRows
	slots []uint32
	mask  uint64
	left  int // bounds the steps: many rows may have one key
}

// fill enters the rows. It fails where two clocks use one id: the halves of a call, as Zipkin has them, of which either may be
// the other's parent.
func (t *orderTable) fill() bool {
	for i := range t.n {
		r := t.row(i)
		at := r.key & t.mask
		for ; t.slots[at] != 0; at = (at + 1) & t.mask {
			if of := t.row(int(t.slots[at] - 1)); of.key == r.key && of.clock != r.clock {
				return false
			}
			t.left--
		}
		t.slots[at] = uint32(i) + 1
		if t.left < 0 {
			return false
		}
	}
	return true
}

// hold looks up every row's parent.
func (t *orderTable) hold() bool {
	for i := range t.n {
		r := t.row(i)
		if r.parent == 0 {
			continue
		}
		for at := r.parent & t.mask; t.slots[at] != 0; at = (at + 1) & t.mask {
			of := t.row(int(t.slots[at] - 1))
			if of.key == r.parent && of.clock != r.clock && r.placed < of.placed {
				return false
			}
			t.left--
		}
		if t.left < 0 {
			return false
		}
	}
	return true
}
