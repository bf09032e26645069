package align

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// ModelSchema is the value of Model.Schema.
const ModelSchema = "witnessmark.clock-model/1"

// UTC is the reference of models that hold readings against UTC.
const UTC = "utc"

// Model says where every clock stood. Domains are in the order of their names, and so is all that names
// them, so that equal evidence gives equal bytes.
type Model struct {
	Schema string `json:"schema"`
	// Reference of the largest component: UTC, or the domain whose clock offsets are against.
	Reference string `json:"reference"`
	// Trust says which bounds decide whether a domain is aligned.
	Trust Trust `json:"trust"`
	// MaxDriftPPM bounds the rate of every clock against true time: the assumption under all bounds.
	MaxDriftPPM float64 `json:"max_drift_ppm"`
	// MinDelays are what the user declared and no round trips contradict.
	MinDelays   []MinDelay    `json:"min_delays"`
	Domains     []Domain      `json:"domains"`
	Pairs       []Pair        `json:"pairs"`
	ZonePairs   []ZonePair    `json:"zone_pairs"`
	Conflicts   []Certificate `json:"conflicts"`
	Async       []Async       `json:"async"`
	Assumptions []Assumption  `json:"assumptions"`
	// Dropped counts spans that took no part, by reason, such as "negative duration".
	Dropped map[string]int `json:"dropped"`
	// Proof shows that the bounds follow from the evidence.
	Proof *Proof `json:"proof,omitempty"`
}

// MinDelay is the least time that anything takes from either of two zones to the other.
type MinDelay struct {
	Zones [2]string `json:"zones"` // in the order of their names
	Delay int64     `json:"delay_ns"`
}

// Trust is the class of bounds to rely on.
type Trust string

// Trusts.
const (
	TrustHard    Trust = "hard"
	TrustAssumed Trust = "assumed"
)

// Status says what a model knows of a clock.
type Status string

// Statuses of a domain.
const (
	StatusReference Status = "reference"
	StatusAligned   Status = "aligned"
	// StatusUnbounded: the trusted bounds are open on one side, or on both.
	StatusUnbounded Status = "unbounded"
	// StatusWide: the trusted bounds are wider than --max-width.
	StatusWide Status = "too-wide"
	// StatusConflict: the evidence on this clock contradicts itself; see Model.Conflicts.
	StatusConflict Status = "conflict"
	// StatusNoPath: nothing ties this clock to the reference.
	StatusNoPath Status = "no-path"
)

// Domain is one clock.
type Domain struct {
	Name     string   `json:"domain"`
	From     string   `json:"from"` // what keys it, such as "resource host.id"
	Host     string   `json:"host"`
	AZ       string   `json:"az"`
	Services []string `json:"services"`
	// Component numbers the parts of the graph of calls between which nothing is known, from 0.
	Component int `json:"component"`
	// Reference of the component: what the offsets are against.
	Reference string `json:"reference"`
	Status    Status `json:"status"`
	Why       string `json:"why"` // of the status
	// DriftPPM is the rate of the clock against the reference over the capture, positive where it gains.
	DriftPPM float64 `json:"drift_ppm"`
	// Evidence counts constraints by class.
	Evidence map[string]int `json:"evidence"`
	// Segments in order of time, none overlapping; between two lies a step.
	Segments []Segment `json:"segments"`
	Steps    []Step    `json:"steps"`
}

// Segment is a time in which a clock ran without a step.
type Segment struct {
	// Points in order of At, at least one. Between two points everything runs straight, bounds included:
	// the solver has widened them so that this is sound.
	Points []Point `json:"points"`
}

// Point is where a clock stood at one reading of it.
type Point struct {
	At     Instant `json:"at_unix_nano"` // local reading
	Offset int64   `json:"offset_ns"`    // estimate: reading minus reference time
	// Hard bounds need no assumption about answers, Assumed ones hold if answers are what they seem; Likely
	// is where the offset is with a chance of 95 %, under the model's priors.
	Hard    Interval `json:"hard"`
	Assumed Interval `json:"assumed"`
	Likely  Interval `json:"likely"`
}

// Step is a jump of a clock.
type Step struct {
	// The step happened after the first reading and before the second, both on the clock's own face.
	After  Instant `json:"after_unix_nano"`
	Before Instant `json:"before_unix_nano"`
	Size   int64   `json:"size_ns"` // estimate, positive where the clock jumped ahead
	// Bounds is Size give or take the least round trip to a peer, about what calls right before and behind the step leave open.
	// It is no proof; the bounds of the offset on both sides are.
	Bounds Interval `json:"bounds"`
	Slew   bool     `json:"slew"` // the clock ran fast or slow for a while rather than jumped
	// Source says what shows the step: "calls", what else told of it, or both.
	Source string `json:"source"`
	// Evidence names each report of it beside the calls.
	Evidence []StepEvidence `json:"evidence,omitempty"`
}

// StepEvidence is one report of a step.
type StepEvidence struct {
	Source string `json:"source"` // such as "chronyd log"
	Where  string `json:"where"`  // file and range of bytes, or spans
	// Size and Error are what it states, null where it does not.
	Size  *int64 `json:"size_ns"`
	Error *int64 `json:"error_ns"`
}

// Interval holds bounds in nanoseconds, both inclusive. math.MinInt64 and math.MaxInt64 stand for none,
// and are null in JSON.
type Interval struct{ Low, High int64 }

// Unbounded is the interval that says nothing.
var Unbounded = Interval{math.MinInt64, math.MaxInt64}

// Open reports whether a bound is missing.
func (i Interval) Open() bool { return i.Low == math.MinInt64 || i.High == math.MaxInt64 }

// Contains reports whether v lies within the bounds.
func (i Interval) Contains(v int64) bool { return i.Low <= v && v <= i.High }

// Width returns the distance of the bounds, math.MaxInt64 where one is missing or it overflows.
func (i Interval) Width() int64 {
	if w := i.High - i.Low; !i.Open() && w >= 0 {
		return w
	}
	return math.MaxInt64
}

type intervalJSON struct {
	Low  *int64 `json:"low_ns"`
	High *int64 `json:"high_ns"`
}

// MarshalJSON writes {"low_ns":…,"high_ns":…}.
func (i Interval) MarshalJSON() ([]byte, error) {
	var j intervalJSON
	if i.Low != math.MinInt64 {
		j.Low = &i.Low
	}
	if i.High != math.MaxInt64 {
		j.High = &i.High
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (i *Interval) UnmarshalJSON(b []byte) error {
	var j intervalJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*i = Unbounded
	if j.Low != nil {
		i.Low = *j.Low
	}
	if j.High != nil {
		i.High = *j.High
	}
	return nil
}

// Instant is a time in Unix nanoseconds; a decimal string in JSON, which many readers would round.
type Instant int64

// MarshalJSON writes a decimal string.
func (t Instant) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(int64(t), 10)), nil
}

// UnmarshalJSON reads a decimal string.
func (t *Instant) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*t = Instant(n)
	return err
}

// Pair is what the calls between two clocks show.
type Pair struct {
	Caller string `json:"caller"`
	Callee string `json:"callee"`
	Calls  int    `json:"calls"`
	// RTTFloor is the least round trip seen: both ways' delays without the time in the callee. It holds no
	// offset. 0 where no call was answered.
	RTTFloor int64 `json:"rtt_floor_ns"`
	// Offset of the callee's clock against the caller's when the callee's showed At, which is about the middle
	// of the capture; 0 where no bounds were looked for.
	At      Instant  `json:"at_unix_nano"`
	Offset  int64    `json:"offset_ns"`
	Hard    Interval `json:"hard"`
	Assumed Interval `json:"assumed"`
	// LateEnds is the share of calls whose server ended after the answer left, as round trips show.
	LateEnds float64 `json:"late_ends"`
	// Before and After count the calls that show an effect before its cause, in raw and in aligned times.
	Before int `json:"violations_before"`
	After  int `json:"violations_after"`
}

// ZonePair sums up the pairs between two zones.
type ZonePair struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Pairs    int    `json:"pairs"`
	RTTFloor int64  `json:"rtt_floor_ns"`
	// Asymmetry bounds the difference of the two directions' least delays, forward minus back.
	Asymmetry Interval `json:"asymmetry"`
}

// Certificate proves that evidence contradicts itself: around the cycle of its edges the slacks sum to
// less than zero, whatever the clocks show.
type Certificate struct {
	Edges []CertEdge `json:"edges"`
	// Assumed says that answers are among the edges: it proves that not all of them are such, or a contradiction.
	Assumed bool `json:"assumed,omitempty"`
	// Sum of the edges' weights and of what drift allows between them, less than 0.
	Sum     int64    `json:"sum_ns"`
	Domains []string `json:"domains"`
	// Retraction is the cheapest single thing that would explain it, tried by solving without what it makes
	// false, such as "domain host-a is two clocks".
	Retraction string `json:"retraction"`
}

// CertEdge is one constraint: offset(To) at reading At2 - offset(From) at reading At1 <= Weight.
type CertEdge struct {
	Class  string  `json:"class"`
	From   string  `json:"from"` // domain of the earlier event, or "utc"
	To     string  `json:"to"`
	FromAt Instant `json:"from_at_unix_nano"`
	ToAt   Instant `json:"to_at_unix_nano"`
	Weight int64   `json:"weight_ns"`
	// Quantum is the resolution of the coarser of the two readings, Blur how far the instants may be off,
	// and MinDelay what the user declared and Weight therefore is less.
	Quantum  int64  `json:"quantum_ns"`
	Blur     int64  `json:"blur_ns"`
	MinDelay int64  `json:"min_delay_ns"`
	Trace    string `json:"trace_id"` // of the later span
	// EarlierTrace is that of the earlier span where it is another.
	EarlierTrace string `json:"earlier_trace_id,omitempty"`
	Earlier      string `json:"earlier_span_id"`
	Later        string `json:"later_span_id"`
	Source       string `json:"source"` // of a reading
}

// Async groups answers that are proven to be none: the server still worked when the client went on.
type Async struct {
	Caller  string   `json:"caller"` // domain
	Callee  string   `json:"callee"`
	Service string   `json:"service"` // of the callee
	Calls   int      `json:"calls"`
	By      Interval `json:"by"` // how much of the work lies behind the answer, over the calls
	Example CertEdge `json:"example"`
}

// Assumption is something that bounds rest on.
type Assumption struct {
	Text string `json:"text"`
	// Tested says how the evidence was held against it, Falsified whether it failed.
	Tested    string `json:"tested"`
	Falsified bool   `json:"falsified"`
	// Declared says that it is the user's.
	Declared bool `json:"declared,omitempty"`
}

// Domain returns the domain of that name, nil if there is none.
func (m *Model) Domain(name string) *Domain {
	i, ok := slices.BinarySearchFunc(m.Domains, name, func(d Domain, name string) int {
		switch {
		case d.Name < name:
			return -1
		case d.Name > name:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &m.Domains[i]
}
