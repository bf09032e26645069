package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Rules of the table, which is what a person reads:
//   - Artifacts are a table. Findings are prose: their messages are long, and a cell would cut the one
//     thing that people copy into a ticket.
//   - What was not looked at is said in the summary, always.
//   - A file or pipe gets the same words as a terminal, in columns that are not cut.

// renderTable writes the document for people. The command of the run decides which sections it has, so
// that a saved document renders as it first did.
func renderTable(w io.Writer, d *Document, o TerminalOptions) error {
	t := &tableReport{Prose: NewProse(w, o), d: d, o: o, w: w, resources: make(map[string]*Resource, len(d.Resources))}
	for i := range d.Resources {
		t.resources[d.Resources[i].ID] = &d.Resources[i]
	}
	switch d.Run.Command {
	case "inspect":
		t.inspect()
	case "clocks":
		t.clockView()
		t.findings()
	default:
		t.artifacts()
		t.clocks()
		t.findings()
	}
	t.summary()
	return t.err
}

// tableReport is the state of writing one document.
type tableReport struct {
	*Prose
	d         *Document
	o         TerminalOptions
	w         io.Writer
	resources map[string]*Resource // by id
}

func (t *tableReport) table(table *Table) {
	if t.err == nil {
		t.err = table.Write(t.w, t.o)
	}
}

// kind is the format of an artifact, with what the format's name does not say.
func kind(a *Artifact) string {
	if a.Delta {
		return a.Format + " delta"
	}
	return a.Format
}

// status is the status of an artifact in words. A format that is recognised and not read is "ok" in the
// document, and would mislead here.
func status(a *Artifact) string {
	if a.Status == string(evidence.StatusOK) && !a.Read {
		return "not examined"
	}
	return a.Status
}

func statusColor(a *Artifact) string {
	switch evidence.Status(a.Status) {
	case evidence.StatusOK:
		return ""
	case evidence.StatusUnknown:
		return colorDim
	}
	return colorYellow
}

func (t *tableReport) findings() {
	t.Line("")
	t.Heading("FINDINGS")
	if len(t.d.Findings) == 0 {
		t.Line("none")
		return
	}
	paths := make(map[string]string, len(t.d.Artifacts))
	for i := range t.d.Artifacts {
		paths[t.d.Artifacts[i].ID] = t.d.Artifacts[i].Path
	}
	all := causes(t.d.Findings, t.o.Limit)
	for i := range all {
		if all[i].shown == 0 {
			continue
		}
		if i > 0 {
			t.Line("")
		}
		t.cause(&all[i], paths)
	}
	if rest := hidden(all); len(rest) > 0 {
		t.Line("")
		t.Line(fmt.Sprintf("… %s more (%s); --limit 0 prints all", thousands(len(rest)), severities(rest)))
	}
}

// cause writes one block: what is wrong, each place where it is, and what to do.
func (t *tableReport) cause(c *cause, paths map[string]string) {
	first := c.findings[0]
	color := map[string]string{string(analyze.Error): colorRed, string(analyze.Warning): colorYellow, string(analyze.Note): colorCyan}[first.Severity]
	title := t.paint(color, fmt.Sprintf("%-7s", Clean(first.Severity))) + " " + t.paint(colorBold, Clean(first.ID+" "+first.Name))
	basis := c.basis()
	if basis != "" {
		title += " (" + Clean(basis) + ")"
	}
	if n := len(c.findings); n > 1 {
		title += ", " + count(n, "finding")
	}
	t.Line(title)
	left := false
	for i := range c.shown {
		lead := "        "
		if len(c.findings) > 1 {
			lead = fmt.Sprintf("%6d  ", i+1)
		}
		if same := c.likewise(i); same != "" {
			t.Para(lead, same)
			continue
		}
		message := c.findings[i].Message
		if basis == "" {
			message += " (" + c.findings[i].Basis + ")"
		}
		t.Para(lead, message)
		left = t.exhibits(c, i, paths) || left
	}
	if left {
		t.Line("        (not all places of each are shown; --limit 0 lists them)")
	}
	if rest := len(c.findings) - c.shown; rest > 0 {
		t.Line(fmt.Sprintf("        … %s more of this check; --limit 0 prints all", thousands(rest)))
	}
	if first.Fix != "" {
		t.Para("    fix ", first.Fix)
	}
}

// exhibits writes the places of finding i of a cause, and reports whether there are more.
func (t *tableReport) exhibits(c *cause, i int, paths map[string]string) bool {
	shown, rest := c.evidence(i, t.o.Limit <= 0)
	for k, e := range shown {
		lead := "        "
		if k == 0 {
			lead = "     at "
		}
		// Never wrapped: it is there to be copied.
		t.Line(strings.TrimRight(lead+Place(paths[e.Artifact], e.Offset, e.Length)+"  "+Clean(e.Role)+"  "+Clean(e.Text), " "))
	}
	return rest > 0
}

// Place names a byte range of an artifact in the form that `witnessmark show` takes, quoted for a shell where the
// path needs it.
func Place(path string, offset, length int64) string {
	return shellWord(fmt.Sprintf("%s@%d+%d", path, offset, length))
}

// shellWord quotes s for a POSIX shell, or, where s holds what a terminal must not see, with the $'…' of bash,
// ksh and zsh.
func shellWord(s string) string {
	if Clean(s) != s {
		var sb strings.Builder
		sb.WriteString("$'")
		for i := 0; i < len(s); i++ {
			switch c := s[i]; {
			case c == '\'' || c == '\\':
				sb.WriteString(`\` + string(c))
			case c < 0x20 || c >= 0x7f || c == '#':
				fmt.Fprintf(&sb, `\x%02x`, c)
			default:
				sb.WriteByte(c)
			}
		}
		return sb.String() + "'"
	}
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./@+:=,%-", r) || r >= 0x80
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// severities counts findings in words, worst first.
func severities(fs []Finding) string {
	var parts []string
	for _, s := range []analyze.Severity{analyze.Error, analyze.Warning, analyze.Note} {
		n := 0
		for i := range fs {
			if fs[i].Severity == string(s) {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, count(n, string(s)))
		}
	}
	return strings.Join(parts, ", ")
}

// places counts records of places by kind.
func places(p *Places) string {
	var parts []string
	for _, k := range []struct {
		n    int
		noun string
	}{{p.Nodes, "node"}, {p.Pods, "pod"}, {p.Hosts, "host"}} {
		if k.n > 0 {
			parts = append(parts, count(k.n, k.noun))
		}
	}
	if p.Other > 0 {
		parts = append(parts, thousands(p.Other)+" other")
	}
	return strings.Join(parts, ", ")
}
