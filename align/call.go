package align

import "github.com/witnessmark/witnessmark/evidence"

// SpanID names a span wherever it lies: a model must be checkable against files in another order.
type SpanID struct {
	Trace [16]byte
	Span  uint64 // big-endian
}

// Call is what one pair of spans says about two clocks: the later could not begin before the earlier.
// Readings are Unix nanoseconds as recorded.
type Call struct {
	// Sent is when the caller sent (parent's start, T1), on the caller's clock; Received when the callee
	// began (T2), on the callee's.
	Sent, Received int64
	// Replied is when the callee ended (T3), Answered when the caller had its answer (T4). Answered is 0
	// where nobody waited or the answer is not known to be one: only the request then says anything.
	Replied, Answered int64
	// Lasted is how long the callee's span had lasted at Received, where that is not when it began but when it
	// ended.
	Lasted int64
	// Earlier and Later name the two spans: the caller's and the callee's.
	Earlier, Later SpanID
	// Quantum is the resolution of the coarser of the two clocks in nanoseconds, at least 1.
	Quantum int64
}

// EdgeKey names the calls from one clock to another that share a cause of delay.
type EdgeKey struct {
	Caller, Callee string // clock domains
	Service        string // of the callee: what it does before its span begins delays all its calls alike
	Class          Class  // ClassRequest, ClassLink or ClassMessage
}

// Reading is one comparison of a clock with UTC.
type Reading struct {
	Domain string
	// At is when, on the clock itself; the comparison was made somewhere in [At, Until] where the source
	// does not tell better.
	At, Until int64
	// Offset of the clock, positive where it is ahead of UTC, and the largest error of it, in nanoseconds.
	Offset, Error int64
	// Measured and MeasuredUntil bound when the measurement was made that the reading rests on, on the clock as
	// its daemon corrected it; 0 where the source does not tell. Readings of one domain that agree in it are one
	// measurement, told more than once.
	Measured, MeasuredUntil int64
	// Source names the kind of evidence, such as "chronyc tracking".
	Source string
	Ref    evidence.Ref
}

// StepReport is what a log, or the clocks of one process, say of a clock that was set. It knows nothing of
// other clocks.
type StepReport struct {
	Domain string
	// The clock showed After at some time before it was set, and Before at some time behind; a clock that was
	// set back may have shown Before first.
	After, Before int64
	// Size of the step, positive where the clock went forward, is off by no more than Error, NoStepSize where
	// only the sign of Size means anything; where Size is 0, not even that is known.
	Size, Error int64
	// AtLeast says that the step may have been larger, of the same sign.
	AtLeast bool
	// Slew says that the clock began to be slewed, by Size in the end, rather than set.
	Slew bool
	// Source names the kind of evidence, such as "chronyd log", and Where the place of it: a file and a range of
	// its bytes, or two spans.
	Source, Where string
}

// NoStepSize is the Error of a step of unknown size.
const NoStepSize = evidence.NoClockError
