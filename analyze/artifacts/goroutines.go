package artifacts

import (
	"cmp"
	"maps"
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// maxStates bounds the states of one dump that are counted apart: the runtime has fewer than this, a
// text that only looks like a dump may have any number.
const maxStates = 64

// countGoroutines reports the goroutines of a dump by what their records say. A record that repeats a
// goroutine is left out, one that is cut is not.
func countGoroutines(p *analyze.Pass, a *evidence.Artifact) {
	d := a.Dump
	var total, elided, unavailable int
	states := make([]int, len(d.States))
	leaked := map[string]int{}
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Flags&evidence.GRepeat != 0 {
			continue
		}
		total++
		states[g.State]++
		if g.Elided != 0 {
			elided++
		}
		if g.Flags&evidence.GUnavailable != 0 {
			unavailable++
		}
		if g.Flags&evidence.GLeaked != 0 {
			leaked[creator(d, g)]++
		}
	}
	measure := func(name string, n int, subject ...string) {
		p.Measure(name, "goroutines", float64(n), append([]string{"artifact", a.Path}, subject...)...)
	}
	measure("goroutines.total", total)
	measure("goroutines.elided", elided)
	measure("goroutines.unavailable", unavailable)
	for _, f := range slices.Sorted(maps.Keys(leaked)) {
		measure("goroutines.leaked", leaked[f], "created_by", f)
	}
	order := make([]int, 0, len(states))
	for s, n := range states {
		if n > 0 {
			order = append(order, s)
		}
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(states[y], states[x]), cmp.Compare(d.States[x], d.States[y]))
	})
	var rest int
	for i, s := range order {
		if i >= maxStates {
			rest += states[s]
			continue
		}
		measure("goroutines.state", states[s], "state", d.States[s])
	}
	if rest > 0 {
		measure("goroutines.state", rest, "state", "(other)")
	}
}

func creator(d *evidence.Dump, g *evidence.Goroutine) string {
	if f := d.Frames[g.CreatedBy].Func; f != "" {
		return f
	}
	return "(not printed)"
}

// wholeRecords counts the goroutines whose record is all there.
func wholeRecords(d *evidence.Dump) int {
	var n int
	for i := range d.Goroutines {
		if d.Goroutines[i].Flags&(evidence.GCut|evidence.GRepeat) == 0 {
			n++
		}
	}
	return n
}

// profileTotal sums a goroutine profile, one value a stack.
func profileTotal(p *evidence.Profile) int {
	var n int64
	for s := range p.Samples() {
		if p.Primary < len(s.Values) {
			n += s.Values[p.Primary]
		}
	}
	return int(n)
}
