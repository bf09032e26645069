package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// renderTrendHTML writes a trend as a page like that of a report, with a line for every number.
func renderTrendHTML(w io.Writer, t *Trend) error {
	grows, unhealthy := 0, 0
	for i := range t.Series {
		if t.Series[i].Verdict == "grows" {
			grows++
		}
	}
	for i := range t.Health {
		if t.Health[i].Verdict == "unhealthy" {
			unhealthy++
		}
	}
	p := &htmlPage{Title: "trend over " + count(len(t.Captures), "capture"), Tone: htmlIf(unhealthy > 0, "error", "clean"), Command: htmlLine(htmlCommand("trend", t.Run.Args)), Version: htmlLine(t.Tool.Version)}
	p.Counts = []htmlCount{{"", thousands(len(t.Captures)), "captures"}, {htmlIf(grows > 0, "warning", "zero"), thousands(grows), "numbers grow"},
		{htmlIf(unhealthy > 0, "error", "zero"), thousands(unhealthy), "unhealthy"}}
	for _, n := range t.Run.Notes {
		p.Facts = append(p.Facts, htmlFact{"note", htmlLine(n)})
	}
	p.Facts = append(p.Facts, htmlFact{fmt.Sprintf("exit %d", t.Run.ExitCode), htmlIf(t.Run.ExitCode == ExitClean, "no health of goroutines is certain to be below ", "a health of goroutines is certain to be below ") + fmt.Sprint(t.Run.Threshold)})
	grids := trendGrids(t)
	p.Sections = []htmlSection{
		{ID: "health", Title: "Health of goroutines", Tables: []*htmlTable{healthTable(t, grids[1])}, Lead: []string{"1 − |rate|·window/level: the share of their number that did not come or go over the window."}},
		{ID: "growth", Title: "Growth", Tables: growthTables(t, grids[2]), Lead: []string{"A line of least squares through every number that is not the same in all captures. It grows or shrinks where the whole interval of its rate says so."}},
		{ID: "captures", Title: "Captures", Tables: []*htmlTable{gridTable("capture-list", grids[0]).untitled()}},
	}
	return p.write(w)
}

func healthTable(t *Trend, g grid) *htmlTable {
	table := gridTable("health-list", g).tag("verdict", verdictClasses).untitled()
	table.Columns = append(table.Columns, htmlColumn{Title: "health", Left: "0", Right: "1"})
	table.Legend = []htmlMark{{Class: "hard", Label: "interval"}, {Class: "estimate", Label: "health"}, {Class: "zero", Label: "threshold"}}
	for i := range t.Health {
		h := &t.Health[i]
		var bar []htmlMark
		if h.Low != nil && h.High != nil {
			bar = append(bar, mark("hard", *h.Low, *h.High))
		}
		bar = append(bar, mark("zero", t.Run.Threshold, t.Run.Threshold), mark("estimate", h.Health, h.Health))
		table.Rows[i] = append(table.Rows[i], htmlCell{Bar: bar})
	}
	return table
}

// growthTables lists what grows or shrinks, and folds the rest away.
func growthTables(t *Trend, g grid) []*htmlTable {
	told := gridTable("growth-told", g)
	told.Columns = append(told.Columns, htmlColumn{Title: "over the captures"})
	at := trendTimes(t)
	rest := &htmlTable{ID: "growth-rest", Caption: "Flat, or too few captures to tell", Columns: told.Columns}
	rows := told.Rows
	told.Rows = nil
	for i, row := range rows {
		s := &t.Series[i]
		if stack := s.Subject["group"]; strings.Contains(stack, ";") && s.Name == "goroutines.group" {
			other := map[string]string{"artifact": s.Subject["artifact"]}
			row[1] = htmlCell{Text: htmlCellText(join(" ", subjectText(other), shortStack(stack))), More: htmlLine(strings.ReplaceAll(stack, ";", " ← "))}
		}
		row = append(row, htmlCell{Line: trendLine(s, at)})
		if s.Verdict == "grows" || s.Verdict == "shrinks" {
			told.Rows = append(told.Rows, row)
		} else {
			rest.Rows = append(rest.Rows, row)
		}
	}
	rest.Folded = count(len(rest.Rows), "number") + " whose growth is undecided, or with too few captures to tell"
	return []*htmlTable{told.tag("verdict", verdictClasses).untitled(), rest.untitled()}
}

// trendTimes places the captures between 0 and 1: by time where all have one.
func trendTimes(t *Trend) []float64 {
	at := make([]float64, len(t.Captures))
	nanos := make([]uint64, len(t.Captures))
	timed := t.Run.Per == "hour"
	for i := range t.Captures {
		at[i] = float64(i) / float64(max(1, len(t.Captures)-1))
		n, err := strconv.ParseUint(t.Captures[i].UnixNano, 10, 64)
		timed = timed && err == nil && (i == 0 || n >= nanos[i-1])
		nanos[i] = n
	}
	if last := len(nanos) - 1; timed && last > 0 && nanos[last] > nanos[0] {
		for i, n := range nanos {
			at[i] = share(n-nanos[0], nanos[last]-nanos[0])
		}
	}
	return at
}

// trendLine draws the values of a series between their least and their greatest.
func trendLine(s *Series, at []float64) string {
	low, high, some := 0.0, 0.0, false
	for _, v := range s.Values {
		if v != nil {
			if !some {
				low, high, some = *v, *v, true
			}
			low, high = min(low, *v), max(high, *v)
		}
	}
	var points []string
	for i, v := range s.Values {
		if v != nil && i < len(at) && high > low {
			points = append(points, fmt.Sprintf("%d,%d", int(clamp(at[i])*htmlBarWidth), 18-int(clamp((*v-low)/(high-low))*16)))
		}
	}
	return strings.Join(points, " ")
}
