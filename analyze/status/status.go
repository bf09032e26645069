// Package status judges what resources say of where a process runs, and spans of how their work ended: which resources name no
// availability zone, or one that other evidence contradicts, and which spans have a status that their response code contradicts.
// It says nothing about zones where a capture knows of none.
package status

import (
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	WithoutAZ,
	AZConflict,
	Mismatch,
}

const (
	// unnamed stands for the service of resources without service.name.
	unnamed = "(no service.name)"
	// otherSubjects stands for what is beyond the bound on findings.
	otherSubjects = "(other)"
)

// spanCounts holds the number of spans of each resource, records that were exported twice counted once.
var spanCounts = analyze.NewDerivedIndex(func(p *analyze.Pass) []int {
	b := p.Bundle
	marks := spans.Index.Of(p).Marks
	byOrigin := make([]int, len(b.Origins))
	for c := range b.Spans.Chunks() {
		for i, origin := range c.Origin {
			if marks[c.Base+i]&evidence.RepeatedSpan == 0 {
				byOrigin[origin]++
			}
		}
	}
	out := make([]int, len(b.Resources))
	for i, n := range byOrigin {
		out[b.Origins[i].Resource] += n
	}
	return out
})

// placeAt holds the place that a record describes, by where it lies.
var placeAt = analyze.NewIndex(func(b *evidence.Bundle) map[evidence.Ref]*evidence.Place {
	at := make(map[evidence.Ref]*evidence.Place, len(b.Places))
	for i := range b.Places {
		at[b.Places[i].Ref] = &b.Places[i]
	}
	return at
})

func serviceOf(r *evidence.Resource) string {
	if s := r.Identity.Service.Value; s != "" {
		return s
	}
	return unnamed
}

// resourceExhibit points at a resource.
func resourceExhibit(r *evidence.Resource) analyze.Exhibit {
	text := "service=" + serviceOf(r)
	for _, kv := range [][2]string{
		{" host=", r.Identity.Host.Value}, {" pod=", r.Keys.PodName}, {" az=", recordedAZ(r)},
	} {
		if kv[1] != "" {
			text += kv[0] + kv[1]
		}
	}
	return analyze.Exhibit{Ref: r.Ref, Role: "resource", Text: text}
}

// recordedAZ is the zone that a resource itself names, or that was declared for it.
func recordedAZ(r *evidence.Resource) string {
	if r.Identity.AZ.Joined() {
		return ""
	}
	return r.Identity.AZ.Value
}

// placeExhibit points at a record that says where something is.
func placeExhibit(p *analyze.Pass, ref evidence.Ref) analyze.Exhibit {
	place := placeAt.Of(p)[ref]
	if place == nil {
		return otherOfHost(p.Bundle, ref)
	}
	text := place.Name
	if place.Namespace != "" {
		text = place.Namespace + "/" + text
	}
	for _, kv := range [][2]string{
		{" on=", place.Node}, {" az=", place.Zone.Value}, {" account=", place.Account},
	} {
		if kv[1] != "" {
			text += kv[0] + kv[1]
		}
	}
	return analyze.Exhibit{Ref: ref, Role: string(place.Kind), Text: text}
}

// otherOfHost points at another resource or artifact of the same host.
func otherOfHost(b *evidence.Bundle, ref evidence.Ref) analyze.Exhibit {
	for i := range b.Resources {
		if b.Resources[i].Ref == ref {
			return resourceExhibit(&b.Resources[i])
		}
	}
	a := b.Artifacts[ref.Artifact]
	return analyze.Exhibit{Ref: ref, Role: "artifact", Text: a.Path + " az=" + a.Identity.AZ.Value}
}
