package report

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
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
		"When each capture was taken, as the clock of its own host recorded it: windows of two clocks are shifted against each other by what the clocks are apart. Where nothing tells the host, captures of one folder share a row. The list of artifacts has the window of each."}}
	names := shortPaths(d)
	for i, group := range apart(windowsOf(d, names)) {
		s.Tables = append(s.Tables, windowTable(fmt.Sprintf("windows-%d", i+1), group, names).untitled())
	}
	if len(s.Tables) > 1 {
		s.Lead = append(s.Lead, fmt.Sprintf("%d groups lie a day or more apart and have axes of their own.", len(s.Tables)))
	}
	return s
}

// windowsOf lists the windows by their start.
func windowsOf(d *Document, names map[string]string) []htmlWindow {
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
		clock := cmp.Or(windowClock(t, a), "not told ("+path.Dir(names[a.ID])+")")
		out = append(out, htmlWindow{clock, start, max(start, end), a})
	}
	slices.SortStableFunc(out, func(a, b htmlWindow) int { return cmp.Compare(a.start, b.start) })
	return out
}

// windowClock names the clock that stamped an artifact; "" where nothing tells.
func windowClock(t *tableReport, a *Artifact) string {
	if domain := a.Identity.Domain; domain != "" {
		if t.d.Clocks != nil {
			return shortClock(t.d.Clocks)(clockName(t.d.Clocks, domain))
		}
		return cmp.Or(a.Identity.Host, domain)
	}
	var domains []string
	for _, id := range a.Resources {
		if r := t.resources[id]; r != nil {
			domains = append(domains, cmp.Or(r.Identity.Host, r.Identity.Domain))
		}
	}
	return few(domains, "clock")
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

// windowRow is the windows of one clock and kind.
type windowRow struct {
	clock, kind string
	windows     []htmlWindow
}

// windowRows puts the windows of one clock and kind on one row, by clock and start.
func windowRows(windows []htmlWindow) []*windowRow {
	index := map[[2]string]*windowRow{}
	var rows []*windowRow
	for _, w := range windows {
		key := [2]string{w.clock, kind(w.artifact)}
		r := index[key]
		if r == nil {
			r = &windowRow{clock: w.clock, kind: key[1]}
			index[key] = r
			rows = append(rows, r)
		}
		r.windows = append(r.windows, w)
	}
	slices.SortStableFunc(rows, func(a, b *windowRow) int { return cmp.Compare(a.clock, b.clock) })
	return rows
}

// windowTable draws windows that share an axis.
func windowTable(id string, windows []htmlWindow, names map[string]string) *htmlTable {
	from, to := uint64(math.MaxUint64), uint64(0)
	for _, w := range windows {
		from, to = min(from, w.start), max(to, w.end)
	}
	t := &htmlTable{ID: id, Caption: "Windows of the captures, by clock", Columns: columns("clock", "=kind", "captures", "=from (UTC)", "#for", "on one axis"),
		Legend: []htmlMark{{Class: "window", Label: "window or span of the records"}, {Class: "instant", Label: "instant"}}}
	axis := &t.Columns[len(t.Columns)-1]
	axis.Left, axis.Right = instant(strconv.FormatUint(from, 10)), axisEnd(to-from)
	for _, r := range windowRows(windows) {
		first, last := r.windows[0].start, uint64(0)
		what := count(len(r.windows), "capture")
		if len(r.windows) == 1 {
			what = path.Base(names[r.windows[0].artifact.ID])
		}
		var bar []htmlMark
		for _, w := range r.windows {
			first, last = min(first, w.start), max(last, w.end)
			bar = append(bar, mark(htmlIf(w.start == w.end, "instant", "window"), share(w.start-from, to-from), share(w.end-from, to-from)))
		}
		row := textCells(r.clock, r.kind, what, instant(strconv.FormatUint(first, 10)), htmlIf(last > first, strings.TrimPrefix(axisEnd(last-first), "+"), ""))
		t.Rows = append(t.Rows, append(row, htmlCell{Bar: slices.Compact(bar)}))
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
