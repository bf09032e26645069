package report

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// This file is the only one that knows tablewriter, because used bare (v1.1.5) it:
//   - decides the width of "±" and "…" from the locale (pkg/twwidth/ea.go) and the width of a tab from
//     .editorconfig and the files of the working folder (pkg/twwidth/tab.go): pinned in pinWidths;
//   - passes terminal escapes through: every cell goes through cell;
//   - turns headers into capitals with its own spacing, and trims leading blanks: switched off;
//   - cuts all columns evenly where a table is too wide: fit shrinks only columns that may shrink;
//   - leaves trailing blanks and accepts rows of any length: stripped, refused.

// Column of a Table.
type Column struct {
	Title string
	Right bool // align right: numbers
	// Shrink allows the column to be cut where the terminal is narrow; Middle cuts in the middle, for
	// paths and symbols, which differ at both ends.
	Shrink, Middle bool
	// Min is the width below which cutting would leave nothing to go by; default 8.
	Min int
	// Optional drops the column where every cell is empty.
	Optional bool
	// Spare says in which order columns are left out where the terminal is too narrow even when every
	// column is cut: the highest first. 0 keeps the column.
	Spare int
}

// Table is rows of captured or computed text in columns.
type Table struct {
	columns []Column
	rows    [][]string
	colors  [][]string
}

// NewTable makes a table without rows.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Row adds a row; it has one cell for each column.
func (t *Table) Row(cells ...string) {
	if len(cells) != len(t.columns) {
		panic("report: a row must have one cell for each column")
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = cell(c)
	}
	t.rows = append(t.rows, row)
	t.colors = append(t.colors, nil)
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// paint colours the cell of the last row in the column.
func (t *Table) paint(column int, color string) {
	last := len(t.rows) - 1
	if t.colors[last] == nil {
		t.colors[last] = make([]string, len(t.columns))
	}
	t.colors[last][column] = color
}

var pinWidths = sync.OnceFunc(func() {
	twwidth.SetOptions(twwidth.Options{EastAsianWidth: false})
	twwidth.SetTabWidth(8)
})

// textWidth returns the columns that s takes on a terminal.
func textWidth(s string) int {
	pinWidths()
	return twwidth.Width(s)
}

const (
	gap      = 2 // blanks between columns
	minWidth = 8 // default of Column.Min
)

// Write writes the table with a header line.
func (t *Table) Write(w io.Writer, o TerminalOptions) error {
	pinWidths()
	t.dropEmpty()
	widths, spared := t.spare(o.Width)
	left, right := tw.Padding{Overwrite: true}, tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}
	paddings := make([]tw.Padding, len(t.columns))
	aligns := make([]tw.Align, len(t.columns))
	header := make([]string, len(t.columns))
	for i, c := range t.columns {
		paddings[i], aligns[i], header[i] = right, tw.AlignLeft, c.Title
		if c.Right {
			aligns[i] = tw.AlignRight
		}
	}
	paddings[len(paddings)-1] = left

	var buf bytes.Buffer
	table := tablewriter.NewTable(&buf,
		tablewriter.WithRenderer(renderer.NewBlueprint()),
		tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone, Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone}}),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithTrimSpace(tw.Off), tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: aligns}),
		tablewriter.WithHeaderPaddingPerColumn(paddings), tablewriter.WithRowPaddingPerColumn(paddings),
	)
	table.Header(header)
	for i, row := range t.rows {
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = truncate(c, widths[j], t.columns[j].Middle)
			if o.Color && t.colors[i] != nil && t.colors[i][j] != "" && c != "" {
				cells[j] = t.colors[i][j] + cells[j] + colorReset
			}
		}
		if err := table.Append(cells); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(buf.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	if len(spared) > 0 {
		p := NewProse(w, o)
		p.Para("", "(left out, as the terminal is narrow: "+strings.Join(spared, ", ")+")")
		return p.Err()
	}
	return nil
}

// spare leaves out columns until the others fit in total columns of the terminal. It returns the widths of
// those and the titles of what is gone.
func (t *Table) spare(total int) (widths []int, gone []string) {
	for widths = t.fit(total); total > 0 && sum(widths) > total; widths = t.fit(total) {
		i := t.mostSpare()
		if i < 0 {
			break
		}
		gone = append(gone, t.columns[i].Title)
		t.drop(i)
	}
	return widths, gone
}

// mostSpare returns the column to leave out next, -1 where none may be.
func (t *Table) mostSpare() int {
	best := -1
	for i, c := range t.columns {
		if c.Spare > 0 && (best < 0 || c.Spare > t.columns[best].Spare) {
			best = i
		}
	}
	return best
}

// drop removes a column.
func (t *Table) drop(i int) {
	t.columns = without(t.columns, i)
	for j := range t.rows {
		t.rows[j] = without(t.rows[j], i)
		if t.colors[j] != nil {
			t.colors[j] = without(t.colors[j], i)
		}
	}
}

// sum returns the width of a table with columns of these widths.
func sum(widths []int) int {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}

// dropEmpty removes optional columns in which every cell is empty.
func (t *Table) dropEmpty() {
	for i := len(t.columns) - 1; i >= 0; i-- {
		used := !t.columns[i].Optional
		for _, row := range t.rows {
			used = used || row[i] != ""
		}
		if !used {
			t.drop(i)
		}
	}
}

func without[T any](s []T, i int) []T {
	return append(append(make([]T, 0, len(s)), s[:i]...), s[i+1:]...)
}

// fit returns the widths of the columns: natural, or, where they exceed total, with the widest of the
// columns that may shrink cut first. 0 means no limit.
func (t *Table) fit(total int) []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = textWidth(c.Title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], textWidth(row[i]))
		}
	}
	for width := sum(widths); total > 0 && width > total; width-- {
		widest := -1
		for i, c := range t.columns {
			if c.Shrink && widths[i] > max(minWidth, c.Min, textWidth(c.Title)) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// truncate cuts s to the width, with "…" at the end or in the middle.
func truncate(s string, width int, middle bool) string {
	if textWidth(s) <= width {
		return s
	}
	if !middle {
		return prefix(s, width-1) + "…"
	}
	head := (width - 1) / 2
	return prefix(s, head) + "…" + suffix(s, width-1-head)
}

// prefix returns the longest start of s that is at most width columns wide.
func prefix(s string, width int) string {
	n := 0
	for i, r := range s {
		if n += textWidth(string(r)); n > width {
			return s[:i]
		}
	}
	return s
}

// suffix returns the longest end of s that is at most width columns wide.
func suffix(s string, width int) string {
	runes := []rune(s)
	n := 0
	for i := len(runes) - 1; i >= 0; i-- {
		if n += textWidth(string(runes[i])); n > width {
			return string(runes[i+1:])
		}
	}
	return s
}
