package evidence

import (
	"bytes"
	"testing"
	"testing/iotest"
)

// seedSpecimens gives the fuzzer one small specimen of each sort.
func seedSpecimens(f *testing.F, wanted func(Format) bool) {
	f.Helper()
	for _, s := range specimens(f, wanted) {
		if len(s.data) < 8000 {
			f.Add(s.data)
		}
	}
}

// FuzzGoroutineText checks that no text breaks the reader, that its rows keep their promises, and that
// they depend neither on the window nor on the guess at frames.
func FuzzGoroutineText(f *testing.F) {
	seedSpecimens(f, isDump)
	f.Add([]byte("goroutine 0 gp=0x1 m=nil [a (scan) (leaked), 5 minutes, synctest group 3, what]:\nf(...)\n\tx:1\n"))
	f.Add([]byte("goroutine 7 [select] {a: \"x]:\\n\", : }:\nf(0x1, {...})\n  C:/x y.go:12 +0x1 fp=0x1 sp=0x2 pc=0x3\nnon-Go function\n\tpc=0x12\n"))
	f.Add([]byte("SIGQUIT: quit\nPC=0x1 m=0 sigcode=0\n\ngoroutine 0 [idle]:\nf()\n\tx:1\n\nrax    0x1\ngs     0x0\n\n-----\n\ngoroutine 0 [idle]:\nf()\n\tx:1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := readWith(t, formatGoroutine, data)
		slow := readStream(t, formatGoroutine, iotest.OneByteReader(bytes.NewReader(data)))
		if (a == nil) != (slow == nil) {
			t.Fatalf("refused in one window and not byte by byte: %v", a)
		}
		if a == nil {
			return
		}
		checkDump(t, a.Dump, int64(len(data)))
		cuts := 0
		for _, l := range a.Losses {
			if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > int64(len(data)) {
				t.Fatalf("loss %v of %d bytes", l, len(data))
			}
			if l.Cut {
				cuts++
			}
		}
		if cuts > 1 {
			t.Fatalf("%d cuts", cuts)
		}
		if diff := diffRows(a.Dump, slow.Dump); diff != "" {
			t.Fatalf("byte by byte: %s", diff)
		}
		if diff := diffRows(a.Dump, readLongWay(t, data)); diff != "" {
			t.Fatalf("without guessing: %s", diff)
		}
	})
}

// FuzzDebug1 checks the same of text profiles.
func FuzzDebug1(f *testing.F) {
	seedSpecimens(f, isText)
	f.Add([]byte("x y profile: total 3\n3 @ 0x2 0x2 0x0\n# labels: {\"a\":\"b\", \"\":\"\"}\n#\t0x1\tf+0x1\tx:1\n#\t0x1\tg+0x1\tx:2\n#\t0x2\n\n"))
	f.Add([]byte("heap profile: -1: -2 [3: 4] @ heap/2\n-1: -2 [3: 4] @\n\n# runtime.MemStats\n# DebugGC = false\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := readWith(t, formatDebug1, data)
		if a == nil {
			return
		}
		checkProfile(t, a.Profile, int64(len(data)))
		for _, l := range a.Losses {
			if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > int64(len(data)) {
				t.Fatalf("loss %v of %d bytes", l, len(data))
			}
		}
		slow := readStream(t, formatDebug1, iotest.OneByteReader(bytes.NewReader(data)))
		if slow == nil {
			t.Fatal("refused byte by byte")
		}
		if diff := diffRows(profileRows(a.Profile), profileRows(slow.Profile)); diff != "" {
			t.Fatalf("byte by byte: %s", diff)
		}
	})
}
