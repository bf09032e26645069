package evidence

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// unplaced returns the rows without what depends on where they stand.
func unplaced(d *Dump) []resolved {
	rows := resolveAll(d)
	for i := range rows {
		rows[i].Ref, rows[i].Dump = Ref{}, 0
	}
	return rows
}

func specimenNamed(t *testing.T, name string) specimen {
	t.Helper()
	for _, s := range specimens(t, isDump) {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no specimen %s", name)
	return specimen{}
}

func mapLines(data []byte, f func(i int, line string) string) []byte {
	var b bytes.Buffer
	i := 0
	for line := range bytes.Lines(data) {
		b.WriteString(f(i, string(line)))
		i++
	}
	return b.Bytes()
}

// TestGoroutineDisguised reads specimens that pasting, Windows and logging have changed.
func TestGoroutineDisguised(t *testing.T) {
	const logLine = `{"level":"info","msg":"served (ok)","ms":12}` + "\n"
	cases := []struct {
		name    string
		change  func(data []byte) []byte
		foreign int // for each line of the specimen, in a hundredth; -1 where it is not counted
	}{
		{"crlf", func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("\n"), []byte("\r\n")) }, 0},
		{"spaces for tabs", func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("\t"), []byte("        ")) }, 0},
		{"trailing spaces", func(d []byte) []byte { return bytes.ReplaceAll(d, []byte("\n"), []byte("  \n")) }, 0},
		{"a log line after each", func(d []byte) []byte {
			return mapLines(d, func(_ int, line string) string { return line + logLine })
		}, 100},
		{"log around", func(d []byte) []byte {
			log := strings.Repeat("2026/01/02 03:04:05 GET /a (200) in f()\n", 50)
			return []byte(log + string(d) + log)
		}, -1},
		{"no empty lines", func(d []byte) []byte {
			return mapLines(d, func(_ int, line string) string { return strings.TrimLeft(line, "\n") })
		}, 0},
	}
	for _, s := range specimens(t, isDump) {
		if s.truth.Forged != "" || strings.HasPrefix(s.truth.Reason, "panic: watchdog") {
			continue // where the message ends cannot be told without the empty lines
		}
		want := readWith(t, formatGoroutine, s.data)
		for _, c := range cases {
			changed := c.change(s.data)
			a := readWith(t, formatGoroutine, changed)
			if a == nil {
				t.Errorf("%s, %s: refused", s.name, c.name)
				continue
			}
			checkDump(t, a.Dump, int64(len(changed)))
			if diff := diffRows(unplaced(want.Dump), unplaced(a.Dump)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", s.name, c.name, diff)
			}
			if a.Format != want.Format || a.Dump.Reason != want.Dump.Reason || len(a.Losses) > 0 {
				t.Errorf("%s, %s: format %s, reason %q, losses %v", s.name, c.name, a.Format, a.Dump.Reason, a.Losses)
			}
			lines := bytes.Count(s.data, []byte("\n"))
			wantForeign := want.Dump.ForeignLines + c.foreign*lines/100
			if c.foreign >= 0 && a.Dump.ForeignLines != wantForeign && want.Format == FormatGoroutineDebug2 {
				t.Errorf("%s, %s: %d foreign lines, want %d", s.name, c.name, a.Dump.ForeignLines, wantForeign)
			}
			if a.Dump.Dumps != want.Dump.Dumps {
				t.Errorf("%s, %s: %d dumps, want %d", s.name, c.name, a.Dump.Dumps, want.Dump.Dumps)
			}
		}
	}
}

// TestGoroutineSeveral reads files that hold several dumps, one after the other or with a log between.
func TestGoroutineSeveral(t *testing.T) {
	log := strings.Repeat("2026/01/02 03:04:05 still here\n", 20)
	names := []string{
		"go1.22.12/goroutine.debug2.txt", "go1.22.12/panic.txt", "go1.20.14/forged.txt", "go1.20.14/running.txt",
		"go1.27.1/deadlock.txt", "go1.27.1/sigquit.txt", "go1.18.10/goroutine.debug2.txt", "go1.27.1/repanic.txt",
		"go1.26.8/goroutine.debug2.txt",
	}
	for _, between := range []string{"", log} {
		var file bytes.Buffer
		var want []resolved
		dumps := 0
		for _, name := range names {
			s := specimenNamed(t, name)
			file.WriteString(between)
			file.Write(s.data)
			for _, r := range unplaced(readWith(t, formatGoroutine, s.data).Dump) {
				r.Dump = uint32(dumps)
				want = append(want, r)
			}
			dumps++
		}
		a := readWith(t, formatGoroutine, file.Bytes())
		checkDump(t, a.Dump, int64(file.Len()))
		got := resolveAll(a.Dump)
		for i := range got {
			got[i].Ref = Ref{}
		}
		if diff := diffRows(want, got); diff != "" {
			t.Errorf("log %q (-want +got):\n%s", between, diff)
		}
		if a.Dump.Dumps != dumps || a.Dump.ForeignLines != len(names)*strings.Count(between, "\n") {
			t.Errorf("%d dumps, %d foreign lines; want %d, %d", a.Dump.Dumps, a.Dump.ForeignLines, dumps, len(names)*strings.Count(between, "\n"))
		}
		if a.Go.Known() {
			t.Errorf("release %+v of several programs", a.Go)
		}
	}
}

// TestGoroutineLogged reads records in the middle of a log, among lines of any length, one of which says
// "panic: " without being the runtime's.
func TestGoroutineLogged(t *testing.T) {
	first, _, _ := strings.Cut(string(specimenNamed(t, "go1.27.1/goroutine.debug2.txt").data), "\n\n")
	first += "\n"
	cases := []struct {
		name, text  string
		rows, dumps int
		foreign     int
	}{
		{"a caught panic, twice", "panic: caught\n" + first + "GET /\npanic: caught\n" + first, 2, 2, 1},
		{"a caught panic and a trace", "panic: caught\n" + first + "GET /\n" + first, 2, 2, 1},
		{"a very long line", first + strings.Repeat("x", 3*maxLineBytes+7) + "\n" + first, 2, 2, 1},
		{"a very long last line", first + strings.Repeat("x", 3*maxLineBytes+7), 1, 1, 1},
		{"a gap too long", strings.TrimSuffix(first, "\n") + strings.Repeat("\nx", maxGap+5) + "\nmain.late()\n\t/late.go:1 +0x1\n", 1, 1, maxGap + 7},
	}
	for _, c := range cases {
		a := readWith(t, formatGoroutine, []byte(c.text))
		checkDump(t, a.Dump, int64(len(c.text)))
		if len(a.Dump.Goroutines) != c.rows || a.Dump.Dumps != c.dumps || a.Dump.ForeignLines != c.foreign {
			t.Errorf("%s: %d rows, %d dumps, %d foreign lines; want %d, %d, %d", c.name,
				len(a.Dump.Goroutines), a.Dump.Dumps, a.Dump.ForeignLines, c.rows, c.dumps, c.foreign)
		}
		if n := len(a.Dump.Stacks); n != 2 {
			t.Errorf("%s: %d stacks, want 2: %v", c.name, n, a.Dump.Frames)
		}
	}
}

// A log without a record is refused, whatever words it holds.
func TestGoroutineRefused(t *testing.T) {
	texts := []string{
		"", "\n\n", "hello\n", "goroutine 5 [running]\n", "see goroutine 5 [running]:\nmain.f()\n\t/x.go:1\n",
		"goroutine 5 [running]:\nthis is a log line\nand another\n",
		"goroutine 5 [running]:\n\nmain.f()\n\t/x.go:1 +0x1\n",
		"goroutine profile: total 3\n3 @ 0x1\n#\t0x0\tmain.f+0x1\t/x.go:1\n",
		"panic: boom\n\ngoroutine 9 [select]:\nmain.f()\n\t/x.go:1 +0x1\n",
		"goroutine 99999999999999999999 [running]:\nmain.f()\n\t/x.go:1 +0x1\n",
		"\x00\x01goroutine 1 [running]:\nmain.main()\n\t/x.go:1 +0x1\n",
	}
	for _, text := range texts {
		if a := readWith(t, formatGoroutine, []byte(text)); a != nil {
			t.Errorf("%q: %d rows", text, len(a.Dump.Goroutines))
		}
	}
}

// TestGoroutineForeignCode reads frames of C and stacks that the runtime found broken. No toolchain
// without cgo prints them: the lines are those of runtime/traceback.go, printOneCgoTraceback, unwinder.next
// and tracebackHexdump, put into a captured record.
func TestGoroutineForeignCode(t *testing.T) {
	s := specimenNamed(t, "go1.27.1/deadlock.txt")
	head, tail, ok := strings.Cut(string(s.data), "main.receive()\n")
	if !ok {
		t.Fatal("no main.receive in the specimen")
	}
	cases := []struct {
		name, lines string
		frames      []Frame
		broken      bool
	}{
		{"no symbolizer", "non-Go function at pc=0x7f1234\n", []Frame{{Func: "non-Go function"}}, false},
		{"no name", "non-Go function\n\tpc=0x7f1234\n", []Frame{{Func: "non-Go function"}}, false},
		{"symbols", "poll(int, char*) const\n\t/src/poll.c:12 pc=0x7f1234\n", []Frame{{Func: "poll(int, char*) const", File: "/src/poll.c", Line: 12}}, false},
		{"broken", "runtime: g 7: unexpected return pc for main.receive called from 0x12\n" +
			"stack: frame={sp:0xc000, fp:0xc010} stack=[0xc000,0xd000)\n0x000000c000001000:  0x0000000000000001  0x0000000000000002 \n", nil, true},
	}
	for _, c := range cases {
		a := readWith(t, formatGoroutine, []byte(head+c.lines+"main.receive()\n"+tail))
		rows := resolveAll(a.Dump)
		if len(rows) != s.truth.Goroutines || a.Dump.ForeignLines != 0 {
			t.Errorf("%s: %d rows, %d foreign lines", c.name, len(rows), a.Dump.ForeignLines)
		}
		got := rows[1]
		want := fmt.Sprint(append(c.frames, Frame{Func: "main.receive", File: "witnessmark.example/goroutines/plant.go", Line: 23}))
		if fmt.Sprint(got.Frames) != want || got.Flags&GBroken != 0 != c.broken {
			t.Errorf("%s: frames %v, flags %b; want %v", c.name, got.Frames, got.Flags, want)
		}
	}
}

func TestGorootMinor(t *testing.T) {
	for path, want := range map[string]int{
		"/usr/local/go1.22/src/runtime/proc.go":                                                 22,
		"/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64/src/runtime/proc.go": 27,
		"/usr/lib/go-1.19/src/runtime/proc.go":                                                  19,
		"/usr/local/go/src/runtime/proc.go":                                                     0,
		"runtime/proc.go":                                                                       0,
		"/home/go1.20/go/src/runtime/proc.go":                                                   0,
	} {
		if got := gorootMinor(&Frame{Func: "runtime.gopark", File: path}); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if got := gorootMinor(&Frame{Func: "main.f", File: "/usr/local/go1.22/src/runtime/proc.go"}); got != 0 {
		t.Errorf("main.f: %d", got)
	}
}
