package evidence

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// Rules of reading JSON, for every reader that does:
//   - A cursor walks one value that lies whole in the window. Where the bytes end inside the value, the
//     walk stops as scanShort and has no effect; its owner makes the window larger and walks again.
//   - The walk is strict about the grammar of RFC 8259: damage that happens to balance its brackets must
//     not become a record nobody wrote. It is lenient about what fields hold: that is noted, see odd.
//   - Bytes that are not UTF-8 stay as they are.

// scanState says how a walk ended.
type scanState uint8

const (
	scanOK    scanState = iota
	scanShort           // the bytes end inside the value
	scanBad             // the bytes are not JSON
)

// jsonCursor walks one JSON value. After a failure every method does nothing and returns zero, so that
// a reader asks for the state once, at the end.
type jsonCursor struct {
	b     []byte // nil after a failure, so that nothing more is read
	i     int    // the next byte; after a failure, where it was noticed
	state scanState
	why   string // what is wrong at i, for scanBad

	// odd describes the first value that is sound JSON and not what its field holds; it lies at
	// b[oddAt:oddEnd]. "" if there is none.
	odd           string
	oddAt, oddEnd int

	text    []byte // strings with escapes, decoded
	skipper jsonSkipper
}

// reset starts a walk of b. Strings that an earlier walk returned are no longer valid.
func (c *jsonCursor) reset(b []byte) {
	c.b, c.i, c.state, c.why = b, 0, scanOK, ""
	c.odd, c.oddAt, c.oddEnd = "", 0, 0
	c.text = c.text[:0]
}

func (c *jsonCursor) bad(why string) {
	if c.state == scanOK {
		c.fail(c.i, scanBad, why)
	}
}

func (c *jsonCursor) fail(at int, state scanState, why string) {
	c.b, c.i, c.state, c.why = nil, at, state, why
}

func isJSONSpace(ch byte) bool { return ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t' }

// skipSpace returns the index of the first byte at or after i that is no white space, or len(b). Runs of
// blanks, as indented JSON has, go by eight bytes at once.
func skipSpace(b []byte, i int) int {
	const blanks = 0x2020202020202020
	for len(b)-i >= 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ blanks
		if x == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(x) >> 3
		if !isJSONSpace(b[i]) {
			return i
		}
		i++
	}
	for i < len(b) && isJSONSpace(b[i]) {
		i++
	}
	return i
}

// peek returns the next byte that is no white space, without consuming it.
func (c *jsonCursor) peek() (ch byte) {
	if c.i < len(c.b) {
		if ch = c.b[c.i]; ch > ' ' {
			return
		}
	}
	return c.peekOver()
}

// peekOver is peek where white space, the end or a failure comes first.
func (c *jsonCursor) peekOver() byte {
	if c.state != scanOK {
		return 0
	}
	if c.i = skipSpace(c.b, c.i); c.i < len(c.b) {
		return c.b[c.i]
	}
	c.fail(c.i, scanShort, "")
	return 0
}

// open consumes the bracket that opens an object or array, and its end if it is empty. It reports
// whether a first member follows:
//
//	for more := c.open('[', ']'); more; more = c.more(']') { … }
func (c *jsonCursor) open(opening, closing byte) bool {
	if c.peek() != opening {
		c.bad("want an opening bracket")
		return false
	}
	c.i++
	if c.peek() == closing {
		c.i++
		return false
	}
	return c.state == scanOK
}

// more consumes what stands after a member: a comma, or the bracket that closes. It reports whether
// another member follows.
func (c *jsonCursor) more(closing byte) bool {
	switch c.peek() {
	case ',':
		c.i++
		return true
	case closing:
		c.i++
	default:
		c.bad("want a comma or a closing bracket")
	}
	return false
}

// key consumes the key of a member and its colon.
func (c *jsonCursor) key() []byte {
	if c.peek() != '"' {
		c.bad("want a key")
		return nil
	}
	key := c.quoted()
	if c.peek() != ':' {
		c.bad("want a colon after a key")
		return nil
	}
	c.i++
	return key
}

// quoted consumes a string, at its opening quote. The result aliases the walked bytes or c.text.
func (c *jsonCursor) quoted() []byte {
	first := c.i + 1
	if end := stringStop(c.b, first); end < len(c.b) && c.b[end] == '"' {
		c.i = end + 1
		return c.b[first:end]
	}
	end, escaped, state := scanString(c.b, first)
	if state != scanOK {
		c.fail(end, state, "not part of a string")
		return nil
	}
	c.i = end + 1
	if !escaped {
		return c.b[first:end]
	}
	n := len(c.text)
	c.text = unescape(c.text, c.b[first:end])
	return c.text[n:len(c.text):len(c.text)]
}

// skip consumes a value of any shape.
func (c *jsonCursor) skip() {
	if c.peek(); c.state != scanOK {
		return
	}
	c.skipper.begin()
	end, state := c.skipper.run(c.b, c.i)
	if state != scanOK {
		c.fail(end, state, c.skipper.why)
		return
	}
	c.i = end
}

// is reports whether the next value begins with opening. Where it does not, it consumes the value; one
// other than null is odd.
func (c *jsonCursor) is(opening byte, field string) bool {
	switch c.peek() {
	case opening:
		return true
	case 'n':
		c.skip()
	default:
		c.oddSkip(field, "has the wrong type")
	}
	return false
}

func (c *jsonCursor) oddSkip(field, what string) {
	at := c.i
	c.skip()
	c.note(at, field, what)
}

// note records that the value at b[at:c.i] is not what field holds. Only the first counts.
func (c *jsonCursor) note(at int, field, what string) {
	if c.state == scanOK && c.odd == "" {
		c.odd, c.oddAt, c.oddEnd = field+" "+what, at, c.i
	}
}

// str consumes a string; null is "".
func (c *jsonCursor) str(field string) []byte {
	if c.is('"', field) {
		return c.quoted()
	}
	return nil
}

// count consumes an array and returns its length, nulls left out.
func (c *jsonCursor) count(field string) int {
	if !c.is('[', field) {
		return 0
	}
	n := 0
	for more := c.open('[', ']'); more; more = c.more(']') {
		if c.peek() != 'n' {
			n++
		}
		c.skip()
	}
	return n
}

// scanString finds the end of a string whose first byte after the quote is b[i]: the index of the
// closing quote, of what is wrong, or as far as the string was scanned where b ends inside it.
func scanString(b []byte, i int) (end int, escaped bool, state scanState) {
	for {
		i = stringStop(b, i)
		if i == len(b) {
			return i, escaped, scanShort
		}
		switch b[i] {
		case '"':
			return i, escaped, scanOK
		case '\\':
			n, state := escapeLen(b[i:])
			if state != scanOK {
				return i, escaped, state
			}
			escaped = true
			i += n
		default: // a control character
			return i, escaped, scanBad
		}
	}
}

// escapeLen returns the length of the escape sequence that b begins with.
func escapeLen(b []byte) (int, scanState) {
	if len(b) < 2 {
		return 0, scanShort
	}
	if b[1] != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), b[1]) < 0 {
			return 0, scanBad
		}
		return 2, scanOK
	}
	for k := 2; k < 6; k++ {
		if k == len(b) {
			return 0, scanShort
		}
		if hexDigit[b[k]] > 15 {
			return 0, scanBad
		}
	}
	return 6, scanOK
}

// unescape appends the decoded form of a scanned string. A surrogate without its pair becomes U+FFFD,
// as in encoding/json.
func unescape(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		switch e := s[i+1]; e {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(s[i+2:])
			s = s[i+6:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
					pair = utf16.DecodeRune(r, hexRune(s[2:]))
				}
				if r = pair; r != utf8.RuneError {
					s = s[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default:
			dst = append(dst, e)
		}
		s = s[i+2:]
	}
}

func hexRune(s []byte) rune {
	return rune(hexDigit[s[0]])<<12 | rune(hexDigit[s[1]])<<8 | rune(hexDigit[s[2]])<<4 | rune(hexDigit[s[3]])
}

// hexDigit is the value of each hexadecimal digit, in either case, and 0xff for other bytes.
var hexDigit = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, ch := range []byte("0123456789abcdef") {
		t[ch] = byte(i)
		t[bytes.ToUpper([]byte{ch})[0]] = byte(i)
	}
	return t
}()
