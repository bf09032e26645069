package report

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// htmlFigure is lines over time with their numbers in a table.
type htmlFigure struct {
	Title       string
	Lines       []htmlLineOf
	Top         string // the value at the upper edge; the lower is 0
	Left, Right string
	Table       *htmlTable
}

// htmlLineOf is a line of a figure, 1000 wide and htmlFigureHeight high.
type htmlLineOf struct{ Class, Points string }

const (
	htmlFigureHeight = 300
	htmlFigures      = 24 // drawn at most; the rest is tables
	htmlDrawnGroups  = 6  // groups with a line of their own
	htmlDumpColumns  = 6  // dumps with a column of their own
	htmlGroupRows    = 8
)

// htmlSeries shows groups of goroutines over the dumps of each process.
func htmlSeries(d *Document) htmlSection {
	s := htmlSection{ID: "goroutine-groups", Title: "Goroutine groups"}
	names, starts := shortPaths(d), startsOf(d)
	drawn := map[string]bool{}
	rest := 0
	for i := range d.GoroutineSeries {
		g := &d.GoroutineSeries[i]
		if !g.sound() || !g.drawable() {
			continue
		}
		drawn[g.Of] = true
		if len(s.Figures) == htmlFigures {
			rest++
			continue
		}
		if f := newHTMLFigure(g, starts, names); f != nil {
			f.Table.ID = fmt.Sprintf("groups-%d", len(s.Figures)+1)
			s.Figures = append(s.Figures, f)
		}
	}
	for i := range d.GoroutineSeries {
		g := &d.GoroutineSeries[i]
		if g.sound() && !drawn[g.Of] && slices.Max(g.Totals) > 0 && len(s.Tables) < htmlFigures {
			t := seriesTable(g, starts, names)
			t.ID = fmt.Sprintf("groups-of-%d", len(s.Tables)+1)
			s.Tables = append(s.Tables, t)
		}
	}
	if len(s.Figures)+len(s.Tables) > 0 {
		s.Lead = append(s.Lead, "Goroutines with equal stacks are a group, named by where it waits and what it was started with.")
	}
	if len(s.Figures) > 0 {
		s.Lead = append(s.Lead, "Over time: processes whose number grows most come first, and of each the groups that grow most. A group that only ever grows is a leak or a backlog.")
	}
	if slices.ContainsFunc(s.Tables, func(t *htmlTable) bool { return t.Columns[len(t.Columns)-1].Title != "change" && len(t.Columns) > 2 }) {
		s.Lead = append(s.Lead, "Dumps that do not tell when they were made are listed in the order of their paths; --identity 'GLOB:at=TIME' gives them a time.")
	}
	if rest > 0 {
		s.Lead = append(s.Lead, thousands(rest)+" more processes are in the format json.")
	}
	return s
}

// sound reports whether the lists of a series belong together.
func (g *GoroutineSeries) sound() bool {
	n := len(g.Artifacts)
	return n > 0 && len(g.Totals) == n && !slices.ContainsFunc(g.Groups, func(x GoroutineGroup) bool { return len(x.Counts) != n })
}

// drawable reports whether there is a line to draw.
func (g *GoroutineSeries) drawable() bool { return g.Timed && len(g.Artifacts) > 1 }

// startsOf returns when each artifact was made, by id.
func startsOf(d *Document) map[string]uint64 {
	out := map[string]uint64{}
	for i := range d.Artifacts {
		if at, err := strconv.ParseUint(d.Artifacts[i].StartUnixNano, 10, 64); err == nil {
			out[d.Artifacts[i].ID] = at
		}
	}
	return out
}

// newHTMLFigure draws a series; nil where its times are not to be had.
func newHTMLFigure(g *GoroutineSeries, starts map[string]uint64, names map[string]string) *htmlFigure {
	var at []uint64
	for _, id := range g.Artifacts {
		t, ok := starts[id]
		if !ok || len(at) > 0 && t < at[len(at)-1] {
			return nil
		}
		at = append(at, t)
	}
	from, to := at[0], at[len(at)-1]
	most := max(1, slices.Max(g.Totals))
	f := &htmlFigure{Title: seriesTitle(g, names), Top: thousands(most), Left: instant(strconv.FormatUint(from, 10)), Right: axisEnd(to - from), Table: seriesTable(g, starts, names).untitled()}
	line := func(class string, counts []int) {
		var points []string
		for i, n := range counts {
			y := htmlFigureHeight - int(clamp(float64(n)/float64(most))*htmlFigureHeight)
			points = append(points, fmt.Sprintf("%d,%d", int(clamp(share(at[i]-from, to-from))*htmlBarWidth), y))
		}
		f.Lines = append(f.Lines, htmlLineOf{class, strings.Join(points, " ")})
	}
	line("total", g.Totals)
	for i := range min(len(g.Groups), htmlDrawnGroups) {
		line("line-"+strconv.Itoa(i), g.Groups[i].Counts)
	}
	return f
}

// seriesTable lists the groups of a series, dump by dump.
func seriesTable(g *GoroutineSeries, starts map[string]uint64, names map[string]string) *htmlTable {
	shown := spread(len(g.Artifacts), htmlDumpColumns)
	titles := []string{"group"}
	first := starts[g.Artifacts[0]]
	for _, i := range shown {
		title := htmlLine(path.Base(names[g.Artifacts[i]]))
		if at := starts[g.Artifacts[i]]; g.Timed {
			title = htmlIf(at > first, axisEnd(at-min(at, first)), "start")
		}
		titles = append(titles, "#"+title)
	}
	t := &htmlTable{Caption: seriesTitle(g, names), Columns: columns(append(titles, "#change")...)}
	if len(shown) < len(g.Artifacts) {
		t.Caption += fmt.Sprintf(" (%d of %d dumps)", len(shown), len(g.Artifacts))
	}
	row := func(name, more, swatch string, counts []int) {
		cells := []string{name}
		for _, i := range shown {
			cells = append(cells, thousands(counts[i]))
		}
		change := ""
		if g.drawable() {
			change = signed(float64(g.growth(counts)), "")
		}
		r := textCells(append(cells, change)...)
		r[0].More, r[0].Swatch = more, swatch
		t.Rows = append(t.Rows, r)
	}
	others := slices.Clone(g.Totals)
	row("all goroutines", "", htmlIf(g.drawable(), "total", ""), g.Totals)
	listed := min(len(g.Groups), htmlGroupRows)
	for i := range listed {
		x := &g.Groups[i]
		for j, n := range x.Counts {
			others[j] -= n
		}
		swatch := ""
		if i < htmlDrawnGroups && g.drawable() {
			swatch = "line-" + strconv.Itoa(i)
		}
		row(shortStack(x.Stack), htmlLine(strings.ReplaceAll(x.Stack, ";", " ← ")), swatch, x.Counts)
	}
	if n := len(g.Groups) - listed + g.MoreGroups; n > 0 {
		row(count(n, "other group"), "", "", others)
	}
	return t
}

// spread picks at most n of a row, the first and the last among them.
func spread(of, n int) []int {
	n = min(of, n)
	out := make([]int, 0, n)
	for i := range n {
		out = append(out, i*(of-1)/max(1, n-1))
	}
	return out
}

// seriesTitle names a series, by its folder where nothing else tells what it is.
func seriesTitle(g *GoroutineSeries, names map[string]string) string {
	of := g.Of
	if name := names[g.Artifacts[0]]; strings.HasSuffix(of, path.Dir(name)) && path.Dir(name) != "." {
		of = path.Dir(name)
	}
	return htmlLine(of + " · " + g.Format)
}

// shortPaths returns the path of every artifact below the folder that they share, by id.
func shortPaths(d *Document) map[string]string {
	out := map[string]string{}
	for i, name := range belowCommonFolder(d) {
		out[d.Artifacts[i].ID] = name
	}
	return out
}

// shortNames returns the same by path.
func shortNames(d *Document) map[string]string {
	out := map[string]string{}
	for i, name := range belowCommonFolder(d) {
		out[d.Artifacts[i].Path] = name
	}
	return out
}

// shortStack names a stack by where it waits and by what it was started with.
func shortStack(stack string) string {
	names := strings.Split(stack, ";")
	at := slices.IndexFunc(names, func(s string) bool {
		return !strings.HasPrefix(s, "runtime.") && !strings.HasPrefix(s, "internal/") && !strings.HasPrefix(s, "sync.") && !strings.HasPrefix(s, "syscall.") && s != "time.Sleep"
	})
	where, entry := shortFunction(names[max(at, 0)]), shortFunction(names[len(names)-1])
	return cmp.Or(strings.TrimSuffix(where+" ← "+entry, where+" ← "+where), where)
}

// shortFunction leaves the folders of a package's path out.
func shortFunction(name string) string {
	head, _, _ := strings.Cut(name, "[") // type arguments have paths of their own
	return name[strings.LastIndexByte(head, '/')+1:]
}
