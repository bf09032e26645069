package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// Truncated is WM3001.
var Truncated = analyze.Detector{
	ID: "WM3001", Name: "stack-truncated",
	Doc: analyze.Doc{
		Title: "Stacks are cut at the runtime's frame limit",
		Text: "The outermost frames of these stacks are missing. What they called is counted, but not under their " +
			"callers: totals of functions above the cut are too low, flame graphs grow from the wrong root, and stacks " +
			"that differ only beyond the cut are merged. In goroutine text since Go 1.21 it is the middle that is " +
			"missing, and the text says how many frames.",
		Proof: "A stack fills the limit: it has as many logical frames (inlined ones included) as its kind and release " +
			"record, or more. Depth alone does not tell that it is cut, for runtime.goexit takes a place too, and the inlined callers of " +
			"the last frame are added afterwards. So the outermost function decides: if it is a known entry, or the root of a shorter stack in the " +
			"same profile, the stack counts as whole, and as ambiguous if others call that function too; if others call it and no shorter " +
			"stack starts with it, its callers are missing for certain; else they are missing likely. Heap and allocs stacks lose innermost runtime " +
			"frames after the cut, so from ten below the limit on the outermost function decides. In the text form " +
			"(debug=1) a last program counter without a line is runtime.goexit's, and the stack is whole. In goroutine text since Go 1.21 the " +
			"elision mark is exact; up to Go 1.20 a parked goroutine is cut without a mark, which shows as exactly 100 frames with those that the runtime " +
			"hides. A limit that follows from the depth of the stacks and not from the release makes nothing certain.",
		Blind: "An entry function that is also called, has no shorter stack and fills the limit exactly is taken for a cut one. " +
			"An entry function seen in deep stacks only counts as likely cut. GODEBUG=profstackdepth below the default is not " +
			"seen, nor are cut stacks under an entry function that recurses: they are counted as ambiguous. Profiles with stacks that no Go runtime " +
			"records, as other tools write them, are not judged. Frames of C code are never recorded.",
		Fix: "For goroutine, heap, mutex and block profiles use Go 1.23 or later, and GODEBUG=profstackdepth=N (up to " +
			"1024) where 128 is not enough. CPU profiles keep 64 frames in every release: profile below the deep part, or " +
			"flatten recursion and chains of middleware. For goroutine text, use the profile form beside it.",
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedProfiles | analyze.NeedDumps,
	Run:   runTruncated,
}

// judgement is the verdict of one artifact.
type judgement struct {
	index    uint32
	artifact *evidence.Artifact
	verdict  *verdict
}

func runTruncated(p *analyze.Pass) error {
	groups := map[subject][]judgement{}
	judged := 0
	for i, a := range p.Bundle.Artifacts {
		v := judge(a)
		if v == nil {
			continue
		}
		p.Measure("stacks.total", "stacks", float64(v.total), "artifact", a.Path)
		if v.limit.frames == 0 {
			continue // its kind has no limit to judge by
		}
		judged++
		p.Measure("stacks.truncated", "stacks", float64(v.truncated()), "artifact", a.Path)
		if v.stacks[rootless] > 0 {
			p.Measure("stacks.rootless", "stacks", float64(v.stacks[rootless]), "artifact", a.Path)
		}
		if v.stacks[ambiguous] > 0 {
			p.Measure("stacks.ambiguous", "stacks", float64(v.stacks[ambiguous]), "artifact", a.Path)
		}
		if v.truncated() > 0 {
			k := subject{string(a.Format), a.Identity.Service.Value}
			groups[k] = append(groups[k], judgement{uint32(i), a, v})
		}
	}
	if judged == 0 {
		p.Inapplicable("no profile or dump whose stacks can be judged")
	}
	for k, js := range groups {
		p.Report(finding(p, k, js))
	}
	return nil
}

// subject groups the artifacts that share a finding.
type subject struct{ format, service string }

// judge returns the verdict of an artifact, nil for one without stacks. Where no limit is known the
// verdict only counts.
func judge(a *evidence.Artifact) *verdict {
	switch {
	case a.Dump != nil:
		return judgeDump(a)
	case a.Profile == nil || a.Profile.NamesLost:
		return nil
	}
	s := collect(a.Profile)
	lim, ok := limitOf(a, s)
	if !ok {
		return &verdict{total: s.total, value: s.value}
	}
	return s.judge(lim)
}

// sum is the verdicts of the artifacts of one finding together.
type sum struct {
	total  int
	value  int64
	stacks [classes]int
	values [classes]int64
}

func (s *sum) share(cs ...class) float64 {
	if s.value <= 0 {
		return 0
	}
	var v int64
	for _, c := range cs {
		v += s.values[c]
	}
	return float64(v) / float64(s.value)
}

func finding(p *analyze.Pass, k subject, js []judgement) analyze.Finding {
	var s sum
	for _, j := range js {
		s.total += j.verdict.total
		s.value += j.verdict.value
		for c := range classes {
			s.stacks[c] += j.verdict.stacks[c]
			s.values[c] += j.verdict.values[c]
		}
	}
	f := analyze.Finding{Basis: analyze.Proven, Subject: analyze.Subject("format", k.format)}
	if k.service != "" {
		f.Subject["service"] = k.service
	}
	if s.stacks[certain] == 0 {
		f.Basis = analyze.Heuristic
	}
	share := s.share(certain, likely)
	if share < p.Options.CutStacks() {
		f.Severity = analyze.Note
	}
	f.Measures = []analyze.Measure{
		analyze.M("stacks.truncated", "stacks", float64(s.stacks[certain]+s.stacks[likely])),
		analyze.M("stacks.truncated_certain", "stacks", float64(s.stacks[certain])),
		analyze.M("stacks.truncated_share", "ratio", share),
	}
	f.Message, f.Fix = message(k, js, &s), fix(js[0])
	f.Exhibits = exhibits(p, js)
	return f
}

// message states what is certain, if anything is, and adds what is not.
func message(k subject, js []judgement, s *sum) string {
	var sb strings.Builder
	claim := certain
	if s.stacks[certain] == 0 {
		claim = likely
	}
	fmt.Fprintf(&sb, "%d of %s", s.stacks[claim], analyze.Count(s.total, "stack"))
	if k.service != "" {
		fmt.Fprintf(&sb, " of %s", k.service)
	}
	if len(js) > 1 {
		fmt.Fprintf(&sb, " in %d artifacts, the first of them %s", len(js), js[0].artifact.Path)
	} else {
		fmt.Fprintf(&sb, " in %s", js[0].artifact.Path)
	}
	switch {
	case js[0].artifact.Dump != nil:
		sb.WriteString(textClaim(js, claim))
	default:
		if pr := js[0].artifact.Profile; pr.Primary < len(pr.SampleTypes) {
			t := pr.SampleTypes[pr.Primary]
			fmt.Fprintf(&sb, ", with %.1f %% of the %s %s,", 100*s.share(claim), t.Type, t.Unit)
		}
		fmt.Fprintf(&sb, " fill the limit of %s and end in a function that ", limits(js))
		if claim == certain {
			sb.WriteString("others call: its callers are missing")
		} else {
			sb.WriteString("is not known to be the start of a goroutine: its callers are likely missing")
		}
	}
	if claim == certain && s.stacks[likely] > 0 {
		fmt.Fprintf(&sb, "; of %d more they likely are", s.stacks[likely])
	}
	if n := s.stacks[ambiguous]; n > 0 {
		fmt.Fprintf(&sb, "; %d cannot be told", n)
	}
	return sb.String()
}

// fix says what to do for one kind of profile or text.
func fix(j judgement) string {
	switch a := j.artifact; {
	case a.Dump != nil:
		return "Take the profile form beside the text (debug=0, or debug=1 to read it), whose stacks have 128 frames since Go 1.23; text keeps 100 in every release."
	case a.Profile.Kind == evidence.KindCPU:
		return "CPU profiles keep 64 frames in every release, and no setting changes that: read the shares of functions above the cut as lower limits, profile a benchmark of the deep part, " +
			"or make recursion and chains of middleware flatter."
	case j.verdict.limit.frames <= goruntime.StackLimit(false, goruntime.OldestLimit):
		return "Build with Go 1.23 or later, which keeps 128 frames instead of 32, and set GODEBUG=profstackdepth=N (up to 1024) where that is not enough."
	}
	return "Set GODEBUG=profstackdepth=N (up to 1024) in the environment of the process: 128 frames are the default. Recursion that deep is worth a look of its own."
}

// textClaim says what goroutine text leaves out, by the two generations of it.
func textClaim(js []judgement, claim class) string {
	var marked, frames int
	for _, j := range js {
		for _, g := range j.artifact.Dump.Goroutines {
			if g.Elided > 0 && g.Flags&(evidence.GRepeat|evidence.GUnavailable|evidence.GCut) == 0 {
				marked++
				frames += int(g.Elided)
			}
		}
	}
	verb := " are cut: "
	if claim == likely {
		verb = " are likely cut: "
	}
	const silent = "up to Go 1.20 the text shows the innermost 100 frames, those of the runtime that it hides included, and no mark"
	if marked == 0 {
		return verb + silent
	}
	s := fmt.Sprintf("%s%s out of the middle of %s, by their marks", verb, analyze.Count(frames, "frame"), analyze.Count(marked, "stack"))
	for _, j := range js {
		if v := j.artifact.Go; v.Max != 0 && v.Max <= 20 {
			return s + "; " + silent
		}
	}
	return s
}

// limits names the frame limits of the artifacts, each with how it is known.
func limits(js []judgement) string {
	whys := map[int][]string{}
	for _, j := range js {
		lim := j.verdict.limit
		whys[lim.frames] = append(whys[lim.frames], lim.why)
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(whys)) {
		slices.Sort(whys[n])
		why := slices.Compact(whys[n])
		text := why[0]
		if len(why) > 1 {
			text = fmt.Sprintf("%s; other artifacts tell it in %s", text, analyze.Count(len(why)-1, "other way"))
		}
		parts = append(parts, fmt.Sprintf("%d frames (%s)", n, text))
	}
	return strings.Join(parts, " or ")
}

// exhibits shows the stacks with the largest value, certain ones first.
func exhibits(p *analyze.Pass, js []judgement) []analyze.Exhibit {
	type shown struct {
		j judgement
		d *deepStack
		c class
	}
	var all []shown
	for _, j := range js {
		for _, c := range []class{certain, likely} {
			for _, d := range j.verdict.shown[c] {
				all = append(all, shown{j, d, c})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b shown) int {
		return cmp.Or(cmp.Compare(a.c, b.c), cmp.Compare(b.d.value, a.d.value))
	})
	var out []analyze.Exhibit
	for _, s := range all[:min(len(all), p.Options.Exhibits())] {
		out = append(out, analyze.Exhibit{Ref: s.d.ref, Role: "stack", Text: describe(s.j.artifact, s.d)})
	}
	return out
}

func describe(a *evidence.Artifact, d *deepStack) string {
	if a.Dump != nil {
		g := &a.Dump.Goroutines[d.root]
		switch {
		case g.Elided > 0:
			return fmt.Sprintf("goroutine %d: %d frames shown, %d left out", g.ID, d.depth, g.Elided)
		case g.Elided < 0:
			return fmt.Sprintf("goroutine %d: %d frames shown, an unknown number left out", g.ID, d.depth)
		}
		return fmt.Sprintf("goroutine %d [%s]: %d frames shown, the rest left out without a mark", g.ID, a.Dump.States[g.State], d.depth)
	}
	name := func(f int32) string {
		if f < 0 || a.Profile.Functions[f].Name == "" {
			return "(no name)"
		}
		return a.Profile.Functions[f].Name
	}
	return fmt.Sprintf("%d frames, outermost %s, innermost %s", d.depth, name(d.root), name(d.leaf))
}
