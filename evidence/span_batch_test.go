package evidence

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestSpanColumns holds the row to the size that the design allows.
func TestSpanColumns(t *testing.T) {
	size := 0
	for i, typ := 0, reflect.TypeFor[SpanChunk](); i < typ.NumField(); i++ {
		if f := typ.Field(i).Type; f.Kind() == reflect.Slice {
			size += int(f.Elem().Size())
		}
	}
	if size == 0 || size > 64 {
		t.Errorf("a row takes %d bytes, want at most 64", size)
	}
}

// TestInterner compares with a map, past several rehashes.
func TestInterner(t *testing.T) {
	var in interner
	in.init()
	want := map[string]uint32{"": 0}
	rng := rand.New(rand.NewPCG(1, 1))
	buf := []byte(nil)
	for range 20_000 {
		buf = fmt.Appendf(buf[:0], "name-%d", rng.IntN(5000))
		n := in.bytes(buf)
		if old, ok := want[string(buf)]; ok && old != n {
			t.Fatalf("%s is %d, was %d", buf, n, old)
		}
		want[string(buf)] = n
	}
	if in.bytes(nil) != 0 {
		t.Error(`"" is not number 0`)
	}
	if len(in.list) != len(want) {
		t.Errorf("%d numbers for %d strings", len(in.list), len(want))
	}
	for s, n := range want {
		if in.list[n] != s {
			t.Errorf("number %d is %q, want %q", n, in.list[n], s)
		}
	}
}

// TestTraceTable compares with a map, for ids that somebody chose: equal halves, halves of zeros, counters.
func TestTraceTable(t *testing.T) {
	shapes := map[string]func(n uint64) (hi, lo uint64){
		"random":         func(n uint64) (uint64, uint64) { return n * 0x9e3779b97f4a7c15, n * 0xbf58476d1ce4e5b9 },
		"64 bits":        func(n uint64) (uint64, uint64) { return 0, n },
		"same low half":  func(n uint64) (uint64, uint64) { return n, 0x9e3779b97f4a7c15 },
		"same high half": func(n uint64) (uint64, uint64) { return 0x157c4a7fb979379e, n << 32 },
		"halves equal":   func(n uint64) (uint64, uint64) { return n, n },
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			var tt traceTable
			want := map[[16]byte]uint32{}
			rng := rand.New(rand.NewPCG(1, 1))
			for range 20_000 {
				var id [16]byte
				hi, lo := shape(1 + rng.Uint64N(4000))
				binary.LittleEndian.PutUint64(id[:], hi)
				binary.LittleEndian.PutUint64(id[8:], lo)
				n := tt.index(id)
				if old, ok := want[id]; ok && old != n {
					t.Fatalf("%x is %d, was %d", id, n, old)
				}
				want[id] = n
			}
			if len(tt.ids) != len(want) {
				t.Errorf("%d numbers for %d ids", len(tt.ids), len(want))
			}
			slots := map[uint64]bool{}
			for id, n := range want {
				if tt.ids[n] != id {
					t.Errorf("number %d is %x, want %x", n, tt.ids[n], id)
				}
				slots[tt.hash(id)&uint64(len(tt.table)-1)] = true
			}
			// Of n ids in 2n slots or more, chance leaves at least half of them without company.
			if len(slots) < len(want)/2 {
				t.Errorf("%d ids hash to %d slots of %d", len(want), len(slots), len(tt.table))
			}
		})
	}
}

// TestFillSlotEncoded: equal bytes are decoded once, equal contents are one resource, and what is kept for
// comparison is bounded.
func TestFillSlotEncoded(t *testing.T) {
	b := newSpanBatch()
	decoded := 0
	fill := func(encoded []byte, digest uint64) uint32 {
		slot := b.openSlot()
		b.fillSlotEncoded(slot, encoded, func() Resource { decoded++; return Resource{Digest: digest} })
		return b.slots[slot]
	}
	if a, c := fill([]byte("one"), 1), fill([]byte("one"), 1); a != c || decoded != 1 {
		t.Errorf("resources %d and %d, decoded %d times", a, c, decoded)
	}
	if a, c := fill([]byte("one"), 1), fill([]byte("eno"), 1); a != c || decoded != 2 {
		t.Errorf("equal contents are resources %d and %d, decoded %d times", a, c, decoded)
	}
	for i := range 200 {
		fill(fmt.Appendf(make([]byte, 100_000), "%d", i), uint64(10+i))
	}
	kept := 0
	for k := range b.byBytes {
		kept += len(k)
	}
	if kept > maxEncodedKept || len(b.resources) != 201 {
		t.Errorf("%d bytes are kept of %d resources", kept, len(b.resources))
	}
}

// TestSpanBatchWindow: an instant of 0 is none.
func TestSpanBatchWindow(t *testing.T) {
	b := newSpanBatch()
	for _, r := range []spanRow{{start: 50, end: 90}, {start: 0, end: 0}, {start: 70, end: 0}, {start: 60, end: 40}} {
		b.add(&r)
	}
	if b.window.Start != 40 || b.window.End != 90 {
		t.Errorf("window %d to %d, want 40 to 90", b.window.Start, b.window.End)
	}
}
