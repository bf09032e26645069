package evidence

import (
	"bufio"
	"bytes"
	"io"

	"golang.org/x/text/encoding/unicode"
)

var bomUTF8 = []byte{0xef, 0xbb, 0xbf}

var layerBOM = layer{
	name:  "bom",
	sniff: func(head []byte, _ bool) bool { return bytes.HasPrefix(head, bomUTF8) && isTextual(head) },
	open: func(_ *fileLoad, s *stream) io.Reader {
		s.r.Discard(len(bomUTF8))
		return s.r
	},
}

// layerUTF16 is what PowerShell's > writes.
var layerUTF16 = layer{
	name:  "utf-16",
	sniff: func(head []byte, _ bool) bool { _, ok := utf16Order(head); return ok },
	open: func(_ *fileLoad, s *stream) io.Reader {
		head, _ := s.r.Peek(sniffBytes)
		order, _ := utf16Order(head)
		// A byte order mark in front is dropped; further ones are text.
		return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(s.r)
	},
}

// utf16Order recognises UTF-16 by its byte order mark or, without one, by a head of which nine units in
// ten, and the first, are ASCII text, which no binary format here begins with.
func utf16Order(head []byte) (unicode.Endianness, bool) {
	switch {
	case len(head) < 2:
		return unicode.LittleEndian, false
	case head[0] == 0xff && head[1] == 0xfe && (len(head) < 4 || head[2] != 0 || head[3] != 0):
		return unicode.LittleEndian, true
	case head[0] == 0xfe && head[1] == 0xff:
		return unicode.BigEndian, true
	}
	const units = 256
	n := min(len(head), 2*units) / 2
	if n < 16 {
		return unicode.LittleEndian, false
	}
	var little, big int
	for i := range n {
		first, second := head[2*i], head[2*i+1]
		switch {
		case first == 0 && second == 0:
			return unicode.LittleEndian, false
		case second == 0 && isASCIIText(first):
			little++
		case first == 0 && isASCIIText(second):
			big++
		}
	}
	switch {
	case little*10 >= n*9 && head[1] == 0:
		return unicode.LittleEndian, true
	case big*10 >= n*9 && head[0] == 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

func isASCIIText(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\t' || c == '\n' || c == '\r' || c == 0x1b
}

// layerCRLF turns the line ends of Windows into those of Unix. A few lines may end otherwise, as after
// an edit.
var layerCRLF = layer{
	name: "crlf",
	sniff: func(head []byte, _ bool) bool {
		ends, crlf := bytes.Count(head, []byte{'\n'}), bytes.Count(head, []byte("\r\n"))
		return crlf > 0 && crlf*10 >= ends*9 && isTextual(head)
	},
	open: func(_ *fileLoad, s *stream) io.Reader { return &crlfReader{s.r} },
}

// crlfReader drops each CR in front of an LF.
type crlfReader struct{ r *bufio.Reader }

func (c *crlfReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if head, err := c.r.Peek(2); len(head) == 0 {
		return 0, err
	}
	head, _ := c.r.Peek(min(c.r.Buffered(), len(p)+1))
	out, used := 0, 0
	for used < len(head) && out < len(p) {
		if head[used] == '\r' {
			if used+1 == len(head) && len(head) > 1 {
				break // the next byte decides
			}
			if used+1 < len(head) && head[used+1] == '\n' {
				used++
				continue
			}
		}
		p[out] = head[used]
		out++
		used++
	}
	c.r.Discard(used)
	return out, nil
}
