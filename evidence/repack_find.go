package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// FindPackings looks for how a file's containers, outermost first, were written, by writing each again
// and comparing it with what is there. exact says that the packings give the file back byte for byte;
// where they do not, as for what zlib and the zstd program compress, they are of the same kind and about
// as strong.
func FindPackings(path string, containers []string) (list []Packing, exact bool, err error) {
	exact = true
	for i, c := range containers {
		open := func() (*Unpacked, error) { return OpenUnpacked(path, containers[:i]) }
		p, same, err := findPacking(open, c)
		if err != nil {
			return nil, false, err
		}
		list, exact = append(list, p), exact && same
	}
	return list, exact, nil
}

// Unpacked is a file with some of its containers opened.
type Unpacked struct {
	io.Reader
	closers []io.Closer
}

// OpenUnpacked opens a file and its containers, outermost first.
func OpenUnpacked(path string, containers []string) (*Unpacked, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	u := &Unpacked{Reader: file, closers: []io.Closer{file}}
	for _, c := range containers {
		r, err := Unpack(u.Reader, c)
		if err != nil {
			u.Close()
			return nil, err
		}
		u.Reader = r
		u.closers = append(u.closers, r)
	}
	return u, nil
}

// Close closes the file and what reads it.
func (u *Unpacked) Close() error {
	for i := len(u.closers) - 1; i >= 0; i-- {
		u.closers[i].Close()
	}
	return nil
}

func findPacking(open func() (*Unpacked, error), container string) (p Packing, exact bool, err error) {
	raw, err := open()
	if err != nil {
		return p, false, err
	}
	candidates, err := packings(raw, container)
	raw.Close()
	if err != nil {
		return p, false, err
	}
	for _, p := range candidates {
		same, err := p.reproduces(open)
		if err != nil || same {
			return p, same, err
		}
	}
	return candidates[0], false, nil
}

// packings returns what may have written the container that r begins, the one to use where none did first.
func packings(r io.Reader, container string) ([]Packing, error) {
	src := bufio.NewReaderSize(r, 64<<10)
	head, _ := src.Peek(64 << 10)
	if container == layerGzip.name {
		n := gzipHeaderLen(head)
		if n < 0 {
			return nil, errors.New("gzip: the header is damaged or longer than 64 KiB")
		}
		var list []Packing
		for _, level := range []int{flate.DefaultCompression, flate.BestSpeed, flate.BestCompression} {
			for _, encoder := range []string{"go", "klauspost"} {
				list = append(list, Packing{Container: container, Encoder: encoder, Level: level, Header: bytes.Clone(head[:n])})
			}
		}
		return list, nil
	}
	first := head
	if container == layerZstdFramed.name {
		first = head[min(4, len(head)):]
	}
	var h zstd.Header
	if err := h.Decode(first); err != nil {
		return nil, fmt.Errorf("%s: %w", container, err)
	}
	var list []Packing
	for _, level := range []zstd.EncoderLevel{zstd.SpeedDefault, zstd.SpeedFastest, zstd.SpeedBetterCompression, zstd.SpeedBestCompression} {
		list = append(list, Packing{Container: container, Encoder: "klauspost", Level: int(level), Checksum: h.HasCheckSum})
	}
	return list, nil
}

// gzipHeaderLen returns the length of the gzip header that b begins with (RFC 1952 §2.3), -1 for none.
func gzipHeaderLen(b []byte) int {
	if len(b) < 10 || b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&0xe0 != 0 {
		return -1
	}
	flags, n := b[3], 10
	if flags&4 != 0 { // FEXTRA
		if len(b) < n+2 {
			return -1
		}
		n += 2 + int(b[n]) + int(b[n+1])<<8
	}
	for _, bit := range []byte{8, 16} { // FNAME, FCOMMENT
		if flags&bit == 0 {
			continue
		}
		if n > len(b) {
			return -1
		}
		end := bytes.IndexByte(b[n:], 0)
		if end < 0 {
			return -1
		}
		n += end + 1
	}
	if flags&2 != 0 { // FHCRC
		n += 2
	}
	if n > len(b) {
		return -1
	}
	return n
}

// errDiffers ends the writing of a container at the first byte that differs.
var errDiffers = errors.New("the bytes differ")

// reproduces reports whether p writes what open opens.
func (p Packing) reproduces(open func() (*Unpacked, error)) (bool, error) {
	want, err := open()
	if err != nil {
		return false, err
	}
	defer want.Close()
	raw, err := open()
	if err != nil {
		return false, err
	}
	defer raw.Close()
	content, err := Unpack(raw, p.Container)
	if err != nil {
		return false, err
	}
	defer content.Close()
	c := &compareWriter{want: bufio.NewReaderSize(want, 64<<10)}
	w, err := p.Pack(c)
	if err == nil {
		source := &sourceReader{r: content}
		_, err = io.Copy(w, source)
		if source.err != nil {
			return false, source.err
		}
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return false, nil // it differs, or cannot be written in this way
	}
	_, more := c.want.ReadByte()
	return more == io.EOF, nil
}

// sourceReader keeps the error of r, to tell it from one of the writer.
type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// compareWriter compares what is written with what is there.
type compareWriter struct {
	want *bufio.Reader
	buf  []byte
}

func (c *compareWriter) Write(p []byte) (int, error) {
	c.buf = append(c.buf[:0], p...)
	if _, err := io.ReadFull(c.want, c.buf); err != nil || !bytes.Equal(c.buf, p) {
		return 0, errDiffers
	}
	return len(p), nil
}
