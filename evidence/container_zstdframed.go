package evidence

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"github.com/klauspost/compress/zstd"
)

// The collector's file exporter with `compression: zstd` compresses each batch on its own and writes it
// behind its compressed length, 4 bytes big-endian (exporter/fileexporter/file_writer.go,
// exportMessageAsBuffer, v0.158). Peeled, the stream is what the exporter writes without compression:
// protobuf batches behind their length, JSON batches each on a line.
var layerZstdFramed = layer{
	name:    "zstd-framed",
	expands: true,
	sniff:   func(head []byte, _ bool) bool { return zstdFramed(head) },
	open: func(f *fileLoad, s *stream) io.Reader {
		return &framedReader{f: f, src: s.r, losses: s.losses}
	},
}

// maxBatchBytes bounds one batch, compressed, and decoded if it is protobuf: its length stands before
// it, so that it is held in memory.
const maxBatchBytes = 512 << 20

// framedReader re-frames batches.
type framedReader struct {
	f      *fileLoad
	src    *bufio.Reader
	losses *lossLog
	d      *zstd.Decoder
	batch  bytes.Buffer // the compressed batch
	cut    bool         // the file ends inside the batch
	number int          // of the batch, from 1
	out    bytes.Buffer // decoded, to be delivered
	json   bool         // further bytes of a JSON batch come from d
	err    error
}

func (r *framedReader) Read(p []byte) (int, error) {
	for {
		if r.out.Len() > 0 {
			return r.out.Read(p)
		}
		if r.json {
			n, err := r.d.Read(p)
			if err != nil {
				r.json = false
				r.end(err)
				r.out.WriteByte('\n')
			}
			if n > 0 {
				return n, nil
			}
			continue
		}
		if r.err != nil {
			return 0, r.err
		}
		r.err = r.next()
	}
}

// next reads the next compressed batch and begins to decode it.
func (r *framedReader) next() error {
	head, err := r.src.Peek(8)
	if len(head) == 0 {
		return layerErr(layerZstdFramed.name, err)
	}
	if !zstdFramed(head) && len(head) == 8 {
		n, err := io.Copy(io.Discard, r.src)
		r.losses.lose(InReading, "%d bytes follow batch %d and are no batch", n, r.number)
		if err == nil {
			err = io.EOF
		}
		return layerErr(layerZstdFramed.name, err)
	}
	r.number++
	r.batch.Reset()
	r.cut = false
	if len(head) < 8 {
		return &peelError{layerZstdFramed.name, io.ErrUnexpectedEOF}
	}
	length := int64(binary.BigEndian.Uint32(head))
	r.src.Discard(4)
	n, err := io.Copy(&r.batch, io.LimitReader(r.src, min(length, maxBatchBytes)))
	if err != nil {
		r.cut = true
		return r.begin(layerErr(layerZstdFramed.name, err))
	}
	if n == maxBatchBytes && n < length {
		r.losses.lose(InReading, "batch %d is longer than %s", r.number, sizeText(maxBatchBytes))
		_, err := io.CopyN(io.Discard, r.src, length-n)
		return layerErr(layerZstdFramed.name, err)
	}
	if n < length {
		r.cut = true
		return r.begin(&peelError{layerZstdFramed.name, io.ErrUnexpectedEOF})
	}
	return r.begin(nil)
}

// begin decodes the batch that was read; after is the error that follows it.
func (r *framedReader) begin(after error) error {
	// The decoder must not see a *bytes.Buffer, which it would decode at once.
	src := struct{ io.Reader }{bytes.NewReader(r.batch.Bytes())}
	var err error
	if r.d == nil {
		r.d, err = r.f.zstdDecoder(src)
	} else {
		err = r.d.Reset(src)
	}
	if err != nil {
		r.end(err)
		return after
	}
	var first [1]byte
	if _, err := io.ReadFull(r.d, first[:]); err != nil {
		r.end(err)
		return after
	}
	if first[0] == '{' || first[0] == '[' {
		r.out.Write(first[:])
		r.json = true
		return after
	}
	room := min(maxBatchBytes, r.f.o.MaxDecoded+1)
	r.out.Write([]byte{0, 0, 0, 0, first[0]})
	_, err = io.Copy(&r.out, io.LimitReader(r.d, room))
	size := int64(r.out.Len() - 4)
	switch {
	case r.cut:
		// As if the uncompressed file had been cut: the length is that of the whole batch.
		size = max(size+1, r.claimed())
	case err != nil:
		r.out.Reset()
		r.end(err)
		return after
	case size > room:
		r.out.Reset()
		r.losses.lose(InReading, "batch %d is longer than %s decoded", r.number, sizeText(room))
		return after
	}
	binary.BigEndian.PutUint32(r.out.Bytes(), uint32(min(size, 1<<32-1)))
	return after
}

// claimed returns the decoded size that the batch's header names, 0 if none.
func (r *framedReader) claimed() int64 {
	var h zstd.Header
	if h.Decode(r.batch.Bytes()) != nil || !h.HasFCS {
		return 0
	}
	return int64(min(h.FrameContentSize, 1<<32-1))
}

// end records why the decoding of a batch ended. A batch whose end the file cuts off is the reader's
// cut; in any other, the length before the batch still tells where the next one begins.
func (r *framedReader) end(err error) {
	if err != nil && err != io.EOF && !r.cut {
		r.losses.lose(InReading, "batch %d of %d compressed bytes is damaged (%s)", r.number, r.batch.Len(), zstdErr(err))
	}
}
