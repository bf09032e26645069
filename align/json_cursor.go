package align

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonCursor walks JSON that lies in memory, only as deep as its owner asks. Values that nobody asks about are passed
// over by their brackets and strings: what is wrong inside them is none of a rewriter's business, as it stays
// what it is. After a failure every method returns zero.
type jsonCursor struct {
	b     []byte
	i     int
	short bool // the bytes end inside a value
	bad   bool // the bytes are not JSON
}

func (c *jsonCursor) ok() bool { return !c.short && !c.bad }

// peek returns the next byte that is no white space.
func (c *jsonCursor) peek() byte {
	if !c.ok() {
		return 0
	}
	for c.i < len(c.b) {
		switch ch := c.b[c.i]; ch {
		case ' ', '\n', '\r', '\t':
			c.i++
		default:
			return ch
		}
	}
	c.short = true
	return 0
}

// open consumes an opening bracket, and the closing one of an empty value; more consumes what stands behind a
// member. Both report whether a member follows.
func (c *jsonCursor) open(opening, closing byte) bool {
	if c.peek() != opening {
		c.bad = c.bad || !c.short
		return false
	}
	c.i++
	if c.peek() == closing {
		c.i++
		return false
	}
	return c.ok()
}

func (c *jsonCursor) more(closing byte) bool {
	switch c.peek() {
	case ',':
		c.i++
		return true
	case closing:
		c.i++
	default:
		c.bad = c.bad || !c.short
	}
	return false
}

// key consumes a key and its colon.
func (c *jsonCursor) key() []byte {
	key := c.text()
	if c.peek() != ':' {
		c.bad = c.bad || !c.short
		return nil
	}
	c.i++
	return key
}

// text consumes a string and returns it without escapes.
func (c *jsonCursor) text() []byte {
	if c.peek() != '"' {
		c.bad = c.bad || !c.short
		return nil
	}
	from := c.i
	if !c.quoted() {
		return nil
	}
	s := c.b[from+1 : c.i-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	var plain string
	if json.Unmarshal(c.b[from:c.i], &plain) != nil {
		c.bad = true
	}
	return []byte(plain)
}

// quoted passes over a string, at its quote.
func (c *jsonCursor) quoted() bool {
	i := c.i + 1
	for {
		k := bytes.IndexByte(c.b[i:], '"')
		if k < 0 {
			c.short = true
			return false
		}
		i += k
		slashes := 0
		for c.b[i-1-slashes] == '\\' {
			slashes++
		}
		i++
		if slashes%2 == 0 {
			c.i = i
			return true
		}
	}
}

// skip passes over a value.
func (c *jsonCursor) skip() {
	depth := 0
	for {
		switch ch := c.peek(); {
		case !c.ok():
			return
		case ch == '"':
			if !c.quoted() {
				return
			}
		case ch == '{' || ch == '[':
			depth++
			c.i++
		case ch == '}' || ch == ']':
			depth--
			c.i++
			if depth < 0 {
				c.bad = true
				return
			}
		case ch == ',' || ch == ':':
			if depth == 0 {
				c.bad = true
				return
			}
			c.i++
		default:
			c.scalar()
		}
		if depth == 0 {
			return
		}
	}
}

// scalar passes over a number or a literal. At the end of the bytes it may go on.
func (c *jsonCursor) scalar() {
	from := c.i
	for c.i < len(c.b) {
		ch := c.b[c.i]
		if ch <= ' ' || ch == ',' || ch == '}' || ch == ']' || ch == ':' || ch == '"' || ch == '{' || ch == '[' {
			c.bad = c.i == from
			return
		}
		c.i++
	}
	c.short = true
}

// integer consumes an integer.
func (c *jsonCursor) integer() int64 {
	from, to := c.value()
	v, err := strconv.ParseInt(string(c.b[from:to]), 10, 64)
	c.bad = c.bad || err != nil && c.ok()
	return v
}

// value passes over a value and returns its first and the offset behind its last byte.
func (c *jsonCursor) value() (from, to int) {
	c.peek()
	from = c.i
	c.skip()
	return from, c.i
}
