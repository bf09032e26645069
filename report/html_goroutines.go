package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// htmlStates is how many states of goroutines have a colour; the others share one.
const htmlStates = 7

// htmlGoroutines shows the goroutines of every dump by state, dumps in the order of their time, and the measures
// of groups of goroutines.
func htmlGoroutines(d *Document) htmlSection {
	return htmlSection{ID: "goroutines", Title: "Goroutines", Tables: []*htmlTable{stateTable(d), creatorTable(d)}, Lead: []string{
		"One row for each dump, those of one service and host together and in the order of their time. Bars are to one scale, so growth shows."}}
}

// states of one dump, as measured.
type states struct {
	artifact      *Artifact
	service, host string
	path          string
	byState       map[string]float64
	total         float64
}

func stateTable(d *Document) *htmlTable {
	dumps, short := dumpsOf(d), shortNames(d)
	names, most := commonStates(dumps)
	class := map[string]string{}
	t := &htmlTable{ID: "goroutine-states", Caption: "Goroutines by state and dump",
		Columns: columns("service", "host", "~dump", "=time (UTC)", "#goroutines", "~states", "states, to one scale")}
	for i, name := range names {
		class[name] = fmt.Sprintf("state-%d", i)
		t.Legend = append(t.Legend, htmlMark{Class: class[name], Label: htmlLine(name)})
	}
	axis := &t.Columns[len(t.Columns)-1]
	axis.Left, axis.Right = "0", number(most, "goroutines")
	for _, s := range dumps {
		when := ""
		if s.artifact != nil {
			when = window(s.artifact)
		}
		order := sortedStates(s.byState)
		var words []string
		var bar []htmlMark
		from := 0.0
		for _, name := range order {
			n := s.byState[name]
			words = append(words, name+" "+number(n, "goroutines"))
			bar = append(bar, mark(cmp.Or(class[name], "state-rest"), from/most, (from+n)/most))
			from += n
		}
		row := textCells(s.service, s.host, cmp.Or(short[s.path], s.path), when, number(s.total, "goroutines"), strings.Join(words, ", "))
		t.Rows = append(t.Rows, append(row, htmlCell{Bar: bar}))
		if len(order) > 0 && class[order[len(order)-1]] == "" && !hasRest(t.Legend) {
			t.Legend = append(t.Legend, htmlMark{Class: "state-rest", Label: "other states"})
		}
	}
	return t
}

func hasRest(legend []htmlMark) bool {
	return slices.ContainsFunc(legend, func(m htmlMark) bool { return m.Class == "state-rest" })
}

// dumpsOf collects goroutines.state by artifact, in the order of service, host, time and path.
func dumpsOf(d *Document) []*states {
	t := identified(d)
	artifacts := map[string]*Artifact{}
	for i := range d.Artifacts {
		artifacts[d.Artifacts[i].Path] = &d.Artifacts[i]
	}
	byPath := map[string]*states{}
	var out []*states
	for i := range d.Measures {
		m := &d.Measures[i]
		if m.Name != "goroutines.state" || !(m.Value > 0) {
			continue
		}
		path := m.Subject["artifact"]
		s := byPath[path]
		if s == nil {
			s = &states{artifact: artifacts[path], path: path, byState: map[string]float64{}}
			if s.artifact != nil {
				s.service, s.host, _ = t.identity(s.artifact)
			}
			byPath[path] = s
			out = append(out, s)
		}
		s.byState[m.Subject["state"]] += m.Value
		s.total += m.Value
	}
	start := func(s *states) string {
		if s.artifact == nil {
			return ""
		}
		return fmt.Sprintf("%20s", s.artifact.StartUnixNano)
	}
	slices.SortFunc(out, func(a, b *states) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.host, b.host), cmp.Compare(start(a), start(b)), cmp.Compare(a.path, b.path))
	})
	return out
}

// commonStates returns the states that get colours, most goroutines first, and the size of the largest dump.
func commonStates(dumps []*states) (names []string, most float64) {
	all := map[string]float64{}
	for _, s := range dumps {
		most = max(most, s.total)
		for name, n := range s.byState {
			all[name] += n
		}
	}
	names = sortedStates(all)
	return names[:min(len(names), htmlStates)], most
}

// sortedStates lists states, most goroutines first.
func sortedStates(byState map[string]float64) []string {
	names := make([]string, 0, len(byState))
	for name := range byState {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(byState[b], byState[a]), cmp.Compare(a, b))
	})
	return names
}

// creatorTable lists measures of goroutines by the function that created them, whatever the measure.
func creatorTable(d *Document) *htmlTable {
	t := &htmlTable{ID: "goroutine-groups", Caption: "Goroutines by creator", Columns: columns("~created by", "measure", "~subject", "#value", "=interval", "unit")}
	for i := range d.Measures {
		m := &d.Measures[i]
		creator := m.Subject["created_by"]
		if creator == "" || !strings.HasPrefix(m.Name, "goroutines.") {
			continue
		}
		rest := map[string]string{}
		for k, v := range m.Subject {
			if k != "created_by" {
				rest[k] = v
			}
		}
		t.Rows = append(t.Rows, textCells(creator, m.Name, subjectText(rest), number(m.Value, m.Unit), measureBounds(m), m.Unit))
	}
	return t
}
