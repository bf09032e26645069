package evidence

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// otlpRow is a span with every index resolved, for comparison between readings.
type otlpRow struct {
	Trace              [16]byte
	ID, Parent         uint64
	Start, End         uint64
	Name, Route        string
	Kind               SpanKind
	Status             StatusCode
	Response           ResponseClass
	Flags              SpanFlags
	Resource           uint64 // digest
	Service, Domain    string
	Region, SDK, Zone  string
	RefOff, RefLen     int64
	ResourceOff, ResLn int64
}

// otlpReading is what one reading of some bytes gave.
type otlpReading struct {
	bundle *Bundle
	art    *Artifact
	rows   []otlpRow
}

// readOTLP runs one format over a stream and adopts its spans.
func readOTLP(t testing.TB, f format, r io.Reader) otlpReading {
	t.Helper()
	return readOTLPWith(t, r, func(in *input) {
		if !f.read(in) {
			t.Fatal("the reader refused the content")
		}
	})
}

// readJSONWith reads with the internals set up by the test.
func readJSONWith(t testing.TB, data []byte, setUp func(*jsonWalk)) otlpReading {
	t.Helper()
	return readOTLPWith(t, bytes.NewReader(data), func(in *input) {
		w := newJSONWalk(in)
		setUp(w)
		w.read()
	})
}

func readOTLPWith(t testing.TB, r io.Reader, read func(*input)) otlpReading {
	t.Helper()
	b := &Bundle{}
	a := &Artifact{}
	in := newInput(r, a, 0)
	read(in)
	in.close()
	b.Artifacts = append(b.Artifacts, a)
	m := newMerger(b)
	if a.batch != nil {
		m.adopt(0, a.batch)
	}
	m.finish()
	res := otlpReading{bundle: b, art: a}
	for i := range b.Spans.Len() {
		s := b.Span(i)
		row := otlpRow{
			ID: s.ID, Parent: s.Parent, Start: s.Start, End: s.End, Name: b.Strings[s.Name], Route: b.Strings[s.Route],
			Kind: s.Kind, Status: s.Status.Code(), Response: s.Status.Response(), Flags: s.Flags, RefOff: s.Ref.Off, RefLen: s.Ref.Len,
		}
		if s.Trace != NoTrace {
			row.Trace = b.Traces[s.Trace]
		}
		rs := b.Resource(s.Origin)
		row.Resource, row.Service, row.Domain = rs.Digest, rs.Identity.Service.Value, rs.Identity.Domain.Value
		row.Region, row.SDK, row.Zone = rs.Region.Value, rs.SDK, rs.Identity.AZ.Value
		row.ResourceOff, row.ResLn = rs.Ref.Off, rs.Ref.Len
		res.rows = append(res.rows, row)
	}
	return res
}

// withoutRefs returns the rows in an order and form that does not depend on where they stood.
func (r otlpReading) withoutRefs() []otlpRow {
	rows := slices.Clone(r.rows)
	for i := range rows {
		rows[i].RefOff, rows[i].RefLen, rows[i].ResourceOff, rows[i].ResLn = 0, 0, 0, 0
	}
	slices.SortFunc(rows, func(a, b otlpRow) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return rows
}

// same compares everything that two readings of the same bytes must agree on.
func (r otlpReading) same(t testing.TB, what string, other otlpReading) {
	t.Helper()
	if d := cmp.Diff(r.rows, other.rows); d != "" {
		t.Errorf("%s: rows differ (-want +got):\n%s", what, d)
	}
	if d := cmp.Diff(r.art.Losses, other.art.Losses); d != "" {
		t.Errorf("%s: losses differ (-want +got):\n%s", what, d)
	}
	if d := cmp.Diff(r.art.Traces, other.art.Traces); d != "" {
		t.Errorf("%s: counts differ (-want +got):\n%s", what, d)
	}
	if r.art.Format != other.art.Format || r.art.Encoding != other.art.Encoding || r.art.Window != other.art.Window {
		t.Errorf("%s: %s %s %v, want %s %s %v", what, other.art.Format, other.art.Encoding, other.art.Window,
			r.art.Format, r.art.Encoding, r.art.Window)
	}
}

// checkRefs holds every Ref against the bytes.
func (r otlpReading) checkRefs(t testing.TB, data []byte) {
	t.Helper()
	for _, l := range r.art.Losses {
		if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > int64(len(data)) {
			t.Errorf("loss %q at %v is outside of %d bytes", l.What, l.Ref, len(data))
		}
	}
	for _, row := range r.rows {
		if row.RefOff < 0 || row.RefLen < 2 || row.RefOff+row.RefLen > int64(len(data)) {
			t.Fatalf("span at %d+%d is outside of %d bytes", row.RefOff, row.RefLen, len(data))
		}
		if span := data[row.RefOff : row.RefOff+row.RefLen]; span[0] != '{' || span[len(span)-1] != '}' {
			t.Errorf("span at %d+%d is no object: %.40q", row.RefOff, row.RefLen, span)
		}
	}
}

func mustReadJSON(t testing.TB, data []byte) otlpReading {
	t.Helper()
	if !formatOTLPJSON.sniff(data[:min(len(data), sniffBytes)], len(data) <= sniffBytes) {
		t.Fatalf("not recognised: %.80q", data)
	}
	return readOTLP(t, formatOTLPJSON, bytes.NewReader(data))
}

// jsonSpecimens returns every OTLP/JSON file at hand, peeled: those of the tree, the generator's, and the
// captures where there are any.
func jsonSpecimens(t testing.TB) map[string][]byte {
	t.Helper()
	specimens := map[string][]byte{}
	lines, _ := gen.JSONLines(gen.Options{Seed: 5, Spans: 300, SpansPerRequest: 100, Faults: gen.Faults{
		Orphaned: 2, Resent: 2, Shared: 2, Conflicting: 1, BadIDs: gen.BadIDKinds, Early: 1, Outlive: 1, Consumers: 1,
	}})
	specimens["generated.jsonl"] = lines
	var files []string
	for _, pattern := range []string{
		"../testdata/specimens/otlp/*.json*",
		"../../shared/captures/*/otlp/*.jsonl.gz",
		"../../shared/captures/*/otlp/by-service/*.jsonl.gz",
		"../../shared/captures/*/otlp/other/*json*.gz",
		"../../shared/captures/hotrod/jaeger/v3-*.json.gz",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, f := range files {
		name := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(f), "../../shared/captures/"), "../testdata/specimens/")
		specimens[name] = gunzipped(t, f)
	}
	return specimens
}

// gunzipped returns the bytes of a file without gzip and byte order mark, which Load peels.
func gunzipped(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if data, err = io.ReadAll(zr); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
}

// TestOTLPJSONOracle compares every specimen with encoding/json.
func TestOTLPJSONOracle(t *testing.T) {
	for name, data := range jsonSpecimens(t) {
		t.Run(name, func(t *testing.T) {
			got := mustReadJSON(t, data)
			want, ok := jsonOracle(data)
			if !ok {
				t.Fatal("the oracle has no opinion")
			}
			if len(want) == 0 || len(got.art.Losses) != 0 {
				t.Fatalf("%d spans, losses %v", len(want), got.art.Losses)
			}
			compareOracle(t, want, got)
			got.checkRefs(t, data)
			for i, row := range got.rows {
				if testing.Short() && i%10 != 0 {
					continue
				}
				// The bytes of a Ref are the span's object and nothing else.
				alone, ok := jsonOracle(span1(string(data[row.RefOff : row.RefOff+row.RefLen])))
				if want[i].Service = ""; !ok || len(alone) != 1 || alone[0] != want[i] {
					t.Fatalf("span %d: the Ref holds %+v, want %+v", i, alone, want[i])
				}
			}
		})
	}
}

// TestOTLPJSONWindow reads byte by byte, so that every record crosses the window's end, and without the
// shortcut over attributes.
func TestOTLPJSONWindow(t *testing.T) {
	for name, data := range jsonSpecimens(t) {
		t.Run(name, func(t *testing.T) {
			want := mustReadJSON(t, data)
			want.same(t, "byte by byte", readOTLP(t, formatOTLPJSON, iotest.OneByteReader(bytes.NewReader(data))))
			want.same(t, "general", readJSONWith(t, data, setGeneral))
		})
	}
}

// setGeneral turns off the shortcut over attributes.
func setGeneral(w *jsonWalk) {
	w.span.c.skipper.shapes, w.res.c.skipper.shapes, w.skipper.shapes = nil, nil, nil
}

// TestOTLPJSONCut cuts every specimen at 200 places and at every byte of its first spans: rows are a
// prefix, and one loss names the cut unless it fell between two documents.
func TestOTLPJSONCut(t *testing.T) {
	for name, data := range jsonSpecimens(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := mustReadJSON(t, data)
			var cuts []int
			for i := range 220 {
				cuts = append(cuts, len(data)*i/220)
			}
			for i := range 400 {
				cuts = append(cuts, i)
			}
			for i, ch := range data {
				if ch == '\n' {
					cuts = append(cuts, i, i+1)
				}
			}
			if len(cuts) > 1200 {
				cuts = cuts[:1200]
			}
			step := 1
			if testing.Short() {
				step = 20
			}
			for i := 0; i < len(cuts); i += step {
				n := cuts[i]
				if n < len(data) {
					checkJSONCut(t, whole, data, n)
				}
			}
		})
	}
}

func checkJSONCut(t *testing.T, whole otlpReading, data []byte, n int) {
	t.Helper()
	got := readOTLP(t, formatOTLPJSON, bytes.NewReader(data[:n]))
	want := 0
	for want < len(whole.rows) && whole.rows[want].RefOff+whole.rows[want].RefLen <= int64(n) {
		want++
	}
	if len(got.rows) != want {
		t.Fatalf("cut at %d: %d rows, want %d", n, len(got.rows), want)
	}
	for i, row := range got.rows {
		w := whole.rows[i]
		if row.RefOff != w.RefOff || row.ID != w.ID || row.Name != w.Name || row.Start != w.Start {
			t.Fatalf("cut at %d: row %d is %+v, want %+v", n, i, row, w)
		}
	}
	rest := bytes.TrimRight(data[:n], " \t\r\n")
	between := len(rest) == 0 || bytes.ContainsAny(rest[len(rest)-1:], "]}") && oracleAccepts(rest)
	if between {
		if len(got.art.Losses) != 0 {
			t.Fatalf("cut at %d, between documents: losses %v", n, got.art.Losses)
		}
		return
	}
	if len(got.art.Losses) != 1 || got.art.Cut() == nil || got.art.Losses[0].Ref.Off+got.art.Losses[0].Ref.Len != int64(n) {
		t.Fatalf("cut at %d: losses %+v, want one cut that ends there", n, got.art.Losses)
	}
}
