package evidence

import (
	"encoding/base64"
	"math"
	"strconv"
)

// Numbers and enumerations as the JSON mapping of protocol buffers writes them: quoted or not, 64-bit
// integers usually as strings, enumerations by number or by name.

// number consumes a number, quoted or not, and returns where it begins and its text; nil for null and
// for what is odd.
func (c *jsonCursor) number(field string) (at int, text []byte) {
	ch := c.peek()
	at = c.i
	switch {
	case ch == '"':
		return at, c.quoted()
	case ch == '-' || ch-'0' <= 9:
		end, state := scanNumber(c.b, at)
		if state != scanOK {
			c.fail(end, state, "not part of a number")
			return at, nil
		}
		c.i = end
		return at, c.b[at:end]
	}
	c.is('"', field)
	return at, nil
}

// unsigned consumes a whole number of at most limit; null is 0. Anything else is odd and 0: a rounded
// instant would be a claim that the bytes do not make.
func (c *jsonCursor) unsigned(field string, limit uint64) uint64 {
	at, text := c.number(field)
	if text == nil {
		return 0
	}
	v, negative, ok := wholeNumber(text)
	if !ok || v > limit || negative && v != 0 {
		c.note(at, field, "is no whole number in range")
		return 0
	}
	return v
}

// signed consumes a whole number of 64 bits.
func (c *jsonCursor) signed(field string) (v int64, ok bool) {
	at, text := c.number(field)
	if text == nil {
		return 0, false
	}
	m, negative, ok := wholeNumber(text)
	switch {
	case ok && !negative && m <= math.MaxInt64:
		return int64(m), true
	case ok && negative && m <= 1<<63:
		return -int64(m), true
	}
	c.note(at, field, "is no whole number in range")
	return 0, false
}

// double consumes a floating-point number. The names of those that JSON cannot write are NaN, Infinity
// and -Infinity; ParseFloat knows them.
func (c *jsonCursor) double(field string) (v float64, ok bool) {
	at, text := c.number(field)
	if text == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		c.note(at, field, "is no number in range")
	}
	return v, err == nil
}

// enum consumes an enumeration of at most 255 values: a number, or one of names, whose index it is.
func (c *jsonCursor) enum(field string, names []string) uint8 {
	if c.peek() == '"' {
		at := c.i
		text := c.quoted()
		for i, name := range names {
			if string(text) == name {
				return uint8(i)
			}
		}
		if v, negative, ok := wholeNumber(text); ok && !negative && v <= math.MaxUint8 {
			return uint8(v)
		}
		c.note(at, field, "has an unknown name")
		return 0
	}
	return uint8(c.unsigned(field, math.MaxUint8))
}

// wholeNumber reads a decimal number that may have a fraction and an exponent. ok says that it is a
// whole number below 2^64, exactly.
func wholeNumber(s []byte) (v uint64, negative, ok bool) {
	if len(s) > 0 && s[0] == '-' {
		negative = true
		s = s[1:]
	}
	n := digits(s, 0)
	if n == 0 {
		return 0, false, false
	}
	if n == len(s) && n <= 19 {
		for _, ch := range s {
			v = v*10 + uint64(ch-'0')
		}
		return v, negative, true
	}
	whole, fraction, exponent, ok := splitNumber(s, n)
	if !ok {
		return 0, false, false
	}
	// The value is the digits of whole and fraction, times 10^shift.
	shift := exponent - len(fraction)
	mantissa := append(append(make([]byte, 0, len(s)), whole...), fraction...)
	for len(mantissa) > 0 && mantissa[len(mantissa)-1] == '0' {
		mantissa = mantissa[:len(mantissa)-1]
		shift++
	}
	for len(mantissa) > 0 && mantissa[0] == '0' {
		mantissa = mantissa[1:]
	}
	if len(mantissa) == 0 {
		return 0, negative, true
	}
	if shift < 0 || len(mantissa)+shift > 20 {
		return 0, false, false
	}
	for range shift {
		mantissa = append(mantissa, '0')
	}
	v, err := strconv.ParseUint(string(mantissa), 10, 64)
	return v, negative, err == nil
}

// splitNumber takes apart a number whose whole part is the first n bytes of s.
func splitNumber(s []byte, n int) (whole, fraction []byte, exponent int, ok bool) {
	whole, s = s[:n], s[n:]
	if len(s) > 0 && s[0] == '.' {
		n = digits(s, 1)
		fraction, s = s[1:1+n], s[1+n:]
		if n == 0 {
			return nil, nil, 0, false
		}
	}
	if len(s) == 0 {
		return whole, fraction, 0, true
	}
	if s[0]|0x20 != 'e' {
		return nil, nil, 0, false
	}
	exponent, err := strconv.Atoi(string(s[1:]))
	// The limit keeps sums with lengths of texts from overflowing.
	return whole, fraction, exponent, err == nil && -1<<40 < exponent && exponent < 1<<40
}

// base64Bytes decodes base64 in either alphabet, with padding or without, as protobuf's JSON mapping
// demands of readers.
func base64Bytes(text []byte) ([]byte, bool) {
	for len(text) > 0 && text[len(text)-1] == '=' {
		text = text[:len(text)-1]
	}
	enc := base64.RawStdEncoding
	for _, ch := range text {
		if ch == '-' || ch == '_' {
			enc = base64.RawURLEncoding
		}
	}
	out := make([]byte, enc.DecodedLen(len(text)))
	n, err := enc.Decode(out, text)
	return out[:n], err == nil
}

// id consumes a trace or span id into dst and returns how many bytes the id has, -1 for one that is
// odd. Only where that is len(dst) does dst hold it. OTLP/JSON writes hexadecimal, in either case; protojson, which knows no
// exception for ids, writes base64; the length tells them apart.
func (c *jsonCursor) id(dst []byte, field string) int {
	first := c.peek()
	if first != '"' {
		c.is('"', field)
		if first == 'n' {
			return 0
		}
		return -1
	}
	at := c.i
	text := c.quoted()
	switch n := len(text); {
	case n == 0:
		return 0
	case decodeHex(dst, text):
		return n / 2
	case n >= 4 && text[n-1] == '=':
		if id, ok := base64Bytes(text); ok {
			copy(dst, id)
			return len(id)
		}
	}
	c.note(at, field, "is neither hexadecimal nor base64")
	return -1
}

// decodeHex reports whether text is hexadecimal, and decodes it where it has the length of dst.
func decodeHex(dst, text []byte) bool {
	var wrong byte
	if len(text) != 2*len(dst) {
		for _, ch := range text {
			wrong |= hexDigit[ch]
		}
		return wrong <= 15 && len(text)%2 == 0
	}
	for i := range dst {
		hi, lo := hexDigit[text[2*i]], hexDigit[text[2*i+1]]
		wrong |= hi | lo
		dst[i] = hi<<4 | lo&15
	}
	return wrong <= 15
}
