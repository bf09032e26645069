package evidence

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// Local file header, APPNOTE 6.3 §4.3.7: offsets of the fields used.
const (
	zipLocalBytes     = 30
	zipLocalFlags     = 6
	zipLocalMethod    = 8
	zipLocalPacked    = 18
	zipLocalNameLen   = 26
	zipLocalExtraLen  = 28
	zipFlagEncrypted  = 1 << 0
	zipFlagDescriptor = 1 << 3
)

// salvageZip reads an archive without a directory by its local headers, up to the first that is not
// there or does not say where the next one is.
func (f *fileLoad) salvageZip(s *stream, whole *io.SectionReader, from archiveStart) {
	f.torn = true
	names := memberNames{}
	var off int64
	for {
		next, more := f.salvageMember(s, whole, off, names)
		if !more {
			break
		}
		off = next
	}
	f.archiveDone(s, "zip", from, &peelError{"zip", io.ErrUnexpectedEOF})
}

// salvageMember reads the member at off and returns where the next one begins.
func (f *fileLoad) salvageMember(s *stream, whole *io.SectionReader, off int64, names memberNames) (int64, bool) {
	var h [zipLocalBytes]byte
	if n, _ := whole.ReadAt(h[:], off); n < len(h) || string(h[:4]) != "PK\x03\x04" {
		return 0, false
	}
	field := func(at int) int64 { return int64(binary.LittleEndian.Uint16(h[at:])) }
	name := make([]byte, field(zipLocalNameLen))
	if n, _ := whole.ReadAt(name, off+zipLocalBytes); n < len(name) {
		return 0, false
	}
	start := off + zipLocalBytes + int64(len(name)) + field(zipLocalExtraLen)
	packed := int64(binary.LittleEndian.Uint32(h[zipLocalPacked:]))
	flags, method := field(zipLocalFlags), field(zipLocalMethod)
	// Sizes that stand behind the data or in the extra field leave the end of the stream to be found by
	// decompressing it.
	sized := flags&zipFlagDescriptor == 0 && packed != 1<<32-1
	left := max(whole.Size()-start, 0)
	if sized {
		left = min(left, packed)
	}
	src := &byteCounter{r: bufio.NewReader(io.NewSectionReader(whole, start, left))}
	var r io.Reader
	switch {
	case flags&zipFlagEncrypted != 0:
		r = failReader{errors.New("the member is encrypted")}
	case method == int64(zip.Deflate):
		z := f.newInflater(src)
		defer z.Close()
		r = z
	case method != int64(zip.Store):
		r = failReader{zip.ErrAlgorithm}
	case !sized:
		r = failReader{errors.New("the length of a stored member is lost with the archive's directory")}
	case left < packed:
		r = io.MultiReader(src, failReader{io.ErrUnexpectedEOF})
	default:
		r = src
	}
	if shown := string(name); !strings.HasSuffix(shown, "/") && !f.skipMember(s, shown) {
		if !f.inflated(s, names.unique(shown), left, &layerReader{r: r, name: "zip"}) {
			return 0, false
		}
	}
	if sized {
		return start + packed, true
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(r, f.o.MaxDecoded)); err != nil {
		return 0, false
	}
	return afterDescriptor(whole, start+src.n)
}

// afterDescriptor returns where the header behind a data descriptor (§4.3.9) begins. The descriptor may
// have a signature or not, and sizes of 4 or 8 bytes.
func afterDescriptor(whole *io.SectionReader, off int64) (int64, bool) {
	for _, n := range []int64{16, 24, 12, 20} {
		var sig [2]byte
		if _, err := whole.ReadAt(sig[:], off+n); err == nil && string(sig[:]) == "PK" {
			return off + n, true
		}
	}
	return 0, false
}

// byteCounter counts what is read. It reads single bytes too, so that flate takes no byte behind the end
// of its stream.
type byteCounter struct {
	r *bufio.Reader
	n int64
}

func (c *byteCounter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *byteCounter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// failReader fails.
type failReader struct{ err error }

func (r failReader) Read([]byte) (int, error) { return 0, r.err }
