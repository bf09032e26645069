package evidence

import (
	"bytes"
	"io"
	"testing"
)

// FuzzLoad loads any bytes: no panic, an end, every Ref inside its artifact, and the same from one run
// to the next.
func FuzzLoad(f *testing.F) {
	for _, x := range wrapInputs(f) {
		if len(x) > 4<<10 {
			x = x[:4<<10]
		}
		f.Add(x)
	}
	x := []byte(metricsPage)
	for _, w := range wrappings() {
		f.Add(w.wrap(f, x))
		f.Add(w.wrap(f, gzipped(f, x)))
	}
	f.Fuzz(func(t *testing.T, x []byte) {
		o := Options{MaxDecoded: 1 << 20}
		b := LoadReader("x", bytes.NewReader(x), o)
		for i, a := range b.Artifacts {
			checkRefs(t, b, i)
			if a.Status == "" || a.Format == "" {
				t.Errorf("%s: no status or format: %+v", a.Path, a)
			}
		}
		again := LoadReader("x", bytes.NewReader(x), o)
		if len(again.Artifacts) != len(b.Artifacts) || again.Spans.Len() != b.Spans.Len() {
			t.Errorf("%d artifacts and %d spans, then %d and %d", len(b.Artifacts), b.Spans.Len(), len(again.Artifacts), again.Spans.Len())
		}
	})
}

// FuzzUnwrap holds the line wrappers against one reading byte by byte: the size of reads must not matter,
// and no byte of a line without the prefix may be lost.
func FuzzUnwrap(f *testing.F) {
	for _, w := range wrappings() {
		if w.text {
			f.Add(uint8(0), w.wrap(f, []byte(metricsPage+metricsPage)))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, x []byte) {
		w := lineWrappers[int(which)%len(lineWrappers)]
		read := func(p []byte) []byte {
			s := (&fileLoad{}).newStream("x", 0, bytes.NewReader(x), nil)
			u := newUnwrapper(s.r, w, s.losses)
			var out bytes.Buffer
			for {
				n, err := u.Read(p)
				out.Write(p[:n])
				if err == io.EOF {
					return out.Bytes()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		large, small := read(make([]byte, 4096)), read(make([]byte, 1))
		if !bytes.Equal(large, small) {
			t.Errorf("reads of 4096 bytes give %q, of 1 byte %q", large, small)
		}
		if _, ok := parseAny(w, x); !ok && !bytes.Equal(large, x) {
			t.Errorf("no line has the prefix, and %q comes out of %q", large, x)
		}
	})
}

// parseAny reports whether any line of x has the prefix.
func parseAny(w *lineWrapper, x []byte) (l wrappedLine, ok bool) {
	for _, line := range bytes.Split(x, newline) {
		if l, ok = w.parse(line, false); ok {
			return l, true
		}
		if l, ok = w.parse(line, true); ok {
			return l, true
		}
	}
	return l, false
}

// FuzzCRLF holds the CRLF reader against a plain replacement.
func FuzzCRLF(f *testing.F) {
	f.Add([]byte("a\r\nb\r\r\n\rc\r"), uint8(2))
	f.Fuzz(func(t *testing.T, x []byte, size uint8) {
		c := &crlfReader{peekable(bytes.NewReader(x))}
		p := make([]byte, int(size)%9+1)
		var got []byte
		for {
			n, err := c.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				break
			}
		}
		if want := bytes.ReplaceAll(x, []byte("\r\n"), newline); !bytes.Equal(got, want) {
			t.Errorf("%q becomes %q, want %q", x, got, want)
		}
	})
}
