package verify

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"sort"

	"github.com/witnessmark/witnessmark/evidence"
)

// maxResidual bounds how many violations are listed.
const maxResidual = 100_000

// residual compares every span with its parent on another aligned clock, by recorded and by aligned times.
func (c *checker) residual(j *evidence.SpanJoin) {
	for chunk := range c.b.Spans.Chunks() {
		for i := range chunk.ID {
			row := chunk.Base + i
			parent := j.Parent[row]
			if parent >= evidence.UnusableParent || j.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			c.compare(c.b.Span(int(parent)), c.b.Span(row))
		}
	}
	for k, v := range c.left {
		v.Caller, v.Callee = k[0], k[1]
		c.result.LeftAlone = append(c.result.LeftAlone, *v)
	}
	slices.SortFunc(c.result.LeftAlone, func(a, b LeftPair) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
	})
}

func (c *checker) compare(parent, child evidence.Span) {
	from, to := c.domains[c.domainOf(&parent)], c.domains[c.domainOf(&child)]
	if from == nil || to == nil || from == to {
		return
	}
	began := child.Start
	if child.Kind == evidence.KindConsumer && !c.processes(child.Name) {
		began = child.End
	}
	if parent.Start == 0 || began == 0 || parent.Start > math.MaxInt64 || began > math.MaxInt64 {
		return
	}
	room := max(c.unit(&parent), c.unit(&child))
	early := began < parent.Start && int64(parent.Start-began) >= room
	if !from.aligned() || !to.aligned() || from.Component != to.Component || from.Reference != to.Reference {
		c.leave(from, to, early)
		return
	}
	c.result.Pairs++
	if early {
		c.result.Before++
	}
	by := sub(sub(intOf(int64(parent.Start)), from.estimate(int64(parent.Start))), sub(intOf(int64(began)), to.estimate(int64(began))))
	if by.Cmp(intOf(room)) < 0 || !by.IsInt64() || len(c.result.Residual) == maxResidual {
		return
	}
	trace := c.b.Traces[child.Trace]
	c.result.Residual = append(c.result.Residual, Violation{
		Trace: hex.EncodeToString(trace[:]), Parent: fmt.Sprintf("%016x", parent.ID), Child: fmt.Sprintf("%016x", child.ID),
		Caller: from.Name, Callee: to.Name, By: by.Int64(), Ref: child.Ref,
	})
}

// leave counts a pair that has no aligned times.
func (c *checker) leave(from, to *clock, early bool) {
	k := [2]string{from.Name, to.Name}
	v := c.left[k]
	if v == nil {
		why := "they have no reference in common"
		switch {
		case !from.aligned() && !to.aligned():
			why = fmt.Sprintf("%s is %s, %s is %s", from.Name, from.Status, to.Name, to.Status)
		case !from.aligned():
			why = fmt.Sprintf("%s is %s", from.Name, from.Status)
		case !to.aligned():
			why = fmt.Sprintf("%s is %s", to.Name, to.Status)
		}
		v = &LeftPair{Why: why}
		c.left[k] = v
	}
	v.Pairs++
	if early {
		v.Before++
	}
}

func (c *clock) aligned() bool {
	if c.Status != "aligned" && c.Status != "reference" {
		return false
	}
	for i := range c.Segments {
		if len(c.Segments[i].Points) == 0 {
			return false
		}
	}
	return len(c.Segments) > 0
}

// estimate returns the estimated offset at a reading: straight between points, level beyond, and by the
// nearer segment between two.
func (c *clock) estimate(reading int64) *big.Int {
	best, distance := &c.Segments[0].Points[0], new(big.Int)
	for i := range c.Segments {
		p := c.Segments[i].Points
		first, last := &p[0], &p[len(p)-1]
		near := last
		switch {
		case reading < int64(first.At):
			near = first
		case reading <= int64(last.At):
			k := sort.Search(len(p), func(k int) bool { return int64(p[k].At) > reading })
			if k == len(p) {
				return intOf(last.Offset)
			}
			return line(knot{p[k-1].At, p[k-1].Offset}, knot{p[k].At, p[k].Offset}, intOf(reading))
		}
		d := sub(intOf(reading), near.At.big())
		if d.Abs(d); i == 0 || d.Cmp(distance) < 0 {
			best, distance = near, d
		}
	}
	return intOf(best.Offset)
}
