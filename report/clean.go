package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes captured text harmless on a terminal and one line: every rune that moves the cursor, changes
// the direction or width of text, or cannot be seen is written as an escape (\x1b, \u202e), and so is
// each stray byte. What is left is printable and takes a width that can be computed. A backslash stays as
// it is: the escapes are for the eye, the exact bytes are in the JSON. What the log of a CI system would
// obey as a command (isCommand) is broken by an escape too.
func Clean(s string) string {
	if harmless(s) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isCommand(s, i):
			n = 2
			fmt.Fprintf(&sb, `%c\x%02x`, s[i], s[i+1])
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&sb, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			sb.WriteRune(r)
		case r == '\n':
			sb.WriteString(`\n`)
		case r == '\r':
			sb.WriteString(`\r`)
		case r == '\t':
			sb.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&sb, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&sb, `\u%04x`, r)
		default:
			fmt.Fprintf(&sb, `\U%08x`, r)
		}
		i += n
	}
	return sb.String()
}

func harmless(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return utf8.ValidString(s) && !strings.Contains(s, "##") && !strings.Contains(s, "::") &&
				!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
		}
		if s[i] < 0x20 || s[i] == 0x7f || isCommand(s, i) {
			return false
		}
	}
	return true
}

// isCommand reports whether two bytes at i could make the line of a log into a command: "::" before anything,
// where a line can begin, and "##" anywhere. GitHub's runner obeys "::name …::" behind blanks and
// "##[name …]" anywhere (actions/runner src/Runner.Common/ActionCommand.cs, TryParseV2 and TryParse), Azure
// Pipelines "##vso[…", TeamCity "##teamcity[…".
func isCommand(s string, i int) bool {
	switch {
	case strings.HasPrefix(s[i:], "##"):
		return true
	case strings.HasPrefix(s[i:], "::") && (i == 0 || s[i-1] == ' '):
		return i+2 < len(s) && s[i+2] != ' '
	}
	return false
}

// cell is Clean for a cell of a table, which people paste into spreadsheets: what those would take for a
// formula begins with an escape (CWE-1236). "-" alone is standard input, and a sign before a number is
// one unless something that calls or refers comes behind.
func cell(s string) string {
	s = Clean(s)
	start := strings.TrimLeft(s, " ")
	if len(start) < 2 {
		return s
	}
	if c := start[0]; c == '=' || c == '@' || (c == '+' || c == '-') && strings.ContainsAny(start, "(|!=") {
		return s[:len(s)-len(start)] + fmt.Sprintf(`\x%02x`, c) + start[1:]
	}
	return s
}

// escapeJSON writes what encoding/json leaves raw and a terminal does not: runes that are not printable,
// as \uXXXX, and the second of two "#", which begin commands (isCommand). That loses nothing. In JSON a rune
// outside ASCII or a "#" can only stand inside a string, so that the text need not be parsed.
func escapeJSON(b []byte) []byte {
	hostile := func(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
	var out []byte
	done := 0
	for i := 0; i < len(b); {
		if b[i] == '#' && i+1 < len(b) && b[i+1] == '#' {
			out = append(append(out, b[done:i+1]...), `\u0023`...)
			i += 2
			done = i
			continue
		}
		if b[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if hostile(r) {
			out = append(out, b[done:i]...)
			if r >= 0x10000 {
				r -= 0x10000
				out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
			done = i + n
		}
		i += n
	}
	if out == nil {
		return b
	}
	return append(out, b[done:]...)
}
