package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// rowsOf is what a bundle holds, in a form that can be compared: rows and Refs, and none of what a
// wrapper is allowed to change.
type rowsOf struct {
	Artifacts []artifactRows
	Spans     []Span
	Resources []Resource
	Strings   []string
	Traces    [][16]byte
	Origins   []Origin
	Places    []Place
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
	r := rowsOf{Resources: b.Resources, Strings: b.Strings, Traces: b.Traces, Origins: b.Origins, Places: b.Places}
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

var compareRows = cmp.Options{cmpopts.IgnoreUnexported(Profile{}, ClockStats{}), cmpopts.EquateEmpty()}

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
	for name, text := range placeInputs(t) {
		all[name] = text
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
	for _, s := range clockSpecimens {
		// A log takes its times from the wrapper: it says more with than without.
		if !strings.HasSuffix(s.format, "/log") {
			all[strings.ReplaceAll(s.name, " ", "_")] = []byte(s.text)
		}
	}
	if testing.Short() {
		return all
	}
	for _, dir := range []string{"../testdata/specimens", sharedCaptures + "/formats/otlp", sharedCaptures + "/go-releases/go1.27.3"} {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || filepath.Base(path) == "truth.json" {
				return nil
			}
			if dir, name := filepath.Split(path); filepath.Base(dir) == "clockd" && slices.Contains([]string{"ptp4l.log", "phc2sys.log", "chronyd.log"}, name) {
				return nil // likewise a log of clocks
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
	return isTextual(x[:min(len(x), sniffBytes)]) && utf8.Valid(x) && bytes.HasSuffix(x, newline) && len(bytes.TrimSpace(x)) > 0
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
