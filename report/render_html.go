package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// Rules of the HTML report, one file that is opened from a disk or a build's artifacts:
//   - It asks for nothing: style and script are inside, a policy refuses everything else, and both are allowed by
//     their hashes, so that markup which slipped in could not run.
//   - The template knows sections, tables, cells and bars, not checks or measures: what a later detector finds or
//     measures appears without touching it.
//   - Every chart is a column of a table with the same numbers in words; the bars are hidden from screen readers.
//   - Without script the first page of every table and of the findings is there to be read and printed; script adds
//     filters, the other pages and the choice of colours.
//   - Captured text is cleaned (htmlLine, htmlCellText) before html/template escapes it.

// htmlPageRows is how many findings, or rows of a table, are drawn at a time. 20,000 findings drawn at once took 3 s
// in Chromium, and most readers look at the first.
const htmlPageRows = 500

//go:embed html
var htmlFiles embed.FS

var htmlTemplate = template.Must(template.ParseFS(htmlFiles, "html/*.tmpl"))

// htmlPage is what the template writes; all text in it is clean.
type htmlPage struct {
	Title      string
	Tone       string // class of the verdict: the worst severity, or "clean"
	Command    string
	Version    string
	Policy     string
	Style      template.CSS
	Script     template.JS
	Counts     []htmlCount
	Incomplete []string
	Facts      []htmlFact
	Findings   *htmlFindings // nil where the command looks for none
	Sections   []htmlSection
	Checks     []htmlCheck
}

// htmlCount is a number of the verdict. Class "zero" is a number that is good to be 0 and is.
type htmlCount struct{ Class, Number, Text string }

// htmlFact is a line of the verdict.
type htmlFact struct{ Lead, Text string }

// htmlSection is a heading and tables; it appears where one of them has rows.
type htmlSection struct {
	ID, Title string
	Lead      []string
	Legend    []htmlMark // of its flame graphs
	Tables    []*htmlTable
	Figures   []*htmlFigure
	Flames    []*htmlFlame
}

// htmlCheck is one check, with its documentation where the program has it.
type htmlCheck struct {
	ID, Name, Outcome, Reason, Findings string
	Title                               string
	Doc                                 []htmlFact
}

func renderHTML(w io.Writer, d *Document, o TerminalOptions) error {
	p := &htmlPage{Title: htmlTitle(d), Command: htmlLine(htmlCommand(d.Run.Command, d.Run.Args)), Version: htmlLine(d.Tool.Version),
		Incomplete: htmlLines(d.Run.Incomplete), Facts: htmlFacts(d), Sections: htmlSections(d)}
	p.Counts = htmlArtifactCounts(d)
	if d.Run.Command != "inspect" {
		var err error
		if p.Findings, err = newHTMLFindings(d); err != nil {
			return fmt.Errorf("render html: %w", err)
		}
		p.Counts = append(htmlCounts(d), p.Counts...)
		p.Checks = htmlChecks(d, o.Detectors)
	}
	p.Tone = htmlTone(d)
	return p.write(w)
}

// write adds what every page has.
func (p *htmlPage) write(w io.Writer) error {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return fmt.Errorf("render html: %w", err)
	}
	script, err := htmlFiles.ReadFile("html/script.js")
	if err != nil {
		return fmt.Errorf("render html: %w", err)
	}
	// Nothing may be loaded; base-uri and form-action do not fall back to default-src.
	p.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", htmlHash(style), htmlHash(script))
	p.Style, p.Script = template.CSS(style), template.JS(script)
	if p.Sections, err = pages(p.Sections); err != nil {
		return fmt.Errorf("render html: %w", err)
	}
	return htmlTemplate.ExecuteTemplate(w, "page.tmpl", p)
}

// htmlHash is the source expression of an inline style or script.
func htmlHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// htmlLines makes captured texts into clean lines.
func htmlLines(texts []string) []string {
	var out []string
	for _, s := range texts {
		out = append(out, htmlLine(s))
	}
	return out
}

// htmlLine makes captured text into one clean line.
func htmlLine(s string) string { return Clean(strings.Join(strings.Fields(s), " ")) }

// htmlCellText is htmlLine for a cell: a table is copied into spreadsheets.
func htmlCellText(s string) string { return cell(strings.Join(strings.Fields(s), " ")) }

func htmlTitle(d *Document) string {
	if d.Run.Command == "inspect" {
		return count(len(d.Artifacts), "artifact")
	}
	if s := severities(d.Findings); s != "" {
		return s
	}
	return "no findings"
}

// htmlTone colours the verdict as the worst that is in it.
func htmlTone(d *Document) string {
	s := d.Summary.Findings
	switch {
	case s.Error > 0:
		return "error"
	case s.Warning > 0 || len(d.Run.Incomplete) > 0:
		return "warning"
	case s.Note > 0:
		return "note"
	}
	return "clean"
}

// htmlCommand is the run as it was typed.
func htmlCommand(command string, args []string) string {
	if len(args) == 0 {
		args = []string{command}
	}
	words := []string{"witnessmark"}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

// newCount is a number of the verdict with its noun.
func newCount(class string, n int, noun string) htmlCount {
	number, text, _ := strings.Cut(count(n, noun), " ")
	if n == 0 {
		class = "zero"
	}
	return htmlCount{class, number, text}
}

func htmlCounts(d *Document) []htmlCount {
	s := d.Summary
	counts := []htmlCount{newCount("error", s.Findings.Error, "error"), newCount("warning", s.Findings.Warning, "warning"), newCount("note", s.Findings.Note, "note")}
	if s.Suppressed > 0 || s.Fixed > 0 {
		counts = append(counts, htmlCount{"", thousands(s.New), "new"}, htmlCount{"", thousands(s.Fixed), "fixed"}, htmlCount{"", thousands(s.Suppressed), "accepted"})
	}
	return counts
}

func htmlArtifactCounts(d *Document) []htmlCount {
	counts := []htmlCount{newCount("", len(d.Artifacts), "artifact")}
	if n := d.Summary.Unreadable + d.Summary.Damaged; n > 0 {
		counts = append(counts, htmlCount{"warning", thousands(n), "with data missing"})
	}
	return counts
}

func htmlFacts(d *Document) []htmlFact {
	t := &tableReport{d: d}
	facts := []htmlFact{{"read", htmlLine(t.read())}}
	if clean := t.clean(); clean != "" {
		facts = append(facts, htmlFact{"clean", htmlLine(clean)})
	}
	for _, s := range t.notSeen() {
		facts = append(facts, htmlFact{"not seen", htmlLine(s)})
	}
	for i, n := range d.Run.Notes {
		if i == htmlPageRows {
			facts = append(facts, htmlFact{"note", count(len(d.Run.Notes)-i, "more note")})
			break
		}
		facts = append(facts, htmlFact{"note", htmlLine(n)})
	}
	return append(facts, htmlFact{fmt.Sprintf("exit %d", d.Run.ExitCode), htmlLine(t.why())})
}

func htmlChecks(d *Document, detectors []analyze.Detector) []htmlCheck {
	docs := make(map[string]*analyze.Doc, len(detectors))
	for i := range detectors {
		docs[detectors[i].ID] = &detectors[i].Doc
	}
	checks := make([]htmlCheck, 0, len(d.Checks))
	for i := range d.Checks {
		c := &d.Checks[i]
		h := htmlCheck{ID: htmlLine(c.ID), Name: htmlLine(c.Name), Outcome: htmlLine(c.Outcome), Reason: htmlLine(c.Reason), Findings: count(c.Findings, "finding")}
		if doc := docs[c.ID]; doc != nil {
			h.Title = htmlLine(doc.Title)
			h.Doc = []htmlFact{{"what", htmlLine(doc.Text)}, {"proof", htmlLine(doc.Proof)}, {"blind to", htmlLine(doc.Blind)}, {"fix", htmlLine(doc.Fix)}}
		}
		checks = append(checks, h)
	}
	return checks
}

// htmlSections makes every section of a report.
func htmlSections(d *Document) []htmlSection {
	return []htmlSection{
		htmlWindows(d), htmlClocks(d), htmlHops(d), htmlLabels(d), htmlFlames(d), htmlSeries(d), htmlGoroutines(d),
		htmlAccepted(d), htmlArtifacts(d), htmlMeasures(d),
	}
}

// pages leaves out what has no rows, and cuts the tables of the others into pages.
func pages(sections []htmlSection) ([]htmlSection, error) {
	var out []htmlSection
	for _, s := range sections {
		var tables []*htmlTable
		for _, t := range s.Tables {
			if len(t.Rows) > 0 {
				tables = append(tables, t)
			}
		}
		s.Tables = tables
		for _, f := range s.Figures {
			tables = append(tables, f.Table)
		}
		for _, f := range s.Flames {
			tables = append(tables, f.Table)
		}
		for _, t := range tables {
			if err := t.page(); err != nil {
				return nil, err
			}
		}
		if len(tables) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}
