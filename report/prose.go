package report

import (
	"io"
	"strings"
)

// Colours of the terminal. They only repeat what the words say.
const (
	colorReset  = "\x1b[0m"
	colorRed    = "\x1b[31m"
	colorYellow = "\x1b[33m"
	colorCyan   = "\x1b[36m"
	colorBold   = "\x1b[1m"
	colorDim    = "\x1b[2m"
)

// Prose is wrapped at proseWidth where the terminal is wider or there is none: longer lines are hard to
// read, in a log as on a screen. Nothing is ever cut.
const proseWidth = 100

// Prose writes text in lines and keeps the first error.
type Prose struct {
	w     io.Writer
	width int
	color bool
	err   error
}

// NewProse returns a writer of prose.
func NewProse(w io.Writer, o TerminalOptions) *Prose {
	p := &Prose{w: w, width: proseWidth, color: o.Color}
	if o.Width > 0 {
		p.width = max(20, min(p.width, o.Width))
	}
	return p
}

// Err returns the first error of writing.
func (p *Prose) Err() error { return p.err }

// Line writes a line as it is.
func (p *Prose) Line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s+"\n")
	}
}

// Heading writes the title of a section.
func (p *Prose) Heading(s string) { p.Line(p.paint(colorBold, s)) }

// Para writes text wrapped to the width. The first line starts with lead, the others with as many blanks.
// The text is one paragraph: it is cleaned, and runs of blanks count as one.
func (p *Prose) Para(lead, text string) { p.hang(lead, "", text) }

// hang is Para with the lead in a colour.
func (p *Prose) hang(lead, color, text string) {
	indent := strings.Repeat(" ", textWidth(lead))
	if color != "" {
		lead = p.paint(color, lead)
	}
	lines := wrap(strings.Fields(Clean(strings.Join(strings.Fields(text), " "))), p.width-len(indent))
	if len(lines) == 0 {
		p.Line(strings.TrimRight(lead, " "))
		return
	}
	for i, l := range lines {
		if i == 0 {
			p.Line(lead + l)
			continue
		}
		p.Line(indent + l)
	}
}

func (p *Prose) paint(color, s string) string {
	if !p.color {
		return s
	}
	return color + s + colorReset
}

// wrap joins words into lines of at most width columns; a longer word gets a line of its own.
func wrap(words []string, width int) []string {
	var lines []string
	n := 0
	for _, word := range words {
		k := textWidth(word)
		if len(lines) == 0 || n+1+k > width {
			lines = append(lines, word)
			n = k
			continue
		}
		lines[len(lines)-1] += " " + word
		n += 1 + k
	}
	return lines
}
