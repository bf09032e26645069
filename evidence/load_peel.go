package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// layer is one kind of container or text wrapper. A new one is a file container_NAME.go or
// wrapper_NAME.go and a line in findLayer.
type layer struct {
	name string
	// sniff looks at the first bytes; whole says that head is all there is.
	sniff func(head []byte, whole bool) bool
	// open returns the stream inside. Its errors are peelErrors.
	open func(f *fileLoad, s *stream) io.Reader
	// archive hands the members to f.member, in place of open.
	archive func(f *fileLoad, s *stream)
	// expands says that the stream inside can be much longer than the stream outside.
	expands bool
}

// containers are sought in any stream, in this order.
var containers []*layer

// encodings are sought in text only.
var encodings = []*layer{&layerUTF16, &layerBOM, &layerCRLF}

func init() {
	// Not in the declaration: an archive peels its members with this very list.
	containers = []*layer{&layerGzip, &layerZstd, &layerZstdFramed, &layerZip, &layerTar, &layerHTTP}
}

// findLayer returns the outermost layer of a stream that begins with head, or nil.
func findLayer(head []byte, whole bool) *layer {
	for _, l := range containers {
		if l.sniff(head, whole) {
			return l
		}
	}
	for _, l := range encodings {
		if l.sniff(head, whole) {
			return l
		}
	}
	return findLineWrapper(head, whole)
}

// isTextual reports whether head can be text: no NUL, and few other control characters. Captured text may
// hold bytes that are no UTF-8.
func isTextual(head []byte) bool {
	var control int
	for _, c := range head {
		switch {
		case c == 0:
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x1b:
			control++
		}
	}
	return control*20 <= len(head)
}

// peelError says that a layer ends its stream early.
type peelError struct {
	layer string
	err   error
}

func (e *peelError) Error() string {
	if errors.Is(e.err, io.ErrUnexpectedEOF) {
		return fmt.Sprintf("the %s stream ends early", e.layer)
	}
	return fmt.Sprintf("the %s stream is damaged (%s)", e.layer, e.err)
}

func (e *peelError) Unwrap() error { return e.err }

// limitError ends a stream at Options.MaxDecoded.
type limitError int64

func (e limitError) Error() string {
	return fmt.Sprintf("stopped at the limit of %s decoded from one file (--max-decoded)", sizeText(int64(e)))
}

// layerErr names the layer where the stream outside did not already say why it ended: the outermost
// reason is the true one.
func layerErr(name string, err error) error {
	var p *peelError
	var l limitError
	if err == nil || err == io.EOF || errors.As(err, &p) || errors.As(err, &l) {
		return err
	}
	return &peelError{name, err}
}

// stickyReader repeats the error of r.
type stickyReader struct {
	r   io.Reader
	err error
}

func (s *stickyReader) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.err = err
	return n, err
}

// countReader counts what passes.
type countReader struct {
	r io.Reader
	n int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// deliver is the end of the peeled stream: it tells the loss log how far the reader is.
type deliver struct {
	r   io.Reader
	log *lossLog
}

func (d *deliver) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.log.delivered += int64(n)
	return n, err
}

// limitReader ends a stream once *used has reached limit and more would follow.
type limitReader struct {
	r     io.Reader
	used  *int64
	limit int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	room := l.limit - *l.used
	if room <= 0 {
		var probe [1]byte
		if _, err := io.ReadFull(l.r, probe[:]); err != nil {
			return 0, err
		}
		return 0, limitError(l.limit)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), room)])
	*l.used += int64(n)
	return n, err
}

// headLines calls yield with the lines of head without their ends, until it returns false. A last line
// that head cuts off is left out, unless it is the only one.
func headLines(head []byte, whole bool, yield func(line []byte, cut bool) bool) {
	for first := true; len(head) > 0; first = false {
		line, rest, ended := bytes.Cut(head, []byte{'\n'})
		cut := !ended && !whole
		if cut && !first {
			return
		}
		if !yield(line, cut) {
			return
		}
		head = rest
	}
}
