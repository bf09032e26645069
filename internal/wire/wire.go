// Package wire walks protobuf wire bytes field by field, without a schema and without allocation. What
// goes in is a byte slice that may be cut or damaged anywhere; what comes out is each whole field with
// its offsets, and then where the walk stopped and why. The package does not interpret values, does not
// validate UTF-8, and does not go into nested messages by itself: walk Field.Bytes again for that.
//
// It is stricter than the parser of github.com/google/pprof and as strict as
// google.golang.org/protobuf/proto: a varint that does not fit 64 bits is an error, and so is a field
// number above 1<<29 - 1.
package wire

import "encoding/binary"

// Type is a protobuf wire type.
type Type uint8

// Wire types. An end-group tag never becomes a Field: it ends a Group, or the walk.
const (
	Varint   Type = 0
	Fixed64  Type = 1
	Bytes    Type = 2
	Group    Type = 3
	endGroup Type = 4
	Fixed32  Type = 5
)

// Field is one field of a message. Offsets count from the start of the walked slice.
type Field struct {
	Num  int32
	Type Type
	// Value of a Varint, Fixed64 or Fixed32 field.
	Value uint64
	// Bytes is the payload of a Bytes field, or the fields inside a Group; a sub-slice of what is walked.
	Bytes []byte
	Off   int // of the tag
	Start int // of the value, or of Bytes[0]
	End   int // after the last byte of the field
}

// Stop says why a walk ended.
type Stop uint8

// Reasons to stop. All but End name damage.
const (
	End       Stop = iota // at the end of the slice, between two fields
	Cut                   // the slice ends inside a field
	BadVarint             // a varint is longer than ten bytes or does not fit 64 bits
	BadNumber             // field number 0 or above 1<<29 - 1
	BadType               // wire type 6 or 7
	BadGroup              // an end-group tag without its start, or groups nested deeper than maxGroupDepth
)

var stopText = [...]string{
	End:       "whole",
	Cut:       "ends inside a field",
	BadVarint: "a varint is longer than 64 bits",
	BadNumber: "field number out of range",
	BadType:   "unknown wire type",
	BadGroup:  "unbalanced group",
}

// String returns the reason in the words of a Loss.
func (s Stop) String() string { return stopText[s] }

const (
	maxNumber = 1<<29 - 1
	// maxGroupDepth bounds nested groups. proto3 has none, and no format read here ever wrote one.
	maxGroupDepth = 32
)

// Walker walks the fields of one message. Its zero value is at the end of an empty message.
type Walker struct {
	data []byte
	pos  int
	stop Stop
}

// Walk returns a Walker over the fields in data.
func Walk(data []byte) Walker { return Walker{data: data} }

// Pos returns the offset of the field that Next would read: after Next has returned false, where the
// walk stopped.
func (w *Walker) Pos() int { return w.pos }

// Stop returns why the walk ended; it is End while Next returns true.
func (w *Walker) Stop() Stop { return w.stop }

// Next reads one field into f and reports whether it is whole. After false, Pos is the offset of the tag
// that could not be read whole. Where Stop is then Cut, f holds what there is of the field: Num 0 if not
// even the tag is whole, and in Bytes the part of the payload before the cut.
func (w *Walker) Next(f *Field) bool {
	b, i := w.data, w.pos
	f.Num, f.Bytes = 0, nil
	if i >= len(b) || w.stop != End {
		return false
	}
	f.Off = i
	tag, i := Uvarint(b, i)
	if i < 0 {
		return w.fail(i)
	}
	if tag>>3 == 0 || tag>>3 > maxNumber {
		w.stop = BadNumber
		return false
	}
	f.Num, f.Type, f.Start = int32(tag>>3), Type(tag&7), i
	switch f.Type {
	case Varint:
		f.Value, i = Uvarint(b, i)
		if i < 0 {
			return w.fail(i)
		}
	case Bytes:
		n, at := Uvarint(b, i)
		if at < 0 {
			return w.fail(at)
		}
		f.Start = at
		if n > uint64(len(b)-at) {
			f.Bytes, f.End = b[at:], len(b)
			w.stop = Cut
			return false
		}
		i = at + int(n)
		f.Bytes = b[at:i:i]
	case Fixed64:
		if len(b)-i < 8 {
			return w.fail(cut)
		}
		f.Value = binary.LittleEndian.Uint64(b[i:])
		i += 8
	case Fixed32:
		if len(b)-i < 4 {
			return w.fail(cut)
		}
		f.Value = uint64(binary.LittleEndian.Uint32(b[i:]))
		i += 4
	case Group:
		return w.group(f)
	case endGroup:
		w.stop = BadGroup
		return false
	default:
		w.stop = BadType
		return false
	}
	f.End, w.pos = i, i
	return true
}

// fail stops the walk with the reason that a failed Uvarint gives in place of an offset.
func (w *Walker) fail(reason int) bool {
	w.stop = Cut
	if reason == overflow {
		w.stop = BadVarint
	}
	return false
}

// group reads the group whose start tag is at f.Off up to its end tag.
func (w *Walker) group(f *Field) bool {
	var open [maxGroupDepth]int32
	open[0] = f.Num
	depth, i := 1, f.Start
	inner := Walker{data: w.data}
	var g Field
	for {
		at := i
		tag, next := Uvarint(w.data, i)
		if next < 0 {
			return w.fail(next)
		}
		if tag>>3 == 0 || tag>>3 > maxNumber {
			w.stop = BadNumber
			return false
		}
		num := int32(tag >> 3)
		switch Type(tag & 7) {
		case Group:
			if depth == maxGroupDepth {
				w.stop = BadGroup
				return false
			}
			open[depth] = num
			depth++
			i = next
		case endGroup:
			depth--
			if open[depth] != num {
				w.stop = BadGroup
				return false
			}
			i = next
			if depth == 0 {
				f.Bytes, f.End = w.data[f.Start:at:at], next
				w.pos = next
				return true
			}
		default:
			inner.pos = i
			if !inner.Next(&g) {
				w.stop = inner.stop
				return false
			}
			i = inner.pos
		}
	}
}

// What Uvarint returns in place of the next offset when it fails.
const (
	cut      = -1
	overflow = -2
)

// Uvarint decodes the varint at b[i] and returns it with the offset after it. next is negative where
// there is none: -1 where b ends first, -2 where it does not fit 64 bits. The call costs more than a
// one-byte varint: a hot loop tests b[i] < 0x80 itself before it calls.
func Uvarint(b []byte, i int) (v uint64, next int) {
	for shift := 0; i < len(b); shift += 7 {
		c := b[i]
		i++
		if shift == 63 && c > 1 {
			return 0, overflow
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, i
		}
	}
	return 0, cut
}
