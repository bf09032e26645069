package evidence

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// ntpd (4.2.6 to 4.2.8, ntpsec 1) tells its state by `ntpq -c rv`, and writes loopstats at each update of
// the clock (ntpd/ntp_util.c, record_loop_stats). Rules:
//   - ntpq's rootdelay, rootdisp and offset are in milliseconds, loopstats' offset in seconds. Both are
//     what has to be added to the clock: positive where it is slow.
//   - The offset is that of the last update, and the kernel has worked on it since. The clock is off by
//     something between that and nothing, so that the bound is |offset| + rootdelay / 2 + rootdisp.
//   - "clock" is the time of the answer, on this clock, as an NTP timestamp: seconds since 1900 and their
//     fraction, in hexadecimal (RFC 5905, 6).
//   - loopstats has no root distance: it bounds nothing.

var (
	formatNTPVariables = format{sniff: sniffNTPVariables, read: readNTPVariables}
	formatLoopstats    = format{sniff: sniffLoopstats, read: readLoopstats}
)

func sniffNTPVariables(head []byte, _ bool) bool {
	return (hasLine(head, "associd=0 status=") || hasLine(head, "assID=0 status=") || hasLine(head, "version=\"ntpd")) &&
		bytes.Contains(head, []byte("stratum="))
}

// maxNTPVariables bounds the answer that is taken in whole: it has some forty variables.
const maxNTPVariables = 64 << 10

func readNTPVariables(in *input) bool {
	c := newClockReader(in, "ntp/rv")
	from := in.off()
	var text []byte
	c.each(func(line []byte, _ Ref) {
		if len(text) < maxNTPVariables {
			text = append(append(text, line...), ' ')
		}
	}, nil)
	ref := in.ref(from, in.off()-from)
	v := ntpVariables(string(text))
	r, missing := v.row(ref)
	switch {
	case missing != "" && in.eof:
		in.cut(ref.Off, ref.Off+ref.Len, "the answer ends before %q", missing)
	case missing != "":
		c.lose(ref, "the answer has no %q that can be read", missing)
	default:
		c.stats.add(r)
	}
	return true
}

// ntpAnswer holds variables by name, without quotes.
type ntpAnswer map[string]string

// ntpVariables takes "name=value, name="quoted, value", …" apart. What a variable has behind its value up
// to the comma, as "clock=HEX DATE", is left out.
func ntpVariables(text string) ntpAnswer {
	v := ntpAnswer{}
	for text != "" {
		name, rest, found := strings.Cut(text, "=")
		if !found {
			break
		}
		if i := strings.LastIndexAny(name, ", "); i >= 0 {
			name = name[i+1:]
		}
		var value string
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			value, text, found = strings.Cut(quoted, `"`)
		} else {
			end := strings.IndexAny(rest, ", ")
			found = end >= 0
			if end < 0 {
				end = len(rest)
			}
			value, text = rest[:end], rest[end:]
		}
		if _, twice := v[name]; found && !twice {
			v[name] = value
		}
	}
	return v
}

// row makes the row, or names a variable that it misses.
func (v ntpAnswer) row(ref Ref) (r ClockReading, missing string) {
	r = ClockReading{Ref: ref, Source: "ntpq rv", Kind: ClockUnsynchronised, Text: notSynchronised}
	at, ok := ntpTime(v["clock"])
	if ok {
		r.At, r.Until = at, at
	}
	stratum, err := strconv.Atoi(v["stratum"])
	switch {
	case err != nil:
		return r, "stratum"
	case v["leap"] == "":
		return r, "leap"
	case v["leap"] == "11", v["leap"] == "3", stratum == 16, stratum == 0:
		return r, ""
	case strings.Trim(v["refid"], ".") == "LOCL", strings.HasPrefix(v["refid"], "127.127.1."):
		r.Text = "local reference"
		return r, ""
	}
	r.Kind, r.Text = ClockOffset, ""
	var d [3]decimal
	for i, name := range []string{"offset", "rootdelay", "rootdisp"} {
		if d[i], ok = parseNanos([]byte(v[name]), unitMillis); !ok {
			return r, name
		}
	}
	r.Offset = -d[0].nanos
	if f, ok := parsePPM([]byte(v["frequency"])); ok {
		r.RatePPM = -f
	}
	bound, fits := rootDistance(d[1], d[2], d[0].slack)
	if bound, ok = addNanos(bound, absNanos(d[0].nanos)); ok && fits && r.At != 0 {
		r.Basis, r.Error = ClockStated, bound
	}
	return r, ""
}

// ntpTime reads "e5c1a3b2.1a2b3c4d". Seconds with the first bit clear are of the era that begins in 2036.
func ntpTime(s string) (int64, bool) {
	whole, fraction, found := strings.Cut(strings.TrimPrefix(s, "0x"), ".")
	seconds, err := strconv.ParseUint(whole, 16, 32)
	part, partErr := strconv.ParseUint(fraction, 16, 32)
	if !found || err != nil || partErr != nil || seconds == 0 {
		return 0, false
	}
	if seconds < 1<<31 {
		seconds += 1 << 32
	}
	const since1900 = 2208988800
	return (int64(seconds)-since1900)*1e9 + int64(part*1e9>>32), true
}

func sniffLoopstats(head []byte, whole bool) bool {
	rows, all := 0, true
	headLines(head, whole, func(line []byte, cut bool) bool {
		if f := bytes.Fields(line); !cut && len(f) > 0 {
			rows++
			_, ok := loopTime(f)
			all = ok && len(f) == 7 && allNumbers(f[2:6]) && allDigits(f[6]) && bytes.IndexByte(f[2], '.') >= 0
		}
		return all
	})
	return all && rows > 0
}

// loopTime reads the modified Julian day and the seconds of it.
func loopTime(f [][]byte) (int64, bool) {
	const unixDay, lastDay = 40587, 147000
	if len(f) < 2 || len(f[0]) != 5 && len(f[0]) != 6 || !allDigits(f[0]) {
		return 0, false
	}
	day, err := strconv.ParseInt(string(f[0]), 10, 64)
	seconds, ok := parseNanos(f[1], unitSeconds)
	if err != nil || !ok || day <= unixDay || day > lastDay || seconds.nanos < 0 || seconds.nanos >= 86401*1e9 {
		return 0, false
	}
	return (day-unixDay)*86400*1e9 + seconds.nanos, true
}

func readLoopstats(in *input) bool {
	c := newClockReader(in, "ntp/loopstats")
	c.each(func(line []byte, ref Ref) {
		f := bytes.Fields(line)
		if len(f) == 0 {
			return
		}
		at, ok := loopTime(f)
		if !ok || len(f) != 7 {
			c.lose(ref, "no row of loopstats")
			return
		}
		offset, ok := parseNanos(f[2], unitSeconds)
		rate, rateOK := parsePPM(f[3])
		if !ok || !rateOK || offset.nanos == math.MinInt64 {
			c.lose(ref, "no row of loopstats")
			return
		}
		c.stats.add(ClockReading{Ref: ref, Source: "ntpd loopstats", Kind: ClockOffset, At: at, Until: at + int64(time.Millisecond),
			Offset: -offset.nanos, RatePPM: -rate})
	}, nil)
	return true
}
