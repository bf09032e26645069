package evidence

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
)

// batchOf makes a batch of n spans, each of which tells its artifact and its number in several columns.
// The last resource is missing.
func batchOf(artifact, n int) *spanBatch {
	b := newSpanBatch()
	for i := range n {
		if i%100 == 0 {
			slot := b.openSlot()
			if last := i + 100; last < n {
				service := fmt.Sprintf("service-%d", i/100%5)
				b.fillSlot(slot, Resource{Digest: uint64(i / 100 % 5), Identity: Identity{Service: Attr{Value: service}}})
			}
		}
		var trace [16]byte
		binary.BigEndian.PutUint64(trace[8:], uint64(i/30+1))
		r := spanRow{
			trace: trace, id: uint64(i + 1), parent: uint64(artifact), start: uint64(i + 1), end: uint64(i + 2),
			name: b.strings.bytes(fmt.Appendf(nil, "name-%d", (i+artifact)%7)), origin: uint32(len(b.slots) - 1),
			off: int64(i), length: 1,
		}
		if i%11 == 0 {
			r.flags = BadTraceID
		}
		b.add(&r)
	}
	return b
}

// TestMerger adopts batches of all sizes around a chunk's, and looks at every row.
func TestMerger(t *testing.T) {
	sizes := []int{0, 1, 255, 256, 257, chunkRows - 1, 3, chunkRows, chunkRows + 1, 0, 40_000, 513, 1}
	b := &Bundle{}
	m := newMerger(b)
	total := 0
	for a, n := range sizes {
		m.adopt(uint32(a), batchOf(a, n))
		total += n
	}
	m.finish()
	if b.Spans.Len() != total {
		t.Fatalf("%d rows, want %d", b.Spans.Len(), total)
	}
	base := 0
	for c := range b.Spans.Chunks() {
		if c.Base != base || len(c.ID) != chunkRows && base+len(c.ID) != total {
			t.Errorf("chunk at row %d has %d rows; %d came before", c.Base, len(c.ID), base)
		}
		base += len(c.ID)
	}
	next := make([]int, len(sizes)) // the number of the artifact's next span
	for row := range total {
		s := b.Span(row)
		a := int(s.Parent)
		i := next[a]
		next[a]++
		if s.ID != uint64(i+1) || s.Ref != (Ref{Artifact: uint32(a), Off: int64(i), Len: 1}) {
			t.Fatalf("row %d is span %d at %+v, want span %d of artifact %d", row, s.ID, s.Ref, i+1, a)
		}
		if want := fmt.Sprintf("name-%d", (i+a)%7); b.Strings[s.Name] != want {
			t.Fatalf("row %d is named %q, want %q", row, b.Strings[s.Name], want)
		}
		if bad := i%11 == 0; bad != (s.Trace == NoTrace) || !bad && binary.BigEndian.Uint64(b.Traces[s.Trace][8:]) != uint64(i/30+1) {
			t.Fatalf("row %d has trace %d", row, s.Trace)
		}
		want := fmt.Sprintf("service-%d", i/100%5)
		if i/100*100+100 >= sizes[a] {
			want = ""
		}
		if got := b.Resource(s.Origin).Identity.Service.Value; got != want {
			t.Fatalf("row %d, span %d of artifact %d, is of %q, want %q", row, i, a, got, want)
		}
	}
	for a, n := range sizes {
		if next[a] != n {
			t.Errorf("artifact %d has %d rows, want %d", a, next[a], n)
		}
	}
	if len(b.Resources) != 6 || len(b.Traces) != 40_000/30+1 {
		t.Errorf("%d resources, %d traces", len(b.Resources), len(b.Traces))
	}
}

// TestMergerMemory adopts many batches that fill little more than a chunk: what is not filled must not be
// kept.
func TestMergerMemory(t *testing.T) {
	const batches, rows = 100, chunkRows + 500
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := &Bundle{}
	m := newMerger(b)
	for a := range batches {
		m.adopt(uint32(a), batchOf(a, rows))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perRow := (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / (batches * rows)
	t.Logf("%.1f bytes per span before finish", perRow)
	if perRow > 72 {
		t.Errorf("%.1f bytes are held per span, want little more than the 64 of its columns", perRow)
	}
	m.finish()
	if b.Spans.Len() != batches*rows {
		t.Errorf("%d rows, want %d", b.Spans.Len(), batches*rows)
	}
}
