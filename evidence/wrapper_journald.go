package evidence

import (
	"bytes"
)

// wrapperJournald is what journalctl prints in its short forms, and what syslog daemons write to files:
//
//	short, short-precise  Nov 20 10:51:33[.123456] HOST IDENT[PID]: text
//	short-iso[-precise]   2026-11-20T10:51:33[.123456]+00:00 HOST IDENT[PID]: text
//	short-full            Fri 2026-11-20 10:51:33[.123456] UTC HOST IDENT[PID]: text
//	short-unix            1795171893.123456 HOST IDENT[PID]: text
//
// The first two are also the traditional and the new default of rsyslog's files: the two cannot be told
// apart, and need not be.
var wrapperJournald = lineWrapper{
	name:       "journald",
	dropsBlank: true,
	parse: func(line []byte, _ bool) (l wrappedLine, ok bool) {
		n := journalTime(line)
		if n == 0 || n >= len(line) || line[n] != ' ' {
			return l, false
		}
		l, ok = hostAndIdent(line[n+1:])
		l.stamp = line[:n]
		return l, ok
	},
}

// wrapperSyslog is syslog with its priority: RFC 5424, or RFC 3164 as relays write it.
var wrapperSyslog = lineWrapper{
	name:       "syslog",
	dropsBlank: true,
	parse: func(line []byte, _ bool) (l wrappedLine, ok bool) {
		if len(line) < 3 || line[0] != '<' {
			return l, false
		}
		end := bytes.IndexByte(line[:min(len(line), 6)], '>')
		if end < 2 || !allDigits(line[1:end]) {
			return l, false
		}
		rest := line[end+1:]
		if bytes.HasPrefix(rest, []byte("1 ")) {
			return rfc5424(rest[2:])
		}
		n := journalTime(rest)
		if n == 0 || n >= len(rest) || rest[n] != ' ' {
			return l, false
		}
		l, ok = hostAndIdent(rest[n+1:])
		l.stamp = rest[:n]
		return l, ok
	},
}

// rfc5424 parses what follows the version: TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD [MSG].
func rfc5424(b []byte) (l wrappedLine, ok bool) {
	rest := b
	var field [5][]byte
	for i := range field {
		var found bool
		if field[i], rest, found = bytes.Cut(rest, []byte{' '}); !found || len(field[i]) == 0 {
			return l, false
		}
	}
	if t := field[0]; rfc3339(t) != len(t) && string(t) != "-" {
		return l, false
	}
	n := structuredData(rest)
	if n == 0 {
		return l, false
	}
	if rest = rest[n:]; len(rest) > 0 {
		if rest[0] != ' ' {
			return l, false
		}
		l.content = tabs(bytes.TrimPrefix(rest[1:], bomUTF8))
	}
	l.source = string(field[1]) + " " + string(field[2]) + " " + string(field[3])
	l.stamp, l.host = field[0], field[1]
	return l, true
}

// structuredData returns the length of SD, 0 if there is none: "-", or elements in brackets whose quoted
// values escape with a backslash.
func structuredData(b []byte) int {
	if len(b) > 0 && b[0] == '-' {
		return 1
	}
	quoted, depth := false, 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && depth > 0:
			quoted = !quoted
		case quoted:
		case c == '[' && depth == 0:
			depth = 1
		case c == ']' && depth == 1:
			depth = 0
			if i+1 == len(b) || b[i+1] != '[' {
				return i + 1
			}
		case depth == 0:
			return 0
		}
	}
	return 0
}

// hostAndIdent parses "HOST IDENT[PID]: text" or "HOST IDENT: text".
func hostAndIdent(b []byte) (l wrappedLine, ok bool) {
	host, rest, found := bytes.Cut(b, []byte{' '})
	if !found || !isWord(host) || host[len(host)-1] == ':' {
		return l, false
	}
	end := bytes.Index(rest, []byte(":"))
	if end < 1 || end > 200 {
		return l, false
	}
	ident := rest[:end]
	if name, pid, found := bytes.Cut(ident, []byte{'['}); found {
		number, closed := bytes.CutSuffix(pid, []byte{']'})
		if !closed || !allDigits(number) {
			return l, false
		}
		ident = name
	}
	if !isWord(ident) {
		return l, false
	}
	l.source, l.host = string(b[:len(host)+1+end]), host
	switch text := rest[end+1:]; {
	case len(text) > 0 && text[0] != ' ':
		return l, false
	case len(text) > 0:
		l.content = tabs(text[1:])
	}
	return l, true
}

// isWord reports whether b can be a host or a program's name.
func isWord(b []byte) bool {
	for _, c := range b {
		switch {
		case isDigit(c), c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case bytes.IndexByte([]byte("._-:/@"), c) >= 0:
		default:
			return false
		}
	}
	return len(b) > 0
}

// tabs undoes what rsyslog does to the tab that begins a line of a stack: it writes control characters as
// #ooo (global option parser.escapeControlCharactersOnReceive, on by default).
func tabs(text []byte) []byte {
	if rest, found := bytes.CutPrefix(text, []byte("#011")); found {
		return append([]byte{'\t'}, rest...)
	}
	return text
}

// journalTime returns the length of the time that begins a journal line, 0 if there is none.
func journalTime(b []byte) int {
	if n := rfc3339(b); n > 0 {
		return n
	}
	const (
		short = "Aaa 00 00:00:00"
		full  = "Aaa 0000-00-00 00:00:00"
	)
	switch {
	case hasShape(b, short):
		return fraction(b, len(short))
	case hasShape(b, full):
		n := fraction(b, len(full))
		zone := bytes.IndexByte(b[min(len(b), n+1):], ' ')
		if n == len(b) || b[n] != ' ' || zone < 1 || zone > 6 {
			return 0
		}
		return n + 1 + zone
	}
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n >= 9 && n <= 11 && n < len(b) && b[n] == '.' {
		return fraction(b, n)
	}
	return 0
}

// hasShape reports whether b begins with shape, where 0 is a digit (or, for the first of a day, a
// blank), A an upper and a a lower case letter.
func hasShape(b []byte, shape string) bool {
	if len(b) < len(shape) {
		return false
	}
	for i := range len(shape) {
		c := b[i]
		switch shape[i] {
		case '0':
			if !isDigit(c) && (c != ' ' || i != 4) {
				return false
			}
		case 'A':
			if c < 'A' || c > 'Z' {
				return false
			}
		case 'a':
			if c < 'a' || c > 'z' {
				return false
			}
		default:
			if c != shape[i] {
				return false
			}
		}
	}
	return true
}

// fraction returns the end of the fraction of a second that may stand at n.
func fraction(b []byte, n int) int {
	if n < len(b) && b[n] == '.' {
		for n++; n < len(b) && isDigit(b[n]); n++ {
		}
	}
	return n
}
