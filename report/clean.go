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
// it is: the escapes are for the eye, the exact bytes are in the JSON.
func Clean(s string) string {
	if harmless(s) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
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
			return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
		}
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// escapeJSON writes what encoding/json leaves raw and a terminal does not: runes that are not printable,
// as \uXXXX. That loses nothing. In JSON a rune outside ASCII can only stand inside a string, so that
// the text need not be parsed.
func escapeJSON(b []byte) []byte {
	hostile := func(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
	var out []byte
	done := 0
	for i := 0; i < len(b); {
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
