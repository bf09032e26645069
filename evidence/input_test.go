package evidence

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestInputWindow(t *testing.T) {
	x := make([]byte, 3*windowBytes)
	for i := range x {
		x[i] = byte(i * 7 / 3)
	}
	for _, r := range []struct {
		name string
		r    io.Reader
	}{
		{"at once", bytes.NewReader(x)},
		{"in halves", iotest.HalfReader(bytes.NewReader(x))},
		{"with the error", iotest.DataErrReader(bytes.NewReader(x))},
	} {
		t.Run(r.name, func(t *testing.T) {
			a := &Artifact{}
			in := newInput(r.r, a, 0)
			if !in.fill(10) || in.off() != 0 || !bytes.Equal(in.data()[:10], x[:10]) {
				t.Fatalf("the first bytes are wrong")
			}
			in.advance(10)
			if n := in.skip(windowBytes); n != windowBytes || in.off() != windowBytes+10 {
				t.Fatalf("skipped %d, at %d", n, in.off())
			}
			if !in.fill(100) || !bytes.Equal(in.data()[:100], x[windowBytes+10:][:100]) {
				t.Fatal("the bytes after skip are wrong")
			}
			// A leaf longer than the window makes it grow, and leaves what was there.
			if !in.fill(windowBytes+500) || !bytes.Equal(in.data(), x[windowBytes+10:][:len(in.data())]) {
				t.Fatal("the grown window is wrong")
			}
			if in.fill(len(x)) {
				t.Fatal("fill found more bytes than there are")
			}
			in.drain()
			in.close()
			if a.DecodedBytes != int64(len(x)) || len(a.Losses) != 0 {
				t.Errorf("%d decoded bytes, losses %v", a.DecodedBytes, a.Losses)
			}
		})
	}
}

func TestInputCut(t *testing.T) {
	torn := errors.New("the gzip stream ends early")
	for _, c := range []struct {
		name   string
		err    error
		reader bool // the reader names the cut
		want   string
	}{
		{"container, no reader", torn, false, "the gzip stream ends early"},
		{"container, inside a record", torn, true, "the gzip stream ends early, inside a span"},
		{"content", nil, true, "inside a span"},
		{"whole", nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r io.Reader = bytes.NewReader([]byte("0123456789"))
			if c.err != nil {
				r = io.MultiReader(r, iotest.ErrReader(c.err))
			}
			a := &Artifact{}
			in := newInput(r, a, 4)
			in.drain()
			if c.reader {
				in.cut(6, 10, "inside a span")
				in.cut(8, 10, "a second cut")
			}
			in.close()
			if c.want == "" {
				if len(a.Losses) != 0 {
					t.Errorf("losses %v", a.Losses)
				}
				return
			}
			if len(a.Losses) != 1 || a.Losses[0].What != c.want || !a.Losses[0].Cut || a.Losses[0].Ref.Artifact != 4 {
				t.Errorf("losses %v, want %s", a.Losses, c.want)
			}
		})
	}
}

// TestInputNoProgress: a reader that returns nothing for ever ends the stream.
func TestInputNoProgress(t *testing.T) {
	a := &Artifact{}
	in := newInput(readerFunc(func([]byte) (int, error) { return 0, nil }), a, 0)
	if in.more() {
		t.Error("more found bytes where there are none")
	}
	in.close()
	if a.Cut() == nil {
		t.Error("no cut is recorded")
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
