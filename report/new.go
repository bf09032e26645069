package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Never is the FailOn that no finding reaches.
const Never = "never"

// Exit codes, the same for every output format.
const (
	ExitClean      = 0 // nothing at or above FailOn
	ExitFindings   = 1 // something is
	ExitFailure    = 2 // usage or configuration error, nothing could be done, or a crash
	ExitIncomplete = 3 // nothing is, but some evidence could not be read
)

// Request is how a run was asked for.
type Request struct {
	Command string   // the subcommand
	Args    []string // as typed, without the program's name
	Version string   // of the program
	// FailOn is a severity or Never; "" is analyze.Error.
	FailOn string
	// AllowIncomplete makes an incomplete run end with 0 where nothing else is wrong.
	AllowIncomplete bool
	// Unmet lists what was asked for and could not be done, one sentence each: an input that names nothing.
	// The run then ends with 2 whatever else was found, because whoever asked made a mistake.
	Unmet []string
	// Clocks is the section of the clocks, nil for none.
	Clocks *Clocks
	// Stacks asks for flame graphs and goroutines over time, nil for none.
	Stacks *StackRequest
	// Accept says which findings do not count.
	Accept Acceptance
}

// New makes the document of a result.
func New(res *analyze.Result, req Request) *Document {
	if req.FailOn == "" {
		req.FailOn = string(analyze.Error)
	}
	d := &Document{
		Schema:    Schema,
		Tool:      Tool{Name: "witnessmark", Version: req.Version},
		Run:       Run{Command: req.Command, Args: texts(req.Args), Notes: texts(res.Bundle.Notes), FailOn: req.FailOn},
		Artifacts: make([]Artifact, 0, len(res.Bundle.Artifacts)),
		Resources: make([]Resource, 0, len(res.Bundle.Resources)),
		Checks:    make([]Check, 0, len(res.Checks)),
		Findings:  make([]Finding, 0, len(res.Findings)),
		Measures:  measures(res.Measures),
		Clocks:    req.Clocks,
	}
	named := resourcesOf(res.Bundle)
	for i, a := range res.Bundle.Artifacts {
		d.Artifacts = append(d.Artifacts, newArtifact(artifactID(i), a, named[i]))
	}
	for i := range res.Bundle.Resources {
		d.Resources = append(d.Resources, newResource(resourceID(i), &res.Bundle.Resources[i]))
	}
	for _, c := range res.Checks {
		d.Checks = append(d.Checks, Check{ID: c.ID, Name: c.Name, Outcome: string(c.Outcome), Reason: text(c.Reason), Findings: c.Findings})
	}
	for i := range res.Findings {
		d.Findings = append(d.Findings, newFinding(&res.Findings[i]))
	}
	if req.Stacks != nil {
		d.addStacks(res.Bundle, req.Stacks)
	}
	d.accept(&req.Accept)
	d.Summary = summarise(d)
	d.Summary.Suppressed, d.Summary.Fixed = len(d.Accepted), len(d.Fixed)
	d.Run.Incomplete = append(texts(req.Unmet), incomplete(d)...)
	d.Run.Complete = len(d.Run.Incomplete) == 0
	d.Run.ExitCode = exitCode(d, req)
	return d
}

// exitCode decides how the run ends. Findings go before incompleteness: who gates on 1 must not be told
// 3 because one file among thousands was cut.
func exitCode(d *Document, req Request) int {
	if len(req.Unmet) > 0 {
		return ExitFailure
	}
	if req.FailOn != Never {
		for _, f := range d.Findings {
			if analyze.Severity(f.Severity).AtLeast(analyze.Severity(req.FailOn)) {
				return ExitFindings
			}
		}
	}
	if !d.Run.Complete && !req.AllowIncomplete {
		return ExitIncomplete
	}
	return ExitClean
}

// incomplete lists what keeps the run from having looked at all of the evidence. An artifact of unknown
// content is none: nothing says that it is evidence. Data that the capture itself dropped is none
// either: every byte was read.
func incomplete(d *Document) []string {
	var unreadable, damaged int
	for i := range d.Artifacts {
		a := &d.Artifacts[i]
		switch {
		case a.Status == string(evidence.StatusUnreadable):
			unreadable++
		case a.MoreLosses > 0 || slices.ContainsFunc(a.Losses, func(l Loss) bool { return l.Origin == string(evidence.InReading) }):
			damaged++
		}
	}
	var out []string
	if unreadable > 0 {
		out = append(out, count(unreadable, "artifact")+" could not be read")
	}
	if damaged > 0 {
		out = append(out, count(damaged, "artifact")+" could be read only in part")
	}
	if n := d.Summary.Checks.Failed; n > 0 {
		out = append(out, count(n, "check")+" broke")
	}
	return out
}

func summarise(d *Document) Summary {
	s := Summary{Artifacts: len(d.Artifacts), NotRead: []NotRead{}, New: len(d.Findings)}
	notRead := map[string]int{}
	for i := range d.Artifacts {
		a := &d.Artifacts[i]
		s.Bytes += a.Bytes
		s.DecodedBytes += a.DecodedBytes
		switch evidence.Status(a.Status) {
		case evidence.StatusUnreadable:
			s.Unreadable++
		case evidence.StatusDamaged:
			s.Damaged++
		case evidence.StatusUnknown:
			s.Unknown++
		case evidence.StatusOK:
			if !a.Read {
				notRead[a.Format]++
			}
		}
	}
	for f, n := range notRead {
		s.NotRead = append(s.NotRead, NotRead{Format: f, Artifacts: n})
	}
	slices.SortFunc(s.NotRead, func(a, b NotRead) int { return strings.Compare(a.Format, b.Format) })
	for _, f := range d.Findings {
		switch analyze.Severity(f.Severity) {
		case analyze.Error:
			s.Findings.Error++
		case analyze.Warning:
			s.Findings.Warning++
		case analyze.Note:
			s.Findings.Note++
		}
	}
	for _, c := range d.Checks {
		switch analyze.Outcome(c.Outcome) {
		case analyze.Clean:
			s.Checks.Clean++
		case analyze.Found:
			s.Checks.Found++
		case analyze.Inapplicable:
			s.Checks.Inapplicable++
		case analyze.Failed:
			s.Checks.Failed++
		case analyze.Disabled:
			s.Checks.Disabled++
		}
	}
	return s
}

func artifactID(i int) string { return "a" + strconv.Itoa(i+1) }
func resourceID(i int) string { return "r" + strconv.Itoa(i+1) }

// resourcesOf returns, for each artifact, the ids of the resources that its spans name.
func resourcesOf(b *evidence.Bundle) [][]string {
	numbers := make([][]int, len(b.Artifacts))
	for _, o := range b.Origins {
		numbers[o.Artifact] = append(numbers[o.Artifact], int(o.Resource))
	}
	out := make([][]string, len(b.Artifacts))
	for i, n := range numbers {
		slices.Sort(n)
		for _, r := range slices.Compact(n) {
			out[i] = append(out[i], resourceID(r))
		}
	}
	return out
}

func newArtifact(id string, a *evidence.Artifact, resources []string) Artifact {
	d := Artifact{
		ID: id, Path: text(a.Path), Format: text(string(a.Format)), Encoding: a.Encoding,
		Container: texts(a.Containers), Bytes: a.SizeBytes, DecodedBytes: a.DecodedBytes,
		Status: string(a.Status), Read: a.Read(),
		WindowRule: text(a.Window.Rule),
		Losses:     make([]Loss, 0, len(a.Losses)), MoreLosses: a.MoreLosses,
	}
	d.Identity, d.IdentityFrom = newIdentity(&a.Identity)
	if a.Window.Known() {
		d.StartUnixNano = strconv.FormatUint(a.Window.Start, 10)
		d.EndUnixNano = strconv.FormatUint(a.Window.End, 10)
	}
	if a.Go.Known() {
		d.GoVersion = &GoVersion{Min: goRelease(a.Go.Min), Max: goRelease(a.Go.Max), Why: text(a.Go.Why)}
	}
	for _, l := range a.Losses {
		d.Losses = append(d.Losses, Loss{Origin: string(l.Origin), Offset: l.Ref.Off, Length: l.Ref.Len, What: text(l.What), Cut: l.Cut})
	}
	switch {
	case a.Traces != nil:
		d.Spans, d.Resources = &a.Traces.Spans, resources
		if len(a.Traces.Other) > 0 {
			d.OtherSignals = make(map[string]int, len(a.Traces.Other))
			for name, n := range a.Traces.Other {
				d.OtherSignals[text(name)] += n
			}
		}
	case a.Dump != nil:
		n := len(a.Dump.Goroutines)
		d.Goroutines, d.Reason = &n, text(a.Dump.Reason)
		if a.Dump.Dumps > 1 {
			d.Dumps = a.Dump.Dumps
		}
	case a.Profile != nil:
		fillProfile(&d, a.Profile)
	case a.Places != nil:
		d.Places = &Places{Nodes: a.Places.Nodes, Pods: a.Places.Pods, Hosts: a.Places.Hosts, Other: a.Places.Other}
	}
	return d
}

func fillProfile(d *Artifact, p *evidence.Profile) {
	n := p.Len()
	d.Samples = &n
	for _, t := range p.SampleTypes {
		d.SampleTypes = append(d.SampleTypes, text(t.Type+"/"+t.Unit))
	}
	d.Delta, d.Provenance, d.NamesLost = p.Delta, p.Provenance, p.NamesLost
	d.DurationNS = p.DurationNanos
}

func newIdentity(id *evidence.Identity) (Identity, IdentityFrom) {
	return Identity{
			Service: text(id.Service.Value), Instance: text(id.Instance.Value), Host: text(id.Host.Value),
			AZ: text(id.AZ.Value), Domain: text(id.Domain.Value),
		}, IdentityFrom{
			Service: text(id.Service.From), Instance: text(id.Instance.From), Host: text(id.Host.From),
			AZ: text(id.AZ.From), Domain: text(id.Domain.From),
		}
}

func newResource(id string, r *evidence.Resource) Resource {
	d := Resource{
		ID: id, Region: text(r.Region.Value), RegionFrom: text(r.Region.From), AZRecorded: text(r.AZRecorded),
		Account: text(r.Keys.Account), SDK: text(r.SDK), RuntimeVersion: text(r.RuntimeVersion),
	}
	d.Identity, d.IdentityFrom = newIdentity(&r.Identity)
	return d
}

func newFinding(f *analyze.Finding) Finding {
	d := Finding{
		ID: f.ID, Name: f.Name, Severity: string(f.Severity), Basis: string(f.Basis), State: "new",
		Key: Key(f), Subject: subject(f.Subject), Message: text(f.Message), Measures: measures(f.Measures),
		Exhibits: make([]Exhibit, 0, len(f.Exhibits)), Fix: text(f.Fix),
	}
	for _, e := range f.Exhibits {
		d.Exhibits = append(d.Exhibits, Exhibit{
			Artifact: artifactID(int(e.Ref.Artifact)), Offset: e.Ref.Off, Length: e.Ref.Len, Role: e.Role, Text: text(e.Text),
		})
	}
	return d
}

// Key returns the identity of a finding across captures. The prefix versions the recipe: a hash of the
// check's id and the canonical subject, and of nothing that differs in the next capture.
func Key(f *analyze.Finding) string {
	sum := sha256.Sum256([]byte(f.ID + "\n" + analyze.SubjectKey(f.Subject)))
	return "c1:" + hex.EncodeToString(sum[:16])
}

func measures(ms []analyze.Measure) []Measure {
	out := make([]Measure, 0, len(ms))
	for _, m := range ms {
		out = append(out, Measure{Name: m.Name, Unit: text(m.Unit), Subject: subject(m.Subject), Value: m.Value, Low: m.Low, High: m.High})
	}
	return out
}

func subject(s map[string]string) map[string]string {
	out := make(map[string]string, len(s))
	for k, v := range s {
		out[text(k)] = text(v)
	}
	return out
}

func goRelease(minor int) string {
	if minor == 0 {
		return ""
	}
	return "1." + strconv.Itoa(minor)
}

func texts(s []string) []string {
	out := make([]string, 0, len(s))
	for _, t := range s {
		out = append(out, text(t))
	}
	return out
}

// text makes s valid UTF-8, with each stray byte written as \xNN: JSON has no place for it, and
// encoding/json would turn different bytes into the same replacement character.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&sb, `\x%02x`, s[i])
		} else {
			sb.WriteString(s[i : i+n])
		}
		i += n
	}
	return sb.String()
}
