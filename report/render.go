package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/witnessmark/witnessmark/analyze"
)

// TerminalOptions say what a document is rendered on. The zero value is a file or pipe: no colour, no
// limit of width, every row and finding.
type TerminalOptions struct {
	// Width in columns; 0 for unlimited. A renderer that has no lines of its own ignores it.
	Width int
	// Color allows escape sequences.
	Color bool
	// Limit bounds the rows of a table and the findings that are printed; the rest is counted. 0 for
	// all. Only table and markdown obey it: what programs read is whole, or cut where the reader would.
	Limit int
	// Detectors document the checks, for formats that carry help; a check without one is listed by name.
	Detectors []analyze.Detector
}

// Renderer writes documents in one format.
type Renderer struct {
	Name   string // as in --format
	Render func(io.Writer, *Document, TerminalOptions) error
}

// Renderers of documents, in the order in which help lists them.
var Renderers = []Renderer{
	{"table", renderTable},
	{"json", renderJSON},
	{"jsonl", renderJSONL},
	{"markdown", renderMarkdown},
	{"sarif", renderSARIF},
	{"github", renderGitHub},
	{"junit", renderJUnit},
	{"html", renderHTML},
}

// Read reads a document that the json renderer wrote. Rendered as JSON again, one that this version wrote is
// the same bytes; fields that a later version added are left out, and Unknown tells.
func Read(r io.Reader) (*Document, error) {
	dec := json.NewDecoder(r)
	d := new(Document)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("read report: schema is %q, want %q", Clean(d.Schema), Schema)
	}
	if d.Run.ExitCode < ExitClean || d.Run.ExitCode > ExitIncomplete {
		return nil, fmt.Errorf("read report: exit_code is %d, want 0 to 3", d.Run.ExitCode)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read report: more data follows the document at byte %d", dec.InputOffset())
	}
	return d, nil
}

// Unknown returns an error that names a field of a saved document which this version does not know, nil where it
// knows them all.
func Unknown(saved []byte) error {
	dec := json.NewDecoder(bytes.NewReader(saved))
	dec.DisallowUnknownFields()
	return dec.Decode(new(Document))
}
