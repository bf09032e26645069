package evidence

import (
	"encoding/hex"
	"strconv"
)

// maxJSONValueDepth bounds the nesting of attribute values whose canonical text is built. What lies
// deeper is left out of the digest.
const maxJSONValueDepth = 64

// jsonResource reads one resource object.
type jsonResource struct {
	c    jsonCursor
	rb   resourceBuilder
	text []byte // canonical text of the value at hand
}

// read walks the resource object that b holds, which a skip has found to be sound, and builds it.
func (r *jsonResource) read(b []byte, ref Ref) Resource {
	r.c.reset(b)
	r.rb.reset()
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		if string(c.key()) == "attributes" {
			r.attributes()
		} else {
			c.skip()
		}
	}
	return r.rb.build(ref)
}

func (r *jsonResource) attributes() {
	r.rb.reset()
	c := &r.c
	if !c.is('[', "attributes") {
		return
	}
	for more := c.open('[', ']'); more; more = c.more(']') {
		var key []byte
		var kind attrKind
		key, kind, r.text = r.keyValue(r.text[:0], 0)
		r.rb.attr(key, kind, r.text)
	}
}

// keyValue appends the canonical text of one attribute's value to dst; the value may stand before the
// key. The kind is 0 for an attribute without a value.
func (r *jsonResource) keyValue(dst []byte, depth int) (key []byte, kind attrKind, text []byte) {
	c := &r.c
	if !c.is('{', "attribute") {
		return nil, 0, dst
	}
	first := len(dst)
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "key":
			key = c.str("attribute key")
		case "value":
			kind, dst = r.value(dst[:first], depth)
		default:
			c.skip()
		}
	}
	return key, kind, dst
}

// value appends the canonical text of an AnyValue to dst; see attrKind.
func (r *jsonResource) value(dst []byte, depth int) (attrKind, []byte) {
	c := &r.c
	if depth > maxJSONValueDepth {
		c.oddSkip("attribute value", "is nested too deeply")
		return 0, dst
	}
	if !c.is('{', "attribute value") {
		return 0, dst
	}
	first := len(dst)
	var kind attrKind
	for more := c.open('{', '}'); more; more = c.more('}') {
		key := c.key()
		if c.peek() == 'n' {
			c.skip()
			continue
		}
		if k := variantKind(key); k != 0 {
			kind, dst = r.variant(k, dst[:first], depth)
		} else {
			c.skip()
		}
	}
	return kind, dst
}

// variantKind names the member of AnyValue's oneof.
func variantKind(key []byte) attrKind {
	switch string(key) {
	case "stringValue", "string_value":
		return attrString
	case "boolValue", "bool_value":
		return attrBool
	case "intValue", "int_value":
		return attrInt
	case "doubleValue", "double_value":
		return attrDouble
	case "bytesValue", "bytes_value":
		return attrBytes
	case "arrayValue", "array_value":
		return attrArray
	case "kvlistValue", "kvlist_value":
		return attrKVList
	}
	return 0
}

func (r *jsonResource) variant(kind attrKind, dst []byte, depth int) (attrKind, []byte) {
	c := &r.c
	switch kind {
	case attrString:
		return kind, append(dst, c.str("stringValue")...)
	case attrBool:
		if ch := c.peek(); ch == 't' || ch == 'f' {
			c.skip()
			return kind, strconv.AppendBool(dst, ch == 't')
		}
		c.oddSkip("boolValue", "has the wrong type")
	case attrInt:
		if v, ok := c.signed("intValue"); ok {
			return kind, strconv.AppendInt(dst, v, 10)
		}
	case attrDouble:
		if v, ok := c.double("doubleValue"); ok {
			return kind, strconv.AppendFloat(dst, v, 'g', -1, 64)
		}
	case attrBytes:
		at := c.i
		text := c.str("bytesValue")
		if b, ok := base64Bytes(text); ok {
			return kind, hex.AppendEncode(dst, b)
		}
		c.note(at, "bytesValue", "is no base64")
	case attrArray:
		return kind, append(r.list(append(dst, '['), "arrayValue", depth), ']')
	case attrKVList:
		return kind, append(r.list(append(dst, '{'), "kvlistValue", depth), '}')
	}
	return 0, dst
}

// list appends the values of an ArrayValue or a KeyValueList, with commas between.
func (r *jsonResource) list(dst []byte, field string, depth int) []byte {
	c := &r.c
	if !c.is('{', field) {
		return dst
	}
	first := len(dst)
	for more := c.open('{', '}'); more; more = c.more('}') {
		if string(c.key()) != "values" {
			c.skip()
			continue
		}
		dst = dst[:first]
		if c.is('[', "values") {
			dst = r.elements(dst, field == "kvlistValue", depth+1)
		}
	}
	return dst
}

func (r *jsonResource) elements(dst []byte, pairs bool, depth int) []byte {
	c := &r.c
	comma := false
	for more := c.open('[', ']'); more; more = c.more(']') {
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		if !pairs {
			_, dst = r.value(dst, depth)
			continue
		}
		key, _, text := r.keyValue(nil, depth)
		dst = append(append(append(dst, key...), ':'), text...)
	}
	return dst
}
