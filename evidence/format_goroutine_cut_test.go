package evidence

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// resolved is a row with what its indexes mean.
type resolved struct {
	Goroutine
	State     string
	Frames    []Frame
	CreatedBy Frame
	Labels    []Label
}

func resolve(d *Dump, g Goroutine) resolved {
	r := resolved{Goroutine: g, State: d.States[g.State], CreatedBy: d.Frames[g.CreatedBy], Labels: d.Labels[g.Labels]}
	for _, f := range d.Stacks[g.Stack] {
		r.Frames = append(r.Frames, d.Frames[f])
	}
	r.Goroutine.State, r.Goroutine.Stack, r.Goroutine.CreatedBy, r.Goroutine.Labels = 0, 0, 0, 0
	return r
}

func resolveAll(d *Dump) []resolved {
	rows := make([]resolved, len(d.Goroutines))
	for i, g := range d.Goroutines {
		rows[i] = resolve(d, g)
	}
	return rows
}

// cutPoints returns every length to cut data to where it is short; else lengths anywhere and the ends of
// lines with their neighbours, the same in every run.
func cutPoints(data []byte) []int {
	var points []int
	if len(data) <= 500 {
		for k := range data {
			points = append(points, k)
		}
		return points
	}
	count := 120
	if testing.Short() {
		count = 15
	}
	rng := rand.New(rand.NewPCG(3, uint64(len(data))))
	for range count {
		points = append(points, rng.IntN(len(data)))
	}
	lines := bytes.Count(data, []byte("\n"))
	off := 0
	for line := range bytes.Lines(data) {
		off += len(line)
		if rng.IntN(lines) < count/3 && off < len(data) {
			points = append(points, off-1, off, min(off+1, len(data)-1))
		}
	}
	return points
}

func TestGoroutineCuts(t *testing.T) {
	for _, s := range specimens(t, isDump) {
		t.Run(s.name, func(t *testing.T) {
			whole := readWith(t, formatGoroutine, s.data)
			want := resolveAll(whole.Dump)
			points := cutPoints(s.data)
			for _, k := range points {
				checkCut(t, s, want, k)
				if t.Failed() {
					t.Fatalf("cut to %d of %d bytes: %q", k, len(s.data), s.data[max(0, k-200):k])
				}
			}
		})
	}
}

// checkCut reads the first k bytes of a specimen: the rows are those of the whole before the cut, and one
// Loss says where it is, unless the bytes are those of a whole dump.
func checkCut(t *testing.T, s specimen, want []resolved, k int) {
	t.Helper()
	data := s.data[:k]
	a := readWith(t, formatGoroutine, data)
	if rawMessage(s) && int64(k) < want[0].Ref.Off+want[0].Ref.Len {
		return // a text that ends inside a forged record is an honest dump to the byte
	}
	if a == nil {
		// The header of the first row is not complete.
		if header := bytes.IndexByte(s.data[want[0].Ref.Off:], '\n'); int64(k) >= want[0].Ref.Off+int64(header) {
			t.Error("refused")
		}
		return
	}
	checkDump(t, a.Dump, int64(k))
	got := resolveAll(a.Dump)
	if len(got) > len(want) {
		t.Errorf("%d rows of %d", len(got), len(want))
		return
	}
	last := len(got) - 1
	if diff := diffRows(want[:last], got[:last]); diff != "" {
		t.Errorf("rows before the last (-want +got):\n%s", diff)
	}
	if got[last].Flags&GCut == 0 {
		// What follows the record, such as a word of its ancestors, may be lost without a trace.
		if endsRecord(data) && got[last].Flags != want[last].Flags {
			got[last].Flags, got[last].Ref = want[last].Flags, want[last].Ref
		}
		if diff := diffRows(want[last], got[last]); diff != "" {
			t.Errorf("last row (-want +got):\n%s", diff)
		}
	} else if err := isPrefix(want[last], got[last]); err != "" {
		t.Errorf("cut row: %s\nwant %+v\ngot %+v", err, want[last], got[last])
	}
	cuts := 0
	for _, l := range a.Losses {
		if l.Cut {
			cuts++
		}
	}
	if len(a.Losses) != cuts || cuts > 1 {
		t.Errorf("losses %v", a.Losses)
	}
	if cuts == 0 && !endsRecord(data) && !bytes.Contains(data, []byte("\n-----\n")) {
		t.Error("no Loss")
	}
}

// rawMessage reports whether the specimen's panic message stands in the text as it is: up to go1.22.
func rawMessage(s specimen) bool {
	return s.truth.minor() <= 22 && (s.truth.Forged != "" || strings.HasPrefix(s.truth.Reason, "panic: watchdog"))
}

// endsRecord reports whether data ends as a whole dump may: after the file line of "created by" or of
// main.main, and perhaps an empty line.
func endsRecord(data []byte) bool {
	if bytes.Contains(data, []byte("SIGQUIT: quit\n")) || !bytes.HasSuffix(data, []byte("\n")) {
		return false
	}
	lines := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	if len(lines) < 2 || len(bytes.TrimRight(data, "\n"))+2 < len(data) {
		return false
	}
	fn, file := lines[len(lines)-2], lines[len(lines)-1]
	return bytes.HasPrefix(file, []byte("\t")) && (bytes.HasPrefix(fn, []byte("created by ")) ||
		bytes.HasPrefix(fn, []byte("main.main(")) || bytes.HasPrefix(fn, []byte("runtime.goexit(")))
}

// isPrefix says why got is not the beginning of want.
func isPrefix(want, got resolved) string {
	if got.Ref.Off != want.Ref.Off || got.Ref.Len > want.Ref.Len {
		return "ref"
	}
	if len(got.Frames) > len(want.Frames) || !slices.Equal(want.Frames[:len(got.Frames)], got.Frames) {
		return "frames"
	}
	if got.CreatedBy != (Frame{}) && got.CreatedBy != want.CreatedBy {
		return "creator"
	}
	if got.Elided != 0 && got.Elided != want.Elided {
		return "elided"
	}
	if got.Flags&^(want.Flags|GCut) != 0 {
		return "flags"
	}
	got.Ref, got.Frames, got.CreatedBy, got.Flags = want.Ref, want.Frames, want.CreatedBy, want.Flags
	got.Elided, got.CreatorID = want.Elided, want.CreatorID
	return diffRows(want, got)
}

// diffRows is cmp.Diff, at the price of a comparison where there is no difference.
func diffRows(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// TestGoroutineWindow reads through windows that end anywhere, and without guessing at frames: the rows
// do not depend on either.
func TestGoroutineWindow(t *testing.T) {
	for _, s := range specimens(t, isDump) {
		want := readWith(t, formatGoroutine, s.data)
		got := readStream(t, formatGoroutine, iotest.OneByteReader(bytes.NewReader(s.data)))
		if diff := cmp.Diff(resolveAll(want.Dump), resolveAll(got.Dump)); diff != "" {
			t.Errorf("%s, byte by byte: %s", s.name, diff)
		}
		if diff := cmp.Diff(want.Dump, readLongWay(t, s.data)); diff != "" {
			t.Errorf("%s, every line parsed: %s", s.name, diff)
		}
	}
}

// readLongWay reads data without guessing at frames. nil if it is refused.
func readLongWay(t testing.TB, data []byte) *Dump {
	t.Helper()
	a := &Artifact{}
	p := newDumpReader(newInput(bytes.NewReader(data), a, 0))
	p.noGuess = true
	p.run()
	p.finish()
	return a.Dump
}

// A dump of exactly 64 MiB was cut by the runtime, wherever its last record ends.
func TestGoroutineRuntimeCut(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MiB")
	}
	record := "goroutine %08d [chan receive]:\nmain.f()\n\t/main.go:1 +0x1\ncreated by main.main in goroutine 1\n\t/main.go:2 +0x1\n\n"
	var b bytes.Buffer
	for i := 0; b.Len() < runtimeCutBytes; i++ {
		fmt.Fprintf(&b, record, 2+i)
	}
	for _, size := range []int{runtimeCutBytes, runtimeCutBytes - 1} {
		a := readWith(t, formatGoroutine, b.Bytes()[:size])
		if len(a.Losses) != 1 || !a.Losses[0].Cut {
			t.Fatalf("%d bytes: losses %v", size, a.Losses)
		}
		want := InReading
		if size == runtimeCutBytes {
			want = InCapture
		}
		if a.Losses[0].Origin != want {
			t.Errorf("%d bytes: %v", size, a.Losses[0])
		}
		if last := a.Dump.Goroutines[len(a.Dump.Goroutines)-1]; last.Flags&GCut == 0 || last.Ref != a.Losses[0].Ref && last.Ref.Off != a.Losses[0].Ref.Off {
			t.Errorf("%d bytes: last row %+v, loss %+v", size, last, a.Losses[0])
		}
	}
}
