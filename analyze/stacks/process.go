package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// Goroutines are grouped by the innermost function of the program, which they wait in. The function that they were
// started with is named beside it and no part of the key: a profile loses it where the stack is deep.

// herd is the goroutines of one snapshot that wait in one function.
type herd struct {
	n       int
	entry   string          // the outermost function, with launchers looked through
	ids     map[uint64]bool // of goroutine text
	leaked  int             // the runtime's verdict
	creator string          // "" where the form does not print it
	state   string
	place   string // file and line that the program waits at
	ref     evidence.Ref
}

// snapshot is the goroutines of a process at one moment.
type snapshot struct {
	index    uint32
	artifact *evidence.Artifact
	herds    map[string]*herd // by the function that they wait in
	maxID    uint64
	creators map[uint64]string // by goroutine id, of goroutine text
}

// at is when the snapshot was taken, 0 where nothing tells.
func (s *snapshot) at() uint64 { return s.artifact.Window.Start }

// snapshots takes the goroutines out of every dump and goroutine profile, by process.
var snapshots = analyze.NewIndex(func(b *evidence.Bundle) map[string][]*snapshot {
	out := map[string][]*snapshot{}
	for i, a := range b.Artifacts {
		s := &snapshot{index: uint32(i), artifact: a, herds: map[string]*herd{}}
		switch {
		case a.Dump != nil && a.Dump.Dumps <= 1:
			s.readDump()
		case a.Profile != nil && !a.Profile.NamesLost && !a.Profile.Delta &&
			(a.Profile.Kind == evidence.KindGoroutine || a.Profile.Kind == evidence.KindGoroutineLeak):
			s.readProfile()
		default:
			continue
		}
		k := analyze.Process(a)
		out[k] = append(out[k], s)
	}
	return gathered(out)
})

// gathered puts a dump that is named like the folder of one process with the others of that process, as
// dumps/cart-0.log with profiles/cart-0/.
func gathered(by map[string][]*snapshot) map[string][]*snapshot {
	folders := map[string][]string{}
	for k := range by {
		folders[path.Base(k)] = append(folders[path.Base(k)], k)
	}
	out := map[string][]*snapshot{}
	for _, k := range slices.Sorted(maps.Keys(by)) {
		for _, s := range by[k] {
			to := k
			if k == path.Dir(s.artifact.Path) {
				stem, _, _ := strings.Cut(path.Base(s.artifact.Path), ".")
				if of := folders[stem]; len(of) == 1 {
					to = of[0]
				}
			}
			out[to] = append(out[to], s)
		}
	}
	return out
}

func (s *snapshot) herd(at string, ref evidence.Ref) *herd {
	h := s.herds[at]
	if h == nil {
		h = &herd{ids: map[uint64]bool{}, ref: ref}
		s.herds[at] = h
	}
	return h
}

func (s *snapshot) readDump() {
	d := s.artifact.Dump
	s.creators = map[uint64]string{}
	for i := range d.Goroutines {
		g := &d.Goroutines[i]
		if g.Flags&(evidence.GRepeat|evidence.GUnavailable|evidence.GCut) != 0 || g.ID == 0 {
			continue
		}
		s.maxID = max(s.maxID, g.ID)
		s.creators[g.ID] = d.Frames[g.CreatedBy].Func
		frames := d.Stacks[g.Stack]
		functions := make([]string, len(frames))
		for j, f := range frames {
			functions[j] = d.Frames[f].Func
		}
		entry, inner, ok := waits(functions)
		if !ok {
			continue
		}
		h := s.herd(functions[inner], g.Ref)
		h.n++
		h.ids[g.ID] = true
		if g.Flags&evidence.GLeaked != 0 {
			if h.leaked++; h.leaked == 1 {
				h.ref = g.Ref
			}
		}
		if h.state == "" {
			at := d.Frames[frames[inner]]
			h.entry, h.creator, h.state, h.place = entry, d.Frames[g.CreatedBy].Func, d.States[g.State], fmt.Sprintf("%s:%d", path.Base(at.File), at.Line)
		}
	}
}

func (s *snapshot) readProfile() {
	p := s.artifact.Profile
	for sample := range p.Samples() {
		n := primaryOf(p, sample)
		var functions []string
		var lines []int64
		var files []string
		for fn, line := range p.Frames(sample) {
			name, file := "", ""
			if fn != nil {
				name, file = fn.Name, fn.File
			}
			functions, lines, files = append(functions, name), append(lines, line), append(files, file)
		}
		entry, inner, ok := waits(functions)
		if !ok || n <= 0 {
			continue
		}
		h := s.herd(functions[inner], sample.Ref)
		h.n += int(n)
		if p.Kind == evidence.KindGoroutineLeak {
			h.leaked += int(n)
		}
		if h.place == "" {
			h.entry = entry
			h.place = fmt.Sprintf("%s:%d", path.Base(files[inner]), lines[inner])
		}
	}
}

func primaryOf(p *evidence.Profile, s *evidence.Sample) int64 {
	if p.Primary >= len(s.Values) {
		return 0
	}
	return s.Values[p.Primary]
}

// waits finds the function that a goroutine was started with and the frame that the program waits in; the innermost
// function comes first. ok is false for goroutines of the runtime and of libraries, which wait by design.
func waits(functions []string) (entry string, inner int, ok bool) {
	inner = slices.IndexFunc(functions, func(name string) bool { return name != "" && !goruntime.IsFramework(name) })
	if inner < 0 {
		return "", 0, false
	}
	for i := len(functions) - 1; i >= 0; i-- {
		entry = functions[i]
		if entry != "runtime.goexit" && entry != "" && (i == 0 || !goruntime.IsLauncher(entry)) {
			break
		}
	}
	switch {
	case goruntime.IsInfrastructure(entry), goruntime.IsBackground(entry):
		return "", 0, false
	case slices.ContainsFunc(functions, takesProfile):
		return "", 0, false // it takes the snapshot
	}
	return entry, inner, true
}

func takesProfile(function string) bool {
	return strings.HasPrefix(function, "net/http/pprof.") || strings.HasPrefix(function, "runtime/pprof.(*Profile).WriteTo")
}

// series orders the snapshots of one form of a process by time, or by the ids of their goroutines, which the runtime
// hands out in ascending order (in batches of 16 for each P: runtime/proc.go, newproc1, _GoidCacheBatch, go1.18 to
// go1.27). It leaves out copies of one snapshot, and is nil where nothing gives an order.
func series(of []*snapshot) (ordered []*snapshot, timed bool) {
	timed = !slices.ContainsFunc(of, func(s *snapshot) bool { return s.at() == 0 })
	if !timed && slices.ContainsFunc(of, func(s *snapshot) bool { return s.maxID == 0 }) {
		return nil, false
	}
	all := slices.Clone(of)
	slices.SortStableFunc(all, func(a, b *snapshot) int {
		if timed {
			return cmp.Compare(a.at(), b.at())
		}
		return cmp.Compare(a.maxID, b.maxID)
	})
	for _, s := range all {
		if n := len(ordered); n > 0 && s.at() == ordered[n-1].at() && s.maxID == ordered[n-1].maxID {
			continue
		}
		ordered = append(ordered, s)
	}
	for i := 1; i < len(ordered); i++ {
		if !sameProcess(ordered[i-1], ordered[i]) {
			return nil, false
		}
	}
	return ordered, timed
}

// sameProcess reports whether goroutines that both snapshots hold were started by the same functions. Of profiles
// nothing tells.
func sameProcess(a, b *snapshot) bool {
	if a.creators == nil || b.creators == nil {
		return true
	}
	var both, same int
	for id, creator := range a.creators {
		if other, ok := b.creators[id]; ok {
			both++
			if other == creator {
				same++
			}
		}
	}
	return same >= 2 && same*10 >= both*9
}

// byForm splits the snapshots of a process by format: what a form shows of the runtime's own goroutines differs.
func byForm(of []*snapshot) [][]*snapshot {
	forms := map[evidence.Format][]*snapshot{}
	var order []evidence.Format
	for _, s := range of {
		if s.artifact.Profile != nil && s.artifact.Profile.Kind == evidence.KindGoroutineLeak {
			continue
		}
		if forms[s.artifact.Format] == nil {
			order = append(order, s.artifact.Format)
		}
		forms[s.artifact.Format] = append(forms[s.artifact.Format], s)
	}
	slices.Sort(order)
	var out [][]*snapshot
	for _, f := range order {
		out = append(out, forms[f])
	}
	return out
}
