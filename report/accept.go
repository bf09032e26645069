package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/witnessmark/witnessmark/analyze"
)

// Acceptance says which findings do not count: those that the configuration suppresses, then those that a
// baseline knows. Accepted findings stay in the document, so that to accept one never looks like a fix.
type Acceptance struct {
	Suppressions []Suppression
	Baseline     *Baseline
	// Now is the day, as YYYY-MM-DD, that suppressions expire by; "" for that of the capture: the latest end of a
	// window, on the capturing host's clock. An old capture examined anew gives the same report.
	Now string
}

// Suppression accepts the findings of one check whose subject matches.
type Suppression struct {
	ID string
	// Match holds patterns of values of the subject, in which * stands for any text; every one must match.
	Match map[string]string
	// Reason why, and where that stands.
	Reason, Origin string
	// Expires is the last day on which it holds, as YYYY-MM-DD; "" for ever.
	Expires string
}

// BaselineSchema names the version of a baseline.
const BaselineSchema = "witnessmark.baseline/1"

// Baseline is the findings that were known when it was made.
type Baseline struct {
	// "witnessmark.baseline/1".
	Schema string `json:"schema"`
	// By severity, check and subject.
	Findings []Known `json:"findings"`
}

// ExpiredSuppression is the check that the configuration is held to; it never runs over evidence.
var ExpiredSuppression = analyze.Detector{
	ID: "WM0001", Name: "expired-suppression", Needs: analyze.NeedArtifacts,
	Doc: analyze.Doc{
		Title:    "A suppression of the configuration has expired, and what it hid is still there",
		Text:     "A suppression in witnessmark.yaml has a last day, so that somebody looks again. That day is over on the day of the capture, or of --now, and the finding that it accepted is still found. It counts again.",
		Proof:    "The configuration has a suppression whose expires is before the day, and a finding of this run matches it. The exhibits are those of that finding.",
		Blind:    "The day is that of the capturing host's clock, unless --now is given. Where no artifact tells when it was captured, nothing expires.",
		Fix:      "Fix what the finding says, or give the suppression a new day and a reason that still holds.",
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
}

// accept moves what is accepted out of the findings, and lists what of the baseline is fixed.
func (d *Document) accept(a *Acceptance) {
	now := a.Now
	if now == "" {
		now = lastDay(d)
	}
	known := map[string]*Known{}
	if a.Baseline != nil {
		d.Run.Baseline = true
		for i := range a.Baseline.Findings {
			known[a.Baseline.Findings[i].Key] = &a.Baseline.Findings[i]
		}
	}
	kept, found, expired := []Finding{}, map[string]bool{}, map[int]*Finding{}
	for i := range d.Findings {
		f := &d.Findings[i]
		found[f.Key] = true
		j := slices.IndexFunc(a.Suppressions, func(s Suppression) bool { return s.matches(f) && !s.over(now) })
		if j >= 0 {
			f.State, f.Reason = "suppressed", text(a.Suppressions[j].Reason)
			d.Accepted = append(d.Accepted, *f)
			continue
		}
		for j := range a.Suppressions {
			if a.Suppressions[j].matches(f) && expired[j] == nil {
				expired[j] = f
			}
		}
		if k := known[f.Key]; k != nil {
			if analyze.Severity(k.Severity).AtLeast(analyze.Severity(f.Severity)) {
				f.State = "known"
				d.Accepted = append(d.Accepted, *f)
				continue
			}
			f.SeverityBefore = text(k.Severity)
		}
		kept = append(kept, *f)
	}
	for _, j := range slices.Sorted(maps.Keys(expired)) {
		kept = append(kept, a.Suppressions[j].expiredFinding(expired[j], now))
	}
	if len(a.Suppressions) > 0 {
		d.Checks = slices.Insert(d.Checks, 0, expiredCheck(len(expired)))
	}
	d.Findings = kept
	slices.SortStableFunc(d.Findings, func(a, b Finding) int { return severityRank(a.Severity) - severityRank(b.Severity) })
	if a.Baseline == nil {
		return
	}
	for i := range a.Baseline.Findings {
		if k := &a.Baseline.Findings[i]; !found[k.Key] && d.couldHaveFound(k) {
			d.Fixed = append(d.Fixed, *k)
			found[k.Key] = true // also where a baseline names it twice
		}
	}
}

func severityRank(s string) int {
	return slices.Index([]string{string(analyze.Error), string(analyze.Warning), string(analyze.Note)}, s)
}

// couldHaveFound reports whether a finding of the baseline would be here if it were not fixed.
func (d *Document) couldHaveFound(k *Known) bool {
	if !ran(d, k.ID) || len(incomplete(d)) > 0 {
		return false
	}
	for _, s := range k.Sources {
		if !slices.ContainsFunc(d.Artifacts, func(a Artifact) bool { return a.Read && s == (Source{a.Format, a.Identity.Service}) }) {
			return false
		}
	}
	return true
}

func (s *Suppression) over(now string) bool { return s.Expires != "" && now != "" && s.Expires < now }

func (s *Suppression) matches(f *Finding) bool {
	if s.ID != f.ID {
		return false
	}
	for key, pattern := range s.Match {
		if v, ok := f.Subject[key]; !ok || !like(pattern, v) {
			return false
		}
	}
	return true
}

// like matches text with a pattern in which * stands for any text.
func like(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

// expiredCheck is how the check on the configuration ended, which is one of the run where there is something to check: a
// rule of the sarif log and a suite of the junit file like any other.
func expiredCheck(findings int) Check {
	c := Check{ID: ExpiredSuppression.ID, Name: ExpiredSuppression.Name, Outcome: string(analyze.Clean), Findings: findings}
	if findings > 0 {
		c.Outcome = string(analyze.Found)
	}
	return c
}

// expiredFinding reports a suppression that has expired, with the evidence of what it hid.
func (s *Suppression) expiredFinding(f *Finding, now string) Finding {
	e := &ExpiredSuppression
	out := Finding{
		ID: e.ID, Name: e.Name, Severity: string(e.Doc.Severity), Basis: string(analyze.Proven), State: "new",
		Subject: map[string]string{"check": s.ID}, Measures: []Measure{}, Exhibits: f.Exhibits, Fix: e.Doc.Fix,
		Message: text(fmt.Sprintf("%s suppresses %s until %s, it is %s, and the finding is still there; the reason was: %s", s.Origin, s.ID, s.Expires, now,
			strings.Join(strings.Fields(s.Reason), " "))),
	}
	for k, v := range s.Match {
		out.Subject["match."+k] = text(v)
	}
	out.Key = Key(&analyze.Finding{ID: out.ID, Subject: out.Subject})
	return out
}

// lastDay returns the day on which the last window of the document ends, "" where none is known.
func lastDay(d *Document) string {
	var last uint64
	for i := range d.Artifacts {
		if n, err := strconv.ParseUint(d.Artifacts[i].EndUnixNano, 10, 64); err == nil && n < 1<<63 {
			last = max(last, n)
		}
	}
	if last == 0 {
		return ""
	}
	return time.Unix(0, int64(last)).UTC().Format(time.DateOnly)
}

// NewBaseline makes a baseline of the findings of a document, those that are known already among them; what the
// configuration suppresses is not.
func NewBaseline(d *Document) *Baseline {
	b := &Baseline{Schema: BaselineSchema, Findings: []Known{}}
	sources := map[string]Source{}
	for i := range d.Artifacts {
		sources[d.Artifacts[i].ID] = Source{d.Artifacts[i].Format, d.Artifacts[i].Identity.Service}
	}
	for _, f := range slices.Concat(d.Findings, d.Accepted) {
		if f.State == "suppressed" || f.ID == ExpiredSuppression.ID {
			continue
		}
		k := Known{Key: f.Key, ID: f.ID, Name: f.Name, Severity: f.Severity, Subject: f.Subject, Message: f.Message, Sources: []Source{}}
		for _, e := range f.Exhibits {
			if s, ok := sources[e.Artifact]; ok && !slices.Contains(k.Sources, s) {
				k.Sources = append(k.Sources, s)
			}
		}
		b.Findings = append(b.Findings, k)
	}
	slices.SortStableFunc(b.Findings, func(a, b Known) int {
		return strings.Compare(a.ID+"\n"+subjectKey(a.Subject), b.ID+"\n"+subjectKey(b.Subject))
	})
	return b
}

// Prune returns the baseline without what is fixed in a document that was made with it, and how many that is.
func (b *Baseline) Prune(d *Document) (*Baseline, int) {
	found := map[string]bool{}
	for _, f := range slices.Concat(d.Findings, d.Accepted) {
		found[f.Key] = true
	}
	out := &Baseline{Schema: BaselineSchema, Findings: []Known{}}
	for i := range b.Findings {
		if k := &b.Findings[i]; found[k.Key] || !d.couldHaveFound(k) {
			out.Findings = append(out.Findings, *k)
		}
	}
	return out, len(b.Findings) - len(out.Findings)
}

// ReadBaseline reads what NewBaseline made.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	b := new(Baseline)
	dec := json.NewDecoder(r)
	if err := dec.Decode(b); err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	if b.Schema != BaselineSchema {
		return nil, fmt.Errorf("read baseline: schema is %q, want %q", Clean(b.Schema), BaselineSchema)
	}
	for i := range b.Findings {
		if k := &b.Findings[i]; k.Subject == nil {
			k.Subject = map[string]string{}
		}
		if k := &b.Findings[i]; k.Sources == nil {
			k.Sources = []Source{}
		}
	}
	return b, nil
}
