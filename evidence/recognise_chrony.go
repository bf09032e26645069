package evidence

import (
	"bytes"
)

// Answers of chronyc (4.x) as text and, with -c, as comma-separated values without a header
// (client.c, print_report). A page of values is recognised by the number and the form of its fields; an
// activity report is not, five small numbers being too little to go by.

func sniffChronyTracking(head []byte, whole bool) bool {
	return bytes.HasPrefix(head, []byte("Reference ID    : ")) ||
		everyCSV(head, whole, func(f [][]byte) bool {
			return len(f) == 14 && len(f[0]) == 8 && allHex(f[0]) && allDigits(f[2]) && allNumbers(f[3:13]) && isLeap(f[13])
		})
}

func sniffChronySources(head []byte, whole bool) bool {
	return hasLine(head, "MS Name/IP address         Stratum") || hasLine(head, ".-- Source mode  '^' = server") ||
		everyCSV(head, whole, func(f [][]byte) bool {
			return len(f) == 10 && oneOf(f[0], "^=#") && oneOf(f[1], "*+-?x~ ") && len(f[2]) > 0 && allNumbers(f[3:7]) && nineDecimals(f[7:])
		})
}

func sniffChronySourcestats(head []byte, whole bool) bool {
	return hasLine(head, "Name/IP Address            NP  NR  Span") ||
		everyCSV(head, whole, func(f [][]byte) bool {
			return len(f) == 8 && len(f[0]) > 0 && !allNumbers(f[:1]) && allDigits(f[1]) && allDigits(f[2]) &&
				allDigits(f[3]) && allNumbers(f[4:6]) && nineDecimals(f[6:])
		})
}

func sniffChronySelectdata(head []byte, whole bool) bool {
	return hasLine(head, "S Name/IP Address        Auth COpts EOpts") ||
		everyCSV(head, whole, func(f [][]byte) bool {
			return len(f) == 10 && len(f[0]) == 1 && len(f[1]) > 0 && oneOf(f[2], "YN") && len(f[3]) == 5 && len(f[4]) == 5 &&
				allNumbers(f[5:7]) && nineDecimals(f[7:9]) && len(f[9]) == 1
		})
}

func sniffChronyActivity(head []byte, _ bool) bool {
	head = bytes.TrimPrefix(head, []byte("200 OK\n"))
	line, _, _ := bytes.Cut(head, newline)
	return bytes.HasSuffix(line, []byte(" sources online")) && allDigits(bytes.TrimSuffix(line, []byte(" sources online")))
}

// formatChronyError is what chronyc says when it cannot ask.
var formatChronyError = refuse("chrony/error",
	func(head []byte, whole bool) bool {
		return whole && len(head) < 200 && (bytes.HasPrefix(head, []byte("Could not open connection to daemon")) ||
			bytes.HasPrefix(head, []byte("506 Cannot talk to daemon")) || bytes.HasPrefix(head, []byte("501 Not authorised")))
	},
	func(head []byte) string { return "chronyc got no answer: it says " + quoteLine(head) })

// hasLine reports whether one of the first lines begins with prefix, blanks before it aside.
func hasLine(head []byte, prefix string) bool {
	for range 12 {
		line, rest, found := bytes.Cut(head, newline)
		if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte(prefix)) {
			return true
		}
		if !found {
			return false
		}
		head = rest
	}
	return false
}

// everyCSV reports whether ok holds for the fields of every line of head, of which there is one.
func everyCSV(head []byte, whole bool, ok func(fields [][]byte) bool) bool {
	lines, all := 0, true
	headLines(head, whole, func(line []byte, cut bool) bool {
		if len(line) == 0 || cut {
			return true
		}
		lines++
		all = len(line) < 1000 && ok(bytes.Split(line, []byte{','}))
		return all
	})
	return all && lines > 0
}

func oneOf(b []byte, set string) bool {
	return len(b) == 1 && bytes.IndexByte([]byte(set), b[0]) >= 0
}

func allHex(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func allNumbers(fields [][]byte) bool {
	for _, f := range fields {
		if !isMetricValue(f) {
			return false
		}
	}
	return true
}

// nineDecimals reports whether the fields are seconds as chronyc -c writes them.
func nineDecimals(fields [][]byte) bool {
	for _, f := range fields {
		whole, decimals, _ := bytes.Cut(bytes.TrimPrefix(f, []byte{'-'}), []byte{'.'})
		if !allDigits(whole) || len(decimals) != 9 || !allDigits(decimals) {
			return false
		}
	}
	return true
}

func isLeap(b []byte) bool {
	switch string(b) {
	case "Normal", "Insert second", "Delete second", "Not synchronised":
		return true
	}
	return false
}
