package report

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
)

// htmlFlame is a profile as a flame graph: drawn by the script from Data, with its hottest functions as a table.
type htmlFlame struct {
	ID, Name, Value string
	Split           string // the classes in words
	Bar             []htmlMark
	Table           *htmlTable
	Data            template.JS
	Folded          string // what the graph leaves out; "" for nothing
	Open            bool
}

// htmlFlameFunctions is how many functions the table beside a flame graph has.
const htmlFlameFunctions = 10

// htmlFlames draws every profile: CPU profiles first, then those in which most labels are lost.
func htmlFlames(d *Document) htmlSection {
	s := htmlSection{ID: "flames", Title: "Flame graphs"}
	names := shortPaths(d)
	order := make([]*Flame, 0, len(d.Flames))
	for i := range d.Flames {
		if f := &d.Flames[i]; f.sound() {
			order = append(order, f)
		}
	}
	if len(order) == 0 {
		return s
	}
	slices.SortStableFunc(order, func(a, b *Flame) int {
		return cmp.Or(compareTrue(a.SampleType == "cpu/nanoseconds", b.SampleType == "cpu/nanoseconds"), cmp.Compare(b.lost(), a.lost()))
	})
	for i, f := range order {
		h := newHTMLFlame(f, Clean(names[f.Artifact]))
		h.ID, h.Open = "flame-"+thousands(i+1), i == 0
		s.Flames = append(s.Flames, h)
	}
	what := "any pprof label"
	if keys := order[0].Keys; len(keys) > 0 {
		what = "the label " + htmlLine(strings.Join(keys, ", "))
	}
	s.Lead = []string{"One graph for each profile, callers above what they call, widths by value. Colours tell what carries " + what +
		", what could and does not, and what nothing could have labelled: work of the runtime, and profiles of kinds that hold no labels."}
	s.Legend = []htmlMark{{Class: "present", Label: "labelled"}, {Class: "lost", Label: "label lost"}, {Class: "none", Label: "not labelable"}}
	if d.MoreFlames > 0 {
		s.Lead = append(s.Lead, count(d.MoreFlames, "more profile")+" have no graph here.")
	}
	return s
}

// sound reports whether the numbers of a flame can be drawn; a saved report holds what somebody sent.
func (f *Flame) sound() bool {
	if len(f.Nodes) == 0 || f.Total <= 0 {
		return false
	}
	for i, n := range f.Nodes {
		if n.Function < 0 || n.Function >= len(f.Functions) || n.Labelled < 0 || n.Lost < 0 || n.Unlabelable < 0 || n.value() > float64(f.Total) {
			return false
		}
		if i == 0 && n.Depth != 0 || i > 0 && (n.Depth < 1 || n.Depth > f.Nodes[i-1].Depth+1) {
			return false
		}
	}
	return true
}

func (n *FlameNode) value() float64 {
	return float64(n.Labelled) + float64(n.Lost) + float64(n.Unlabelable)
}

// lost is the share of a profile that could carry labels and does not.
func (f *Flame) lost() float64 { return float64(f.Nodes[0].Lost) / float64(f.Total) }

func newHTMLFlame(f *Flame, name string) *htmlFlame {
	unit := typeUnit(f.SampleType)
	kind, _, _ := strings.Cut(f.SampleType, "/")
	h := &htmlFlame{Name: name, Value: htmlLine(kind + " " + number(float64(f.Total), unit)), Table: functionsOf(f, unit)}
	root := &f.Nodes[0]
	h.Bar = classBar(float64(root.Labelled), float64(root.Lost), float64(root.Unlabelable))
	var words []string
	for _, c := range []struct {
		v    int64
		name string
	}{{root.Labelled, "labelled"}, {root.Lost, "lost"}, {root.Unlabelable, "not labelable"}} {
		if c.v > 0 {
			words = append(words, percentText(float64(c.v)/float64(f.Total))+" "+c.name)
		}
	}
	h.Split = strings.Join(words, ", ")
	if f.Folded > 0 {
		h.Folded = count(f.Folded, "function") + " on paths too small to draw are folded into " + folded + "."
	}
	h.data(f, unit)
	return h
}

// data packs the tree for the script: functions, and for each node its depth, function, and what of it is of each class.
func (h *htmlFlame) data(f *Flame, unit string) {
	functions := make([]string, len(f.Functions))
	for i, name := range f.Functions {
		functions[i] = htmlLine(name)
	}
	functions[f.Nodes[0].Function] = "all"
	nodes := make([][]int64, len(f.Nodes))
	for i, n := range f.Nodes {
		nodes[i] = []int64{int64(n.Depth), int64(n.Function), n.Labelled, n.Lost, n.Unlabelable}
	}
	data, err := htmlJSON(struct {
		Unit      string    `json:"unit"`
		Functions []string  `json:"functions"`
		Nodes     [][]int64 `json:"nodes"`
	}{htmlLine(unit), functions, nodes})
	if err == nil { // strings and integers always have a form in JSON
		h.Data = data
	}
}

func classBar(labelled, lost, none float64) []htmlMark {
	sum := labelled + lost + none
	if sum <= 0 {
		return nil
	}
	var bar []htmlMark
	from := 0.0
	for _, c := range []struct {
		class string
		v     float64
	}{{"present", labelled}, {"lost", lost}, {"none", none}} {
		if c.v > 0 {
			bar = append(bar, mark(c.class, from/sum, (from+c.v)/sum))
		}
		from += c.v
	}
	return bar
}

// functionSum is a function over the whole tree.
type functionSum struct {
	name                 string
	self                 float64
	labelled, lost, none float64 // with what it called
}

// functionSums sums a tree by function, without its root.
func functionSums(f *Flame) []*functionSum {
	sums := make([]functionSum, len(f.Functions))
	var stack []int // the path to a node, as indexes of nodes
	for i := range f.Nodes {
		n := &f.Nodes[i]
		stack = append(stack[:n.Depth], i)
		sums[n.Function].self += n.value()
		if n.Depth > 0 {
			sums[f.Nodes[stack[n.Depth-1]].Function].self -= n.value()
		}
		recursion := slices.ContainsFunc(stack[:n.Depth], func(j int) bool { return f.Nodes[j].Function == n.Function })
		if s := &sums[n.Function]; !recursion {
			s.labelled, s.lost, s.none = s.labelled+float64(n.Labelled), s.lost+float64(n.Lost), s.none+float64(n.Unlabelable)
		}
	}
	root := f.Nodes[0].Function
	order := make([]*functionSum, 0, len(sums))
	for i := range sums {
		if sums[i].name = f.Functions[i]; i != root {
			order = append(order, &sums[i])
		}
	}
	return order
}

// functionsOf lists the functions with the most value of their own.
func functionsOf(f *Flame, unit string) *htmlTable {
	order := slices.DeleteFunc(functionSums(f), func(s *functionSum) bool { return s.self <= 0 || s.name == folded })
	slices.SortStableFunc(order, func(a, b *functionSum) int { return cmp.Compare(b.self, a.self) })
	t := &htmlTable{Caption: "Functions with the most of their own", Columns: columns("function", "#own", "#share", "#with what it calls", "#label lost", "labels")}
	for _, s := range order[:min(len(order), htmlFlameFunctions)] {
		sum := s.labelled + s.lost + s.none
		row := textCells(s.name, number(s.self, unit), percentText(s.self/float64(f.Total)), percentText(sum/float64(f.Total)), percentText(s.lost/max(1, sum)), "")
		row[5].Bar = classBar(s.labelled, s.lost, s.none)
		t.Rows = append(t.Rows, row)
	}
	return t
}
