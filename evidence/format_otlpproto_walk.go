package evidence

import (
	"math"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// The levels above a span. Each is walked field by field between absolute offsets; none is held in
// memory. What is wrong inside a level costs the rest of that level and nothing else, because its end is
// known; only a message without a length before it has no such end.

// protoLevelKind says which message a level is.
type protoLevelKind uint8

const (
	levelMessage  protoLevelKind = iota // TracesData, ExportTraceServiceRequest
	levelResource                       // ResourceSpans
	levelScope                          // ScopeSpans
)

// protoLevelNames complete "the file ends inside …".
var protoLevelNames = [...]string{
	levelMessage:  "a batch",
	levelResource: "a resource's spans",
	levelScope:    "a scope's spans",
}

// protoOldScopes is ResourceSpans.instrumentation_library_spans of OTLP 0.15 to 0.19: what had been field
// 2 got the name scope_spans, and the old name lived on under a new number, with the same layout
// (opentelemetry/proto/trace/v1/trace.proto). Before 0.15 it is field 2, the same bytes as today.
const protoOldScopes = 1000

// unknownEnd is the end of a message without a length before it.
const unknownEnd = math.MaxInt64

// protoLevel is one message on the way to a span.
type protoLevel struct {
	kind    protoLevelKind
	end     int64 // decoded offset behind it, or unknownEnd
	clamped bool  // it claims to be longer than the message around it; end is then the end of that one
	framed  bool  // it stands in a stream of messages
	slot    uint32
}

// protoField is the header of one field.
type protoField struct {
	num    uint32
	typ    wire.Type
	off    int64 // of its tag
	length int64 // of the payload of a Bytes field, which is not yet consumed; 0 for other types, which are
}

// wireEndGroup is the wire type of the tag that ends a group.
const wireEndGroup wire.Type = 4

// fieldState says how reading the header of a field went.
type fieldState uint8

const (
	fieldOK   fieldState = iota
	fieldNone            // at the end of the level
	fieldCut             // the stream ends
	fieldTorn            // the level ends inside the field
	fieldBad             // invalid wire data
)

// walk reads the fields of a level. It returns false where the stream has ended.
func (w *protoWalk) walk(l *protoLevel) bool {
	for {
		var f protoField
		state, why := w.next(l.end, &f)
		if state == fieldOK && f.typ == wire.Group {
			state, why = w.group(l, &f)
		}
		switch state {
		case fieldNone:
			return true
		case fieldCut:
			return w.ended(l, &f)
		case fieldTorn:
			return w.torn(l, &f)
		case fieldBad:
			return w.bad(l, f.off, why.String())
		}
		switch {
		case f.typ == wireEndGroup:
			return w.bad(l, f.off, wire.BadGroup.String())
		case f.num != 1 && l.framed && l.end == unknownEnd:
			return w.bad(l, f.off, "no resource begins here")
		case f.typ == wire.Bytes:
			overlong := f.length > l.end-w.in.off()
			f.length = min(f.length, l.end-w.in.off())
			if !w.field(l, &f, overlong) {
				return false
			}
			if overlong && !l.clamped {
				w.recordTorn(l)
			}
		}
	}
}

// field reads the payload of a length-delimited field. overlong says that l ends before it does; its
// length is then what l has room for.
func (w *protoWalk) field(l *protoLevel, f *protoField, overlong bool) bool {
	inner := protoLevel{end: w.in.off() + f.length, clamped: overlong, slot: l.slot}
	switch {
	case l.kind == levelMessage && f.num == 1:
		inner.kind = levelResource
		inner.slot = w.batch.openSlot()
		w.resource, w.scopesNum = w.resource[:0], 0
	case l.kind == levelResource && f.num == 1:
		return w.leaf(l, f, overlong, "a resource")
	case l.kind == levelResource && (f.num == 2 || f.num == protoOldScopes):
		if w.scopesNum == 0 {
			w.scopesNum = f.num
		}
		if w.scopesNum != f.num {
			// A sender of both wrote the same spans twice, and receivers were to ignore one (trace.proto
			// of OTLP 0.15 to 0.19).
			w.in.lose(f.off, f.length, InReading, "scopes in field %d passed over: field %d of the same resource is to hold the same spans", f.num, w.scopesNum)
			return w.pass(f, overlong, "a scope's spans")
		}
		if w.in.art.resourcesOnly {
			return w.pass(f, overlong, "a scope's spans")
		}
		inner.kind = levelScope
	case l.kind == levelScope && f.num == 2:
		return w.leaf(l, f, overlong, "a span")
	default:
		return w.pass(f, overlong, "a field")
	}
	if overlong {
		w.tornOff, w.tornWhat = f.off, protoLevelNames[inner.kind]
	}
	return w.walk(&inner)
}

// leaf makes a span or a resource available whole and reads it.
func (w *protoWalk) leaf(l *protoLevel, f *protoField, overlong bool, what string) bool {
	in := w.in
	if overlong || f.length > int64(w.maxLeaf) {
		off := in.off()
		if !w.pass(f, overlong, what) {
			return false
		}
		if !overlong {
			in.lose(off, f.length, InReading, "%s is larger than %d bytes", what, w.maxLeaf)
		}
		return true
	}
	if !in.fill(int(f.length)) {
		in.cut(f.off, in.off()+int64(len(in.data())), "the file ends inside %s", what)
		return false
	}
	if b := in.data()[:f.length]; l.kind == levelScope {
		w.readSpan(b, l.slot)
	} else {
		w.readResource(b, l.slot)
	}
	in.advance(int(f.length))
	return true
}

// pass consumes a field without looking into it.
func (w *protoWalk) pass(f *protoField, overlong bool, what string) bool {
	if overlong {
		w.tornOff, w.tornWhat = f.off, what
	}
	if w.in.skip(f.length) < f.length {
		w.in.cut(f.off, w.in.off(), "the file ends inside %s", what)
		return false
	}
	return true
}

// next reads the tag of the field at the window's start, and its length or, of other types, its value.
func (w *protoWalk) next(end int64, f *protoField) (fieldState, wire.Stop) {
	in := w.in
	f.off = in.off()
	room := end - f.off
	if room <= 0 {
		return fieldNone, wire.End
	}
	for {
		d := in.data()
		d = d[:min(int64(len(d)), room)]
		size, stop := f.parse(d)
		switch {
		case stop == wire.End:
			in.advance(size)
			return fieldOK, stop
		case stop != wire.Cut:
			return fieldBad, stop
		case int64(len(d)) == room:
			return fieldTorn, stop
		}
		if !in.more() {
			return fieldCut, stop
		}
	}
}

// parse reads the header of the field that d begins with.
func (f *protoField) parse(d []byte) (size int, stop wire.Stop) {
	tag, i := wire.Uvarint(d, 0)
	if i < 0 {
		return 0, varintStop(d)
	}
	if tag>>3 == 0 || tag>>3 >= 1<<29 {
		return 0, wire.BadNumber
	}
	f.num, f.typ, f.length = uint32(tag>>3), wire.Type(tag&7), 0
	switch f.typ {
	case wire.Bytes, wire.Varint:
		v, next := wire.Uvarint(d, i)
		if next < 0 {
			return 0, varintStop(d[i:])
		}
		i = next
		if f.typ == wire.Bytes {
			f.length = int64(min(v, math.MaxInt64))
		}
	case wire.Fixed64:
		i += 8
	case wire.Fixed32:
		i += 4
	case wire.Group, wireEndGroup:
	default:
		return 0, wire.BadType
	}
	if i > len(d) {
		return 0, wire.Cut
	}
	return i, wire.End
}

// varintStop tells why d does not begin with a varint: none is longer than ten bytes.
func varintStop(d []byte) wire.Stop {
	if len(d) >= 10 {
		return wire.BadVarint
	}
	return wire.Cut
}

// maxProtoGroups bounds nested groups.
const maxProtoGroups = 32

// group passes over a group. No message of OTLP has one, but protobuf keeps what it does not know, so
// that one is recorded and does no harm.
func (w *protoWalk) group(l *protoLevel, f *protoField) (fieldState, wire.Stop) {
	in := w.in
	open := []uint32{f.num}
	for len(open) > 0 {
		var g protoField
		state, stop := w.next(l.end, &g)
		switch {
		case state == fieldNone:
			return fieldTorn, stop
		case state != fieldOK:
			return state, stop
		case g.typ == wire.Group && len(open) < maxProtoGroups:
			open = append(open, g.num)
		case g.typ == wireEndGroup && open[len(open)-1] == g.num:
			open = open[:len(open)-1]
		case g.typ == wire.Group, g.typ == wireEndGroup:
			return fieldBad, wire.BadGroup
		case g.length > l.end-in.off():
			return fieldTorn, wire.Cut
		case in.skip(g.length) < g.length:
			return fieldCut, wire.Cut
		}
	}
	in.lose(f.off, in.off()-f.off, InReading, "field %d is a group, which OTLP does not have", f.num)
	return fieldOK, wire.End
}
