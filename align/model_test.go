package align

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const base = 1_795_000_000_000_000_000

func flat(at, offset, half int64) Point {
	iv := Interval{offset - half, offset + half}
	return Point{At: Instant(base + at), Offset: offset, Hard: Unbounded, Assumed: iv, Likely: iv}
}

func TestDomainAt(t *testing.T) {
	d := Domain{Reference: UTC, Segments: []Segment{
		{Points: []Point{flat(0, 100, 10), flat(1000, 200, 30)}},
		{Points: []Point{flat(3000, -5000, 10), flat(4000, -5000, 10)}},
	}}
	for _, c := range []struct {
		name       string
		at, offset int64
		assumed    Interval
	}{
		{"point", 0, 100, Interval{90, 110}},
		{"between", 250, 125, Interval{110, 140}},
		{"before all", -2_000_000, 100, Interval{90 - 202, 110 + 202}},
		{"behind all", 2_004_000, -5000, Interval{-5010 - 202, -4990 + 202}},
		{"in the gap, nearer the old side", 1500, 200, Interval{-5010 - 2, 230 + 2}},
		{"in the gap, nearer the new side", 2900, -5000, Interval{-5010 - 2, 230 + 2}},
	} {
		p, ok := d.At(base+c.at, 100)
		if !ok || p.Offset != c.offset || p.Assumed != c.assumed || p.Hard != Unbounded {
			t.Errorf("%s: got %+v, %v; want offset %d, assumed %v", c.name, p, ok, c.offset, c.assumed)
		}
	}
	if _, ok := new(Domain).At(base, 100); ok {
		t.Error("a domain without segments has an offset")
	}
}

// A clock that was set back showed readings twice: whatever is said of one of those holds before the step and
// behind it.
func TestDomainAtOfClockSetBack(t *testing.T) {
	d := Domain{Reference: UTC, Segments: []Segment{
		{Points: []Point{flat(0, 5000, 10), flat(10_000, 5000, 10)}},
		{Points: []Point{flat(10_001, 0, 10), flat(30_000, 0, 10)}},
	}, Steps: []Step{
		{Slew: true, After: base + 100, Before: base + 200},
		{After: base + 9000, Before: base + 11_000, Size: -5000, Bounds: Interval{-5020, -4980}},
	}}
	both := Interval{-10, 5010}
	for _, c := range []struct {
		at, offset int64
		want       Interval
	}{
		{3900, 5000, Interval{4990, 5010}}, {9000, 5000, both}, {10_000, 5000, both}, {10_001, 0, both},
		{15_900, 0, both}, // before the step if that was when the clock had shown 16,000
		{16_100, 0, Interval{-10, 10}},
	} {
		p, ok := d.At(base+c.at, 100)
		in := func(i Interval) Interval { return Interval{i.Low - 2, i.High + 2} } // of what drifts
		if !ok || p.Offset != c.offset || p.Assumed.join(c.want) != p.Assumed || in(c.want).join(p.Assumed) != in(c.want) {
			t.Errorf("%d: got %+v, %v; want offset %d, assumed %v", c.at, p, ok, c.offset, c.want)
		}
	}
	before, behind, ok := d.Around(&d.Steps[1], 100)
	if !ok || before.Offset != 5000 || before.Assumed != (Interval{4990, 5010}) || behind.Assumed.join(Interval{-11, 11}) != (Interval{-11, 11}) {
		t.Errorf("around the step: %+v, %+v, %v", before, behind, ok)
	}
	if _, _, ok := d.Around(&d.Steps[0], 100); ok {
		t.Error("a slew has sides")
	}
}

// A bound between two points must not overflow where clocks are years apart.
func TestBetweenIsExact(t *testing.T) {
	year := int64(365 * 86400 * 1e9)
	if got := between(-100*year, 100*year, year/2, year, math.MaxInt64); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}

func TestModelJSON(t *testing.T) {
	m := Model{Schema: ModelSchema, Domains: []Domain{{Name: "a", Segments: []Segment{{Points: []Point{flat(0, 1, 2)}}}}, {Name: "b"}}}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back Model
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("model (-written +read):\n%s", diff)
	}
	if m.Domain("b") == nil || m.Domain("c") != nil {
		t.Error("Domain finds the wrong one")
	}
}
