package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dump returns goroutine text with a blank line between its records.
func dump(t testing.TB) []byte {
	t.Helper()
	stop := make(chan struct{})
	defer close(stop)
	for range 3 {
		go func() { <-stop }()
	}
	buf := make([]byte, 1<<20)
	text := append(bytes.TrimRight(buf[:runtime.Stack(buf, true)], "\n"), '\n')
	if bytes.Count(text, []byte("\n\ngoroutine ")) < 3 {
		t.Fatal("the dump has too few goroutines to test with")
	}
	return text
}

// TestInterleavedSources mixes the lines of two pods.
func TestInterleavedSources(t *testing.T) {
	x := dump(t)
	var mixed bytes.Buffer
	for _, line := range lines(x) {
		fmt.Fprintf(&mixed, "[pod/a-1/app] %s\n[pod/b-1/app] %s\n", line, line)
	}
	want := LoadReader("x", bytes.NewReader(slices.Concat(x, x)), Options{})
	got := LoadReader("x", &mixed, Options{})
	if diff := cmp.Diff(snapshot(want), snapshot(got), compareRows); diff != "" {
		t.Errorf("two pods, interleaved, are not read one after the other (-want +got):\n%s", diff)
	}
}

// TestInterleavedStreams puts lines of standard output between the pieces of a line of standard error.
func TestInterleavedStreams(t *testing.T) {
	now := stamp.Format(time.RFC3339Nano)
	in := fmt.Sprintf("%[1]s stderr P one \n%[1]s stdout F log\n%[1]s stderr P two \n%[1]s stdout P lo\n%[1]s stderr F three\n%[1]s stdout F g 2\n%[1]s stderr F end\n", now)
	want := "one two three\nlog\nlog 2\nend\n"
	s := (&fileLoad{}).newStream("x", 0, strings.NewReader(in), nil)
	var got bytes.Buffer
	if _, err := got.ReadFrom(newUnwrapper(s.r, &wrapperCRI, s.losses)); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

// TestInterleavedTooFar has more waiting than may be held: nothing is lost, and it is said that records
// may be torn.
func TestInterleavedTooFar(t *testing.T) {
	const spool = 1 << 20
	long := strings.Repeat("x", spool/100)
	var in bytes.Buffer
	const pairs = 150
	for i := range pairs {
		fmt.Fprintf(&in, "[pod/a/c] a%d\n[pod/b/c] b%d%s\n", i, i, long)
	}
	s := (&fileLoad{}).newStream("x", 0, &in, nil)
	var got bytes.Buffer
	u := newUnwrapper(s.r, &wrapperKubectl, s.losses)
	u.spool = spool
	if _, err := got.ReadFrom(u); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, line := range lines(got.Bytes()) {
		seen[strings.Trim(string(line), "x")]++
	}
	if len(seen) != 2*pairs {
		t.Errorf("%d distinct lines come out, want %d", len(seen), 2*pairs)
	}
	if len(s.losses.list) != 1 {
		t.Errorf("losses %v, want one", s.losses.list)
	}
}

// TestBlankLinesRestored drops the empty lines of a dump, as journald does.
func TestBlankLinesRestored(t *testing.T) {
	x := dump(t)
	var dropped bytes.Buffer
	for i, line := range lines(x) {
		if len(line) > 0 {
			fmt.Fprintf(&dropped, "%s node1 app[17]: %s\n", later(i).Format(time.Stamp), line)
		}
	}
	want, got := loadBytes(t, x), loadBytes(t, dropped.Bytes())
	if diff := cmp.Diff(snapshot(want), snapshot(got), compareRows); diff != "" {
		t.Errorf("without its blank lines the dump reads differently (-want +got):\n%s", diff)
	}
}

// TestEscapedTabs reads a dump that went through rsyslog, which writes a tab as #011.
func TestEscapedTabs(t *testing.T) {
	x := dump(t)
	escaped := prefixLines(bytes.ReplaceAll(x, []byte("\n\t"), []byte("\n#011")), func(i int) string {
		return "<11>" + later(i).Format(time.Stamp) + " node1 app[17]: "
	})
	if diff := cmp.Diff(snapshot(loadBytes(t, x)), snapshot(loadBytes(t, escaped)), compareRows); diff != "" {
		t.Errorf("with escaped tabs the dump reads differently (-want +got):\n%s", diff)
	}
}

// TestLongLine passes a line that is longer than what is held.
func TestLongLine(t *testing.T) {
	if testing.Short() {
		t.Skip("moves 40 MB")
	}
	long := strings.Repeat("0123456789abcdef", 40<<20/16)
	in := "[pod/a/c] first\n[pod/a/c] " + long + "\n[pod/a/c] last\n"
	s := (&fileLoad{}).newStream("x", 0, strings.NewReader(in), nil)
	var got bytes.Buffer
	if _, err := got.ReadFrom(newUnwrapper(s.r, &wrapperKubectl, s.losses)); err != nil {
		t.Fatal(err)
	}
	if want := "first\n" + long + "\nlast\n"; got.String() != want {
		t.Errorf("%d bytes come out, want %d", got.Len(), len(want))
	}
}

// BenchmarkUnwrap measures each form on goroutine text.
func BenchmarkUnwrap(b *testing.B) {
	x := bytes.Repeat(dump(b), 200)
	for _, w := range wrappings() {
		if !w.text || w.containers[0] == "utf-16" {
			continue
		}
		in := w.wrap(b, x)
		b.Run(strings.ReplaceAll(w.name, " ", "-"), func(b *testing.B) {
			b.SetBytes(int64(len(x)))
			for range b.N {
				f := &fileLoad{visit: func(_ *fileLoad, _ *Artifact, s *stream) { s.r.WriteTo(io.Discard) }}
				f.peel(f.newStream("x", 0, bytes.NewReader(in), nil))
			}
		})
	}
}

// TestDockerForms holds the fast path for Docker's own form against encoding/json.
func TestDockerForms(t *testing.T) {
	for _, text := range []string{"plain\n", "", "\n", "tab\t\"quoted\" \\ <&> \u2028 \U0001f600 é\x01\n", "no end"} {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		const rest = `"stream":"stderr","time":"2026-11-20T10:51:33.375589919Z"`
		fast, ok := dockerRecord(fmt.Appendf(nil, `{"log":%s,%s}`, quoted, rest))
		if !ok {
			t.Errorf("%q: Docker's own form takes the long way", text)
		}
		slow, ok := wrapperDocker.parse(fmt.Appendf(nil, `{%s,"attrs":{"a":"b"},"log":%s}`, rest, quoted), false)
		if diff := cmp.Diff(slow, fast, cmp.AllowUnexported(wrappedLine{})); diff != "" || !ok {
			t.Errorf("%q: (-encoding/json +fast):\n%s", text, diff)
		}
	}
	for _, line := range []string{
		`{"log":"a","stream":"stdin","time":"2026-11-20T10:51:33Z"}`, `{"log":"a","stream":"stdout","time":"now"}`,
		`{"log":"a","stream":"stdout"}`, `{"log":1,"stream":"stdout","time":"2026-11-20T10:51:33Z"}`, `{"log":"a`,
	} {
		if _, ok := wrapperDocker.parse([]byte(line), false); ok {
			t.Errorf("%s is taken for a line of Docker", line)
		}
	}
}
