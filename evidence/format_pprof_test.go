package evidence

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

// readPprofBytes runs the pprof reader over raw bytes.
func readPprofBytes(tb testing.TB, raw []byte) *Artifact {
	tb.Helper()
	return readPprofFrom(tb, bytes.NewReader(raw))
}

// readPprofFrom runs the pprof reader over a stream, in windows so small that fields cross their ends and
// that thousands of reads do not each clear a large one.
func readPprofFrom(tb testing.TB, from io.Reader) *Artifact {
	tb.Helper()
	a := &Artifact{}
	in := newInput(from, a, 3)
	in.buf = make([]byte, 2<<10)
	readPprofInput(tb, in)
	return a
}

// readPprofInput runs the pprof reader as Load does.
func readPprofInput(tb testing.TB, in *input) {
	tb.Helper()
	in.fill(sniffBytes)
	if !formatPprof.read(in) {
		tb.Fatal("read refuses the profile")
	}
	in.close()
}

// gunzip returns the decoded bytes of a gzipped file, or the file's bytes if it is not gzipped.
func gunzip(tb testing.TB, path string) []byte {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b
	}
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	raw, err := io.ReadAll(zr)
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return raw
}

// pprofSpecimens returns the raw bytes of every specimen, by name.
func pprofSpecimens(tb testing.TB) map[string][]byte {
	tb.Helper()
	paths, err := filepath.Glob("../testdata/specimens/pprof/*/*.pb.gz")
	if err != nil || len(paths) < 40 {
		tb.Fatalf("%d specimens (%v): the test would look at nothing", len(paths), err)
	}
	all := map[string][]byte{}
	for _, p := range paths {
		name := filepath.Base(filepath.Dir(p)) + "/" + strings.TrimSuffix(filepath.Base(p), ".pb.gz")
		all[name] = gunzip(tb, p)
	}
	return all
}

// flat is a profile with all references resolved, in a form that both readers can be brought to.
type flat struct {
	Types, Period, Comments, Default string
	Time, Duration, PeriodValue      int64
	Functions, Mappings, Locations   []string
	Samples                          []flatSample
}

type flatSample struct {
	Locations []string
	Values    []int64
	Labels    map[string][]string
	Numbers   map[string][]int64
	Units     map[string][]string
	Depth     int
}

func flatten(p *Profile) flat {
	f := flat{
		Types: fmt.Sprint(p.SampleTypes), Period: fmt.Sprint(p.PeriodType), Comments: fmt.Sprintf("%q", p.Comments),
		Default: p.DefaultSampleType, Time: p.TimeNanos, Duration: p.DurationNanos, PeriodValue: p.Period,
	}
	for _, fn := range p.Functions {
		f.Functions = append(f.Functions, fmt.Sprint(fn.Name, fn.File, fn.StartLine))
	}
	for _, m := range p.Mappings {
		f.Mappings = append(f.Mappings, fmt.Sprint(m.Start, m.Limit, m.Offset, m.File, m.BuildID, m.HasFunctions))
	}
	for _, l := range p.Locations {
		text := fmt.Sprint(l.Addr)
		if l.Mapping >= 0 {
			text += " in " + f.Mappings[l.Mapping]
		}
		for _, line := range l.Lines {
			text += fmt.Sprintf(" %s:%d", f.Functions[line.Function], line.Line)
		}
		f.Locations = append(f.Locations, text)
	}
	for s := range p.Samples() {
		fs := flatSample{Values: append([]int64{}, s.Values...), Depth: s.Depth,
			Labels: map[string][]string{}, Numbers: map[string][]int64{}, Units: map[string][]string{}}
		for _, l := range s.Locations {
			fs.Locations = append(fs.Locations, f.Locations[l])
		}
		for _, l := range s.Labels {
			// google/pprof drops a label with an empty value; see pprofRows.numericZero.
			if l.Value != "" {
				fs.Labels[l.Key] = append(fs.Labels[l.Key], l.Value)
			}
		}
		for _, l := range s.NumLabels {
			if l.Value != 0 || l.Unit != "" {
				fs.Numbers[l.Key] = append(fs.Numbers[l.Key], l.Value)
				fs.Units[l.Key] = append(fs.Units[l.Key], l.Unit)
			}
		}
		f.Samples = append(f.Samples, fs)
	}
	return f
}

func flattenGoogle(p *profile.Profile) flat {
	f := flat{
		Comments: fmt.Sprintf("%q", p.Comments), Default: p.DefaultSampleType,
		Time: p.TimeNanos, Duration: p.DurationNanos, PeriodValue: p.Period,
	}
	var types []ValueType
	for _, t := range p.SampleType {
		types = append(types, ValueType{t.Type, t.Unit})
	}
	f.Types = fmt.Sprint(types)
	f.Period = fmt.Sprint(ValueType{p.PeriodType.Type, p.PeriodType.Unit})
	function := func(fn *profile.Function) string { return fmt.Sprint(fn.Name, fn.Filename, fn.StartLine) }
	mapping := func(m *profile.Mapping) string {
		return fmt.Sprint(m.Start, m.Limit, m.Offset, m.File, m.BuildID, m.HasFunctions)
	}
	location := func(l *profile.Location) string {
		text := fmt.Sprint(l.Address)
		if l.Mapping != nil {
			text += " in " + mapping(l.Mapping)
		}
		for _, line := range l.Line {
			text += fmt.Sprintf(" %s:%d", function(line.Function), line.Line)
		}
		return text
	}
	for _, fn := range p.Function {
		f.Functions = append(f.Functions, function(fn))
	}
	for _, m := range p.Mapping {
		f.Mappings = append(f.Mappings, mapping(m))
	}
	texts := map[*profile.Location]string{}
	for _, l := range p.Location {
		texts[l] = location(l)
		f.Locations = append(f.Locations, texts[l])
	}
	for _, s := range p.Sample {
		fs := flatSample{Values: append([]int64{}, s.Value...),
			Labels: map[string][]string{}, Numbers: map[string][]int64{}, Units: map[string][]string{}}
		for _, l := range s.Location {
			fs.Locations = append(fs.Locations, texts[l])
			fs.Depth += len(l.Line)
		}
		flattenGoogleLabels(s, &fs)
		f.Samples = append(f.Samples, fs)
	}
	return f
}

func flattenGoogleLabels(s *profile.Sample, fs *flatSample) {
	for k, values := range s.Label {
		for _, v := range values {
			if v != "" {
				fs.Labels[k] = append(fs.Labels[k], v)
			}
		}
	}
	for k, values := range s.NumLabel {
		for i, v := range values {
			unit := ""
			if u := s.NumUnit[k]; len(u) > 0 {
				unit = u[i]
			}
			if v != 0 || unit != "" {
				fs.Numbers[k] = append(fs.Numbers[k], v)
				fs.Units[k] = append(fs.Units[k], unit)
			}
		}
	}
}

// comparePprof reads raw with both readers and compares everything that both hold.
func comparePprof(t *testing.T, raw []byte) *Artifact {
	t.Helper()
	want, err := profile.ParseData(raw)
	if err != nil {
		t.Fatalf("google/pprof refuses the profile: %v", err)
	}
	a := readPprofBytes(t, raw)
	if len(a.Losses) > 0 {
		t.Errorf("losses in a whole profile: %v", a.Losses)
	}
	if d := cmp.Diff(flattenGoogle(want), flatten(a.Profile)); d != "" {
		t.Errorf("profile differs (-google +ours):\n%.4000s", d)
	}
	if a.Profile.Len() != len(want.Sample) {
		t.Errorf("Len is %d, want %d", a.Profile.Len(), len(want.Sample))
	}
	if !formatPprof.sniff(raw[:min(len(raw), sniffBytes)], len(raw) <= sniffBytes) {
		t.Error("sniff refuses the profile")
	}
	checkSampleRefs(t, a, raw)
	return a
}

// checkSampleRefs checks that every sample's Ref holds a sample field, and that they are in file order.
func checkSampleRefs(t *testing.T, a *Artifact, raw []byte) {
	t.Helper()
	last := int64(0)
	for s := range a.Profile.Samples() {
		r := s.Ref
		if r.Artifact != 3 || r.Off < last || r.Len < 2 || r.Off+r.Len > int64(len(raw)) {
			t.Fatalf("sample has the ref %v of artifact %d in %d bytes, after %d", r, r.Artifact, len(raw), last)
		}
		if raw[r.Off] != profSample<<3|2 {
			t.Fatalf("the ref %v does not start with a sample's tag", r)
		}
		last = r.Off + r.Len
	}
}

func TestPprofSpecimensEqualGoogle(t *testing.T) {
	for name, raw := range pprofSpecimens(t) {
		t.Run(name, func(t *testing.T) { comparePprof(t, raw) })
	}
}

// TestPprofCapturesEqualGoogle does the same over captures that are not part of the repository.
func TestPprofCapturesEqualGoogle(t *testing.T) {
	paths, err := filepath.Glob("../../shared/captures/*/profiles/*/*.pb.gz")
	if err != nil || len(paths) == 0 {
		t.Skip("no captures beside the repository")
	}
	for _, p := range paths {
		t.Run(strings.TrimPrefix(p, "../../shared/captures/"), func(t *testing.T) {
			a := comparePprof(t, gunzip(t, p))
			kind, _, _ := strings.Cut(filepath.Base(p), ".")
			want := Format("pprof/" + kind)
			if a.Format != want && !(a.Profile.Len() == 0 && a.Format == "pprof/contention") {
				t.Errorf("format %s, want %s", a.Format, want)
			}
		})
	}
}

// TestPprofWindowSizes reads through windows that break fields everywhere.
func TestPprofWindowSizes(t *testing.T) {
	for name, raw := range pprofSpecimens(t) {
		want := flatten(readPprofBytes(t, raw).Profile)
		a := readPprofFrom(t, &stutter{data: raw, step: 7})
		if d := cmp.Diff(want, flatten(a.Profile)); d != "" {
			t.Errorf("%s in steps of 7 bytes (-whole +steps):\n%.2000s", name, d)
		}
	}
}

// stutter delivers data in small steps, and then err or io.EOF.
type stutter struct {
	data []byte
	step int
	err  error
}

func (s *stutter) Read(b []byte) (int, error) {
	if len(s.data) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		return 0, io.EOF
	}
	n := copy(b, s.data[:min(s.step, len(s.data))])
	s.data = s.data[n:]
	return n, nil
}

var errCutGzip = errors.New("the compressed stream ends early")
