package evidence

import (
	"archive/zip"
	"bytes"
	stdgzip "compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestClaims loads small files that claim to be large.
func TestClaims(t *testing.T) {
	const claim = 64 << 20
	tarHead := tarred(t, []byte(metricsPage))[512:1024]
	tarHead = bytes.Replace(tarHead, []byte("00000000025\x00"), []byte("00400000000\x00"), 1)
	if !strings.Contains(string(tarHead), "00400000000") {
		t.Fatal("the tar header does not hold the size where it is sought")
	}
	sum := 0
	copy(tarHead[148:], "        ")
	for _, c := range tarHead {
		sum += int(c)
	}
	copy(tarHead[148:], []byte("0"+octal(sum)+"\x00 "))
	if !tarChecksum(tarHead) {
		t.Fatal("the tar header's checksum is wrong")
	}
	local := zipped(t, []byte(metricsPage), zip.Store)[:30+3]
	local[6] &^= 8
	binary.LittleEndian.PutUint32(local[18:], claim)
	for name, x := range map[string][]byte{
		"gzip":                 gzipped(t, nil)[:10],
		"zstd, window":         {0x28, 0xb5, 0x2f, 0xfd, 0x20 | 0x80, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		"zstd, content size":   {0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x80, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
		"zstd-framed":          append(binary.BigEndian.AppendUint32(nil, claim), 0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 4, 1, 2, 3, 4, 5, 6, 7),
		"otlp framed":          append(binary.BigEndian.AppendUint32(nil, claim), 0x0a, 0x80, 0x80, 0x80, 0x20, 0x0a, 0x80, 0x80, 0x80, 0x20, 1, 2, 3, 4, 5, 6),
		"otlp message":         {0x0a, 0x80, 0x80, 0x80, 0x20, 0x12, 0x80, 0x80, 0x80, 0x20, 0x12, 0x80, 0x80, 0x80, 0x20, 1, 2, 3, 4, 5},
		"pprof":                {0x0a, 0x04, 0x08, 0x01, 0x10, 0x02, 0x12, 0x80, 0x80, 0x80, 0x20, 0x0a, 0x80, 0x80, 0x80, 0x20, 1, 2, 3, 4},
		"http, content length": []byte("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n"),
		"http, chunk":          []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\nabc"),
		"tar":                  tarHead,
		"zip":                  local,
		"zip, directory":       append([]byte("PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff"), 0, 0, 0, 4, 0, 0, 0, 0, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			var b *Bundle
			// The first window, the layers' buffers and a zstd decoder are what any file costs. A zstd
			// frame's window is reserved by the library at once; what is not used is never touched.
			most := uint64(8 << 20)
			if name == "zstd, window" {
				most += claim
			}
			if n := allocated(func() { b = LoadReader("x", bytes.NewReader(x), Options{}) }); n > most {
				t.Errorf("%d bytes allocated for %d bytes of input", n, len(x))
			}
			for i, a := range b.Artifacts {
				if a.Status == StatusOK || len(a.Losses) == 0 && a.Status != StatusUnknown {
					t.Errorf("status %s: %+v", a.Status, a)
				}
				checkRefs(t, b, i)
			}
			if n := len(b.Artifacts); n == 0 || n > 2 {
				t.Errorf("artifacts %v", paths(b))
			}
		})
	}
}

func octal(n int) string {
	var digits []byte
	for range 5 {
		digits = append([]byte{byte('0' + n%8)}, digits...)
		n /= 8
	}
	return string(digits)
}

// endless repeats a text until n bytes are delivered.
type endless struct {
	text string
	n    int64
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), e.n)]
	for n := 0; n < len(p); {
		k := copy(p[n:], e.text[e.at:])
		n += k
		e.at = (e.at + k) % len(e.text)
	}
	e.n -= int64(len(p))
	return len(p), nil
}

func bomb(t *testing.T, text string, n int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := stdgzip.NewWriterLevel(&out, stdgzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, &endless{text: text, n: n}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return out.Bytes()
}

func TestBombLimited(t *testing.T) {
	line := string(bytes.SplitAfter(wrapInputs(t)["otlp.jsonl"], newline)[0])
	const limit = 1 << 20
	for _, c := range []struct {
		name   string
		in     []byte
		status Status
	}{
		{"otlp", bomb(t, line, 16<<20), StatusDamaged},
		{"metrics", bomb(t, metricsPage, 16<<20), StatusDamaged},
		{"zeros", bomb(t, "\x00", 16<<20), StatusUnknown},
		{"gzip in gzip", gzipped(t, bomb(t, line, 16<<20)), StatusDamaged},
		{"zip", zipped(t, bytes.Repeat([]byte(line), 10_000), zip.Deflate), StatusDamaged},
		{"zstd", zstded(t, bytes.Repeat([]byte(line), 10_000)), StatusDamaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := LoadReader("x", bytes.NewReader(c.in), Options{MaxDecoded: limit})
			a := b.Artifacts[0]
			if a.Status != c.status || a.DecodedBytes != limit {
				t.Errorf("status %s, %d decoded bytes, want %s, %d", a.Status, a.DecodedBytes, c.status, limit)
			}
			if len(a.Losses) != 1 || !a.Losses[0].Cut || !strings.Contains(a.Losses[0].What, "stopped at the limit of 1 MiB decoded") {
				t.Errorf("losses %v", a.Losses)
			}
			checkRefs(t, b, 0)
		})
	}
}

// TestBombStreams passes a gigabyte in constant memory.
func TestBombStreams(t *testing.T) {
	if testing.Short() {
		t.Skip("decompresses 1 GiB")
	}
	in := bomb(t, metricsPage, 1<<30)
	var b *Bundle
	n := allocated(func() { b = LoadReader("x", bytes.NewReader(in), Options{}) })
	if a := b.Artifacts[0]; a.Status != StatusOK || a.DecodedBytes != 1<<30 {
		t.Errorf("got %+v", a)
	}
	if n > 16<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// TestCutContainers cuts each container at many places: no panic, the decodable rows are there, and one
// Loss names the cut.
func TestCutContainers(t *testing.T) {
	x := wrapInputs(t)["otlp.jsonl"]
	plain := loadBytes(t, x)
	for _, w := range wrappings() {
		if w.text {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			in := w.wrap(t, x)
			step := max(1, len(in)/200)
			for cut := 1; cut < len(in); cut += step {
				b := LoadReader("x", bytes.NewReader(in[:cut]), Options{})
				for i := range b.Artifacts {
					checkRefs(t, b, i)
				}
				if b.Spans.Len() > plain.Spans.Len() {
					t.Fatalf("cut at %d: %d spans, want at most %d", cut, b.Spans.Len(), plain.Spans.Len())
				}
				for i := range b.Spans.Len() {
					got, want := b.Span(i), plain.Span(i)
					got.Ref.Artifact, got.Origin = want.Ref.Artifact, want.Origin
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("cut at %d: row %d (-want +got):\n%s", cut, i, diff)
					}
				}
			}
		})
	}
}

// TestCutGzipDelivers compares what is delivered before a cut with the standard library, which delivers
// every decodable byte.
func TestCutGzipDelivers(t *testing.T) {
	in := gzipped(t, wrapInputs(t)["otlp.jsonl"])
	path := filepath.Join(t.TempDir(), "x.gz")
	for cut := 18; cut < len(in); cut++ {
		var want []byte
		if z, err := stdgzip.NewReader(bytes.NewReader(in[:cut])); err == nil {
			want, _ = io.ReadAll(z)
		}
		if err := os.WriteFile(path, in[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		b, err := Load([]string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if a := b.Artifacts[0]; a.DecodedBytes != int64(len(want)) || a.Cut() == nil {
			t.Errorf("cut at %d: %d bytes delivered, want %d; losses %v", cut, a.DecodedBytes, len(want), a.Losses)
		}
		got, err := ReadRange(path, 0, int64(len(want)), Options{})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("cut at %d: ReadRange gives %d bytes, want %d, %v", cut, len(got), len(want), err)
		}
	}
}

// TestCutTwice cuts a stream whose content is cut too: one Loss names both.
func TestCutTwice(t *testing.T) {
	x := wrapInputs(t)["otlp.jsonl"]
	in := gzipped(t, x)
	b := LoadReader("x", bytes.NewReader(in[:len(in)-20]), Options{})
	a := b.Artifacts[0]
	if len(a.Losses) != 1 || !strings.HasPrefix(a.Losses[0].What, "the gzip stream ends early, ") {
		t.Errorf("losses %v", a.Losses)
	}
}

func TestDamagedContainers(t *testing.T) {
	x := []byte(metricsPage)
	flip := func(b []byte, fromEnd int) []byte {
		b = bytes.Clone(b)
		b[len(b)-fromEnd] ^= 0x55
		return b
	}
	twoTars := tarred(t, x)
	twoTars = append(twoTars[:1536:1536], tarred(t, []byte("[1, 2]\n"))...)
	for _, c := range []struct {
		name string
		in   []byte
		want []string // path, status and losses of each artifact
	}{
		{"text after gzip", append(gzipped(t, x), "garbage"...),
			[]string{"x damaged: 7 bytes follow the end of the gzip stream and are not gzip"}},
		{"gzip checksum", flip(gzipped(t, x), 8),
			[]string{"x damaged: the gzip checksum does not match: the bytes before are not those that were compressed"}},
		{"text after zstd", append(zstded(t, x), "garbage is what follows here"...),
			[]string{"x damaged: what follows the last zstd frame is not zstd"}},
		{"cut tar", twoTars[:len(twoTars)-1600],
			[]string{"x damaged: the tar stream ends early: what follows the members listed here is not read", "x!d/x ok"}},
		{"cut zip", zipped(t, x, zip.Deflate)[:60+len(x)],
			[]string{"x damaged: the zip stream ends early: what follows the members listed here is not read", "x!d/x ok"}},
		{"empty zip", zipFile(t), []string{"x unreadable: the archive holds no file"}},
		{"http, cut", []byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + metricsPage),
			[]string{"x damaged: the http stream is damaged (the body has 21 of 100 bytes)"}},
		{"http, cut behind a record", []byte("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + string(wrapInputs(t)["otlp.jsonl"])),
			[]string{"x damaged: the http stream is damaged (the body has 7140 of 10000 bytes), after a whole record"}},
		{"http, error", []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n"),
			[]string{`x unreadable: the HTTP response is an error: 404 Not Found; an error message in place of a capture: "404 page not found"`}},
		{"nested too deep", nest(t, x, maxNesting+1), []string{"x unreadable: a gzip container inside 8 others: not opened"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := LoadReader("x", bytes.NewReader(c.in), Options{})
			var got []string
			for i, a := range b.Artifacts {
				checkRefs(t, b, i)
				var what []string
				for _, l := range a.Losses {
					what = append(what, l.What)
				}
				got = append(got, strings.TrimSuffix(a.Path+" "+string(a.Status)+": "+strings.Join(what, "; "), ": "))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func zipFile(t *testing.T) []byte {
	var out bytes.Buffer
	if err := zip.NewWriter(&out).Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func nest(t *testing.T, x []byte, n int) []byte {
	for range n {
		x = gzipped(t, x)
	}
	return x
}

// TestZipSalvage reads the members of an archive whose directory is cut off.
func TestZipSalvage(t *testing.T) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{"a", "b", "c"} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, metricsPage)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in := out.Bytes()[:bytes.Index(out.Bytes(), []byte("PK\x01\x02"))]
	b := LoadReader("x", bytes.NewReader(in), Options{})
	if diff := cmp.Diff([]string{"x", "x!a", "x!b", "x!c"}, paths(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, a := range b.Artifacts[1:] {
		if a.Format != "prometheus/text" || a.Status != StatusOK {
			t.Errorf("%s: %s %s %v", a.Path, a.Format, a.Status, a.Losses)
		}
	}
}
