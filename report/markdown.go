package report

import (
	"strings"
)

// markdown makes captured text into inline text of GitHub's Markdown that shows as it was, cleaned and on one
// line: no markup, no HTML, no link, no mention, no reference to an issue. It must not stand at the start
// of a line, where "-" or "1." would begin a list.
func markdown(s string) string {
	s = strings.Join(strings.Fields(Clean(s)), " ")
	var sb strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\', '`', '*', '_', '[', ']', '~', '|':
			sb.WriteByte('\\')
			sb.WriteByte(c)
		case '<':
			sb.WriteString("&lt;")
		case '>':
			sb.WriteString("&gt;")
		case '&':
			sb.WriteString("&amp;")
		case '$': // math; GitHub's way to write one that is none
			sb.WriteString("<span>$</span>")
		case '#', '@':
			// Mentions and references are made of the rendered text: only code stops them.
			if i+1 < len(s) && isWord(s[i+1]) {
				sb.WriteString("`" + string(c) + "`")
			} else {
				sb.WriteString(`\` + string(c))
			}
		case ':', '.': // http://… and www.… become links by themselves
			if c == ':' && strings.HasPrefix(s[i:], "://") {
				sb.WriteString("&#58;")
			} else if c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				sb.WriteString("&#46;")
			} else {
				sb.WriteByte(c)
			}
		default:
			sb.WriteByte(c)
		}
	}
	return sb.String()
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
}

// markdownCell is markdown for a cell of a table: what a spreadsheet would take for a formula is broken.
func markdownCell(s string) string { return markdown(cell(strings.Join(strings.Fields(s), " "))) }

// markdownCode makes captured text into a code span, which may be copied; not for a cell, where "|" would
// end it.
func markdownCode(s string) string {
	s = Clean(s)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.HasPrefix(s, " ") && strings.HasSuffix(s, " ") || s == "" {
		s = " " + s + " " // one blank of each side is not shown
	}
	return fence + s + fence
}
