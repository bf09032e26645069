package align

import "math"

// Options is what a user may say of the clocks.
type Options struct {
	// Trust says which bounds decide whether a domain is aligned; TrustAssumed if empty.
	Trust Trust
	// Reference names the domain to put offsets against, or UTC; "" chooses.
	Reference string
	// MaxDriftPPM bounds the rate of every clock; 0 is DefaultMaxDriftPPM.
	MaxDriftPPM float64
	// MinDelay is the least one-way delay between two zones in nanoseconds, in the order of their names.
	MinDelay map[[2]string]int64
	// MaxWidth, in nanoseconds, makes wider domains StatusWide; 0 is no limit.
	MaxWidth int64
	// Zones overrides the availability zones of domains.
	Zones map[string]string
}

// DefaultMaxDriftPPM is what the kernel allows: adjtimex(2) slews by at most 500 ppm, and ntpd and chronyd
// correct frequencies up to that.
const DefaultMaxDriftPPM = 500

func (o Options) defaults() Options {
	if o.Trust == "" {
		o.Trust = TrustAssumed
	}
	if o.MaxDriftPPM <= 0 {
		o.MaxDriftPPM = DefaultMaxDriftPPM
	}
	return o
}

const (
	// A clock's offset has up to mostIntervals pieces, slews aside, each of leastInterval seconds or more, and at least
	// fewestIntervals. What a clock wanders in less is nothing, and the stiffness that says so is more than numbers hold
	// beside what an observation weighs.
	mostIntervals, fewestIntervals, leastInterval = 128, 8, 1
	// solveRounds is how often levels and shapes are fitted in turn. Three gave what five do.
	solveRounds = 3
	// robustRound is the first in which windows that do not fit count less: before, the model may be wrong
	// rather than they.
	robustRound = 2
)

// Solve finds where every clock stood from the statistic of its calls. refine, which may be nil, reads the calls
// again: for more detail of clocks that jumped or were slewed, and to hold the calls against the estimate where
// the statistic leaves open whether any is put before it was sent.
func Solve(s *Statistic, refine func(StatOptions) *Statistic, o Options) *Model {
	if refine == nil {
		refine = func(StatOptions) *Statistic { return nil }
	}
	o = o.defaults()
	declared := o.refuteDelays(s)
	p := solveOnce(s, o)
	if restless := p.restless(); len(restless) > 0 {
		if fine := refine(StatOptions{Fine: restless}); fine != nil {
			s, p = fine, solveOnce(fine, o)
		}
	}
	m := p.bounded(s, refine)
	m.Assumptions, m.MinDelays = append(m.Assumptions, declared...), o.declared()
	return m
}

// restless names the clocks with jumps or slews.
func (p *problem) restless() map[string]bool {
	out := map[string]bool{}
	for i := range p.clocks {
		if c := &p.clocks[i]; len(c.jumps)+len(c.slews) > 0 {
			out[p.names[i]] = true
		}
	}
	return out
}

func solveOnce(s *Statistic, o Options) *problem {
	p := newProblem(s, o)
	if len(p.links) == 0 {
		if p.tellSteps() {
			p.readRange()
		}
		p.anchor()
		return p
	}
	p.begin()
	changed := p.events()
	if p.gate() {
		p.components()
		p.begin()
		changed = p.events()
	}
	p.leaveOut()
	p.grid(int(min(max((p.x1-p.x0)/leastInterval, fewestIntervals), mostIntervals)))
	if changed {
		p.cut()
		p.rescale()
	}
	for round := range solveRounds {
		if round == robustRound {
			p.lengthen()
		}
		p.fitShapes(round)
		if round%2 == 0 {
			p.scaleDelays()
			p.observe()
		}
		p.static = p.levels(round == 0)
		if round >= robustRound {
			p.reweigh()
		}
	}
	p.fitShapes(solveRounds)
	p.spread()
	p.spreadShapes()
	p.jumpsAgain(NewStatistic(StatOptions{}))
	p.keepTrend()
	p.project()
	p.anchor()
	return p
}

// events finds what clocks did but run on. It reports whether that may have changed the windows or the clocks, which
// are else as refit left them.
func (p *problem) events() (changed bool) {
	p.tellSteps()
	changed = len(p.told) > 0
	if p.findEvents() {
		changed = true
		p.narrowFound()
		p.polishRates()
		p.rescale()
		p.findEvents()
	}
	return changed
}

// begin finds constants and rates, and the windows and their residuals.
func (p *problem) begin() {
	for i := range p.clocks {
		p.clocks[i] = clock{out: p.clocks[i].out, part: p.clocks[i].part}
	}
	p.testLate()
	p.halves()
	p.coarseOffsets()
	p.place()
	p.coarseRates()
	p.refit()
}

// refit cuts the calls into windows anew and fits the rates to them.
func (p *problem) refit() {
	p.cut()
	p.rescale()
	for range 3 {
		p.polishRates()
		p.measure()
	}
	p.scaleDelays()
	p.observe()
}

// fitShapes runs the dynamic fit, with the wander that predicts windows it was not shown best, and measures.
func (p *problem) fitShapes(round int) {
	if round < solveRounds && round%2 == 0 { // every other round changes it by nothing that counts
		p.findWander(round)
	}
	for range 2 {
		d := p.newDynamic(allWindows)
		d.apply(d.solve(nil, 1e-6, 200))
		p.measure()
		if round < robustRound {
			break
		}
	}
}

// Wander is searched on a grid of factors of wanderStep between these, in ppb per root second.
const (
	leastWander, mostWander = 0.003, 3e3
	wanderStep              = 3
	// usualWander is that of quartz at room temperature, about, and wanderSpread the standard deviation of
	// its logarithm: few windows must not make a clock of noise.
	usualWander, wanderSpread = 0.5, 2
	// straight, in ns, is what wander may bend a clock by over all of a capture without anyone noticing. Less
	// in a capture of milliseconds would make the equations of nothing but stiffness.
	straight = 10
)

// findWander climbs the score of the held out windows.
func (p *problem) findWander(round int) {
	shown, held := p.newDynamic(shownWindows), p.newDynamic(heldWindows)
	var x []float64
	score := func(wander float64) float64 {
		p.wander = wander
		shown.bendAll()
		x = shown.solve(x, 1e-4, 80)
		far := math.Log(wander/usualWander) / wanderSpread
		sum := far * far / 2
		for r, w := range held.wins {
			e := held.rowY[r] - held.predict(r, x)
			sum += math.Log1p(e * e / w.v / 4)
		}
		return sum
	}
	stiffest := max(leastWander, straight/math.Pow(p.x1-p.x0, 1.5))
	best := max(p.wander, stiffest)
	least := score(best)
	for _, f := range []float64{wanderStep, 1.0 / wanderStep} {
		for try := best * f; try >= stiffest && try <= mostWander; try *= f {
			// A tie goes to the stiffer clock.
			if v := score(try); v < least-1e-9*math.Abs(least) || v <= least && try < best {
				best, least = try, v
				continue
			}
			break
		}
	}
	p.wander = best
}

// reweigh gives windows the weights of a Student-t likelihood; inside slews the clocks may be wrong rather
// than the windows.
func (p *problem) reweigh() {
	for i := range p.links {
		l := &p.links[i]
		for k := range l.wins {
			w := &l.wins[k]
			if w.weight = 1; !p.inSlew(l, w.x) {
				e := w.y - l.effect
				w.weight = (edgeFreedom + 1) / (edgeFreedom + e*e/w.v)
			}
		}
	}
}
