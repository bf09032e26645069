package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// WithoutAZ is WM6001.
var WithoutAZ = analyze.Detector{
	ID: "WM6001", Name: "resource-without-az",
	Doc: analyze.Doc{
		Title: "Spans do not say in which availability zone they were made",
		Text: "Time between two hosts depends on the zones that they are in, and so does the bill. A resource without " +
			"cloud.availability_zone can be compared by neither. Pods do not carry the zone on most clusters; it is " +
			"joined from pod to node to zone, or from a host to the metadata of its cloud. Where such a join finds the " +
			"zone, the finding is a note and says what it was joined with.",
		Proof: "The resource has no cloud.availability_zone and no k8s.node.label.topology.kubernetes.io/zone, none is " +
			"declared for it, and something in the capture knows of zones: another resource, a node, a host.",
		Blind: "Where nothing in the capture names any zone, nobody is accused of naming none; the measure " +
			"resources.without_az counts the spans all the same. Clients outside of any cloud have no zone to name. " +
			"A join by an address alone, told as heuristic, is wrong where another network uses the same address.",
		Fix: "Set OTEL_RESOURCE_ATTRIBUTES or the collector's resourcedetection and k8sattributes processors so that they add " +
			"cloud.availability_zone, and capture kubectl get nodes,pods -o json or a host,az table beside the traces.",
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runWithoutAZ,
}

// withoutAZKey is the subject of a finding.
type withoutAZKey struct {
	service string
	joined  bool
}

// withoutAZ is the resources of one subject. Its rows are numbers of resources.
type withoutAZ struct {
	key       withoutAZKey
	spans     int
	resources []uint32
	merged    int
}

func runWithoutAZ(p *analyze.Pass) error {
	b := p.Bundle
	counts := spanCounts.Of(p)
	groups := map[withoutAZKey]*withoutAZ{}
	var recoverable int
	for i := range b.Resources {
		r := &b.Resources[i]
		if counts[i] == 0 || recordedAZ(r) != "" {
			continue
		}
		k := withoutAZKey{serviceOf(r), r.Identity.AZ.Joined()}
		if k.joined {
			recoverable += counts[i]
		}
		g := groups[k]
		if g == nil {
			g = &withoutAZ{key: k}
			groups[k] = g
		}
		g.spans += counts[i]
		g.resources = append(g.resources, uint32(i))
	}
	p.Measure("resources.az_recoverable", "spans", float64(recoverable))
	if !zonesKnown(b) {
		p.Inapplicable("no resource names an availability zone, and nothing else in the input does")
		return nil
	}
	for _, g := range limited(groups, p.Options.Subjects()) {
		p.Report(g.finding(p))
	}
	return nil
}

// zonesKnown reports whether anything in the bundle knows of zones.
func zonesKnown(b *evidence.Bundle) bool {
	return slices.ContainsFunc(b.Resources, func(r evidence.Resource) bool { return r.Identity.AZ.Value != "" }) ||
		slices.ContainsFunc(b.Places, func(p evidence.Place) bool { return p.Zone.Value != "" })
}

// limited returns the groups, the largest first, those beyond limit as one.
func limited(groups map[withoutAZKey]*withoutAZ, limit int) []*withoutAZ {
	var all []*withoutAZ
	for _, g := range groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *withoutAZ) int {
		if a.spans != b.spans {
			return b.spans - a.spans
		}
		return strings.Compare(fmt.Sprint(a.key), fmt.Sprint(b.key))
	})
	if len(all) <= limit {
		return all
	}
	rest := &withoutAZ{key: withoutAZKey{service: otherSubjects}}
	for _, g := range all[limit:] {
		rest.spans += g.spans
		rest.resources = append(rest.resources, g.resources...)
		rest.merged++
	}
	return append(all[:limit:limit], rest)
}

func (g *withoutAZ) finding(p *analyze.Pass) analyze.Finding {
	b := p.Bundle
	who := fmt.Sprintf("%s of %s", analyze.Count(g.spans, "span"), g.key.service)
	recoverable := "no"
	if g.key.joined {
		recoverable = "yes"
	}
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("service", g.key.service, "recoverable", recoverable),
		Measures: []analyze.Measure{analyze.M("resources.without_az", "spans", float64(g.spans))},
	}
	tail := "and nothing in the input tells it"
	if g.merged > 0 {
		who = fmt.Sprintf("%s of %s beyond those listed", analyze.Count(g.spans, "span"), analyze.Count(g.merged, "subject"))
		tail = "whether or not a join tells it"
	}
	if g.key.joined {
		f.Severity = analyze.Note
		tail = g.joins(b, &f)
	}
	verb := "name"
	if g.spans == 1 {
		verb = "names"
	}
	f.Message = fmt.Sprintf("%s, in %s, %s no availability zone, %s", who, analyze.Count(len(g.resources), "resource"), verb, tail)
	f.Exhibits = g.exhibits(p)
	return f
}

// joins says which zones were found, and how the first of each was.
func (g *withoutAZ) joins(b *evidence.Bundle, f *analyze.Finding) string {
	const most = 3
	var zones, texts []string
	for _, i := range g.resources {
		az := b.Resources[i].Identity.AZ
		if !slices.Contains(zones, az.Value) {
			zones = append(zones, az.Value)
			texts = append(texts, fmt.Sprintf("%s (%s)", az.Value, strings.TrimPrefix(az.From, "join: ")))
		}
		if j := joinOf(b, i); j != nil && j.Basis == evidence.JoinIP {
			f.Basis = analyze.Heuristic
		}
	}
	if rest := len(texts) - most; rest > 0 {
		texts = append(texts[:most], fmt.Sprintf("%d more", rest))
	}
	return "but joins find " + strings.Join(texts, ", ")
}

// exhibits shows resources, each with the records that tell its zone.
func (g *withoutAZ) exhibits(p *analyze.Pass) []analyze.Exhibit {
	b := p.Bundle
	var out []analyze.Exhibit
	for _, i := range g.resources {
		list := []analyze.Exhibit{resourceExhibit(&b.Resources[i])}
		if j := joinOf(b, i); j != nil && g.key.joined {
			for _, ref := range j.Refs {
				list = append(list, placeExhibit(p, ref))
			}
		}
		if len(out) > 0 && len(out)+len(list) > p.Options.Exhibits() {
			break
		}
		out = append(out, list...)
	}
	return out
}

// joinOf returns the join of a resource, nil if there is none.
func joinOf(b *evidence.Bundle, resource uint32) *evidence.PlaceJoin {
	n, found := slices.BinarySearchFunc(b.PlaceJoins, resource, func(j evidence.PlaceJoin, r uint32) int {
		return int(j.Resource) - int(r)
	})
	if !found {
		return nil
	}
	return &b.PlaceJoins[n]
}
