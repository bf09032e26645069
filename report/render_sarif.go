package report

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Rules of the SARIF log:
//   - One run; every check of the run is a rule, also one that found nothing or could not look.
//   - byteOffset and byteLength count in the artifact as it is stored. Where the evidence was found behind a
//     container or wrapper, offsets count in decoded bytes, which the stored artifact does not have: then
//     the region is the whole artifact, and the properties of the location have the place. charOffset and
//     lines are never given: a document does not hold the text that they count in.
//   - A result has at least one location and a region, without which GitHub refuses the whole log.
//   - Text is cleaned; "{" and "}" are doubled and links are broken, as messages are formats (§3.11.5, §3.11.6).

const (
	// sarifMaxResults is how many results of a run GitHub keeps, the most severe first.
	sarifMaxResults = 5000
	// sarifMaxNotes bounds the artifacts that get a notification of their own; all are counted in any case.
	sarifMaxNotes = 1000

	projectURI = "https://github.com/witnessmark/witnessmark"
)

func renderSARIF(w io.Writer, d *Document, o TerminalOptions) error {
	s := &sarif{d: d, rules: make(map[string]int, len(d.Checks)), artifacts: make(map[string]int, len(d.Artifacts))}
	run := sarifRun{
		Tool:      sarifTool{sarifDriver{Name: "witnessmark", Version: Clean(d.Tool.Version), InformationURI: projectURI, Rules: []sarifRule{}}},
		Artifacts: make([]sarifArtifact, 0, len(d.Artifacts)),
	}
	for i := range d.Artifacts {
		s.artifacts[d.Artifacts[i].ID] = i
		run.Artifacts = append(run.Artifacts, newSARIFArtifact(&d.Artifacts[i]))
	}
	for i, c := range d.Checks {
		s.rules[c.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, newSARIFRule(c, o.Detectors))
	}
	run.Results = s.results()
	run.Invocations = []sarifInvocation{s.invocation()}
	return WriteJSON(w, sarifLog{Version: sarifVersion, Schema: sarifSchema, Runs: []sarifRun{run}}, "  ")
}

// sarif is what the parts of a log need to refer to each other.
type sarif struct {
	d                *Document
	rules, artifacts map[string]int // indexes by id
}

func newSARIFArtifact(a *Artifact) sarifArtifact {
	containers := make([]string, 0, len(a.Container))
	for _, c := range a.Container {
		containers = append(containers, Clean(c))
	}
	return sarifArtifact{
		Location: sarifURI(a.Path), Length: max(a.Bytes, 0), Roles: []string{"analysisTarget"},
		Properties: map[string]any{"format": Clean(a.Format), "status": Clean(a.Status), "containers": containers, "decodedLength": a.DecodedBytes},
	}
}

// sarifURI makes a URI reference of a path: percent-encoded, relative to the folder of the run where the path
// is.
func sarifURI(path string) sarifArtifactLocation {
	path = filepath.ToSlash(path)
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	encoded := strings.Join(segments, "/")
	switch {
	case strings.HasPrefix(path, "/"):
		return sarifArtifactLocation{URI: "file://" + encoded}
	case len(path) > 2 && path[1:3] == ":/": // a drive of Windows
		return sarifArtifactLocation{URI: "file:///" + encoded}
	}
	// A first segment with ":" would read as a scheme.
	return sarifArtifactLocation{URI: strings.ReplaceAll(encoded, ":", "%3A"), URIBaseID: "%SRCROOT%"}
}

// newSARIFRule makes the rule of a check from the documentation of its detector.
func newSARIFRule(c Check, detectors []analyze.Detector) sarifRule {
	r := sarifRule{ID: Clean(c.ID), Name: Clean(c.Name), Short: sarifText(c.Name), Full: sarifText(c.Name), Help: sarifText(c.Name)}
	i := slices.IndexFunc(detectors, func(d analyze.Detector) bool { return d.ID == c.ID })
	if i < 0 {
		return r
	}
	doc := detectors[i].Doc
	r.Short, r.Full = sarifText(doc.Title), sarifText(doc.Text)
	r.Help = sarifText(doc.Text + "\n\nProof: " + doc.Proof + "\n\nWhat it cannot see: " + doc.Blind + "\n\nFix: " + doc.Fix)
	r.Help.Markdown = braces(markdown(doc.Text) + "\n\n**Proof.** " + markdown(doc.Proof) + "\n\n**What it cannot see.** " + markdown(doc.Blind) + "\n\n**Fix.** " + markdown(doc.Fix))
	r.HelpURI = projectURI + "/blob/main/docs/checks/" + url.PathEscape(c.ID) + ".md"
	r.Configuration = &sarifConfig{Level: sarifLevel(string(doc.Severity))}
	problem := r.Configuration.Level // as GitHub calls it
	if problem == string(analyze.Note) {
		problem = "recommendation"
	}
	r.Properties = map[string]any{"problem.severity": problem, "since": doc.Since}
	return r
}

// sarifLevel is the level of a severity. Severities of a later version count as warnings.
func sarifLevel(severity string) string {
	switch analyze.Severity(severity) {
	case analyze.Error, analyze.Note:
		return severity
	}
	return string(analyze.Warning)
}

// sarifText makes a plain text message of paragraphs; one of no text would not be valid.
func sarifText(s string) sarifMessage {
	paragraphs := strings.Split(s, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(Clean(p), "](", `\](`)
	}
	text := braces(strings.Join(paragraphs, "\n\n"))
	if text == "" {
		text = "-"
	}
	return sarifMessage{Text: text}
}

// braces doubles what would be read as a placeholder.
func braces(s string) string {
	return strings.NewReplacer("{", "{{", "}", "}}").Replace(s)
}

// exhibit makes the location of the bytes behind a finding.
func (s *sarif) exhibit(e *Exhibit) sarifLocation {
	l := sarifLocation{}
	if text := strings.TrimSpace(e.Role + ": " + e.Text); text != ":" {
		m := sarifText(text)
		l.Message = &m
	}
	i, ok := s.artifacts[e.Artifact]
	if !ok { // not a document of ours
		l.Physical.Artifact.URI = url.PathEscape(e.Artifact)
		return l
	}
	a := &s.d.Artifacts[i]
	l.Physical = sarifWhole(a, i)
	if storedAsDecoded(a) {
		l.Physical.Region = sarifRegion{max(e.Offset, 0), max(e.Length, 0)}
	}
	l.Properties = &sarifPlaceData{Place: Clean(Place(a.Path, e.Offset, e.Length)), DecodedOffset: e.Offset, DecodedLength: e.Length}
	return l
}

func sarifWhole(a *Artifact, index int) sarifPhysical {
	p := sarifPhysical{Artifact: sarifURI(a.Path), Region: sarifRegion{0, max(a.Bytes, 0)}}
	p.Artifact.Index = &index
	return p
}

// storedAsDecoded reports whether offsets count in the bytes that the path names: nothing was peeled, or
// only archives, whose members paths name.
func storedAsDecoded(a *Artifact) bool {
	last := ""
	if n := len(a.Container); n > 0 {
		last = a.Container[n-1]
	}
	return last == "" || (last == "tar" || last == "zip") && strings.Contains(a.Path, "!")
}

func (s *sarif) invocation() sarifInvocation {
	d := s.d
	v := sarifInvocation{
		Arguments: make([]string, 0, len(d.Run.Args)), ExitCode: d.Run.ExitCode,
		ExecutionSuccessful: d.Run.ExitCode == ExitClean || d.Run.ExitCode == ExitFindings,
		ExitDescription:     Clean((&tableReport{d: d}).why()),
		Execution:           []sarifNotification{}, Configuration: []sarifNotification{},
	}
	for _, a := range d.Run.Args {
		v.Arguments = append(v.Arguments, Clean(a))
	}
	gap := "warning"
	if !v.ExecutionSuccessful {
		gap = "error"
	}
	for _, why := range d.Run.Incomplete {
		v.Execution = append(v.Execution, sarifNotification{Level: gap, Message: sarifText("incomplete: " + why)})
	}
	if text := s.leftOut(); text != "" {
		v.Execution = append(v.Execution, sarifNotification{Level: "warning", Message: sarifText(text)})
	}
	v.Execution = append(v.Execution, s.unread()...)
	for _, n := range d.Run.Notes {
		v.Configuration = append(v.Configuration, sarifNotification{Level: "note", Message: sarifText(n)})
	}
	off := false
	for i, c := range d.Checks {
		ref := sarifRuleRef{ID: Clean(c.ID), Index: i}
		switch analyze.Outcome(c.Outcome) {
		case analyze.Failed:
			v.Execution = append(v.Execution, sarifNotification{Level: "error", Rule: &ref, Message: sarifText(c.ID + " " + c.Name + " broke: " + c.Reason)})
		case analyze.Inapplicable:
			v.Configuration = append(v.Configuration, sarifNotification{Level: "note", Rule: &ref, Message: sarifText(c.ID + " " + c.Name + " had nothing to look at: " + c.Reason)})
		case analyze.Clean, analyze.Found:
			if c.Reason != "" {
				v.Configuration = append(v.Configuration, sarifNotification{Level: "note", Rule: &ref, Message: sarifText(c.ID + " " + c.Name + " did not see all: " + c.Reason)})
			}
		case analyze.Disabled:
			v.Overrides = append(v.Overrides, sarifOverride{Descriptor: ref, Configuration: sarifConfig{Enabled: &off}})
		}
	}
	return v
}

// unread names the artifacts of which something could not be read.
func (s *sarif) unread() []sarifNotification {
	var out []sarifNotification
	for i := range s.d.Artifacts {
		a := &s.d.Artifacts[i]
		if a.Status == string(evidence.StatusOK) || a.Status == string(evidence.StatusUnknown) {
			continue
		}
		if len(out) == sarifMaxNotes {
			return append(out, sarifNotification{Level: "warning", Message: sarifText("further artifacts could not be read in full; the artifacts of this log have their status")})
		}
		text := a.Path + " is " + a.Status
		if len(a.Losses) > 0 {
			text += ": " + a.Losses[0].What
		}
		if more := len(a.Losses) - 1 + a.MoreLosses; more > 0 {
			text += fmt.Sprintf(" (and %s more)", thousands(more))
		}
		out = append(out, sarifNotification{Level: "warning", Message: sarifText(text), Locations: []sarifLocation{{Physical: sarifWhole(a, i)}}})
	}
	return out
}
