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
	goexitOnly       // cut at the limit, but only runtime.goexit is missing, which nobody needs
	certain          // frames are missing for certain
	likely           // as deep as the limit, with a root that is no entry function as far as is known
	ambiguous        // may be either: recursion of an entry function, or a heap stack far below the limit
	rootless         // the profiler could not unwind it at all
	classes
)

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
	depth int32
	bare  bool // text form: the last program counter has no line, as only runtime.goexit's has
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
	deepest int32
	single  []deepStack // CPU samples of one frame
}

// minDeep is the least depth that can matter: 16 below the smallest limit.
const minDeep = 32 - heapHiddenMax

func collect(p *evidence.Profile) *profileStacks {
	s := &profileStacks{profile: p, shallow: make([]int32, len(p.Functions)), inner: make([]bool, len(p.Locations))}
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
	s.deepest = max(s.deepest, depth)
	root, last := outermost(p, sample.Locations)
	for i, l := range sample.Locations {
		if l >= 0 && i != last {
			s.inner[l] = true
		}
	}
	if root >= 0 && (s.shallow[root] == 0 || depth < s.shallow[root]) && (depth > 1 || p.Kind != evidence.KindCPU) {
		s.shallow[root] = depth
	}
	switch {
	case depth >= minDeep:
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
	recursive := s.recursiveRoots()
	for i := range s.deep {
		d := &s.deep[i]
		v.add(s.classOf(d, lim, recursive), d)
	}
	for i := range s.single {
		if d := &s.single[i]; s.isRootless(d) {
			v.add(rootless, d)
		}
	}
	return v
}

func (s *profileStacks) classOf(d *deepStack, lim limit, recursive []bool) class {
	n := int32(lim.frames)
	switch {
	case s.profile.Text:
		// The last program counter of a whole stack is runtime.goexit's, which is printed without a line.
		if d.depth >= n && !d.bare {
			return certain
		}
		return complete
	case lim.heap:
		return s.heapClass(d, n)
	case d.depth < n:
		return complete
	case d.depth > n:
		return certain
	}
	if d.root < 0 {
		return ambiguous
	}
	name := s.profile.Functions[d.root].Name
	switch learned := s.shallow[d.root] != 0 && s.shallow[d.root] < n; {
	case goruntime.IsKnownRoot(name):
		return goexitOnly
	case learned && recursive[d.root]:
		return ambiguous
	case learned:
		return goexitOnly
	}
	return likely
}

func (s *profileStacks) heapClass(d *deepStack, n int32) class {
	switch {
	case d.depth < n-heapHiddenMax:
		return complete
	case d.depth > n+2:
		return certain
	case d.root < 0:
		return ambiguous
	}
	learned := s.shallow[d.root] != 0 && s.shallow[d.root] < n-heapHiddenMax
	switch {
	case learned || goruntime.IsKnownRoot(s.profile.Functions[d.root].Name):
		return complete
	case d.depth < n-heapHidden:
		return ambiguous
	}
	return likely
}

// recursiveRoots returns, by function, whether it stands in other than the outermost place of some stack.
func (s *profileStacks) recursiveRoots() []bool {
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
