package evidence

import (
	"encoding/binary"
	"strconv"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// attribute takes one attribute of a span, if it is one that is needed and a string, or a number of the usual shape. at is its
// offset in the span.
func (s *protoSpan) attribute(b []byte, at int) {
	key, value, ok := pair(b)
	if !ok {
		s.oddAttribute(b, at)
		return
	}
	slot := s.attrs.slot(key)
	if slot == nil {
		return
	}
	// AnyValue{string_value} and nothing else.
	if n := len(value) - 2; n >= 0 && n < 0x80 && value[0] == 1<<3|2 && int(value[1]) == n {
		*slot = value[2:]
		return
	}
	// AnyValue{int_value} and nothing else.
	if s.attrs.number(slot) && len(value) > 1 && value[0] == 3<<3 {
		if v, n := binary.Uvarint(value[1:]); n == len(value)-1 {
			*slot = strconv.AppendInt(s.digits(slot), int64(v), 10)
			return
		}
	}
	text, isString, stop := stringValue(nil, false, value)
	s.setAttribute(slot, text, isString, stop, at)
}

// digits returns room for the number of a slot.
func (s *protoSpan) digits(slot *[]byte) []byte {
	if slot == &s.attrs.rpcCode {
		return s.rpcDigits[:0]
	}
	return s.httpDigits[:0]
}

// otherKey reports whether b is a KeyValue of the usual shape, with one of the fields behind the other and
// both shorter than 128 bytes, whose key is by its length none of those that are needed. It is most of
// what a span consists of.
func otherKey(b []byte) bool {
	if len(b) < 4 || b[1] >= 0x80 {
		return false
	}
	second := 2 + int(b[1])
	if second+2 > len(b) || second+2+int(b[second+1]) != len(b) || b[second]|b[0] != 0x0a|0x12 || b[second] == b[0] {
		return false
	}
	n := b[1]
	if b[0] == 0x12 {
		n = b[second+1]
	}
	return n >= 64 || spanAttrLens>>n&1 == 0
}

// pair splits a KeyValue that has its two fields once each, in either order, with a key shorter than 128
// bytes. ok is false for any other shape.
func pair(b []byte) (key, value []byte, ok bool) {
	key, rest, ok := short(b, 1<<3|2)
	if ok {
		value, rest, ok = short(rest, 2<<3|2)
		return key, value, ok && len(rest) == 0
	}
	value, rest, ok = short(b, 2<<3|2)
	if !ok {
		return nil, nil, false
	}
	key, rest, ok = short(rest, 1<<3|2)
	return key, value, ok && len(rest) == 0
}

// short takes a length-delimited field with this tag, shorter than 16 KiB, off the front of b.
func short(b []byte, tag byte) (payload, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, i := int(b[1]), 2
	if n >= 0x80 {
		if len(b) < 3 || b[2] >= 0x80 {
			return nil, nil, false
		}
		n, i = n&0x7f|int(b[2])<<7, 3
	}
	if n > len(b)-i {
		return nil, nil, false
	}
	return b[i : i+n], b[i+n:], true
}

// oddAttribute takes an attribute of any shape.
func (s *protoSpan) oddAttribute(b []byte, at int) {
	var key, text []byte
	isString := false
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Type != wire.Bytes {
			continue
		}
		switch f.Num {
		case 1:
			key = f.Bytes
		case 2:
			var stop wire.Stop
			if text, isString, stop = stringValue(text, isString, f.Bytes); stop != wire.End {
				s.note(at, "an attribute is no valid protobuf")
			}
		}
	}
	if slot := s.attrs.slot(key); slot != nil {
		s.setAttribute(slot, text, isString, w.Stop(), at)
	} else if w.Stop() != wire.End {
		s.note(at, "an attribute is no valid protobuf")
	}
}

func (s *protoSpan) setAttribute(slot *[]byte, text []byte, isString bool, stop wire.Stop, at int) {
	if stop != wire.End {
		s.note(at, "an attribute is no valid protobuf")
	}
	if isString {
		*slot = text
	}
}

// stringValue merges the AnyValue that b holds into one that holds text, if isString: of a oneof, what
// comes last counts.
func stringValue(text []byte, isString bool, b []byte) ([]byte, bool, wire.Stop) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		switch kind := anyKind(&f); kind {
		case 0:
		case attrString:
			text, isString = f.Bytes, true
		default:
			text, isString = nil, false
		}
	}
	return text, isString, w.Stop()
}

// anyKind names the member of AnyValue's oneof that a field is (opentelemetry/proto/common/v1/
// common.proto), 0 for none.
func anyKind(f *wire.Field) attrKind {
	for _, m := range [...]struct {
		num  int32
		typ  wire.Type
		kind attrKind
	}{
		{1, wire.Bytes, attrString}, {2, wire.Varint, attrBool}, {3, wire.Varint, attrInt}, {4, wire.Fixed64, attrDouble},
		{5, wire.Bytes, attrArray}, {6, wire.Bytes, attrKVList}, {7, wire.Bytes, attrBytes},
	} {
		if m.num == f.Num && m.typ == f.Type {
			return m.kind
		}
	}
	return 0
}
