package evidence

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// Field numbers of Span, trace.proto.
const (
	protoTraceID = 1
	protoSpanID  = 2
	protoParent  = 4
	protoName    = 5
	protoKind    = 6
	protoStart   = 7
	protoEnd     = 8
	protoAttr    = 9
	protoEvent   = 11
	protoLink    = 13
	protoStatus  = 15
	protoFlags   = 16
)

// protoSpan is one span on its way from the wire to a row. Its slices alias the window.
type protoSpan struct {
	traceID, spanID, parentID, name []byte
	kind, status, flags             uint64
	start, end                      uint64
	events, links                   int
	groups                          int
	attrs                           spanAttrs
}

// readSpan adds the span whose encoding is d, which stands at the window's start.
func (w *protoWalk) readSpan(l *protoLevel, d []byte) {
	s := &w.span
	*s = protoSpan{}
	off := w.in.off()
	if at, stop := s.parse(d); stop != wire.End {
		w.in.lose(off, int64(len(d)), InReading, "a span is damaged %d bytes from its start: %s", at, stop)
		return
	}
	if s.groups > 0 {
		w.in.lose(off, int64(len(d)), InReading, "a span holds a group, which OTLP does not have")
	}
	row := spanRow{
		start: s.start, end: s.end, origin: l.slot, off: off, length: int64(len(d)),
		flags: SpanFlags(s.flags) & otlpFlags,
	}
	s.ids(&row)
	if s.kind <= uint64(KindConsumer) {
		row.kind = SpanKind(s.kind)
	}
	if s.status <= 2 {
		row.status = StatusCode(s.status)
	}
	if s.links > 0 {
		row.flags |= LinkedSpan
	}
	if !w.nameSaid && !utf8.Valid(s.name) {
		w.nameSaid = true
		w.in.lose(off, int64(len(d)), InReading, "a span's name is no UTF-8")
	}
	row.name = w.batch.strings.bytes(s.name)
	row.route = s.attrs.route(w.batch, &w.scratch)
	w.batch.stats.Events += s.events
	w.batch.stats.Links += s.links
	w.batch.add(&row)
}

// ids fills in the ids of a row, and what is wrong with them.
func (s *protoSpan) ids(row *spanRow) {
	if len(s.traceID) == 16 {
		row.trace = [16]byte(s.traceID)
	}
	if row.trace == [16]byte{} {
		row.flags |= BadTraceID
	}
	if len(s.spanID) == 8 {
		row.id = binary.BigEndian.Uint64(s.spanID)
	}
	if row.id == 0 {
		row.flags |= BadSpanID
		row.id = uint64(len(s.spanID))
	}
	switch len(s.parentID) {
	case 0:
	case 8:
		row.parent = binary.BigEndian.Uint64(s.parentID)
	default:
		row.flags |= BadParentID
		row.parent = uint64(len(s.parentID))
	}
}

// parse reads the fields of a span in any order; of a field that occurs twice the last counts. It is the
// loop that the speed of reading protobuf depends on: tags and lengths of one byte are read in place.
func (s *protoSpan) parse(d []byte) (at int, stop wire.Stop) {
	for i := 0; i < len(d); {
		start := i
		tag := uint64(d[i])
		i++
		if tag >= 0x80 {
			if tag, i = wire.Uvarint(d, start); i < 0 {
				return start, varintStop(d[start:])
			}
		}
		num := tag >> 3
		if num == 0 || num >= 1<<29 {
			return start, wire.BadNumber
		}
		switch wire.Type(tag & 7) {
		case wire.Bytes:
			if i >= len(d) {
				return start, wire.Cut
			}
			n := uint64(d[i])
			if i++; n >= 0x80 {
				from := i - 1
				if n, i = wire.Uvarint(d, from); i < 0 {
					return start, varintStop(d[from:])
				}
			}
			if n > uint64(len(d)-i) {
				return start, wire.Cut
			}
			payload := d[i : i+int(n)]
			i += int(n)
			if stop := s.bytes(num, payload); stop != wire.End {
				return start, stop
			}
		case wire.Fixed64:
			if len(d)-i < 8 {
				return start, wire.Cut
			}
			switch num {
			case protoStart:
				s.start = binary.LittleEndian.Uint64(d[i:])
			case protoEnd:
				s.end = binary.LittleEndian.Uint64(d[i:])
			}
			i += 8
		case wire.Varint:
			v, next := wire.Uvarint(d, i)
			if next < 0 {
				return start, varintStop(d[i:])
			}
			if i = next; num == protoKind {
				s.kind = v
			}
		case wire.Fixed32:
			if len(d)-i < 4 {
				return start, wire.Cut
			}
			if num == protoFlags {
				s.flags = uint64(binary.LittleEndian.Uint32(d[i:]))
			}
			i += 4
		default:
			// A group, or nothing that protobuf has: the walker knows.
			var f wire.Field
			rest := wire.Walk(d[start:])
			if !rest.Next(&f) {
				return start, rest.Stop()
			}
			s.groups++
			i = start + f.End
		}
	}
	return len(d), wire.End
}

// bytes takes a length-delimited field of a span.
func (s *protoSpan) bytes(num uint64, payload []byte) wire.Stop {
	switch num {
	case protoAttr:
		s.attribute(payload)
	case protoEvent:
		s.events++
	case protoLink:
		s.links++
	case protoTraceID:
		s.traceID = payload
	case protoSpanID:
		s.spanID = payload
	case protoParent:
		s.parentID = payload
	case protoName:
		s.name = payload
	case protoStatus:
		// A message that occurs twice is merged: a code that the second lacks stays.
		var f wire.Field
		st := wire.Walk(payload)
		for st.Next(&f) {
			if f.Num == 3 && f.Type == wire.Varint {
				s.status = f.Value
			}
		}
		return st.Stop()
	}
	return wire.End
}

// attribute looks at a KeyValue: key is field 1, value is field 2, in either order. Only the few keys
// that name a route are looked at further, so what is damaged inside others goes unnoticed here.
func (s *protoSpan) attribute(b []byte) {
	if len(b) > 2 && b[0] == 0x0a && b[1] < 0x80 && int(b[1]) <= len(b)-2 {
		n := 2 + int(b[1])
		if slot := s.attrs.slot(b[2:n]); slot != nil {
			s.value(slot, b[n:])
		}
		return
	}
	// Descending: the value first. The key then stands at the end.
	var f wire.Field
	var key, value []byte
	kv := wire.Walk(b)
	for kv.Next(&f) {
		switch {
		case f.Type != wire.Bytes:
		case f.Num == 1:
			key = f.Bytes
		case f.Num == 2:
			value = b[f.Off:f.End]
		}
	}
	if slot := s.attrs.slot(key); slot != nil {
		s.value(slot, value)
	}
}

// value stores the string of the AnyValue that field 2 of the rest of a KeyValue holds.
func (s *protoSpan) value(slot *[]byte, rest []byte) {
	var f, v wire.Field
	kv := wire.Walk(rest)
	for kv.Next(&f) {
		if f.Num != 2 || f.Type != wire.Bytes {
			continue
		}
		for inner := wire.Walk(f.Bytes); inner.Next(&v); {
			if v.Num == 1 && v.Type == wire.Bytes {
				*slot = v.Bytes
			}
		}
	}
}
