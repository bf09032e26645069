package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/internal/chance"
)

// Measures are compared by their unit and their names alone, so that those of a later detector need nothing
// here:
//   - one with bounds on either side is compared bound against bound;
//   - a ratio, and a count, is tested against what it is out of: the measure "PREFIX.total", "PREFIX.calls"
//     or "PREFIX.UNIT" of the same first word, else "UNIT.total", of the same subject or one that says less;
//   - goroutines are counted, and tested as counts: their share of all goroutines is not what anybody asks;
//   - any other number has no spread, and is shown untested.
//
// A measure is worse where it grows if a finding carries it, or its last word is known to be a fault.

// keyed is the measures of one side by name and subject, with what they are out of.
type keyed struct {
	all    map[string]*Measure
	of     map[string]*float64
	byName map[string][]*Measure
}

func measureKey(name string, subject map[string]string) string {
	return name + "\x00" + subjectKey(subject)
}

func (d *diff) keyMeasures(side int) keyed {
	doc := d.sides[side].Document
	k := keyed{all: make(map[string]*Measure, len(doc.Measures)), of: map[string]*float64{}, byName: map[string][]*Measure{}}
	for i := range doc.Measures {
		m := doc.Measures[i]
		m.Subject = d.pairs.rename(side, m.Subject)
		k.all[measureKey(m.Name, m.Subject)] = &m
		k.byName[m.Name] = append(k.byName[m.Name], &m)
	}
	for key, m := range k.all {
		if of := denominator(m, k.byName); of != nil {
			k.of[key] = of
		}
	}
	return k
}

// denominator finds what a measure is out of, nil for nothing: a total of its unit, or what its unit counts of the same
// subject (hop.context_lost is in calls, which hop.calls counts).
func denominator(m *Measure, byName map[string][]*Measure) *float64 {
	prefix, last, _ := strings.Cut(m.Name, ".")
	names := []string{prefix + ".total", prefix + "." + m.Unit, m.Unit + ".total"}
	switch {
	case m.Unit == "ratio":
		names = []string{prefix + ".total", prefix + ".calls"}
	case last == "total" || last == "calls" || last == m.Unit || !tested(m.Unit) || m.Unit == "goroutines":
		return nil
	}
	for _, name := range names {
		var best *Measure
		for _, total := range byName[name] {
			fits := len(total.Subject) == 0 || agrees(total.Subject, m.Subject)
			if fits && (m.Unit == "ratio" || total.Unit == m.Unit || name == prefix+"."+m.Unit) && total.Value >= 0 && (best == nil || len(total.Subject) > len(best.Subject)) {
				best = total
			}
		}
		switch {
		case best == nil:
		case m.Unit == "ratio" || m.Value <= best.Value:
			return &best.Value
		default:
			return nil
		}
	}
	return nil
}

// agrees reports whether every key of a subject says the same in the other.
func agrees(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return true
}

// compareMeasures compares every measure, and settles the level of their tests.
func (d *diff) compareMeasures() {
	before, after := d.keyMeasures(0), d.keyMeasures(1)
	d.keyed = [2]keyed{before, after}
	d.delta.Run.OrphanDispersion = max(d.o.Dispersion, before.orphanDispersion(), after.orphanDispersion())
	carried := d.carried()
	var tests []chance.Test
	var least, neutral []float64
	alike := d.sameChecks()
	for _, key := range sortedKeys(before.all, after.all) {
		if alike {
			before.fill(key, &after)
			after.fill(key, &before)
		}
		c, test := d.compareMeasure(before.all[key], after.all[key], before.of[key], after.of[key])
		c.Direction = direction(&c, carried)
		d.measures, tests = append(d.measures, c), append(tests, test)
		switch {
		case c.P == nil:
		case sign(&c, carried) != 0:
			least = append(least, test.Least)
		default:
			neutral = append(neutral, test.Least)
		}
	}
	// Those that can fail a run share its chance of a false alarm. The others, of which there are many, have one
	// of their own, so that they do not hide a regression.
	var others int
	var neutralLevel float64
	d.level, d.delta.Summary.Tested = chance.Level(least, d.o.Alpha)
	neutralLevel, others = chance.Level(neutral, d.o.Alpha)
	d.delta.Summary.Tested += others
	d.delta.Run.MeasureLevel = d.level
	for i := range d.measures {
		level := d.level
		if sign(&d.measures[i], carried) == 0 {
			level = neutralLevel
		}
		d.judge(&d.measures[i], tests[i], level)
	}
}

// fill adds a count of none where this side lacks what the other counted, out of a total that this side has:
// detectors that count by hop or cause say nothing of those with none.
func (k *keyed) fill(key string, other *keyed) {
	m := other.all[key]
	if k.all[key] != nil || m == nil || m.Unit == "ratio" || m.Low != nil || m.High != nil {
		return
	}
	none := *m
	none.Value = 0
	if of := denominator(&none, k.byName); of != nil && other.of[key] != nil {
		k.all[key], k.of[key] = &none, of
	}
}

// sameChecks reports whether every check could look on both sides or on neither. The check on the configuration looks at
// no evidence.
func (d *diff) sameChecks() bool {
	looked := func(side int) map[string]bool {
		out := map[string]bool{}
		for _, c := range d.sides[side].Document.Checks {
			if c.ID != ExpiredSuppression.ID {
				out[c.ID] = ran(d.sides[side].Document, c.ID)
			}
		}
		return out
	}
	return maps.Equal(looked(0), looked(1))
}

func side(m *Measure, of *float64) *MeasureSide {
	if m == nil {
		return nil
	}
	return &MeasureSide{Value: m.Value, Low: m.Low, High: m.High, Of: of}
}

// compareMeasure compares two numbers, of which one may be missing.
func (d *diff) compareMeasure(a, b *Measure, ofA, ofB *float64) (MeasureChange, chance.Test) {
	m := a
	if m == nil {
		m = b
	}
	c := MeasureChange{Name: m.Name, Unit: m.Unit, Subject: m.Subject, Before: side(a, ofA), After: side(b, ofB)}
	if a == nil || b == nil || a.Unit != b.Unit {
		c.Verdict = verdictUnknown
		return c, chance.Test{}
	}
	change := b.Value - a.Value
	c.Change = &change
	switch {
	case ofA != nil && ofB != nil:
		return d.testShares(c)
	case a.Low != nil || a.High != nil || b.Low != nil || b.High != nil:
		c.Test = "bounds"
		return c, chance.Test{}
	case tested(m.Unit) && whole(a.Value) && whole(b.Value):
		c.Test = "counts"
		low, high := chance.CountChange(a.Value, b.Value, confidence)
		c.Low, c.High = &low, &high
		test := chance.Counts(int(a.Value), int(b.Value), 1, 1)
		c.P = &test.P
		return c, test
	}
	return c, chance.Test{}
}

func whole(v float64) bool { return v >= 0 && v < 1<<40 && v == math.Trunc(v) }

// testShares tests two shares. Where a share is itself an interval, because it cannot be told which of two
// things a call was, the closest of what it can be on both sides is tested.
func (d *diff) testShares(c MeasureChange) (MeasureChange, chance.Test) {
	c.Test = "shares"
	ofA, ofB := *c.Before.Of, *c.After.Of
	shareA, shareB := shareOf(c.Before, c.Unit), shareOf(c.After, c.Unit)
	change := shareB.value - shareA.value
	c.Change = &change
	nearA, nearB := closest(shareA, shareB)
	phi := d.dispersion(c)
	n1, n2 := int(math.Round(ofA/phi)), int(math.Round(ofB/phi))
	x1, x2 := int(math.Round(nearA*float64(n1))), int(math.Round(nearB*float64(n2)))
	test := chance.Shares(x1, n1, x2, n2)
	c.P = &test.P
	if n1 > 0 && n2 > 0 {
		low, high := shareInterval(shareA, shareB, float64(n1), float64(n2))
		c.Low, c.High = &low, &high
	}
	return c, test
}

// dispersion is what the counts behind a share are divided by: see DiffOptions.Dispersion.
func (d *diff) dispersion(c MeasureChange) float64 {
	switch {
	case c.Name == "spans.orphan" || c.Name == "hop.orphan":
		return d.delta.Run.OrphanDispersion
	case c.Unit == "spans" || strings.HasPrefix(c.Name, "hop."):
		return d.o.Dispersion
	}
	return 1
}

// orphanDispersion estimates by how much the number of orphans varies more than that of independent ones. One lost
// context orphans all that the call led to, m spans on average; if that number varies as much as a geometric one, the
// variance is 2m − 1 times the mean. m is taken as the number of orphans of a trace that is not complete, as if each
// had lost context once.
func (k *keyed) orphanDispersion() float64 {
	orphans, traces, complete := k.all[measureKey("spans.orphan", nil)], k.all[measureKey("traces.total", nil)], k.all[measureKey("traces.complete_ratio", nil)]
	if orphans == nil || traces == nil || complete == nil {
		return 1
	}
	affected := math.Round(traces.Value * (1 - complete.Value))
	if affected < 1 || orphans.Value < affected {
		return 1
	}
	return 2*orphans.Value/affected - 1
}

// interval is a share and what it can be.
type interval struct{ value, low, high float64 }

func shareOf(s *MeasureSide, unit string) interval {
	scale := 1.0
	if unit != "ratio" {
		scale = max(1, *s.Of)
	}
	x := interval{s.Value / scale, s.Value / scale, s.Value / scale}
	if s.Low != nil {
		x.low = *s.Low / scale
	}
	if s.High != nil {
		x.high = *s.High / scale
	}
	return x
}

// closest returns the two values of a and b that are closest; the same where they overlap.
func closest(a, b interval) (float64, float64) {
	switch {
	case a.high < b.low:
		return a.high, b.low
	case b.high < a.low:
		return a.low, b.high
	}
	middle := (max(a.low, b.low) + min(a.high, b.high)) / 2
	return middle, middle
}

// shareInterval is the interval of b − a, as wide as what cannot be told makes it.
func shareInterval(a, b interval, n1, n2 float64) (low, high float64) {
	low, _ = chance.ShareChange(a.high*n1, n1, b.low*n2, n2, confidence)
	_, high = chance.ShareChange(a.low*n1, n1, b.high*n2, n2, confidence)
	return low, high
}

// judge reads the test of a measure.
func (d *diff) judge(c *MeasureChange, test chance.Test, level float64) {
	switch {
	case c.Verdict != "":
	case c.Test == "bounds":
		a, b := openInterval(c.Before), openInterval(c.After)
		low, high := b.low-a.high, b.high-a.low
		if !math.IsInf(low, 0) {
			c.Low = &low
		}
		if !math.IsInf(high, 0) {
			c.High = &high
		}
		switch {
		case equalSides(c):
			c.Verdict = verdictSame
		case low > 0 || high < 0:
			c.Verdict = verdictChanged
		default:
			c.Verdict = verdictChance
		}
	case equalSides(c):
		c.Verdict = verdictSame
	case c.P == nil:
		c.Verdict = verdictUntested
	default:
		c.Verdict = verdictOf(test, level)
		if c.Test == "shares" && c.Unit != "ratio" {
			phi := d.dispersion(*c)
			n1, n2 := int(math.Round(*c.Before.Of/phi)), int(math.Round(*c.After.Of/phi))
			if g, ok := chance.Detectable(int(math.Round(c.Before.Value/phi)), n1, n2, level); ok {
				c.Detectable = &g
			}
		}
	}
}

func openInterval(s *MeasureSide) interval {
	x := interval{s.Value, s.Value, s.Value}
	if s.Low != nil || s.High != nil {
		x.low, x.high = math.Inf(-1), math.Inf(1)
	}
	if s.Low != nil {
		x.low = *s.Low
	}
	if s.High != nil {
		x.high = *s.High
	}
	return x
}

func verdictOf(test chance.Test, level float64) string {
	switch {
	case test.P <= level:
		return verdictChanged
	case test.Least > level:
		return verdictTooFew
	}
	return verdictChance
}

// equalSides reports whether nothing of a number differs.
func equalSides(c *MeasureChange) bool {
	same := func(x, y *float64) bool { return x == nil && y == nil || x != nil && y != nil && *x == *y }
	a, b := c.Before, c.After
	return a.Value == b.Value && same(a.Low, b.Low) && same(a.High, b.High) && same(a.Of, b.Of)
}

// listMeasures puts the measures that differ into the delta.
func (d *diff) listMeasures() {
	out := []MeasureChange{}
	for i := range d.measures {
		c := &d.measures[i]
		if c.Verdict == verdictChanged {
			d.delta.Summary.MeasuresChanged++
		}
		if c.Verdict != verdictSame || d.o.All {
			out = append(out, *c)
		}
	}
	rank := func(c *MeasureChange) int {
		r := slices.Index([]string{verdictChanged, verdictChance, verdictTooFew, verdictUntested, verdictUnknown, verdictSame}, c.Verdict) * 2
		if c.Direction == "" {
			r++
		}
		return r
	}
	slices.SortStableFunc(out, func(a, b MeasureChange) int { return cmp.Compare(rank(&a), rank(&b)) })
	d.delta.Measures = out
}
