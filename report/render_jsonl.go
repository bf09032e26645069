package report

import (
	"bufio"
	"io"
)

// runLine is the first line of JSON lines: the run, and what stands beside it in the document.
type runLine struct {
	Schema string `json:"schema"`
	Tool   Tool   `json:"tool"`
	Run
}

// renderJSONL writes the document as one object a line, each with one field that names what it is. The
// summary comes last, so that a reader can tell a stream that was cut.
func renderJSONL(w io.Writer, d *Document, _ TerminalOptions) error {
	l := &lineWriter{w: bufio.NewWriter(w)}
	l.write("run", runLine{d.Schema, d.Tool, d.Run})
	for i := range d.Artifacts {
		l.write("artifact", &d.Artifacts[i])
	}
	for i := range d.Resources {
		l.write("resource", &d.Resources[i])
	}
	for i := range d.Checks {
		l.write("check", &d.Checks[i])
	}
	for i := range d.Findings {
		l.write("finding", &d.Findings[i])
	}
	for i := range d.Accepted {
		l.write("accepted", &d.Accepted[i])
	}
	for i := range d.Fixed {
		l.write("fixed", &d.Fixed[i])
	}
	for i := range d.Measures {
		l.write("measure", &d.Measures[i])
	}
	if d.Clocks != nil {
		// The clocks one by one: a capture may have thousands.
		rest := *d.Clocks
		rest.Domains = []ClockDomain{}
		l.write("clocks", &rest)
		for i := range d.Clocks.Domains {
			l.write("clock", &d.Clocks.Domains[i])
		}
	}
	lines(l, "flame", d.Flames)
	lines(l, "goroutine_series", d.GoroutineSeries)
	l.write("summary", d.Summary)
	if l.err != nil {
		return l.err
	}
	return l.w.Flush()
}

// lineWriter keeps the first error of a row of writes.
type lineWriter struct {
	w   *bufio.Writer
	err error
}

func (l *lineWriter) write(field string, v any) {
	if l.err == nil {
		l.err = WriteJSON(l.w, map[string]any{field: v}, "")
	}
}
