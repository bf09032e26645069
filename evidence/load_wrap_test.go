package evidence

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/zstd"
)

// wrapping is one way to wrap a capture.
type wrapping struct {
	name string
	// containers that Load names for it, outermost first.
	containers []string
	wrap       func(t testing.TB, x []byte) []byte
	text       bool // wraps text only
	member     string
}

var stamp = time.Date(2026, 11, 20, 10, 51, 33, 375589919, time.UTC)

// prefixLines puts a prefix before every line of x, which may differ from line to line.
func prefixLines(x []byte, prefix func(i int) string) []byte {
	var out bytes.Buffer
	for i, line := range lines(x) {
		out.WriteString(prefix(i))
		out.Write(line)
		out.WriteByte('\n')
	}
	return out.Bytes()
}

func lines(x []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(x, newline), newline)
}

func later(i int) time.Time { return stamp.Add(time.Duration(i) * 1300 * time.Nanosecond) }

func prefixing(name string, containers []string, prefix func(i int) string) wrapping {
	return wrapping{name: name, containers: containers, text: true, wrap: func(_ testing.TB, x []byte) []byte {
		return prefixLines(x, prefix)
	}}
}

func gzipped(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := stdgzip.NewWriter(&out)
	if _, err := w.Write(x); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, x []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(x, nil)
}

func tarred(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	w.WriteHeader(&tar.Header{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755})
	if err := w.WriteHeader(&tar.Header{Name: "d/x", Size: int64(len(x)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	w.Write(x)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t testing.TB, x []byte, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "d/x", Method: method})
	if err != nil {
		t.Fatal(err)
	}
	f.Write(x)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func chunkedBody(x []byte) []byte {
	var out bytes.Buffer
	for len(x) > 0 {
		n := min(len(x), 1000)
		fmt.Fprintf(&out, "%x\r\n%s\r\n", n, x[:n])
		x = x[n:]
	}
	out.WriteString("0\r\n\r\n")
	return out.Bytes()
}

func utf16ed(x []byte, order binary.AppendByteOrder, bom bool) []byte {
	var out []byte
	if bom {
		out = order.AppendUint16(out, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(string(x))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

// cri splits long lines into pieces, as containerd does at 16 KiB.
func cri(x []byte, split int, stream string) []byte {
	var out bytes.Buffer
	for i, line := range lines(x) {
		t := later(i).Format(time.RFC3339Nano)
		for ; len(line) > split; line = line[split:] {
			fmt.Fprintf(&out, "%s %s P %s\n", t, stream, line[:split])
		}
		fmt.Fprintf(&out, "%s %s F %s\n", t, stream, line)
	}
	return out.Bytes()
}

func dockerJSON(t testing.TB, x []byte, split int) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for i, line := range lines(x) {
		line = append(line[:len(line):len(line)], '\n')
		for len(line) > 0 {
			n := min(len(line), split)
			record := struct {
				Log    string `json:"log"`
				Stream string `json:"stream"`
				Time   string `json:"time"`
			}{string(line[:n]), "stderr", later(i).Format(time.RFC3339Nano)}
			if err := enc.Encode(record); err != nil {
				t.Fatal(err)
			}
			line = line[n:]
		}
	}
	return out.Bytes()
}

func journalJSON(t testing.TB, x []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for i, line := range lines(x) {
		var message any = string(line)
		if i%3 == 0 {
			numbers := make([]int, len(line))
			for j, c := range line {
				numbers[j] = int(c)
			}
			message = numbers
		}
		text, err := json.Marshal(map[string]any{
			"__REALTIME_TIMESTAMP": fmt.Sprint(later(i).UnixMicro()), "_HOSTNAME": "node1", "_PID": "17",
			"SYSLOG_IDENTIFIER": "app", "MESSAGE": message,
		})
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	return out.Bytes()
}

const httpHeadText = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nX-Content-Type-Options: nosniff\r\n"

func wrappings() []wrapping {
	return []wrapping{
		{name: "gzip", containers: []string{"gzip"}, wrap: gzipped},
		{name: "gzip of two members", containers: []string{"gzip"}, wrap: func(t testing.TB, x []byte) []byte {
			return append(gzipped(t, x[:len(x)/2]), append(gzipped(t, x[len(x)/2:]), make([]byte, 100)...)...)
		}},
		{name: "zstd", containers: []string{"zstd"}, wrap: zstded},
		{name: "zstd of two frames", containers: []string{"zstd"}, wrap: func(t testing.TB, x []byte) []byte {
			return append(zstded(t, x[:len(x)/2]), zstded(t, x[len(x)/2:])...)
		}},
		{name: "tar", containers: []string{"tar"}, member: "d/x", wrap: tarred},
		{name: "zip", containers: []string{"zip"}, member: "d/x", wrap: func(t testing.TB, x []byte) []byte {
			return zipped(t, x, zip.Deflate)
		}},
		{name: "stored zip", containers: []string{"zip"}, member: "d/x", wrap: func(t testing.TB, x []byte) []byte {
			return zipped(t, x, zip.Store)
		}},
		{name: "http", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", httpHeadText, len(x), x)
		}},
		{name: "http chunked", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%s", httpHeadText, chunkedBody(x))
		}},
		{name: "http, chunks removed by curl", containers: []string{"http"}, wrap: func(_ testing.TB, x []byte) []byte {
			return fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%s", httpHeadText, x)
		}},
		{name: "bom", containers: []string{"bom"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return slices.Concat(bomUTF8, x)
		}},
		{name: "utf-16le with bom", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.LittleEndian, true)
		}},
		{name: "utf-16be with bom", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.BigEndian, true)
		}},
		{name: "utf-16le", containers: []string{"utf-16"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return utf16ed(x, binary.LittleEndian, false)
		}},
		{name: "crlf", containers: []string{"crlf"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return bytes.ReplaceAll(x, newline, []byte("\r\n"))
		}},
		{name: "cri", containers: []string{"cri"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return cri(x, 16<<10, "stderr")
		}},
		{name: "cri in small pieces", containers: []string{"cri"}, text: true, wrap: func(_ testing.TB, x []byte) []byte {
			return cri(x, 50, "stdout")
		}},
		{name: "docker-json", containers: []string{"docker-json"}, text: true, wrap: func(t testing.TB, x []byte) []byte {
			return dockerJSON(t, x, 16<<10)
		}},
		{name: "journald json", containers: []string{"journald"}, text: true, wrap: journalJSON},
		prefixing("journald short", []string{"journald"}, func(i int) string {
			return later(i).Format(time.Stamp) + " node1 app[17]: "
		}),
		prefixing("journald short-precise", []string{"journald"}, func(i int) string {
			return later(i).Format(time.StampMicro) + " node1 app[17]: "
		}),
		prefixing("journald short-iso", []string{"journald"}, func(i int) string {
			return later(i).Format("2006-01-02T15:04:05-0700") + " node1 app[17]: "
		}),
		prefixing("journald short-full", []string{"journald"}, func(i int) string {
			return later(i).Format("Mon 2006-01-02 15:04:05.000000 MST") + " node1 app[17]: "
		}),
		prefixing("journald short-unix", []string{"journald"}, func(i int) string {
			return fmt.Sprintf("%d.%06d node1 app[17]: ", later(i).Unix(), later(i).Nanosecond()/1000)
		}),
		prefixing("rsyslog file", []string{"journald"}, func(i int) string {
			return later(i).Format("2006-01-02T15:04:05.000000-07:00") + " node1 app: "
		}),
		prefixing("syslog rfc3164", []string{"syslog"}, func(i int) string {
			return "<11>" + later(i).Format(time.Stamp) + " node1 app[17]: "
		}),
		prefixing("syslog rfc5424", []string{"syslog"}, func(i int) string {
			return "<11>1 " + later(i).Format(time.RFC3339Nano) + ` node1 app 17 - [x@32473 a="b \] c"][y@1 z="1"] `
		}),
		prefixing("kubectl --prefix", []string{"kubectl"}, func(int) string { return "[pod/shelves-8q9-6f/app] " }),
		prefixing("kubectl --timestamps", []string{"timestamps"}, func(i int) string {
			return later(i).Format(time.RFC3339Nano) + " "
		}),
		prefixing("kubectl --prefix --timestamps", []string{"kubectl", "timestamps"}, func(i int) string {
			return "[pod/shelves-8q9-6f/app] " + later(i).Format(time.RFC3339Nano) + " "
		}),
	}
}

// rowsOf is what a bundle holds, in a form that can be compared: rows and Refs, and none of what a
// wrapper is allowed to change.
type rowsOf struct {
	Artifacts []artifactRows
	Spans     []Span
	Resources []Resource
	Strings   []string
	Traces    [][16]byte
	Origins   []Origin
}

type artifactRows struct {
	Format   Format
	Encoding string
	Window   Window
	Identity Identity
	Go       GoVersion
	Status   Status
	Losses   []Loss
	Profile  *Profile
	Samples  []Sample
	Dump     *Dump
	Traces   *TraceStats
}

func snapshot(b *Bundle) rowsOf {
	r := rowsOf{Resources: b.Resources, Strings: b.Strings, Traces: b.Traces, Origins: b.Origins}
	for _, a := range b.Artifacts {
		rows := artifactRows{Format: a.Format, Encoding: a.Encoding, Window: a.Window, Identity: a.Identity,
			Go: a.Go, Status: a.Status, Losses: a.Losses, Profile: a.Profile, Dump: a.Dump, Traces: a.Traces}
		if a.Profile != nil {
			table := *a.Profile
			table.iterate = nil // a function compares with nothing
			rows.Profile = &table
			for s := range a.Profile.Samples() {
				c := *s
				c.Locations, c.Values = slices.Clone(s.Locations), slices.Clone(s.Values)
				c.Labels, c.NumLabels = slices.Clone(s.Labels), slices.Clone(s.NumLabels)
				rows.Samples = append(rows.Samples, c)
			}
		}
		r.Artifacts = append(r.Artifacts, rows)
	}
	for i := range b.Spans.Len() {
		r.Spans = append(r.Spans, b.Span(i))
	}
	return r
}

var compareRows = cmp.Options{cmpopts.IgnoreUnexported(Profile{}), cmpopts.EquateEmpty()}

const sharedCaptures = "../../shared/captures"

// wrapInputs returns everything that can be wrapped: captures made here, the specimens of the tree, and a
// choice of shared captures where they exist.
func wrapInputs(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{
		"otlp.jsonl": []byte(strings.Repeat(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}},`+
			`{"key":"host.name","value":{"stringValue":"h1"}}]},"scopeSpans":[{"spans":[{"traceId":"66e865a27c5f6ea7798a64409f5480db",`+
			`"spanId":"1360513fd2b3fce1","name":"é GET /route","startTimeUnixNano":"1795171893375589919","endTimeUnixNano":"1795171893375599919"}]}]}]}`+"\n", 20)),
		"metrics.prom": []byte("# HELP up Is it up.\n# TYPE up gauge\nup{job=\"a\"} 1\n"),
	}
	for _, p := range []string{"goroutine", "heap"} {
		for debug := range 3 {
			var out bytes.Buffer
			if err := pprof.Lookup(p).WriteTo(&out, debug); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s.debug%d", p, debug)
			if p == "heap" && debug > 0 {
				continue
			}
			all[name] = out.Bytes()
		}
	}
	for _, dir := range []string{"../testdata/specimens", sharedCaptures + "/formats/otlp", sharedCaptures + "/go-releases/go1.27.3"} {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || filepath.Base(path) == "truth.json" {
				return nil
			}
			if info, err := d.Info(); err != nil || info.Size() == 0 || info.Size() > 200<<10 {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[path] = text
			return nil
		})
	}
	return all
}

// loadBytes loads x as a file, so that containers which need offsets get them.
func loadBytes(t testing.TB, x []byte) *Bundle {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, x, 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := Load([]string{path}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wrappable(w wrapping, x []byte) bool {
	if !w.text {
		return true
	}
	// A prefix in front of each line also changes an unfinished last line, and UTF-16 what is no UTF-8.
	return isText(x[:min(len(x), sniffBytes)]) && utf8.Valid(x) && bytes.HasSuffix(x, newline) && len(bytes.TrimSpace(x)) > 0
}

func checkWrapped(t *testing.T, plain *Bundle, wrapped []byte, containers []string, member string) {
	t.Helper()
	froms := []string{"stream"}
	if len(containers) > 0 && containers[0] == "zip" {
		froms = append(froms, "file") // the only container that goes by offsets where it can
	}
	for _, from := range froms {
		var b *Bundle
		if from == "file" {
			b = loadBytes(t, wrapped)
		} else {
			b = LoadReader("x", bytes.NewReader(wrapped), Options{})
		}
		want, got := snapshot(plain), snapshot(b)
		if reflect.DeepEqual(want, got) {
			// cmp is slow on large tables, and has nothing to say here.
		} else if diff := cmp.Diff(want, got, compareRows); diff != "" {
			t.Fatalf("from a %s: wrapping changed the rows (-plain +wrapped):\n%.3000s", from, diff)
		}
		for i, a := range b.Artifacts {
			p := plain.Artifacts[i]
			if want := slices.Concat(containers, p.Containers); !slices.Equal(a.Containers, want) {
				t.Errorf("from a %s: containers %q, want %q", from, a.Containers, want)
			}
			if a.DecodedBytes != p.DecodedBytes {
				t.Errorf("from a %s: %d decoded bytes, want %d", from, a.DecodedBytes, p.DecodedBytes)
			}
			if member != "" && !strings.Contains(a.Path, "!"+member) {
				t.Errorf("from a %s: path %q does not name member %q", from, a.Path, member)
			}
		}
	}
}

// TestWrapping: whatever a capture is wrapped into, it loads as the capture alone does.
func TestWrapping(t *testing.T) {
	for name, x := range wrapInputs(t) {
		if testing.Short() && len(x) > 8<<10 {
			continue
		}
		plain := loadBytes(t, x)
		for _, w := range wrappings() {
			if wrappable(w, x) {
				t.Run(filepath.Base(name)+"/"+w.name, func(t *testing.T) {
					checkWrapped(t, plain, w.wrap(t, x), w.containers, w.member)
				})
			}
		}
	}
}

// TestWrappingTwice nests every wrapper in every other.
func TestWrappingTwice(t *testing.T) {
	all := wrapInputs(t)
	names := []string{"otlp.jsonl", "goroutine.debug2", "goroutine.debug0"}
	for _, name := range names {
		x := all[name]
		plain := loadBytes(t, x)
		for _, inner := range wrappings() {
			if !wrappable(inner, x) {
				continue
			}
			once := inner.wrap(t, x)
			for _, outer := range wrappings() {
				// The shippers' forms do not nest into each other in just any order: one that looks at
				// lines wants to see lines, and one encoding is not put around another.
				if !wrappable(outer, once) || outer.text && !nests(outer, inner) {
					continue
				}
				t.Run(name+"/"+outer.name+"("+inner.name+")", func(t *testing.T) {
					checkWrapped(t, plain, outer.wrap(t, once), slices.Concat(outer.containers, inner.containers), outer.member)
				})
			}
		}
	}
}

// nests reports whether a text wrapper around inner is found again.
func nests(outer, inner wrapping) bool {
	switch inner.containers[0] {
	case "bom":
		return outer.name == "utf-16be with bom" // the mark inside UTF-16 without a mark is that mark
	case "crlf":
		return outer.containers[0] == "utf-16"
	case "http":
		return outer.name != "crlf" // HTTP's own line ends
	}
	return outer.containers[0] == "utf-16" || outer.name == "bom" || outer.name == "crlf"
}

// TestZstdFramed frames batches as the collector's file exporter does.
func TestZstdFramed(t *testing.T) {
	line := bytes.TrimSuffix(bytes.SplitAfter(wrapInputs(t)["otlp.jsonl"], newline)[0], newline)
	plain := slices.Concat(line, newline, line, newline)
	var framed []byte
	for range 2 {
		batch := zstded(t, line)
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(batch))), batch...)
	}
	checkWrapped(t, loadBytes(t, plain), framed, []string{"zstd-framed"}, "")
}

// TestCapturesWrapped compares captures that shippers' prefixes were put on, and exports in two framings,
// with the same captures without.
func TestCapturesWrapped(t *testing.T) {
	for _, c := range []struct{ plain, wrapped string }{
		{"leaks/dumps/shelves-0.raw.log.gz", "leaks/dumps/shelves-0.cri.log.gz"},
		{"labels/dumps/shelves-0.raw.log.gz", "labels/dumps/shelves-0.klog.log.gz"},
		{"formats/otlp/traces.binpb.gz", "formats/otlp/traces.binpb.zstd-framed"},
		{"formats/otlp/traces.jsonl.gz", "formats/otlp/traces.json.zstd-framed"},
	} {
		t.Run(c.wrapped, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(sharedCaptures, c.wrapped)); err != nil {
				t.Skip("no captures to compare")
			}
			var got [2]rowsOf
			for i, name := range []string{c.plain, c.wrapped} {
				b, err := Load([]string{filepath.Join(sharedCaptures, name)}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				if len(b.Artifacts) != 1 || !b.Artifacts[0].Read() {
					t.Fatalf("%s was not read: %+v", name, b.Artifacts[0])
				}
				got[i] = snapshot(b)
			}
			if diff := cmp.Diff(got[0], got[1], compareRows); diff != "" {
				t.Errorf("-%s +%s:\n%.3000s", c.plain, c.wrapped, diff)
			}
		})
	}
}

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
	if testing.Short() {
		t.Skip("moves 200 MB")
	}
	long := strings.Repeat("x", 1<<20)
	var in bytes.Buffer
	const pairs = spoolBytes>>20 + 10
	for i := range pairs {
		fmt.Fprintf(&in, "[pod/a/c] a%d\n[pod/b/c] b%d%s\n", i, i, long)
	}
	s := (&fileLoad{}).newStream("x", 0, &in, nil)
	var got bytes.Buffer
	if _, err := got.ReadFrom(newUnwrapper(s.r, &wrapperKubectl, s.losses)); err != nil {
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
