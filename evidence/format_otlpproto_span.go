package evidence

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// The hot loop. A field is decoded here with the fewest instructions where it stands in the shape that
// every encoder writes: a one-byte tag of a field this reader needs. Every other shape goes through
// internal/wire, field by field, with the same result.

// Tags of the fields of a span that are needed: number<<3 | wire type
// (opentelemetry/proto/trace/v1/trace.proto, message Span).
const (
	tagTraceID = 1<<3 | 2
	tagSpanID  = 2<<3 | 2
	tagParent  = 4<<3 | 2
	tagName    = 5<<3 | 2
	tagKind    = 6 << 3
	tagStart   = 7<<3 | 1
	tagEnd     = 8<<3 | 1
	tagAttr    = 9<<3 | 2
	tagEvent   = 11<<3 | 2
	tagLink    = 13<<3 | 2
	tagStatus  = 15<<3 | 2
	tagFlags   = 16<<3 | 5 // two bytes on the wire
)

// protoSpan reads one span. Its slices alias the window.
type protoSpan struct {
	trace                      [16]byte
	id, parent                 uint64
	traceLen, idLen, parentLen int
	start, end                 uint64
	flags                      uint32
	kind                       SpanKind
	status                     StatusCode
	name                       []byte
	attrs                      spanAttrs
	httpDigits, rpcDigits      [20]byte // what number slots of attrs alias
	events, links              int
	linked                     [][]byte // the Link messages

	stop  wire.Stop // why decode returned false
	at    int       // where in the span
	odd   string    // what is wrong with a value of a span that was read; "" if nothing
	oddAt int
}

// decode reads the span that b holds and reports whether it is valid protobuf. Of a field that occurs
// twice the last counts.
func (s *protoSpan) decode(b []byte) bool {
	*s = protoSpan{linked: s.linked[:0]}
	for i := 0; i < len(b); {
		tag := b[i]
		j := i + 2 // behind the tag and a length of one byte
		if tag&7 == 2 && j <= len(b) {
			n := int(b[i+1])
			if n >= 0x80 && j < len(b) && b[j] < 0x80 {
				n = n&0x7f | int(b[j])<<7
				j++
			}
			if n <= len(b)-j && (n < 0x80 || j == i+3) {
				v := b[j : j+n]
				if tag == tagAttr && otherKey(v) || s.bytesField(tag, v, i) {
					i = j + n
					continue
				}
			}
		} else if n := s.scalarField(b[i:]); n > 0 {
			i += n
			continue
		}
		n := s.anyField(b, i)
		if n <= 0 {
			return false
		}
		i += n
	}
	return true
}

// bytesField takes a length-delimited field with a tag of one byte. It returns false for one that this
// reader does not know.
func (s *protoSpan) bytesField(tag byte, v []byte, at int) bool {
	switch tag {
	case tagAttr:
		s.attribute(v, at)
	case tagTraceID:
		s.traceLen = len(v)
		if len(v) == len(s.trace) {
			s.trace = [16]byte(v)
		}
	case tagSpanID:
		s.idLen = len(v)
		if len(v) == 8 {
			s.id = binary.BigEndian.Uint64(v)
		}
	case tagParent:
		s.parentLen = len(v)
		if len(v) == 8 {
			s.parent = binary.BigEndian.Uint64(v)
		}
	case tagName:
		s.name = v
	case tagEvent:
		s.events++
	case tagLink:
		s.links++
		s.linked = append(s.linked, v)
	case tagStatus:
		s.readStatus(v, at)
	default:
		return false
	}
	return true
}

// scalarField takes the field that b begins with if it is a scalar in its usual shape, and returns its
// size, or 0.
func (s *protoSpan) scalarField(b []byte) int {
	switch {
	case len(b) >= 9 && b[0] == tagStart:
		s.start = binary.LittleEndian.Uint64(b[1:])
		return 9
	case len(b) >= 9 && b[0] == tagEnd:
		s.end = binary.LittleEndian.Uint64(b[1:])
		return 9
	case len(b) >= 2 && b[0] == tagKind && b[1] < 0x80:
		s.kind = SpanKind(b[1])
		return 2
	case len(b) >= 6 && b[0] == tagFlags&0x7f|0x80 && b[1] == tagFlags>>7:
		s.flags = binary.LittleEndian.Uint32(b[2:])
		return 6
	}
	return 0
}

// anyField takes the field at b[i] in any shape, and returns its size, or 0 with the reason in s.
func (s *protoSpan) anyField(b []byte, i int) int {
	w := wire.Walk(b[i:])
	var f wire.Field
	if !w.Next(&f) {
		s.stop, s.at = w.Stop(), i
		return 0
	}
	switch tag := f.Num<<3 | int32(f.Type); {
	case f.Type == wire.Group:
		s.note(i, "a field is a group, which OTLP does not have")
	case f.Type == wire.Bytes && f.Num < 16:
		s.bytesField(byte(tag), f.Bytes, i)
	case tag == tagKind:
		s.kind = SpanKind(s.enum(f.Value, i, "kind"))
	case tag == tagStart:
		s.start = f.Value
	case tag == tagEnd:
		s.end = f.Value
	case tag == tagFlags:
		s.flags = uint32(f.Value)
	}
	return f.End
}

// readStatus merges a Status message into the span's: a field of it that is absent leaves what was there.
func (s *protoSpan) readStatus(b []byte, at int) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == 3 && f.Type == wire.Varint {
			s.status = StatusCode(s.enum(f.Value, at, "status code"))
		}
	}
	if w.Stop() != wire.End {
		s.note(at, "the status is no valid protobuf")
	}
}

// enum returns the number of an enumeration, 0 for one that no release of OTLP could mean.
func (s *protoSpan) enum(v uint64, at int, field string) uint8 {
	if v > math.MaxUint8 {
		s.note(at, "the "+field+" is out of range")
		return 0
	}
	return uint8(v)
}

// note remembers the first odd value.
func (s *protoSpan) note(at int, what string) {
	if s.odd == "" {
		s.odd, s.oddAt = what, at
	}
}

// readSpan adds the span that b holds, or records why there is none.
func (w *protoWalk) readSpan(b []byte, slot uint32) {
	s, in := &w.span, w.in
	off, n := in.off(), int64(len(b))
	if !s.decode(b) {
		in.lose(off, n, InReading, "invalid protobuf inside a span, at byte %d: %s", off+int64(s.at), s.stop)
		return
	}
	names := len(w.batch.strings.list)
	r := s.row(w.batch, &w.scratch)
	r.origin, r.off, r.length = slot, off, n
	w.batch.add(&r)
	w.batch.stats.Events += s.events
	w.batch.stats.Links += s.links
	for _, link := range s.linked {
		if trace, span, ok := linkTarget(link); ok {
			w.batch.link(&r, trace, span)
		}
	}
	if s.odd != "" {
		in.lose(off+int64(s.oddAt), n-int64(s.oddAt), InReading, "span: %s", s.odd)
	}
	// Names repeat: only one that is new can be the first of its kind.
	if len(w.batch.strings.list) != names && !w.nameSaid && !utf8.Valid(s.name) {
		w.nameSaid = true
		in.lose(off, n, InReading, "the name of a span is not valid UTF-8; it is kept as it is, like any that follow")
	}
}

// linkTarget returns the ids in a Link message; ok is false where one is absent or of the wrong length.
func linkTarget(b []byte) (trace [16]byte, span uint64, ok bool) {
	w := wire.Walk(b)
	var f wire.Field
	traceLen, spanLen := 0, 0
	for w.Next(&f) {
		switch {
		case f.Type != wire.Bytes:
		case f.Num == 1:
			traceLen = len(f.Bytes)
			copy(trace[:], f.Bytes)
		case f.Num == 2:
			if spanLen = len(f.Bytes); spanLen == 8 {
				span = binary.BigEndian.Uint64(f.Bytes)
			}
		}
	}
	return trace, span, w.Stop() == wire.End && traceLen == len(trace) && spanLen == 8
}

// row makes the row of a span, and interns its strings.
func (s *protoSpan) row(b *spanBatch, scratch *[]byte) spanRow {
	r := spanRow{
		trace: s.trace, id: s.id, start: s.start, end: s.end, kind: s.kind, status: newSpanStatus(s.status, s.attrs.response()),
		flags: SpanFlags(s.flags) & otlpFlags,
		name:  b.strings.bytes(s.name), route: s.attrs.route(b, scratch),
	}
	if s.traceLen != len(s.trace) || s.trace == [16]byte{} {
		r.flags |= BadTraceID
	}
	if s.idLen != 8 || s.id == 0 {
		r.flags |= BadSpanID
		r.id = uint64(s.idLen)
	}
	switch s.parentLen {
	case 8:
		r.parent = s.parent
	case 0:
	default:
		r.flags |= BadParentID
		r.parent = uint64(s.parentLen)
	}
	if s.links > 0 {
		r.flags |= LinkedSpan
	}
	return r
}
