package evidence

import (
	"bytes"
	"strconv"
	"strings"
)

// A page of node_exporter's metrics holds what the kernel knows about its clock (collector/timex.go,
// adjtimex(2)). Rules:
//   - maxerror is the kernel's bound on the difference from UTC: what the daemon last told it (chronyd:
//     root delay / 2 + root dispersion; ntpd: root distance), and 500 ppm since then (kernel/time/ntp.c,
//     second_overflow).
//   - offset is what the kernel has still to correct. The daemon's bound is about the clock once that is
//     done, so that it widens the bound on both sides.
//   - sync_status 0 means that nobody told the kernel that it is synchronised: without rtcsync, chronyd
//     does not either.
//   - node_time_seconds is the clock itself, read for the same page by a collector that ran at the same
//     time.

// timexPage gathers the samples of one set of labels.
type timexPage struct {
	ref       Ref
	labels    string
	values    map[string]string // by name, without "node_"
	host      string            // nodename of node_uname_info
	stamp     string            // of the samples, as written
	seenTimex bool
}

// timexReader picks node_exporter's samples out of a page.
type timexReader struct {
	in    *input
	pages []*timexPage
	by    map[string]*timexPage
}

// maxTimexPages bounds the hosts of a federated page.
const maxTimexPages = 10_000

// timexNames are the samples that count.
var timexNames = map[string]bool{
	"timex_offset_seconds": true, "timex_maxerror_seconds": true, "timex_sync_status": true,
	"timex_frequency_adjustment_ratio": true, "time_seconds": true, "uname_info": true,
}

// line takes one line of a page.
func (t *timexReader) line(line []byte, ref Ref) {
	rest, found := bytes.CutPrefix(line, []byte("node_"))
	if !found {
		return
	}
	n := bytes.IndexAny(rest, "{ ")
	if n < 0 || !timexNames[string(rest[:n])] || !isMetricSample(line) {
		return
	}
	name, rest := string(rest[:n]), rest[n:]
	labels := ""
	if rest[0] == '{' {
		end := bytes.LastIndex(rest, []byte("} "))
		if end < 0 {
			return
		}
		labels, rest = string(rest[1:end]), rest[end+1:]
	}
	f := bytes.Fields(rest)
	instance := labelValue(labels, "instance")
	p := t.by[instance]
	if p == nil {
		if len(t.pages) == maxTimexPages {
			return
		}
		p = &timexPage{labels: instance, values: map[string]string{}, ref: ref}
		t.by[instance] = p
		t.pages = append(t.pages, p)
	}
	switch {
	case name == "uname_info":
		p.host = labelValue(labels, "nodename")
		return
	case strings.HasPrefix(name, "timex_") && !p.seenTimex:
		p.seenTimex, p.ref = true, ref
	}
	if strings.HasPrefix(name, "timex_") {
		p.ref.Len = ref.Off + ref.Len - p.ref.Off
		if len(f) > 1 && !bytes.Equal(f[1], []byte("#")) {
			p.stamp = string(f[1])
		}
	}
	p.values[name] = string(f[0])
}

// labelValue returns the value of a label as written, "" if there is none or it has escapes: host names
// have none.
func labelValue(labels, name string) string {
	for rest := labels; rest != ""; {
		key, after, found := strings.Cut(rest, `="`)
		value, next, closed := strings.Cut(after, `"`)
		if !found || !closed || strings.Contains(value, `\`) {
			return ""
		}
		if strings.Trim(key, ", ") == name {
			return value
		}
		rest = next
	}
	return ""
}

// finish makes the rows. A sample's time is in seconds in OpenMetrics, and in milliseconds otherwise.
func (t *timexReader) finish(openMetrics bool) {
	unit := unitMillis
	if openMetrics {
		unit = unitSeconds
	}
	for _, p := range t.pages {
		if !p.seenTimex {
			continue
		}
		if t.in.art.Clock == nil {
			t.in.art.Clock = &ClockStats{}
		}
		p.add(t.in.art.Clock, unit)
		if p.host != "" && len(t.pages) == 1 {
			t.in.art.Identity.Host = Attr{Value: p.host, From: "node_uname_info nodename"}
		}
	}
}

// collectorSpread is how far apart node_exporter's collectors may read the clock and the kernel's state:
// they run at the same time, and a page takes less than this.
const collectorSpread = 1e9

func (p *timexPage) add(c *ClockStats, stampUnit int) {
	r := ClockReading{Ref: p.ref, Source: "node_exporter timex", Kind: ClockOffset, Basis: ClockStated, Host: p.host}
	if r.Host == "" {
		r.Host, _, _ = strings.Cut(p.labels, ":")
	}
	age := &reportAge{}
	if now, ok := parseNanos([]byte(p.values["time_seconds"]), unitSeconds); ok && now.nanos > collectorSpread {
		r.At, r.Until, age = now.nanos-collectorSpread, now.nanos+collectorSpread, nil
	} else if at, ok := parseNanos([]byte(p.stamp), stampUnit); ok && at.nanos > 0 {
		// Whose clock wrote the stamp is not told.
		r.At, r.Until, r.Basis, age = at.nanos, at.nanos, ClockAged, nil
	}
	offset, hasOffset := parseNanos([]byte(p.values["timex_offset_seconds"]), unitSeconds)
	bound, hasBound := parseNanos([]byte(p.values["timex_maxerror_seconds"]), unitSeconds)
	bound.slack = min(bound.slack, 1) // as many digits are printed as it has
	if ratio, err := strconv.ParseFloat(p.values["timex_frequency_adjustment_ratio"], 64); err == nil && ratio > 0.5 && ratio < 2 {
		r.RatePPM = (1 - ratio) * 1e6
	}
	width, fits := rootDistance(decimal{}, bound, absNanos(offset.nanos)/2)
	width, fitsToo := addNanos(width, absNanos(offset.nanos)/2)
	switch synced := p.values["timex_sync_status"]; {
	case synced == "0":
		r.Kind, r.Basis = ClockUnsynchronised, ClockNoBound
		r.Text = "node_timex_sync_status is 0"
	case synced != "1", !hasOffset, !hasBound, !fits, !fitsToo, bound.nanos <= 0:
		r.Basis, age = ClockNoBound, nil
	default:
		r.Error = width
	}
	c.addUndated(r, age)
}
