package labels

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
)

// Missing is WM2001. It also reports the counts of the family that need no required label.
var Missing = analyze.Detector{
	ID: "WM2001", Name: "label-missing",
	Doc: analyze.Doc{
		Title: "Value that could carry a required pprof label does not",
		Text: "With --require-label KEY, every labelable part of a CPU, goroutine or goroutineleak profile, and of " +
			"goroutine text that shows labels, must carry the key. What does not is grouped by process (its service, else its folder), by cause and by the " +
			"function that its goroutine was started with. Labels are inherited by the go statement; what loses them " +
			"is a pool that was started before the request, a queue between goroutines, a timer, and code that sets " +
			"the labels of another context.",
		Proof: "The key is absent from the row's labels, and the row is labelable: its root is not of the runtime, the " +
			"profiler or a goroutine that a library keeps for itself; on a server's own goroutine (net/http, " +
			"gRPC) a handler is on the stack; and without any label, some frame is neither of the standard library nor of a known framework, " +
			"and no profile is being taken. inside-do: runtime/pprof.Do is on the stack, " +
			"the function passed to it runs, and there is no label. other-labels: there are labels, but not this one. timer: created by time.goFunc. " +
			"part-labelled and entry-unlabelled compare with the other rows of the artifact that have the same entry function; " +
			"stack-cut says that the entry was not recorded. Kinds that " +
			"cannot carry labels (heap, allocs, mutex, block, threadcreate) and text that shows none are never counted.",
		Blind: "It cannot see where a label was lost, only where it is missing, and it takes a label that is there at its word: one that a goroutine " +
			"inherited from an earlier request than the one it works for counts as carried. Profiles do not say who started a goroutine: what handlers start is " +
			"counted under the function it was started with, so entry-unlabelled of a server says only that nothing on its own goroutines carries the key, not that no handler sets it. pprof.Do with an empty label set looks like labels that were replaced. Loops and other " +
			"work that belongs to no request counts as labelable, since the program could label it. Goroutines of libraries " +
			"that are not known count as the program's. A CPU profile is a sample: few rows say little, so a gap is reported " +
			"where the unlabelled share is above the parameter label_slack (5 %) beyond chance (95 % Wilson interval), and as a note where it is " +
			"fewer samples than the parameter min_label_samples (5). " +
			"Goroutines with an entry function that never carries the key are counted, but reported only where nothing " +
			"in the run carries it, and as a note: a pool at rest lacks nothing.",
		Fix: "Each finding says what to do for its cause. part-labelled and entry-unlabelled: pass the context with the job and run it in pprof.Do(ctx, …), or " +
			"SetGoroutineLabels(ctx) when a worker takes it. inside-do: make the inner context of the outer one. other-labels: add the key to those. " +
			"timer: keep the context and set its labels in the callback. stack-cut: get whole stacks first (WM3001).",
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedProfiles | analyze.NeedDumps,
	Run:   runMissing,
}

func runMissing(p *analyze.Pass) error {
	keys := p.Options.RequireLabels
	var all, judged []*tally
	reasons := map[string]int{}
	for i, a := range p.Bundle.Artifacts {
		var t *tally
		switch {
		case a.Profile != nil:
			t = tallyProfile(a, uint32(i), keys)
		case a.Dump != nil:
			t = tallyDump(a, uint32(i), keys)
		default:
			continue
		}
		t.measure(p, keys)
		all = append(all, t)
		if t.judged {
			judged = append(judged, t)
		} else {
			reasons[t.why]++
		}
	}
	switch {
	case len(keys) == 0:
		p.Inapplicable("no label is required; pass --require-label KEY" + hint(all))
		return nil
	case len(judged) == 0:
		p.Inapplicable("no artifact can show labels: " + mostFrequent(reasons))
		return nil
	}
	carried := map[string]bool{} // by key: something carries it
	for _, t := range judged {
		for k, key := range keys {
			carried[key] = carried[key] || t.covered[k] != 0
		}
	}
	findings := slices.DeleteFunc(merge(judged, keys), func(l *lack) bool { return !l.worth(p, carried[l.key]) })
	limit := p.Options.Subjects()
	for _, f := range findings[:min(limit, len(findings))] {
		p.Report(f.finding(p))
	}
	if len(findings) > limit {
		p.Report(rest(p, findings[limit:]))
	}
	return nil
}

func mostFrequent(reasons map[string]int) string {
	var best string
	for r, n := range reasons {
		if n > reasons[best] || n == reasons[best] && r < best {
			best = r
		}
	}
	return best
}

// lack is one finding in the making: the value without a key, of one cause, entry function, service and
// kind of artifact, over all artifacts.
type lack struct {
	key, process, entry string // process is the service, or the folder where the service is not known
	cause               cause
	sampled             bool
	path                string           // of the first artifact
	rows, of            int64            // events without the key, and all labelable ones of those artifacts
	covered             int64            // labelable events of those artifacts that carry the key
	carriers            map[string]int64 // the same by entry function
	unit                string
	amount              int64
	artifacts           int
	exhibits            []analyze.Exhibit
}

type lackKey struct {
	key, process, entry string
	cause               cause
	sampled             bool
}

func merge(ts []*tally, keys []string) []*lack {
	all := map[lackKey]*lack{}
	for _, t := range ts {
		for gk, g := range t.groups {
			k := lackKey{keys[gk.key], cmp.Or(t.artifact.Identity.Service.Value, analyze.Process(t.artifact)), gk.entry, gk.cause, t.sampled}
			l := all[k]
			if l == nil {
				l = &lack{key: k.key, process: k.process, entry: k.entry, cause: k.cause, sampled: k.sampled, path: t.artifact.Path,
					carriers: map[string]int64{}}
				all[k] = l
			}
			l.take(t, gk, g)
		}
	}
	out := make([]*lack, 0, len(all))
	for _, l := range all {
		slices.SortFunc(l.exhibits, func(a, b analyze.Exhibit) int {
			return cmp.Or(cmp.Compare(a.Ref.Artifact, b.Ref.Artifact), cmp.Compare(a.Ref.Off, b.Ref.Off))
		})
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *lack) int {
		return cmp.Or(cmp.Compare(b.rows, a.rows), strings.Compare(a.key, b.key), strings.Compare(string(a.cause), string(b.cause)),
			strings.Compare(a.entry, b.entry), strings.Compare(a.process, b.process), compareBool(a.sampled, b.sampled))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (l *lack) take(t *tally, gk groupKey, g *group) {
	l.rows += g.rows
	l.amount += g.value
	l.of += t.labelableEvents
	l.artifacts++
	if t.labelable > 0 {
		l.covered += int64(math.Round(float64(t.covered[gk.key]) / float64(t.labelable) * float64(t.labelableEvents)))
	}
	for entry, events := range t.carriers[gk.key] {
		l.carriers[entry] += events
	}
	if pr := t.artifact.Profile; pr != nil && pr.Primary < len(pr.SampleTypes) {
		l.unit = pr.SampleTypes[pr.Primary].Unit
	}
	for _, ref := range g.refs {
		role := "sample"
		if t.artifact.Dump != nil {
			role = "goroutine"
		}
		l.exhibits = append(l.exhibits, analyze.Exhibit{Ref: ref, Role: role, Text: "started with " + gk.entry})
	}
}

func (l *lack) finding(p *analyze.Pass) analyze.Finding {
	f := analyze.Finding{
		Basis:    analyze.Heuristic,
		Severity: l.severity(p),
		Subject:  analyze.Subject("key", l.key, "cause", string(l.cause), "entry", l.entry, "of", l.what()),
		Exhibits: l.exhibits[:min(len(l.exhibits), p.Options.Exhibits())],
		Measures: []analyze.Measure{
			analyze.M("label.unlabelled", cmp.Or(l.unit, "goroutines"), float64(l.amount)),
			analyze.M("label.unlabelled_share", "ratio", float64(l.rows)/float64(max(1, l.of))),
		},
	}
	if l.cause.proven() {
		f.Basis = analyze.Proven
	}
	// The folder of an artifact that is given by itself has no name.
	if name := analyze.ProcessSubject(l.process); name != "." {
		f.Subject["service"] = name
	}
	f.Message, f.Fix = l.message(), l.fix()
	return f
}

func (l *lack) what() string {
	if l.sampled {
		return "cpu"
	}
	return "goroutines"
}

// worth reports whether the lack is to be reported. A CPU profile is a sample, and some of a program's work
// always falls outside of its labelled code, so the unlabelled share must be above the slack beyond chance.
// Goroutines that merely wait somewhere lack nothing as long as anything carries the key, unless their
// stack or their siblings show that they should.
func (l *lack) worth(p *analyze.Pass, carried bool) bool {
	missing := l.of - l.covered
	if l.cause == insideDo {
		return true // its labels are lost for certain, however few they are
	}
	if l.sampled {
		return analyze.WilsonLow(int(missing), int(l.of)) > p.Options.Slack()
	}
	return l.cause != entryUnlabelled || !carried
}

// severity is a note for a group that makes little of a gap that others make, or too few samples to tell.
// It is one too for goroutines whose entry function never carries the key: at rest between requests they
// lack nothing, and a snapshot does not tell rest from work.
func (l *lack) severity(p *analyze.Pass) analyze.Severity {
	if !l.sampled && l.cause == entryUnlabelled {
		return analyze.Note
	}
	share := float64(l.rows) / float64(max(1, l.of))
	if l.sampled {
		share = analyze.WilsonLow(int(l.rows), int(l.of))
		if l.rows < int64(p.Options.LabelSamples()) {
			return analyze.Note
		}
	}
	if share <= p.Options.Slack() {
		return analyze.Note
	}
	return "" // that of the detector
}

func (l *lack) message() string {
	unit := "goroutine"
	if l.sampled {
		unit = "CPU sample"
	}
	var sb strings.Builder
	fmt.Fprintf(&sb, "%d of %s that could carry the label %q", l.rows, analyze.Count(int(l.of), unit), l.key)
	if l.artifacts > 1 {
		fmt.Fprintf(&sb, " in %s, counted over %d captures,", l.process, l.artifacts)
	} else {
		fmt.Fprintf(&sb, " in %s", l.path)
	}
	sb.WriteString(" do not; they were started with ")
	if l.cause != stackCut {
		fmt.Fprintf(&sb, "%s, ", l.entry)
	}
	sb.WriteString(l.explain())
	return sb.String()
}

// rest stands for the findings beyond the bound.
func rest(p *analyze.Pass, ls []*lack) analyze.Finding {
	var rows int64
	f := ls[0].finding(p)
	for _, l := range ls {
		rows += l.rows
		if s := l.severity(p); s == "" || s.AtLeast(f.Severity) {
			f.Severity = s
		}
	}
	f.Basis = analyze.Heuristic
	f.Measures, f.Fix = nil, ""
	f.Subject = analyze.Subject("key", "(other)", "cause", "(other)", "entry", "(other)")
	f.Message = fmt.Sprintf("%s of %s beyond those listed lack a required label",
		analyze.Count(int(rows), "row"), analyze.Count(len(ls), "group"))
	return f
}
