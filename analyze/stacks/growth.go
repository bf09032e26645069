package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/internal/chance"
)

// Growing is WM3003.
var Growing = analyze.Detector{
	ID: "WM3003", Name: "goroutine-growth",
	Doc: analyze.Doc{
		Title: "A group of waiting goroutines grows from snapshot to snapshot",
		Text: "Goroutines that wait in one function of the program become more and never fewer. Where this goes on, they leak: each keeps its stack " +
			"and what it refers to. The runtime's own verdict (WM3002) covers only waits that nothing can end; this check also sees those on a lock that is " +
			"held, a ticker or a global, and leaves to it what it names. Findings are grouped by process.",
		Proof: "Snapshots of one process in one form, ordered by their recorded time, else by the ids of their goroutines. The group grows in every interval of three snapshots or more, by the parameter " +
			"min_growth (5) in all; or in two snapshots it was there before and grows beyond chance (parameter false_alarm, 0.001: a test that both counts come from one mean). In goroutine text, " +
			"with ids, every goroutine of an earlier snapshot is still in the group, and over three snapshots that stands for the test. Where there are profiles only, without ids, the test must hold. Groups " +
			"that wait for the network, that run, or that consist of the runtime's, the standard library's or a known framework's functions only are left out.",
		Blind: "A pool that grows with its load looks the same until it is full: more snapshots tell. It cannot see a leak in one snapshot, in two where the group was empty in the first, nor one that " +
			"stopped growing. Snapshots of text without a time are ordered by the largest id, so two that were taken within a moment can be swapped, and two without growth say nothing: no time need have passed between. The number of minutes that a dump prints " +
			"counts from a garbage collection and not from when the wait began: it is not used.",
		Fix: "Look at what ends these goroutines: a lock that is never released, a ticker or context that is never stopped, a channel that nobody closes. Take three dumps some minutes apart under even " +
			"load (curl …/debug/pprof/goroutine?debug=2) and compare: a pool stops growing, a leak does not.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedProfiles | analyze.NeedDumps,
	Run:   runGrowing,
}

// growing is goroutines of one process that wait in one function, over one series of snapshots.
type growing struct {
	process, at string
	counts      []int
	snapshots   []*snapshot
	timed       bool
	stayed      bool // ids show that none left
	last        herd
}

func runGrowing(p *analyze.Pass) error {
	all := snapshots.Of(p)
	var found []*growing
	var tests int
	looked := 0
	for _, process := range slices.Sorted(maps.Keys(all)) {
		by := map[string][]*growing{}
		ordered := false
		for _, form := range byForm(all[process]) {
			of, timed := series(form)
			if len(of) < 2 {
				continue
			}
			ordered = ordered || timed || len(of) > 2
			tests += len(of[len(of)-1].herds)
			for at := range of[len(of)-1].herds {
				g := &growing{process: process, at: at, snapshots: of, timed: timed}
				g.count()
				by[at] = append(by[at], g)
			}
		}
		for _, at := range slices.Sorted(maps.Keys(by)) {
			if g := joined(by[at], p.Options); g != nil {
				found, ordered = append(found, g), true
			}
		}
		if ordered {
			looked++
		}
	}
	const needed = "two snapshots of its goroutines in one form with their times, or three in an order that ids tell"
	if looked == 0 {
		p.Inapplicable("no process has " + needed)
	} else {
		unseen(p, len(all)-looked, len(all), "without "+needed)
	}
	found = slices.DeleteFunc(found, func(g *growing) bool { return !g.certain(p.Options, tests) })
	byCreator := map[string]int{}
	for _, g := range found {
		byCreator[cmp.Or(g.last.creator, g.last.entry)] += g.by()
	}
	for creator, n := range byCreator {
		p.Measure("goroutines.growth", "goroutines", float64(n), "created_by", creator)
	}
	// What the runtime calls leaked is WM3002's, which has the numbers too.
	found = slices.DeleteFunc(found, func(g *growing) bool { return leakedIn(all[g.process], g.at) >= g.by() })
	slices.SortStableFunc(found, func(a, b *growing) int { return cmp.Compare(b.by(), a.by()) })
	limit := p.Options.Subjects()
	for i, g := range found {
		if i == limit {
			p.Report(restOfGrowth(p, found[limit:]))
			break
		}
		p.Report(g.finding(p))
	}
	return nil
}

// leakedIn is the largest number of goroutines waiting in one function that a snapshot says the runtime calls leaked.
func leakedIn(of []*snapshot, at string) (n int) {
	for _, s := range of {
		if h := s.herds[at]; h != nil {
			n = max(n, h.leaked)
		}
	}
	return n
}

// count takes the numbers out of the series.
func (g *growing) count() {
	g.stayed = true
	var before *herd
	for _, s := range g.snapshots {
		h := s.herds[g.at]
		if h == nil {
			h = &herd{}
		}
		g.counts = append(g.counts, h.n)
		if before != nil {
			for id := range before.ids {
				g.stayed = g.stayed && h.ids[id]
			}
		}
		g.stayed = g.stayed && len(h.ids) == h.n
		before = h
	}
	g.last = *before
}

// by is how many goroutines more there are at the end.
func (g *growing) by() int { return g.counts[len(g.counts)-1] - g.counts[0] }

// moving are states of goroutines that do something, or that the other side of a connection holds.
var moving = []string{"running", "runnable", "syscall", "IO wait", "preempted", "GC assist wait", "GC assist marking"}

func (g *growing) mayLeak(o *analyze.Options) bool {
	for i := 1; i < len(g.counts); i++ {
		if g.counts[i] <= g.counts[i-1] {
			return false
		}
	}
	return g.by() >= o.Growth() && (g.counts[0] > 0 || len(g.counts) > 2) && !slices.Contains(moving, g.last.state)
}

// certain reports whether chance is excluded: by ids over three snapshots, else by a test.
func (g *growing) certain(o *analyze.Options, tests int) bool {
	if g.stayed && len(g.counts) > 2 {
		return true
	}
	return chance.Counts(g.counts[0], g.counts[len(g.counts)-1], 1, 1).P <= o.Alarm()/float64(max(1, tests))
}

// joined puts together what the forms of one process tell: profiles have times, text has creators and ids. It is nil
// where no form shows growth.
func joined(forms []*growing, o *analyze.Options) *growing {
	var out *growing
	for _, g := range forms {
		if g.mayLeak(o) && (out == nil || g.timed && !out.timed) {
			out = g
		}
	}
	if out == nil {
		return nil
	}
	for _, g := range forms {
		// Text that has the creators also has the state, and says whether any left.
		if g.last.creator == "" {
			continue
		}
		out.stayed = out.stayed || g.stayed && len(g.counts) > 2
		if out.last.creator == "" {
			out.last = g.last
		}
	}
	if slices.Contains(moving, out.last.state) {
		return nil
	}
	return out
}

func (g *growing) finding(p *analyze.Pass) analyze.Finding {
	var m strings.Builder
	fmt.Fprintf(&m, "goroutines of %s waiting in %s (%s", g.process, short(g.at), g.last.place)
	if g.last.state != "" {
		fmt.Fprintf(&m, ", %s", g.last.state)
	}
	fmt.Fprintf(&m, ") grow: %s", g.numbers())
	if g.stayed {
		m.WriteString("; by their ids none of them left")
	}
	m.WriteString("; started ")
	if g.last.creator != "" {
		fmt.Fprintf(&m, "by %s ", short(g.last.creator))
	}
	fmt.Fprintf(&m, "with %s", short(g.last.entry))
	f := analyze.Finding{
		Basis:    analyze.Heuristic,
		Subject:  analyze.Subject("process", analyze.ProcessSubject(g.process), "at", g.at),
		Message:  m.String(),
		Measures: []analyze.Measure{analyze.M("goroutines.growth", "goroutines", float64(g.by()))},
	}
	for i := len(g.snapshots) - 1; i >= 0 && len(f.Exhibits) < p.Options.Exhibits(); i-- {
		if h := g.snapshots[i].herds[g.at]; h != nil {
			f.Exhibits = append(f.Exhibits, analyze.Exhibit{Ref: h.ref, Role: "goroutine", Text: fmt.Sprintf("%d waiting in %s", h.n, g.at)})
		}
	}
	if strings.Contains(g.last.state, "Mutex") {
		f.Fix = fmt.Sprintf("Find who holds the lock that %s (%s) waits for: in the dump, the goroutine that is inside the same type's methods and does not wait for the lock itself. "+
			"Unlock with defer, and never call out to the network or a channel while holding it.", short(g.at), g.last.place)
	}
	return f
}

// numbers writes the counts with their times and the rate, or in the order of their ids.
func (g *growing) numbers() string {
	if !g.timed {
		var parts []string
		for _, n := range g.counts {
			parts = append(parts, fmt.Sprint(n))
		}
		return strings.Join(parts, ", ") + " in the order of their ids, for the dumps have no times"
	}
	text := strings.Join(history(g.counts, g.snapshots), ", ")
	return text + rate(g.counts, g.snapshots)
}

// rate says how fast the number grew from the first snapshot to the last, "" where they are of one moment.
func rate(counts []int, of []*snapshot) string {
	first, last := float64(counts[0]), float64(counts[len(counts)-1])
	spent := time.Duration(of[len(of)-1].at() - of[0].at()).Minutes()
	if spent <= 0 {
		return ""
	}
	low, high := chance.CountChange(first, last, 0.95)
	return fmt.Sprintf(", %s a minute (95 %% interval %s to %s)", digits((last-first)/spent), digits(low/spent), digits(high/spent))
}

// digits writes three digits of a number, or all in front of the point.
func digits(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func restOfGrowth(p *analyze.Pass, gs []*growing) analyze.Finding {
	n := 0
	for _, g := range gs {
		n += g.by()
	}
	f := gs[0].finding(p)
	f.Subject = analyze.Subject("process", "(other)", "at", "(other)")
	f.Message = fmt.Sprintf("%s beyond those listed grow, by %s in all", analyze.Count(len(gs), "group"), analyze.Count(n, "goroutine"))
	f.Measures, f.Fix = nil, ""
	return f
}
