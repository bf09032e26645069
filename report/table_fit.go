package report

import (
	"slices"
	"strings"
)

// Rules of a table on a terminal that is narrower than it:
//   - Sentences are wrapped first, then names are shortened, the widest column first.
//   - What all long names of a column begin or end with says nothing and goes first: the domain of hosts, the folder of
//     paths.
//   - Two names are never shortened to one: what would look like another name is wrapped and not cut.
//   - Columns that do not fit go to a line below their row, with their titles. None is left out.

const (
	minWidth     = 8  // default of Column.Min
	minSentence  = 30 // the same of a column that wraps
	enoughOfName = 24 // a name of this width need not be shortened further while another column can go
	leastAffix   = 4  // a shorter common beginning or end is not worth a "…"
)

// moved is a column that is written below the rows.
type moved struct {
	title string
	cells []string
}

// spare moves columns below the rows until the others fit in total columns of the terminal. It returns the widths of
// those, and the moved ones in the order of the table.
func (t *Table) spare(total int) (widths []int, below []moved) {
	var titles []string
	for _, c := range t.columns {
		titles = append(titles, c.Title)
	}
	for widths = t.fit(total, enoughOfName); total > 0 && sum(widths) > total; widths = t.fit(total, enoughOfName) {
		i := t.mostSpare()
		if i < 0 {
			widths = t.fit(total, 0)
			break
		}
		m := moved{title: t.columns[i].Title}
		for _, row := range t.rows {
			m.cells = append(m.cells, row[i])
		}
		below = append(below, m)
		t.drop(i)
	}
	slices.SortFunc(below, func(a, b moved) int { return slices.Index(titles, a.title) - slices.Index(titles, b.title) })
	return widths, below
}

// mostSpare returns the column to move next, -1 where none may be.
func (t *Table) mostSpare() int {
	best := -1
	for i, c := range t.columns {
		if c.Spare > 0 && (best < 0 || c.Spare > t.columns[best].Spare) {
			best = i
		}
	}
	return best
}

// belowRow writes what a row has in moved columns.
func belowRow(row int, below []moved, width int) []string {
	const indent = "    "
	var parts []string
	for _, m := range below {
		if m.cells[row] != "" {
			parts = append(parts, m.title+" "+m.cells[row])
		}
	}
	var lines []string
	for _, line := range wrap(strings.Fields(strings.Join(parts, "; ")), width-len(indent)) {
		for _, piece := range pieces(line, max(minWidth, width-len(indent))) {
			lines = append(lines, indent+piece)
		}
	}
	return lines
}

// sum returns the width of a table with columns of these widths.
func sum(widths []int) int {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}

// fit returns the widths of the columns: natural, or, where they exceed total, with the widest of the columns that wrap
// made narrower, then of those that may shrink, down to what is enough of a name. 0 means no limit.
func (t *Table) fit(total, enough int) []int {
	widths, floors := make([]int, len(t.columns)), make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = textWidth(c.Title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], textWidth(row[i]))
		}
		floors[i] = t.floor(i, enough)
	}
	if total <= 0 {
		return widths
	}
	for _, may := range []func(Column) bool{func(c Column) bool { return c.Wrap }, func(c Column) bool { return c.Shrink }} {
		for width := sum(widths); width > total; width-- {
			widest := -1
			for i, c := range t.columns {
				if may(c) && widths[i] > floors[i] && (widest < 0 || widths[i] > widths[widest]) {
					widest = i
				}
			}
			if widest < 0 {
				break
			}
			widths[widest]--
		}
	}
	return widths
}

// floor is the width below which a column is not made.
func (t *Table) floor(i, enough int) int {
	c := t.columns[i]
	least := max(minWidth, c.Min, textWidth(c.Title))
	if c.Wrap {
		return max(least, minSentence)
	}
	if !c.Shrink {
		return least
	}
	kept := 0
	for _, s := range withoutAffixes(t.values(i), enoughOfName) {
		kept = max(kept, textWidth(s))
	}
	return max(least, min(kept, enough))
}

// values returns the distinct cells of a column.
func (t *Table) values(i int) []string {
	var out []string
	for _, row := range t.rows {
		out = append(out, row[i])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lines returns, for each row, its lines of cells.
func (t *Table) lines(widths []int) [][][]string {
	short := make([]map[string]string, len(t.columns))
	for j, c := range t.columns {
		if c.Shrink {
			short[j] = shorten(t.values(j), widths[j], c.Middle)
		}
	}
	out := make([][][]string, len(t.rows))
	for i, row := range t.rows {
		cells, most := make([][]string, len(row)), 1
		for j, s := range row {
			switch c := t.columns[j]; {
			case textWidth(s) <= widths[j] || !c.Shrink && !c.Wrap:
				cells[j] = []string{s}
			case c.Wrap:
				for _, line := range wrap(strings.Fields(s), widths[j]) {
					cells[j] = append(cells[j], pieces(line, widths[j])...)
				}
			case short[j][s] != "":
				cells[j] = []string{short[j][s]}
			default:
				cells[j] = pieces(s, widths[j])
			}
			most = max(most, len(cells[j]))
		}
		for k := range most {
			line := make([]string, len(row))
			for j := range line {
				if k < len(cells[j]) {
					line[j] = cells[j][k]
				}
			}
			out[i] = append(out[i], line)
		}
	}
	return out
}

// shorten returns a short form, at most as wide as width, of each distinct value that is wider. A value that has none of
// its own is not in the map.
func shorten(values []string, width int, middle bool) map[string]string {
	whole := withoutAffixes(values, width)
	for _, candidate := range []func(i int) string{
		func(i int) string { return whole[i] },
		func(i int) string { return truncate(whole[i], width, middle) },
		func(i int) string { return truncate(values[i], width, middle) },
		func(i int) string { return truncate(values[i], width, !middle) },
	} {
		if out := eachItsOwn(values, width, candidate); len(out) == len(values) {
			return out
		}
	}
	return eachItsOwn(values, width, func(i int) string { return truncate(whole[i], width, middle) })
}

// eachItsOwn returns the candidates of values which are short enough and look like no other.
func eachItsOwn(values []string, width int, candidate func(i int) string) map[string]string {
	uses := map[string]int{}
	made := make([]string, len(values))
	for i, v := range values {
		if made[i] = v; textWidth(v) > width {
			made[i] = candidate(i)
		}
		uses[made[i]]++
	}
	out := map[string]string{}
	for i, v := range values {
		if uses[made[i]] == 1 && textWidth(made[i]) <= width {
			out[v] = made[i]
		}
	}
	return out
}

// withoutAffixes returns the values, those wider than width without what all of them begin or end with, the longer of the
// two first, the other where it is needed.
func withoutAffixes(values []string, width int) []string {
	var long []string
	for _, v := range values {
		if textWidth(v) > width {
			long = append(long, v)
		}
	}
	out := slices.Clone(values)
	if len(long) < 2 {
		return out
	}
	head, tail := commonHead(long), commonTail(long)
	cut := func(head, tail string) (widest int) {
		for i, v := range values {
			if textWidth(v) <= width || len(head)+len(tail) >= len(v) {
				continue
			}
			out[i] = v[len(head) : len(v)-len(tail)]
			if head != "" {
				out[i] = "…" + out[i]
			}
			if tail != "" {
				out[i] += "…"
			}
			widest = max(widest, textWidth(out[i]))
		}
		return widest
	}
	first := [2]string{head, ""}
	if len(tail) > len(head) {
		first = [2]string{"", tail}
	}
	if cut(first[0], first[1]) > width {
		cut(head, tail)
	}
	return out
}

// breaks are the bytes at which names are put together.
const breaks = "/.-_:;= "

// commonHead returns what all values begin with, up to a break, which stays with the rest.
func commonHead(values []string) string {
	head := values[0]
	for _, v := range values[1:] {
		for !strings.HasPrefix(v, head) {
			head = head[:len(head)-1]
		}
	}
	cut := strings.LastIndexByte(head, '/') // names of files and folders stay whole
	if cut < 0 {
		cut = strings.LastIndexAny(head, breaks)
	}
	if cut < leastAffix {
		return ""
	}
	return head[:cut]
}

// commonTail returns what all values end with, from a break on.
func commonTail(values []string) string {
	tail := values[0]
	for _, v := range values[1:] {
		for !strings.HasSuffix(v, tail) {
			tail = tail[1:]
		}
	}
	if i := strings.IndexAny(tail, breaks); i < 0 || len(tail)-i < leastAffix {
		return ""
	} else {
		return tail[i:]
	}
}

// pieces breaks s into parts of at most width columns, behind a folder or another break where one is far enough along.
func pieces(s string, width int) []string {
	var out []string
	for textWidth(s) > width {
		part := prefix(s, width)
		if part == "" {
			break
		}
		if i := strings.LastIndexByte(part, '/'); i >= len(part)/3 {
			part = part[:i+1]
		} else if i := strings.LastIndexAny(part, breaks); i >= len(part)/2 {
			part = part[:i+1]
		}
		out, s = append(out, strings.TrimRight(part, " ")), s[len(part):]
	}
	return append(out, s)
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
