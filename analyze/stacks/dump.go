package stacks

import (
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// judgeDump classifies the stacks of goroutine text. From go1.21 the text says how many frames it leaves
// out. Up to go1.20 it prints a mark only where exactly 100 frames are shown; a parked goroutine is cut
// without one, and shows 100 less the runtime frames that are hidden but counted.
func judgeDump(a *evidence.Artifact) *verdict {
	d := a.Dump
	v := &verdict{limit: limit{frames: goruntime.TextLimit, why: "goroutine text of every release"}}
	old := a.Go.Max != 0 && a.Go.Max <= 20
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Flags&(evidence.GRepeat|evidence.GUnavailable) != 0 {
			continue
		}
		v.total++
		v.value++
		if g.Flags&evidence.GCut != 0 {
			continue // the file's end, not the runtime, took the rest: WM1003
		}
		c := complete
		switch {
		case g.Elided > 0:
			c = certain
		case g.Elided < 0:
			c = likely // also printed for a whole stack of exactly 100 frames
		case old && silentlyCut(d, g):
			c = likely // a stack of exactly this depth may have lost runtime.goexit only
		}
		if c != complete {
			v.add(c, &deepStack{ref: g.Ref, value: 1, depth: int32(len(d.Stacks[g.Stack])), root: int32(i), leaf: -1})
		}
	}
	return v
}

// silentlyCut reports whether a goroutine of go1.20 or earlier shows as many frames as one that was cut.
func silentlyCut(d *evidence.Dump, g *evidence.Goroutine) bool {
	hidden, ok := goruntime.HiddenFrames(d.States[g.State])
	if !ok {
		return false
	}
	var physical int
	for _, f := range d.Stacks[g.Stack] {
		if !d.Frames[f].Inlined {
			physical++
		}
	}
	return physical+hidden == goruntime.TextLimit
}
