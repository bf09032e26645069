package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// DiffRenderer writes comparisons in one format.
type DiffRenderer struct {
	Name   string // as in --format
	Render func(io.Writer, *Delta, TerminalOptions) error
}

// DiffRenderers of comparisons, in the order in which help lists them.
var DiffRenderers = []DiffRenderer{
	{"table", renderDiffTable},
	{"json", renderDiffJSON},
	{"jsonl", renderDiffJSONL},
	{"markdown", renderDiffMarkdown},
	{"html", renderDiffHTML},
}

func renderDiffJSON(w io.Writer, d *Delta, _ TerminalOptions) error { return WriteJSON(w, d, "  ") }

// diffRunLine is the first line of JSON lines.
type diffRunLine struct {
	Schema string   `json:"schema"`
	Tool   Tool     `json:"tool"`
	Before DiffSide `json:"before"`
	After  DiffSide `json:"after"`
	DiffRun
}

// renderDiffJSONL writes one object a line, the summary last.
func renderDiffJSONL(w io.Writer, d *Delta, _ TerminalOptions) error {
	l := &lineWriter{w: bufio.NewWriter(w)}
	l.write("run", diffRunLine{d.Schema, d.Tool, d.Before, d.After, d.Run})
	lines(l, "regression", d.Regressions)
	lines(l, "threshold", d.Thresholds)
	lines(l, "artifact", d.Artifacts)
	lines(l, "finding", d.Findings)
	lines(l, "link", d.Links)
	lines(l, "measure", d.Measures)
	lines(l, "profile", d.Profiles)
	lines(l, "goroutines", d.Goroutines)
	l.write("summary", d.Summary)
	if l.err != nil {
		return l.err
	}
	return l.w.Flush()
}

func lines[T any](l *lineWriter, field string, items []T) {
	for i := range items {
		l.write(field, &items[i])
	}
}

// grid is one section of a comparison, for a terminal and for Markdown alike.
type grid struct {
	title   string
	lead    []string // sentences in front of the table
	columns []Column
	rows    [][]string
	more    int // rows that the document does not list
}

// diffGrids makes the sections of a comparison; empty ones are left out. Of numbers whose change may be chance it lists all,
// or those alone that somebody could take for a change.
func diffGrids(d *Delta, all bool) []grid {
	told, chance, oneSided := d, 0, 0
	if !all {
		told, chance, oneSided = worthListing(d)
	}
	measures := measureGrid(told)
	if chance > 0 {
		measures.lead = append(measures.lead, "measures that differ by what may be chance: "+thousands(chance)+"; --limit 0 lists them")
	}
	if oneSided > 0 {
		measures.lead = append(measures.lead, "measures of one side only, with nothing to compare: "+thousands(oneSided)+"; --limit 0 lists them")
	}
	grids := []grid{regressionGrid(d), thresholdGrid(d), findingGrid(d), linkGrid(d), measures}
	for i := range d.Profiles {
		grids = append(grids, profileGrid(d, &d.Profiles[i]))
	}
	for i := range d.Goroutines {
		grids = append(grids, goroutineGrid(d, &d.Goroutines[i]))
	}
	grids = append(grids, artifactGrid(d))
	var out []grid
	for _, g := range grids {
		if len(g.rows) > 0 || len(g.lead) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func regressionGrid(d *Delta) grid {
	g := grid{title: "REGRESSIONS", columns: []Column{{Title: "KIND"}, {Title: "NAME", Shrink: true, Middle: true}, {Title: "OF", Shrink: true, Optional: true, Spare: 1}, {Title: "WHAT", Wrap: true}}}
	for _, r := range d.Regressions {
		g.rows = append(g.rows, []string{r.Kind, r.Name, subjectText(r.Subject), r.Text})
	}
	return g
}

func thresholdGrid(d *Delta) grid {
	g := grid{title: "THRESHOLDS", columns: []Column{{Title: "THRESHOLD"}, {Title: "OF", Shrink: true, Optional: true, Spare: 1}, {Title: "OUTCOME"}, {Title: "WHAT", Wrap: true}}}
	for _, t := range d.Thresholds {
		g.rows = append(g.rows, []string{t.Threshold, subjectText(t.Subject), t.Outcome, t.Text})
	}
	return g
}

func findingGrid(d *Delta) grid {
	g := grid{title: "FINDINGS", columns: []Column{{Title: "STATE"}, {Title: "SEVERITY"}, {Title: "CHECK"}, {Title: "WHAT", Wrap: true}}}
	for i := range d.Findings {
		f := &d.Findings[i]
		what := f.After
		if what == "" {
			what = f.Before
		}
		if f.State == "changed" && f.Before != f.After {
			what = "was: " + f.Before + "; is: " + f.After
		}
		if f.Reason != "" {
			what += " (" + f.Reason + ")"
		}
		severity := f.Severity
		if f.SeverityBefore != "" {
			severity = f.SeverityBefore + " → " + severity
		}
		g.rows = append(g.rows, []string{f.State, severity, f.ID + " " + f.Name, what})
	}
	return g
}

func linkGrid(d *Delta) grid {
	g := grid{title: "LINK COMPLETENESS", columns: []Column{
		{Title: "OF"}, {Title: "CLIENT", Shrink: true, Middle: true, Optional: true}, {Title: "SERVER", Shrink: true, Middle: true, Optional: true}, {Title: "CALLS", Right: true, Spare: 1}, {Title: "BEFORE", Right: true},
		{Title: "AFTER", Right: true}, {Title: "95 % INTERVAL OF THE CHANGE", Spare: 2}, {Title: "VERDICT"},
	}}
	for i := range d.Links {
		l := &d.Links[i]
		share := func(v *float64) string {
			if v == nil {
				return "-"
			}
			return percentText(*v)
		}
		direction := ""
		if l.Before != nil && l.After != nil && *l.After != *l.Before {
			direction = map[bool]string{true: "better", false: "worse"}[*l.After > *l.Before]
		}
		if l.Scope == "all" {
			g.lead = append(g.lead, linkText(l)+": "+verdictText(l.Verdict, direction))
		}
		g.rows = append(g.rows, []string{l.Scope, l.Client, l.Server, thousands(l.BeforeCalls) + " → " + thousands(l.AfterCalls), share(l.Before), share(l.After),
			rangeText(l.Low, l.High, "ratio"), verdictAmong(d, l.Verdict, direction, l.Low, l.High)})
	}
	return g
}

func measureGrid(d *Delta) grid {
	g := grid{title: "MEASURES", columns: []Column{
		{Title: "NAME"}, {Title: "OF", Shrink: true, Middle: true, Optional: true, Spare: 1}, {Title: "BEFORE", Right: true}, {Title: "AFTER", Right: true},
		{Title: "CHANGE", Right: true}, {Title: "INTERVAL", Spare: 2}, {Title: "VERDICT"},
	}}
	if slices.ContainsFunc(d.Measures, func(c MeasureChange) bool { return c.P != nil }) {
		g.lead = append(g.lead, levelText(d))
	}
	for i := range d.Measures {
		c := &d.Measures[i]
		g.rows = append(g.rows, []string{c.Name, subjectText(c.Subject), sideText(c.Before, c.Unit), sideText(c.After, c.Unit), changeText(c),
			rangeText(c.Low, c.High, changeUnit(c)), verdictAmong(d, c.Verdict, c.Direction, c.Low, c.High)})
	}
	return g
}

func profileGrid(d *Delta, p *ProfileChange) grid {
	unit, what := "ratio", "share of the total"
	if d.Run.Normalize == "duration" && p.BeforeDurationNS > 0 && p.AfterDurationNS > 0 {
		unit, what = "", p.SampleType+" a second"
	}
	g := grid{title: "PROFILE " + p.Artifact, more: p.MoreFunctions + p.MoreStacks, columns: []Column{
		{Title: ""}, {Title: "FUNCTION OR STACK", Shrink: true, Middle: true, Min: 30}, {Title: "BEFORE", Right: true}, {Title: "AFTER", Right: true},
		{Title: "CHANGE", Right: true}, {Title: "95 % INTERVAL", Spare: 1}, {Title: "VERDICT"},
	}}
	if p.SampleType != "" {
		g.lead = append(g.lead, fmt.Sprintf("%s %s, %s: %s → %s in all, worth %s → %s samples", p.Kind, p.SampleType, what, number(p.BeforeTotal, typeUnit(p.SampleType)),
			number(p.AfterTotal, typeUnit(p.SampleType)), thousands(int(p.BeforeSamples)), thousands(int(p.AfterSamples))))
	}
	for _, s := range p.Differences {
		g.lead = append(g.lead, "differs in "+s)
	}
	row := func(kind, name string, s *Share) {
		if s.Verdict == verdictChanged {
			g.rows = append(g.rows, []string{kind, name, number(s.Before, unit), number(s.After, unit), signed(s.After-s.Before, unit),
				rangeText(&s.Low, &s.High, unit), verdictText(s.Verdict, "")})
		} else {
			g.more++
		}
	}
	for i := range p.Functions {
		row("flat", p.Functions[i].Name, &p.Functions[i].Flat)
		row("cum", p.Functions[i].Name, p.Functions[i].Cum)
	}
	for i := range p.Stacks {
		row("stack", foldStack(p.Stacks[i].Name), &p.Stacks[i].Flat)
	}
	if len(g.rows) == 0 && len(p.Differences) == 0 {
		return grid{}
	}
	if g.more > 0 {
		g.lead = append(g.lead, thousands(g.more)+" differences of functions and stacks may be chance")
	}
	return g
}

func typeUnit(sampleType string) string {
	_, unit, _ := strings.Cut(sampleType, "/")
	return unit
}

func goroutineGrid(d *Delta, c *GoroutineChange) grid {
	g := grid{title: "GOROUTINES " + c.Artifact, more: c.MoreGroups, lead: []string{
		fmt.Sprintf("%s → %s goroutines, by %s", thousands(c.Before), thousands(c.After), d.Run.GroupBy),
	}, columns: []Column{
		{Title: "GROUP", Shrink: true, Middle: true, Min: 30}, {Title: "BEFORE", Right: true}, {Title: "AFTER", Right: true}, {Title: "CHANGE", Right: true}, {Title: "VERDICT"},
	}}
	for _, x := range c.Groups {
		if x.Verdict != verdictChanged {
			g.more++
			continue
		}
		g.rows = append(g.rows, []string{foldStack(x.Name), thousands(x.Before), thousands(x.After), signed(float64(x.After-x.Before), ""), verdictText(x.Verdict, "")})
	}
	if len(g.rows) == 0 {
		return grid{}
	}
	if g.more > 0 {
		g.lead = append(g.lead, count(g.more, "group")+" differ by what may be chance")
	}
	return g
}

func artifactGrid(d *Delta) grid {
	g := grid{title: "ARTIFACTS", columns: []Column{{Title: "BEFORE", Shrink: true, Middle: true}, {Title: "AFTER", Shrink: true, Middle: true}, {Title: "KIND"}, {Title: "DIFFERENCE", Wrap: true}}}
	g.rows = artifactRows(d.Artifacts)
	return g
}

// shown counts the profiles and dumps that have a section of their own.
func shown(d *Delta) (n int) {
	for i := range d.Profiles {
		if len(profileGrid(d, &d.Profiles[i]).lead) > 0 {
			n++
		}
	}
	for i := range d.Goroutines {
		if len(goroutineGrid(d, &d.Goroutines[i]).lead) > 0 {
			n++
		}
	}
	return n
}

func renderDiffTable(w io.Writer, d *Delta, o TerminalOptions) error {
	p := NewProse(w, o)
	for _, g := range diffGrids(d, o.Limit <= 0) {
		p.grid(w, &g, o)
	}
	p.Heading("SUMMARY")
	p.Para("", diffVerdict(d))
	for _, s := range grown(d) {
		p.Para("  ", s)
	}
	for _, s := range diffTotals(d) {
		p.Para("", s)
	}
	for _, s := range d.Run.Incomplete {
		p.Para("incomplete: ", s)
	}
	for _, s := range d.Run.Notes {
		p.Para("note: ", s)
	}
	p.Para("", fmt.Sprintf("exit %d", d.Run.ExitCode))
	return p.Err()
}

// widestName is how far names may push apart what stands beside them.
const widestName = 60

// wideLast returns the section with the column of names last where they are so long that what stands behind them would be
// out of sight: in a file or a pipe nothing shortens them.
func (g *grid) wideLast() *grid {
	for i, c := range g.columns[:max(0, len(g.columns)-1)] {
		if !c.Shrink || !slices.ContainsFunc(g.rows, func(r []string) bool { return textWidth(r[i]) > widestName }) {
			continue
		}
		moved := *g
		moved.columns = append(without(g.columns, i), c)
		moved.rows = nil
		for _, r := range g.rows {
			moved.rows = append(moved.rows, append(without(r, i), r[i]))
		}
		return &moved
	}
	return g
}

// grid writes a section and an empty line.
func (p *Prose) grid(w io.Writer, g *grid, o TerminalOptions) {
	p.Heading(Clean(g.title))
	for _, s := range g.lead {
		p.Para("", s)
	}
	if o.Width <= 0 {
		g = g.wideLast()
	}
	t := NewTable(g.columns...)
	for i, r := range g.rows {
		if o.Limit > 0 && i >= o.Limit {
			break
		}
		t.Row(r...)
	}
	if p.err == nil && t.Len() > 0 {
		p.err = t.Write(w, o)
	}
	if o.Limit > 0 && len(g.rows) > o.Limit {
		p.Para("", "… "+thousands(len(g.rows)-o.Limit)+" more; --limit 0 prints all")
	}
	p.Line("")
}

func renderDiffMarkdown(w io.Writer, d *Delta, o TerminalOptions) error {
	m := &markdownReport{o: o, left: markdownMaxBytes - markdownReserve}
	m.add("## witnessmark diff: " + diffVerdict(d) + "\n\n")
	m.lines("- ", grown(d))
	m.lines("- ", diffTotals(d))
	m.lines("- **Incomplete:** ", d.Run.Incomplete)
	m.lines("- note: ", d.Run.Notes)
	for _, g := range diffGrids(d, o.Limit <= 0) {
		m.grid(&g)
	}
	_, err := io.WriteString(w, m.sb.String())
	return err
}

// grid writes a section; rows that do not fit are counted.
func (m *markdownReport) grid(g *grid) {
	title := g.title[:1] + strings.ToLower(g.title[1:])
	if word, rest, ok := strings.Cut(g.title, " "); ok && (word == "PROFILE" || word == "GOROUTINES") {
		title = word[:1] + strings.ToLower(word[1:]) + " " + rest
	}
	m.add("\n### " + markdown(title) + "\n\n")
	for _, s := range g.lead {
		m.add("- " + markdown(s) + "\n")
	}
	if len(g.rows) == 0 {
		return
	}
	head, rule := "|", "|"
	for _, c := range g.columns {
		head += " " + strings.ToLower(c.Title) + " |"
		rule += map[bool]string{true: " ---: |", false: " --- |"}[c.Right]
	}
	m.add("\n" + head + "\n" + rule + "\n")
	for i, r := range g.rows {
		cells := make([]string, len(r))
		for j, c := range r {
			cells[j] = markdownCell(c)
		}
		if m.o.Limit > 0 && i >= m.o.Limit || !m.add("| "+strings.Join(cells, " | ")+" |\n") {
			m.notice(fmt.Sprintf("\n… %s more\n", thousands(len(g.rows)-i)))
			return
		}
	}
}
