package report

import (
	"bytes"
	"io"
	"slices"
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
//   - cuts all columns evenly where a table is too wide, whatever becomes equal by it: see table_fit.go;
//   - leaves trailing blanks and accepts rows of any length: stripped, refused.

// Column of a Table.
type Column struct {
	Title string
	Right bool // align right: numbers
	// Shrink allows names in the column to be shortened where the terminal is narrow; Middle leaves out the middle, for paths
	// and symbols, which differ at both ends.
	Shrink, Middle bool
	// Wrap breaks sentences in the column into lines where the terminal is narrow.
	Wrap bool
	// Min is the width below which shortening would leave nothing to go by; default 8, of a column that wraps 30.
	Min int
	// Optional drops the column where every cell is empty.
	Optional bool
	// Spare says in which order columns go to a line below their row where the terminal is too narrow for all of
	// them: the highest first. 0 keeps the column in the row.
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

// gap is the number of blanks between columns.
const gap = 2

// Write writes the table with a header line.
func (t *Table) Write(w io.Writer, o TerminalOptions) error {
	pinWidths()
	t.dropEmpty()
	widths, below := t.spare(o.Width)
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
	cells := t.lines(widths)
	for i, row := range cells {
		for _, line := range row {
			if o.Color && t.colors[i] != nil {
				t.colorLine(line, t.colors[i])
			}
			if err := table.Append(line); err != nil {
				return err
			}
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	return t.interleave(w, buf.String(), cells, below, o)
}

// colorLine colours the cells of a line.
func (t *Table) colorLine(line, colors []string) {
	for j, c := range colors {
		if c != "" && line[j] != "" {
			line[j] = c + line[j] + colorReset
		}
	}
}

// interleave writes the lines that tablewriter made, and below each row what stands in no column.
func (t *Table) interleave(w io.Writer, rendered string, cells [][][]string, below []moved, o TerminalOptions) error {
	lines := strings.Split(strings.TrimRight(rendered, "\n"), "\n")
	out := slices.Clone(lines[:1]) // the header
	for i, at := 0, 1; i < len(cells); i++ {
		out = append(out, lines[at:at+len(cells[i])]...)
		at += len(cells[i])
		for _, line := range belowRow(i, below, o.Width) {
			if o.Color {
				line = colorDim + line + colorReset
			}
			out = append(out, line)
		}
	}
	for _, line := range out {
		if _, err := io.WriteString(w, strings.TrimRight(line, " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
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
