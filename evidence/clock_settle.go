package evidence

import "math"

// reportAge is what bounds the time of a report that does not say when it was made: chronyc tracking
// names the last update of the clock, and nothing after it.
type reportAge struct {
	refNanos int64 // the last update, on the clock as corrected by the daemon
	refWidth int64 // how much later it may have been: 1 s where whole seconds are printed
	// beforeNanos is how long before the report the statement may have been true, by assumption.
	beforeNanos int64
	maxNanos    int64 // how old the update can be at most; 0 if nothing tells
}

// settleClock dates the rows of an artifact once its identity is known, and takes the artifact's window
// from them where nothing else tells it.
func settleClock(a *Artifact) {
	if a.Clock == nil {
		return
	}
	for i := range a.Clock.rows {
		if r := &a.Clock.rows[i]; r.undated != nil {
			r.settle(a)
			if r.Kind == ClockOffset && r.Basis == ClockNoBound {
				a.Clock.Offsets--
				a.Clock.Unbounded++
			}
		}
	}
	if a.Window.Known() {
		return
	}
	var w Window
	for i := range a.Clock.rows {
		r := &a.Clock.rows[i].ClockReading
		if r.At <= 0 {
			continue
		}
		if w.Start == 0 || uint64(r.At) < w.Start {
			w.Start = uint64(r.At)
		}
		w.End = max(w.End, uint64(r.At), uint64(max(r.Until, 0)))
		w.Rule = r.Source + ": from the first time named to the last"
	}
	if w.Known() {
		a.Window = w
	}
}

// settle dates one row: the report was made after the update that it names, and no later than its own
// numbers allow. Error stays that at the instant of the report, whenever that was: what the clock moves
// between At and Until is for whoever compares instants to add. A rule's "at" replaces all of this.
func (r *clockRow) settle(a *Artifact) {
	age := *r.undated
	r.undated = nil
	if w := a.Window; w.Known() && w.Start == w.End && w.Start <= math.MaxInt64 && len(a.Clock.rows) == 1 {
		r.At, r.Until = int64(w.Start)-age.beforeNanos, int64(w.Start)
		if age.beforeNanos > 0 && r.Basis == ClockStated {
			r.Basis = ClockAged
		}
		return
	}
	if age.refNanos <= 0 {
		r.unbound()
		return
	}
	r.At = age.refNanos
	if r.Kind != ClockOffset {
		return
	}
	width := age.maxNanos
	at, atFits := addNanos(age.refNanos, r.Offset)
	until, untilFits := addNanos(at, width+age.refWidth)
	if width == 0 || !atFits || !untilFits || at <= 0 {
		r.unbound()
		return
	}
	r.At, r.Until = at, until
}

// unbound takes the bound from an offset of which nobody can say when it held.
func (r *clockRow) unbound() {
	if r.Kind == ClockOffset {
		r.Basis, r.Error = ClockNoBound, NoClockError
	}
}

// adoptClock takes over the rows of one artifact.
func (m *merger) adoptClock(a *Artifact) {
	if a.Clock == nil {
		return
	}
	for i := range a.Clock.rows {
		m.bundle.Clocks = append(m.bundle.Clocks, a.Clock.rows[i].ClockReading)
	}
	a.Clock.rows = nil
}
