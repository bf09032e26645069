package artifacts

import (
	"fmt"
	"path"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// DumpCut is WM1003. It also reports the counts of goroutines.
var DumpCut = analyze.Detector{
	ID: "WM1003", Name: "goroutine-dump-cut",
	Doc: analyze.Doc{
		Title: "A goroutine dump ends early",
		Text: "Goroutines are missing from the end of the dump, and what they wait for with them. The " +
			"debug=2 form of the goroutine profile is cut at 64 MiB without a mark: the runtime fills a buffer of that " +
			"size and no larger (runtime/pprof/pprof.go, writeGoroutineStacks, go1.18 to go1.27). Other dumps are cut by " +
			"full disks, by limits of log collectors, and by the buffer given to runtime.Stack.",
		Proof: "The text ends inside a record or inside a compressed stream, or is 67,108,864 bytes long. A text " +
			"of that length that ends between two records is called cut as a heuristic: a whole dump of exactly this " +
			"length would look the same. How many goroutines are missing is not proven by the dump. Where there is a " +
			"goroutine profile in debug=0 or debug=1 form from beside it (the same folder and the same name but " +
			"for its endings) or else the only one of the same service and instance, the difference is given as an " +
			"estimate: the two were captured one after the other.",
		Blind: "A dump that was cut between two records at another length looks whole. Lines lost from the middle by a " +
			"log collector are no cut. The first lines of a cut record are kept, so its stack is too short.",
		Fix: "Take the debug=0 or debug=1 form beside it, which has no such limit and groups equal stacks, or give " +
			"runtime.Stack a larger buffer. In logs, raise the limit of the collector on bytes per message.",
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedDumps | analyze.NeedProfiles,
	Run:   runDumpCut,
}

// runtimeCut is the length at which runtime/pprof stops a dump: go1.18 to go1.27, runtime/pprof/pprof.go,
// writeGoroutineStacks.
const runtimeCut = 64 << 20

func runDumpCut(p *analyze.Pass) error {
	groups := analyze.NewGroups[fileKey](p.Options.Exhibits())
	var dumps int
	for i, a := range p.Bundle.Artifacts {
		if a.Profile != nil && a.Profile.Kind == evidence.KindGoroutine {
			p.Measure("goroutines.total", "goroutines", float64(profileTotal(a.Profile)), "artifact", a.Path)
		}
		if a.Dump == nil {
			continue
		}
		dumps++
		countGoroutines(p, a)
		if a.Cut() != nil || isRuntimeCut(a) {
			groups.Add(keyOf(a), uint32(i))
		}
	}
	if dumps == 0 {
		p.Inapplicable("no goroutine dump in the input")
	}
	for _, g := range groups.Sorted(p.Options.Subjects(), otherFiles) {
		p.Report(cutFinding(p, g))
	}
	return nil
}

func isRuntimeCut(a *evidence.Artifact) bool {
	return a.Format == evidence.FormatGoroutineDebug2 && a.DecodedBytes == runtimeCut
}

func cutFinding(p *analyze.Pass, g *analyze.Group[fileKey]) analyze.Finding {
	first := p.Bundle.Artifacts[g.Rows[0]]
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  g.Key.subject(),
		Measures: []analyze.Measure{analyze.M("goroutines.read", "goroutines", float64(wholeRecords(first.Dump)))},
	}
	if isRuntimeCut(first) && !endsInside(first) {
		f.Basis = analyze.Heuristic
	}
	f.Message = fmt.Sprintf("%s ends early: %s", first.Path, cutReason(first))
	f.Message += fmt.Sprintf("; %s before it", analyze.Count(wholeRecords(first.Dump), "whole record"))
	if pair, how := pairOf(p.Bundle, first); pair != nil {
		total := profileTotal(pair.Profile)
		f.Message += fmt.Sprintf("; %s (%s) counts %s, %d more than are whole here, an estimate of what is missing because "+
			"the two were not captured at one moment", pair.Path, how, analyze.Count(total, "goroutine"), total-wholeRecords(first.Dump))
	}
	if g.N > 1 {
		f.Message = fmt.Sprintf("%s end early; the first of them: %s", analyze.Count(g.N, "goroutine dump"), f.Message)
	}
	for _, i := range g.Rows {
		f.Exhibits = append(f.Exhibits, cutExhibit(p.Bundle.Artifacts[i], i))
	}
	return f
}

func cutReason(a *evidence.Artifact) string {
	if c := a.Cut(); c != nil {
		return c.What
	}
	return "it has exactly 67108864 bytes, where the runtime stops"
}

// endsInside reports whether the text stops in the middle of something, whatever its length.
func endsInside(a *evidence.Artifact) bool {
	gs := a.Dump.Goroutines
	return len(gs) > 0 && gs[len(gs)-1].Flags&evidence.GCut != 0
}

func cutExhibit(a *evidence.Artifact, index uint32) analyze.Exhibit {
	if c := a.Cut(); c != nil {
		return analyze.Exhibit{Ref: c.Ref, Role: "cut", Text: c.What}
	}
	return analyze.Exhibit{Ref: evidence.Ref{Artifact: index, Off: a.DecodedBytes}, Role: "cut", Text: cutReason(a)}
}

// pairOf returns the goroutine profile that was captured with a dump, and what ties the two: the only
// one beside it, else the only one of the same process. Of two forms beside it the first is as good.
func pairOf(b *evidence.Bundle, dump *evidence.Artifact) (pair *evidence.Artifact, how string) {
	var process []*evidence.Artifact
	for _, a := range b.Artifacts {
		if a.Profile == nil || a.Profile.Kind != evidence.KindGoroutine || a.Profile.Delta || a.Status != evidence.StatusOK {
			continue
		}
		if stem(a.Path) == stem(dump.Path) {
			return a, "same folder and name"
		}
		id, of := a.Identity, dump.Identity
		if of.Service.Value != "" && of.Instance.Value != "" &&
			id.Service.Value == of.Service.Value && id.Instance.Value == of.Instance.Value {
			process = append(process, a)
		}
	}
	if len(process) == 1 {
		return process[0], "same service and instance"
	}
	return nil, ""
}

// stem is a path without what tells the forms of one capture apart: "x/goroutine.after" of
// "x/goroutine.after.debug2.txt.gz" and of "x/goroutine.after.pb.gz".
func stem(p string) string {
	for {
		ext := path.Ext(p)
		switch strings.ToLower(ext) {
		case ".gz", ".zst", ".txt", ".log", ".pb", ".pprof", ".prof", ".out", ".dump", ".debug0", ".debug1", ".debug2":
			p = strings.TrimSuffix(p, ext)
			continue
		}
		break
	}
	for _, form := range []string{"debug=0", "debug=1", "debug=2", "debug0", "debug1", "debug2"} {
		if rest, ok := strings.CutSuffix(p, form); ok {
			return strings.TrimRight(rest, "-_.")
		}
	}
	return p
}
