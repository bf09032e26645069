package clocks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
)

// otherSubjects stands for what is beyond the bound on findings.
const otherSubjects = "(other)"

// reportBounded reports a finding for each group that has violations in the tally, the groups with the
// most first. Those beyond the bound share one finding, which has the worst severity of them.
func reportBounded(p *analyze.Pass, groups []*edges, of func(*edges) *tally, finding func(*edges) analyze.Finding) {
	found := slices.DeleteFunc(slices.Clone(groups), func(e *edges) bool { return of(e).n() == 0 })
	slices.SortStableFunc(found, func(a, b *edges) int { return cmp.Compare(of(b).n(), of(a).n()) })
	limit := p.Options.Subjects()
	for _, e := range found[:min(limit, len(found))] {
		p.Report(finding(e))
	}
	if len(found) <= limit {
		return
	}
	var n int
	rest := finding(found[limit])
	for _, e := range found[limit:] {
		n += of(e).n()
		if f := finding(e); f.Severity.AtLeast(rest.Severity) {
			rest = f
		}
	}
	rest.Measures = rest.Measures[:1]
	rest.Measures[0].Value = float64(n)
	for k := range rest.Subject {
		if k != "class" {
			rest.Subject[k] = otherSubjects
		}
	}
	rest.Message = fmt.Sprintf("%s between %d more pairs of services are like those listed", analyze.Count(n, "span"), len(found)-limit)
	p.Report(rest)
}
