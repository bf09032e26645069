package evidence

import (
	"bufio"
	"bytes"
	stdflate "compress/flate"
	stdgzip "compress/gzip"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

// Two decoders of deflate: klauspost's is faster by half on text, but looks ahead and stops a few symbols
// before the place where a stream is cut; the standard library's delivers every decodable byte. Files
// are read with the first, and once more with the second if they turn out to be torn; what can be read
// only once is read with the second.

// gunzipper is what both gzip readers are.
type gunzipper interface {
	io.Reader
	Reset(io.Reader) error
	Multistream(bool)
}

func (f *fileLoad) newGunzipper(r io.Reader) (gunzipper, error) {
	if f.exact {
		return stdgzip.NewReader(r)
	}
	return gzip.NewReader(r)
}

func (f *fileLoad) newInflater(r io.Reader) io.ReadCloser {
	if f.exact {
		return stdflate.NewReader(r)
	}
	return flate.NewReader(r)
}

var layerGzip = layer{
	name:    "gzip",
	expands: true,
	sniff: func(head []byte, _ bool) bool {
		// ID1 ID2 CM=deflate, and none of the reserved flags (RFC 1952 §2.3.1).
		return len(head) >= 4 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 && head[3]&0xe0 == 0
	},
	open: func(f *fileLoad, s *stream) io.Reader { return &gzipReader{f: f, src: s.r, losses: s.losses} },
}

// gzipReader decompresses a sequence of gzip members. It delivers every byte before damage.
type gzipReader struct {
	f      *fileLoad
	src    *bufio.Reader
	z      gunzipper
	losses *lossLog
	inside bool // between a member's header and its end
	err    error
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for g.err == nil {
		if !g.inside {
			g.err = g.next()
			continue
		}
		n, err := g.z.Read(p)
		switch {
		case errors.Is(err, gzip.ErrChecksum), errors.Is(err, stdgzip.ErrChecksum):
			g.losses.lose(InReading, "the gzip checksum does not match: the bytes before are not those that were compressed")
			g.inside = false
		case err == io.EOF:
			g.inside = false
		case err != nil:
			g.f.torn = true
			g.err = layerErr(layerGzip.name, err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, g.err
}

// next begins the next member. Zero bytes may pad the end, as tapes and some uploaders leave them;
// anything else that follows is lost.
func (g *gzipReader) next() error {
	head, err := g.src.Peek(4)
	if len(head) == 0 {
		if g.z == nil && err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return layerErr(layerGzip.name, err)
	}
	if g.z != nil && !bytes.HasPrefix([]byte{0x1f, 0x8b}, head[:min(2, len(head))]) {
		rest := &zeroReader{r: g.src}
		n, err := io.Copy(io.Discard, rest)
		if rest.other {
			g.losses.lose(InReading, "%d bytes follow the end of the gzip stream and are not gzip", n)
		}
		if err != nil {
			return layerErr(layerGzip.name, err)
		}
		return io.EOF
	}
	if g.z == nil {
		g.z, err = g.f.newGunzipper(g.src)
	} else {
		err = g.z.Reset(g.src)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return layerErr(layerGzip.name, err)
	}
	g.z.Multistream(false)
	g.inside = true
	return nil
}

// zeroReader notes whether any byte but zero has passed.
type zeroReader struct {
	r     io.Reader
	other bool
}

func (z *zeroReader) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if !z.other {
		for _, c := range p[:n] {
			if c != 0 {
				z.other = true
				break
			}
		}
	}
	return n, err
}
