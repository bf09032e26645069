package evidence

import "math"

// ClockReading is one statement of an artifact about one clock. One sign holds throughout: a positive
// Offset is a clock that is ahead of UTC, whatever sign the source prints. Instants are Unix nanoseconds
// on the clock itself unless a field says otherwise, 0 where the bytes do not tell.
type ClockReading struct {
	// Ref is the record in the artifact that states it.
	Ref Ref
	// Host is the host that the record, or else the artifact, is of; Domain keys its clock. Either is ""
	// where nothing tells.
	Host, Domain string
	// Source names the kind of evidence, such as "chronyc tracking".
	Source string
	// Kind says which of the fields below are meant.
	Kind ClockKind
	// Basis says what the numbers rest on.
	Basis ClockBasis
	// At and Until bound the instant of the statement: it was true at one instant between them, which
	// are equal where the source tells the instant.
	At, Until int64
	// Measured and MeasuredUntil bound when the measurement was made that the statement rests on, on the
	// clock as the daemon corrects it; 0 where the source does not tell. Statements about one clock that
	// agree in it tell of one measurement: a report as text and as CSV, or asked for twice between two
	// polls.
	Measured, MeasuredUntil int64

	// Offset of the clock in nanoseconds (ClockOffset), or the size of the step (ClockStep), positive
	// where the clock went forward.
	Offset int64
	// Error is the largest difference of the true offset from Offset that the source allows, in
	// nanoseconds, at the instant of the statement, whenever between At and Until that was, and on the
	// assumption that the servers it asked are right. NoClockError where the source gives no bound.
	Error int64
	// RatePPM is how much the uncorrected clock gains on UTC, positive where it is fast; SkewPPM is the
	// uncertainty of it as stated (ClockRate, and ClockOffset where the same record says so).
	RatePPM, SkewPPM float64
	// Wall and Mono are two readings taken at one instant of the process that recorded them, in
	// nanoseconds: of its wall clock, and of the kernel's monotonic clock (ClockSnapshot).
	Wall, Mono int64
	// LastRx is the age of the newest sample in seconds, -1 where there never was one or the report does
	// not say; Reach is the register of the last eight polls (ClockSource).
	LastRx int64
	Reach  uint8
	// Text is what the record says in words where numbers do not say it all, such as "Not synchronised".
	Text string
}

// NoClockError is the Error of an offset for which the source gives no bound.
const NoClockError = math.MaxInt64

// Bounded reports whether r is an offset with a bound at a known instant or between known instants.
func (r *ClockReading) Bounded() bool {
	return r.Kind == ClockOffset && r.Error != NoClockError && r.At != 0 && r.Until != 0 &&
		(r.Basis == ClockStated || r.Basis == ClockAged)
}

// ClockKind says what a ClockReading states.
type ClockKind uint8

const (
	// ClockOffset compares the clock with UTC: Offset and Error, at one instant in [At, Until].
	ClockOffset ClockKind = iota + 1
	// ClockStep says that the clock was set, by Offset, at one instant in [At, Until].
	ClockStep
	// ClockRate states RatePPM and SkewPPM.
	ClockRate
	// ClockUnsynchronised says that nothing disciplined the clock: whatever offset is printed with it
	// bounds nothing.
	ClockUnsynchronised
	// ClockSnapshot pairs a reading of the wall clock with one of the monotonic clock.
	ClockSnapshot
	// ClockSource describes a server that is asked. It says nothing about the offset of the clock: what
	// is printed there is measured against the clock as corrected by the daemon.
	ClockSource
)

// String returns the name that views and JSON use.
func (k ClockKind) String() string {
	if int(k) < len(clockKinds) && clockKinds[k] != "" {
		return clockKinds[k]
	}
	return "kind?"
}

var clockKinds = [...]string{
	ClockOffset: "offset", ClockStep: "step", ClockRate: "rate", ClockUnsynchronised: "unsynchronised",
	ClockSnapshot: "snapshot", ClockSource: "source",
}

// ClockBasis says what a ClockReading rests on.
type ClockBasis uint8

const (
	// ClockNoBound: the source gives an offset, and no bound on its error.
	ClockNoBound ClockBasis = iota
	// ClockStated: the source states the bound, and [At, Until] follows from the bytes.
	ClockStated
	// ClockAged: the source states the bound and not when it was asked. That At is the earliest instant is
	// proven, Until rests on an assumption about how the source is configured: see the reader's file.
	ClockAged
)

// ClockStats counts what an artifact of clock evidence holds.
type ClockStats struct {
	// Offsets counts readings with a bound, Unbounded those without; the others are by ClockKind.
	Offsets, Unbounded, Steps, Rates, Unsynchronised, Snapshots, Sources int

	rows []clockRow // until the merger adopts them
}

// Rows counts the records of every kind.
func (c *ClockStats) Rows() int {
	return c.Offsets + c.Unbounded + c.Steps + c.Rates + c.Unsynchronised + c.Snapshots + c.Sources
}

// clockRow is a row on its way to the bundle.
type clockRow struct {
	ClockReading
	// undated is set where the report does not say when it was made; settleClock then dates the row.
	undated *reportAge
}

// add appends a row and counts it.
func (c *ClockStats) add(r ClockReading) { c.addUndated(r, nil) }

func (c *ClockStats) addUndated(r ClockReading, age *reportAge) {
	switch r.Kind {
	case ClockOffset:
		if r.Basis == ClockNoBound {
			r.Error = NoClockError
			c.Unbounded++
		} else {
			c.Offsets++
		}
	case ClockStep:
		c.Steps++
	case ClockRate:
		c.Rates++
	case ClockUnsynchronised:
		c.Unsynchronised++
	case ClockSnapshot:
		c.Snapshots++
	case ClockSource:
		c.Sources++
	}
	c.rows = append(c.rows, clockRow{r, age})
}
