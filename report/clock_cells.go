package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/align"
)

// clockTerms says what the offsets of the clocks are against, when their bounds hold, and what the status means.
func clockTerms(c *Clocks) []string {
	against := "UTC"
	if c.Reference != align.UTC {
		against = "the clock of " + clockName(c, c.Reference)
	}
	if slices.ContainsFunc(c.Domains, func(d ClockDomain) bool { return d.Middle != nil && d.Reference != c.Reference && !alone(c, &d) }) {
		against += ", or else the clock that STATUS names,"
	}
	terms := []string{fmt.Sprintf("offsets against %s in the middle of the capture, positive where a clock is ahead; bounds hold while no clock gains or loses more than %g ppm", against, c.MaxDriftPPM)}
	off := map[string]bool{}
	for i := range c.Domains {
		if side, on := standing(&c.Domains[i]); side != "" {
			off[on] = true
		}
	}
	var on []string
	if off["proven"] {
		on = append(on, "proven by the hard bounds")
	}
	if off["assumed"] {
		on = append(on, "assumed where it takes the assumed ones, which hold if servers' spans end before their callers have the answer")
	}
	if on != nil {
		terms = append(terms, "ahead, behind: the bounds of the offset leave 0 out ("+strings.Join(on, "; ")+"); witnessmark align takes the offset out")
	}
	return terms
}

// standing tells on which side of its reference a clock is, in the middle of the capture: "ahead" or "behind" and whether
// that is "proven" by the hard bounds or "assumed"; "" where the bounds leave room for no offset.
func standing(d *ClockDomain) (side, on string) {
	if d.Middle == nil || d.Status == string(align.StatusReference) {
		return "", ""
	}
	for _, b := range []struct {
		Bounds
		on string
	}{{d.Middle.Hard, "proven"}, {d.Middle.Assumed, "assumed"}} {
		switch {
		case b.LowNS != nil && *b.LowNS > 0:
			return "ahead", b.on
		case b.HighNS != nil && *b.HighNS < 0:
			return "behind", b.on
		}
	}
	return "", ""
}

// standingText is the status of a clock in words. The document's word for one that is placed, "aligned", would read as
// "this clock is right" beside an offset that it must be corrected by.
func standingText(c *Clocks, d *ClockDomain) string {
	side, on := standing(d)
	other := ""
	if d.Reference != c.Reference {
		other = clockName(c, d.Reference)
	}
	text := ""
	switch {
	case side != "" && other != "":
		text = side + map[string]string{"ahead": " of ", "behind": " "}[side] + other + " (" + on + ")"
	case side != "":
		text = side + " (" + on + ")"
	case d.Status != string(align.StatusAligned) && other != "":
		return d.Status + ", against " + other
	case d.Status != string(align.StatusAligned):
		return d.Status
	case other != "":
		return "not shown to differ from " + other
	default:
		return "not shown to be off"
	}
	if d.Status != string(align.StatusAligned) {
		text += ", " + d.Status
	}
	return text
}

// driftText writes the bounds of a clock's rate, rounded outwards: what the bounds of its offset at both ends of the longest
// time without a step leave room for. The estimate of the rate alone would read as a fact.
func driftText(c *Clocks, d *ClockDomain) string {
	low, high, over := -c.MaxDriftPPM, c.MaxDriftPPM, 0.0
	for _, s := range d.Segments {
		a, b := &s.Points[0], &s.Points[len(s.Points)-1]
		from, err1 := strconv.ParseInt(a.AtUnixNano, 10, 64)
		to, err2 := strconv.ParseInt(b.AtUnixNano, 10, 64)
		if err1 != nil || err2 != nil || float64(to-from) <= over {
			continue
		}
		low, high, over = -c.MaxDriftPPM, c.MaxDriftPPM, float64(to-from)
		first, last := a.trusted(c), b.trusted(c)
		if last.LowNS != nil && first.HighNS != nil {
			low = max(low, (float64(*last.LowNS)-float64(*first.HighNS))/over*1e6)
		}
		if last.HighNS != nil && first.LowNS != nil {
			high = min(high, (float64(*last.HighNS)-float64(*first.LowNS))/over*1e6)
		}
	}
	if low <= -c.MaxDriftPPM && high >= c.MaxDriftPPM {
		return "open"
	}
	parts := 10.0 // of a ppm
	if max(-low, high) >= 10 {
		parts = 1
	}
	return fmt.Sprintf("%+g … %+g ppm", math.Floor(low*parts)/parts, math.Ceil(high*parts)/parts)
}

// trusted returns the bounds that the model goes by.
func (p *ClockPoint) trusted(c *Clocks) Bounds {
	if c.Trust == string(align.TrustHard) {
		return p.Hard
	}
	return p.Assumed
}

// clockCells returns what a table shows of a clock: its name, zone, services, offset, hard and assumed bounds, 95 %
// interval, drift, steps, and last its status.
func clockCells(c *Clocks, d *ClockDomain, all bool) []string {
	offset, hard, assumed, likely, drift, steps := "", "", "", "", "", ""
	if d.Middle != nil {
		offset, hard = signedDuration(d.Middle.OffsetNS), boundsText(d.Middle.Hard)
		if !sameBounds(d.Middle.Hard, d.Middle.Assumed) {
			assumed = boundsText(d.Middle.Assumed)
		}
	}
	status := d.Status
	if alone(c, d) {
		offset, hard, assumed, status = "", "", "", "alone"
	} else if d.Status == string(align.StatusReference) && d.Domain == d.Reference {
		offset, hard, assumed = "0", "", ""
	} else if d.Middle != nil {
		on := restsOn(d)
		if all {
			likely = boundsText(d.Middle.Likely)
		}
		if all && (on == onCalls || d.DriftPPM != 0) {
			drift = driftText(c, d)
		}
		status = standingText(c, d)
		if on == onBounds {
			status += ", bounds only"
			likely = ""
			if b := d.Middle.Assumed; b.LowNS == nil || b.HighNS == nil {
				offset = "" // a bound is no estimate
			}
		}
	}
	if len(d.Steps) > 0 {
		steps = thousands(len(d.Steps))
	}
	return []string{clockLabel(d), d.AZ, strings.Join(d.Services, ","), offset, hard, assumed, likely, drift, steps, status}
}
