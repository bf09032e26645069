package evidence

import (
	"encoding/binary"
	"math/bits"
)

// maxJSONDepth is the deepest nesting of a value that is read. OTLP's own is below 20, and each level of
// an attribute value adds three. Damage may make reading begin again inside a record, at every document
// that seems to begin in it; the limit bounds how often the same bytes are walked.
const maxJSONDepth = 1000

// jsonSkipper walks over one value of any size. It can stop wherever the bytes end and go on with the
// next ones, so that a value larger than the window costs no memory.
type jsonSkipper struct {
	want  skipWant
	depth int
	why   string // what is wrong, after scanBad
	// objects has the bit of each open level that is an object.
	objects [maxJSONDepth/64 + 1]uint64
	// shapes is the shortcut over attributes; nil for none.
	shapes *attrShapes
}

type skipWant uint8

const (
	wantValue   skipWant = iota
	wantElement          // a value or the end of the array
	wantMember           // a key or the end of the object
	wantKey
	wantColon
	wantComma // or the end of the object or array
	wantKeyEnd
	wantStringEnd
)

func (k *jsonSkipper) begin() { k.want, k.depth = wantValue, 0 }

// run goes on at b[i]. It returns the first byte after the value; where b ends inside the value, how
// far it came: the bytes from there on must be shown again, with more behind them.
func (k *jsonSkipper) run(b []byte, i int) (int, scanState) {
	for i < len(b) {
		ch := b[i]
		if ch <= ' ' && k.want < wantKeyEnd {
			if i = skipSpace(b, i); i == len(b) {
				break
			}
			ch = b[i]
		}
		state := scanOK
		switch k.want {
		case wantValue, wantElement:
			i, state = k.value(b, i)
		case wantComma:
			switch {
			case ch == ',' && k.inObject():
				k.want = wantKey
			case ch == ',':
				k.want = wantValue
			case ch == '}' && k.inObject(), ch == ']' && !k.inObject():
				k.pop()
			default:
				return k.bad(i, "want a comma or a closing bracket")
			}
			i++
		case wantMember, wantKey:
			switch {
			case ch == '"':
				k.want = wantKeyEnd
			case ch == '}' && k.want == wantMember:
				k.pop()
			default:
				return k.bad(i, "want a key")
			}
			i++
		case wantColon:
			if ch != ':' {
				return k.bad(i, "want a colon after a key")
			}
			k.want = wantValue
			i++
		case wantKeyEnd, wantStringEnd:
			i, state = k.stringEnd(b, i)
		}
		if state != scanOK {
			return i, state
		}
		if k.depth == 0 && k.want == wantComma {
			return i, scanOK
		}
	}
	return i, scanShort
}

func (k *jsonSkipper) bad(i int, why string) (int, scanState) {
	k.why = why
	return i, scanBad
}

func (k *jsonSkipper) inObject() bool { return k.objects[k.depth>>6]>>(k.depth&63)&1 != 0 }

func (k *jsonSkipper) pop() {
	k.depth--
	k.want = wantComma
}

func (k *jsonSkipper) push(object uint64, want skipWant) {
	k.depth++
	word, bit := &k.objects[k.depth>>6], k.depth&63
	*word = *word&^(1<<bit) | object<<bit
	k.want = want
}

// value begins a value at b[i], which is no white space.
func (k *jsonSkipper) value(b []byte, i int) (int, scanState) {
	switch ch := b[i]; {
	case ch == '"':
		k.want = wantStringEnd
		return i + 1, scanOK
	case ch == '{' || ch == '[':
		if k.depth > 0 && k.depth < maxJSONDepth-2 && k.shapes != nil {
			if end := k.shapes.match(b, i, nil); end > 0 {
				k.want = wantComma
				return end, scanOK
			}
		}
		if k.depth == maxJSONDepth {
			return k.bad(i, "nested too deeply")
		}
		if ch == '{' {
			k.push(1, wantMember)
		} else {
			k.push(0, wantElement)
		}
		return i + 1, scanOK
	case ch == ']' && k.want == wantElement:
		k.pop()
		return i + 1, scanOK
	case ch == '-' || ch-'0' <= 9:
		end, state := scanNumber(b, i)
		if state == scanBad {
			return k.bad(end, "not part of a number")
		}
		if state == scanOK {
			k.want = wantComma
		}
		return end, state
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if b[i] != word[0] {
			continue
		}
		have := min(len(word), len(b)-i)
		switch {
		case string(b[i:i+have]) != word[:have]:
			return k.bad(i, "want a value")
		case have < len(word):
			return i, scanShort
		}
		k.want = wantComma
		return i + have, scanOK
	}
	return k.bad(i, "want a value")
}

// stringEnd goes on inside a string.
func (k *jsonSkipper) stringEnd(b []byte, i int) (int, scanState) {
	end, _, state := scanString(b, i)
	switch {
	case state == scanBad:
		return k.bad(end, "not part of a string")
	case state == scanShort:
		return end, state
	case k.want == wantKeyEnd:
		k.want = wantColon
	default:
		k.want = wantComma
	}
	return end + 1, scanOK
}

// scanNumber returns the end of the number at b[i]. Only a byte after it tells that it has ended. Where
// b ends before, it returns i.
func scanNumber(b []byte, i int) (end int, state scanState) {
	first := i
	if b[i] == '-' {
		i++
	}
	n := digits(b, i)
	if n > 1 && b[i] == '0' {
		return i + 1, scanBad
	}
	i += n
	if n > 0 && i < len(b) && b[i] == '.' {
		i++
		n = digits(b, i)
		i += n
	}
	if n > 0 && i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		n = digits(b, i)
		i += n
	}
	switch {
	case i == len(b):
		return first, scanShort
	case n == 0:
		return i, scanBad
	}
	return i, scanOK
}

// digits returns how many decimal digits b[i:] begins with.
func digits(b []byte, i int) int {
	n := 0
	for i+n < len(b) && b[i+n]-'0' <= 9 {
		n++
	}
	return n
}

// stringStop returns the index of the first byte at or after i that a string does not simply hold: a
// quote, a backslash or a control character; len(b) if there is none. It looks at 16 bytes at once, and
// without a branch on which of them it is: that is hard to predict.
func stringStop(b []byte, i int) int {
	for len(b)-i >= 8 {
		if m := stopMask(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for ; i < len(b); i++ {
		if ch := b[i]; ch == '"' || ch == '\\' || ch < 0x20 {
			return i
		}
	}
	return len(b)
}

// stopMask returns a mask whose lowest bit set is the high bit of the first byte of x that stringStop
// stops at; 0 if there is none. Each of the three terms has the high bit of its lowest match right (a
// borrow disturbs only bytes above a match), and so has their union.
func stopMask(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := x ^ ones*'"'
	slash := x ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x) & highs
}
