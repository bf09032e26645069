package evidence

import (
	"bytes"
	"strings"
	"time"
)

// systemd-timesyncd tells about its last exchange with a server: `timedatectl timesync-status` for people,
// `timedatectl show-timesync` for programs (systemd 240 to 258, src/timedate/timedatectl.c). Rules:
//   - Its offset is what has to be added to the clock: ((t2-t1)+(t3-t4))/2 of RFC 5905, positive where
//     the server is ahead (timesyncd-manager.c, manager_receive_response).
//   - Its root distance is the server's (root delay / 2 + dispersion), without the way from here to the
//     server, so that the bound is delay / 2 + root distance. timedatectl shows it as the maximum error;
//     it is not.
//   - The offset is that of the last exchange, which timesyncd then has the kernel slew away, or steps:
//     it was true at the time of that exchange and not later.
//   - The status has no time of its own. Where the user says when it was taken, the exchange is assumed
//     to have been at most two poll intervals earlier.
//   - show-timesync prints the four times of the exchange to the second, cut off, and in local time: they
//     give the offset to about two seconds, and where the zone is UTC, the time.
//   - A spike ("Frequency" missing, Ignored=yes) was measured and not followed.

var (
	formatTimesyncStatus = format{sniff: sniffTimesyncStatus, read: readTimesyncStatus}
	formatShowTimesync   = format{sniff: sniffShowTimesync, read: readShowTimesync}
)

func sniffTimesyncStatus(head []byte, _ bool) bool {
	return hasLine(head, "Root distance: ") && hasLine(head, "Poll interval: ") || hasLine(head, "Server: ") && hasLine(head, "Packet count: ")
}

func sniffShowTimesync(head []byte, _ bool) bool {
	return hasLine(head, "NTPMessage={ ") || hasLine(head, "PollIntervalMaxUSec=") && hasLine(head, "RootDistanceMaxUSec=")
}

// timesync is one status.
type timesync struct {
	ref                     Ref
	offset, delay, distance decimal
	hasOffset, hasDelay     bool
	hasDistance             bool
	at, poll                int64
	leap                    string
	stratum                 string
	ignored                 bool
	bad                     string
}

func (t *timesync) row() (ClockReading, *reportAge) {
	r := ClockReading{Ref: t.ref, Source: "systemd-timesyncd", Kind: ClockUnsynchronised, At: t.at, Until: t.at}
	switch {
	case !t.hasOffset:
		r.Text = "no answer of a server"
		return r, nil
	case t.leap == "not synchronized", t.leap == "3", t.stratum == "0", t.stratum == "16":
		r.Text = "the server is not synchronised"
		return r, nil
	}
	r.Kind, r.Offset = ClockOffset, -t.offset.nanos
	var fits bool
	if t.hasDelay && t.hasDistance {
		r.Error, fits = rootDistance(t.delay, t.distance, t.offset.slack)
	}
	if fits && !t.ignored {
		r.Basis = ClockStated
	}
	if t.at == 0 && r.Basis == ClockStated {
		return r, &reportAge{beforeNanos: 2 * t.poll}
	}
	if r.At != 0 {
		r.Until = r.At + int64(time.Second)
	}
	return r, nil
}

func readTimesyncStatus(in *input) bool {
	c := newClockReader(in, "timesyncd/status")
	var t timesync
	c.each(func(line []byte, ref Ref) {
		name, value, found := bytes.Cut(line, []byte(": "))
		if !found {
			return
		}
		if t.ref.Len == 0 {
			t.ref = ref
		}
		t.ref.Len = ref.Off + ref.Len - t.ref.Off
		t.status(string(bytes.TrimSpace(name)), strings.TrimSpace(string(value)))
	}, func(line []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(line), []byte("Frequency: ")) })
	c.timesync(&t)
	return true
}

// timesync adds the row of a status. What is cut before the offset is known says nothing.
func (c *clockReader) timesync(t *timesync) {
	switch {
	case t.bad != "":
		c.lose(t.ref, "%q of the status cannot be read", t.bad)
	case t.hasOffset || !c.in.cutDone && c.in.err == nil:
		c.stats.addUndated(t.row())
	}
}

// status reads one line of timesync-status.
func (t *timesync) status(name, value string) {
	ok := true
	switch name {
	case "Leap":
		t.leap = value
	case "Stratum":
		t.stratum = value
	case "Poll interval":
		var poll decimal
		value, _, _ = strings.Cut(value, " (min:")
		poll, ok = parseTimespan(value)
		t.poll = min(absNanos(poll.nanos), int64(24*time.Hour))
	case "Root distance":
		value, _, _ = strings.Cut(value, " (max:")
		t.distance, ok = parseTimespan(value)
		t.hasDistance = ok
	case "Offset":
		t.offset, ok = parseTimespan(value)
		t.hasOffset = ok
	case "Delay":
		t.delay, ok = parseTimespan(value)
		t.hasDelay = ok
	}
	if !ok && t.bad == "" {
		t.bad = name
	}
}

// parseTimespan parses what systemd prints for a span of time: "0", "1min 2.5s", "-1.234ms", "87us"
// (src/basic/time-util.c, format_timespan, with an accuracy of 1 us where there are fewer than seconds).
func parseTimespan(s string) (sum decimal, ok bool) {
	sign := int64(1)
	if rest, found := strings.CutPrefix(s, "-"); found {
		sign, s = -1, rest
	}
	s = strings.TrimPrefix(s, "+")
	if s == "0" {
		return decimal{0, 1}, true
	}
	words := strings.Fields(s)
	for _, w := range words {
		scale := int64(1)
		for _, long := range []struct {
			name  string
			scale int64
		}{{"min", 60}, {"h", 3600}, {"d", 86400}} {
			if number, found := strings.CutSuffix(w, long.name); found {
				w, scale = number+"s", long.scale
			}
		}
		d, ok := parseWithUnit(w)
		n, fits := mulNanos(d.nanos, scale)
		if !ok || !fits {
			return sum, false
		}
		if sum.nanos, fits = addNanos(sum.nanos, n); !fits {
			return sum, false
		}
		sum.slack = d.slack
	}
	// The last digit printed is cut off, not rounded.
	sum.nanos, sum.slack = sign*sum.nanos, 2*max(sum.slack, 500)
	return sum, len(words) > 0
}

func readShowTimesync(in *input) bool {
	c := newClockReader(in, "timesyncd/properties")
	var t timesync
	c.each(func(line []byte, ref Ref) {
		if t.ref.Len == 0 {
			t.ref = ref
		}
		if body, found := bytes.CutPrefix(line, []byte("NTPMessage={ ")); found {
			t.ref = ref
			t.message(strings.TrimSuffix(string(body), " }"))
		}
	}, nil)
	c.timesync(&t)
	return true
}

// message reads the members of NTPMessage, from which the offset and the delay follow as in RFC 5905, 8.
func (t *timesync) message(body string) {
	var stamps [4]int64
	var known int
	utc := true
	var delay, dispersion decimal
	var hasDelay, hasDispersion bool
	for member := range strings.SplitSeq(body, ", ") {
		name, value, _ := strings.Cut(member, "=")
		switch name {
		case "Leap":
			t.leap = value
		case "Stratum":
			t.stratum = value
		case "RootDelay":
			delay, hasDelay = parseTimespan(value)
		case "RootDispersion":
			dispersion, hasDispersion = parseTimespan(value)
		case "Ignored", "Spike":
			t.ignored = t.ignored || strings.HasPrefix(value, "yes")
		}
		for i, stamp := range []string{"OriginateTimestamp", "ReceiveTimestamp", "TransmitTimestamp", "DestinationTimestamp"} {
			if name == stamp {
				at, zone, ok := systemdTime(value)
				if ok {
					stamps[i] = at
					known++
				}
				utc = utc && zone == "UTC"
			}
		}
	}
	if known != 4 {
		t.bad = "NTPMessage"
		return
	}
	const slack = int64(time.Second)
	there, back := stamps[1]-stamps[0], stamps[2]-stamps[3]
	t.offset, t.hasOffset = decimal{(there + back) / 2, slack}, true
	t.delay, t.hasDelay = decimal{(stamps[3] - stamps[0]) - (stamps[2] - stamps[1]), slack}, true
	if utc {
		t.at = stamps[3]
	}
	t.distance = decimal{absNanos(delay.nanos)/2 + absNanos(dispersion.nanos), delay.slack + dispersion.slack}
	t.hasDistance = hasDelay && hasDispersion
}

// systemdTime parses a time as systemd prints it, "Fri 2026-11-20 10:52:38 UTC", as if its zone were UTC:
// only the abbreviation of the zone is printed.
func systemdTime(s string) (nanos int64, zone string, ok bool) {
	const layout = "Mon 2006-01-02 15:04:05"
	if len(s) < len(layout)+2 {
		return 0, "", false
	}
	at, err := time.Parse(layout, s[:len(layout)])
	return at.UnixNano(), strings.TrimSpace(s[len(layout):]), err == nil && at.Year() > 1970 && at.Year() < 2261
}
