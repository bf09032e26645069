package evidence

import (
	"bytes"
	"strings"
	"time"
)

// A table of readings, for clocks that were compared with UTC by a tool of which no format is read:
//
//	domain,time,offset,error
//	ip-10-0-1-7,2026-11-20T10:52:38.25Z,-12.5ms,800us
//
// The first line names the columns, in any order and among others; "host" may stand for "domain", and
// then names the host as its spans do. A time is on the clock itself: RFC 3339, seconds since 1970 with or
// without a fraction, or nanoseconds since 1970 (19 digits). An offset is positive where the clock is
// ahead; it and the largest error of it are in seconds, or in what a suffix says: ns, us, ms or s. A row
// without an error bounds nothing.
var formatClockCSV = format{
	sniff: func(head []byte, _ bool) bool { _, ok := clockColumns(firstLine(head)); return ok },
	read:  readClockCSV,
}

// clockColumn are the places of the columns, -1 for none.
type clockColumn struct{ domain, host, time, offset, error, count int }

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, newline)
	return trimLine(line)
}

// clockColumns reads the header.
func clockColumns(line []byte) (c clockColumn, ok bool) {
	if len(line) > 1000 {
		return c, false
	}
	c = clockColumn{-1, -1, -1, -1, -1, 0}
	places := map[string]*int{"domain": &c.domain, "host": &c.host, "time": &c.time, "offset": &c.offset, "error": &c.error}
	for name := range strings.SplitSeq(string(line), ",") {
		if at := places[strings.ToLower(strings.Trim(name, ` "`))]; at != nil {
			if *at >= 0 {
				return c, false
			}
			*at = c.count
		}
		c.count++
	}
	return c, (c.domain >= 0 || c.host >= 0) && c.time >= 0 && c.offset >= 0 && c.error >= 0
}

func readClockCSV(in *input) bool {
	columns, ok := clockColumns(firstLine(in.data()))
	if !ok {
		return false
	}
	c := newClockReader(in, "clock/csv")
	header := true
	c.csv("no row of the table: want a domain, a time, an offset and its largest error", func(f [][]byte, ref Ref) bool {
		if header {
			header = false
			return true
		}
		return c.clockRow(columns, f, ref)
	}, nil)
	return true
}

func (c *clockReader) clockRow(at clockColumn, f [][]byte, ref Ref) bool {
	if len(f) != at.count {
		return false
	}
	value := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.Trim(string(f[i]), ` "`)
	}
	r := ClockReading{Ref: ref, Source: "table", Kind: ClockOffset, Domain: value(at.domain), Host: value(at.host)}
	instant, ok := parseClockTime(value(at.time))
	offset, offsetOK := parseSpan(value(at.offset))
	if !ok || !offsetOK || r.Domain == "" && r.Host == "" {
		return false
	}
	r.At, r.Until, r.Offset = instant, instant, offset.nanos
	if text := value(at.error); text != "" {
		bound, ok := parseSpan(text)
		sum, fits := addNanos(bound.nanos, offset.slack)
		sum, fitsToo := addNanos(sum, bound.slack)
		if !ok || bound.nanos < 0 || !fits || !fitsToo {
			return false
		}
		r.Basis, r.Error = ClockStated, sum
	}
	c.stats.add(r)
	return true
}

// parseSpan parses seconds, or what a suffix says. What is written is meant: its digits are no rounding,
// except of what is finer than a nanosecond.
func parseSpan(s string) (d decimal, ok bool) {
	if d, ok = parseWithUnit(s); !ok {
		d, ok = parseNanos([]byte(s), unitSeconds)
	}
	d.slack = min(d.slack, 1)
	return d, ok
}

// parseClockTime parses an instant after 1970 into Unix nanoseconds.
func parseClockTime(s string) (int64, bool) {
	whole, _, _ := strings.Cut(s, ".")
	if allDigits([]byte(whole)) {
		unit := unitSeconds
		switch {
		case len(s) == 19 && len(whole) == 19:
			unit = unitNanos
		case len(whole) > 11:
			return 0, false
		}
		d, ok := parseNanos([]byte(s), unit)
		return d.nanos, ok && d.nanos > 0
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1971 || t.Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}
