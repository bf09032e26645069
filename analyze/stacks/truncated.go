package stacks

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
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
		Proof: "Depth counts logical frames, inlined ones included, as the limit does. More than the limit is certain. " +
			"Exactly the limit means that at least runtime.goexit is missing; the stack counts as whole if its root is an " +
			"entry function (known, or the root of a shorter stack in the same profile), as ambiguous if that function also " +
			"recurses, and else as likely cut. Heap and allocs stacks lose innermost runtime frames after the cut, so " +
			"from ten below the limit on the root decides alone. In the text form (debug=1) the last program counter of " +
			"a whole stack is runtime.goexit's and has no line: that is exact. In goroutine text the elision mark is exact; up to Go 1.20 " +
			"a parked goroutine is cut without a mark, and is told by showing exactly 100 frames with the hidden ones.",
		Blind: "A likely cut is a guess where an entry function is seen in deep stacks only. The limit follows from the " +
			"release, and where nothing tells it, from the deepest stack: GODEBUG=profstackdepth below 128 is not seen. " +
			"Frames of C code are never recorded. A goroutine of Go 1.20 that is exactly 100 frames deep looks cut.",
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
		judged++
		p.Measure("stacks.total", "stacks", float64(v.total), "artifact", a.Path)
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

// judge returns the verdict of an artifact, nil for one whose stacks cannot be judged.
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
		return nil
	}
	return s.judge(lim)
}

func finding(p *analyze.Pass, k subject, js []judgement) analyze.Finding {
	var cut, sure, total int
	var cutValue, value int64
	for _, j := range js {
		v := j.verdict
		cut += v.truncated()
		sure += v.stacks[certain]
		total += v.total
		cutValue += v.values[certain] + v.values[likely]
		value += v.value
	}
	f := analyze.Finding{Basis: analyze.Proven, Subject: analyze.Subject("format", k.format)}
	if k.service != "" {
		f.Subject["service"] = k.service
	}
	if cut > sure {
		f.Basis = analyze.Heuristic
	}
	share := 0.0
	if value > 0 {
		share = float64(cutValue) / float64(value)
	}
	if share < 0.01 {
		f.Severity = analyze.Note
	}
	f.Measures = []analyze.Measure{
		analyze.M("stacks.truncated", "stacks", float64(cut)),
		analyze.M("stacks.truncated_share", "ratio", share),
	}
	f.Message = message(k, js, cut, sure, total, share)
	f.Exhibits = exhibits(p, js)
	return f
}

func message(k subject, js []judgement, cut, sure, total int, share float64) string {
	var sb strings.Builder
	fmt.Fprintf(&sb, "%d of %s", cut, analyze.Count(total, "stack"))
	if k.service != "" {
		fmt.Fprintf(&sb, " of %s", k.service)
	}
	if len(js) > 1 {
		fmt.Fprintf(&sb, " in %d artifacts", len(js))
	}
	if js[0].artifact.Dump != nil {
		sb.WriteString(" show 100 frames and leave others out")
	} else {
		value := ""
		if pr := js[0].artifact.Profile; pr.Primary < len(pr.SampleTypes) {
			t := pr.SampleTypes[pr.Primary]
			value = fmt.Sprintf(", with %.1f %% of the %s %s", 100*share, t.Type, t.Unit)
		}
		fmt.Fprintf(&sb, "%s, are cut at the limit of %s", value, limits(js))
	}
	switch {
	case sure == cut:
		sb.WriteString(", all for certain")
	case sure == 0:
		sb.WriteString(", by their number of frames and their root")
	default:
		fmt.Fprintf(&sb, ", %d for certain and %d by their number of frames and their root", sure, cut-sure)
	}
	return sb.String()
}

// limits names the frame limits of the artifacts, each with how it is known.
func limits(js []judgement) string {
	seen := map[int]string{}
	for _, j := range js {
		lim := j.verdict.limit
		if _, ok := seen[lim.frames]; !ok {
			seen[lim.frames] = lim.why
		}
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(seen)) {
		parts = append(parts, fmt.Sprintf("%d frames (%s)", n, seen[n]))
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
