package evidence

import (
	"bufio"
	"bytes"
	stdflate "compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
)

// Containers that can be written again. Load opens many kinds leniently; a writer needs the few that it can
// put a changed content back into, and every byte of them: unpacking is strict, damage is an error.

// Packing says how a container is written: enough to write it again.
type Packing struct {
	// Container is "gzip", "zstd" or "zstd-framed", as in Artifact.Containers.
	Container string `json:"container"`
	// Encoder is "go" (the standard library) or "klauspost".
	Encoder string `json:"encoder"`
	Level   int    `json:"level"`
	// Checksum says that zstd frames end in a checksum.
	Checksum bool `json:"checksum,omitempty"`
	// Header of a gzip stream.
	Header []byte `json:"header,omitempty"`
}

// CanRepack reports whether a container can be unpacked and packed again.
func CanRepack(container string) bool {
	return container == layerGzip.name || container == layerZstd.name || container == layerZstdFramed.name
}

// Unpack returns the content of a container. The caller closes it.
func Unpack(r io.Reader, container string) (io.ReadCloser, error) {
	switch container {
	case layerGzip.name:
		return newGunzip(r)
	case layerZstd.name:
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return &unzstd{d}, nil
	case layerZstdFramed.name:
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBatchBytes))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return &unframe{src: bufio.NewReader(r), d: d}, nil
	}
	return nil, fmt.Errorf("a %s container cannot be written again", container)
}

type unzstd struct{ d *zstd.Decoder }

func (u *unzstd) Read(p []byte) (int, error) { return u.d.Read(p) }
func (u *unzstd) Close() error               { u.d.Close(); return nil }

// gzipMember reads one gzip member and insists on its end: what follows would not survive.
type gzipMember struct {
	src *bufio.Reader
	z   gunzipper
	end bool
}

var errBehindGzip = errors.New("gzip: more follows behind the first member, which could not be taken back: unpack it first (gzip -dc)")

func newGunzip(r io.Reader) (io.ReadCloser, error) {
	src := bufio.NewReader(r)
	f := &fileLoad{}
	z, err := f.newGunzipper(src)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	z.Multistream(false)
	return &gzipMember{src: src, z: z}, nil
}

func (g *gzipMember) Read(p []byte) (int, error) {
	if g.end {
		return 0, io.EOF
	}
	n, err := g.z.Read(p)
	if err == io.EOF {
		g.end = true
		if _, more := g.src.ReadByte(); more == nil {
			return n, errBehindGzip
		}
	}
	return n, err
}

func (g *gzipMember) Close() error { return nil }

// unframe reads what the collector's file exporter wrote with compression: zstd; see layerZstdFramed. It
// delivers protobuf behind a length, JSON as lines.
type unframe struct {
	src   *bufio.Reader
	d     *zstd.Decoder
	batch bytes.Buffer
	plain []byte
	out   []byte
}

func (u *unframe) Close() error { u.d.Close(); return nil }

func (u *unframe) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if err := u.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *unframe) next() error {
	var head [4]byte
	if _, err := io.ReadFull(u.src, head[:]); err != nil {
		return err // io.EOF between two batches
	}
	length := int64(binary.BigEndian.Uint32(head[:]))
	if length > maxBatchBytes {
		return fmt.Errorf("zstd-framed: a batch of %d bytes is longer than %s", length, sizeText(maxBatchBytes))
	}
	u.batch.Reset()
	if n, err := io.CopyN(&u.batch, u.src, length); err != nil || n < length {
		return io.ErrUnexpectedEOF
	}
	plain, err := u.d.DecodeAll(u.batch.Bytes(), append(u.plain[:0], 0, 0, 0, 0))
	if err != nil {
		return fmt.Errorf("zstd-framed: %w", zstdErr(err))
	}
	u.plain = plain
	switch body := plain[4:]; {
	case len(body) == 0:
		return errors.New("zstd-framed: an empty batch")
	case body[0] != '{' && body[0] != '[':
		binary.BigEndian.PutUint32(plain, uint32(len(body)))
		u.out = plain
	case bytes.IndexByte(body, '\n') >= 0:
		return errors.New("zstd-framed: a batch of JSON is longer than a line")
	default:
		u.plain = append(plain, '\n')
		u.out = u.plain[4:]
	}
	return nil
}

// Pack returns a writer of the container. Its content is not whole before Close.
func (p Packing) Pack(w io.Writer) (io.WriteCloser, error) {
	switch p.Container {
	case layerGzip.name:
		return p.gzip(w)
	case layerZstd.name:
		e, err := zstd.NewWriter(w, p.zstdOptions()...)
		return onlyWriter{e}, err
	case layerZstdFramed.name:
		e, err := zstd.NewWriter(nil, p.zstdOptions()...)
		return &frame{w: w, e: e}, err
	}
	return nil, fmt.Errorf("a %s container cannot be written", p.Container)
}

// onlyWriter hides the encoder's ReadFrom, which ends a block wherever it is called: how a content is cut into reads would
// decide what it becomes.
type onlyWriter struct{ io.WriteCloser }

func (p Packing) zstdOptions() []zstd.EOption {
	return []zstd.EOption{zstd.WithEncoderLevel(zstd.EncoderLevel(p.Level)), zstd.WithEncoderCRC(p.Checksum), zstd.WithEncoderConcurrency(1)}
}

// gzipWriter writes the header as it was: also what no writer of Go's has a field for.
type gzipWriter struct {
	w    io.Writer
	z    io.WriteCloser
	sum  hash.Hash32
	size uint32
}

func (p Packing) gzip(w io.Writer) (io.WriteCloser, error) {
	if _, err := w.Write(p.Header); err != nil {
		return nil, err
	}
	g := &gzipWriter{w: w, sum: crc32.NewIEEE()}
	var err error
	if p.Encoder == "go" {
		g.z, err = stdflate.NewWriter(w, p.Level)
	} else {
		g.z, err = flate.NewWriter(w, p.Level)
	}
	return g, err
}

func (g *gzipWriter) Write(p []byte) (int, error) {
	g.sum.Write(p)
	g.size += uint32(len(p))
	return g.z.Write(p)
}

func (g *gzipWriter) Close() error {
	if err := g.z.Close(); err != nil {
		return err
	}
	end := binary.LittleEndian.AppendUint32(nil, g.sum.Sum32())
	_, err := g.w.Write(binary.LittleEndian.AppendUint32(end, g.size))
	return err
}

// frame compresses what unframe delivers, batch by batch.
type frame struct {
	w    io.Writer
	e    *zstd.Encoder
	held []byte // the start of a batch
	out  []byte
}

func (f *frame) Write(p []byte) (int, error) {
	f.held = append(f.held, p...)
	rest := f.held
	for {
		body, next, ok := splitBatch(rest)
		if !ok {
			break
		}
		rest = next
		f.out = f.e.EncodeAll(body, append(f.out[:0], 0, 0, 0, 0))
		binary.BigEndian.PutUint32(f.out, uint32(len(f.out)-4))
		if _, err := f.w.Write(f.out); err != nil {
			return 0, err
		}
	}
	f.held = append(f.held[:0], rest...)
	return len(p), nil
}

func splitBatch(b []byte) (body, rest []byte, ok bool) {
	if len(b) > 0 && (b[0] == '{' || b[0] == '[') {
		return bytes.Cut(b, []byte{'\n'})
	}
	if len(b) < 4 {
		return nil, b, false
	}
	end := 4 + int64(binary.BigEndian.Uint32(b))
	if end > int64(len(b)) {
		return nil, b, false
	}
	return b[4:end], b[end:], true
}

func (f *frame) Close() error {
	f.e.Close()
	if len(f.held) > 0 {
		return errors.New("zstd-framed: the content ends inside a batch")
	}
	return nil
}
