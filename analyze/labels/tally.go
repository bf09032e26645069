package labels

import (
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// group is the unlabelled value of one key, cause and entry function in one artifact.
type group struct {
	value int64
	rows  int64 // sampled events (CPU) or goroutines
	refs  []evidence.Ref
	texts []string
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
	groups          map[groupKey]*group
	judged          bool   // it can carry labels, and shows them
	why             string // it is not judged
}

// pending is unlabelled value that waits for the end of the pass, when all entries are known.
type pending struct {
	key    int
	cause  cause // "" for one of partLabelled and entryUnlabelled
	entry  int32
	value  int64
	events int64
	ref    evidence.Ref
}

// tallyProfile goes over a profile's samples once.
func tallyProfile(a *evidence.Artifact, index uint32, keys []string) *tally {
	p := a.Profile
	t := &tally{index: index, artifact: a, sampled: p.Kind == evidence.KindCPU, groups: map[groupKey]*group{}}
	t.covered = make([]int64, len(keys))
	switch {
	case !p.Kind.CarriesLabels():
		t.why = "profiles of this kind cannot carry labels"
	case p.NamesLost:
		t.why = "the names of its labels are lost"
	default:
		t.judged = true
	}
	n := newNames(p)
	with := make([][]bool, len(keys)) // by key and function: some stack with this entry carries the key
	for k := range with {
		with[k] = make([]bool, len(p.Functions))
	}
	var waiting []pending
	for s := range p.Samples() {
		t.rows++
		value := primary(p, s)
		t.value += value
		if len(s.Labels) > 0 {
			t.labelled++
		}
		f := n.of(s)
		if f.frames&frameLost != 0 {
			t.lost += value
		}
		if !t.judged || !f.labelable() {
			continue
		}
		events := value
		if len(s.Values) > 0 && t.sampled {
			events = s.Values[0]
		}
		t.labelable += value
		t.labelableEvents += events
		for k, key := range keys {
			if has(s.Labels, key) {
				t.covered[k] += value
				with[k][f.entry] = true
				continue
			}
			w := pending{key: k, entry: f.entry, value: value, events: events, ref: s.Ref}
			if w.cause = f.cause(a, s); w.cause == "" && value == 0 {
				continue
			}
			waiting = append(waiting, w)
		}
	}
	for i := range waiting {
		w := &waiting[i]
		if w.cause == "" {
			w.cause = entryUnlabelled
			if with[w.key][w.entry] {
				w.cause = partLabelled
			}
		}
		t.add(groupKey{w.key, w.cause, p.Functions[w.entry].Name}, w)
	}
	return t
}

// cause returns what the stack itself tells, "" if nothing.
func (f stackFacts) cause(a *evidence.Artifact, s *evidence.Sample) cause {
	switch {
	case len(s.Labels) > 0:
		return otherLabels
	case f.frames&frameDo == 0, f.inSet:
		// In runtime/pprof itself labels are just being set, or are restored already.
		return ""
	case f.frames&frameDump != 0 && a.Go.Min <= 21:
		// go1.19 to go1.21 lose the labels of the goroutine that takes the goroutine profile
		// (golang/go#63712; runtime/mprof.go, fixed in go1.22).
		return ""
	}
	return insideDo
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
	type seen struct {
		key   int
		entry string
	}
	with := map[seen]bool{}
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
				}
			}
			entry, ok := dumpEntry(d, g)
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
					with[seen{k, entry}] = true
				case pass == 1 && !has(labels, key):
					w := pending{key: k, value: 1, events: 1, ref: g.Ref, cause: dumpCause(d, g, labels)}
					if w.cause == "" {
						w.cause = entryUnlabelled
						if with[seen{k, entry}] {
							w.cause = partLabelled
						}
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
func dumpEntry(d *evidence.Dump, g *evidence.Goroutine) (entry string, ok bool) {
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
	return entry, entry != "" && f.labelable()
}

func dumpCause(d *evidence.Dump, g *evidence.Goroutine, labels []evidence.Label) cause {
	if len(labels) > 0 {
		return otherLabels
	}
	if d.Frames[g.CreatedBy].Func == "time.goFunc" {
		return timer
	}
	for i, f := range d.Stacks[g.Stack] {
		name := d.Frames[f].Func
		if i == 0 && factsOf(name)&frameDump != 0 {
			return ""
		}
		if name == "runtime/pprof.Do" {
			return insideDo
		}
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
