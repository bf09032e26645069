package stacks

import (
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// class says what is known of one stack.
type class uint8

const (
	complete   class = iota
	goexitOnly       // fills the limit, but its root is an entry: only runtime.goexit is missing
	certain          // fills the limit, and its root is called by others: its callers are missing
	likely           // fills the limit, and its root is not known as an entry
	ambiguous        // may be either: recursion of an entry function, or a heap stack far below the limit
	rootless         // the profiler could not unwind it at all
	classes
)

// Depth alone tells no cut stack from a whole one. A stack that fills the limit may lack nothing but
// runtime.goexit, and one that is deeper than the limit too: a last program counter of inlined calls gets
// all of their callers back when the profile is written (go1.18 to go1.27: runtime/symtab.go,
// runtime_expandFinalInlineFrame), up to the goroutine's entry. What stands at the root decides.

// Heap stacks are cut before their innermost runtime frames are taken away (runtime/pprof/protomem.go),
// so a cut stack may show fewer frames than the limit: 10 fewer were the most seen, 16 is looked at.
const (
	heapHidden    = 10
	heapHiddenMax = 16
)

// deepStack is a sample deep enough to be looked at twice.
type deepStack struct {
	ref   evidence.Ref
	value int64
	root  int32 // function, -1 if it has no name
	leaf  int32
	depth int32 // logical frames; program counters in the text form
	bare  bool  // text form: the last program counter has no line, as only runtime.goexit's has
}

// profileStacks is what one pass over a profile's samples collects.
type profileStacks struct {
	profile *evidence.Profile
	total   int   // samples
	value   int64 // sum of the absolute primary values
	deep    []deepStack
	// shallow holds, by function, the largest depth below which it was seen as a root, so that the
	// roots learned do not depend on the limit, which is known only afterwards.
	shallow []int32
	inner   []bool // by location: it stands in other than the outermost place of some stack
	minDeep int32  // the least depth that can matter
	// recorded is the largest number of frames that must have been recorded for a stack: those of the
	// last location but one may have been added when the profile was written. A lower limit is refuted.
	recorded int32
	single   []deepStack // CPU samples of one frame
}

func collect(p *evidence.Profile) *profileStacks {
	s := &profileStacks{profile: p, shallow: make([]int32, len(p.Functions)), inner: make([]bool, len(p.Locations)), minDeep: 32}
	switch p.Kind {
	case evidence.KindCPU:
		s.minDeep = goruntime.LimitCPU
	case evidence.KindHeap, evidence.KindAllocs:
		s.minDeep -= heapHiddenMax
	}
	for sample := range p.Samples() {
		s.add(sample)
	}
	return s
}

func (s *profileStacks) add(sample *evidence.Sample) {
	p := s.profile
	s.total++
	var value int64
	if p.Primary < len(sample.Values) {
		if value = sample.Values[p.Primary]; value < 0 {
			value = -value
		}
	}
	s.value += value
	depth := int32(sample.Depth)
	if p.Text {
		depth = int32(len(sample.Locations))
	}
	root, last := outermost(p, sample.Locations)
	recorded := depth
	if last >= 0 && !p.Text {
		recorded -= int32(len(p.Locations[sample.Locations[last]].Lines)) - 1
	}
	s.recorded = max(s.recorded, recorded)
	for i, l := range sample.Locations {
		if l >= 0 && i != last {
			s.inner[l] = true
		}
	}
	if root >= 0 && (s.shallow[root] == 0 || depth < s.shallow[root]) && (depth > 1 || p.Kind != evidence.KindCPU) {
		s.shallow[root] = depth
	}
	switch {
	case depth >= s.minDeep:
		d := deepStack{ref: sample.Ref, value: value, root: root, leaf: innermost(p, sample.Locations), depth: depth}
		if n := len(sample.Locations); n > 0 && sample.Locations[n-1] >= 0 {
			d.bare = len(p.Locations[sample.Locations[n-1]].Lines) == 0
		}
		s.deep = append(s.deep, d)
	case depth == 1 && p.Kind == evidence.KindCPU:
		s.single = append(s.single, deepStack{ref: sample.Ref, value: value, root: root, depth: depth})
	}
}

// outermost returns the function of a stack's outermost frame that has a name, and the place of its
// location; -1 for none.
func outermost(p *evidence.Profile, locations []int32) (function int32, place int) {
	for i := len(locations) - 1; i >= 0; i-- {
		if l := locations[i]; l >= 0 {
			if lines := p.Locations[l].Lines; len(lines) > 0 {
				return lines[len(lines)-1].Function, i
			}
		}
	}
	return -1, -1
}

func innermost(p *evidence.Profile, locations []int32) int32 {
	for _, l := range locations {
		if l >= 0 && len(p.Locations[l].Lines) > 0 {
			return p.Locations[l].Lines[0].Function
		}
	}
	return -1
}

// judge classifies the stacks of a profile under a limit.
func (s *profileStacks) judge(lim limit) *verdict {
	v := &verdict{total: s.total, value: s.value, limit: lim}
	called := s.called()
	for i := range s.deep {
		d := &s.deep[i]
		v.add(s.classOf(d, lim, called), d)
	}
	for i := range s.single {
		if d := &s.single[i]; s.isRootless(d) {
			v.add(rootless, d)
		}
	}
	return v
}

func (s *profileStacks) classOf(d *deepStack, lim limit, called []bool) class {
	n := int32(lim.frames)
	switch {
	case s.profile.Text:
		// The last program counter of a whole stack is runtime.goexit's, which is printed without a line.
		if d.depth < n || d.bare {
			return complete
		}
	case lim.heap:
		return s.heapClass(d, lim, called)
	case d.depth < n:
		return complete
	}
	if d.root < 0 {
		return ambiguous
	}
	known := goruntime.IsKnownRoot(s.profile.Functions[d.root].Name)
	return rootClass(known, s.learned(d.root, n), called[d.root], lim.inferred)
}

// rootClass classifies a stack that fills the limit by its outermost function: whether it is known or
// learned to be an entry, and whether other stacks show it called. Where the limit itself is inferred
// from the stacks, nothing is certain.
func rootClass(known, learned, called, inferred bool) class {
	switch {
	case known:
		return goexitOnly
	case learned && called:
		return ambiguous
	case learned:
		return goexitOnly
	case called && !inferred:
		return certain
	}
	return likely
}

// learned reports whether the function is the root of a stack with fewer than n frames.
func (s *profileStacks) learned(root, n int32) bool {
	return s.shallow[root] != 0 && s.shallow[root] < n
}

// heapClass classifies a stack of a heap or allocs profile. Below the limit a root that nothing calls is
// taken for the entry that it most likely is.
func (s *profileStacks) heapClass(d *deepStack, lim limit, called []bool) class {
	n := int32(lim.frames)
	switch {
	case d.depth < n-heapHiddenMax:
		return complete
	case d.root < 0:
		return ambiguous
	case d.depth >= n:
		known := goruntime.IsKnownRoot(s.profile.Functions[d.root].Name)
		return rootClass(known, s.learned(d.root, n-heapHiddenMax), called[d.root], lim.inferred)
	case goruntime.IsKnownRoot(s.profile.Functions[d.root].Name), s.learned(d.root, n-heapHiddenMax), !called[d.root]:
		return complete
	case d.depth < n-heapHidden:
		return ambiguous
	}
	return likely
}

// called returns, by function, whether it stands in other than the outermost place of some stack.
func (s *profileStacks) called() []bool {
	out := make([]bool, len(s.profile.Functions))
	for l := range s.profile.Locations {
		lines := s.profile.Locations[l].Lines
		for i, line := range lines {
			if line.Function >= 0 && (s.inner[l] || i < len(lines)-1) {
				out[line.Function] = true
			}
		}
	}
	return out
}

// isRootless reports whether a CPU sample of one frame is a stack that could not be unwound: a runtime
// function that is no entry, as runtime.nanotime1 in the vdso up to go1.24.
func (s *profileStacks) isRootless(d *deepStack) bool {
	if d.root < 0 {
		return false
	}
	name := s.profile.Functions[d.root].Name
	return !goruntime.IsKnownRoot(name) && !goruntime.IsLostMarker(name) &&
		(strings.HasPrefix(name, "runtime.") || !strings.Contains(name, ".")) && s.shallow[d.root] == 0
}

// verdict is the judgement of one profile's stacks.
type verdict struct {
	total  int
	value  int64
	limit  limit
	stacks [classes]int
	values [classes]int64
	shown  [classes][]*deepStack // a few of each class
}

const maxShown = 5

func (v *verdict) add(c class, d *deepStack) {
	v.stacks[c]++
	v.values[c] += d.value
	if len(v.shown[c]) < maxShown {
		v.shown[c] = append(v.shown[c], d)
	}
}

func (v *verdict) truncated() int { return v.stacks[certain] + v.stacks[likely] }
