package evidence

import (
	"bytes"
	"encoding/binary"
)

// attrShapes is a shortcut over attributes. Whoever writes an export lays all its attributes out in the
// same way, so that everything but the key and the value repeats byte for byte:
//
//	{"key":"http.route","value":{"stringValue":"/v1/find"}}
//
// The shapes are learnt from attributes that the general walk has read. Where other text stands in the
// place of the key and the value, and neither has an escape, the general walk would read that the same
// way. The collector's shape, the most frequent one, needs no learning: see exactAttr.
type attrShapes struct {
	open   []byte // from the opening brace to the first byte of the key
	shapes []attrShape
	tries  int // how often learn may still look
}

// attrShape is what stands around the value in attributes of one type.
type attrShape struct {
	mid    []byte   // from behind the key to the value
	end    []byte   // from behind the value to behind the closing brace
	quoted bool     // the value is a string in JSON
	kind   attrKind // in OTLP
}

const (
	maxAttrShapes = 4 // string, integer, double and boolean
	// maxAttrTries bounds what learning may cost in a document whose attributes fit no shape.
	maxAttrTries = 32
	// maxShapeBytes bounds a shape: deeply indented ones have less.
	maxShapeBytes = 1024
)

// match returns the end of the attribute at b[i], and sets its value in attrs, which may be nil. It
// returns 0 where the attribute has no shape that is known.
func (a *attrShapes) match(b []byte, i int, attrs *spanAttrs) int {
	if end := exactAttr(b, i, attrs); end > 0 {
		return end
	}
	if len(a.shapes) == 0 || !bytes.HasPrefix(b[i:], a.open) {
		return 0
	}
	key := i + len(a.open)
	keyEnd := stringStop(b, key)
	for k := range a.shapes {
		s := &a.shapes[k]
		if !bytes.HasPrefix(b[keyEnd:], s.mid) {
			continue
		}
		value := keyEnd + len(s.mid)
		valueEnd := 0
		if s.quoted {
			valueEnd = stringStop(b, value)
		} else if valueEnd = bareEnd(b, value); valueEnd == 0 {
			continue
		}
		if !bytes.HasPrefix(b[valueEnd:], s.end) {
			continue
		}
		if attrs != nil {
			if slot := attrs.slot(b[key:keyEnd]); slot != nil && (s.kind == attrString || s.kind == attrInt && attrs.number(slot)) {
				*slot = b[value:valueEnd]
			}
		}
		return valueEnd + len(s.end)
	}
	return 0
}

// bareEnd returns the end of a number or a boolean at b[i], 0 if there is none.
func bareEnd(b []byte, i int) int {
	switch rest := b[i:]; {
	case bytes.HasPrefix(rest, []byte("true")):
		return i + len("true")
	case bytes.HasPrefix(rest, []byte("false")):
		return i + len("false")
	case len(rest) > 0 && (rest[0] == '-' || rest[0]-'0' <= 9):
		if end, state := scanNumber(b, i); state == scanOK {
			return end
		}
	}
	return 0
}

// learn takes the shape of an attribute that the general walk has read. It has one if it is a key and
// then a value with one member, a string without escapes or a number or a boolean.
func (a *attrShapes) learn(attr []byte) {
	if a.tries == 0 {
		return
	}
	a.tries--
	c := jsonCursor{b: attr}
	if !c.open('{', '}') || string(c.key()) != "key" || c.peek() != '"' {
		return
	}
	key := c.i + 1
	c.quoted()
	keyEnd := c.i - 1
	if len(c.text) > 0 || !c.more('}') || string(c.key()) != "value" || c.peek() != '{' || !c.open('{', '}') {
		return
	}
	kind := variantKind(c.key())
	s := attrShape{quoted: c.peek() == '"', kind: kind}
	if kind == 0 || c.state != scanOK || len(attr) > maxShapeBytes {
		return
	}
	value, valueEnd := c.i, 0
	if s.quoted {
		value++
		c.quoted()
		valueEnd = c.i - 1
	} else if valueEnd = bareEnd(attr, value); valueEnd > 0 {
		c.i = valueEnd
	}
	if valueEnd == 0 || len(c.text) > 0 || c.more('}') || c.more('}') || c.state != scanOK {
		return
	}
	s.mid, s.end = bytes.Clone(attr[keyEnd:value]), bytes.Clone(attr[valueEnd:])
	if !bytes.Equal(a.open, attr[:key]) || len(a.shapes) == maxAttrShapes {
		a.open, a.shapes = bytes.Clone(attr[:key]), a.shapes[:0]
	}
	a.shapes = append(a.shapes, s)
}

// exactAttr is match for a string or an integer in the byte shape of the collector (pdata v1.70.0,
// internal/generated_proto_keyvalue.go, MarshalJSON). It compares words instead of slices, which makes
// reading the collector's files a quarter faster.
func exactAttr(b []byte, i int, attrs *spanAttrs) int {
	const room = 32 // more than any of the fixed parts
	if len(b)-i < room || binary.LittleEndian.Uint64(b[i:]) != shapeKey {
		return 0
	}
	key := i + 8
	keyEnd := stringStop(b, key)
	if len(b)-keyEnd < room || binary.LittleEndian.Uint64(b[keyEnd:]) != shapeValue ||
		binary.LittleEndian.Uint32(b[keyEnd+8:]) != shapeObject {
		return 0
	}
	value := keyEnd + 12
	isString := false
	switch binary.LittleEndian.Uint64(b[value:]) {
	case shapeString:
		if binary.LittleEndian.Uint64(b[value+6:]) != shapeString2 {
			return 0
		}
		isString = true
		value += 14
	case shapeInt:
		if b[value+8] != '"' || b[value+9] != ':' || b[value+10] != '"' {
			return 0
		}
		value += 11
	default:
		return 0
	}
	end := stringStop(b, value)
	if len(b)-end < 3 || b[end] != '"' || b[end+1] != '}' || b[end+2] != '}' {
		return 0
	}
	if attrs != nil {
		if slot := attrs.slot(b[key:keyEnd]); slot != nil && (isString || attrs.number(slot)) {
			*slot = b[value:end]
		}
	}
	return end + 3
}

// The fixed parts of the shape, as little-endian words.
var (
	shapeKey     = binary.LittleEndian.Uint64([]byte(`{"key":"`))
	shapeValue   = binary.LittleEndian.Uint64([]byte(`","value`))
	shapeObject  = binary.LittleEndian.Uint32([]byte(`":{"`))
	shapeString  = binary.LittleEndian.Uint64([]byte(`stringVa`))
	shapeString2 = binary.LittleEndian.Uint64([]byte(`Value":"`))
	shapeInt     = binary.LittleEndian.Uint64([]byte(`intValue`))
)
