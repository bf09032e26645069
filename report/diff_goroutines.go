package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// Goroutines are compared by what they are, never by id: one that ended and its successor are one group. Of a
// file with several dumps the last one counts.

// maxGroupFrames bounds the functions that name a group by stack.
const maxGroupFrames = 32

// goroutines compares the goroutines of both sides.
func (d *diff) goroutines() {
	d.delta.Goroutines = []GoroutineChange{}
	a, b := d.sides[0].Bundle, d.sides[1].Bundle
	if a == nil || b == nil {
		return
	}
	var changes []GoroutineChange
	for i, j := range d.pairs.of[0] {
		if j < 0 {
			continue
		}
		before, ok1 := groupGoroutines(a.Artifacts[i], d.o.GroupBy)
		after, ok2 := groupGoroutines(b.Artifacts[j], d.o.GroupBy)
		// What a dump holds of the runtime's own goroutines differs between formats.
		if !ok1 || !ok2 || a.Artifacts[i].Format != b.Artifacts[j].Format {
			continue
		}
		c := d.compareGroups(before, after)
		c.Artifact = text(d.pairs.names[0][i])
		d.groups = append(d.groups, groupTable{c.Artifact, before, after})
		if len(c.Groups) > 0 || d.o.All {
			changes = append(changes, c)
		}
	}
	slices.SortFunc(changes, func(x, y GoroutineChange) int { return strings.Compare(x.Artifact, y.Artifact) })
	d.delta.Goroutines = append(d.delta.Goroutines, changes...)
}

// groupTable is all groups of one pair of artifacts.
type groupTable struct {
	artifact      string
	before, after map[string]int
}

func (d *diff) compareGroups(before, after map[string]int) GoroutineChange {
	c := GoroutineChange{Groups: []GroupChange{}}
	keys := sortedKeys(before, after)
	var least []float64
	for _, k := range keys {
		c.Before += before[k]
		c.After += after[k]
		least = append(least, chance.Counts(before[k], after[k], 1, 1).Least)
	}
	level, _ := chance.Level(least, d.o.Alpha)
	for _, k := range keys {
		x, y := before[k], after[k]
		if x == y {
			continue
		}
		test := chance.Counts(x, y, 1, 1)
		g := GroupChange{Name: text(k), Before: x, After: y, P: test.P, Verdict: verdictOf(test, level)}
		g.Low, g.High = chance.CountChange(float64(x), float64(y), confidence)
		if g.Verdict == verdictChanged {
			d.delta.Summary.GroupsChanged++
		}
		c.Groups = append(c.Groups, g)
	}
	slices.SortStableFunc(c.Groups, func(a, b GroupChange) int {
		told := func(g GroupChange) int {
			if g.Verdict == verdictChanged {
				return 0
			}
			return 1
		}
		size := func(g GroupChange) float64 { return math.Abs(float64(g.After - g.Before)) }
		return cmp.Or(cmp.Compare(told(a), told(b)), cmp.Compare(size(b), size(a)), strings.Compare(a.Name, b.Name))
	})
	if len(c.Groups) > d.o.Top {
		c.Groups, c.MoreGroups = c.Groups[:d.o.Top], len(c.Groups)-d.o.Top
	}
	return c
}

// groupGoroutines counts the goroutines of an artifact by group; ok is false for one that holds none.
func groupGoroutines(a *evidence.Artifact, by string) (groups map[string]int, ok bool) {
	groups = map[string]int{}
	switch {
	case a.Dump != nil:
		groupDump(groups, a.Dump, by)
	case a.Profile != nil && goroutineKind(a.Profile.Kind) && !a.Profile.Delta && !a.Profile.NamesLost:
		groupProfile(groups, a.Profile, by)
	default:
		return nil, false
	}
	return groups, true
}

func groupDump(groups map[string]int, d *evidence.Dump, by string) {
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Flags&evidence.GRepeat != 0 || int(g.Dump) != d.Dumps-1 {
			continue
		}
		key, isLabel := strings.CutPrefix(by, "label:")
		switch {
		case isLabel:
			groups[labelValue(d.Labels[g.Labels], key)]++
		case by == "creator":
			name := d.Frames[g.CreatedBy].Func
			if name == "" {
				name = "(creator not printed)"
			}
			groups[name]++
		default:
			var names []string
			for _, f := range d.Stacks[g.Stack][:min(len(d.Stacks[g.Stack]), maxGroupFrames)] {
				names = append(names, d.Frames[f].Func)
			}
			groups[stackName(names)]++
		}
	}
}

func groupProfile(groups map[string]int, p *evidence.Profile, by string) {
	for s := range p.Samples() {
		if p.Primary >= len(s.Values) {
			continue
		}
		n := int(s.Values[p.Primary])
		key, isLabel := strings.CutPrefix(by, "label:")
		switch {
		case isLabel:
			groups[labelValue(s.Labels, key)] += n
		case by == "creator":
			// Profiles do not print who created a goroutine; its entry function is the closest.
			name := "(entry unknown)"
			if f, ok := p.Root(s); ok {
				name = f.Name
			}
			groups[name] += n
		default:
			var names []string
			for f := range p.Frames(s) {
				if f != nil && len(names) < maxGroupFrames {
					names = append(names, f.Name)
				}
			}
			groups[stackName(names)] += n
		}
	}
}

func stackName(names []string) string {
	if len(names) == 0 {
		return "(no stack)"
	}
	return strings.Join(names, ";")
}

func labelValue(labels []evidence.Label, key string) string {
	for _, l := range labels {
		if l.Key == key {
			return l.Value
		}
	}
	return "(no label)"
}
