package labels

import (
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// group is the unlabelled value of one key, cause and entry function in one artifact.
type group struct {
	value int64
	rows  int64 // sampled events (CPU) or goroutines
	refs  []evidence.Ref
}

type groupKey struct {
	key   int
	cause cause
	entry string
}

// tally is what one artifact tells about the required keys.
type tally struct {
	index    uint32
	artifact *evidence.Artifact
	sampled  bool // value is a sample of what happened (CPU), not a count of what is

	rows, labelled  int
	value, lost     int64
	labelable       int64
	labelableEvents int64
	covered         []int64 // by key, labelable value with it
	seen            seenKeys
	groups          map[groupKey]*group
	carriers        []map[string]int64 // by key and entry function, labelable events with it
	judged          bool               // it can carry labels, and shows them
	why             string             // it is not judged
}

// pending is unlabelled value that waits for the end of the pass, when all entries are known.
type pending struct {
	key    int
	cause  cause // "" for one of partLabelled and entryUnlabelled
	entry  int32
	depth  int
	value  int64
	events int64
	ref    evidence.Ref
}

// tallyProfile goes over a profile's samples once.
func tallyProfile(a *evidence.Artifact, index uint32, keys []string) *tally {
	p := a.Profile
	t := &tally{index: index, artifact: a, sampled: p.Kind == evidence.KindCPU, groups: map[groupKey]*group{}}
	t.covered = make([]int64, len(keys))
	t.why = whyNot(p)
	t.judged = t.why == ""
	n := newNames(p)
	with := make([][]int64, len(keys)) // by key and entry function: events that carry the key
	for k := range with {
		with[k] = make([]int64, len(p.Functions))
	}
	var waiting []pending
	full := newFullStacks(a)
	for s := range p.Samples() {
		t.rows++
		value := primary(p, s)
		t.value += value
		if len(s.Labels) > 0 {
			t.labelled++
			t.seen.add(s.Labels)
		}
		f := n.of(s)
		if f.frames&frameLost != 0 {
			t.lost += value
		}
		if !t.judged || !f.labelable(len(s.Labels) > 0) {
			continue
		}
		full.see(f.entry, s.Depth)
		events := value
		if len(s.Values) > 0 && t.sampled {
			events = s.Values[0]
		}
		t.labelable += value
		t.labelableEvents += events
		for k, key := range keys {
			if has(s.Labels, key) {
				t.covered[k] += value
				with[k][f.entry] += events
				continue
			}
			if value != 0 {
				waiting = append(waiting, pending{key: k, cause: f.cause(p, s), entry: f.entry, depth: s.Depth,
					value: value, events: events, ref: s.Ref})
			}
		}
	}
	t.settle(waiting, with, full)
	return t
}

// whyNot returns why the labels of a profile cannot be judged, "" if they can.
func whyNot(p *evidence.Profile) string {
	switch {
	case !p.Kind.CarriesLabels():
		return "profiles of this kind cannot carry labels"
	case p.NamesLost:
		return "the names of its labels are lost"
	case p.Delta && p.Kind != evidence.KindCPU:
		return "a difference of two moments has no goroutines that carry labels or not"
	}
	return ""
}

// settle groups the unlabelled value by cause, now that the entries of all stacks are known. with counts,
// by key and function, what carries the key on stacks with this entry.
func (t *tally) settle(waiting []pending, with [][]int64, full *fullStacks) {
	p := t.artifact.Profile
	t.carriers = make([]map[string]int64, len(with))
	for k := range with {
		t.carriers[k] = map[string]int64{}
		for entry, events := range with[k] {
			if events != 0 {
				t.carriers[k][full.name(p, int32(entry), full.limit)] += events
			}
		}
	}
	for i := range waiting {
		w := &waiting[i]
		entry := full.name(p, w.entry, w.depth)
		if w.cause == "" {
			switch {
			case entry == unknownEntry:
				w.cause = stackCut
			case with[w.key][w.entry] != 0:
				w.cause = partLabelled
			default:
				w.cause = entryUnlabelled
			}
		}
		t.add(groupKey{w.key, w.cause, entry}, w)
	}
}

// unknownEntry stands for the entry function of a stack that was cut.
const unknownEntry = "(unknown)"

// fullStacks tells stacks that fill the frame limit: what stands outermost on them need not be the entry.
type fullStacks struct {
	limit   int
	shorter []bool // by function: outermost on a stack below the limit
}

func newFullStacks(a *evidence.Artifact) *fullStacks {
	f := &fullStacks{limit: goruntime.LimitCPU, shorter: make([]bool, len(a.Profile.Functions))}
	if a.Profile.Kind != evidence.KindCPU {
		f.limit = goruntime.StackLimit(false, max(a.Go.Min, goruntime.OldestLimit))
	}
	return f
}

func (f *fullStacks) see(entry int32, depth int) {
	if depth < f.limit {
		f.shorter[entry] = true
	}
}

// name returns the entry function of stacks of this depth, unknownEntry where they were cut above it.
func (f *fullStacks) name(p *evidence.Profile, entry int32, depth int) string {
	name := p.Functions[entry].Name
	if depth >= f.limit && !f.shorter[entry] && !goruntime.IsKnownRoot(name) {
		return unknownEntry
	}
	return name
}

// cause returns what the stack itself tells, "" if nothing.
func (f stackFacts) cause(p *evidence.Profile, s *evidence.Sample) cause {
	switch {
	case len(s.Labels) > 0:
		return otherLabels
	case f.frames&frameDo != 0 && worksInDo(functions(p, s)):
		return insideDo
	}
	return ""
}

func (t *tally) add(k groupKey, w *pending) {
	g := t.groups[k]
	if g == nil {
		g = &group{}
		t.groups[k] = g
	}
	g.value += w.value
	g.rows += w.events
	if len(g.refs) < maxRefs {
		g.refs = append(g.refs, w.ref)
	}
}

// maxRefs bounds the exhibits that one group of one artifact remembers.
const maxRefs = 5

// tallyDump goes over goroutine text. Text shows labels from go1.27 on by default, in go1.26 on request;
// text in which no goroutine shows any is not judged.
func tallyDump(a *evidence.Artifact, index uint32, keys []string) *tally {
	d := a.Dump
	t := &tally{index: index, artifact: a, groups: map[groupKey]*group{}, covered: make([]int64, len(keys))}
	t.carriers = make([]map[string]int64, len(keys))
	for k := range t.carriers {
		t.carriers[k] = map[string]int64{}
	}
	for pass := range 2 {
		for i := range d.Goroutines {
			g := &d.Goroutines[i]
			if g.Flags&evidence.GRepeat != 0 {
				continue
			}
			labels := d.Labels[g.Labels]
			if pass == 0 {
				t.rows++
				if len(labels) > 0 {
					t.labelled++
					t.seen.add(labels)
				}
			}
			entry, ok := dumpEntry(d, g, len(labels) > 0)
			if !ok {
				continue
			}
			if pass == 0 {
				t.labelable++
				t.labelableEvents++
			}
			for k, key := range keys {
				switch {
				case pass == 0 && has(labels, key):
					t.covered[k]++
					t.carriers[k][entry]++
				case pass == 1 && !has(labels, key):
					w := pending{key: k, value: 1, events: 1, ref: g.Ref, cause: dumpCause(d, g, labels)}
					switch {
					case w.cause != "":
					case t.carriers[k][entry] != 0:
						w.cause = partLabelled
					default:
						w.cause = entryUnlabelled
					}
					t.add(groupKey{k, w.cause, entry}, &w)
				}
			}
		}
		if pass == 0 && t.labelled == 0 {
			t.why = "no goroutine shows a label: text shows them from Go 1.27 on (GODEBUG=tracebacklabels), earlier releases never"
			return t
		}
	}
	t.judged = true
	return t
}

// dumpEntry returns the entry function of a goroutine that could be labelled.
func dumpEntry(d *evidence.Dump, g *evidence.Goroutine, labelled bool) (entry string, ok bool) {
	if g.Flags&(evidence.GUnavailable|evidence.GCut) != 0 || g.ID == 0 {
		return "", false
	}
	var f stackFacts
	frames := d.Stacks[g.Stack]
	f.root = rootNever
	for i := len(frames) - 1; i >= 0; i-- {
		if entry == "" || f.root == rootLauncher {
			entry = d.Frames[frames[i]].Func
			f.root = rootOf(entry)
		}
		f.frames |= factsOf(d.Frames[frames[i]].Func)
	}
	return entry, entry != "" && f.labelable(labelled)
}

func dumpCause(d *evidence.Dump, g *evidence.Goroutine, labels []evidence.Label) cause {
	if len(labels) > 0 {
		return otherLabels
	}
	if d.Frames[g.CreatedBy].Func == "time.goFunc" {
		return timer
	}
	inDo := worksInDo(func(yield func(string) bool) {
		for _, f := range d.Stacks[g.Stack] {
			if !yield(d.Frames[f].Func) {
				return
			}
		}
	})
	if inDo {
		return insideDo
	}
	return ""
}

func primary(p *evidence.Profile, s *evidence.Sample) int64 {
	if p.Primary >= len(s.Values) {
		return 0
	}
	return s.Values[p.Primary]
}

func has(labels []evidence.Label, key string) bool {
	for i := range labels {
		if labels[i].Key == key {
			return true
		}
	}
	return false
}

// measure reports what is counted whether a label is required or not.
func (t *tally) measure(p *analyze.Pass, keys []string) {
	path := t.artifact.Path
	if t.artifact.Dump != nil {
		p.Measure("goroutines.labelled", "goroutines", float64(t.labelled), "artifact", path)
		p.Measure("goroutines.unlabelled", "goroutines", float64(t.rows-t.labelled), "artifact", path)
	} else {
		unit := "count"
		if pr := t.artifact.Profile; pr.Primary < len(pr.SampleTypes) {
			unit = pr.SampleTypes[pr.Primary].Unit
		}
		p.Measure("profile.samples", "samples", float64(t.rows), "artifact", path)
		p.Measure("profile.labelled", "samples", float64(t.labelled), "artifact", path)
		p.Measure("profile.value", unit, float64(t.value), "artifact", path)
		p.Measure("profile.lost", unit, float64(t.lost), "artifact", path)
	}
	if !t.judged || t.labelable == 0 {
		return
	}
	if len(keys) > 0 {
		p.Measure("label.total", "events", float64(t.labelableEvents), "artifact", path)
	}
	for k, key := range keys {
		p.Measure("label.coverage", "ratio", float64(t.covered[k])/float64(t.labelable), "artifact", path, "key", key)
		byCause := map[cause]int64{}
		for gk, g := range t.groups {
			if gk.key == k {
				byCause[gk.cause] += g.value
			}
		}
		for c, v := range byCause {
			p.Measure("label.unlabelled", "value", float64(v), "artifact", path, "key", key, "cause", string(c))
		}
	}
}
