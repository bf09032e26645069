package evidence

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// protoResource reads one resource.
type protoResource struct {
	rb   resourceBuilder
	text []byte    // canonical text of the value at hand
	stop wire.Stop // the first invalid wire data
	deep bool      // a value was nested too deeply
}

// read builds the resource that b holds.
func (r *protoResource) read(b []byte, ref Ref) Resource {
	r.rb.reset()
	r.stop, r.deep = wire.End, false
	r.each(b, func(f *wire.Field) {
		if f.Num == 1 && f.Type == wire.Bytes {
			var key []byte
			var kind attrKind
			key, kind, r.text = r.keyValue(r.text[:0], f.Bytes, 0)
			r.rb.attr(key, kind, r.text)
		}
	})
	return r.rb.build(ref)
}

// each calls do for every field of b.
func (r *protoResource) each(b []byte, do func(*wire.Field)) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		do(&f)
	}
	if r.stop == wire.End {
		r.stop = w.Stop()
	}
}

// keyValue appends the canonical text of one attribute's value to dst; the value may stand before the
// key. The kind is 0 for an attribute without a value.
func (r *protoResource) keyValue(dst, b []byte, depth int) (key []byte, kind attrKind, text []byte) {
	first := len(dst)
	r.each(b, func(f *wire.Field) {
		switch {
		case f.Type != wire.Bytes:
		case f.Num == 1:
			key = f.Bytes
		case f.Num == 2:
			kind, dst = r.value(dst[:first], f.Bytes, depth)
		}
	})
	return key, kind, dst
}

// value appends the canonical text of an AnyValue to dst; see attrKind.
func (r *protoResource) value(dst, b []byte, depth int) (kind attrKind, text []byte) {
	if depth > maxJSONValueDepth {
		r.deep = true
		return 0, dst
	}
	first := len(dst)
	r.each(b, func(f *wire.Field) {
		k := anyKind(f)
		if k == 0 {
			return
		}
		kind, dst = k, dst[:first]
		switch k {
		case attrString:
			dst = append(dst, f.Bytes...)
		case attrBool:
			dst = strconv.AppendBool(dst, f.Value != 0)
		case attrInt:
			dst = strconv.AppendInt(dst, int64(f.Value), 10)
		case attrDouble:
			dst = strconv.AppendFloat(dst, math.Float64frombits(f.Value), 'g', -1, 64)
		case attrBytes:
			dst = hex.AppendEncode(dst, f.Bytes)
		case attrArray:
			dst = append(r.elements(append(dst, '['), f.Bytes, false, depth+1), ']')
		case attrKVList:
			dst = append(r.elements(append(dst, '{'), f.Bytes, true, depth+1), '}')
		}
	})
	return kind, dst
}

// elements appends the values of an ArrayValue, or the pairs of a KeyValueList, with commas between.
func (r *protoResource) elements(dst, b []byte, pairs bool, depth int) []byte {
	n := 0 // of elements before, some of which may have no text
	r.each(b, func(f *wire.Field) {
		if f.Num != 1 || f.Type != wire.Bytes {
			return
		}
		if n++; n > 1 {
			dst = append(dst, ',')
		}
		if !pairs {
			_, dst = r.value(dst, f.Bytes, depth)
			return
		}
		key, _, text := r.keyValue(nil, f.Bytes, depth)
		dst = append(append(append(dst, key...), ':'), text...)
	})
	return dst
}

// readResource gives the slot the resource that b holds. Where a ResourceSpans has its resource twice,
// they merge, as protobuf has it: the bytes of one after the other are the merged message.
func (w *protoWalk) readResource(b []byte, slot uint32) {
	in, off := w.in, w.in.off()
	w.resource = append(w.resource, b...)
	w.batch.fillSlotEncoded(slot, w.resource, func() Resource {
		r := w.res.read(w.resource, in.ref(off, int64(len(b))))
		switch {
		case w.res.stop != wire.End:
			in.lose(off, int64(len(b)), InReading, "invalid protobuf inside a resource: %s", w.res.stop)
		case w.res.deep:
			in.lose(off, int64(len(b)), InReading, "resource: an attribute value is nested too deeply")
		}
		return r
	})
}
