package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// layerHTTP is the head of an HTTP response, as curl -i, nc or a proxy's dump leave it in front of the
// body.
var layerHTTP = layer{
	name: "http",
	sniff: func(head []byte, whole bool) bool {
		h, ok := parseHTTPHead(head)
		return ok && (h.bytes > 0 || whole)
	},
	open: openHTTP,
}

// httpHead is the head of a response.
type httpHead struct {
	bytes   int // length with the blank line; 0 where the blank line is missing
	status  int
	text    string // status line after the version: "404 Not Found"
	length  int64  // Content-Length, -1 if absent
	chunked bool
	encoded bool // Content-Encoding is given: the length may be that of other bytes than follow
}

// parseHTTPHead parses a status line and the header lines behind it (RFC 9112 §4, §5). It wants both: a
// log line may begin like a status line.
func parseHTTPHead(b []byte) (h httpHead, ok bool) {
	h.length = -1
	line, rest, found := bytes.Cut(b, []byte{'\n'})
	if !found || !bytes.HasPrefix(line, []byte("HTTP/")) {
		return h, false
	}
	version, text, _ := strings.Cut(string(bytes.TrimRight(line, "\r")), " ")
	switch version {
	case "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/2.0", "HTTP/3":
	default:
		return h, false
	}
	code, _, _ := strings.Cut(text, " ")
	status, err := strconv.Atoi(code)
	if err != nil || status < 100 || status > 599 {
		return h, false
	}
	h.status, h.text = status, strings.TrimSpace(text)
	for {
		line, next, found := bytes.Cut(rest, []byte{'\n'})
		if !found {
			return h, true
		}
		rest = next
		field := strings.TrimRight(string(line), "\r")
		if field == "" {
			h.bytes = len(b) - len(rest)
			return h, true
		}
		name, value, found := strings.Cut(field, ":")
		if !found || strings.ContainsAny(name, " \t") && field[0] != ' ' && field[0] != '\t' {
			return h, false
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n >= 0 {
				h.length = n
			}
		case "transfer-encoding":
			h.chunked = strings.HasSuffix(strings.ToLower(value), "chunked")
		case "content-encoding":
			h.encoded = !strings.EqualFold(value, "identity")
		}
	}
}

func openHTTP(_ *fileLoad, s *stream) io.Reader {
	head, _ := s.r.Peek(sniffBytes)
	h, _ := parseHTTPHead(head)
	if h.bytes == 0 {
		h.bytes = len(head)
	}
	s.r.Discard(h.bytes)
	if h.status >= 400 {
		s.losses.lose(InCapture, "the HTTP response is an error: %s", h.text)
	}
	// curl removes the chunks and keeps the header, so the body decides.
	if h.chunked && isChunk(s.r) {
		return &chunkedReader{r: s.r}
	}
	if h.length >= 0 && !h.encoded && !h.chunked {
		return &bodyReader{r: s.r, length: h.length}
	}
	return s.r
}

// bodyReader notices a body shorter than its Content-Length: a download that was cut.
type bodyReader struct {
	r            io.Reader
	length, read int64
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.read += int64(n)
	if err == io.EOF && b.read < b.length {
		err = &peelError{"http", fmt.Errorf("the body has %d of %d bytes", b.read, b.length)}
	}
	return n, err
}

const maxChunkLine = 1 << 10

// isChunk reports whether the next bytes are a chunk: its size line, its bytes as far as they can be
// seen, and the line end behind them.
func isChunk(r *bufio.Reader) bool {
	head, _ := r.Peek(sniffBytes)
	end := bytes.IndexByte(head, '\n')
	if end < 2 || end > maxChunkLine || head[end-1] != '\r' {
		return false
	}
	size, err := chunkSize(head[:end-1])
	if err != nil {
		return false
	}
	after := int64(end) + 1 + size
	return size == 0 || after+2 > int64(len(head)) || string(head[after:after+2]) == "\r\n"
}

func chunkSize(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(line, []byte{';'})
	n, err := strconv.ParseUint(string(bytes.TrimSpace(digits)), 16, 62)
	if err != nil {
		return 0, errors.New("a chunk's size is not a number")
	}
	return int64(n), nil
}

// chunkedReader removes the chunked transfer coding (RFC 9112 §7.1). Chunk extensions and trailers are
// dropped. net/http/internal has a decoder too, but the core must not link net/http.
type chunkedReader struct {
	r     *bufio.Reader
	left  int64 // of the chunk
	begun bool
	err   error
}

func (c *chunkedReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.err == nil && c.left == 0 {
		c.err = layerErr("http", c.next())
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.err = layerErr("http", err)
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

// next reads up to the first byte of the next chunk. io.EOF is the end of the last.
func (c *chunkedReader) next() error {
	if c.begun {
		if line, err := c.line(); err != nil || len(line) > 0 {
			return orElse(err, errors.New("a chunk is longer than its size says"))
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	if c.left > 0 {
		return nil
	}
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			// The trailer is optional, and so is, to us, the blank line that ends it.
			return io.EOF
		}
	}
}

func (c *chunkedReader) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	switch {
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil && err != bufio.ErrBufferFull:
		return nil, err
	case err != nil || len(line) > maxChunkLine:
		return nil, errors.New("a chunk's size line is too long")
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
