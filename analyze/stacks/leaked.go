package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// Leaked is WM3002.
var Leaked = analyze.Detector{
	ID: "WM3002", Name: "goroutine-leaked",
	Doc: analyze.Doc{
		Title: "Goroutines wait for something that can never happen",
		Text: "The garbage collector found that nothing which can still run reaches what these goroutines wait for: no channel operation, unlock or signal can " +
			"come. Each keeps its stack and everything that it refers to until the process ends. Findings are grouped by process and by the function of the " +
			"program that the goroutines wait in.",
		Proof: "The runtime marks them: rows of a goroutineleak profile (Go 1.27, in 1.26 with GOEXPERIMENT=goroutineleakprofile), and \"(leaked)\" in the " +
			"state of a goroutine of any dump after such a profile was taken. Several artifacts of one process show the same goroutines, so the largest number of one of them counts.",
		Blind: "Goroutines that something reachable could wake, such as a global, a timer or a connection, are never marked however long they wait: WM3003 looks for those. The runtime's " +
			"verdict can miss a few, and so an absence proves nothing. Releases before Go 1.26 do not know it. A process is told by its identity, else by its folder.",
		Fix: "Go to the function named and give the wait a way out: select on ctx.Done() beside the channel, give the channel a buffer of one where " +
			"the receiver may leave first, close the channel when the sender is done, unlock on every path. Take a goroutineleak profile again after the fix.",
		Since:    "0.2.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedProfiles | analyze.NeedDumps,
	Run:   runLeaked,
}

// leak is the leaked goroutines of one process that wait in one function.
type leak struct {
	process, at string
	herd
	artifacts int
	earlier   string // what snapshots of the process held
	refs      []analyze.Exhibit
}

func runLeaked(p *analyze.Pass) error {
	var leaks []*leak
	all := snapshots.Of(p)
	judged := 0 // processes with a verdict of the runtime
	for _, process := range slices.Sorted(maps.Keys(all)) {
		found := map[string]*leak{}
		verdict := false
		for _, s := range all[process] {
			verdict = verdict || s.artifact.Profile != nil && strings.Contains(string(s.artifact.Format), "goroutineleak")
			for at, h := range s.herds {
				if h.leaked > 0 {
					l := found[at]
					if l == nil {
						l = &leak{process: process, at: at}
						found[at] = l
					}
					l.take(s, h)
				}
			}
		}
		if verdict || len(found) > 0 {
			judged++
		}
		for _, l := range found {
			l.history(all[process])
			leaks = append(leaks, l)
		}
	}
	const missing = "no goroutineleak profile, and no dump marks a goroutine as leaked (Go 1.27; 1.26 with GOEXPERIMENT=goroutineleakprofile)"
	if judged == 0 {
		p.Inapplicable(missing)
		return nil
	}
	unseen(p, len(all)-judged, len(all), missing)
	slices.SortFunc(leaks, func(a, b *leak) int {
		return cmp.Or(cmp.Compare(b.leaked, a.leaked), strings.Compare(a.process, b.process), strings.Compare(a.at, b.at))
	})
	limit := p.Options.Subjects()
	for i, l := range leaks {
		if i == limit {
			p.Report(restOfLeaks(p, leaks[limit:]))
			break
		}
		p.Report(l.finding(p))
	}
	return nil
}

// unseen says of how many of the processes with goroutines nothing could be told, and why.
func unseen(p *analyze.Pass, n, of int, why string) {
	if n > 0 {
		p.Unseen(fmt.Sprintf("%d of %d processes: %s", n, of, why))
	}
}

func (l *leak) take(s *snapshot, h *herd) {
	l.artifacts++
	l.leaked = max(l.leaked, h.leaked)
	l.refs = append(l.refs, analyze.Exhibit{Ref: h.ref, Role: "goroutine", Text: fmt.Sprintf("%s, waiting in %s", analyze.Count(h.leaked, "leaked goroutine"), l.at)})
}

// history notes how many waited there when earlier snapshots of the process were taken, where their time is known.
func (l *leak) history(all []*snapshot) {
	for _, s := range all {
		// Text tells more than a profile.
		if h := s.herds[l.at]; h != nil && (l.place == "" || l.creator == "" && h.creator != "") {
			l.entry, l.creator, l.state, l.place = h.entry, h.creator, h.state, h.place
		}
	}
	for _, form := range byForm(all) {
		ordered, timed := series(form)
		if !timed || len(ordered) < 2 || l.earlier != "" {
			continue
		}
		var counts []int
		for _, s := range ordered {
			n := 0
			if h := s.herds[l.at]; h != nil {
				n = h.n
			}
			counts = append(counts, n)
		}
		l.earlier = strings.Join(history(counts, ordered), ", ") + rate(counts, ordered)
	}
}

// history writes counts with their times, the date of the first only where it is that of all.
func history(counts []int, of []*snapshot) []string {
	var out []string
	var day string
	for i, n := range counts {
		at := analyze.Instant(of[i].at())
		if date, clock, _ := strings.Cut(at, " "); date == day {
			at = clock
		} else {
			day = date
		}
		out = append(out, fmt.Sprintf("%d at %s", n, at))
	}
	return out
}

func (l *leak) finding(p *analyze.Pass) analyze.Finding {
	var m strings.Builder
	fmt.Fprintf(&m, "%s of %s wait for ever in %s", analyze.Count(l.leaked, "goroutine"), l.process, short(l.at))
	if l.leaked == 1 {
		m.Reset()
		fmt.Fprintf(&m, "1 goroutine of %s waits for ever in %s", l.process, short(l.at))
	}
	fmt.Fprintf(&m, " (%s", l.place)
	if l.state != "" {
		fmt.Fprintf(&m, ", %s", l.state)
	}
	m.WriteString("), by the verdict of the runtime; started ")
	if l.creator != "" {
		fmt.Fprintf(&m, "by %s ", short(l.creator))
	}
	fmt.Fprintf(&m, "with %s", short(l.entry))
	if l.earlier != "" {
		fmt.Fprintf(&m, "; goroutines there: %s", l.earlier)
	}
	return analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("process", analyze.ProcessSubject(l.process), "at", l.at),
		Message:  m.String(),
		Measures: []analyze.Measure{analyze.M("goroutines.leaked", "goroutines", float64(l.leaked))},
		Exhibits: l.refs[:min(len(l.refs), p.Options.Exhibits())],
		Fix:      leakFix(l),
	}
}

// leakFix says what gives the wait a way out, by the state that the goroutines are in.
func leakFix(l *leak) string {
	at := fmt.Sprintf("%s (%s)", short(l.at), l.place)
	switch {
	case strings.HasPrefix(l.state, "chan send"):
		return "In " + at + " nobody receives any more: give the channel a buffer for the one value, or select on ctx.Done() beside the send. A receiver that left early, as on a timeout, is the usual cause."
	case strings.HasPrefix(l.state, "chan receive"):
		return "In " + at + " nobody sends or closes any more: close the channel on every path of the sender, or select on ctx.Done() beside the receive."
	case strings.HasPrefix(l.state, "select"):
		return "In " + at + " no case of the select can come: add one for ctx.Done() of a context that is cancelled, and stop tickers and channels of those that left."
	case strings.Contains(l.state, "Mutex"):
		return "In " + at + " the holder of the lock is gone: unlock with defer, right after locking."
	case strings.Contains(l.state, "WaitGroup"):
		return "In " + at + " Done is missing on some path: call it with defer, or start the work with WaitGroup.Go."
	case strings.Contains(l.state, "Cond"):
		return "In " + at + " nobody signals any more: signal on every path that changes the condition, shutdown included."
	}
	return ""
}

// short leaves out the path of the package before its name.
func short(function string) string {
	head, args, generic := strings.Cut(function, "[")
	head = head[strings.LastIndexByte(head, '/')+1:]
	if generic {
		return head + "[" + args
	}
	return head
}

func restOfLeaks(p *analyze.Pass, leaks []*leak) analyze.Finding {
	n := 0
	for _, l := range leaks {
		n += l.leaked
	}
	f := leaks[0].finding(p)
	f.Subject = analyze.Subject("process", "(other)", "at", "(other)")
	f.Message = fmt.Sprintf("%s in %s beyond those listed wait for ever, by the verdict of the runtime", analyze.Count(n, "goroutine"), analyze.Count(len(leaks), "group"))
	f.Measures, f.Fix = nil, ""
	return f
}
