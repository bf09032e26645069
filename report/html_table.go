package report

import (
	"encoding/json"
	"html/template"
	"math"
	"slices"
	"strings"
)

// htmlTable is a table of which the first htmlPageRows rows are markup and the rest is data for the script.
type htmlTable struct {
	ID, Caption string
	Lead        string     // a sentence in front
	Untitled    bool       // its caption is for screen readers only
	Legend      []htmlMark // what the classes of the bars mean, in Label
	Columns     []htmlColumn
	Rows        []htmlRow
	Total       string
	Folded      string      // the table is folded away under this line; "" for one that is shown
	Data        template.JS // the rows that are not markup; "" for none
}

// htmlColumn is the head of a column. Left and Right are the ends of the axis of its bars.
type htmlColumn struct {
	Title       string
	Number      bool // aligned to the right
	Whole       bool // never broken: intervals, instants
	Long        bool // of sentences
	Left, Right string
}

// htmlRow is a row of cells.
type htmlRow []htmlCell

// htmlCell is text, a bar or a line.
type htmlCell struct {
	Text   string     `json:"t,omitempty"`
	More   string     `json:"m,omitempty"` // what the text is short for, unfolded on demand
	Tag    string     `json:"k,omitempty"` // class that colours the text
	Swatch string     `json:"w,omitempty"` // class of a small square in front, which a legend or figure explains
	Bar    []htmlMark `json:"b,omitempty"`
	Line   string     `json:"l,omitempty"` // points, 1000 wide and 20 high
}

// htmlMark is a rectangle of a bar, in thousandths of its width.
type htmlMark struct {
	Class string `json:"c"`
	X     int    `json:"x"`
	W     int    `json:"w"`
	Label string `json:"-"`
}

// htmlBarWidth is the width of a bar in its own units.
const htmlBarWidth = 1000

// mark is a rectangle from one share of the bar to another, at least wide enough to be seen.
func mark(class string, from, to float64) htmlMark {
	const least = 4
	from, to = clamp(from), clamp(to)
	x, end := int(from*htmlBarWidth), int(math.Ceil(to*htmlBarWidth))
	if w := end - x; w < least {
		x = max(0, min(x-(least-w)/2, htmlBarWidth-least))
		return htmlMark{Class: class, X: x, W: least}
	}
	return htmlMark{Class: class, X: x, W: end - x}
}

// clamp keeps a share in 0 to 1; what is no number is 0.
func clamp(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return min(1, max(0, f))
}

// textCells makes a row of captured text.
func textCells(cells ...string) htmlRow {
	row := make(htmlRow, len(cells))
	for i, s := range cells {
		row[i].Text = htmlCellText(s)
	}
	return row
}

// Class is that of the cells of the column.
func (c htmlColumn) Class() string {
	switch {
	case c.Number:
		return "number"
	case c.Whole:
		return "whole"
	case c.Long:
		return "long"
	}
	return ""
}

// columns makes heads; a title that begins with "#" is of numbers, one that begins with "=" of what is never
// broken, one that begins with "~" of sentences.
func columns(titles ...string) []htmlColumn {
	out := make([]htmlColumn, len(titles))
	for i, s := range titles {
		switch {
		case strings.HasPrefix(s, "#"):
			out[i] = htmlColumn{Title: s[1:], Number: true}
		case strings.HasPrefix(s, "="):
			out[i] = htmlColumn{Title: s[1:], Whole: true}
		case strings.HasPrefix(s, "~"):
			out[i] = htmlColumn{Title: s[1:], Long: true}
		default:
			out[i].Title = s
		}
	}
	return out
}

// page drops the columns that are empty in every row, and moves the rows behind the first page into Data.
func (t *htmlTable) page() error {
	t.dropEmpty()
	t.Total = thousands(len(t.Rows))
	if len(t.Rows) <= htmlPageRows {
		return nil
	}
	data, err := htmlJSON(t.Rows[htmlPageRows:])
	t.Data, t.Rows = data, t.Rows[:htmlPageRows]
	return err
}

func (t *htmlTable) dropEmpty() {
	for c := len(t.Columns) - 1; c >= 0; c-- {
		full := slices.ContainsFunc(t.Rows, func(r htmlRow) bool { return r[c].Text != "" || len(r[c].Bar) > 0 || r[c].Line != "" })
		if full || len(t.Rows) == 0 {
			continue
		}
		t.Columns = slices.Delete(t.Columns, c, c+1)
		for i := range t.Rows {
			t.Rows[i] = slices.Delete(t.Rows[i], c, c+1)
		}
	}
}

// More reports whether rows are left to the script.
func (t *htmlTable) More() bool { return t.Data != "" }

// htmlJSON is JSON for a script element: encoding/json escapes <, > and &, so that nothing in it can end the element.
func htmlJSON(v any) (template.JS, error) {
	b, err := json.Marshal(v)
	return template.JS(escapeJSON(b)), err
}

// measureBounds writes the bounds of a measure; "" for an exact one.
func measureBounds(m *Measure) string {
	switch {
	case m.Low == nil && m.High == nil:
		return ""
	case m.Low == nil:
		return "≤ " + number(*m.High, m.Unit)
	case m.High == nil:
		return "≥ " + number(*m.Low, m.Unit)
	}
	return number(*m.Low, m.Unit) + " … " + number(*m.High, m.Unit)
}
