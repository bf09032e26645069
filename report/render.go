package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// TerminalOptions say what a document is rendered on. The zero value is a file or pipe: no colour, no
// limit of width, every row and finding.
type TerminalOptions struct {
	// Width in columns; 0 for unlimited. A renderer that has no lines of its own ignores it.
	Width int
	// Color allows escape sequences.
	Color bool
	// Limit bounds the rows of a table and the findings that are printed; the rest is counted. 0 for
	// all. JSON is never limited.
	Limit int
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
}

// Read reads a document that the json renderer wrote.
func Read(r io.Reader) (*Document, error) {
	dec := json.NewDecoder(r)
	d := new(Document)
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("read report: schema is %q, want %q", Clean(d.Schema), Schema)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("read report: more data follows the document at byte %d", dec.InputOffset())
	}
	return d, nil
}
