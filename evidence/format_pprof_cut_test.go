package evidence

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/witnessmark/witnessmark/internal/wire"
)

// pprofRow is a sample as it must come out of a cut file too: what does not need a table.
type pprofRow struct {
	Off, Len  int64
	Values    []int64
	Locations int
	Labels    int
}

func pprofRowsOf(p *Profile) []pprofRow {
	var rows []pprofRow
	for s := range p.Samples() {
		rows = append(rows, pprofRow{s.Ref.Off, s.Ref.Len, slices.Clone(s.Values), len(s.Locations), len(s.Labels) + len(s.NumLabels)})
	}
	return rows
}

// fieldEnds returns the offsets between the top-level fields of raw, its end not included.
func fieldEnds(t *testing.T, raw []byte) []int {
	t.Helper()
	var ends []int
	w := wire.Walk(raw)
	var f wire.Field
	for w.Next(&f) {
		ends = append(ends, f.End)
	}
	if w.Stop() != wire.End || len(ends) == 0 {
		t.Fatalf("a specimen is damaged: %v", w.Stop())
	}
	return ends[:len(ends)-1]
}

// TestPprofCut cuts every specimen at every byte, or at 400 places where it is longer, and at every
// border of two fields.
func TestPprofCut(t *testing.T) {
	for name, raw := range pprofSpecimens(t) {
		t.Run(name, func(t *testing.T) {
			whole := readPprofBytes(t, raw)
			want := pprofRowsOf(whole.Profile)
			borders := fieldEnds(t, raw)
			cuts := slices.Clone(borders)
			step := max(1, len(raw)/400)
			if testing.Short() {
				cuts, step = nil, max(1, len(raw)/40)
			}
			for at := 1; at < len(raw); at += step {
				cuts = append(cuts, at)
			}
			for _, at := range cuts {
				a := readPprofBytes(t, raw[:at])
				checkPprofCut(t, fmt.Sprintf("cut at %d of %d", at, len(raw)), a, want, at)
				if _, border := slices.BinarySearch(borders, at); !border && a.Cut() == nil {
					t.Errorf("cut at %d of %d, inside a field: no Loss names it", at, len(raw))
				}
				checkPprofCutWindow(t, at, whole, a)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// checkPprofCut checks that rows are a prefix of the whole file's, that all samples before the cut are there,
// and that nothing but the cut is complained about.
func checkPprofCut(t *testing.T, what string, a *Artifact, want []pprofRow, at int) {
	t.Helper()
	got := pprofRowsOf(a.Profile)
	n := 0
	for n < len(want) && want[n].Off+want[n].Len <= int64(at) {
		n++
	}
	if n+len(got) > 0 && !reflect.DeepEqual(want[:n], got) { // cmp.Diff alone would take most of the test's time
		t.Errorf("%s: rows (-want +got):\n%.1000s", what, cmp.Diff(want[:n], got))
	}
	if a.Profile.Len() != n {
		t.Errorf("%s: Len is %d, want %d", what, a.Profile.Len(), n)
	}
	if len(a.Losses) > 1 || len(a.Losses) == 1 && !a.Losses[0].Cut || a.MoreLosses > 0 {
		t.Errorf("%s: losses %+v, want at most the one that names the cut", what, a.Losses)
	}
	if c := a.Cut(); c != nil && (c.Ref.Off+c.Ref.Len != int64(at) || c.Origin != InReading) {
		t.Errorf("%s: the Loss names %v, want it to end at the cut", what, c.Ref)
	}
	for s := range a.Profile.Samples() {
		for _, l := range s.Locations {
			if l < -1 || int(l) >= len(a.Profile.Locations) {
				t.Fatalf("%s: location %d of %d", what, l, len(a.Profile.Locations))
			}
		}
	}
}

// checkPprofCutWindow checks that a cut never gives another window or kind than the whole file has, except
// none; and that names that are gone are said to be gone.
func checkPprofCutWindow(t *testing.T, at int, whole, a *Artifact) {
	t.Helper()
	p := a.Profile
	sameTime := p.TimeNanos == whole.Profile.TimeNanos && p.DurationNanos == whole.Profile.DurationNanos
	// Only default_sample_type tells allocs from heap, and google/pprof's encoder writes it last.
	allocs := whole.Profile.Kind == KindAllocs && p.Kind == KindHeap && p.DefaultSampleType == ""
	known := p.Kind != KindUnknown && p.Kind != KindContention && p.Kind != KindCustom && len(p.SampleTypes) > 0
	if known && p.Kind != whole.Profile.Kind && !allocs && len(p.SampleTypes) == len(whole.Profile.SampleTypes) {
		t.Errorf("cut at %d: kind %s, the whole file has %s", at, p.Kind, whole.Profile.Kind)
	}
	if sameTime && known && p.Kind == whole.Profile.Kind {
		if a.Window.Start != whole.Window.Start || a.Window.End != whole.Window.End {
			t.Errorf("cut at %d: window %+v, the whole file has %+v", at, a.Window, whole.Window)
		}
	}
	for _, f := range p.Functions {
		if f.Name == "" && !p.NamesLost {
			t.Errorf("cut at %d: a function has no name and NamesLost is not set", at)
			return
		}
	}
}

// TestPprofCutCPUWindow pins what a cut CPU profile of the runtime still tells: its time is written first.
func TestPprofCutCPUWindow(t *testing.T) {
	raw := pprofSpecimens(t)["go1.26.8/cpu"]
	whole := readPprofBytes(t, raw)
	a := readPprofBytes(t, raw[:len(raw)/3])
	if a.Format != "pprof/cpu" || a.Profile.Kind != KindCPU || !a.Profile.NamesLost || a.Profile.Provenance != "runtime" {
		t.Errorf("format %s, names lost %v, provenance %q", a.Format, a.Profile.NamesLost, a.Profile.Provenance)
	}
	if a.Window != whole.Window || !a.Window.Known() {
		t.Errorf("window %+v, want %+v", a.Window, whole.Window)
	}
	if c := a.Cut(); c == nil || !strings.Contains(c.What, "string table") {
		t.Errorf("the cut reads %v, want it to say that the string table is lost", c)
	}
	depths := map[int]bool{}
	for s := range a.Profile.Samples() {
		depths[s.Depth] = true
		for _, l := range s.Labels {
			if l.Key != "" || l.Value != "" {
				t.Errorf("a label is %q without a string table", l)
			}
		}
	}
	if a.Profile.Len() == 0 || len(depths) == 0 || depths[0] {
		t.Errorf("%d samples with depths %v, want some without 0", a.Profile.Len(), depths)
	}
}

// TestPprofCutGzip cuts the compressed form: what the decompressor still delivers is read.
func TestPprofCutGzip(t *testing.T) {
	raw := generatePprof(500)
	want := pprofRowsOf(readPprofBytes(t, raw).Profile)
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	if _, err := zw.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	for at := 20; at < buf.Len(); at += buf.Len()/60 + 1 {
		zr, err := gzip.NewReader(bytes.NewReader(buf.Bytes()[:at]))
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := io.ReadAll(zr)
		if err == nil {
			t.Fatalf("cut at %d of %d decompresses", at, buf.Len())
		}
		a := readPprofFrom(t, &stutter{data: decoded, step: 4096, err: errCutGzip})
		checkPprofCut(t, fmt.Sprintf("gzip cut at %d of %d", at, buf.Len()), a, want, len(decoded))
		if c := a.Cut(); c == nil || !strings.Contains(c.What, errCutGzip.Error()) {
			t.Errorf("gzip cut at %d: losses %+v, want one that gives the reason", at, a.Losses)
		}
	}
}

// TestPprofCutAtBorder: a cut between two fields shows by what is missing, where anything refers to it.
func TestPprofCutAtBorder(t *testing.T) {
	all := pprofSpecimens(t)
	for _, name := range []string{"go1.26.8/goroutine", "re-encoded/cpu"} {
		raw := all[name]
		borders := fieldEnds(t, raw)
		at := borders[len(borders)/2]
		a := readPprofBytes(t, raw[:at])
		if c := a.Cut(); c == nil || c.Ref.Off != int64(at) || !strings.Contains(c.What, "strings") {
			t.Errorf("%s cut at a border: losses %+v, want a cut that names the missing strings", name, a.Losses)
		}
	}
	// The last field of google/pprof's encoder is a 0 that means nothing: without it the file is whole.
	raw := all["re-encoded/cpu"]
	borders := fieldEnds(t, raw)
	a := readPprofBytes(t, raw[:borders[len(borders)-1]])
	if len(a.Losses) > 0 || a.Profile.Len() != readPprofBytes(t, raw).Profile.Len() {
		t.Errorf("without its last field: losses %+v", a.Losses)
	}
}
