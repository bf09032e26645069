package evidence

import (
	"bytes"
	"strings"
	"time"
)

// The logs of chronyd (chrony.conf(5), log): a banner before every 32 rows, blanks between columns, times
// in UTC to the second. Rules of tracking.log, whose rows are written at each update of the clock:
//   - Its offset is that of the corrected clock against the sources, positive where the clock is fast.
//     The clock itself is off by that less the remaining correction, which is positive where it is slow
//     (reference.c, REF_SetReference: step_offset).
//   - The bound is what chronyd tells the kernel then: offset sd + root delay / 2 + root dispersion.
//     Logs of before chrony 2.2 lack the last two.
//   - A row with stratum 0 or leap "?" says that there is no source.
//   - Numbers have four digits; what they leave out widens the bound.
//
// statistics.log and measurements.log are about sources, against the corrected clock.

var (
	formatChronyTrackingLog     = format{sniff: sniffTrackingLog, read: readTrackingLog}
	formatChronyStatisticsLog   = sourceLog("chrony/statistics.log", "Date (UTC) Time     IP Address    Std dev'n Est offset")
	formatChronyMeasurementsLog = sourceLog("chrony/measurements.log", "Date (UTC) Time     IP Address   L St 123 567 ABCD")
)

func sniffTrackingLog(head []byte, whole bool) bool {
	if hasLine(head, "Date (UTC) Time     IP Address   St   Freq ppm") {
		return true
	}
	rows, all := 0, true
	headLines(head, whole, func(line []byte, cut bool) bool {
		if f := bytes.Fields(line); !cut && len(f) > 0 && !isBanner(line) {
			rows++
			all = isTrackingRow(f)
		}
		return all
	})
	return all && rows > 0
}

func isTrackingRow(f [][]byte) bool {
	_, ok := chronyLogTime(f)
	return ok && (len(f) == 10 || len(f) == 11 || len(f) == 14) && allDigits(f[3]) && allNumbers(f[4:7]) && oneOf(f[7], "N+-?") && allNumbers(f[8:])
}

// isBanner reports whether a line is one of the three that explain the columns.
func isBanner(line []byte) bool {
	text := bytes.TrimSpace(line)
	return bytes.HasPrefix(text, []byte("====")) || bytes.HasPrefix(text, []byte("Date (UTC) Time"))
}

// chronyLogTime reads the first two columns.
func chronyLogTime(f [][]byte) (int64, bool) {
	if len(f) < 3 || len(f[0]) != 10 || len(f[1]) != 8 {
		return 0, false
	}
	t, err := time.Parse("2006-01-02 15:04:05", string(f[0])+" "+string(f[1]))
	if err != nil || t.Year() < 1970 || t.Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

func readTrackingLog(in *input) bool {
	c := newClockReader(in, "chrony/tracking.log")
	c.each(func(line []byte, ref Ref) {
		if f := bytes.Fields(line); len(f) > 0 && !isBanner(line) && !c.trackingRow(f, ref) {
			c.lose(ref, "no row of tracking.log")
		}
	}, nil)
	return true
}

func (c *clockReader) trackingRow(f [][]byte, ref Ref) bool {
	if !isTrackingRow(f) {
		return false
	}
	at, _ := chronyLogTime(f)
	r := ClockReading{Ref: ref, Source: "chrony tracking.log", Kind: ClockOffset, At: at, Until: at + int64(time.Second)}
	switch {
	case len(f[3]) == 1 && f[3][0] == '0', string(f[7]) == "?":
		r.Kind, r.Text = ClockUnsynchronised, notSynchronised
		c.stats.add(r)
		return true
	case string(f[2]) == "7F7F0101":
		r.Kind, r.Text = ClockUnsynchronised, "local reference"
		c.stats.add(r)
		return true
	}
	var ok, skewOK bool
	r.RatePPM, ok = parsePPM(f[4])
	r.SkewPPM, skewOK = parsePPM(f[5])
	offset, offsetOK := parseNanos(f[6], unitSeconds)
	if !ok || !skewOK || !offsetOK {
		return false
	}
	r.Offset = offset.nanos
	// chronyc tracking names a time up to a second before the update (reference.c, fuzz_ref_time).
	r.Measured, r.MeasuredUntil = at-int64(time.Second), at+int64(time.Second)
	if len(f) < 14 {
		c.stats.add(r)
		return true
	}
	var d [4]decimal // offset sd, remaining correction, root delay, root dispersion
	for i := range d {
		if d[i], ok = parseNanos(f[9+i], unitSeconds); !ok {
			return false
		}
	}
	var fits [6]bool
	r.Offset, fits[0] = addNanos(offset.nanos, -d[1].nanos)
	r.At, fits[1] = addNanos(at, -d[1].nanos)
	r.Until, fits[2] = addNanos(r.At, int64(time.Second))
	slack, slackFits := addNanos(offset.slack, d[1].slack)
	slack, fits[3] = addNanos(slack, d[0].slack)
	slack, fits[4] = addNanos(slack, absNanos(d[0].nanos))
	if r.Error, fits[5] = rootDistance(d[2], d[3], slack); !slackFits || fits != [6]bool{true, true, true, true, true, true} {
		return false
	}
	r.Basis = ClockStated
	c.stats.add(r)
	return true
}

// sourceLog is a log about sources, known by its banner.
func sourceLog(name Format, banner string) format {
	return format{
		sniff: func(head []byte, _ bool) bool { return hasLine(head, banner) },
		read: func(in *input) bool {
			c := newClockReader(in, name)
			c.each(func(line []byte, ref Ref) {
				f := bytes.Fields(line)
				at, ok := chronyLogTime(f)
				switch {
				case len(f) == 0 || isBanner(line):
				case !ok:
					c.lose(ref, "no row of %s", strings.TrimPrefix(string(name), "chrony/"))
				default:
					c.stats.add(ClockReading{Ref: ref, Source: strings.Replace(string(name), "/", " ", 1), Kind: ClockSource,
						At: at, Until: at + int64(time.Second), LastRx: -1, Text: string(f[2])})
				}
			}, nil)
			return true
		},
	}
}
