package report

import (
	"bytes"
	"encoding/json"
	"io"
)

// renderJSON writes the document as one indented object.
func renderJSON(w io.Writer, d *Document, _ TerminalOptions) error {
	return WriteJSON(w, d, "  ")
}

// WriteJSON writes v and a newline in the manner of all JSON that witnessmark prints: HTML characters as they
// are, and whatever a terminal could obey as an escape. indent "" puts it on one line.
func WriteJSON(w io.Writer, v any, indent string) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(buf.Bytes()))
	return err
}
