package artifacts

import (
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Damaged is WM1001. It also reports the counts of artifacts.
var Damaged = analyze.Detector{
	ID: "WM1001", Name: "artifact-damaged",
	Doc: analyze.Doc{
		Title: "A file is damaged, cut or cannot be read",
		Text: "Part of the evidence is missing. What could be read is used, so counts from this file are too small, " +
			"and what other checks do not find in it may be in the missing part. Where nothing could be read the file " +
			"counts as unreadable.",
		Proof: "Its reader met bytes that break the format, an end inside a record or a compressed stream, a limit " +
			"of this run, or data that the capture itself says it dropped. The exhibits show each place. " +
			"The end of a cut goroutine dump is reported as WM1003 and not again here.",
		Blind: "A file that was cut between two records, in a format without a trailer or a count, looks whole. So does " +
			"one whose bytes were changed into other valid ones: few formats carry a checksum.",
		Fix:      "damaged or cut: " + fixDamaged + " empty: " + fixEmpty + " an answer in place of a capture: " + fixRefused,
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedArtifacts,
	Run:   runDamaged,
}

// What to do about a file, by what it turned out to be.
const (
	fixDamaged = "Copy or capture the file again and compare sizes and checksums with the source. Where a limit of this " +
		"run cut it, raise the limit that the message names."
	fixEmpty = "Run again what should have written the file, and keep its error output and exit code: a command that failed, or was stopped before it " +
		"wrote, leaves an empty file, and so does one that has nothing to tell, as chronyc -c sources where there are no sources. Then leave the file out."
	fixRefused = "Whoever was asked for a capture answered with a message. See what it complains of on that host (the address and path, a " +
		"permission, a debug endpoint that is switched off, a daemon that does not run), and capture again."
)

func runDamaged(p *analyze.Pass) error {
	count := map[evidence.Status]int{}
	groups := analyze.NewGroups[fileKey](p.Options.Exhibits())
	for i, a := range p.Bundle.Artifacts {
		count[a.Status]++
		if a.Profile != nil {
			measureGC(p, a)
		}
		switch a.Status {
		case evidence.StatusUnreadable:
		case evidence.StatusDamaged, evidence.StatusUnknown: // of the latter, the container may be damaged
			if len(ownLosses(a)) == 0 {
				continue
			}
		default:
			continue
		}
		groups.Add(keyOf(a), uint32(i))
	}
	p.Measure("artifacts.total", "artifacts", float64(len(p.Bundle.Artifacts)))
	p.Measure("artifacts.unreadable", "artifacts", float64(count[evidence.StatusUnreadable]))
	p.Measure("artifacts.damaged", "artifacts", float64(count[evidence.StatusDamaged]))
	p.Measure("artifacts.unknown", "artifacts", float64(count[evidence.StatusUnknown]))
	for _, g := range groups.Sorted(p.Options.Subjects(), otherFiles) {
		p.Report(damagedFinding(p, g))
	}
	return nil
}

// ownLosses returns the losses that no other detector reports: all but the cut of a goroutine dump.
func ownLosses(a *evidence.Artifact) []evidence.Loss {
	if a.Dump == nil || a.Cut() == nil {
		return a.Losses
	}
	own := make([]evidence.Loss, 0, len(a.Losses))
	for _, l := range a.Losses {
		if !l.Cut {
			own = append(own, l)
		}
	}
	return own
}

func damagedFinding(p *analyze.Pass, g *analyze.Group[fileKey]) analyze.Finding {
	first := p.Bundle.Artifacts[g.Rows[0]]
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  g.Key.subject(),
		Message:  fmt.Sprintf("%s (%s) %s", first.Path, first.Format, state(first)),
		Fix:      fixDamaged,
		Measures: []analyze.Measure{analyze.M("artifacts.damaged", "artifacts", float64(g.N))},
	}
	if answer := inPlaceOf(first); answer != "" {
		f.Message, f.Fix = first.Path+" "+answer, fixRefused
		if first.Format == evidence.FormatEmpty {
			f.Fix = fixEmpty
		}
	}
	switch {
	case g.Merged > 0:
		f.Fix = "" // of several kinds: that of the check
		f.Message = fmt.Sprintf("%s beyond those listed are damaged or unreadable; the first of them: %s",
			analyze.Count(g.N, "artifact"), f.Message)
	case g.N > 1:
		f.Message = fmt.Sprintf("%s named %s are damaged or unreadable; the first of them: %s",
			analyze.Count(g.N, "artifact"), g.Key.name, f.Message)
	}
	for _, i := range g.Rows {
		f.Exhibits = append(f.Exhibits, lossExhibits(p.Bundle.Artifacts[i], i)...)
	}
	// One of each file comes first where there are several: their losses are one list, cut at the bound.
	f.Exhibits = f.Exhibits[:min(len(f.Exhibits), p.Options.Exhibits())]
	return f
}

// inPlaceOf says what is in a file that never held a capture: nothing, or the message of whoever was asked for one. It returns
// "" for any other.
func inPlaceOf(a *evidence.Artifact) string {
	switch {
	case a.Format == evidence.FormatEmpty:
		return "is empty (0 bytes): the command that wrote it failed, was stopped, or had nothing to tell"
	case a.Status != evidence.StatusUnreadable && a.Status != evidence.StatusUnknown || len(a.Losses) != 1 || a.MoreLosses > 0:
		return ""
	case a.Losses[0].Origin != evidence.InCapture:
		return ""
	}
	return "holds no capture: " + a.Losses[0].What
}

// state says what of an artifact was read and what is missing.
func state(a *evidence.Artifact) string {
	var s strings.Builder
	switch a.Status {
	case evidence.StatusUnreadable, evidence.StatusUnknown:
		s.WriteString("holds nothing that could be read")
	default:
		s.WriteString("is damaged: " + kept(a) + " could be read")
	}
	losses := ownLosses(a)
	for i, l := range losses[:min(len(losses), 2)] {
		s.WriteString([]string{"; lost: ", "; "}[i] + l.What)
		if l.Origin == evidence.InCapture {
			s.WriteString(" (by the capture)")
		}
	}
	if more := len(losses) - 2 + a.MoreLosses; more > 0 {
		s.WriteString("; and " + analyze.Count(more, "more place"))
	}
	return s.String()
}

func kept(a *evidence.Artifact) string {
	switch {
	case a.Profile != nil && a.Profile.NamesLost:
		return analyze.Count(a.Profile.Len(), "sample") + ", without names,"
	case a.Profile != nil:
		return analyze.Count(a.Profile.Len(), "sample")
	case a.Dump != nil:
		return analyze.Count(len(a.Dump.Goroutines), "goroutine")
	case a.Traces != nil:
		return analyze.Count(a.Traces.Spans, "span")
	}
	return "its format"
}

// lossExhibits points at the losses of an artifact, or at all of it where it has none.
func lossExhibits(a *evidence.Artifact, index uint32) []analyze.Exhibit {
	var out []analyze.Exhibit
	for _, l := range ownLosses(a) {
		role := "loss"
		if l.Cut {
			role = "cut"
		}
		out = append(out, analyze.Exhibit{Ref: l.Ref, Role: role, Text: l.What})
	}
	if len(out) == 0 {
		out = append(out, whole(a, index))
	}
	return out
}

// whole points at all bytes of an artifact.
func whole(a *evidence.Artifact, index uint32) analyze.Exhibit {
	return analyze.Exhibit{Ref: evidence.Ref{Artifact: index, Len: a.DecodedBytes}, Role: "artifact", Text: a.Path}
}
