package artifacts

import (
	"fmt"
	"path"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Unknown is WM1002.
var Unknown = analyze.Detector{
	ID: "WM1002", Name: "artifact-unknown",
	Doc: analyze.Doc{
		Title: "A file has no format that witnessmark knows",
		Text: "It was not looked at, so nothing in this report is about it. Findings are grouped by the ending of the " +
			"name, which plays no part in telling the format.",
		Proof: "No reader recognised the first 64 KiB of its content, after containers and log prefixes were " +
			"peeled off.",
		Blind:    "A known format behind a container or prefix that is not known, or cut off at its beginning, is unknown.",
		Fix:      fixLeave + fixShort + fixConvert,
		Since:    "0.1.0",
		Severity: analyze.Note,
	},
	Needs: analyze.NeedArtifacts,
	Run:   runUnknown,
}

// What to do about a file of no known format. fixShort is for files of at most shortBytes.
const (
	fixLeave   = "Leave such files out of the input if they are no evidence. "
	fixShort   = "A short one is often the answer of a server or a daemon that refused: look at it (witnessmark show), and capture again. "
	fixConvert = "Else convert it to a format that is read, or report the format as missing."

	shortBytes = 4096
)

func runUnknown(p *analyze.Pass) error {
	groups := analyze.NewGroups[string](p.Options.Exhibits())
	for i, a := range p.Bundle.Artifacts {
		if a.Status == evidence.StatusUnknown {
			groups.Add(ending(baseName(a)), uint32(i))
		}
	}
	for _, g := range groups.Sorted(p.Options.Subjects(), "(other)") {
		first := p.Bundle.Artifacts[g.Rows[0]]
		f := analyze.Finding{
			Basis:    analyze.Proven,
			Subject:  analyze.Subject("ending", g.Key),
			Measures: []analyze.Measure{analyze.M("artifacts.unknown", "artifacts", float64(g.N))},
		}
		f.Message = fmt.Sprintf("%s (%s) is of no format that is read", first.Path, analyze.Count(int(first.DecodedBytes), "byte"))
		if g.N > 1 {
			f.Message = fmt.Sprintf("%s (ending: %s), the first of them %s, are of no format that is read",
				analyze.Count(g.N, "artifact"), g.Key, first.Path)
		}
		short := false
		for _, i := range g.Rows {
			short = short || p.Bundle.Artifacts[i].DecodedBytes <= shortBytes
			f.Exhibits = append(f.Exhibits, whole(p.Bundle.Artifacts[i], i))
		}
		if !short {
			f.Fix = fixLeave + fixConvert
		}
		p.Report(f)
	}
	return nil
}

// ending is what a name ends in, below the ending of a compression: ".yaml" of "a.yaml.gz".
func ending(name string) string {
	name = strings.ToLower(name)
	for _, c := range []string{".gz", ".zst", ".bz2", ".xz"} {
		if rest, ok := strings.CutSuffix(name, c); ok && path.Ext(rest) != "" {
			name = rest
			break
		}
	}
	if e := path.Ext(name); e != "" && e != "." {
		return e
	}
	return "none"
}
