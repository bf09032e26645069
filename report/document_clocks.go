package report

// Clocks is the model of all clocks: where each stood, and how far that can be wrong. A positive offset is a
// clock that is ahead of the reference: recorded time = reference time + offset.
type Clocks struct {
	// What the offsets of the largest component are against: "utc" where anything compares one of its
	// clocks with UTC, else a domain.
	Reference string `json:"reference"`
	// The bounds that decide what is aligned: "hard" or "assumed".
	Trust string `json:"trust"`
	// The assumption under all bounds: no clock gains or loses more, in parts per million.
	MaxDriftPPM float64 `json:"max_drift_ppm"`
	// Every clock, by domain.
	Domains []ClockDomain `json:"domains"`
	// What the calls between two clocks show, by caller and callee.
	Pairs []ClockPair `json:"pairs"`
	// The pairs summed up by availability zone.
	ZonePairs []ZonePair `json:"zone_pairs"`
	// How far the spans of each hop are displaced by their clocks. Only of the command clocks; absent
	// elsewhere.
	Hops []ClockHop `json:"hops,omitempty"`
	// Proofs that the evidence contradicts itself.
	Conflicts []ClockConflict `json:"conflicts"`
	// Answers that are proven to be none.
	Async []ClockAsync `json:"async"`
	// What the bounds rest on.
	Assumptions []ClockAssumption `json:"assumptions"`
	// Spans and calls that took no part, by reason.
	Dropped map[string]int `json:"dropped"`
}

// ClockDomain is one clock.
type ClockDomain struct {
	// Key of the clock, as in identity.
	Domain string `json:"domain"`
	// What keys it, such as "resource host.id".
	From string `json:"from"`
	// Name of its host; "" where nothing tells.
	Host string `json:"host"`
	// Availability zone; "" where nothing tells.
	AZ string `json:"az"`
	// The services whose spans it stamped.
	Services []string `json:"services"`
	// Number of the component: clocks of different components are tied by nothing.
	Component int `json:"component"`
	// What the offsets are against: "utc" or a domain of the component.
	Reference string `json:"reference"`
	// "reference", "aligned", "unbounded" (the trusted bounds are open), "too-wide" (wider than
	// --max-width), "conflict" or "no-path".
	Status string `json:"status"`
	// Why it has the status; "" where that needs no reason.
	Why string `json:"why"`
	// Where the clock stood in the middle of the capture. Absent where nothing tells.
	Middle *ClockPoint `json:"middle,omitempty"`
	// Rate against the reference in parts per million, positive where the clock gains.
	DriftPPM float64 `json:"drift_ppm"`
	// Times without a step, in order; between two lies a step.
	Segments []ClockSegment `json:"segments"`
	// Jumps of the clock, in order.
	Steps []ClockStep `json:"steps"`
	// Constraints by class: "H1" requests, "H2" links, "H3" messages, "A1" answers, "N1" readings against
	// UTC.
	Evidence map[string]int `json:"evidence"`
}

// ClockSegment is a time in which a clock ran without a step.
type ClockSegment struct {
	// Points in order; between two everything runs straight, bounds included.
	Points []ClockPoint `json:"points"`
}

// ClockPoint is where a clock stood at one reading of it.
type ClockPoint struct {
	// What the clock showed: Unix nanoseconds as a decimal string.
	AtUnixNano string `json:"at_unix_nano"`
	// The estimate of its offset.
	OffsetNS int64 `json:"offset_ns"`
	// Bounds of the offset that need no assumption about answers.
	Hard Bounds `json:"hard"`
	// Bounds that hold if servers' spans end before their callers have the answer.
	Assumed Bounds `json:"assumed"`
	// Where the offset is with a chance of 95 %, under the model's priors.
	Likely Bounds `json:"likely"`
}

// Bounds are the ends of an interval, both included.
type Bounds struct {
	// Lower end. Absent where nothing bounds it.
	LowNS *int64 `json:"low_ns,omitempty"`
	// Upper end. Absent where nothing bounds it.
	HighNS *int64 `json:"high_ns,omitempty"`
}

// ClockStep is a jump of a clock.
type ClockStep struct {
	// The clock's last reading that lies before the step for certain.
	AfterUnixNano string `json:"after_unix_nano"`
	// The first that lies behind it.
	BeforeUnixNano string `json:"before_unix_nano"`
	// Estimate of the size, positive where the clock jumped ahead.
	SizeNS int64 `json:"size_ns"`
	// The size give or take the least round trip to a peer: no proof, as the bounds of the offset before and behind the step are.
	Bounds Bounds `json:"bounds"`
	// True where the clock ran fast or slow for a while rather than jumped.
	Slew bool `json:"slew"`
	// What shows it.
	Source string `json:"source"`
}

// ClockPair is what the calls from one clock to another show.
type ClockPair struct {
	// Domain of the caller.
	Caller string `json:"caller"`
	// Domain of the callee.
	Callee string `json:"callee"`
	// Calls between them.
	Calls int `json:"calls"`
	// The least round trip without the time in the callee; 0 where no call was answered. No clock's offset is
	// in it.
	RTTFloorNS int64 `json:"rtt_floor_ns"`
	// Offset of the callee's clock against the caller's in the middle of the capture.
	OffsetNS int64 `json:"offset_ns"`
	// Hard bounds of it.
	Hard Bounds `json:"hard"`
	// Assumed bounds of it.
	Assumed Bounds `json:"assumed"`
	// Share of the calls whose server ended after the answer left.
	LateEnds float64 `json:"late_ends"`
	// Calls that show an effect before its cause in recorded times.
	ViolationsBefore int `json:"violations_before"`
	// Calls that do so in aligned times.
	ViolationsAfter int `json:"violations_after"`
}

// ZonePair sums up the pairs between two availability zones.
type ZonePair struct {
	// Zone of the callers.
	From string `json:"from"`
	// Zone of the callees.
	To string `json:"to"`
	// Pairs of clocks.
	Pairs int `json:"pairs"`
	// The least round trip seen.
	RTTFloorNS int64 `json:"rtt_floor_ns"`
	// Bounds of the difference of the two ways' least delays, forward minus back.
	Asymmetry Bounds `json:"asymmetry"`
}

// ClockHop says how far the spans of one hop are displaced by their clocks. The misalignment of a call is the
// magnitude of the callee's clock's offset when it began less the caller's when it sent, as estimated: as
// much is the recorded distance of the two starts wrong.
type ClockHop struct {
	// Service of the caller.
	Client string `json:"client"`
	// Service of the callee.
	Server string `json:"server"`
	// Calls between two clocks that the model places.
	Calls int `json:"calls"`
	// Calls between two clocks that it does not.
	Unplaced int `json:"unplaced"`
	// Median misalignment.
	P50NS int64 `json:"p50_ns"`
	// 95th percentile.
	P95NS int64 `json:"p95_ns"`
	// 99th percentile.
	P99NS int64 `json:"p99_ns"`
	// 95th percentile of the width of the trusted bounds of the misalignment. Absent where they are open.
	UncertainNS *int64 `json:"uncertain_ns,omitempty"`
	// Calls whose child begins before its parent in recorded times.
	ViolationsBefore int `json:"violations_before"`
	// Calls whose child does so in aligned times.
	ViolationsAfter int `json:"violations_after"`
}

// ClockConflict is a cycle of constraints that cannot all be true.
type ClockConflict struct {
	// Domains of the clocks on the cycle.
	Domains []string `json:"domains"`
	// What the weights, and all that drift may add, sum to: less than 0.
	SumNS int64 `json:"sum_ns"`
	// The single statement whose falsity would explain it at the least cost.
	Retraction string `json:"retraction"`
	// Whether answers are among the constraints, which need that a server's span ends before its caller has the
	// answer. Absent where none is.
	Assumed bool `json:"assumed,omitempty"`
	// The constraints, each beginning where the one ahead of it ends.
	Edges []ClockEdge `json:"edges"`
}

// ClockEdge is a constraint: the offset of to at its reading less that of from at its own is at most weight.
type ClockEdge struct {
	// Class, as in evidence.
	Class string `json:"class"`
	// Domain of the earlier event, or "utc".
	From string `json:"from"`
	// Domain of the later one.
	To string `json:"to"`
	// Reading of from.
	FromAtUnixNano string `json:"from_at_unix_nano"`
	// Reading of to.
	ToAtUnixNano string `json:"to_at_unix_nano"`
	// The weight.
	WeightNS int64 `json:"weight_ns"`
	// Trace of the spans; "" for a reading.
	TraceID string `json:"trace_id"`
	// Span of the earlier event; "" for a reading.
	EarlierSpanID string `json:"earlier_span_id"`
	// Span of the later event; "" for a reading.
	LaterSpanID string `json:"later_span_id"`
	// What a reading comes from; "" for spans.
	Source string `json:"source"`
}

// ClockAsync groups calls whose server works on when the caller has gone on.
type ClockAsync struct {
	// Domain of the caller.
	Caller string `json:"caller"`
	// Domain of the callee.
	Callee string `json:"callee"`
	// Service of the callee.
	Service string `json:"service"`
	// How many calls.
	Calls int `json:"calls"`
	// How far the server's ends lie behind the callers'.
	By Bounds `json:"by"`
	// The constraint of one of them.
	Example ClockEdge `json:"example"`
}

// ClockAssumption is something that bounds rest on.
type ClockAssumption struct {
	// The assumption.
	Text string `json:"text"`
	// How the evidence was held against it.
	Tested string `json:"tested"`
	// Whether it failed.
	Falsified bool `json:"falsified"`
}
