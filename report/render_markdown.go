package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Rules of the Markdown, which is for job summaries and comments:
//   - Verdict and gaps first, then findings worst first, then clocks, then artifacts folded away.
//   - GitHub refuses a summary of a step above 1,024 KiB as a whole, so what does not fit is counted and not
//     written. Every part says how much of it is left out.
//   - Captured text goes through markdown, markdownCell or markdownCode.

const (
	// markdownMaxBytes is the most that GitHub shows ("supports content up to a size of 1024k").
	markdownMaxBytes = 1 << 20
	// markdownReserve is kept for the lines that say what is left out.
	markdownReserve = 1 << 12
)

func renderMarkdown(w io.Writer, d *Document, o TerminalOptions) error {
	m := &markdownReport{d: d, o: o, left: markdownMaxBytes - markdownReserve}
	m.verdict()
	if d.Run.Command != "inspect" {
		m.findings()
		m.clocks()
	}
	m.artifacts()
	_, err := io.WriteString(w, m.sb.String())
	return err
}

// markdownReport is the state of writing one document.
type markdownReport struct {
	d    *Document
	o    TerminalOptions
	sb   strings.Builder
	left int // bytes that may still be written, less the reserve
}

// add writes s if it fits.
func (m *markdownReport) add(s string) bool {
	if len(s) > m.left {
		return false
	}
	m.left -= len(s)
	m.sb.WriteString(s)
	return true
}

// notice writes out of the reserve.
func (m *markdownReport) notice(s string) { m.sb.WriteString(s) }

// verdict writes what a reader needs who reads nothing else.
func (m *markdownReport) verdict() {
	d := m.d
	title := severities(d.Findings)
	if title == "" {
		title = "no findings"
	}
	if d.Run.Command == "inspect" {
		title = count(len(d.Artifacts), "artifact")
	}
	m.add("## witnessmark: " + title + "\n\n")
	if !d.Run.Complete {
		m.add("> [!WARNING]\n")
		m.lines("> **Incomplete:** ", d.Run.Incomplete)
		m.add("\n")
	}
	t := &tableReport{d: d}
	m.add("| | |\n| --- | --- |\n")
	if d.Run.Command != "inspect" {
		m.row("findings", bySeverity(d.Findings))
	}
	if accepted := acceptedText(d); accepted != "" {
		m.row("accepted", accepted)
	}
	m.row("read", t.read())
	if clean := t.clean(); clean != "" {
		m.row("clean", clean)
	}
	for _, s := range t.notSeen() {
		m.row("not seen", s)
	}
	m.row(fmt.Sprintf("exit %d", d.Run.ExitCode), t.why())
	m.add("\n")
	m.lines("- note: ", d.Run.Notes)
	if len(d.Run.Notes) > 0 {
		m.add("\n")
	}
}

// row writes a row of the verdict; one that does not fit says so.
func (m *markdownReport) row(lead, text string) {
	if !m.add("| **" + lead + "** | " + markdownCell(text) + " |\n") {
		m.notice("| **" + lead + "** | (too long for this summary) |\n")
	}
}

// lines writes a line for each text, and how many did not fit.
func (m *markdownReport) lines(lead string, texts []string) {
	for i, s := range texts {
		if m.o.Limit > 0 && i >= m.o.Limit || !m.add(lead+markdown(s)+"\n") {
			m.notice(lead + fmt.Sprintf("… %s more\n", thousands(len(texts)-i)))
			return
		}
	}
}

func (m *markdownReport) findings() {
	if len(m.d.Findings) == 0 {
		return
	}
	m.add("### Findings\n\n")
	paths := pathsOf(m.d)
	all := causes(m.d.Findings, m.o.Limit)
	for i := range all {
		if all[i].shown > 0 && !m.cause(&all[i], paths) {
			all[i].shown = 0
		}
	}
	if rest := hidden(all); len(rest) > 0 {
		why := "left out: a summary holds 1 MiB"
		if m.o.Limit > 0 && len(m.d.Findings) > m.o.Limit {
			why = "not printed: --limit 0 prints all"
		}
		m.notice(fmt.Sprintf("\n… %s more (%s) %s\n", thousands(len(rest)), severities(rest), why))
	}
	m.add("\n")
}

// cause writes one block as far as it fits, and notes in c how much that is. Its first line has the check, the lines below
// are the numbers and what is to be copied.
func (m *markdownReport) cause(c *cause, paths map[string]string) bool {
	first, fix := c.findings[0], ""
	if first.Fix != "" {
		fix = "  - fix: " + markdown(first.Fix) + "\n"
	}
	head := "- **" + markdown(first.Severity) + "** " + markdown(first.ID) + " " + markdown(first.Name)
	if len(c.findings) == 1 {
		return m.add(head + " (" + markdown(first.Basis) + "): " + markdown(first.Message) + "\n" + m.exhibits(c, 0, "  ", paths) + fix)
	}
	written := 0
	for i := range c.shown {
		item := fmt.Sprintf("  %d. %s: ", i+1, markdown(c.findings[i].Basis))
		if same := c.likewise(i); same != "" {
			item += markdown(same) + "\n"
		} else {
			item += markdown(c.findings[i].Message) + "\n" + m.exhibits(c, i, strings.Repeat(" ", len(fmt.Sprintf("  %d. ", i+1))), paths)
		}
		if i == 0 {
			item = head + ", " + count(len(c.findings), "finding") + ":\n" + item
		}
		if len(item)+len(fix) > m.left {
			break
		}
		m.add(item)
		written++
	}
	c.shown = written
	if written == 0 {
		return false
	}
	if rest := len(c.findings) - written; rest > 0 {
		m.notice(fmt.Sprintf("  - … %s more of this check\n", thousands(rest)))
	}
	return m.add(fix)
}

// exhibits lists the places of finding i of a cause.
func (m *markdownReport) exhibits(c *cause, i int, indent string, paths map[string]string) string {
	var sb strings.Builder
	shown, rest := c.evidence(i, m.o.Limit <= 0)
	for _, e := range shown {
		sb.WriteString(indent + "- at " + markdownCode(Place(paths[e.Artifact], e.Offset, e.Length)) + " " + markdown(e.Role+": "+e.Text) + "\n")
	}
	if rest > 0 {
		sb.WriteString(indent + "- and " + count(rest, "more place") + "\n")
	}
	return sb.String()
}

// clocks writes where the clocks stood, where something ties them together.
func (m *markdownReport) clocks() {
	c := m.d.Clocks
	if c == nil || !slices.ContainsFunc(c.Domains, func(d ClockDomain) bool { return !alone(c, &d) }) {
		return
	}
	if !m.add("### Clocks\n\nThe table shows " + markdown(strings.Join(clockTerms(c), ". ")) + ".\n\n" +
		"| clock | zone | services | offset | hard bounds | assumed bounds | 95 % | drift | steps | status |\n" +
		"| --- | --- | --- | ---: | --- | --- | --- | ---: | ---: | --- |\n") {
		return
	}
	for i := range c.Domains {
		cells := clockCells(c, &c.Domains[i], true)
		for j := range cells {
			cells[j] = markdownCell(cells[j])
		}
		if m.o.Limit > 0 && i >= m.o.Limit || !m.add("| "+strings.Join(cells, " | ")+" |\n") {
			m.notice(fmt.Sprintf("\n… %s more clocks\n", thousands(len(c.Domains)-i)))
			break
		}
	}
	m.add("\n")
}

func (m *markdownReport) artifacts() {
	const head = "| path | kind | size | rows | window (UTC) | Go | status |\n| --- | --- | ---: | ---: | --- | --- | --- |\n"
	t := &tableReport{d: m.d, o: m.o}
	if len(m.d.Artifacts) == 0 || !m.add("<details><summary>"+count(len(m.d.Artifacts), "artifact")+"</summary>\n\n"+head) {
		return
	}
	shown := t.choose()
	written := 0
	for _, i := range shown {
		a := &m.d.Artifacts[i]
		cells := []string{a.Path, kind(a), size(a.Bytes), rows(a), window(a), goText(a.GoVersion), status(a)}
		for j, c := range cells {
			cells[j] = markdownCell(c)
		}
		if !m.add("| " + strings.Join(cells, " | ") + " |\n") {
			break
		}
		written++
	}
	if rest := len(m.d.Artifacts) - written; rest > 0 {
		m.notice(fmt.Sprintf("\n… %s more artifacts\n", thousands(rest)))
	}
	m.notice("\n</details>\n")
}
