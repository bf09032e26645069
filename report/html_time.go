package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// windowsApart is the gap from which captures get an axis of their own: one file of last month would squeeze the
// windows of an incident into a line.
const windowsApart = uint64(24 * time.Hour)

// htmlWindow is the window of one artifact.
type htmlWindow struct {
	clock      string
	start, end uint64
	artifact   *Artifact
}

// htmlWindows draws every window on one axis, those of one clock together.
func htmlWindows(d *Document) htmlSection {
	s := htmlSection{ID: "windows", Title: "Windows", Lead: []string{
		"When each capture was taken, as the clock of its own host recorded it: windows of two clocks are shifted against each other by what the clocks are apart."}}
	for i, group := range apart(windowsOf(d)) {
		s.Tables = append(s.Tables, windowTable(fmt.Sprintf("windows-%d", i+1), group))
	}
	if len(s.Tables) > 1 {
		s.Lead = append(s.Lead, fmt.Sprintf("%d groups lie a day or more apart and have axes of their own.", len(s.Tables)))
	}
	return s
}

// windowsOf lists the windows by their start.
func windowsOf(d *Document) []htmlWindow {
	t := identified(d)
	var out []htmlWindow
	for i := range d.Artifacts {
		a := &d.Artifacts[i]
		start, err := strconv.ParseUint(a.StartUnixNano, 10, 64)
		if err != nil {
			continue
		}
		end, err := strconv.ParseUint(a.EndUnixNano, 10, 64)
		if err != nil {
			end = start
		}
		out = append(out, htmlWindow{windowClock(t, a), start, max(start, end), a})
	}
	slices.SortStableFunc(out, func(a, b htmlWindow) int { return cmp.Compare(a.start, b.start) })
	return out
}

// windowClock names the clock that stamped an artifact.
func windowClock(t *tableReport, a *Artifact) string {
	if domain := a.Identity.Domain; domain != "" {
		if t.d.Clocks != nil {
			return clockName(t.d.Clocks, domain)
		}
		return cmp.Or(a.Identity.Host, domain)
	}
	var domains []string
	for _, id := range a.Resources {
		if r := t.resources[id]; r != nil {
			domains = append(domains, cmp.Or(r.Identity.Host, r.Identity.Domain))
		}
	}
	return cmp.Or(few(domains, "clock"), "not told")
}

// apart splits windows, which are in the order of their starts, where a gap is too long for one axis.
func apart(windows []htmlWindow) [][]htmlWindow {
	var groups [][]htmlWindow
	end := uint64(0)
	for _, w := range windows {
		if len(groups) == 0 || w.start > end && w.start-end >= windowsApart {
			groups = append(groups, nil)
		}
		last := len(groups) - 1
		groups[last] = append(groups[last], w)
		end = max(end, w.end)
	}
	return groups
}

// windowTable draws windows that share an axis, by clock and start.
func windowTable(id string, windows []htmlWindow) *htmlTable {
	from, to := uint64(math.MaxUint64), uint64(0)
	for _, w := range windows {
		from, to = min(from, w.start), max(to, w.end)
	}
	slices.SortStableFunc(windows, func(a, b htmlWindow) int { return cmp.Compare(a.clock, b.clock) })
	t := &htmlTable{ID: id, Caption: "Windows of the captures, by clock", Columns: columns("clock", "artifact", "kind", "window (UTC)", "on one axis"),
		Legend: []htmlMark{{Class: "window", Label: "window or span of the records"}, {Class: "instant", Label: "instant"}}}
	axis := &t.Columns[len(t.Columns)-1]
	axis.Left, axis.Right = instant(strconv.FormatUint(from, 10)), axisEnd(to-from)
	for _, w := range windows {
		row := textCells(w.clock, w.artifact.Path, kind(w.artifact), window(w.artifact))
		class := "window"
		if w.start == w.end {
			class = "instant"
		}
		bar := mark(class, share(w.start-from, to-from), share(w.end-from, to-from))
		t.Rows = append(t.Rows, append(row, htmlCell{Bar: []htmlMark{bar}}))
	}
	return t
}

// axisEnd writes the length of an axis.
func axisEnd(length uint64) string {
	if length > math.MaxInt64 {
		return ""
	}
	return "+" + Duration(int64(length))
}

// share is part of whole; 0 of nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// identified is the state by which identities are told: with the resources that artifacts name.
func identified(d *Document) *tableReport {
	t := &tableReport{d: d, resources: make(map[string]*Resource, len(d.Resources))}
	for i := range d.Resources {
		t.resources[d.Resources[i].ID] = &d.Resources[i]
	}
	return t
}
