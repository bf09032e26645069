package clockeval

import (
	"math"
	"slices"
	"sort"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// curve is the estimate of one domain, for millions of look-ups: what (*align.Domain).At returns as
// Offset, to a nanosecond.
type curve struct {
	segments [][]align.Point
	part     string // reference of its component
}

func (c *curve) offset(reading int64) int64 {
	i := sort.Search(len(c.segments), func(i int) bool { return int64(c.segments[i][0].At) > reading }) - 1
	if i < 0 {
		return c.segments[0][0].Offset
	}
	seg := c.segments[i]
	last := seg[len(seg)-1]
	if reading > int64(last.At) {
		if i+1 < len(c.segments) && reading-int64(last.At) > int64(c.segments[i+1][0].At)-reading {
			return c.segments[i+1][0].Offset
		}
		return last.Offset
	}
	j := sort.Search(len(seg), func(j int) bool { return int64(seg[j].At) > reading })
	if j == len(seg) {
		return last.Offset
	}
	a, b := seg[j-1], seg[j]
	share := float64(reading-int64(a.At)) / float64(b.At-a.At)
	return a.Offset + int64(math.Round(share*float64(b.Offset-a.Offset)))
}

// fleet is a model's view of the machines of a scene.
type fleet struct {
	scene  *clocksim.Scene
	model  *align.Model
	curves []*curve // by machine, nil where the model says nothing
}

func newFleet(s *clocksim.Scene, m *align.Model) *fleet {
	f := &fleet{scene: s, model: m, curves: make([]*curve, len(s.Machines))}
	for i, machine := range s.Machines {
		d := m.Domain(machine.Name)
		if d == nil || len(d.Segments) == 0 || d.Status == align.StatusConflict || d.Status == align.StatusNoPath {
			continue
		}
		c := &curve{part: d.Reference}
		for _, seg := range d.Segments {
			c.segments = append(c.segments, seg.Points)
		}
		f.curves[i] = c
	}
	return f
}

// place returns the lags of all calls as the model puts them, and whether it says anything of each.
func (f *fleet) place() (lags Placement, said []bool) {
	lags, said = make(Placement, len(f.scene.Calls)), make([]bool, len(f.scene.Calls))
	for i, c := range f.scene.Calls {
		lags[i] = raw(f.scene, i)
		a, b := &f.scene.Spans[c.Earlier], &f.scene.Spans[c.Later]
		ca, cb := f.curves[a.Machine], f.curves[b.Machine]
		if ca != nil && cb != nil && ca.part == cb.part {
			said[i] = true
			lags[i] += ca.offset(a.StartReading) - cb.offset(b.StartReading)
		}
	}
	return lags, said
}

// instants are true times to look at: evenly spread, and around the jumps of the clocks named.
func instants(s *clocksim.Scene, clocks ...*clocksim.Clock) []int64 {
	const n = 60
	length := int64(s.Params.Duration)
	var at []int64
	for i := range int64(n) {
		at = append(at, length/50+i*(length*24/25)/n)
	}
	for _, c := range clocks {
		for _, e := range c.Events() {
			size := max(e.Size, -e.Size)
			for _, d := range []int64{-2 * size, -size / 2, -1, 0, 1, size / 2, 2 * size} {
				at = append(at, e.Start+d, e.End+d)
			}
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}
