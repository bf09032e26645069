package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

const (
	zstdMagic = 0xfd2fb528
	// zstdWindow bounds the window that a frame may ask for: what `zstd --ultra -22` and --long write.
	zstdWindow = 128 << 20
)

var layerZstd = layer{
	name:    "zstd",
	expands: true,
	sniff: func(head []byte, _ bool) bool {
		if len(head) < 8 {
			return false
		}
		if skippable(head) {
			// A skippable frame in front of a real one, as pzstd and seekable archives write it.
			next := 8 + int64(binary.LittleEndian.Uint32(head[4:]))
			return next+4 <= int64(len(head)) && binary.LittleEndian.Uint32(head[next:]) == zstdMagic
		}
		return binary.LittleEndian.Uint32(head) == zstdMagic
	},
	open: func(f *fileLoad, s *stream) io.Reader {
		d, err := f.zstdDecoder(s.r)
		return &zstdReader{d: d, err: err, losses: s.losses}
	},
}

func skippable(b []byte) bool { return binary.LittleEndian.Uint32(b)&0xfffffff0 == 0x184d2a50 }

// zstdDecoder returns a decoder that starts no goroutine and is closed with the file.
func (f *fileLoad) zstdDecoder(r io.Reader) (*zstd.Decoder, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecodeBuffersBelow(0))
	if err == nil {
		f.closers = append(f.closers, d.Close)
	}
	return d, err
}

// zstdReader delivers every whole block before damage.
type zstdReader struct {
	d      *zstd.Decoder
	losses *lossLog
	any    bool
	err    error
}

func (z *zstdReader) Read(p []byte) (int, error) {
	if z.err != nil {
		return 0, layerErr(layerZstd.name, z.err)
	}
	n, err := z.d.Read(p)
	z.any = z.any || n > 0
	if errors.Is(err, zstd.ErrMagicMismatch) && z.any {
		z.losses.lose(InReading, "what follows the last zstd frame is not zstd")
		err = io.EOF
	}
	z.err = zstdErr(err)
	if n > 0 {
		return n, nil
	}
	return 0, layerErr(layerZstd.name, z.err)
}

// zstdErr says in our words what the limit on windows means.
func zstdErr(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return errors.New("a frame asks for a window above " + sizeText(zstdWindow))
	}
	return err
}

var magicBytes = binary.LittleEndian.AppendUint32(nil, zstdMagic)

// zstdFramed reports whether b begins a batch of the collector's file exporter with compression: zstd.
func zstdFramed(b []byte) bool {
	return len(b) >= 8 && bytes.Equal(b[4:8], magicBytes) && binary.BigEndian.Uint32(b) >= 9
}
