package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Rules of the window, each learnt from a bug or a factor:
//   - The leaf held in memory is one record (a span, a resource, a line), never a line of JSON or a
//     request. Where it crosses the window's end, the reader rewinds to its start, calls more, and
//     parses it again; it has no side effect before the leaf is complete.
//   - The window grows only as bytes arrive, never by a length that the input claims.
//   - Every loop of a reader consumes at least one byte or stops.

const (
	// windowBytes is the size of the window once the first sniffBytes are full: large enough that refills are rare, small enough to
	// stay in cache.
	windowBytes = 256 << 10
	// maxLeafBytes bounds the window: one record larger than this is lost, with a Loss.
	maxLeafBytes = 256 << 20
	// seekBytes is how much is passed over unread where that can be: less is read faster than sought. aheadBytes is how much is read
	// behind it at first, as the next passage may be near.
	seekBytes, aheadBytes = 16 << 10, 4 << 10
)

// input is the decoded byte stream of one artifact, seen through one window.
type input struct {
	r     io.Reader
	whole *io.SectionReader // r where skip may pass over bytes unread, else nil
	art   *Artifact
	index uint32 // of art in Bundle.Artifacts

	buf      []byte
	pos, end int   // buf[pos:end] is read and not consumed
	base     int64 // decoded offset of buf[0]
	ahead    int   // bounds the next read; 0 for what the window has room for
	eof      bool  // r has no more bytes
	err      error // why r ended early; nil at a clean end
	cutDone  bool
}

func newInput(r io.Reader, art *Artifact, index uint32) *input {
	whole, _ := r.(*io.SectionReader)
	return &input{r: r, whole: whole, art: art, index: index}
}

// data returns the bytes in the window that are not consumed. They stay valid until more or advance.
func (in *input) data() []byte { return in.buf[in.pos:in.end] }

// off returns the decoded offset of data()[0].
func (in *input) off() int64 { return in.base + int64(in.pos) }

// advance consumes n bytes of data().
func (in *input) advance(n int) { in.pos += n }

// more reads further bytes into the window, moving or growing it as needed. It returns false, with
// data() unchanged in content, when the stream has ended or the window is at maxLeafBytes.
func (in *input) more() bool {
	if in.eof {
		return false
	}
	if in.pos > 0 {
		copy(in.buf, in.buf[in.pos:in.end])
		in.base += int64(in.pos)
		in.end -= in.pos
		in.pos = 0
	}
	if in.end == len(in.buf) || in.base > 0 && in.ahead == 0 && len(in.buf) < windowBytes {
		if len(in.buf) >= maxLeafBytes {
			return false
		}
		size := max(windowBytes, 2*len(in.buf))
		if in.buf == nil {
			size = sniffBytes // most captures are no larger, and there may be ten thousand of them
		}
		grown := make([]byte, size)
		copy(grown, in.buf[:in.end])
		in.buf = grown
	}
	room := in.buf[in.end:]
	if in.ahead > 0 {
		room = room[:min(len(room), in.ahead)]
		if in.ahead *= 2; in.ahead >= windowBytes {
			in.ahead = 0
		}
	}
	for range 100 {
		n, err := in.r.Read(room)
		in.end += n
		if err != nil {
			in.eof = true
			if err != io.EOF {
				in.err = err
			}
			return n > 0
		}
		if n > 0 {
			return true
		}
	}
	in.eof, in.err = true, io.ErrNoProgress
	return false
}

// fill makes at least n bytes available and reports whether it could.
func (in *input) fill(n int) bool {
	for in.end-in.pos < n {
		if !in.more() {
			return false
		}
	}
	return true
}

// skip consumes n bytes, reading as needed, and reports how many there were.
func (in *input) skip(n int64) int64 {
	if in.whole != nil && !in.eof && n-int64(in.end-in.pos) >= seekBytes {
		return in.seek(n)
	}
	var done int64
	for done < n {
		if in.pos == in.end && !in.more() {
			break
		}
		k := min(int64(in.end-in.pos), n-done)
		in.pos += int(k)
		done += k
	}
	return done
}

// seek consumes n bytes unread, and reports how many there were.
func (in *input) seek(n int64) int64 {
	from := in.off()
	n = min(n, in.whole.Size()-from)
	in.base, in.pos, in.end, in.ahead = from+n, 0, 0, aheadBytes
	if _, err := in.whole.Seek(in.base, io.SeekStart); err != nil {
		in.eof, in.err = true, err
	}
	return n
}

// drain consumes the rest of the stream.
func (in *input) drain() {
	for in.pos = in.end; in.more(); in.pos = in.end {
	}
}

// ref returns the Ref of n bytes at decoded offset off.
func (in *input) ref(off, n int64) Ref { return Ref{Artifact: in.index, Off: off, Len: n} }

// lose records data known to be missing at n bytes from decoded offset off.
func (in *input) lose(off, n int64, origin LossOrigin, format string, args ...any) {
	in.art.lose(Loss{Ref: in.ref(off, n), Origin: origin, What: fmt.Sprintf(format, args...)})
}

// cut records that the stream ends at the decoded offset end, inside what the arguments say began at
// off. Only the first cut of an artifact counts. Where a container ended early, its reason is part of
// the Loss, so that one cut is one Loss.
func (in *input) cut(off, end int64, format string, args ...any) {
	in.cutBy(InReading, off, end, format, args...)
}

// cutBy is cut with the origin: InCapture where the bytes show that the capturing program stopped there.
func (in *input) cutBy(origin LossOrigin, off, end int64, format string, args ...any) {
	if in.cutDone {
		return
	}
	in.cutDone = true
	what := fmt.Sprintf(format, args...)
	switch {
	case in.err != nil && what == "":
		what = endReason(in.err)
	case in.err != nil:
		what = fmt.Sprintf("%s, %s", endReason(in.err), what)
	}
	l := Loss{Ref: in.ref(off, end-off), Origin: origin, What: what, Cut: true}
	// The cut is never dropped by the bound on losses.
	in.art.Losses = append(in.art.Losses, l)
}

// close records a cut that no reader has put into words: the container ended early, and the reader, if
// there was one, stopped at a record's border.
func (in *input) close() {
	in.art.DecodedBytes = in.base + int64(in.end)
	if in.err != nil && !in.cutDone {
		var where string
		if in.art.Read() {
			where = "after a whole record"
		}
		in.cut(in.art.DecodedBytes, in.art.DecodedBytes, "%s", where)
	}
}

// endReason puts into words why a stream ended early. The containers say it themselves; what comes from
// the file system names the operation and the path, of which the artifact holds the latter.
func endReason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Op + ": " + p.Err.Error()
	}
	return err.Error()
}
