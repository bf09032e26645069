package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxZipBuffer bounds a zip archive that must be held in memory because its directory stands at its
// end: one from standard input, or inside another container.
const maxZipBuffer = 512 << 20

// zipZstd is the compression method 93 (APPNOTE 6.3.8).
const zipZstd = 93

var layerZip = layer{
	name: "zip",
	sniff: func(head []byte, _ bool) bool {
		if len(head) < 22 {
			return false
		}
		switch string(head[:4]) {
		case "PK\x03\x04":
			// The version needed is at most 6.3, written as 63.
			return head[4] <= 63 && head[5] == 0
		case "PK\x05\x06":
			return true
		}
		return false
	},
	archive: (*fileLoad).zip,
}

// zip visits the files of an archive in the order of its directory. Without a directory, as in an
// archive that is cut, it goes from one local header to the next.
func (f *fileLoad) zip(s *stream) {
	from := f.archiveStart()
	whole, err := s.seekable()
	if err != nil {
		f.archiveDone(s, "zip", from, layerErr("zip", err))
		return
	}
	zr, err := zip.NewReader(whole, whole.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		f.salvageZip(s, whole, from)
		return
	}
	zr.RegisterDecompressor(zip.Deflate, f.newInflater)
	zr.RegisterDecompressor(zipZstd, zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow)))
	names := memberNames{}
	for _, m := range zr.File {
		if strings.HasSuffix(m.Name, "/") || !m.Mode().IsRegular() || f.skipMember(s, m.Name) {
			continue
		}
		if !f.zipMember(s, names.unique(m.Name), m) {
			break
		}
	}
	f.archiveDone(s, "zip", from, nil)
}

func (f *fileLoad) zipMember(s *stream, name string, m *zip.File) bool {
	size := int64(min(m.CompressedSize64, 1<<62))
	if m.Flags&1 != 0 {
		f.fail(s.path+"!"+name, size, s.containers, errors.New("the member is encrypted"))
		return true
	}
	r, err := m.Open()
	if err != nil {
		f.fail(s.path+"!"+name, size, s.containers, fmt.Errorf("open: %w", err))
		return true
	}
	defer r.Close()
	return f.inflated(s, name, size, &zipReader{f: f, r: r, losses: s.losses, name: name})
}

// inflated peels a member that its archive has decompressed.
func (f *fileLoad) inflated(s *stream, name string, size int64, r io.Reader) bool {
	limited := &limitReader{r: r, used: &f.used[len(s.containers)], limit: f.o.MaxDecoded}
	inside := *s
	inside.decompressed = true
	return f.member(&inside, name, size, limited, nil)
}

// zipReader turns a wrong checksum, which a member's last read reports, into a Loss of the archive.
type zipReader struct {
	f      *fileLoad
	r      io.Reader
	losses *lossLog
	name   string
}

func (z *zipReader) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	if errors.Is(err, zip.ErrChecksum) {
		z.losses.lose(InReading, "the checksum of member %q does not match", z.name)
		err = io.EOF
	}
	if err != nil && err != io.EOF {
		z.f.torn = true
	}
	return n, layerErr("zip", err)
}

// seekable returns the rest of the stream by offset, from memory if it does not come from a file.
func (s *stream) seekable() (*io.SectionReader, error) {
	if s.whole != nil {
		return s.whole, nil
	}
	var buf bytes.Buffer
	n, err := io.Copy(&buf, io.LimitReader(s.r, maxZipBuffer+1))
	if n > maxZipBuffer {
		return nil, fmt.Errorf("longer than %s and not a file of its own: extract it first", sizeText(maxZipBuffer))
	}
	// An archive that ends early is salvaged, whatever ended it.
	if err != nil && n == 0 {
		return nil, err
	}
	return io.NewSectionReader(bytes.NewReader(buf.Bytes()), 0, n), nil
}
