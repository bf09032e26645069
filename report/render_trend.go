package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// trendGrids makes the sections of a trend.
func trendGrids(t *Trend) []grid {
	captures := grid{title: "CAPTURES", columns: []Column{{Title: "CAPTURE", Shrink: true, Middle: true}, {Title: "TIME (UTC)", Optional: true}}}
	for _, c := range t.Captures {
		at := ""
		if c.UnixNano != "" {
			at = instant(c.UnixNano)
		}
		captures.rows = append(captures.rows, []string{c.Input, at})
	}
	health := grid{title: "HEALTH OF GOROUTINES", columns: []Column{{Title: "ARTIFACT", Shrink: true, Middle: true}, {Title: "LEVEL", Right: true},
		{Title: "RATE", Right: true}, {Title: "HEALTH", Right: true}, {Title: "95 % INTERVAL", Spare: 1}, {Title: "VERDICT"}}}
	for _, h := range t.Health {
		bounds := ""
		if h.Low != nil {
			bounds = fmt.Sprintf("[%.3f, %.3f]", *h.Low, *h.High)
		}
		health.rows = append(health.rows, []string{h.Artifact, number(h.Level, ""), signed(h.Rate, "") + " / " + t.Run.Per,
			fmt.Sprintf("%.3f", h.Health), bounds, verdictText(h.Verdict, "")})
	}
	series := grid{title: "GROWTH", columns: []Column{{Title: "NAME"}, {Title: "OF", Shrink: true, Middle: true, Optional: true, Spare: 2}, {Title: "VALUES", Wrap: true},
		{Title: "RATE / " + strings.ToUpper(t.Run.Per), Right: true}, {Title: "95 % INTERVAL", Spare: 3}, {Title: "VERDICT"}}}
	short := shortGroups(t)
	for _, s := range t.Series {
		var values []string
		for _, v := range s.Values {
			if v == nil {
				values = append(values, "-")
			} else {
				values = append(values, number(*v, s.Unit))
			}
		}
		series.rows = append(series.rows, []string{s.Name, subjectText(short(s.Subject)), strings.Join(values, " → "), signed(s.Rate, s.Unit),
			rangeText(s.Low, s.High, s.Unit), verdictText(s.Verdict, "")})
	}
	return []grid{captures, health, series}
}

// RenderTrend writes a trend in a format: table, json, markdown or html.
func RenderTrend(w io.Writer, format string, t *Trend, o TerminalOptions) error {
	switch format {
	case "json":
		return WriteJSON(w, t, "  ")
	case "html":
		return renderTrendHTML(w, t)
	case "markdown":
		m := &markdownReport{o: o, left: markdownMaxBytes - markdownReserve}
		m.add("## witnessmark trend\n\n")
		m.lines("- ", trendTotals(t))
		m.lines("- note: ", t.Run.Notes)
		for _, g := range trendGrids(t) {
			m.grid(&g)
		}
		_, err := io.WriteString(w, m.sb.String())
		return err
	}
	p := NewProse(w, o)
	for _, g := range trendGrids(t) {
		if len(g.rows) > 0 {
			p.grid(w, &g, o)
		}
	}
	p.Heading("SUMMARY")
	for _, s := range trendTotals(t) {
		p.Para("", s)
	}
	for _, s := range t.Run.Notes {
		p.Para("note: ", s)
	}
	p.Para("", fmt.Sprintf("exit %d", t.Run.ExitCode))
	return p.Err()
}

// shortGroups names groups of goroutines by where they wait and what they were started with, where no other group of the
// artifact has the same short name: the functions of a whole stack fill a screen.
func shortGroups(t *Trend) func(subject map[string]string) map[string]string {
	uses := map[[2]string]int{}
	for _, s := range t.Series {
		if group, ok := s.Subject["group"]; ok {
			uses[[2]string{s.Subject["artifact"], shortStack(group)}]++
		}
	}
	return func(subject map[string]string) map[string]string {
		group, ok := subject["group"]
		if !ok || uses[[2]string{subject["artifact"], shortStack(group)}] != 1 {
			return subject
		}
		out := maps.Clone(subject)
		out["group"] = shortStack(group)
		return out
	}
}

// trendTotals says what the captures show, for who reads nothing else.
func trendTotals(t *Trend) []string {
	tally := func(verdicts []string, order ...string) string {
		var parts []string
		for _, v := range order {
			n := 0
			for _, x := range verdicts {
				if x == v {
					n++
				}
			}
			if n > 0 {
				parts = append(parts, thousands(n)+" "+verdictText(v, ""))
			}
		}
		return strings.Join(parts, ", ")
	}
	var health, series []string
	for _, h := range t.Health {
		health = append(health, h.Verdict)
	}
	for _, s := range t.Series {
		series = append(series, s.Verdict)
	}
	var out []string
	if s := tally(health, "unhealthy", "healthy", verdictTooFew); s != "" {
		out = append(out, fmt.Sprintf("goroutines of artifacts: %s (healthy is %g or more over the window)", s, t.Run.Threshold))
	}
	if s := tally(series, "grows", "shrinks", "undecided", verdictTooFew); s != "" {
		out = append(out, "numbers that differ: "+s)
	}
	if len(t.Captures) < 3 && slices.Contains(series, verdictTooFew) {
		out = append(out, "two captures show a difference and no trend: three are the least, ten say more")
	}
	return out
}
