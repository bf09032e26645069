package align

import (
	"encoding/binary"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// appendBytes appends a length-delimited field.
func appendBytes(b []byte, num int, payload []byte) []byte {
	b = binary.AppendUvarint(b, uint64(num)<<3|uint64(wire.Bytes))
	b = binary.AppendUvarint(b, uint64(len(payload)))
	return append(b, payload...)
}

// appendKeyValue appends a field that holds a KeyValue (opentelemetry/proto/common/v1); value is an encoded AnyValue.
func appendKeyValue(b []byte, num int, key string, value []byte) []byte {
	return appendBytes(b, num, appendBytes(appendBytes(nil, 1, []byte(key)), 2, value))
}

// attributes sets the target's attributes on the resource of the container at base, whose fields r.resources are, and
// returns by how much the container grows.
func (r *protoRewriter) attributes(t *target, b []byte, base int) (grown int) {
	done := make([]bool, len(t.attrs))
	inside := make([]int, len(r.resources)) // by how much each resource grows
	for i := range r.resources {
		inside[i] = r.setAttributes(t, &r.resources[i], base, done)
	}
	var added []byte
	for i, a := range t.attrs {
		if !done[i] {
			added = appendKeyValue(added, 1, a.key, appendBytes(nil, 1, []byte(a.value)))
			r.countPlace(a.key, false)
		}
	}
	if len(added) > 0 && len(r.resources) == 0 {
		field := appendBytes(nil, 1, added)
		// In front: behind, where a span may end and grow too, it would come before what the span gets.
		r.editor.replace(base, 0, field)
		return len(field)
	}
	if n := len(r.resources) - 1; len(added) > 0 {
		f := &r.resources[n]
		r.editor.replace(base+f.End, 0, added)
		inside[n] += len(added)
	}
	for i := range r.resources {
		grown += r.editor.grow(b, base, &r.resources[i], inside[i])
	}
	return grown
}

// setAttributes replaces the attributes that a resource has already, and returns by how much it grows.
func (r *protoRewriter) setAttributes(t *target, res *wire.Field, base int, done []bool) (grown int) {
	w := wire.Walk(res.Bytes)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != 1 || f.Type != wire.Bytes {
			continue
		}
		key := keyOf(f.Bytes)
		for i, a := range t.attrs {
			if string(key) != a.key {
				continue
			}
			text := appendKeyValue(nil, 1, a.key, appendBytes(nil, 1, []byte(a.value)))
			r.editor.replace(base+res.Start+f.Off, f.End-f.Off, text)
			grown += len(text) - (f.End - f.Off)
			if !done[i] {
				r.countPlace(a.key, true)
			}
			done[i] = true
		}
	}
	return grown
}

// countPlace counts an attribute of the place that was set.
func (r *rewriter) countPlace(key string, replaced bool) {
	switch {
	case key == attrZone && replaced, key == attrRegion && replaced:
		r.receipt.ZonesReplaced++
	case key == attrZone:
		r.receipt.ZonesAdded++
	case key == attrRegion:
		r.receipt.RegionsAdded++
	}
}

// keyOf returns the key of a KeyValue.
func keyOf(b []byte) (key []byte) {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == 1 && f.Type == wire.Bytes {
			key = f.Bytes
		}
	}
	return key
}
