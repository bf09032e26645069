package clocks

import (
	"fmt"
	"math"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
)

// Drift is WM5004.
var Drift = analyze.Detector{
	ID: "WM5004", Name: "clock-drift",
	Doc: analyze.Doc{
		Title: "A host's clock runs fast or slow",
		Text: "Between two readings of the capture the clock gained or lost more against the reference than the parameter " +
			"clock_drift_ppm (10 ppm, 0.6 ms a minute) allows. A clock that a time daemon holds gains less than 1 ppm; a " +
			"free quartz gains up to 100. A daemon that corrects an offset may run the clock at up to 500 ppm for a " +
			"while, so a rate is no verdict on the daemon by itself, but an offset measured once is wrong a minute later.",
		Proof: "The offset's bounds at the first and the last point of the longest time without a step are so far apart that " +
			"every straight line between them is steeper than the parameter says, and lie at least 10 s apart (the parameter " +
			"drift_time_ns). bounded: by the hard bounds. heuristic: " +
			"only by the assumed bounds, which need that a server's span ends before the caller has its answer.",
		Blind: "A rate that changes within the capture shows as its average. Short captures and wide bounds leave room " +
			"for any rate. Without UTC the rate is against the reference clock, and either of the two may be the one " +
			"that drifts; where more than half of the clocks drift alike against it, it is the reference that is reported.",
		Fix: "Look at whether a time daemon runs on that host and whether it is slewing. To read the capture, put the " +
			"clocks together with witnessmark align, which follows a drift.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans | analyze.NeedClocks,
	Run: func(p *analyze.Pass) error {
		return withSolution(p, reportDrift)
	},
}

// rates is how fast a clock gained between two readings, in parts per million.
type rates struct {
	low, high float64 // infinite where nothing bounds it
	over      int64   // nanoseconds
}

// rateOf returns the rate over the longest segment of a clock.
func rateOf(d *align.Domain, choose func(*align.Point) align.Interval) rates {
	r := rates{math.Inf(-1), math.Inf(1), 0}
	for _, seg := range d.Segments {
		a, b := seg.Points[0], seg.Points[len(seg.Points)-1]
		over := int64(b.At - a.At)
		if over <= r.over {
			continue
		}
		r = rates{math.Inf(-1), math.Inf(1), over}
		change := difference(choose(&b), choose(&a), 0)
		if change.Low != math.MinInt64 {
			r.low = rate(change.Low, over)
		}
		if change.High != math.MaxInt64 {
			r.high = rate(change.High, over)
		}
	}
	return r
}

func reportDrift(p *analyze.Pass, s *Solution) {
	limit := p.Options.Drift()
	var found []analyze.Finding
	fast, slow, of := map[int]int{}, map[int]int{}, map[int]int{}
	for i := range s.Model.Domains {
		d := &s.Model.Domains[i]
		if d.Status == align.StatusReference && d.Name == d.Reference {
			p.Measures(zeroed(analyze.M("clock.drift_ppm", "ppm", 0, "domain", d.Name)))
			continue
		}
		if !placed(d) {
			continue
		}
		m := driftMeasure(s, d)
		p.Measures(m)
		of[d.Component]++
		f, up := driftFinding(s, d, limit, p.Options.DriftTime())
		if f == nil {
			continue
		}
		if up {
			fast[d.Component]++
		} else {
			slow[d.Component]++
		}
		f.Measures = []analyze.Measure{m}
		f.Exhibits = s.exhibits(p, d, f.Basis == analyze.Bounded, align.Instant(s.Middle))
		found = append(found, *f)
	}
	reportMost(p, s.blameReference(p, found, fast, slow, of), "clock")
}

// zeroed gives a measure the bounds of its value.
func zeroed(m analyze.Measure) analyze.Measure {
	low, high := m.Value, m.Value
	m.Low, m.High = &low, &high
	return m
}

func driftMeasure(s *Solution, d *align.Domain) analyze.Measure {
	m := analyze.M("clock.drift_ppm", "ppm", d.DriftPPM, "domain", d.Name)
	r := rateOf(d, s.trusted())
	if !math.IsInf(r.low, 0) && !math.IsInf(r.high, 0) {
		m.Low, m.High = &r.low, &r.high
	}
	return m
}

// driftFinding reports a clock whose rate is beyond limit for certain, nil if none is. up says that it gains.
func driftFinding(s *Solution, d *align.Domain, limit float64, shortest int64) (f *analyze.Finding, up bool) {
	against := s.name(d.Reference)
	if d.Reference != align.UTC {
		against = "the clock of " + against
	}
	for _, class := range []struct {
		choose func(*align.Point) align.Interval
		basis  analyze.Basis
		given  string
	}{
		{hard, analyze.Bounded, ""},
		{assumed, analyze.Heuristic, ifAnswers},
	} {
		r := rateOf(d, class.choose)
		if r.over < shortest {
			return nil, false
		}
		up = r.low > limit
		if !up && r.high >= -limit {
			continue
		}
		verb, low, high := "gains", r.low, r.high
		if !up {
			verb, low, high = "loses", -r.high, -r.low
		}
		amount := fmt.Sprintf("%.1f to %.1f ppm", math.Floor(low*10)/10, math.Ceil(high*10)/10)
		if math.IsInf(high, 0) {
			amount = fmt.Sprintf("at least %.1f ppm", math.Floor(low*10)/10)
		}
		return &analyze.Finding{
			Basis:   class.basis,
			Subject: analyze.Subject("domain", d.Name, "host", NameOf(d)),
			Message: fmt.Sprintf("%sthe clock of %s %s %s against %s over %s", class.given, NameOf(d), verb, amount, against, show(r.over)),
		}, up
	}
	return nil, false
}

// blameReference replaces the findings of a component in which more than half of at least three clocks drift
// the same way against a reference that is a clock like them: then it is the reference that drifts.
func (s *Solution) blameReference(p *analyze.Pass, found []analyze.Finding, fast, slow, of map[int]int) []analyze.Finding {
	var out []analyze.Finding
	blamed := map[int]bool{}
	for _, f := range found {
		c := s.Model.Domain(f.Subject["domain"]).Component
		ref := s.Model.Domain(s.Model.Domain(f.Subject["domain"]).Reference)
		n, verb := fast[c], "loses"
		if slow[c] > n {
			n, verb = slow[c], "gains"
		}
		if ref == nil || of[c] < 2 || 2*n <= of[c]+1 {
			out = append(out, f)
			continue
		}
		if blamed[c] {
			continue
		}
		blamed[c] = true
		f.Basis = analyze.Heuristic
		f.Subject = analyze.Subject("domain", ref.Name, "host", NameOf(ref))
		f.Message = fmt.Sprintf("the clock of %s, the reference, %s against %d of the %d other clocks, by more than %g ppm: it is likelier that it drifts than that they all do",
			NameOf(ref), verb, n, of[c], p.Options.Drift())
		f.Measures = nil
		f.Exhibits = s.exhibits(p, ref, false, align.Instant(s.Middle))
		out = append(out, f)
	}
	return out
}
