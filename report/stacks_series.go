package report

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// dumpGroups is one dump of a series in the making.
type dumpGroups struct {
	id, path string
	at       uint64 // 0 where nothing tells
	groups   map[string]int
}

func (g *dumpGroups) total() (n int) {
	for _, v := range g.groups {
		n += v
	}
	return n
}

// seriesKey is what the dumps of a series have in common.
type seriesKey struct{ of, format string }

// goroutineSeries collects the dumps of each process. What a dump holds of the runtime's own goroutines differs
// between formats, so each has a series of its own.
func goroutineSeries(d *Document, b *evidence.Bundle) []GoroutineSeries {
	dumps := map[seriesKey][]dumpGroups{}
	for i, a := range b.Artifacts {
		groups, ok := groupGoroutines(a, "stack")
		if !ok {
			continue
		}
		doc := &d.Artifacts[i]
		k := seriesKey{processName(doc), doc.Format}
		g := dumpGroups{id: doc.ID, path: doc.Path, groups: groups}
		if at, err := strconv.ParseUint(doc.StartUnixNano, 10, 64); err == nil {
			g.at = at
		}
		dumps[k] = append(dumps[k], g)
	}
	out := make([]GoroutineSeries, 0, len(dumps))
	for k, of := range dumps {
		out = append(out, newSeries(k, of))
	}
	slices.SortFunc(out, func(a, b GoroutineSeries) int {
		return cmp.Or(cmp.Compare(b.growth(b.Totals), a.growth(a.Totals)), compareTrue(a.Timed, b.Timed), cmp.Compare(slices.Max(b.Totals), slices.Max(a.Totals)),
			strings.Compare(a.Of, b.Of), strings.Compare(a.Format, b.Format))
	})
	return out
}

// processName names the process of a dump: by what identifies it, else by its folder.
func processName(a *Artifact) string {
	id := a.Identity
	if id.Service != "" || id.Instance != "" || id.Host != "" {
		return join(" ", id.Service, id.Instance, id.Host)
	}
	return path.Dir(a.Path)
}

func newSeries(k seriesKey, dumps []dumpGroups) GoroutineSeries {
	s := GoroutineSeries{Of: k.of, Format: k.format, Groups: []GoroutineGroup{}}
	s.Timed = !slices.ContainsFunc(dumps, func(g dumpGroups) bool { return g.at == 0 })
	slices.SortFunc(dumps, func(a, b dumpGroups) int {
		if s.Timed && a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		return strings.Compare(a.path, b.path)
	})
	wanted, all := map[string]bool{}, map[string]bool{}
	for _, g := range dumps {
		s.Artifacts, s.Totals = append(s.Artifacts, g.id), append(s.Totals, g.total())
		names := slices.Collect(maps.Keys(g.groups))
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(g.groups[b], g.groups[a]), strings.Compare(a, b)) })
		for i, name := range names {
			all[name] = true
			if i < maxGroupsOfDump {
				wanted[name] = true
			}
		}
	}
	for name := range wanted {
		group := GoroutineGroup{Stack: text(name)}
		for _, g := range dumps {
			group.Counts = append(group.Counts, g.groups[name])
		}
		s.Groups = append(s.Groups, group)
	}
	slices.SortFunc(s.Groups, func(a, b GoroutineGroup) int {
		return cmp.Or(cmp.Compare(s.growth(b.Counts), s.growth(a.Counts)), cmp.Compare(slices.Max(b.Counts), slices.Max(a.Counts)), strings.Compare(a.Stack, b.Stack))
	})
	s.Groups = s.Groups[:min(len(s.Groups), maxGroupsOfSeries)]
	s.MoreGroups = len(all) - len(s.Groups)
	return s
}

// growth is how much more the last of counts is than the first; 0 where their order is not that of time.
func (s *GoroutineSeries) growth(counts []int) int {
	if !s.Timed || len(counts) == 0 {
		return 0
	}
	return counts[len(counts)-1] - counts[0]
}

// compareTrue puts what is true first.
func compareTrue(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
