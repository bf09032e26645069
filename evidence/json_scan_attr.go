package evidence

import "encoding/binary"

// exactAttr is a shortcut over one attribute in the byte shape of the collector (pdata v1.70.0,
// internal/generated_proto_keyvalue.go, MarshalJSON), with a value that is no list and no escape:
//
//	{"key":"http.route","value":{"stringValue":"/v1/find"}}
//
// It returns the end of the attribute, or 0 where the bytes have another shape. What it accepts, the
// general walk accepts with the same result. attrs may be nil.
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
	value, end := keyEnd+12, 0
	isString := false
	switch shape := binary.LittleEndian.Uint64(b[value:]); {
	case shape == shapeString && binary.LittleEndian.Uint64(b[value+6:]) == shapeString2:
		isString = true
		value += len(`stringValue":"`)
		end = closingQuote(b, value)
	case shape == shapeInt && b[value+8] == '"' && b[value+9] == ':' && b[value+10] == '"':
		end = closingQuote(b, value+len(`intValue":"`))
	case shape == shapeDouble && binary.LittleEndian.Uint64(b[value+5:]) == shapeDouble2:
		end = plainNumber(b, value+len(`doubleValue":`))
	case shape == shapeBool && b[value+8] == 'e' && b[value+9] == '"' && b[value+10] == ':':
		value += len(`boolValue":`)
		if string(b[value:value+4]) == "true" {
			end = value + 4
		} else if string(b[value:value+5]) == "false" {
			end = value + 5
		}
	}
	if end == 0 || len(b)-end < 2 || b[end] != '}' || b[end+1] != '}' {
		return 0
	}
	if attrs != nil && isString {
		if slot := attrs.slot(b[key:keyEnd]); slot != nil {
			*slot = b[value : end-1]
		}
	}
	return end + 2
}

// closingQuote returns the index behind the quote that ends a string without escapes, 0 if it has some
// or does not end.
func closingQuote(b []byte, i int) int {
	if i = stringStop(b, i); i < len(b) && b[i] == '"' {
		return i + 1
	}
	return 0
}

// plainNumber returns the index behind a number, 0 if there is none.
func plainNumber(b []byte, i int) int {
	if i == len(b) || b[i] != '-' && b[i]-'0' > 9 {
		return 0
	}
	if end, state := scanNumber(b, i); state == scanOK {
		return end
	}
	return 0
}

// The fixed parts of the shape, as little-endian words.
var (
	shapeKey     = binary.LittleEndian.Uint64([]byte(`{"key":"`))
	shapeValue   = binary.LittleEndian.Uint64([]byte(`","value`))
	shapeObject  = binary.LittleEndian.Uint32([]byte(`":{"`))
	shapeString  = binary.LittleEndian.Uint64([]byte(`stringVa`))
	shapeString2 = binary.LittleEndian.Uint64([]byte(`Value":"`))
	shapeInt     = binary.LittleEndian.Uint64([]byte(`intValue`))
	shapeDouble  = binary.LittleEndian.Uint64([]byte(`doubleVa`))
	shapeDouble2 = binary.LittleEndian.Uint64([]byte(`eValue":`))
	shapeBool    = binary.LittleEndian.Uint64([]byte(`boolValu`))
)
