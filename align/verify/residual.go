package verify

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
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
}

func (c *checker) compare(parent, child evidence.Span) {
	from, to := c.domains[c.domainOf(&parent)], c.domains[c.domainOf(&child)]
	if from == nil || to == nil || from == to || !from.aligned() || !to.aligned() || from.Component != to.Component || from.Reference != to.Reference {
		return
	}
	began := child.Start
	if child.Kind == evidence.KindConsumer && !c.processes(child.Name) {
		began = child.End
	}
	if parent.Start == 0 || began == 0 || parent.Start > math.MaxInt64 || began > math.MaxInt64 {
		return
	}
	c.result.Pairs++
	room := max(c.unit(&parent), c.unit(&child))
	if began < parent.Start && int64(parent.Start-began) >= room {
		c.result.Before++
	}
	by := sub(sub(intOf(int64(parent.Start)), from.estimate(int64(parent.Start))), sub(intOf(int64(began)), to.estimate(int64(began))))
	if by.Cmp(intOf(room)) <= 0 || !by.IsInt64() || len(c.result.Residual) == maxResidual {
		return
	}
	trace := c.b.Traces[child.Trace]
	c.result.Residual = append(c.result.Residual, Violation{
		Trace: hex.EncodeToString(trace[:]), Parent: fmt.Sprintf("%016x", parent.ID), Child: fmt.Sprintf("%016x", child.ID),
		Caller: from.Name, Callee: to.Name, By: by.Int64(), Ref: child.Ref,
	})
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
