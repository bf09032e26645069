package align

import "math"

const (
	// An edge is inconsistent where it is off by more than gateRTTs of its round trips, and by gateLeast.
	gateRTTs  = 5
	gateLeast = 3e6 // ns
	// A clock with gateEdges inconsistent edges, and gateShare of its edges, is two clocks.
	gateEdges = 2
	gateShare = 0.25
	// gateWindows is the share of an edge's windows that must show it: a step spoils a part of them.
	gateWindows = 0.6
)

// gate takes out clocks that cannot be one: two machines under one name. One of them would spoil the
// whole solution. An edge shows it in two ways: calls of one moment need two different offsets, or all its
// calls disagree with what the rest of the graph says. It reports whether any was taken out.
func (p *problem) gate() bool {
	any := false
	for {
		levels := p.edgeLevels()
		wrong := make([]bool, len(p.links))
		for i := range p.links {
			wrong[i] = p.usable(&p.links[i]) && p.inconsistent(&p.links[i], levels)
		}
		worst, most := -1, 0.0
		for i := range p.clocks {
			bad, all := 0, 0
			for k := range p.links {
				l := &p.links[k]
				if !p.usable(l) || l.a != i && l.b != i {
					continue
				}
				all++
				if wrong[k] {
					bad++
				}
			}
			if share := float64(bad) / float64(all); bad >= gateEdges && share >= gateShare && share*float64(bad) > most {
				worst, most = i, share*float64(bad)
			}
		}
		if worst < 0 {
			return any
		}
		p.clocks[worst].out, any = true, true
	}
}

// edgeLevels fits a constant per clock to the medians of the edges' windows.
func (p *problem) edgeLevels() []float64 {
	var rows []difference
	for i := range p.links {
		l := &p.links[i]
		if !p.usable(l) || len(l.wins) == 0 {
			continue
		}
		var ys []float64
		for k := range l.wins {
			ys = append(ys, l.wins[k].y)
		}
		w := 1.0
		if !l.twoWay {
			w = 0.01
		}
		rows = append(rows, difference{l.a, l.b, median(ys), w})
	}
	return p.fitDifferences(rows)
}

func (p *problem) inconsistent(l *link, levels []float64) bool {
	if !l.twoWay || len(l.wins) == 0 {
		return false
	}
	limit := max(gateRTTs*2*l.half, gateLeast)
	apart, off, signed := 0, 0, 0
	for k := range l.wins {
		w := &l.wins[k]
		e := w.y - (levels[l.b] - levels[l.a])
		if !l.late && w.rq+w.rs < -limit {
			apart++
		}
		if math.Abs(e) > limit {
			off++
			if e > 0 {
				signed++
			} else {
				signed--
			}
		}
	}
	need := gateWindows * float64(len(l.wins))
	return float64(apart) >= need || float64(off) >= need && math.Abs(float64(signed)) >= need
}
