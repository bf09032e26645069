package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The pages are written here and not by cobra/doc, which goes by way of Markdown: that runs the lists of our help texts
// together, leaves tabs in filled text and a date that mandoc cannot parse, and brings two modules.

// manPage writes the page of a command in the man macros of roff, section 1.
func manPage(cmd *cobra.Command, date string) string {
	p := new(page)
	p.macro("TH", roff(strings.ToUpper(pageName(cmd))), "1", date, "witnessmark "+version(), "User Commands")
	p.macro("SH", "NAME")
	p.fill(pageName(cmd) + ` \- ` + roff(firstLower(cmd.Short)))
	p.macro("SH", "SYNOPSIS")
	p.macro("B", roff(cmd.CommandPath()))
	if use := strings.TrimSpace(strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())); use != "" {
		p.fill(roff(use))
	}
	p.macro("SH", "DESCRIPTION")
	description := cmd.Long
	if description == "" {
		description = cmd.Short + "."
	}
	p.prose(description)
	if cmd.HasAvailableSubCommands() {
		p.macro("SH", "COMMANDS")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				p.item(`\fB`+roff(pageName(c))+`\fR(1)`, c.Short)
			}
		}
	}
	p.options(cmd)
	if cmd.Example != "" {
		p.macro("SH", "EXAMPLES")
		p.verbatim(strings.Split(cmd.Example, "\n"))
	}
	p.seeAlso(cmd)
	return p.String()
}

// page is a page being written.
type page struct{ strings.Builder }

// macro writes a macro with its arguments, which are roff, each quoted where it needs to be.
func (p *page) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t") {
			a = `"` + strings.ReplaceAll(a, `"`, `""`) + `"`
		}
		p.WriteString(" " + a)
	}
	p.WriteByte('\n')
}

// width is how long lines of filled text may be, which mandoc wants.
const width = 80

// fill writes roff in lines that are not too long.
func (p *page) fill(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			p.text(line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		p.text(line)
	}
}

// text writes a line of roff that is no macro.
func (p *page) text(line string) {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		p.WriteString(`\&`)
	}
	p.WriteString(line + "\n")
}

// prose writes paragraphs; indented lines stay as they are.
func (p *page) prose(text string) {
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			p.macro("PP")
		}
		var kept []string
		for _, line := range strings.Split(paragraph, "\n") {
			if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
				kept = append(kept, line)
				continue
			}
			p.verbatim(kept)
			kept = nil
			p.fill(roff(line))
		}
		p.verbatim(kept)
	}
}

// verbatim writes lines that are not filled.
func (p *page) verbatim(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.macro("nf")
	for _, line := range lines {
		p.text(roff(strings.ReplaceAll(strings.TrimRight(line, " \t"), "\t", "    ")))
	}
	p.macro("fi")
}

// item writes a term, in roff, and what it is.
func (p *page) item(term, what string) {
	p.macro("TP")
	p.text(term)
	p.fill(roff(what))
}

func (p *page) options(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	if !cmd.HasAvailableFlags() {
		return
	}
	p.macro("SH", "OPTIONS")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		term := `\fB` + roff("--"+f.Name) + `\fR`
		if f.Shorthand != "" {
			term = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + term
		}
		kind, usage := pflag.UnquoteUsage(f)
		if kind != "" {
			term += ` \fI` + roff(kind) + `\fR`
		}
		switch f.DefValue {
		case "", "[]", "0", "0s", "false":
		default:
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		p.item(term, usage)
	})
}

func (p *page) seeAlso(cmd *cobra.Command) {
	var names []string
	if cmd.HasParent() {
		names = append(names, pageName(cmd.Parent()))
		for _, c := range cmd.Parent().Commands() {
			if c.IsAvailableCommand() && c != cmd && cmd.Parent().HasParent() {
				names = append(names, pageName(c))
			}
		}
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, pageName(c))
		}
	}
	if len(names) == 0 {
		return
	}
	p.macro("SH", "SEE ALSO")
	for i, name := range names {
		end := `\fR(1),`
		if i == len(names)-1 {
			end = `\fR(1)`
		}
		p.text(`\fB` + roff(name) + end)
	}
}

// roff escapes text: a hyphen is a minus, which stays one when it is copied, and what is not ASCII is named.
func roff(s string) string {
	var sb strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			sb.WriteString(`\e`)
		case r == '-':
			sb.WriteString(`\-`)
		case r < utf8.RuneSelf:
			sb.WriteRune(r)
		default:
			fmt.Fprintf(&sb, `\[u%04X]`, r)
		}
	}
	return sb.String()
}

func firstLower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
