package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// renderDiffHTML writes a comparison as a page like that of a report: the sections of the table, with bars.
func renderDiffHTML(w io.Writer, d *Delta, _ TerminalOptions) error {
	p := &htmlPage{Title: diffVerdict(d), Tone: "clean", Command: htmlLine(htmlCommand("diff", d.Run.Args)), Version: htmlLine(d.Tool.Version), Incomplete: htmlLines(d.Run.Incomplete)}
	switch {
	case len(d.Regressions) > 0:
		p.Tone = "error"
	case len(d.Run.Incomplete) > 0:
		p.Tone = "warning"
	}
	s := &d.Summary
	p.Counts = []htmlCount{
		newCount("error", len(d.Regressions), "regression"), {htmlIf(s.New > 0, "warning", "zero"), thousands(s.New), "new"}, {htmlIf(s.Fixed > 0, "clean", "zero"), thousands(s.Fixed), "fixed"},
		{"", thousands(s.Changed), "changed"}, {"", thousands(s.Still), "still there"}, {"", thousands(s.Unknown), "unknown"},
	}
	p.Facts = []htmlFact{{"before", sideFact(&d.Before)}, {"after", sideFact(&d.After)}}
	for _, text := range slices.Concat(grown(d), diffTotals(d)) {
		p.Facts = append(p.Facts, htmlFact{"compared", htmlLine(text)})
	}
	for _, n := range d.Run.Notes {
		p.Facts = append(p.Facts, htmlFact{"note", htmlLine(n)})
	}
	p.Facts = append(p.Facts, htmlFact{fmt.Sprintf("exit %d", d.Run.ExitCode), htmlLine(diffVerdict(d))})
	p.Sections = diffSections(d)
	return p.write(w)
}

func htmlIf(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// sideFact describes one side of a comparison.
func sideFact(s *DiffSide) string {
	out := s.Input + ": " + count(s.Artifacts, "artifact")
	if f := s.Findings; f.Error+f.Warning+f.Note > 0 {
		out += fmt.Sprintf(", %s, %s, %s", count(f.Error, "error"), count(f.Warning, "warning"), count(f.Note, "note"))
	}
	if s.Saved {
		out += "; a saved report, which holds no stacks"
	}
	if !s.Complete {
		out += "; incomplete"
	}
	return htmlLine(out)
}

func diffSections(d *Delta) []htmlSection {
	section := func(id, title, lead string, tables ...*htmlTable) htmlSection {
		s := htmlSection{ID: id, Title: title, Tables: tables}
		if lead != "" {
			s.Lead = []string{lead}
		}
		return s
	}
	links, measures, chance := linkDiffTable(d), measureDiffTable(d, true), measureDiffTable(d, false)
	if len(chance.Rows) > 0 {
		chance.Folded = count(len(chance.Rows), "more measure") + " that may differ by chance, or that no test applies to"
	}
	var profiles, goroutines []*htmlTable
	for i := range d.Profiles {
		profiles = append(profiles, profileDiffTable(d, i))
	}
	for i := range d.Goroutines {
		goroutines = append(goroutines, goroutineDiffTable(d, i))
	}
	return []htmlSection{
		section("regressions", "Regressions", "What makes the exit code 1.", gridTable("regression-list", regressionGrid(d)).untitled()),
		section("thresholds", "Thresholds", "", gridTable("threshold-list", thresholdGrid(d)).tag("outcome", map[string]string{"exceeded": "error", "within": "clean", "absent": "warning"}).untitled()),
		section("findings", "Findings", "What one side could not have seen is unknown, never fixed.", gridTable("finding-list", findingGrid(d)).
			tag("state", map[string]string{"new": "error", "fixed": "clean", "changed": "warning"}).untitled()),
		section("links", "Link completeness", "The share of calls for which the span of the server is there.", links.untitled()),
		section("measures", "Measures", "Bars: before above, after below, with the interval of the change as a line.", measures.untitled(), chance.untitled()),
		section("profiles", "Profiles", "Functions and stacks whose share differs by more than chance.", profiles...),
		section("goroutines", "Goroutines", "Groups whose number differs by more than chance.", goroutines...),
		section("artifacts", "Artifacts", "Artifacts without a counterpart, or whose counterpart is not quite like them.", gridTable("artifact-list", artifactGrid(d)).untitled()),
	}
}

// gridTable makes a table of a section of the terminal's output.
func gridTable(id string, g grid) *htmlTable {
	t := &htmlTable{ID: id, Caption: htmlLine(strings.ToUpper(g.title[:min(1, len(g.title))]) + strings.ToLower(g.title[min(1, len(g.title)):]))}
	if word, rest, ok := strings.Cut(g.title, " "); ok && (word == "PROFILE" || word == "GOROUTINES") {
		t.Caption = htmlLine(rest)
	}
	t.Lead = htmlLine(strings.Join(g.lead, "; "))
	for _, c := range g.columns {
		whole := strings.Contains(c.Title, "INTERVAL") || slices.Contains([]string{"VERDICT", "CHECK", "OUTCOME", "SEVERITY"}, c.Title)
		title := strings.ReplaceAll(strings.ToLower(c.Title), "(utc)", "(UTC)")
		t.Columns = append(t.Columns, htmlColumn{Title: cmp.Or(htmlLine(title), "kind"), Number: c.Right, Whole: whole})
	}
	for _, r := range g.rows {
		t.Rows = append(t.Rows, textCells(r...))
	}
	return t
}

// untitled hides the caption of a table that is named by the heading of its section.
func (t *htmlTable) untitled() *htmlTable {
	t.Untitled = true
	return t
}

// tag colours the texts of a column that are in classes.
func (t *htmlTable) tag(column string, classes map[string]string) *htmlTable {
	c := slices.IndexFunc(t.Columns, func(c htmlColumn) bool { return c.Title == column })
	for i := range t.Rows {
		if c >= 0 && c < len(t.Rows[i]) {
			t.Rows[i][c].Tag = classes[t.Rows[i][c].Text]
		}
	}
	return t
}

// verdictClasses colour what a verdict says.
var verdictClasses = map[string]string{"worse": "error", "better": "clean", "changed": "note", "grows": "warning", "unhealthy": "error", "healthy": "clean"}

// picture adds a column of bars to a table.
func (t *htmlTable) picture(bars [][]htmlMark) *htmlTable {
	t.tag("verdict", verdictClasses)
	t.Columns = append(t.Columns, htmlColumn{Title: "before, after"})
	for i := range t.Rows {
		t.Rows[i] = append(t.Rows[i], htmlCell{Bar: bars[i]})
	}
	if len(t.Rows) > 0 {
		t.Legend = []htmlMark{{Class: "before", Label: "before"}, {Class: "after", Label: "after"}, {Class: "better", Label: "better"}, {Class: "worse", Label: "worse"}, {Class: "whisker", Label: "where after may lie, by the interval of the change"}}
	}
	return t
}

// beforeAfter draws two numbers to one scale, 0 for that of the numbers, and the interval of their difference; nil for numbers below zero.
func beforeAfter(before, after float64, low, high *float64, scale float64, direction string) []htmlMark {
	if !(before >= 0 && after >= 0) {
		return nil
	}
	end := scale
	if scale == 0 {
		end = max(before, after)
		if high != nil {
			end = max(end, before+*high)
		}
	}
	if !(end > 0) {
		return nil
	}
	class := "after"
	if direction == "better" || direction == "worse" {
		class = direction
	}
	bar := []htmlMark{mark("before", 0, before/end), mark("after "+class, 0, after/end)}
	if low != nil && high != nil {
		bar = append(bar, mark("whisker", (before+*low)/end, (before+*high)/end))
	}
	return bar
}

func linkDiffTable(d *Delta) *htmlTable {
	var bars [][]htmlMark
	for i := range d.Links {
		var bar []htmlMark
		if l := &d.Links[i]; l.Before != nil && l.After != nil {
			bar = beforeAfter(*l.Before, *l.After, l.Low, l.High, 1, linkDirection(l))
		}
		bars = append(bars, bar)
	}
	g := linkGrid(d)
	g.lead = nil
	return gridTable("link-list", g).picture(bars)
}

// linkDirection is the direction of a change that is more than chance.
func linkDirection(l *LinkChange) string {
	switch {
	case l.Verdict != verdictChanged || *l.Before == *l.After:
		return ""
	case *l.After > *l.Before:
		return "better"
	}
	return "worse"
}

// measureDiffTable lists the measures whose change is more than chance, or the others.
func measureDiffTable(d *Delta, told bool) *htmlTable {
	part := *d
	part.Measures = slices.DeleteFunc(slices.Clone(d.Measures), func(c MeasureChange) bool { return (c.Verdict == verdictChanged) != told })
	var bars [][]htmlMark
	for i := range part.Measures {
		bars = append(bars, measureBar(&part.Measures[i]))
	}
	return gridTable(htmlIf(told, "measures-changed", "measures-rest"), measureGrid(&part)).picture(bars)
}

func measureBar(c *MeasureChange) []htmlMark {
	if c.Before == nil || c.After == nil {
		return nil
	}
	before, after, low, high, scale := c.Before.Value, c.After.Value, c.Low, c.High, 0.0
	if c.Test == "shares" && c.Before.Of != nil && c.After.Of != nil {
		before, after = ratio(before, *c.Before.Of), ratio(after, *c.After.Of)
	} else if c.Unit == "ratio" {
		scale = 1
	}
	direction := ""
	if c.Verdict == verdictChanged {
		direction = c.Direction
	}
	return beforeAfter(before, after, low, high, scale, direction)
}

func profileDiffTable(d *Delta, i int) *htmlTable {
	p := &d.Profiles[i]
	most := 0.0
	var shares []*Share
	take := func(s *Share) {
		if s.Verdict == verdictChanged {
			shares = append(shares, s)
			most = max(most, s.Before, s.After)
		}
	}
	for i := range p.Functions {
		take(&p.Functions[i].Flat)
		take(p.Functions[i].Cum)
	}
	for i := range p.Stacks {
		take(&p.Stacks[i].Flat)
	}
	var bars [][]htmlMark
	for _, s := range shares {
		bars = append(bars, beforeAfter(s.Before, s.After, &s.Low, &s.High, most, ""))
	}
	return gridTable(fmt.Sprintf("profile-%d", i+1), profileGrid(d, p)).picture(bars)
}

func goroutineDiffTable(d *Delta, i int) *htmlTable {
	c := &d.Goroutines[i]
	most := 0
	for _, x := range c.Groups {
		if x.Verdict == verdictChanged {
			most = max(most, x.Before, x.After)
		}
	}
	var bars [][]htmlMark
	t := gridTable(fmt.Sprintf("goroutines-%d", i+1), goroutineGrid(d, c))
	for _, x := range c.Groups {
		if x.Verdict != verdictChanged {
			continue
		}
		if row := len(bars); row < len(t.Rows) && d.Run.GroupBy == "stack" {
			t.Rows[row][0] = htmlCell{Text: htmlCellText(shortStack(x.Name)), More: htmlLine(strings.ReplaceAll(x.Name, ";", " ← "))}
		}
		bars = append(bars, beforeAfter(float64(x.Before), float64(x.After), &x.Low, &x.High, float64(most), ""))
	}
	return t.picture(bars)
}
