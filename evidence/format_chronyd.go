package evidence

import (
	"bytes"
	"strings"
	"time"
)

// formatChronyd is what chronyd says in the system log (chrony 2 to 4: reference.c, local.c, sched.c). The
// time of a line is the shipper's, on the clock that the line is about; a line about a step is written
// behind the step. A number is positive where the clock has to go, or went, forward.
var formatChronyd = format{
	sniff: func(head []byte, whole bool) bool {
		found := false
		lines := 0
		headLines(head, whole, func(line []byte, _ bool) bool {
			lines++
			_, found = parseChronyd(line)
			return !found && lines < 50*sniffLines
		})
		return found && isTextual(head)
	},
	read: readChronyd,
}

const (
	chronyStepped  = "System clock was stepped by "
	chronyLeap     = "System clock was stepped for leap second"
	chronyWrong    = "System clock wrong by "
	chronyForward  = "Forward time jump detected!"
	chronyBackward = "Backward time jump detected!"
)

// chronyStepSlack is by how much a step may differ from what chronyd says: where adjtimex(2) does not take ADJ_SETOFFSET
// it reads the clock and sets it (sys_generic.c, apply_step_offset), and what passes in between is lost, 2 µs in the
// specimens.
const chronyStepSlack = int64(20 * time.Microsecond)

// parseChronyd reads one line: a row without its time.
func parseChronyd(line []byte) (r ClockReading, ok bool) {
	text := string(line[:min(len(line), 200)])
	r.Source = "chronyd log"
	if i := strings.Index(text, "chronyd["); i >= 0 {
		// The prefix of a form that no wrapper knows.
		if _, rest, found := strings.Cut(text[i:], "]: "); found {
			text = rest
		}
	}
	switch {
	case strings.HasPrefix(text, chronyStepped), strings.HasPrefix(text, chronyWrong):
		number, rest, _ := cutWord(text[len(chronyWrong):])
		r.Kind = ClockOffset
		if strings.HasPrefix(text, chronyStepped) {
			number, rest, _ = cutWord(text[len(chronyStepped):])
			r.Kind = ClockStep
		}
		d, parsed := parseNanos([]byte(number), unitSeconds)
		r.Offset, r.Error = d.nanos, d.slack
		if r.Kind == ClockStep {
			r.Error += chronyStepSlack
		}
		if r.Kind == ClockOffset {
			r.Offset = -r.Offset
		}
		return r, parsed && strings.HasPrefix(rest, "seconds")
	case strings.HasPrefix(text, chronyForward), strings.HasPrefix(text, chronyBackward), strings.HasPrefix(text, chronyLeap):
		r.Kind, r.Error = ClockStep, NoClockError
		r.Text = strings.TrimSpace(strings.TrimRight(text, "!"))
		return r, true
	}
	return r, false
}

func readChronyd(in *input) bool {
	c := newClockReader(in, "chrony/log")
	c.each(func(line []byte, ref Ref) {
		r, ok := parseChronyd(line)
		if !ok {
			return
		}
		r.Ref = ref
		c.stamp(&r, true)
		c.stats.add(r)
	}, nil)
	return true
}

// stamp dates a row by the time that the shipper put before its line, which was written within a second
// of what it is about.
func (c *clockReader) stamp(r *ClockReading, behind bool) {
	s, ok := c.in.art.stamps.at(r.Ref.Off)
	if !ok {
		return
	}
	r.Host = s.host
	if from, to, ok := s.instant(); ok {
		r.At, r.Until = from, to
		if behind {
			r.At = max(1, from-int64(time.Second))
		}
	}
}

// formatPTP is the output of ptp4l and phc2sys (linuxptp 1.5 to 4: clock.c, clock_stats_update and
// clock_synchronize; phc2sys.c, update_clock_stats). Rules:
//   - The number in brackets is CLOCK_MONOTONIC, not a time of day. It pairs with the snapshots of an
//     execution trace of the same boot.
//   - Offsets are in nanoseconds, positive where the clock is ahead of its source, and bound nothing: how
//     far the grandmaster is from UTC is not told, and a PTP clock that runs on TAI is 37 s ahead of it.
//   - ptp4l steers the clock of the network card; only phc2sys' lines for CLOCK_REALTIME are about the
//     clock of the host.
//   - The servo is unlocked in state s0, steps the clock in s1, and follows its source from s2 on.
var formatPTP = format{
	sniff: func(head []byte, whole bool) bool {
		found, lines := false, 0
		headLines(head, whole, func(line []byte, _ bool) bool {
			lines++
			_, found = parsePTP(line)
			return !found && lines < sniffLines
		})
		return found && isTextual(head)
	},
	read: func(in *input) bool {
		c := newClockReader(in, "linuxptp/log")
		c.each(func(line []byte, ref Ref) {
			if r, ok := parsePTP(line); ok && r.Kind != 0 {
				r.Ref = ref
				c.stamp(&r, false)
				c.stats.add(r)
			}
		}, nil)
		return true
	},
}

// parsePTP reads one line of statistics. Kind is 0 for one that says nothing yet: the servo is unlocked.
func parsePTP(line []byte) (r ClockReading, ok bool) {
	if len(line) > 400 {
		return r, false
	}
	start := bytes.IndexByte(line, '[')
	if start < 0 || start > 7 {
		return r, false
	}
	program := string(line[:start])
	mono, rest, closed := bytes.Cut(line[start+1:], []byte("]"))
	d, parsed := parseNanos(mono, unitSeconds)
	if !closed || !parsed || bytes.IndexByte(mono, '.') < 0 || program != "" && program != "ptp4l" && program != "phc2sys" {
		return r, false
	}
	r.Mono = d.nanos
	f := strings.Fields(strings.TrimPrefix(string(rest), ":"))
	if len(f) > 0 && strings.HasPrefix(f[0], "[") {
		f = f[1:] // message_tag
	}
	switch {
	case len(f) >= 9 && f[0] == "master" && f[1] == "offset" && f[6] == "path" && f[7] == "delay":
		r.Source, r.Kind = "ptp4l", ClockSource
		return r, r.servo(f[2], f[3], f[5])
	case len(f) >= 7 && f[2] == "offset" && f[5] == "freq":
		r.Source, r.Kind = "phc2sys", ClockSource
		if f[0] == "CLOCK_REALTIME" {
			r.Kind = ClockOffset
		}
		return r, r.servo(f[3], f[4], f[6])
	case len(f) >= 6 && (f[0] == "rms" && f[2] == "max" || f[1] == "rms" && f[3] == "max"):
		r.Source, r.Kind, r.LastRx, r.Text = "linuxptp summary", ClockSource, -1, strings.Join(f, " ")
		return r, true
	}
	return r, false
}

// servo fills in what the servo says. freq is how much it speeds the clock up, in ppb.
func (r *ClockReading) servo(offset, state, freq string) bool {
	d, ok := parseNanos([]byte(offset), unitNanos)
	ppb, freqOK := parsePPM([]byte(freq))
	if !ok || !freqOK || len(state) != 2 || state[0] != 's' || !isDigit(state[1]) {
		return false
	}
	r.RatePPM, r.Text, r.LastRx = -ppb/1000, state, -1
	switch {
	case state == "s0":
		r.Kind = 0
	case r.Kind != ClockOffset:
	case state == "s1":
		r.Kind, r.Offset, r.LastRx = ClockStep, -d.nanos, 0
	default:
		r.Offset, r.LastRx = d.nanos, 0
	}
	return true
}
