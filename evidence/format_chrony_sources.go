package evidence

import (
	"bytes"
	"strconv"
	"strings"
)

// cutWord cuts s at its first blanks.
func cutWord(s string) (word, rest string, found bool) {
	word, rest, found = strings.Cut(s, " ")
	return word, strings.TrimLeft(rest, " "), found
}

func readChronySources(in *input) bool {
	commas := bytes.IndexByte(in.data()[:min(len(in.data()), 2)], ',') == 1
	c := newClockReader(in, "chrony/sources")
	if commas {
		c.csv("no row of chronyc -c sources", c.sourceCSV, nil)
		return true
	}
	table := false
	c.each(func(line []byte, ref Ref) {
		switch {
		case bytes.HasPrefix(line, []byte("MS Name/IP address")):
			table = true
		case !table, len(line) == 0, bytes.HasPrefix(line, []byte("====")):
		default:
			if !c.sourceText(string(line), ref) {
				c.lose(ref, "no row of chronyc sources")
			}
		}
	}, nil)
	return true
}

// neverReceived is LastRx of a source that never answered, in the CSV form (candm.h: an unsigned field
// set to -1).
const neverReceived = "4294967295"

func (c *clockReader) sourceCSV(f [][]byte, ref Ref) bool {
	if len(f) != 10 || len(f[0]) != 1 || len(f[1]) != 1 {
		return false
	}
	r := ClockReading{Ref: ref, Source: "chronyc sources", Kind: ClockSource, LastRx: -1}
	r.Text = string(f[0]) + string(f[1]) + " " + string(f[2])
	if string(f[6]) != neverReceived {
		age, err := strconv.ParseUint(string(f[6]), 10, 32)
		if err != nil {
			return false
		}
		r.LastRx = int64(age)
	}
	reach, err := strconv.ParseUint(string(f[5]), 8, 8)
	d, ok := parseNanos(f[9], unitSeconds)
	r.Reach, r.Error = uint8(reach), d.nanos
	if err != nil || !ok {
		return false
	}
	c.stats.add(r)
	return true
}

// sourceText reads "^* NAME STRATUM POLL REACH LASTRX ADJUSTED[MEASURED] +/- ERROR".
func (c *clockReader) sourceText(line string, ref Ref) bool {
	if len(line) < 4 || line[2] != ' ' {
		return false
	}
	left, sample, found := strings.Cut(line[3:], "[")
	_, bound, bounded := strings.Cut(sample, "+/-")
	f := strings.Fields(left)
	if !found || !bounded || len(f) != 6 {
		return false
	}
	r := ClockReading{Ref: ref, Source: "chronyc sources", Kind: ClockSource, Text: line[:2] + " " + f[0]}
	reach, err := strconv.ParseUint(f[3], 8, 8)
	lastRx, ok := chronyAge(f[4])
	d, parsed := parseWithUnit(strings.TrimSpace(bound))
	if err != nil || !ok || !parsed {
		return false
	}
	r.Reach, r.LastRx, r.Error = uint8(reach), lastRx, d.nanos
	c.stats.add(r)
	return true
}

// chronyAge reads the column LastRx: seconds, or a number with a unit, or "-" (client.c, print_seconds).
func chronyAge(s string) (seconds int64, ok bool) {
	if s == "-" {
		return -1, true
	}
	unit := int64(1)
	if n := len(s) - 1; n > 0 {
		switch s[n] {
		case 'm':
			unit = 60
		case 'h':
			unit = 3600
		case 'd':
			unit = 86400
		case 'y':
			unit = 365 * 86400
		}
		if unit > 1 {
			s = s[:n]
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int64(n) * unit, err == nil
}

func readChronySourcestats(in *input) bool {
	head, _, _ := bytes.Cut(in.data(), newline)
	commas := bytes.Count(head, []byte{','}) == 7
	c := newClockReader(in, "chrony/sourcestats")
	if commas {
		c.csv("no row of chronyc -c sourcestats", func(f [][]byte, ref Ref) bool {
			return len(f) == 8 && c.sourcestats(string(f[0]), string(f[4]), string(f[5]), ref)
		}, nil)
		return true
	}
	table := false
	c.each(func(line []byte, ref Ref) {
		switch f := strings.Fields(string(line)); {
		case bytes.HasPrefix(line, []byte("Name/IP Address ")):
			table = true
		case !table, len(line) == 0, bytes.HasPrefix(line, []byte("====")):
		case len(f) != 8 || !c.sourcestats(f[0], f[4], f[5], ref):
			c.lose(ref, "no row of chronyc sourcestats")
		}
	}, nil)
	return true
}

// sourcestats adds the row of a source: how it runs against the corrected clock.
func (c *clockReader) sourcestats(name, rate, skew string, ref Ref) bool {
	r := ClockReading{Ref: ref, Source: "chronyc sourcestats", Kind: ClockSource, LastRx: -1, Text: name}
	var ok, skewOK bool
	r.RatePPM, ok = parsePPM([]byte(rate))
	r.SkewPPM, skewOK = parsePPM([]byte(skew))
	if !ok || !skewOK {
		return false
	}
	c.stats.add(r)
	return true
}
