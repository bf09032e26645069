package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// A report holds profiles and dumps only as much as a page can show: so it can be rendered again without the
// captures, and a folder of large profiles makes no larger report than one of small ones.

// StackRequest says how profiles are to be drawn.
type StackRequest struct {
	// Keys are the labels that samples must carry; none where any label will do.
	Keys []string
	// Classify tells how the samples of a profile stand to these labels.
	Classify func(*evidence.Profile) func(*evidence.Sample) LabelClass
}

// LabelClass is a class of samples.
type LabelClass uint8

// Classes of samples, as analyze/labels judges them.
const (
	LabelImpossible LabelClass = iota
	LabelPresent
	LabelLost
	labelClasses
)

// Bounds of what is kept. A node of less than a 2,000th of the whole would be thinner than a pixel of a wide page.
const (
	maxFlames         = 200
	maxFlameNodes     = 1000   // of one profile
	maxNodesOfReport  = 40_000 // of all
	minFlameNodes     = 100
	flameShare        = 2000
	maxFlameDepth     = 512
	maxGroupsOfDump   = 20 // of the largest that a series keeps
	maxGroupsOfSeries = 50
)

// folded is the function of a node that stands for others.
const folded = "(rest)"

func (d *Document) addStacks(b *evidence.Bundle, req *StackRequest) {
	var profiles []int
	for i, a := range b.Artifacts {
		if a.Profile != nil && !a.Profile.NamesLost && a.Profile.Len() > 0 && a.Profile.Primary < len(a.Profile.SampleTypes) {
			profiles = append(profiles, i)
		}
	}
	if len(profiles) > maxFlames {
		profiles, d.MoreFlames = profiles[:maxFlames], len(profiles)-maxFlames
	}
	nodes := min(maxFlameNodes, max(minFlameNodes, maxNodesOfReport/max(1, len(profiles))))
	for _, i := range profiles {
		p := b.Artifacts[i].Profile
		if f := newFlame(p, req.Classify(p), nodes); f != nil {
			f.Artifact, f.Keys = artifactID(i), texts(req.Keys)
			d.Flames = append(d.Flames, *f)
		}
	}
	d.GoroutineSeries = goroutineSeries(d, b)
}

// flameTree is a node in the making.
type flameTree struct {
	name     string
	children map[string]*flameTree
	value    [labelClasses]int64
}

func (t *flameTree) total() (sum int64) {
	for _, v := range t.value {
		sum += v
	}
	return sum
}

// newFlame sums the primary value of a profile by paths of functions; nil for one without value, or with values below
// zero, of which there are no shares.
func newFlame(p *evidence.Profile, class func(*evidence.Sample) LabelClass, nodes int) *Flame {
	t := p.SampleTypes[p.Primary]
	f := &Flame{SampleType: text(t.Type + "/" + t.Unit)}
	root := &flameTree{}
	var names []string
	for s := range p.Samples() {
		if p.Primary >= len(s.Values) || s.Values[p.Primary] == 0 {
			continue
		}
		v := s.Values[p.Primary]
		if v < 0 || f.Total+v < 0 { // a difference of two moments, or a sum that no int64 holds
			return nil
		}
		f.Total += v
		names = names[:0]
		for fn := range p.Frames(s) {
			if fn != nil {
				names = append(names, fn.Name)
			}
		}
		root.add(names, class(s), v)
	}
	if f.Total == 0 {
		return nil
	}
	f.fold(root, nodes)
	return f
}

// add counts a value on the path of names, which are innermost first.
func (t *flameTree) add(names []string, class LabelClass, v int64) {
	t.value[class] += v
	for depth, name := range slices.Backward(names) {
		if len(names)-depth > maxFlameDepth {
			return
		}
		child := t.children[name]
		if child == nil {
			if t.children == nil {
				t.children = map[string]*flameTree{}
			}
			child = &flameTree{name: name}
			t.children[name] = child
		}
		t = child
		t.value[class] += v
	}
}

// fold writes the largest nodes of a tree, so many at most, and folds the others.
func (f *Flame) fold(root *flameTree, nodes int) {
	least := f.leastKept(root, nodes)
	index := map[string]int{}
	function := func(name string) int {
		name = text(name)
		i, ok := index[name]
		if !ok {
			i = len(f.Functions)
			index[name] = i
			f.Functions = append(f.Functions, name)
		}
		return i
	}
	var write func(t *flameTree, depth int)
	write = func(t *flameTree, depth int) {
		f.Nodes = append(f.Nodes, FlameNode{Depth: depth, Function: function(t.name), Labelled: t.value[LabelPresent], Lost: t.value[LabelLost], Unlabelable: t.value[LabelImpossible]})
		rest := &flameTree{name: folded}
		for _, c := range t.sorted() {
			if c.total() >= least {
				write(c, depth+1)
				continue
			}
			f.Folded += c.size()
			for i, v := range c.value {
				rest.value[i] += v
			}
		}
		if rest.total() > 0 {
			write(rest, depth+1)
		}
	}
	write(root, 0)
}

// leastKept is the value from which nodes are kept, so that there are no more than wanted.
func (f *Flame) leastKept(root *flameTree, nodes int) int64 {
	least := max(1, f.Total/flameShare)
	var values []int64
	var walk func(*flameTree)
	walk = func(t *flameTree) {
		for _, c := range t.children {
			if v := c.total(); v >= least {
				values = append(values, v)
				walk(c)
			}
		}
	}
	walk(root)
	if len(values) > nodes {
		slices.SortFunc(values, func(a, b int64) int { return cmp.Compare(b, a) })
		least = max(least, values[nodes]+1)
	}
	return least
}

// sorted returns the children, the largest first.
func (t *flameTree) sorted() []*flameTree {
	out := make([]*flameTree, 0, len(t.children))
	for _, c := range t.children {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *flameTree) int {
		return cmp.Or(cmp.Compare(b.total(), a.total()), strings.Compare(a.name, b.name))
	})
	return out
}

// size counts the nodes of a tree.
func (t *flameTree) size() int {
	n := 1
	for _, c := range t.children {
		n += c.size()
	}
	return n
}
