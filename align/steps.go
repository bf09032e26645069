package align

import (
	"math"
	"slices"
)

const (
	// eventLeast is the least jump, in ns, that is told from wander.
	eventLeast = 40e3
	// eventSigmas of the usual change of a clock over two bins make an event.
	eventSigmas = 8
	// eventAgree is the share of a clock's edges, by weight, that must show it.
	eventAgree = 0.75
	// eventCap bounds what one call costs in the search for the time of a jump, in scales of its delay.
	eventCap = 6
	// eventGain is how much of that cost a jump must take away, and at least how many units of it.
	eventGain, eventUnits = 0.2, 20
	// eventFit is what a call may cost in the mean behind it, and one in eventStray may fit neither side.
	eventFit, eventStray = 1.5, 20
	// eventCalls on either side tell what the clock did; fewer make one look further away.
	eventCalls  = 4
	eventBins   = 128
	eventAround = 16 // bins
	maxEvents   = 64 // of one clock
)

// event is a change of one clock that nothing but a jump or a slew makes.
type event struct {
	clock, bin int
	size       float64
	strength   float64
}

// track is the residual of an edge's windows in common bins of time; NaN where it has none.
type track struct {
	link   *link
	c      []float64
	weight float64
}

// findEvents looks for jumps and slews, strongest first: what one clock does shows on all its edges, and
// on one edge only of each other clock. It reports whether there was any.
func (p *problem) findEvents() bool {
	found := false
	tried := map[[2]int]bool{}
	// Events that no jump explains are put off until no clock is left whose jump may have spoilt their edges.
	var putOff []event
	retry := func() {
		for _, ev := range putOff {
			delete(tried, [2]int{ev.clock, ev.bin})
		}
		putOff = nil
	}
	for range maxEvents * 4 {
		bins, tracks := p.tracks()
		if bins < 6 {
			return found
		}
		ev, ok := p.strongest(bins, tracks, func(clock, bin int) bool {
			return tried[[2]int{clock, bin}] || slices.ContainsFunc(putOff, func(o event) bool { return o.clock == clock })
		})
		switch {
		case !ok && len(putOff) == 0:
			return found
		case !ok:
			if p.slewAll(&putOff, bins, tracks) {
				found = true
				p.measure()
			}
			retry()
			continue
		}
		tried[[2]int{ev.clock, ev.bin}] = true
		c := p.blame(ev, p.around(ev, bins), bins)
		switch {
		case math.Abs(c.size) <= eventLeast/2 || c.clock == ev.clock && c.size*ev.size < 0:
			// The calls around know nothing of it.
		case 2*c.calls > c.all && p.locate(c):
			found = true
			p.measure()
			retry()
		default:
			putOff = append(putOff, ev)
		}
	}
	return found
}

// slewAll takes the first event as a slew, and of the others those whose clocks have no calls with the clock of one that
// was taken: those are looked at again. It takes from the list what was taken, and what cannot be.
func (p *problem) slewAll(events *[]event, bins int, tracks []track) (any bool) {
	near := make([]bool, len(p.clocks))
	*events = slices.DeleteFunc(*events, func(ev event) bool {
		if near[ev.clock] {
			return false
		}
		if p.slewing(ev, bins, tracks) {
			any = true
			for i := range tracks {
				if l := tracks[i].link; l.a == ev.clock || l.b == ev.clock {
					near[l.a], near[l.b] = true, true
				}
			}
		}
		return true
	})
	return any
}

// tracks puts the windows into bins, as many as the median edge has windows.
func (p *problem) tracks() (bins int, tracks []track) {
	var counts []float64
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && l.twoWay && len(l.wins) > 0 {
			counts = append(counts, float64(len(l.wins)))
		}
	}
	bins = min(eventBins, int(median(counts)))
	if bins == 0 {
		return 0, nil
	}
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) || !l.twoWay || len(l.wins) == 0 {
			continue
		}
		t := track{link: l, c: make([]float64, bins)}
		w := make([]float64, bins)
		for k := range l.wins {
			win := &l.wins[k]
			b := p.bin(win.x, bins)
			t.c[b] += win.y / win.v
			w[b] += 1 / win.v
		}
		for b := range w {
			t.weight += w[b]
			t.c[b] /= w[b] // NaN where there is none
		}
		t.weight = math.Sqrt(t.weight)
		tracks = append(tracks, t)
	}
	return bins, tracks
}

func (p *problem) bin(x float64, bins int) int {
	return min(max(int(float64(bins)*(x-p.x0)/(p.x1-p.x0)), 0), bins-1)
}

func (p *problem) binStart(bin, bins int) float64 {
	return p.x0 + (p.x1-p.x0)*float64(bin)/float64(bins)
}

// strongest returns the greatest change of any clock over two bins that stands out, but those that are not to be.
func (p *problem) strongest(bins int, tracks []track, not func(clock, bin int) bool) (best event, ok bool) {
	of := make([][]int, len(p.clocks)) // tracks of each clock; the complement where it is the caller
	for i := range tracks {
		of[tracks[i].link.b] = append(of[tracks[i].link.b], i)
		of[tracks[i].link.a] = append(of[tracks[i].link.a], ^i)
	}
	for h, list := range of {
		if len(list) == 0 {
			continue
		}
		jumps, agree := p.changes(bins, tracks, list)
		var all []float64
		for _, j := range jumps {
			if !math.IsNaN(j) {
				all = append(all, j)
			}
		}
		if len(all) < 4 {
			continue
		}
		centre := median(all)
		for i := range all {
			all[i] = math.Abs(all[i] - centre)
		}
		limit := max(eventLeast, eventSigmas*1.4826*median(all), 1.5*p.quantumOf(list, tracks))
		for b, j := range jumps {
			if math.IsNaN(j) {
				continue
			}
			size := j - localCentre(jumps, b)
			if math.Abs(size) <= limit || agree[b] < eventAgree || not(h, b) {
				continue
			}
			if s := math.Abs(size) * math.Sqrt(float64(len(list))); s > best.strength {
				best, ok = event{h, b, size, s}, true
			}
		}
	}
	return best, ok
}

// localCentre is the median change around a bin: frequencies wander.
func localCentre(jumps []float64, bin int) float64 {
	var v []float64
	for b := max(0, bin-eventAround); b <= min(len(jumps)-1, bin+eventAround); b++ {
		if !math.IsNaN(jumps[b]) {
			v = append(v, jumps[b])
		}
	}
	return median(v)
}

func (p *problem) quantumOf(list []int, tracks []track) float64 {
	q := int64(0)
	for _, i := range list {
		q = max(q, tracks[max(i, ^i)].link.edge.quantum)
	}
	return float64(q)
}

// changes returns for each bin the median change of a clock from the bin before to the bin behind, and
// the share of its edges that show at least half of it.
func (p *problem) changes(bins int, tracks []track, list []int) (jumps, agree []float64) {
	jumps, agree = make([]float64, bins), make([]float64, bins)
	for b := range bins {
		var v []weighted
		total := 0.0
		for _, i := range list {
			sign := 1.0
			if i < 0 {
				i, sign = ^i, -1
			}
			t := &tracks[i]
			if p.slewsNear(t.link, b, bins) {
				continue
			}
			before, behind := t.near(b, -1), t.near(b, 1)
			if math.IsNaN(before) || math.IsNaN(behind) {
				continue
			}
			v = append(v, weighted{sign * (behind - before), t.weight})
			total += t.weight
		}
		jumps[b] = math.NaN()
		if len(v) == 0 {
			continue
		}
		jumps[b] = weightedMedian(v)
		for _, x := range v {
			if x.v*jumps[b] > 0 && math.Abs(x.v) > math.Abs(jumps[b])/2 {
				agree[b] += x.w / total
			}
		}
	}
	return jumps, agree
}

// slewsNear reports whether either clock of an edge is known to be slewed within three bins.
func (p *problem) slewsNear(l *link, bin, bins int) bool {
	lo, hi := p.binStart(bin-3, bins), p.binStart(bin+4, bins)
	for _, c := range []*clock{&p.clocks[l.a], &p.clocks[l.b]} {
		for _, s := range c.slews {
			if lo <= s.hi && hi >= s.lo {
				return true
			}
		}
	}
	return false
}

// near returns the first value on one side of a bin, at most three away.
func (t *track) near(bin, dir int) float64 {
	for k := 1; k <= 3; k++ {
		if at := bin + k*dir; at >= 0 && at < len(t.c) && !math.IsNaN(t.c[at]) {
			return t.c[at]
		}
	}
	return math.NaN()
}
