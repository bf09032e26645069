package report

import (
	"path"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// pairing says which artifact of one side is the counterpart of which of the other.
type pairing struct {
	docs [2]*Document
	// of holds, for each artifact of a side, the index of its counterpart, -1 for none.
	of [2][]int
	// names holds the names by which both sides know an artifact; of one without a counterpart, its own.
	names [2][]string
	// byPath finds an artifact by its path as given.
	byPath [2]map[string]int
}

// pairArtifacts pairs by the path below the folder that all artifacts of a side share, then by what is the only
// one of its service and format on both sides, then by what is the only one of its format. Names of files
// tell a person what they are; where they differ, the content does.
func pairArtifacts(before, after *Document) *pairing {
	p := &pairing{docs: [2]*Document{before, after}}
	var relative [2][]string
	for side, d := range p.docs {
		p.of[side] = make([]int, len(d.Artifacts))
		p.byPath[side] = make(map[string]int, len(d.Artifacts))
		relative[side] = belowCommonFolder(d)
		for i := range d.Artifacts {
			p.of[side][i] = -1
			p.byPath[side][d.Artifacts[i].Path] = i
		}
	}
	family := func(side, i int) string { f, _, _ := strings.Cut(p.docs[side].Artifacts[i].Format, "/"); return f }
	p.match(func(side, i int) string { return relative[side][i] + "\x00" + family(side, i) })
	// A file that is cut to nothing or unreadable has no format, but its place.
	p.match(func(side, i int) string { return relative[side][i] })
	p.match(func(side, i int) string {
		a := &p.docs[side].Artifacts[i]
		if a.Identity.Service == "" {
			return ""
		}
		return a.Identity.Service + "\x00" + a.Identity.Instance + "\x00" + a.Format
	})
	p.match(func(side, i int) string {
		if s := p.docs[side].Artifacts[i].Identity.Service; s != "" {
			return s + "\x00" + p.docs[side].Artifacts[i].Format
		}
		return ""
	})
	p.match(func(side, i int) string { return p.docs[side].Artifacts[i].Format })
	for side := range p.docs {
		p.names[side] = slices.Clone(relative[side])
		for i, j := range p.of[side] {
			if j >= 0 { // the same from both sides
				p.names[side][i] = min(relative[side][i], relative[1-side][j])
			}
		}
	}
	return p
}

// belowCommonFolder returns the paths of a document below the folder that they share; of one file, its name.
func belowCommonFolder(d *Document) []string {
	out := make([]string, len(d.Artifacts))
	common := ""
	for i := range d.Artifacts {
		dir := path.Dir(strings.ReplaceAll(d.Artifacts[i].Path, "!", "/")) + "/"
		if i == 0 {
			common = dir
		}
		for !strings.HasPrefix(dir, common) {
			common = common[:strings.LastIndexByte(strings.TrimSuffix(common, "/"), '/')+1]
		}
	}
	for i := range d.Artifacts {
		out[i] = strings.TrimPrefix(strings.ReplaceAll(d.Artifacts[i].Path, "!", "/"), common)
	}
	return out
}

// match pairs artifacts that have a key, are the only one of it on their side, and have no counterpart yet.
func (p *pairing) match(key func(side, i int) string) {
	var found [2]map[string]int
	for side, d := range p.docs {
		found[side] = map[string]int{}
		for i := range d.Artifacts {
			if k := key(side, i); k != "" && p.of[side][i] < 0 {
				if _, twice := found[side][k]; twice {
					found[side][k] = -1
				} else {
					found[side][k] = i
				}
			}
		}
	}
	for k, i := range found[0] {
		if j, ok := found[1][k]; ok && i >= 0 && j >= 0 {
			p.of[0][i], p.of[1][j] = j, i
		}
	}
}

// rename returns a subject with the artifact by the name that both sides know it by.
func (p *pairing) rename(side int, s map[string]string) map[string]string {
	i, ok := p.byPath[side][s["artifact"]]
	if !ok {
		return s
	}
	out := make(map[string]string, len(s))
	for k, v := range s {
		out[k] = v
	}
	out["artifact"] = p.names[side][i]
	return out
}

// usable reports whether the counterpart of an artifact could have shown what this one did.
func (p *pairing) usable(side, i int) (why string) {
	j := p.of[side][i]
	if j < 0 {
		return "it is in " + text(p.docs[side].Artifacts[i].Path) + ", which has no counterpart"
	}
	switch a := &p.docs[1-side].Artifacts[j]; {
	case a.Status == string(evidence.StatusUnreadable) || a.Status == string(evidence.StatusUnknown) || !a.Read:
		return "its counterpart " + a.Path + " could not be read"
	case a.MoreLosses > 0 || slices.ContainsFunc(a.Losses, func(l Loss) bool { return l.Origin == string(evidence.InReading) }):
		return "its counterpart " + a.Path + " could be read only in part"
	}
	return ""
}

// unlike lists artifacts without a counterpart, and pairs that are not of one format.
func (p *pairing) unlike() []ArtifactPair {
	out := []ArtifactPair{}
	for i := range p.docs[0].Artifacts {
		a := &p.docs[0].Artifacts[i]
		j := p.of[0][i]
		if j < 0 {
			out = append(out, ArtifactPair{Before: a.Path, Format: a.Format, Differences: []string{"only before"}})
			continue
		}
		b := &p.docs[1].Artifacts[j]
		var differences []string
		if a.Format != b.Format {
			differences = append(differences, "format: "+a.Format+", "+b.Format)
		}
		if a.Status != b.Status {
			differences = append(differences, "status: "+a.Status+", "+b.Status)
		}
		if x, y := goText(a.GoVersion), goText(b.GoVersion); x != y && x != "" && y != "" {
			differences = append(differences, "release: "+x+", "+y)
		}
		if len(differences) > 0 {
			out = append(out, ArtifactPair{Before: a.Path, After: b.Path, Format: a.Format, Differences: differences})
		}
	}
	for j := range p.docs[1].Artifacts {
		if b := &p.docs[1].Artifacts[j]; p.of[1][j] < 0 {
			out = append(out, ArtifactPair{After: b.Path, Format: b.Format, Differences: []string{"only after"}})
		}
	}
	return out
}

// subjectKey is analyze.SubjectKey, under a name as short as its use is frequent.
func subjectKey(s map[string]string) string { return analyze.SubjectKey(s) }
