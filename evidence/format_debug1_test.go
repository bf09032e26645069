package evidence

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

// row is a sample with what its indexes mean.
type row struct {
	Ref     Ref
	Values  []int64
	Labels  []Label
	PCs     []uint64
	Frames  [][]string // for each program counter
	ZeroPCs int
	Depth   int
}

func profileRows(p *Profile) []row {
	rows := []row{}
	for s := range p.Samples() {
		r := row{Ref: s.Ref, Values: append([]int64(nil), s.Values...), Labels: s.Labels, ZeroPCs: s.ZeroPCs, Depth: s.Depth}
		for _, l := range s.Locations {
			r.PCs = append(r.PCs, p.Locations[l].Addr)
			var frames []string
			for _, line := range p.Locations[l].Lines {
				name := ""
				if line.Function >= 0 {
					name = p.Functions[line.Function].Name
				}
				frames = append(frames, name)
			}
			r.Frames = append(r.Frames, frames)
		}
		rows = append(rows, r)
	}
	return rows
}

func (r *row) has(fn string) bool {
	for _, frames := range r.Frames {
		for _, f := range frames {
			if f == fn {
				return true
			}
		}
	}
	return false
}

func isText(f Format) bool { return strings.HasSuffix(string(f), "/debug1") }

func TestDebug1Specimens(t *testing.T) {
	for _, s := range specimens(t, isText) {
		t.Run(s.name, func(t *testing.T) {
			a := readWith(t, formatDebug1, s.data)
			if a == nil {
				t.Fatal("refused")
			}
			if a.Format != s.truth.Format || len(a.Losses) > 0 {
				t.Errorf("format %s, losses %v; want %s, none", a.Format, a.Losses, s.truth.Format)
			}
			checkProfile(t, a.Profile, int64(len(s.data)))
			checkRecords(t, a.Profile, s.truth)
			if v, minor := a.Go, s.truth.minor(); minor < v.Min || v.Max != 0 && minor > v.Max {
				t.Errorf("release %+v, made by %s", v, s.truth.Go)
			}
		})
	}
}

func checkRecords(t *testing.T, p *Profile, want specimenTruth) {
	t.Helper()
	rows := profileRows(p)
	for fn, values := range want.Records {
		for name, value := range values {
			got := int64(0)
			for i, st := range p.SampleTypes {
				for _, r := range rows {
					if st.Type == name && r.has(fn) {
						got += r.Values[i]
					}
				}
			}
			if got != value {
				t.Errorf("%s of %s: %d, want %d", name, fn, got, value)
			}
		}
	}
	if p.Kind != KindGoroutine && p.Kind != KindGoroutineLeak {
		return
	}
	total, entries, labels := int64(0), map[string]int{}, map[string]int{}
	for _, r := range rows {
		total += r.Values[0]
		for fn := range want.Entries {
			// A stack cut at the limit does not reach the entry.
			if r.has(fn) || fn == "main.deep" && r.has("main.dive") && !r.has("main.shallow") {
				entries[fn] += int(r.Values[0])
			}
		}
		if len(r.Labels) > 0 {
			labels[labelJSON(t, r.Labels)] += int(r.Values[0])
		}
	}
	// main.dive of the shallow stack is cut too where the limit is 32.
	if want.minor() <= 22 && entries["main.deep"] == 2 {
		entries["main.deep"], entries["main.shallow"] = 1, 1
	}
	if total != int64(want.Goroutines) || p.Total != total {
		t.Errorf("%d goroutines, header %d, want %d", total, p.Total, want.Goroutines)
	}
	if !reflect.DeepEqual(entries, want.Entries) {
		t.Errorf("entries %v, want %v", entries, want.Entries)
	}
	if want.Labels == nil {
		want.Labels = map[string]int{}
	}
	if !reflect.DeepEqual(labels, want.Labels) {
		t.Errorf("labels %v, want %v", labels, want.Labels)
	}
}

// checkProfile checks what holds of every text profile.
func checkProfile(t testing.TB, p *Profile, size int64) {
	t.Helper()
	end, n := int64(0), 0
	for s := range p.Samples() {
		n++
		if s.Ref.Off < end || s.Ref.Len <= 0 || s.Ref.Off+s.Ref.Len > size {
			t.Fatalf("ref %v after %d of %d bytes", s.Ref, end, size)
		}
		end = s.Ref.Off + s.Ref.Len
		if len(s.Values) != len(p.SampleTypes) {
			t.Fatalf("%d values of %d", len(s.Values), len(p.SampleTypes))
		}
		depth := 0
		for _, l := range s.Locations {
			depth += len(p.Locations[l].Lines)
		}
		if depth != s.Depth {
			t.Fatalf("depth %d, want %d", s.Depth, depth)
		}
	}
	if n != p.Len() || !p.Text || p.Primary >= len(p.SampleTypes) {
		t.Fatalf("%d samples, Len %d, text %v, primary %d", n, p.Len(), p.Text, p.Primary)
	}
	for _, l := range p.Lines {
		if int(l.Function) >= len(p.Functions) {
			t.Fatalf("function %d of %d", l.Function, len(p.Functions))
		}
	}
}

// texts returns every text profile of the specimens and, where they are there, of the shared captures.
func texts(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, s := range specimens(t, isText) {
		all[s.name] = s.data
	}
	dir := filepath.Join("..", "..", "shared", "captures")
	for _, pattern := range []string{"*/*.debug1.txt*", "*/profiles/*/*.debug1.txt*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			all[f] = readFile(t, f)
		}
	}
	return all
}

// TestDebug1Differential compares the values and program counters with those of google/pprof, after the
// scaling that it does and the text does not.
func TestDebug1Differential(t *testing.T) {
	compared := map[Kind]int{}
	for name, data := range texts(t) {
		a := readWith(t, formatDebug1, data)
		if a == nil || len(a.Losses) > 0 {
			t.Errorf("%s: %+v", name, a)
			continue
		}
		official, err := profile.ParseData(data)
		if err != nil {
			continue
		}
		p := a.Profile
		compared[p.Kind]++
		// The official parser rounds after its multiplication.
		near := cmp.Comparer(func(a, b int64) bool { return max(a-b, b-a) < max(1, roundingOf(p)) })
		if diff := cmp.Diff(officialRows(official), valueRows(p), near); diff != "" {
			t.Errorf("%s (-official +got):\n%s", name, diff)
		}
	}
	for _, k := range []Kind{KindGoroutine, KindHeap, KindMutex, KindBlock} {
		if compared[k] == 0 {
			t.Errorf("no %s profile that the official parser reads", k)
		}
	}
}

func roundingOf(p *Profile) int64 {
	if p.Kind == KindMutex {
		return p.Period
	}
	return 1
}

type valueRow struct {
	Values []int64
	PCs    []uint64
}

func officialRows(p *profile.Profile) []valueRow {
	var rows []valueRow
	for _, s := range p.Sample {
		r := valueRow{Values: s.Value}
		for _, l := range s.Location {
			if l.Address+1 != 0 { // a stack of zeros
				r.PCs = append(r.PCs, l.Address)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// scaled applies what the official parser does to the values of legacy text: it scales heap samples up by
// their chance to be taken, and multiplies contentions by the sampling period, which the runtime has done
// already.
func scaled(p *Profile, v []int64) []int64 {
	switch p.Kind {
	case KindHeap:
		out := make([]int64, 4)
		for i := 0; i < 4; i += 2 {
			if v[i] != 0 && v[i+1] != 0 {
				f := 1 / (1 - math.Exp(-float64(v[i+1])/float64(v[i])/float64(p.Period)))
				out[i], out[i+1] = int64(float64(v[i])*f), int64(float64(v[i+1])*f)
			}
		}
		return out
	case KindMutex, KindBlock:
		return []int64{v[0] * p.Period, v[1] * p.Period}
	}
	return v
}

func valueRows(p *Profile) []valueRow {
	var rows []valueRow
	for _, r := range profileRows(p) {
		v := valueRow{Values: scaled(p, r.Values)}
		for _, pc := range r.PCs {
			v.PCs = append(v.PCs, pc-1) // the official parser makes calls of return addresses
		}
		rows = append(rows, v)
	}
	return rows
}

func TestDebug1Cuts(t *testing.T) {
	for _, s := range specimens(t, isText) {
		t.Run(s.name, func(t *testing.T) {
			want := profileRows(readWith(t, formatDebug1, s.data).Profile)
			for _, k := range cutPoints(s.data) {
				a := readWith(t, formatDebug1, s.data[:k])
				if a == nil {
					if k > 80 {
						t.Errorf("cut to %d bytes: refused", k)
					}
					continue
				}
				checkProfile(t, a.Profile, int64(k))
				got := profileRows(a.Profile)
				if len(got) > len(want) {
					t.Fatalf("cut to %d bytes: %d rows of %d", k, len(got), len(want))
				}
				if diff := diffRows(want[:len(got)], got); diff != "" {
					t.Fatalf("cut to %d bytes: rows are no prefix: %s", k, diff)
				}
				if len(a.Losses) != 1 || !a.Losses[0].Cut {
					if !wholeText(s.data[:k], a.Profile.Kind) {
						t.Fatalf("cut to %d of %d bytes: losses %v: %q", k, len(s.data), a.Losses, s.data[max(0, k-200):k])
					}
				}
			}
		})
	}
}

// wholeText reports whether data is what runtime/pprof may write: a profile without a total after any
// record, and a heap profile of a system that does not tell its MaxRSS.
func wholeText(data []byte, kind Kind) bool {
	switch kind {
	case KindHeap:
		return bytes.Contains(data, []byte("# DebugGC = false\n")) && bytes.HasSuffix(data, []byte("\n"))
	case KindMutex, KindBlock:
		return bytes.HasSuffix(data, []byte("\n\n")) || bytes.Count(data, []byte("\n")) == 3-btoi(kind == KindBlock) && bytes.HasSuffix(data, []byte("\n"))
	}
	return false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestDebug1Window(t *testing.T) {
	for name, data := range texts(t) {
		want := readWith(t, formatDebug1, data)
		got := readStream(t, formatDebug1, iotest.OneByteReader(bytes.NewReader(data)))
		if diff := diffRows(profileRows(want.Profile), profileRows(got.Profile)); diff != "" {
			t.Errorf("%s, byte by byte: %s", name, diff)
		}
	}
}
