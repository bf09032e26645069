package evidence

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
	"github.com/witnessmark/witnessmark/internal/wire"
)

// FuzzPprof holds the reader to its promises on any input: no panic, every reference and Ref in range,
// the same rows in every iteration; and where google/pprof accepts the input and nothing was lost, the
// same profile.
func FuzzPprof(f *testing.F) {
	n := 0
	for _, raw := range pprofSpecimens(f) {
		if len(raw) < 1200 {
			f.Add(raw)
			n++
		}
	}
	if n < 5 {
		f.Fatalf("%d seeds", n)
	}
	for _, order := range []string{"tpnlfsmr", "rmsflnpt", "ptlfsnmr", "ntplfsmr", "tsmlfrnp"} {
		f.Add(smallPprof(order))
	}
	f.Add(generatePprof(2)[:2000])
	f.Fuzz(func(t *testing.T, raw []byte) {
		sniffPprof(raw, true)
		checkPprofAny(t, raw)
	})
}

// TestPprofFlipped does the same over specimens with a few bytes changed, which stay closer to a profile
// than what a fuzzer finds in a short run.
func TestPprofFlipped(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 7))
	refused, equal := 0, 0
	for _, order := range []string{"tpnlfsmr", "ptlfsnmr", "ntplfsmr"} {
		whole := smallPprof(order)
		for range 5000 {
			raw := bytes.Clone(whole)
			for range 1 + rnd.IntN(3) {
				raw[rnd.IntN(len(raw))] = byte(rnd.UintN(256))
			}
			if checkPprofAny(t, raw) {
				equal++
			} else {
				refused++
			}
			if t.Failed() {
				t.Fatalf("%x", raw)
			}
		}
	}
	if equal < 1000 || refused < 1000 {
		t.Errorf("%d changed profiles compared, %d not: the test looks at one side only", equal, refused)
	}
}

// checkPprofAny reads raw and checks what must hold for any input. It reports whether google/pprof
// accepts the input and nothing was lost, so that the two readers were compared.
func checkPprofAny(t *testing.T, raw []byte) bool {
	t.Helper()
	a := readPprofBytes(t, raw)
	p := a.Profile
	rows := checkPprofRanges(t, a, int64(len(raw)))
	if rows != p.Len() {
		t.Fatalf("Len is %d, the iteration yields %d", p.Len(), rows)
	}
	if len(a.Losses) > maxLosses+1 {
		t.Fatalf("%d losses", len(a.Losses))
	}
	want, err := profile.ParseUncompressed(raw)
	if err == nil {
		err = want.CheckValid()
	}
	if len(a.Losses) > 0 || a.MoreLosses > 0 {
		return false
	}
	if err != nil {
		if !toleratedPprof(err, raw) {
			t.Errorf("google/pprof refuses what we read without a Loss: %v", err)
		}
		return false
	}
	if d := cmp.Diff(flattenGoogle(want), flatten(p)); d != "" {
		t.Fatalf("profile differs (-google +ours):\n%.3000s", d)
	}
	return true
}

// toleratedPprof names what google/pprof refuses and is no damage: an empty input, and a profile without
// a string table that refers to no string.
func toleratedPprof(err error, raw []byte) bool {
	if len(raw) == 0 {
		return true
	}
	w := wire.Walk(raw)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == profString {
			return false
		}
	}
	return err.Error() == "malformed profile format"
}

// checkPprofRanges checks every index and Ref, and returns the number of samples.
func checkPprofRanges(t *testing.T, a *Artifact, size int64) int {
	t.Helper()
	p := a.Profile
	in := func(i, n int) bool { return i >= -1 && i < n }
	for _, l := range p.Locations {
		if !in(int(l.Mapping), len(p.Mappings)) {
			t.Fatalf("mapping %d of %d", l.Mapping, len(p.Mappings))
		}
		for _, line := range l.Lines {
			if !in(int(line.Function), len(p.Functions)) {
				t.Fatalf("function %d of %d", line.Function, len(p.Functions))
			}
		}
	}
	if p.Primary != 0 && p.Primary >= len(p.SampleTypes) {
		t.Fatalf("primary value %d of %d", p.Primary, len(p.SampleTypes))
	}
	n := 0
	for s := range p.Samples() {
		n++
		if s.Ref.Off < 0 || s.Ref.Len <= 0 || s.Ref.Off+s.Ref.Len > size {
			t.Fatalf("sample at %v in %d bytes", s.Ref, size)
		}
		depth := 0
		for _, l := range s.Locations {
			if !in(int(l), len(p.Locations)) {
				t.Fatalf("location %d of %d", l, len(p.Locations))
			}
			if l >= 0 {
				depth += len(p.Locations[l].Lines)
			}
		}
		if s.Depth != depth {
			t.Fatalf("depth %d, want %d", s.Depth, depth)
		}
		p.Root(s)
		for range p.Frames(s) {
			depth--
		}
		if depth != 0 {
			t.Fatalf("Frames yields %d frames less than Depth", depth)
		}
	}
	cuts := 0
	for i, l := range a.Losses {
		if l.Ref.Off < 0 || l.Ref.Len < 0 || l.Ref.Off+l.Ref.Len > size || l.What == "" || l.Origin == "" {
			t.Fatalf("loss %+v in %d bytes", l, size)
		}
		if i > 0 && l.Ref.Off < a.Losses[i-1].Ref.Off {
			t.Fatalf("losses are out of order: %+v", a.Losses)
		}
		if l.Cut {
			cuts++
		}
	}
	if cuts > 1 {
		t.Fatalf("%d cuts", cuts)
	}
	return n
}
