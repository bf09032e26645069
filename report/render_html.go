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

// htmlCount is a number of the verdict.
type htmlCount struct{ Class, Text string }

// htmlFact is a line of the verdict.
type htmlFact struct{ Lead, Text string }

// htmlSection is a heading and tables; it appears where one of them has rows.
type htmlSection struct {
	ID, Title string
	Lead      []string
	Tables    []*htmlTable
}

// htmlCheck is one check, with its documentation where the program has it.
type htmlCheck struct {
	ID, Name, Outcome, Reason, Findings string
	Title                               string
	Doc                                 []htmlFact
}

func renderHTML(w io.Writer, d *Document, o TerminalOptions) error {
	p, err := newHTMLPage(d, o.Detectors)
	if err != nil {
		return fmt.Errorf("render html: %w", err)
	}
	return htmlTemplate.ExecuteTemplate(w, "page.tmpl", p)
}

func newHTMLPage(d *Document, detectors []analyze.Detector) (*htmlPage, error) {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return nil, err
	}
	script, err := htmlFiles.ReadFile("html/script.js")
	if err != nil {
		return nil, err
	}
	p := &htmlPage{
		Title:   htmlTitle(d),
		Command: htmlLine(htmlCommand(d)),
		Version: htmlLine(d.Tool.Version),
		// Nothing may be loaded; base-uri and form-action do not fall back to default-src.
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
			htmlHash(style), htmlHash(script)),
		Style:  template.CSS(style),
		Script: template.JS(script),
		Facts:  htmlFacts(d),
	}
	for _, s := range d.Run.Incomplete {
		p.Incomplete = append(p.Incomplete, htmlLine(s))
	}
	if d.Run.Command != "inspect" {
		p.Counts = htmlCounts(d)
		if p.Findings, err = newHTMLFindings(d); err != nil {
			return nil, err
		}
		p.Checks = htmlChecks(d, detectors)
	}
	p.Sections, err = htmlSections(d)
	return p, err
}

// htmlHash is the source expression of an inline style or script.
func htmlHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
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

// htmlCommand is the run as it was typed.
func htmlCommand(d *Document) string {
	args := d.Run.Args
	if len(args) == 0 {
		args = []string{d.Run.Command}
	}
	words := []string{"witnessmark"}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	return strings.Join(words, " ")
}

func htmlCounts(d *Document) []htmlCount {
	s := d.Summary
	counts := []htmlCount{
		{"error", count(s.Findings.Error, "error")},
		{"warning", count(s.Findings.Warning, "warning")},
		{"note", count(s.Findings.Note, "note")},
	}
	if s.Suppressed > 0 || s.Fixed > 0 {
		counts = append(counts, htmlCount{"", thousands(s.New) + " new"}, htmlCount{"", thousands(s.Fixed) + " fixed"},
			htmlCount{"", thousands(s.Suppressed) + " accepted"})
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

// htmlSections makes every section of tables; those without rows are left out.
func htmlSections(d *Document) ([]htmlSection, error) {
	all := []htmlSection{
		htmlAccepted(d), htmlWindows(d), htmlClocks(d), htmlHops(d), htmlLabels(d), htmlGoroutines(d), htmlMeasures(d), htmlArtifacts(d),
	}
	var out []htmlSection
	for _, s := range all {
		var tables []*htmlTable
		for _, t := range s.Tables {
			if len(t.Rows) == 0 {
				continue
			}
			if err := t.page(); err != nil {
				return nil, err
			}
			tables = append(tables, t)
		}
		if s.Tables = tables; len(tables) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}
