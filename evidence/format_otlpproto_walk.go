package evidence

import (
	"math"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// The levels above a span. Each is walked field by field between absolute offsets; none is held in
// memory. What is wrong inside a level costs the rest of that level and nothing else, because its end is
// known; only in a message without a length before it is there no such end.

// protoLevelKind says which message a level is.
type protoLevelKind uint8

const (
	levelMessage protoLevelKind = iota // TracesData, ExportTraceServiceRequest
	levelResource
	levelScope
)

// protoLevelNames complete "the file ends inside …".
var protoLevelNames = [...]string{
	levelMessage:  "a batch",
	levelResource: "a resource's spans",
	levelScope:    "a scope's spans",
}

// Field numbers of opentelemetry/proto/trace/v1/trace.proto.
const (
	// protoOldScopes is ResourceSpans.instrumentation_library_spans of OTLP 0.15 to 0.19: field 2 was
	// renamed scope_spans, and the old name kept under a new number, with the same contents
	// (opentelemetry-proto 0.15.0, pull 362; 1000 is reserved since 0.20). Before 0.15 it was field 2,
	// which on the wire is what scope_spans is now.
	protoOldScopes = 1000
)

// protoLevel is one message on the way to a span.
type protoLevel struct {
	kind       protoLevelKind
	start, end int64 // decoded offsets of its tag and after it; end is math.MaxInt64 if not known
	clamped    bool  // it claims to be longer than the message around it
	slot       uint32
}

// protoField is the header of one field.
type protoField struct {
	num    uint32
	typ    wire.Type
	off    int64 // of its tag
	length int64 // of a Bytes payload, which stands at the window's start; 0 where the field is consumed
}

// fieldState says how reading the header of a field went.
type fieldState uint8

const (
	fieldOK   fieldState = iota
	fieldNone            // at the end of the level
	fieldCut             // the stream ends
	fieldTorn            // the level ends inside the field
	fieldBad             // invalid wire data; protoWalk.bad says what
)

// walk reads the fields of a level. It returns false where the stream has ended.
func (w *protoWalk) walk(l *protoLevel) bool {
	for {
		var f protoField
		switch state, why := w.header(l, &f); state {
		case fieldNone:
			return true
		case fieldCut:
			return w.ended(l, &f)
		case fieldTorn:
			w.tornOff, w.tornWhat = f.off, protoLevelNames[l.kind]
			return w.passTorn(l)
		case fieldBad:
			return w.bad(l, f.off, why)
		}
		if f.typ != wire.Bytes {
			continue
		}
		overlong := f.length > l.end-w.in.off()
		if overlong {
			f.length = l.end - w.in.off()
		}
		if !w.field(l, &f, overlong) {
			return false
		}
		if overlong && !l.clamped {
			w.recordTorn(l)
		}
	}
}

// field reads the payload of a length-delimited field. overlong says that it is longer than l has room
// for; its length is then what there is.
func (w *protoWalk) field(l *protoLevel, f *protoField, overlong bool) bool {
	inner := protoLevel{start: f.off, end: w.in.off() + f.length, clamped: overlong, slot: l.slot}
	if l.end == math.MaxInt64 && overlong {
		inner.end = math.MaxInt64
	}
	switch {
	case l.kind == levelMessage && f.num == 1:
		inner.kind = levelResource
		inner.slot = w.batch.openSlot()
		w.resource, w.scopeKind = w.resource[:0], 0
	case l.kind == levelResource && f.num == 1:
		return w.leaf(l, f, overlong, "a resource", w.readResource)
	case l.kind == levelResource && (f.num == 2 || f.num == protoOldScopes):
		if w.scopeKind == 0 {
			w.scopeKind = f.num
		}
		if w.scopeKind != f.num {
			// Senders that wrote both wrote the same spans twice, and receivers were told to ignore
			// one (trace.proto of OTLP 0.15 to 0.19).
			w.in.lose(f.off, inner.end-f.off, InReading, "scopes under field number %d were passed over: the resource has them under %d too", f.num, w.scopeKind)
			return w.pass(f, overlong, "a field")
		}
		inner.kind = levelScope
	case l.kind == levelScope && f.num == 2:
		return w.leaf(l, f, overlong, "a span", w.readSpan)
	default:
		return w.pass(f, overlong, "a field")
	}
	if overlong {
		w.tornOff, w.tornWhat = f.off, protoLevelNames[inner.kind]
	}
	return w.walk(&inner)
}

// leaf makes a record available whole and reads it.
func (w *protoWalk) leaf(l *protoLevel, f *protoField, overlong bool, what string, read func(*protoLevel, []byte)) bool {
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
	read(l, in.data()[:f.length])
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

// header reads the tag of the next field of l, and its length or, of the other types, its value. A group
// is passed over whole.
func (w *protoWalk) header(l *protoLevel, f *protoField) (fieldState, string) {
	state, why := w.plain(l, f)
	if state == fieldOK && f.typ == wire.Group {
		return w.group(l, f)
	}
	return state, why
}

// plain is header without the contents of a group.
func (w *protoWalk) plain(l *protoLevel, f *protoField) (fieldState, string) {
	in := w.in
	f.off = in.off()
	room := l.end - f.off
	if room <= 0 {
		return fieldNone, ""
	}
	for {
		d := in.data()
		d = d[:min(int64(len(d)), room)]
		size, stop := f.parse(d)
		if stop == wire.End {
			in.advance(size)
			break
		}
		if stop != wire.Cut {
			return fieldBad, stop.String()
		}
		if int64(len(d)) == room {
			return fieldTorn, ""
		}
		if !in.more() {
			return fieldCut, ""
		}
	}
	return fieldOK, ""
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
	case wire.Group:
	case 4:
		return 0, wire.BadGroup
	default:
		return 0, wire.BadType
	}
	if i > len(d) {
		return 0, wire.Cut
	}
	return i, wire.End
}

// varintStop tells why d does not begin with a varint: a varint that goes on after ten bytes fits nothing.
func varintStop(d []byte) wire.Stop {
	if len(d) >= 10 {
		return wire.BadVarint
	}
	return wire.Cut
}

// maxProtoGroupDepth bounds nested groups.
const maxProtoGroupDepth = 32

// group passes over a group, field by field. No message of OTLP has one, so it is recorded, and not an
// error: protobuf keeps what it does not know.
func (w *protoWalk) group(l *protoLevel, f *protoField) (fieldState, string) {
	open := []uint32{f.num}
	for len(open) > 0 {
		g := protoField{off: w.in.off()}
		inner := protoLevel{kind: l.kind, end: l.end}
		last := len(open) - 1
		if n, closes := w.endGroup(l, open[last]); closes {
			w.in.advance(n)
			open = open[:last]
			continue
		}
		if len(open) > maxProtoGroupDepth {
			return fieldBad, wire.BadGroup.String()
		}
		state, why := w.plain(&inner, &g)
		if state == fieldNone {
			state = fieldTorn
		}
		if state != fieldOK {
			return state, why
		}
		if g.typ == wire.Group {
			open = append(open, g.num)
			continue
		}
		if g.length > l.end-w.in.off() {
			return fieldTorn, ""
		}
		if w.in.skip(g.length) < g.length {
			return fieldCut, ""
		}
	}
	w.in.lose(f.off, w.in.off()-f.off, InReading, "field %d is a group, which OTLP does not have", f.num)
	return fieldOK, ""
}
