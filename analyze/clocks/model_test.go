package clocks

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// ms is a number of milliseconds in nanoseconds.
const ms = int64(1e6)

// within makes bounds in milliseconds.
func within(low, high float64) align.Interval {
	i := align.Unbounded
	if !math.IsInf(low, 0) {
		i.Low = int64(low * 1e6)
	}
	if !math.IsInf(high, 0) {
		i.High = int64(high * 1e6)
	}
	return i
}

var none = math.Inf(1)

// standing makes a clock that stood between bounds for 10 s from at on.
func standing(name, reference string, hard, assumed align.Interval) align.Domain {
	mid := func(i align.Interval) int64 {
		if i.Open() {
			return 0
		}
		return i.Low + (i.High-i.Low)/2
	}
	p := align.Point{At: align.Instant(at), Offset: mid(assumed), Hard: hard, Assumed: assumed, Likely: assumed}
	q := p
	q.At += 10e9
	return align.Domain{
		Name: name, Reference: reference, Status: align.StatusAligned, From: "resource host.id",
		Segments: []align.Segment{{Points: []align.Point{p, q}}},
	}
}

func reference(name string) align.Domain {
	d := standing(name, name, align.Interval{}, align.Interval{})
	d.Status = align.StatusReference
	return d
}

func model(domains ...align.Domain) *align.Model {
	return &align.Model{
		Schema: align.ModelSchema, Reference: domains[0].Reference, Trust: align.TrustAssumed, MaxDriftPPM: 10, Domains: domains,
	}
}

// judge runs a check on a model, with calls among hosts h1 to h4 as exhibits.
func judge(t *testing.T, s *Solution, o analyze.Options, check func(*analyze.Pass, *Solution)) []string {
	t.Helper()
	r := judged(t, s, o, check)
	return lines(r, "WM9999")
}

func judged(t *testing.T, s *Solution, o analyze.Options, check func(*analyze.Pass, *Solution)) *analyze.Result {
	t.Helper()
	var all []tiny.Span
	for i, hosts := range [][2]string{{"h1", "h2"}, {"h1", "h3"}, {"h1", "h4"}} {
		for _, x := range call(nil, func(s *tiny.Span) { s.Host = hosts[1] }) {
			x.Trace = uint64(i + 1)
			all = append(all, x)
		}
	}
	probe := analyze.Detector{ID: "WM9999", Name: "probe", Needs: analyze.NeedSpans,
		Doc: analyze.Doc{Severity: analyze.Warning},
		Run: func(p *analyze.Pass) error { check(p, s); return nil }}
	r := analyze.Run(read(all...), []analyze.Detector{probe}, o)
	if c := r.Checks[0]; c.Outcome == analyze.Failed {
		t.Fatalf("the check failed: %s", c.Reason)
	}
	return r
}

func TestSkew(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *align.Model
		want  []string
	}{
		{"fires: hard bounds against UTC", model(standing("h2", align.UTC, within(-43.0005, -42.1), within(-43, -42.5))), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 is 42.1ms to 43.001ms behind UTC`,
		}},
		{"fires: assumed bounds only, and says so", model(standing("h2", align.UTC, within(-3, none), within(4, 6))), []string{
			`warning heuristic "domain"="h2","host"="h2", if servers' spans end before their callers have the answer, the clock of h2 is 4ms to 6ms ahead of UTC`,
		}},
		{"fires: a half-open hard bound", model(standing("h2", align.UTC, within(4, none), within(4, none))), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 is at least 4ms ahead of UTC`,
		}},
		{"fires: of two clocks either may be wrong", model(reference("h1"), standing("h2", "h1", within(4, 6), within(4, 6))), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 is 4ms to 6ms ahead of that of h1; which of the two is wrong the evidence does not tell`,
		}},
		{"fires: two that agree against one", model(reference("h1"), standing("h2", "h1", within(38, 41), within(38, 41)), standing("h3", "h1", within(39, 42), within(39, 42)),
			standing("h4", "h1", within(30, 32), within(30, 32))), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 is 38ms to 41ms ahead of that of h1; that of h3 agrees with it within the bounds, so that of h1 is the likelier to be wrong`,
			`warning bounded "domain"="h3","host"="h3", the clock of h3 is 39ms to 42ms ahead of that of h1; that of h2 agrees with it within the bounds, so that of h1 is the likelier to be wrong`,
			`warning bounded "domain"="h4","host"="h4", the clock of h4 is 30ms to 32ms ahead of that of h1; which of the two is wrong the evidence does not tell`,
		}},
		{"fires: two against two", model(reference("h1"), standing("h2", "h1", within(38, 41), within(38, 41)), standing("h3", "h1", within(39, 42), within(39, 42)),
			standing("h4", "h1", within(-2, 4), within(-2, 4))), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 is 38ms to 41ms ahead of that of h1; which of the two is wrong the evidence does not tell`,
			`warning bounded "domain"="h3","host"="h3", the clock of h3 is 39ms to 42ms ahead of that of h1; which of the two is wrong the evidence does not tell`,
		}},
		{"fires: the reference is the one that is off", model(reference("h1"), standing("h2", "h1", within(39.8, 40.2), within(39.8, 40.2)),
			standing("h3", "h1", within(39.9, 40.1), within(39.9, 40.1)), standing("h4", "h1", within(39.7, 40.3), within(39.7, 40.3))), []string{
			`warning bounded "domain"="h1","host"="h1", the clock of h1 is 39.799ms to 40.201ms behind that of h2, with which 3 of 4 clocks agree to within 1ms`,
		}},
		{"near miss: less than the slack for certain", model(standing("h2", align.UTC, within(0.9, 50), within(0.9, 50))), nil},
		{"near miss: open towards zero", model(standing("h2", align.UTC, within(none, 50), within(none, 50))), nil},
		{"silent", model(reference("h1"), standing("h2", "h1", within(-0.3, 0.3), within(-0.2, 0.3))), nil},
		{"silent: nothing is said of it", model(align.Domain{Name: "h2", Status: align.StatusNoPath, Reference: "h2"}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, judge(t, newSolution(c.model, nil), analyze.Options{}, reportSkew)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOffsetMeasures(t *testing.T) {
	m := model(reference("h1"), standing("h2", "h1", within(1, 2), within(1.2, 1.8)), standing("h3", "h1", within(none, none), within(3, none)))
	got := map[string][]any{}
	for _, x := range judged(t, newSolution(m, nil), analyze.Options{}, reportSkew).Measures {
		end := func(v *float64) any {
			if v == nil {
				return nil
			}
			return *v
		}
		got[x.Name+" "+x.Subject["domain"]] = []any{x.Value, end(x.Low), end(x.High)}
	}
	want := map[string][]any{
		"clock.offset_ns h1": {0.0, 0.0, 0.0}, "clock.offset_ns h2": {1.5e6, 1.2e6, 1.8e6}, "clock.offset_ns h3": {0.0, 3e6, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("measures (-want +got):\n%s", diff)
	}
}

// drifting makes a clock whose offset changes by nanos over 10 s, known to within a margin.
func drifting(name, reference string, nanos, margin int64) align.Domain {
	d := standing(name, reference, align.Interval{Low: -margin, High: margin}, align.Interval{Low: -margin, High: margin})
	last := &d.Segments[0].Points[1]
	last.Hard = align.Interval{Low: nanos - margin, High: nanos + margin}
	last.Assumed, last.Offset = last.Hard, nanos
	d.DriftPPM = float64(nanos) / 10e3
	return d
}

func TestDrift(t *testing.T) {
	assumedOnly := drifting("h2", align.UTC, 400_000, 50_000)
	for i := range assumedOnly.Segments[0].Points {
		assumedOnly.Segments[0].Points[i].Hard = align.Unbounded
	}
	for _, c := range []struct {
		name  string
		model *align.Model
		want  []string
	}{
		{"fires: gains", model(drifting("h2", align.UTC, 400_000, 50_000)), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 gains 30.0 to 50.0 ppm against UTC over 10s`,
		}},
		{"fires: loses", model(reference("h1"), drifting("h2", "h1", -400_000, 50_000)), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 loses 30.0 to 50.0 ppm against the clock of h1 over 10s`,
		}},
		{"fires: by assumed bounds only", model(assumedOnly), []string{
			`warning heuristic "domain"="h2","host"="h2", if servers' spans end before their callers have the answer, the clock of h2 gains 30.0 to 50.0 ppm against UTC over 10s`,
		}},
		{"fires: all others drift alike against the reference", model(reference("h1"), drifting("h2", "h1", 400_000, 50_000),
			drifting("h3", "h1", 410_000, 50_000), drifting("h4", "h1", 390_000, 50_000)), []string{
			`warning heuristic "domain"="h1","host"="h1", the clock of h1, the reference, loses against 3 of the 3 other clocks, by more than 10 ppm: it is likelier that it drifts than that they all do`,
		}},
		{"near miss: the bounds leave 10 ppm", model(drifting("h2", align.UTC, 400_000, 150_000)), nil},
		{"silent", model(drifting("h2", align.UTC, 0, 1000)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, judge(t, newSolution(c.model, nil), analyze.Options{}, reportDrift)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// stepped makes a clock that jumped from around zero to within after, 100 ms after at.
func stepped(step align.Step, hard, assumed align.Interval) *align.Model {
	d := standing("h2", align.UTC, within(-1, 1), within(-1, 1))
	first, second := &d.Segments[0].Points[0], d.Segments[0].Points[1]
	last := *first
	step.After, step.Before = align.Instant(at+100e6), align.Instant(at+110e6)
	last.At, second.Hard, second.Assumed = step.After, hard, assumed
	jumped := second
	jumped.At = step.Before
	d.Segments = []align.Segment{{Points: []align.Point{*first, last}}, {Points: []align.Point{jumped, second}}}
	d.Steps = []align.Step{step}
	return model(d)
}

func TestStep(t *testing.T) {
	for _, c := range []struct {
		name  string
		model *align.Model
		want  []string
	}{
		{"fires", stepped(align.Step{Size: -27 * ms, Source: "calls"}, within(-28, -26), within(-28, -26)), []string{
			`warning bounded "domain"="h2","host"="h2", the clock of h2 was set: back by 27ms (24.999ms to 29.001ms) between 2023-11-14 22:13:20.223456Z and 2023-11-14 22:13:20.233456Z by its own time, by calls`,
		}},
		{"fires: by assumed bounds only", stepped(align.Step{Size: 27 * ms}, within(none, none), within(26, 28)), []string{
			`warning heuristic "domain"="h2","host"="h2", the clock of h2 was set: forward by 27ms (24.999ms to 29.001ms if servers' spans end before their callers have the answer) between 2023-11-14 22:13:20.223456Z and 2023-11-14 22:13:20.233456Z by its own time`,
		}},
		{"fires: a slew is a note", stepped(align.Step{Size: 5 * ms, Slew: true}, within(4, 6), within(4, 6)), []string{
			`note bounded "domain"="h2","host"="h2", the clock of h2 was set: slewed forward by 5ms (2.999ms to 7.001ms) between 2023-11-14 22:13:20.223456Z and 2023-11-14 22:13:20.233456Z by its own time`,
		}},
		{"near miss: the bounds hold the slack", stepped(align.Step{Size: 4 * ms}, within(1.9, 6), within(1.9, 6)), nil},
		{"near miss: nothing bounds it", stepped(align.Step{Size: 27 * ms}, within(none, none), within(none, none)), nil},
		{"silent", model(standing("h2", align.UTC, within(-1, 1), within(-1, 1))), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, judge(t, newSolution(c.model, nil), analyze.Options{}, reportSteps)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConflict(t *testing.T) {
	edge := func(from, to string, weight int64) align.CertEdge {
		return align.CertEdge{Class: "H1", From: from, To: to, Weight: weight,
			Trace: strings.Repeat("0", 31) + "1", Earlier: "0000000000000001", Later: "0000000000000002"}
	}
	m := model(reference("h1"), standing("h2", "h1", within(0, 0), within(0, 0)))
	m.Conflicts = []align.Certificate{
		{Domains: []string{"h1", "h2"}, Sum: -3 * ms, Retraction: "domain h1 is two clocks", Edges: []align.CertEdge{edge("h1", "h2", -2*ms), edge("h2", "h1", -1*ms)}},
		{Domains: []string{"h1", "h2"}, Sum: -2 * ms, Edges: []align.CertEdge{edge("h1", "h2", -2*ms)}},
	}
	want := []string{
		`warning bounded "domains"="h1, h2", what is recorded of the clocks of h1, h2 cannot all be true: around h1 to h2 (H1) -2ms, h2 to h1 (H1) -1ms it sums to -3ms; cheapest explanation: domain h1 is two clocks`,
	}
	if diff := cmp.Diff(want, judge(t, newSolution(m, nil), analyze.Options{}, reportConflicts)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	m.Conflicts[0].Assumed = true
	if got := judge(t, newSolution(m, nil), analyze.Options{}, reportConflicts); len(got) != 1 ||
		!strings.Contains(got[0], `warning heuristic "domains"="h1, h2", if servers' spans end before their callers have the answer, what is`) {
		t.Errorf("findings %q of a certificate with answers", got)
	}
	m.Conflicts[0].Edges[0].Trace, m.Conflicts[0].Edges[1].Trace = "none", strings.Repeat("7", 32)
	if got := judge(t, newSolution(m, nil), analyze.Options{}, reportConflicts); len(got) != 1 || !strings.Contains(got[0], "sums to -2ms") {
		t.Errorf("findings %q where the spans of the first certificate are in none of the files, want the second", got)
	}
	m.Conflicts = nil
	if got := judge(t, newSolution(m, nil), analyze.Options{}, reportConflicts); got != nil {
		t.Errorf("findings %q without a conflict", got)
	}
}

func TestAsync(t *testing.T) {
	m := model(reference("h1"), standing("h2", "h1", within(0, 0), within(0, 0)))
	m.Async = []align.Async{{
		Caller: "h1", Callee: "h2", Service: "b", Calls: 3, By: within(2, 4),
		Example: align.CertEdge{Trace: strings.Repeat("0", 31) + "1", Earlier: "0000000000000001", Later: "0000000000000002"},
	}}
	want := []string{`warning bounded "client"="h1","server"="h2","service"="b", 3 calls from h1 to b on h2 go on there when the caller has gone on, by 2ms to 4ms`}
	if diff := cmp.Diff(want, judge(t, newSolution(m, nil), analyze.Options{}, reportAsync)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	m.Async = nil
	if got := judge(t, newSolution(m, nil), analyze.Options{}, reportAsync); got != nil {
		t.Errorf("findings %q where nothing is asynchronous", got)
	}
}

func TestBound(t *testing.T) {
	m := model(standing("h2", align.UTC, within(4, 6), within(4, 6)), standing("h3", align.UTC, within(none, none), within(7, 9)),
		standing("h4", align.UTC, within(9, 12), within(9, 12)))
	got := judge(t, newSolution(m, nil), analyze.Options{MaxSubjects: 1}, reportSkew)
	want := []string{
		`warning heuristic "domain"="(other)","host"="(other)", 2 clocks more are like those listed; the first: if servers' spans end before their callers have the answer, the clock of h3 is 7ms to 9ms ahead of UTC`,
		`warning bounded "domain"="h2","host"="h2", the clock of h2 is 4ms to 6ms ahead of UTC`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestUnsynchronised reads what time daemons say.
func TestUnsynchronised(t *testing.T) {
	const free = "Reference ID    : 00000000 ()\nStratum         : 0\nRef time (UTC)  : Thu Jan 01 00:00:00 1970\n" +
		"System time     : 0.000000000 seconds fast of NTP time\nLast offset     : +0.000000000 seconds\n" +
		"RMS offset      : 0.000000000 seconds\nFrequency       : 0.000 ppm slow\nResidual freq   : +0.000 ppm\n" +
		"Skew            : 0.000 ppm\nRoot delay      : 1.000000000 seconds\nRoot dispersion : 1.000000000 seconds\n" +
		"Update interval : 0.0 seconds\nLeap status     : Not synchronised\n"
	held := strings.NewReplacer("00000000 ()", "0A000001 (10.0.0.1)", "Stratum         : 0", "Stratum         : 3",
		"Thu Jan 01 00:00:00 1970", "Tue Nov 14 22:13:20 2023", "Not synchronised", "Normal",
		"Root delay      : 1.0", "Root delay      : 0.0", "Root dispersion : 1.0", "Root dispersion : 0.0", "Update interval : 0.0", "Update interval : 64.2").Replace(free)
	for _, c := range []struct{ name, text, want string }{
		{"fires", free, `warning proven "host"="db.tracking.txt", a record of db.tracking.txt says that nothing disciplines its clock: `},
		{"silent", held, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lines(run(t, evidence.LoadReader("x/db.tracking.txt", strings.NewReader(c.text), evidence.Options{}), analyze.Options{}), "WM5010")
			if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
				t.Errorf("findings %q, want one that begins with %q", got, c.want)
			}
		})
	}
}

func TestRefuted(t *testing.T) {
	onOne := func(by uint64) []tiny.Span {
		return call(func(c *tiny.Span) { c.Host = "h1" }, func(s *tiny.Span) { s.Host, s.Start, s.End = "h1", at-by, at+60e6 })
	}
	testSpecimens(t, "WM5007", []specimen{
		{name: "fires", spans: onOne(5e6), want: []string{
			`warning proven "domain"="h1","host"="h1", 1 call between processes that name one clock, that of h1, begin before their cause, by up to 5ms: it is not one clock, or it was set back`,
		}},
		{name: "near miss: at the same time", spans: onOne(0)},
		{name: "near miss: two clocks", spans: call(nil, func(s *tiny.Span) { s.Start = at - 5e6 })},
		{name: "silent", spans: call(nil, func(s *tiny.Span) { s.Host = "h1" })},
	})
	d := align.Domain{Name: "h1", Steps: []align.Step{{Size: -9 * ms, Bounds: within(-10, -8)}}}
	if !explained(&d, 9*ms) || explained(&d, 11*ms) {
		t.Error("a step back by 8 to 10 ms explains 9 ms and not 11")
	}
}

// TestQuiet makes no model where offsets of zero satisfy every call, unless asked to.
func TestQuiet(t *testing.T) {
	for _, c := range []struct {
		name   string
		spans  []tiny.Span
		always bool
		want   tie
		model  bool
	}{
		{"nothing crosses", call(nil, func(s *tiny.Span) { s.Host = "h1" }), true, untied, false},
		{"all agree", call(nil, nil), false, quiet, false},
		{"all agree, but asked", call(nil, nil), true, quiet, true},
		{"a request", call(nil, func(s *tiny.Span) { s.Start = at - 5e6 }), false, telling, true},
		{"an answer", call(nil, func(s *tiny.Span) { s.Start, s.End = at+50e6, at+110e6 }), false, telling, true},
		{"a message", call(func(c *tiny.Span) { c.Kind = tiny.Producer }, func(s *tiny.Span) { s.Kind, s.Start = tiny.Consumer, at-5e6 }), false, telling, true},
		{"one clock that may be two", call(nil, func(s *tiny.Span) { s.Host, s.Start = "h1", at-5e6 }), false, telling, true},
	} {
		probe := analyze.Detector{ID: "WM9999", Name: "probe", Needs: analyze.NeedSpans, Run: func(p *analyze.Pass) error {
			if got := tieOf(p); got != c.want || (ModelIndex.Of(p) != nil) != c.model {
				t.Errorf("%s: tie %d, model %v, want %d and %v", c.name, got, ModelIndex.Of(p) != nil, c.want, c.model)
			}
			return nil
		}}
		analyze.Run(read(c.spans...), []analyze.Detector{probe}, analyze.Options{Clocks: analyze.ClockOptions{Always: c.always}})
	}
}
