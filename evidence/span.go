package evidence

import "iter"

// Span is one row of a SpanTable, assembled. The columns hold at most 64 bytes per span.
type Span struct {
	Row    int
	Trace  uint32 // index into Bundle.Traces; NoTrace where the trace id is invalid
	ID     uint64 // big-endian span id; its length in bytes where BadSpanID is set
	Parent uint64 // 0 for none; its length in bytes where BadParentID is set
	Start  uint64 // Unix nanoseconds as recorded; 0 if absent
	End    uint64
	Name   uint32 // index into Bundle.Strings
	Route  uint32 // http.route, or rpc.service + rpc.method, or messaging destination; 0 if none
	Origin uint32 // index into Bundle.Origins
	Kind   SpanKind
	Status SpanStatus
	Flags  SpanFlags
	Ref    Ref
}

// SpanLink says that one span names another, in its own or another trace, beside its parent. It holds ids
// rather than rows, as the other span may be in another capture.
type SpanLink struct {
	Trace [16]byte // of the span that links
	Span  uint64   // big-endian
	// LinkedTrace and Linked name the span that it links to.
	LinkedTrace [16]byte
	Linked      uint64
}

// NoTrace is the Trace of a span whose trace id is absent, all zero or not 16 bytes long.
const NoTrace = ^uint32(0)

// SpanKind is the OTLP span kind, with OTLP's numbers.
type SpanKind uint8

// Span kinds of opentelemetry/proto/trace/v1/trace.proto, Span.SpanKind.
const (
	KindUnspecified SpanKind = iota
	KindInternal
	KindServer
	KindClient
	KindProducer
	KindConsumer
)

// StatusCode is the OTLP span status code, with OTLP's numbers: 0 unset, 1 ok, 2 error.
type StatusCode uint8

// SpanFlags holds the low ten bits of OTLP's Span.flags, and above them what the reader found.
type SpanFlags uint16

const (
	// FlagSampled is W3C's sampled bit. SDKs before about 1.40 leave it 0 on sampled spans.
	FlagSampled SpanFlags = 0x001
	// FlagHasRemote says that FlagRemote is meaningful (SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK).
	FlagHasRemote SpanFlags = 0x100
	// FlagRemote says that the parent is in another process (SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK).
	FlagRemote SpanFlags = 0x200

	// BadTraceID, BadSpanID and BadParentID mark ids that are absent (not for a parent), all zero (not
	// for a parent) or of the wrong length.
	BadTraceID  SpanFlags = 0x400
	BadSpanID   SpanFlags = 0x800
	BadParentID SpanFlags = 0x1000
	// LinkedSpan marks a span with at least one link.
	LinkedSpan SpanFlags = 0x2000

	otlpFlags SpanFlags = 0x3ff
)

// SpanTable holds spans in columns. The zero value is empty. The rows of an artifact are in file order;
// its last ones may stand behind rows of later artifacts.
type SpanTable struct {
	chunks []*SpanChunk // all full but the last
	n      int
}

// chunkRows is the capacity of a full chunk; a power of two, so that a row splits by shift and mask.
const (
	chunkBits = 14
	chunkRows = 1 << chunkBits
	chunkMask = chunkRows - 1
)

// SpanChunk is a run of consecutive rows in columns of equal length, for loops that need few columns.
type SpanChunk struct {
	Base   int // row number of element 0
	Trace  []uint32
	ID     []uint64
	Parent []uint64
	Start  []uint64
	End    []uint64
	Name   []uint32
	Route  []uint32
	Origin []uint32
	Kind   []SpanKind
	Status []SpanStatus
	Flags  []SpanFlags
	off    []int64
	length []uint32
}

// Len returns the number of spans.
func (t *SpanTable) Len() int { return t.n }

// Chunks yields the table's chunks in row order.
func (t *SpanTable) Chunks() iter.Seq[*SpanChunk] {
	return func(yield func(*SpanChunk) bool) {
		for _, c := range t.chunks {
			if !yield(c) {
				return
			}
		}
	}
}

// Chunk returns the chunk and the element in it that hold row i.
func (t *SpanTable) Chunk(i int) (c *SpanChunk, element int) {
	return t.chunks[i>>chunkBits], i & chunkMask
}

// Span assembles row i.
func (b *Bundle) Span(i int) Span {
	c, k := b.Spans.Chunk(i)
	return Span{
		Row: i, Trace: c.Trace[k], ID: c.ID[k], Parent: c.Parent[k], Start: c.Start[k], End: c.End[k],
		Name: c.Name[k], Route: c.Route[k], Origin: c.Origin[k],
		Kind: c.Kind[k], Status: c.Status[k], Flags: c.Flags[k],
		Ref: Ref{Artifact: b.Origins[c.Origin[k]].Artifact, Off: c.off[k], Len: int64(c.length[k])},
	}
}

// Resource returns the resource of a span's origin.
func (b *Bundle) Resource(origin uint32) *Resource {
	return &b.Resources[b.Origins[origin].Resource]
}

// TraceStats counts what a trace artifact holds.
type TraceStats struct {
	Spans, Events, Links int
	Resources            int // distinct resources
	// Other counts top-level records of other signals in the same file ("resourceMetrics",
	// "resourceLogs"), which are skipped.
	Other map[string]int
}
