package evidence

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// Answers of chronyc (4.x) as text and, with -c, as comma-separated values without a header (client.c,
// print_report). Rules of `chronyc tracking`, each learnt from captures whose true clock is known:
//   - Positive is fast in CSV's frequency, and slow in CSV's system time, which is what has to be added
//     to the clock. The text says fast or slow.
//   - The bound of the system time is root delay / 2 + root dispersion (reference.c: chronyd gives the
//     kernel the same as its maximum error), both as of the report.
//   - Without a source it prints offset 0, stratum 0 and "Not synchronised". With a local reference it
//     prints offset 0, stratum 10 and "Normal": refid 7F7F0101 (ntp.h, NTP_REFID_LOCAL) is no tie to UTC.
//   - It does not say when it was made. Reference time is that of the last update. Root dispersion has
//     grown since then by skew + |residual frequency| + maxclockerror (reference.c, get_root_dispersion),
//     which bounds the age. The update interval does not: it is that between the last two updates, and
//     captures show reports twenty intervals old.
//
// `chronyc sources` and `sourcestats` show offsets against the clock as chronyd corrects it: they are
// no readings of the host's clock.

var (
	formatChronyTracking    = format{sniff: sniffChronyTracking, read: readChronyTracking}
	formatChronySources     = format{sniff: sniffChronySources, read: readChronySources}
	formatChronySourcestats = format{sniff: sniffChronySourcestats, read: readChronySourcestats}
)

// chronyTracking is one report. Instants and offsets have this package's signs.
type chronyTracking struct {
	refID                 uint32
	stratum               int
	refNanos, refWidth    int64
	offset                decimal // positive is fast
	rate, residual, skew  float64 // ppm, positive is fast
	rootDelay, dispersion decimal
	leap                  string
}

const (
	chronyLocalRefID = 0x7f7f0101
	notSynchronised  = "Not synchronised"
	maxClockErrorPPM = 1 // chronyd's default of maxclockerror
)

// row makes the row of a report.
func (t *chronyTracking) row(ref Ref) (ClockReading, *reportAge) {
	r := ClockReading{Ref: ref, Source: "chronyc tracking", Kind: ClockUnsynchronised, Text: t.leap}
	age := &reportAge{refNanos: t.refNanos, refWidth: t.refWidth}
	switch {
	case t.leap == notSynchronised, t.stratum == 0, t.refID == 0:
		return r, age
	case t.refID == chronyLocalRefID:
		r.Text = "local reference"
		return r, age
	}
	r.Kind, r.Basis = ClockOffset, ClockStated
	r.Offset, r.RatePPM, r.SkewPPM = t.offset.nanos, t.rate, t.skew
	if t.refNanos > 0 {
		r.Measured, r.MeasuredUntil = t.refNanos, t.refNanos+t.refWidth
	}
	var fits bool
	if r.Error, fits = rootDistance(t.rootDelay, t.dispersion, t.offset.slack); !fits {
		r.Basis = ClockNoBound
	}
	var proven bool
	if age.maxNanos, proven = t.maxAge(); !proven && r.Basis == ClockStated {
		r.Basis = ClockAged
	}
	return r, age
}

// maxAge returns how long ago the last update can have been at most. All of the root dispersion may have
// come since, at a rate that is proven where skew and residual frequency make up most of it, and else
// takes maxclockerror at its default.
func (t *chronyTracking) maxAge() (nanos int64, proven bool) {
	const half = 0.0005 // ppm, rounded away from each when it was printed
	rate := max(0, math.Abs(t.skew)-half) + max(0, math.Abs(t.residual)-half)
	if proven = rate >= maxClockErrorPPM; !proven {
		rate += maxClockErrorPPM
	}
	age := math.Ceil(float64(absNanos(t.dispersion.nanos)+t.dispersion.slack) / rate * 1e6)
	if age >= math.MaxInt64/4 {
		return 0, proven
	}
	return int64(age), proven
}

// rootDistance returns delay / 2 + dispersion, rounded up, and what was rounded away when they were
// printed. It is a maximum error, so that negative delays, which chronyd can measure, count as they are
// long.
func rootDistance(delay, dispersion decimal, slack int64) (int64, bool) {
	sum := int64(0)
	for _, part := range []int64{absNanos(delay.nanos)/2 + 1, absNanos(dispersion.nanos), delay.slack, dispersion.slack, slack} {
		var fits bool
		if sum, fits = addNanos(sum, part); !fits {
			return 0, false
		}
	}
	return sum, true
}

// absNanos is the magnitude; the smallest number, which has none, becomes the largest.
func absNanos(n int64) int64 {
	if n == math.MinInt64 {
		return math.MaxInt64
	}
	return max(n, -n)
}

func readChronyTracking(in *input) bool {
	comma := bytes.IndexByte(in.data()[:min(len(in.data()), 9)], ',') == 8
	c := newClockReader(in, "chrony/tracking")
	if comma {
		c.csv("no row of chronyc -c tracking", c.trackingCSV, func(f [][]byte) bool { return len(f) == 14 && isLeap(f[13]) })
		return true
	}
	p := chronyText{c: c}
	c.each(p.line, func(line []byte) bool {
		name, value, _ := bytes.Cut(line, []byte(":"))
		return string(bytes.TrimSpace(name)) == "Leap status" && isLeap(bytes.TrimSpace(value))
	})
	p.end()
	return true
}

func (c *clockReader) trackingCSV(f [][]byte, ref Ref) bool {
	if len(f) != 14 || !isLeap(f[13]) {
		return false
	}
	var t chronyTracking
	id, err := strconv.ParseUint(string(f[0]), 16, 32)
	stratum, stratumErr := strconv.ParseUint(string(f[2]), 10, 8)
	refTime, ok := parseNanos(f[3], unitSeconds)
	if err != nil || stratumErr != nil || !ok {
		return false
	}
	t.refID, t.stratum, t.refNanos, t.refWidth = uint32(id), int(stratum), refTime.nanos, refTime.slack
	for i, d := range map[int]*decimal{4: &t.offset, 10: &t.rootDelay, 11: &t.dispersion, 12: new(decimal)} {
		if *d, ok = parseNanos(f[i], unitSeconds); !ok {
			return false
		}
	}
	t.offset.nanos = -t.offset.nanos
	for i, p := range map[int]*float64{7: &t.rate, 8: &t.residual, 9: &t.skew} {
		if *p, ok = parsePPM(f[i]); !ok {
			return false
		}
	}
	t.leap = string(f[13])
	c.stats.addUndated(t.row(ref))
	return true
}

// chronyText reads reports of `chronyc tracking` from text.
type chronyText struct {
	c    *clockReader
	t    chronyTracking
	from int64 // offset of the report that is open, whose fields are in seen
	to   int64
	seen map[string]bool
	bad  string // the first field that could not be read
}

// trackingFields are all that a report has and the row needs.
var trackingFields = []string{"Reference ID", "Stratum", "Ref time (UTC)", "System time", "Frequency", "Residual freq",
	"Skew", "Root delay", "Root dispersion", "Update interval", "Leap status"}

func (p *chronyText) line(line []byte, ref Ref) {
	name, value, found := bytes.Cut(line, []byte(":"))
	key := string(bytes.TrimSpace(name))
	if !found {
		return
	}
	if key == "Reference ID" {
		p.end()
		p.t, p.seen, p.bad, p.from = chronyTracking{}, map[string]bool{}, "", ref.Off
	}
	if p.seen == nil {
		return
	}
	p.to = ref.Off + ref.Len
	if ok, known := p.t.field(key, string(bytes.TrimSpace(value))); known {
		p.seen[key] = true
		if !ok && p.bad == "" {
			p.bad = key
		}
	}
	if key == "Leap status" {
		p.end()
	}
}

// end closes the report that is open.
func (p *chronyText) end() {
	if p.seen == nil {
		return
	}
	ref := p.c.in.ref(p.from, p.to-p.from)
	missing := ""
	for _, f := range trackingFields {
		if !p.seen[f] {
			missing = f
			break
		}
	}
	p.seen = nil
	switch {
	case p.bad != "":
		p.c.lose(ref, "%q of the report cannot be read", p.bad)
	case missing == "":
		p.c.stats.addUndated(p.t.row(ref))
	case p.c.in.cutDone:
	case p.c.in.eof && len(p.c.in.data()) == 0:
		p.c.in.cut(ref.Off, ref.Off+ref.Len, "the file ends inside a report: %q is missing", missing)
	default:
		p.c.lose(ref, "the report has no %q", missing)
	}
}

// field reads one line of the text form.
func (t *chronyTracking) field(key, value string) (ok, known bool) {
	number, rest, _ := cutWord(value)
	switch key {
	case "Reference ID":
		id, err := strconv.ParseUint(number, 16, 32)
		t.refID = uint32(id)
		return err == nil, true
	case "Stratum":
		n, err := strconv.ParseUint(value, 10, 8)
		t.stratum = int(n)
		return err == nil, true
	case "Ref time (UTC)":
		at, err := time.Parse("Mon Jan _2 15:04:05 2006", value)
		if err != nil || at.Year() < 1970 || at.Year() > 2261 {
			return false, true
		}
		t.refNanos, t.refWidth = at.UnixNano(), int64(time.Second)
		return true, true
	case "System time":
		t.offset, ok = parseNanos([]byte(number), unitSeconds)
		switch rest {
		case "seconds fast of NTP time":
		case "seconds slow of NTP time":
			t.offset.nanos = -t.offset.nanos
		default:
			ok = false
		}
		return ok, true
	case "Frequency":
		t.rate, ok = parsePPM([]byte(number))
		if rest == "ppm slow" {
			t.rate = -t.rate
		}
		return ok && (rest == "ppm fast" || rest == "ppm slow"), true
	case "Residual freq":
		t.residual, ok = parsePPM([]byte(number))
		return ok && rest == "ppm", true
	case "Skew":
		t.skew, ok = parsePPM([]byte(number))
		return ok && rest == "ppm", true
	case "Root delay", "Root dispersion", "Update interval":
		d := map[string]*decimal{"Root delay": &t.rootDelay, "Root dispersion": &t.dispersion, "Update interval": new(decimal)}[key]
		*d, ok = parseNanos([]byte(number), unitSeconds)
		return ok && rest == "seconds", true
	case "Leap status":
		t.leap = value
		return isLeap([]byte(value)), true
	}
	return true, false
}
