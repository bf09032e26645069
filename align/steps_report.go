package align

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
)

// Sources of step reports that are not the names of a format.
const (
	sourceSnapshots = "execution trace"
	sourceProcess   = "spans of one process"
)

// processReports bounds the reports from spans of one process that a domain keeps, the largest: a program that
// gives its spans explicit times makes any number of them.
const processReports = 32

// AddStep adds a report of a step.
func (s *Statistic) AddStep(r StepReport) {
	if _, ok := s.Domains[r.Domain]; !ok {
		s.Domains[r.Domain] = DomainInfo{}
	}
	if s.reports = append(s.reports, r); len(s.reports) > 64*processReports && len(s.reports)&(len(s.reports)-1) == 0 {
		s.reports = s.StepReports()
	}
}

// StepReports returns what is told of steps, in the order of domains; the same from two files counts once.
func (s *Statistic) StepReports() []StepReport {
	out := slices.Clone(s.reports)
	slices.SortFunc(out, compareReports)
	out = slices.Compact(out)
	kept, n, last := out[:0], 0, ""
	for _, r := range out {
		if r.Source == sourceProcess {
			if r.Domain != last {
				n, last = 0, r.Domain
			}
			if n++; n > processReports {
				continue
			}
		}
		kept = append(kept, r)
	}
	return kept
}

// compareReports puts those from spans of one process with the largest size first.
func compareReports(a, b StepReport) int {
	return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Size, b.Size),
		cmp.Compare(a.After, b.After), cmp.Compare(a.Before, b.Before), cmp.Compare(a.Error, b.Error),
		cmp.Compare(b2u(a.AtLeast), b2u(b.AtLeast)), cmp.Compare(b2u(a.Slew), b2u(b.Slew)), cmp.Compare(a.Where, b.Where))
}

func (w *statWriter) reports(list []StepReport) {
	w.count(len(list))
	for _, r := range list {
		w.text(r.Domain)
		w.nums(r.After, r.Before, r.Size, r.Error)
		w.b = append(w.b, b2u(r.AtLeast)|b2u(r.Slew)<<1)
		w.text(r.Source)
		w.text(r.Where)
	}
}

func (r *statReader) reports() (list []StepReport) {
	for range r.count() {
		s := StepReport{Domain: r.text(), After: r.num(), Before: r.num(), Size: r.num(), Error: r.num()}
		flags := r.byte()
		s.AtLeast, s.Slew, s.Source, s.Where = flags&1 != 0, flags&2 != 0, r.text(), r.text()
		list = append(list, s)
	}
	return list
}

// stepReports takes what artifacts say of clocks that were set.
func (c *collector) stepReports() {
	snapshots := map[string][]*evidence.ClockReading{}
	for i := range c.bundle.Clocks {
		r := &c.bundle.Clocks[i]
		switch {
		case r.Domain == "":
		case r.Kind == evidence.ClockSnapshot:
			snapshots[r.Domain] = append(snapshots[r.Domain], r)
		case r.At <= 0 || r.Until < r.At:
		case r.Kind == evidence.ClockStep:
			c.logged(r)
		case r.Kind == evidence.ClockOffset && r.Source == "chronyd log":
			// "System clock wrong by": what chronyd then corrects, by a step that it tells of too, or by a slew.
			c.stat.AddStep(StepReport{Domain: r.Domain, After: r.At, Before: r.Until, Size: -r.Offset, Error: r.Error,
				Slew: true, Source: r.Source, Where: c.where(r.Ref)})
		}
	}
	for domain, list := range snapshots {
		c.snapshots(domain, list)
	}
}

// logged takes a line of a log that was written behind the step: what the clock showed before it, it showed
// that much earlier.
func (c *collector) logged(r *evidence.ClockReading) {
	s := StepReport{Domain: r.Domain, After: r.At, Before: r.Until, Error: NoStepSize, Source: r.Source, Where: c.where(r.Ref)}
	// Nobody sets a clock by more than a century; with less, nothing here overflows.
	if e := min(r.Error, unknownHalf); r.Offset != 0 && r.Error == e && r.Offset < unknownHalf && r.Offset > -unknownHalf {
		s.Size, s.Error, s.After = r.Offset, e, r.At-r.Offset-e
	}
	c.stat.AddStep(s)
}

// where names a place in an artifact as witnessmark show takes it.
func (c *collector) where(ref evidence.Ref) string {
	return fmt.Sprintf("%s@%d+%d", c.bundle.Artifacts[ref.Artifact].Path, ref.Off, ref.Len)
}

// snapshotJitter is how far apart the two clocks of a snapshot may have been read, in ns: the runtime reads them
// one after the other, and may lose the processor in between, for snapshotSleep at most. snapshotDrift, in parts per billion, is what their
// distance may change by itself. Linux slews both alike, so that there nothing but a step changes it.
const (
	snapshotJitter = 200e3
	snapshotSleep  = 50e6
	snapshotDrift  = 500e3
)

// snapshots takes the pairs of wall and monotonic clock of one domain: CLOCK_MONOTONIC is not set, so when the
// distance of the two changes, the wall clock was.
func (c *collector) snapshots(domain string, list []*evidence.ClockReading) {
	slices.SortFunc(list, func(a, b *evidence.ClockReading) int {
		return cmp.Or(cmp.Compare(a.Mono, b.Mono), cmp.Compare(a.Wall, b.Wall))
	})
	for k := 1; k < len(list); k++ {
		size, slack, ok := setBetween(list[k-1], list[k])
		if !ok {
			continue
		}
		// A thread that slept between its two readings looks like a step and one back.
		stays := func(i, j int) bool {
			if i < 0 || j == len(list) {
				return max(size, -size) > snapshotSleep
			}
			other, _, ok := setBetween(list[i], list[j])
			return ok && (other > 0) == (size > 0)
		}
		if !stays(k-2, k) || !stays(k-1, k+1) {
			continue
		}
		c.stat.AddStep(StepReport{Domain: domain, After: list[k-1].Wall, Before: list[k].Wall, Size: size, Error: slack,
			Source: sourceSnapshots, Where: c.where(list[k].Ref)})
	}
}

// setBetween returns by how much the wall clock was set between two snapshots of one boot, and how far that may
// be off.
func setBetween(a, b *evidence.ClockReading) (size, slack int64, ok bool) {
	size = (b.Wall - a.Wall) - (b.Mono - a.Mono)
	slack = addBound(snapshotJitter, slackOf(snapshotDrift, b.Mono-a.Mono))
	// A monotonic clock begins anew with the machine, which then lost at least what it had counted: a distance
	// that changed by as much may be of two boots.
	boot := min(a.Mono, b.Mono)
	return size, slack, slack < unknownHalf && max(size, -size) > slack+eventLeast && max(size, -size) < boot
}

func slackOf(ppb, nanos int64) int64 { return slack(ppb, 0, max(nanos, 0)) }

// setBack takes a span that began before its parent by the clock of their own process: between the two
// starts the clock was set back by at least as much. Programs that give explicit times do so too, which is why
// this alone makes no step.
func (c *collector) setBack(chunk *evidence.SpanChunk, i int, parent uint32) {
	pc, pe := c.bundle.Spans.Chunk(int(parent))
	start, pstart := instant(chunk.Start[i]), instant(pc.Start[pe])
	if start == 0 || pstart == 0 || pstart-start <= max(eventLeast, resolution(chunk.Start[i]), resolution(pc.Start[pe])) {
		return
	}
	trace := c.bundle.Traces[chunk.Trace[i]]
	c.stat.AddStep(StepReport{
		Domain: c.bundle.Resource(chunk.Origin[i]).Identity.Domain.Value, After: pstart, Before: start, Size: start - pstart,
		Error: NoStepSize, AtLeast: true, Source: sourceProcess,
		Where: fmt.Sprintf("trace %s spans %016x and %016x", hex.EncodeToString(trace[:]), pc.ID[pe], chunk.ID[i]),
	})
}

// sized reports whether the size is stated.
func (s *StepReport) sized() bool { return s.Error != NoStepSize && s.Size != 0 }

// sizes returns the interval of the step's size.
func (s *StepReport) sizes() Interval {
	switch {
	case s.sized():
		return Interval{s.Size - s.Error, s.Size + s.Error}
	case s.AtLeast && s.Size < 0:
		return Interval{math.MinInt64, s.Size}
	case s.AtLeast && s.Size > 0:
		return Interval{s.Size, math.MaxInt64}
	}
	return Unbounded
}

// readSteps finds where the log of one daemon shows a clock at two places with more between than drift makes.
// Such a clock was set, or slewed, in between. Readings of other sources may be of servers that differ.
func (p *problem) readSteps() (out []StepReport) {
	rate := relativeRate(driftPPB(p.opt.MaxDriftPPM), true)
	var last *Reading
	pairs := 0
	first := 0 // of this domain
	for i := range p.reads {
		r := &p.reads[i]
		if r.Source != "chrony tracking.log" || r.Error > unknownHalf || r.Offset > unknownHalf || r.Offset < -unknownHalf {
			continue
		}
		if last != nil && last.Domain == r.Domain {
			pairs++
			size, off := r.Offset-last.Offset, addBound(r.Error+last.Error, slack(rate, last.At, r.Until))
			if off < unknownHalf && max(size, -size) > off+eventLeast {
				out = append(out, StepReport{Domain: r.Domain, After: last.At, Before: r.Until, Size: size, Error: off,
					Source: r.Source, Where: "two rows, of which the later shows " + Instant(r.At).text()})
			}
		} else {
			out, first = steady(out, first, pairs), len(out)
			pairs = 0
		}
		last = r
	}
	return steady(out, first, pairs)
}

// steady drops the steps of a clock that seems to be set all the time: what is read is wrong then.
func steady(out []StepReport, first, pairs int) []StepReport {
	if n := len(out) - first; n > 1 && 4*n > pairs {
		return out[:first]
	}
	return out
}
