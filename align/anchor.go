package align

import (
	"fmt"
	"math"
	"slices"
)

// gauge is what offsets of a component are against: calls only show differences.
type gauge struct {
	ref int // clock, -1 for UTC
	// Against UTC, a + b*t ns is taken off, t in seconds of common time; sd is what that is uncertain by.
	a, b, sd float64
	liars    []string
}

// anchorReading is one reading against UTC in the solver's terms.
type anchorReading struct {
	clock   int
	x, y, e float64 // y is what is left of the clock's offset without what was read
}

const (
	// liarErrors: a clock whose readings disagree with the others' by more than that many of their stated
	// errors is not believed.
	liarErrors = 2
	// tukey is the usual cut-off of Tukey's biweight, in standard deviations.
	tukey = 4.685
)

// anchor decides for every component what its offsets are against.
func (p *problem) anchor() {
	p.gauges = make([]gauge, p.parts)
	byPart := make([][]anchorReading, p.parts)
	for _, r := range p.reads {
		i, ok := slices.BinarySearch(p.names, r.Domain)
		if !ok || p.clocks[i].out {
			continue
		}
		c := &p.clocks[i]
		at := r.At + (max(r.Until, r.At)-r.At)/2
		x, hint := p.seconds(at, c.coarse), 0
		y := float64(c.coarse-r.Offset) + c.at(x, &hint)
		byPart[c.part] = append(byPart[c.part], anchorReading{i, x, y, float64(max(1, r.Error))})
	}
	wanted := slices.Index(p.names, p.opt.Reference)
	for part := range p.gauges {
		g := &p.gauges[part]
		switch {
		case wanted >= 0 && p.clocks[wanted].part == part && !p.clocks[wanted].out:
			g.ref = wanted
		case len(byPart[part]) > 0:
			g.ref = -1
			p.utc(g, byPart[part])
		default:
			g.ref = p.hub(part)
		}
	}
}

// utc fits a line to the readings of a component, without those of clocks that lie.
func (p *problem) utc(g *gauge, reads []anchorReading) {
	byClock := map[int][]float64{}
	errs := map[int][]float64{}
	for _, r := range reads {
		byClock[r.clock] = append(byClock[r.clock], r.y)
		errs[r.clock] = append(errs[r.clock], r.e)
	}
	var clocks []int
	for i := range p.clocks {
		if len(byClock[i]) > 0 {
			clocks = append(clocks, i)
		}
	}
	var medians []weighted
	for _, i := range clocks {
		medians = append(medians, weighted{median(byClock[i]), 1 / median(errs[i])})
	}
	consensus := weightedMedian(slices.Clone(medians))
	// Readings seldom use up the error they admit, so what they scatter by judges as well.
	var away []float64
	for _, m := range medians {
		away = append(away, math.Abs(m.v-consensus))
	}
	scatter := 1.4826 * median(away)
	lies := map[int]bool{}
	for k, i := range clocks {
		off := math.Abs(medians[k].v - consensus)
		if len(clocks) > 2 && off > max(liarErrors/medians[k].w, 8*scatter) ||
			len(clocks) > 4 && off > max(0.5/medians[k].w, 12*scatter) {
			lies[i] = true
			g.liars = append(g.liars, p.names[i])
		}
	}
	reads = slices.DeleteFunc(reads, func(r anchorReading) bool { return lies[r.clock] })
	p.line(g, reads)
}

// line is a robust straight line, level where there is too little to tell a rate.
func (p *problem) line(g *gauge, reads []anchorReading) {
	var ys []weighted
	var xs []float64
	for _, r := range reads {
		ys = append(ys, weighted{r.y, 1 / (r.e * r.e)})
		xs = append(xs, r.x)
	}
	g.a, g.b = weightedMedian(ys), 0
	slices.Sort(xs)
	sloped := len(reads) >= 8 && xs[len(xs)-1]-xs[0] > (p.x1-p.x0)/4
	for range 20 {
		var res []float64
		for _, r := range reads {
			res = append(res, math.Abs(r.y-g.a-g.b*r.x))
		}
		scale := 1.4826*median(slices.Clone(res)) + modelNoise
		var n, sx, sy, sxx, sxy float64
		for i, r := range reads {
			w := 0.0
			if u := res[i] / (tukey * scale); u < 1 {
				w = (1 - u*u) * (1 - u*u) / (r.e * r.e)
			}
			n, sx, sy = n+w, sx+w*r.x, sy+w*r.y
			sxx, sxy = sxx+w*r.x*r.x, sxy+w*r.x*r.y
		}
		if n == 0 {
			return
		}
		g.a, g.b = sy/n, 0
		if det := n*sxx - sx*sx; sloped && det > 1e-9*n*sxx {
			g.b = (n*sxy - sx*sy) / det
			g.a = (sy - g.b*sx) / n
		}
		g.sd = scale / math.Sqrt(float64(len(reads)))
	}
}

// against returns the offset of a clock at x against the reference of its component.
func (p *problem) against(i int, x float64, hint *int) float64 {
	c := &p.clocks[i]
	g := &p.gauges[c.part]
	own := c.at(x, hint)
	if g.ref == i {
		return 0
	}
	t := x - own/1e9
	if g.ref < 0 {
		return float64(c.coarse) + own - g.a - g.b*t
	}
	r := &p.clocks[g.ref]
	var h int
	face := t
	for range 3 { // the reading of the reference at that moment
		face = t + r.at(face, &h)/1e9
	}
	return float64(c.coarse-r.coarse) + own - r.at(face, &h)
}

func (g *gauge) name(p *problem) string {
	if g.ref < 0 {
		return UTC
	}
	return p.names[g.ref]
}

// assumption tells of readings that were not believed.
func (g *gauge) assumption() (Assumption, bool) {
	if len(g.liars) == 0 {
		return Assumption{}, false
	}
	return Assumption{
		Text:   fmt.Sprintf("the readings of %d clocks against UTC hold, but for those of %q", len(g.liars), g.liars),
		Tested: "against the other clocks' readings and the calls between them", Falsified: false,
	}, true
}
