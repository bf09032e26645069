package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// AZConflict is WM6002.
var AZConflict = analyze.Detector{
	ID: "WM6002", Name: "az-conflict",
	Doc: analyze.Doc{
		Title: "Two records place the same process or host in different zones",
		Text: "Everything that is told by zone is wrong for one of them: delays between zones, their cost, what an outage " +
			"took down. Usual causes are attributes that a deployment hard-codes, an image of a machine that was started " +
			"elsewhere, metadata captured from another host, and a collector that stamps its own zone on what it forwards. " +
			"What the resource records is kept, and nothing is overwritten unless asked for.",
		Proof: "A resource's zone or region differs from that of the node, the host's metadata or another resource that the " +
			"same uid, id or name ties it to; or its zone lies in another region than it records; or two records of one " +
			"machine differ. Zone ids are compared with zone ids, and names with names.",
		Blind: "Names of zones are never compared between accounts that are known to differ, as AWS and Azure map them anew " +
			"in each; where an account is not recorded, the finding says so. A node or host that was replaced " +
			"under the same name between two captures looks like a contradiction. A tie by an address alone is a note.",
		Fix: "Compare the two exhibits with what the cloud's console says, repair the one that is wrong, and make the detection of " +
			"resources run in the process or on its node and not in a gateway.",
		Since:    "0.1.0",
		Severity: analyze.Error,
	},
	Needs: analyze.NeedArtifacts,
	Run:   runAZConflict,
}

// conflictKey is the subject of a finding.
type conflictKey struct{ what, of, field, kept, other string }

func runAZConflict(p *analyze.Pass) error {
	b := p.Bundle
	var counts []int
	if b.Spans.Len() > 0 {
		counts = spanCounts.Of(p)
	}
	var order []conflictKey
	groups := map[conflictKey][]*evidence.PlaceConflict{}
	total := 0
	for i := range b.PlaceConflicts {
		c := &b.PlaceConflicts[i]
		k := conflictKey{"host", c.Of, c.Field, c.Kept.Value, c.Other.Value}
		if c.Resource != evidence.NoResource {
			k.what, k.of = "service", serviceOf(&b.Resources[c.Resource])
			total += counts[c.Resource]
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	p.Measure("resources.az_conflict", "spans", float64(total))
	if len(b.Places) == 0 && len(b.Resources) == 0 {
		p.Inapplicable("no resource and no host in the input")
		return nil
	}
	slices.SortFunc(order, func(a, b conflictKey) int { return strings.Compare(fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)) })
	limit := min(len(order), p.Options.Subjects())
	for _, k := range order[:limit] {
		p.Report(k.finding(p, groups[k], counts))
	}
	if rest := order[limit:]; len(rest) > 0 {
		f := rest[0].finding(p, groups[rest[0]], counts)
		f.Subject = analyze.Subject("service", otherSubjects)
		f.Message = fmt.Sprintf("%s beyond those listed", analyze.Count(len(rest), "contradiction"))
		p.Report(f)
	}
	return nil
}

func (k conflictKey) finding(p *analyze.Pass, list []*evidence.PlaceConflict, counts []int) analyze.Finding {
	f := analyze.Finding{
		Basis:   analyze.Proven,
		Subject: analyze.Subject(k.what, k.of, "field", k.field, "kept", k.kept, "other", k.other),
	}
	c := list[0]
	weakest := evidence.JoinNode
	spans := 0
	for _, c := range list {
		weakest = max(weakest, c.Basis)
		if c.Resource != evidence.NoResource {
			spans += counts[c.Resource]
		}
	}
	switch weakest {
	case evidence.JoinIP:
		f.Severity, f.Basis = analyze.Note, analyze.Heuristic
	case evidence.JoinHost:
		f.Severity = analyze.Warning
	}
	who := "host " + k.of
	if c.Resource != evidence.NoResource {
		who = fmt.Sprintf("%s of %s, in %s", analyze.Count(spans, "span"), k.of, analyze.Count(len(list), "resource"))
		f.Measures = []analyze.Measure{analyze.M("resources.az_conflict", "spans", float64(spans))}
	}
	f.Message = fmt.Sprintf("%s: %s by %s, but %s by %s", who, c.Kept.Value, c.Kept.From, c.Other.Value, c.Other.From)
	if c.AccountUnknown {
		f.Message += " (not every account is recorded)"
	}
	for _, c := range list {
		if len(f.Exhibits) > 0 && len(f.Exhibits)+2 > p.Options.Exhibits() {
			break
		}
		f.Exhibits = append(f.Exhibits, claimExhibit(p, c, &c.Kept))
		if c.Other.Ref != c.Kept.Ref {
			f.Exhibits = append(f.Exhibits, claimExhibit(p, c, &c.Other))
		}
	}
	return f
}

func claimExhibit(p *analyze.Pass, c *evidence.PlaceConflict, claim *evidence.PlaceClaim) analyze.Exhibit {
	if c.Resource != evidence.NoResource && claim.Ref == p.Bundle.Resources[c.Resource].Ref {
		return resourceExhibit(&p.Bundle.Resources[c.Resource])
	}
	return placeExhibit(p, claim.Ref)
}
