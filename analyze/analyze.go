// Package analyze judges evidence. A Detector is a constant that looks at a Bundle through a Pass and
// reports Findings and Measures; Run runs many of them in parallel with a result that does not depend
// on their order. The families of detectors live in sub-packages, one file each.
//
// A finding states what the bytes prove (Basis) and points at them (Exhibits); one without an exhibit
// is refused. "Nothing found" and "could not look" are different Outcomes.
package analyze

import (
	"github.com/witnessmark/witnessmark/evidence"
)

// Severity of a finding. A user may override it.
type Severity string

// Severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Basis says how strongly the evidence carries a finding. Nobody may override it.
type Basis string

const (
	Proven    Basis = "proven"    // the bytes imply it
	Bounded   Basis = "bounded"   // true for every value in the stated interval
	Heuristic Basis = "heuristic" // it usually means this
)

// Outcome of one detector in one run.
type Outcome string

const (
	Clean        Outcome = "clean"        // it looked and found nothing
	Found        Outcome = "found"        // it reported findings
	Inapplicable Outcome = "inapplicable" // it had nothing to look at; Check.Reason says why
	Failed       Outcome = "failed"       // it broke; Check.Reason says how
	Disabled     Outcome = "disabled"     // the user switched it off
)

// Detector is one check. It is a constant: it keeps no state between runs.
type Detector struct {
	ID   string // "WM4001", never reused
	Name string // kebab case: "orphan-span"
	Doc  Doc
	// Needs is the evidence without which the detector is inapplicable.
	Needs Needs
	// Run looks at the pass and reports. An error makes the outcome Failed.
	Run func(*Pass) error
}

// Doc documents a detector. `explain`, docs/checks and SARIF help are made from it; a test requires
// every field.
type Doc struct {
	Title string // one line, what is wrong when it fires
	Text  string // what it means and why it matters
	Proof string // what must be true of the bytes for it to fire
	Blind string // what it cannot see, and when it can be wrong
	Fix   string // what to do
	Since string // first version that has it
	// Severity is the worst that its findings have by default.
	Severity Severity
}

// Needs is a set of kinds of evidence, of which a detector needs at least one.
type Needs uint8

const (
	NeedArtifacts Needs = 1 << iota // any artifact at all
	NeedSpans
	NeedProfiles
	NeedDumps
	NeedClocks // statements of a host about its clock
)

// Finding is one thing that a detector found.
type Finding struct {
	ID, Name string   // filled in by Run
	Severity Severity // Doc.Severity unless the detector sets it
	Basis    Basis
	// Subject identifies what the finding is about in the next capture too: services, routes,
	// functions. Never an offset, id, address, time or directory.
	Subject map[string]string
	Message string // one sentence with the numbers in it, no advice
	// Measures that belong to this finding.
	Measures []Measure
	Exhibits []Exhibit
	Fix      string // Doc.Fix unless the detector sets it
}

// Exhibit points at the bytes behind a finding.
type Exhibit struct {
	Ref  evidence.Ref
	Role string // "child", "parent", "sample", "record", "cut"
	Text string // one line: "trace=… span=… GET /borrow"
}

// Measure is a number that diffs and thresholds compare. A detector reports its measures also when it
// is clean.
type Measure struct {
	Name    string
	Unit    string
	Subject map[string]string
	Value   float64
	// Low and High bound the value where it is an interval; both nil where it is exact.
	Low, High *float64
}

// Options parametrise detectors. The zero value of a field means its documented default.
type Options struct {
	// RequireLabels are the pprof label keys that every labelable value must carry (WM2001). Empty:
	// nothing is required.
	RequireLabels []string
	// MaxExhibits bounds the exhibits of one finding; default 5.
	MaxExhibits int
	// MaxSubjects bounds the findings of one detector; default 100. What is beyond shares one finding.
	MaxSubjects int
	// MaxRoutes bounds the routes of one hop that get a finding each (WM4001); default 10. The others
	// share one.
	MaxRoutes int
	// LateShare is the share of a hop's calls whose server span ends after the client span that is
	// normal (WM5002): a hop is reported where the share is above it beyond chance. Default 0.005; of
	// answered gRPC calls, up to 0.002 were seen to end so with clocks that agree.
	LateShare float64
	// LabelSlack is the share of labelable value that may lack a required label before it is an error
	// (WM2001); default 0.05.
	LabelSlack float64
	// MinLabelSamples is the number of CPU samples of one cause and entry function below which a missing
	// label is a note (WM2001); default 5.
	MinLabelSamples int
	// CutStackShare is the share of a profile's value in cut stacks from which on they are a warning
	// and not a note (WM3001); default 0.01.
	CutStackShare float64
	// MinGrowth is the number of goroutines that a group must grow by before it is reported (WM3003); default 5.
	MinGrowth int
	// FalseAlarm is the probability with which chance may bring about a finding that rests on a test of counts
	// (WM3003, WM4004, WM4005), over all tests of the check together; default 0.001.
	FalseAlarm float64
	// ClockSlack is how far a clock may be off, in nanoseconds, before it is reported (WM5003, WM5005), and
	// how far apart recorded times may be before their order matters (WM5009) and a profile's window is
	// misplaced (WM7001); default 1 ms, which time daemons keep within a region.
	ClockSlack int
	// ClockDriftPPM is how fast a clock may gain or lose before it is reported (WM5004); default 10. A
	// disciplined clock gains less than 1, a free one up to 100.
	ClockDriftPPM float64
	// ClockDriftTime is the least time, in nanoseconds, over which a rate is worth a finding (WM5004); default
	// 10 s.
	ClockDriftTime int
	// Clocks parametrise the model of the clocks.
	Clocks ClockOptions
	// Severity overrides Doc.Severity by detector ID.
	Severity map[string]Severity
	// Disabled holds IDs of detectors not to run.
	Disabled map[string]bool
	// Jobs is the number of detectors that run at once; default 1.
	Jobs int
}

// ClockOptions parametrise the model of the clocks; see align.Options.
type ClockOptions struct {
	// Always makes the model also where no recorded time contradicts another: clocks that all agree satisfy
	// every constraint then, so that no check could find one that does not.
	Always bool
	// Trust is "hard" or "assumed"; "" for the default.
	Trust string
	// Reference is a clock domain, or "utc"; "" for the best that the evidence offers.
	Reference string
	// MaxDriftPPM bounds the rate of every clock; 0 for the default.
	MaxDriftPPM float64
	// MaxWidth is the width of bounds, in nanoseconds, beyond which a domain is not aligned; 0 for any.
	MaxWidth int64
	// MinDelay is the least time that anything takes between two zones, in nanoseconds.
	MinDelay map[[2]string]int64
	// AZ names the zone of domains, over what the evidence says.
	AZ map[string]string
}

// OffBy returns how far a clock may be off, in nanoseconds.
func (o *Options) OffBy() int64 { return int64(positive(o.ClockSlack, 1_000_000)) }

// DriftTime returns the least time over which a rate counts, in nanoseconds.
func (o *Options) DriftTime() int64 { return int64(positive(o.ClockDriftTime, 10_000_000_000)) }

// Drift returns how fast a clock may gain or lose.
func (o *Options) Drift() float64 { return positive(o.ClockDriftPPM, 10) }

// Exhibits returns the bound on exhibits of one finding.
func (o *Options) Exhibits() int { return positive(o.MaxExhibits, 5) }

// Subjects returns the bound on findings of one detector.
func (o *Options) Subjects() int { return positive(o.MaxSubjects, 100) }

// Routes returns the bound on routes of one hop.
func (o *Options) Routes() int { return positive(o.MaxRoutes, 10) }

// Late returns the share of calls that may end late.
func (o *Options) Late() float64 { return positive(o.LateShare, 0.005) }

// Growth returns the number of goroutines that a group must grow by.
func (o *Options) Growth() int { return positive(o.MinGrowth, 5) }

// Alarm returns the probability that chance brings about a finding.
func (o *Options) Alarm() float64 { return positive(o.FalseAlarm, 0.001) }

// Slack returns the share of labelable value that may lack a required label.
func (o *Options) Slack() float64 { return positive(o.LabelSlack, 0.05) }

// LabelSamples returns the number of CPU samples without a label that is worth an error.
func (o *Options) LabelSamples() int { return positive(o.MinLabelSamples, 5) }

// CutStacks returns the share of value in cut stacks that is worth a warning.
func (o *Options) CutStacks() float64 { return positive(o.CutStackShare, 0.01) }

func positive[T int | float64](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// Check is the outcome of one detector.
type Check struct {
	ID, Name string
	Outcome  Outcome
	Reason   string
	Findings int
}

// Result of a run. Findings are sorted by severity, ID and subject, measures by name and subject.
type Result struct {
	Bundle   *evidence.Bundle
	Checks   []Check
	Findings []Finding
	Measures []Measure

	run     *run
	options Options
}

// Pass is what one detector sees of a run.
type Pass struct {
	Bundle  *evidence.Bundle
	Options *Options

	detector *Detector
	run      *run
	findings []Finding
	measures []Measure
	reason   string
	unseen   string
}

// Report records a finding.
func (p *Pass) Report(f Finding) { p.findings = append(p.findings, f) }

// Measure records a number. subject alternates keys and values.
func (p *Pass) Measure(name, unit string, value float64, subject ...string) {
	p.measures = append(p.measures, M(name, unit, value, subject...))
}

// Measures records numbers made with M or by hand.
func (p *Pass) Measures(ms ...Measure) { p.measures = append(p.measures, ms...) }

// Inapplicable says why the detector had nothing to look at. The outcome is then Inapplicable unless it
// reported findings.
func (p *Pass) Inapplicable(reason string) { p.reason = reason }

// Unseen says what the detector could not look at, where it looked at something.
func (p *Pass) Unseen(what string) { p.unseen = what }

// M makes a Measure; subject alternates keys and values.
func M(name, unit string, value float64, subject ...string) Measure {
	m := Measure{Name: name, Unit: unit, Value: value}
	if len(subject) > 0 {
		m.Subject = Subject(subject...)
	}
	return m
}

// Subject makes a subject of alternating keys and values.
func Subject(kv ...string) map[string]string {
	s := make(map[string]string, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		s[kv[i]] = kv[i+1]
	}
	return s
}
