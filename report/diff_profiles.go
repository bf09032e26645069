package report

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// Profiles are compared by share. A share of weighted samples is worth as many equal samples as Kish's effective
// size of all of them, (Σv)²/Σv²: one stack that holds half of the heap in a single sampled block is one
// observation, not half a million bytes.

// amount is value and the sum of the squares of its samples.
type amount struct{ value, squares float64 }

func (a *amount) add(v, events float64) {
	a.value += v
	if events > 0 {
		a.squares += v * v / events
	}
}

// profileTally is one side of a profile.
type profileTally struct {
	total     amount
	flat, cum map[string]float64
	stacks    map[string]float64
}

// profiles compares the profiles of both sides.
func (d *diff) profiles() {
	d.delta.Profiles = []ProfileChange{}
	a, b := d.sides[0].Bundle, d.sides[1].Bundle
	if a == nil || b == nil {
		return
	}
	type pair struct {
		i, j  int
		name  string
		left  *evidence.Profile
		right *evidence.Profile
	}
	var pairs []pair
	for i, j := range d.pairs.of[0] {
		if j < 0 || a.Artifacts[i].Profile == nil || b.Artifacts[j].Profile == nil {
			continue
		}
		p := pair{i, j, d.pairs.names[0][i], a.Artifacts[i].Profile, b.Artifacts[j].Profile}
		if p.left.Kind == p.right.Kind && !goroutineKind(p.left.Kind) {
			pairs = append(pairs, p)
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int { return strings.Compare(x.name, y.name) })
	for _, p := range pairs {
		c := d.compareProfile(text(p.name), p.left, p.right, len(pairs))
		for i := range c.Functions {
			if c.Functions[i].Flat.Verdict == verdictChanged || c.Functions[i].Cum.Verdict == verdictChanged {
				d.delta.Summary.FunctionsChanged++
			}
		}
		if len(c.Functions) > 0 || len(c.Stacks) > 0 || !sameProfile(&c) || d.o.All {
			d.delta.Profiles = append(d.delta.Profiles, c)
		}
	}
}

// sameProfile reports whether nothing sets the two sides apart but what keeps them from being compared.
func sameProfile(c *ProfileChange) bool {
	return c.BeforeTotal == c.AfterTotal && !slices.ContainsFunc(c.Differences, func(s string) bool { return !strings.HasSuffix(s, "nothing is compared") })
}

func goroutineKind(k evidence.Kind) bool {
	return k == evidence.KindGoroutine || k == evidence.KindGoroutineLeak
}

// compareProfile compares two profiles of one kind; of is how many pairs share the chance of a false alarm.
func (d *diff) compareProfile(name string, a, b *evidence.Profile, of int) ProfileChange {
	c := ProfileChange{
		Artifact: name, Kind: string(a.Kind), Differences: profileDifferences(a, b), BeforeDurationNS: a.DurationNanos, AfterDurationNS: b.DurationNanos,
		Functions: []ShareChange{}, Stacks: []ShareChange{},
	}
	i, j, ok := commonType(a, b)
	switch {
	case !ok:
		c.Differences = append(c.Differences, "no sample type in common: nothing is compared")
		return c
	case a.NamesLost || b.NamesLost:
		c.Differences = append(c.Differences, "the names of functions are lost: nothing is compared")
		return c
	}
	if negative(a, i) || negative(b, j) {
		c.Differences = append(c.Differences, "values below zero, of which there are no shares: nothing is compared")
		return c
	}
	c.SampleType = text(a.SampleTypes[i].Type + "/" + a.SampleTypes[i].Unit)
	before, after := tallyProfile(a, i), tallyProfile(b, j)
	c.BeforeTotal, c.AfterTotal = before.total.value, after.total.value
	c.BeforeSamples, c.AfterSamples = before.samples(), after.samples()
	if d.o.ByDuration && (a.DurationNanos <= 0 || b.DurationNanos <= 0) {
		c.Differences = append(c.Differences, "a duration is missing: shares of the total are compared")
	}
	s := shareTest{d: d, before: before, after: after}
	if d.o.ByDuration && a.DurationNanos > 0 && b.DurationNanos > 0 {
		s.seconds = [2]float64{float64(a.DurationNanos) / 1e9, float64(b.DurationNanos) / 1e9}
	}
	s.settle(of)
	c.Level = s.level
	for _, name := range sortedKeys(before.cum, after.cum) {
		flat := s.share(before.flat[name], after.flat[name])
		cum := s.share(before.cum[name], after.cum[name])
		f := ShareChange{Name: text(name), Flat: flat, Cum: &cum}
		s.all = append(s.all, f)
		if flat.Verdict != verdictSame || cum.Verdict != verdictSame {
			c.Functions = append(c.Functions, f)
		}
	}
	for _, name := range sortedKeys(before.stacks, after.stacks) {
		if flat := s.share(before.stacks[name], after.stacks[name]); flat.Verdict != verdictSame {
			c.Stacks = append(c.Stacks, ShareChange{Name: text(name), Flat: flat})
		}
	}
	d.functions = append(d.functions, functionTable{c.Artifact, &s})
	c.Functions, c.MoreFunctions = topShares(c.Functions, d.o.Top)
	c.Stacks, c.MoreStacks = topShares(c.Stacks, d.o.Top)
	return c
}

// negative reports whether a value is below zero, as in the difference of two moments.
func negative(p *evidence.Profile, value int) bool {
	for s := range p.Samples() {
		if value < len(s.Values) && s.Values[value] < 0 {
			return true
		}
	}
	return false
}

// commonType returns the sample type to compare: the primary one of the earlier side if the other has it.
func commonType(a, b *evidence.Profile) (i, j int, ok bool) {
	try := func(i int) bool {
		j = slices.Index(b.SampleTypes, a.SampleTypes[i])
		return j >= 0
	}
	if a.Primary < len(a.SampleTypes) && b.Primary < len(b.SampleTypes) && a.SampleTypes[a.Primary] == b.SampleTypes[b.Primary] {
		return a.Primary, b.Primary, true
	}
	// By name, so that swapped sides choose the same.
	order := make([]int, 0, len(a.SampleTypes))
	for i := range a.SampleTypes {
		order = append(order, i)
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(strings.Compare(a.SampleTypes[x].Type, a.SampleTypes[y].Type), strings.Compare(a.SampleTypes[x].Unit, a.SampleTypes[y].Unit))
	})
	for _, i := range order {
		if try(i) {
			return i, j, true
		}
	}
	return 0, 0, false
}

// profileDifferences says what two profiles do not have in common. The texts name both sides with a comma
// between, never a direction.
func profileDifferences(a, b *evidence.Profile) []string {
	out := []string{}
	differ := func(what, x, y string) {
		if x != y {
			out = append(out, text(what+": "+x+", "+y))
		}
	}
	differ("sample types", typeList(a), typeList(b))
	differ("period", fmt.Sprintf("%d %s", a.Period, a.PeriodType.Unit), fmt.Sprintf("%d %s", b.Period, b.PeriodType.Unit))
	differ("build", build(a), build(b))
	if a.Delta != b.Delta {
		out = append(out, "one is the difference of two moments, the other is not")
	}
	if a.Text != b.Text {
		out = append(out, "one is text, the other protobuf")
	}
	return out
}

func typeList(p *evidence.Profile) string {
	var names []string
	for _, t := range p.SampleTypes {
		names = append(names, t.Type+"/"+t.Unit)
	}
	return strings.Join(names, " ")
}

// build names the program: the first mapping is the main one (runtime/pprof/proto.go, readMapping).
func build(p *evidence.Profile) string {
	if len(p.Mappings) == 0 {
		return "not recorded"
	}
	m := &p.Mappings[0]
	if m.BuildID != "" {
		return m.BuildID
	}
	if name := path.Base(m.File); m.File != "" {
		return name + " without an id"
	}
	return "not recorded"
}

// tallyProfile sums one value over functions and stacks. A sample without names counts in the total only.
func tallyProfile(p *evidence.Profile, value int) *profileTally {
	t := &profileTally{flat: map[string]float64{}, cum: map[string]float64{}, stacks: map[string]float64{}}
	seen := map[string]bool{}
	var names []string
	for s := range p.Samples() {
		if value >= len(s.Values) || s.Values[value] == 0 {
			continue
		}
		v := float64(s.Values[value])
		t.total.add(v, events(p, s, value))
		clear(seen)
		names = names[:0]
		for f := range p.Frames(s) {
			if f == nil {
				continue
			}
			if len(names) == 0 {
				t.flat[f.Name] += v
			}
			names = append(names, f.Name)
			if !seen[f.Name] { // once, however deep it recurses
				seen[f.Name] = true
				t.cum[f.Name] += v
			}
		}
		if len(names) > 0 {
			slices.Reverse(names)
			t.stacks[strings.Join(names, ";")] += v
		}
	}
	return t
}

// events returns how many sampled events a row stands for.
func events(p *evidence.Profile, s *evidence.Sample, value int) float64 {
	n := math.Abs(float64(s.Values[0]))
	switch p.Kind {
	case evidence.KindHeap, evidence.KindAllocs:
		// Values come in pairs of objects and bytes. The protobuf form is scaled up: undo it
		// (runtime/pprof/protomem.go, scaleHeapSample).
		objects, space := value&^1, value|1
		if space >= len(s.Values) {
			return 1
		}
		n = math.Abs(float64(s.Values[objects]))
		if size := float64(s.Values[space]) / float64(s.Values[objects]); !p.Text && p.Period > 1 && size > 0 {
			n *= 1 - math.Exp(-size/float64(p.Period))
		}
	case evidence.KindMutex, evidence.KindBlock:
		// Delays differ from event to event by orders of magnitude, and the row holds their sum only: it counts
		// as one, which errs towards "too few to tell".
		return 1
	}
	return max(1, n)
}

// samples is the effective number of equal samples.
func (t *profileTally) samples() float64 {
	if t.total.squares <= 0 {
		return 0
	}
	return t.total.value * t.total.value / t.total.squares
}

// functionTable is all functions of one pair of profiles.
type functionTable struct {
	artifact string
	*shareTest
}

// shareTest tests the shares of one pair of profiles.
type shareTest struct {
	d             *diff
	before, after *profileTally
	seconds       [2]float64 // where the profiles are normalised by duration
	level         float64
	all           []ShareChange // those that are the same, too
}

// settle finds the level of each test: functions twice, by themselves and with what they called. Stacks are
// shown and never fail a run; they are tested at the same level.
func (s *shareTest) settle(of int) {
	var least []float64
	for name := range mapKeys(s.before.cum, s.after.cum) {
		least = append(least, s.test(s.before.flat[name], s.after.flat[name]).Least, s.test(s.before.cum[name], s.after.cum[name]).Least)
	}
	s.level, _ = chance.Level(least, s.d.o.Alpha/float64(max(1, of)))
}

func mapKeys(a, b map[string]float64) map[string]bool {
	keys := make(map[string]bool, len(a)+len(b))
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}

// counts turns values into numbers of equal samples.
func (s *shareTest) counts(a, b float64) (x1, n1, x2, n2 float64) {
	n1, n2 = s.before.samples(), s.after.samples()
	scale := func(v, total, n float64) float64 {
		if total <= 0 {
			return 0
		}
		return min(n, max(0, v/total*n))
	}
	return scale(a, s.before.total.value, n1), n1, scale(b, s.after.total.value, n2), n2
}

func (s *shareTest) test(a, b float64) chance.Test {
	x1, n1, x2, n2 := s.counts(a, b)
	round := func(v float64) int { return int(math.Round(v)) }
	if s.seconds[0] > 0 {
		return chance.Counts(round(x1), round(x2), s.seconds[0], s.seconds[1])
	}
	return chance.Shares(round(x1), round(n1), round(x2), round(n2))
}

// share compares a value of both sides.
func (s *shareTest) share(a, b float64) Share {
	x1, n1, x2, n2 := s.counts(a, b)
	test := s.test(a, b)
	out := Share{P: test.P, Verdict: verdictOf(test, s.level)}
	if s.seconds[0] > 0 {
		out.Before, out.After = a/s.seconds[0], b/s.seconds[1]
		// The interval of the rate of samples, in value per second.
		low, high := chance.CountChange(x1, x2*s.seconds[0]/s.seconds[1], confidence)
		per := 0.0
		if n1+n2 > 0 {
			per = (s.before.total.value + s.after.total.value) / (n1 + n2) / s.seconds[0]
		}
		out.Low, out.High = low*per, high*per
	} else {
		out.Before, out.After = ratio(a, s.before.total.value), ratio(b, s.after.total.value)
		if n1 > 0 && n2 > 0 {
			out.Low, out.High = chance.ShareChange(x1, n1, x2, n2, confidence)
		}
	}
	if out.Before == out.After && (a == b || s.seconds[0] == 0) {
		out.Verdict = verdictSame
	}
	return out
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// topShares sorts by what matters and cuts.
func topShares(cs []ShareChange, top int) ([]ShareChange, int) {
	size := func(c *ShareChange) float64 {
		v := math.Abs(c.Flat.After - c.Flat.Before)
		if c.Cum != nil {
			v = max(v, math.Abs(c.Cum.After-c.Cum.Before))
		}
		return v
	}
	rank := func(c *ShareChange) int {
		switch {
		case c.Flat.Verdict == verdictChanged:
			return 0
		case c.Cum != nil && c.Cum.Verdict == verdictChanged:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(cs, func(a, b ShareChange) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(size(&b), size(&a)), strings.Compare(a.Name, b.Name))
	})
	if len(cs) > top {
		return cs[:top], len(cs) - top
	}
	return cs, 0
}
