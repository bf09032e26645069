package evidence

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// protoResource reads resources into canonical text.
type protoResource struct {
	rb   resourceBuilder
	text []byte
	deep bool // a value is nested deeper than maxJSONValueDepth, and left out of the digest
}

// readResource gives the spans around it their resource. A resource that occurs twice is merged, as
// protobuf says: its encodings are read one after the other.
func (w *protoWalk) readResource(l *protoLevel, d []byte) {
	w.resource = append(w.resource, d...)
	off, n := w.in.off(), int64(len(d))
	w.batch.fillSlotEncoded(l.slot, w.resource, func() Resource {
		stop := w.res.read(w.resource)
		if stop != wire.End {
			w.in.lose(off, n, InReading, "a resource is damaged: %s", stop)
		}
		if w.res.deep {
			w.in.lose(off, n, InReading, "an attribute value of a resource is nested too deeply")
		}
		return w.res.rb.build(w.in.ref(off, n))
	})
}

// read reads the attributes of a Resource as far as they are sound.
func (r *protoResource) read(d []byte) wire.Stop {
	r.rb.reset()
	r.deep = false
	var f wire.Field
	w := wire.Walk(d)
	for w.Next(&f) {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		key, kind, text, stop := r.keyValue(f.Bytes, r.text[:0], 0)
		r.text = text
		if stop != wire.End {
			return stop
		}
		r.rb.attr(key, kind, text)
	}
	return w.Stop()
}

// keyValue appends the canonical text of a KeyValue's value to dst.
func (r *protoResource) keyValue(d, dst []byte, depth int) (key []byte, kind attrKind, text []byte, stop wire.Stop) {
	var f wire.Field
	first := len(dst)
	w := wire.Walk(d)
	for w.Next(&f) {
		switch {
		case f.Type != wire.Bytes:
		case f.Num == 1:
			key = f.Bytes
		case f.Num == 2:
			if kind, dst, stop = r.value(f.Bytes, dst[:first], depth); stop != wire.End {
				return key, kind, dst, stop
			}
		}
	}
	return key, kind, dst, w.Stop()
}

// value appends the canonical text of an AnyValue to dst; see attrKind.
func (r *protoResource) value(d, dst []byte, depth int) (kind attrKind, text []byte, stop wire.Stop) {
	if depth > maxJSONValueDepth {
		r.deep = true
		return 0, dst, wire.End
	}
	var f wire.Field
	first := len(dst)
	w := wire.Walk(d)
	for w.Next(&f) {
		switch {
		case f.Num == 1 && f.Type == wire.Bytes:
			kind, dst = attrString, append(dst[:first], f.Bytes...)
		case f.Num == 2 && f.Type == wire.Varint:
			kind, dst = attrBool, strconv.AppendBool(dst[:first], f.Value != 0)
		case f.Num == 3 && f.Type == wire.Varint:
			kind, dst = attrInt, strconv.AppendInt(dst[:first], int64(f.Value), 10)
		case f.Num == 4 && f.Type == wire.Fixed64:
			kind, dst = attrDouble, strconv.AppendFloat(dst[:first], math.Float64frombits(f.Value), 'g', -1, 64)
		case f.Num == 5 && f.Type == wire.Bytes:
			kind = attrArray
			dst, stop = r.list(f.Bytes, append(dst[:first], '['), depth, r.element)
			dst = append(dst, ']')
		case f.Num == 6 && f.Type == wire.Bytes:
			kind = attrKVList
			dst, stop = r.list(f.Bytes, append(dst[:first], '{'), depth, r.pair)
			dst = append(dst, '}')
		case f.Num == 7 && f.Type == wire.Bytes:
			kind, dst = attrBytes, hex.AppendEncode(dst[:first], f.Bytes)
		}
		if stop != wire.End {
			return kind, dst, stop
		}
	}
	return kind, dst, w.Stop()
}

// list appends the elements of an ArrayValue or KeyValueList, whose field 1 they are.
func (r *protoResource) list(d, dst []byte, depth int, element func(d, dst []byte, depth int) ([]byte, wire.Stop)) ([]byte, wire.Stop) {
	var f wire.Field
	var stop wire.Stop
	n := 0
	w := wire.Walk(d)
	for w.Next(&f) {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		if dst, stop = element(f.Bytes, dst, depth+1); stop != wire.End {
			return dst, stop
		}
	}
	return dst, w.Stop()
}

func (r *protoResource) element(d, dst []byte, depth int) ([]byte, wire.Stop) {
	_, dst, stop := r.value(d, dst, depth)
	return dst, stop
}

func (r *protoResource) pair(d, dst []byte, depth int) ([]byte, wire.Stop) {
	key, _, text, stop := r.keyValue(d, nil, depth)
	dst = append(append(append(dst, key...), ':'), text...)
	return dst, stop
}
