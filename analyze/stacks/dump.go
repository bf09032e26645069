package stacks

import (
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// judgeDump classifies the stacks of goroutine text. From go1.21 the text says how many frames it leaves
// out of the middle. Up to go1.20 it shows the innermost 100, and of a parked goroutine as many fewer as
// runtime frames are hidden but counted, without a mark. The mark of those releases, "...additional
// frames elided...", tells nothing more: it stands wherever 100 frames are shown, also all of a stack.
func judgeDump(a *evidence.Artifact) *verdict {
	d := a.Dump
	v := &verdict{limit: limit{frames: goruntime.TextLimit, why: "goroutine text of every release"}}
	var old *oldDump
	if a.Go.Min <= 20 {
		old = newOldDump(d)
		old.unsure = a.Go.Max == 0 || a.Go.Max > 20
	}
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
		if c := old.classOf(g); c != complete {
			v.add(c, &deepStack{ref: g.Ref, value: 1, depth: int32(len(d.Stacks[g.Stack])), root: int32(i), leaf: -1})
		}
	}
	return v
}

// oldDump is goroutine text that may be of go1.20 or earlier; nil is text of later releases.
type oldDump struct {
	*evidence.Dump
	entries map[string]bool // outermost functions of stacks that are not cut
	called  map[string]bool // functions in other than the outermost place
	unsure  bool            // it may be of a later release as well
}

func newOldDump(d *evidence.Dump) *oldDump {
	o := &oldDump{Dump: d, entries: map[string]bool{}, called: map[string]bool{}}
	for _, frames := range d.Stacks {
		for _, f := range frames[:max(0, len(frames)-1)] {
			o.called[d.Frames[f].Func] = true
		}
	}
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if frames := d.Stacks[g.Stack]; len(frames) > 0 && g.Flags&evidence.GCut == 0 && o.room(g) {
			o.entries[d.Frames[frames[len(frames)-1]].Func] = true
		}
	}
	return o
}

// physical counts the frames of a stack as the runtime did: inlined ones have none of their own.
func (o *oldDump) physical(g *evidence.Goroutine) int {
	var n int
	for _, f := range o.Stacks[g.Stack] {
		if !o.Frames[f].Inlined {
			n++
		}
	}
	return n
}

// room reports whether the stack would have shown more frames if it had any.
func (o *oldDump) room(g *evidence.Goroutine) bool {
	return o.physical(g)+slices.Max(goruntime.HiddenFrames(o.States[g.State])) < goruntime.TextLimit
}

// classOf classifies a stack by its mark, or in old text by whether it shows as many frames as one that
// was cut, and by its outermost function: as in a profile, runtime.goexit may be all that is missing.
func (o *oldDump) classOf(g *evidence.Goroutine) class {
	switch {
	case g.Elided > 0:
		return certain
	case o == nil:
		return complete
	}
	hidden := goruntime.HiddenFrames(o.States[g.State])
	if !slices.Contains(hidden, goruntime.TextLimit-o.physical(g)) {
		return complete
	}
	frames := o.Stacks[g.Stack]
	root := o.Frames[frames[len(frames)-1]].Func
	// main.main is shown as the outermost frame of the main goroutine: runtime.main is hidden.
	known := goruntime.IsKnownRoot(root) || root == "main.main"
	c := rootClass(known, o.entries[root], o.called[root], o.unsure || len(hidden) > 1)
	if c == likely && o.unsure && !o.called[root] {
		return complete // a later release would have shown all of it
	}
	return c
}
