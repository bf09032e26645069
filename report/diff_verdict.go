package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// diffVerdict is the line for a reader who reads nothing else. What changed is said also where no rule fails on it: "no
// regression" alone reads as "nothing happened".
func diffVerdict(d *Delta) string {
	s := &d.Summary
	untold := oneSided(d)
	if n := len(d.Regressions); n > 0 {
		return join(", and ", count(n, "regression"), untold)
	}
	if s.New+s.Fixed+s.Changed+s.Unknown+len(d.Measures)+len(d.Profiles)+len(d.Goroutines)+len(d.Artifacts) == 0 {
		return "no difference"
	}
	var news, changed string
	if s.New > 0 {
		news = count(s.New, "new finding") + " below --fail-on or by what may be chance"
	}
	if changed = beyondChance(s); changed != "" {
		changed += " changed beyond chance"
	}
	if but := join("; ", untold, news, changed); but != "" {
		return "no regression, but " + but
	}
	return "no regression, and no change beyond chance"
}

// oneSided counts the errors of one side that the other could not have had: neither new nor fixed, and not to be passed over.
func oneSided(d *Delta) string {
	var later, earlier int
	for i := range d.Findings {
		switch f := &d.Findings[i]; {
		case f.State != "unknown" || f.Severity != "error":
		case f.After != "":
			later++
		default:
			earlier++
		}
	}
	say := func(n int, side, other string) string {
		if n == 0 {
			return ""
		}
		return count(n, "error") + " of " + side + " that " + other + " could not have shown"
	}
	return join(" and ", say(later, "the later side", "the earlier"), say(earlier, "the earlier side", "the later"))
}

// beyondChance counts the changes that are more than chance: "1 measure, 2 functions and 3 groups of goroutines".
func beyondChance(s *DiffSummary) string {
	var parts []string
	for _, k := range []struct {
		n        int
		noun, of string
	}{{s.MeasuresChanged, "measure", ""}, {s.FunctionsChanged, "function", ""}, {s.GroupsChanged, "group", " of goroutines"}} {
		if k.n > 0 {
			parts = append(parts, count(k.n, k.noun)+k.of)
		}
	}
	if last := len(parts) - 1; last > 0 {
		return strings.Join(parts[:last], ", ") + " and " + parts[last]
	}
	return strings.Join(parts, "")
}

// maxGrown bounds the groups of goroutines that the summary names.
const maxGrown = 3

// grown names the groups of goroutines that grew most by more than chance, each once: one leak is in every dump of its
// process, and in every form of it.
func grown(d *Delta) []string {
	type growth struct {
		name, artifact string
		before, after  int
	}
	var all []growth
	for i := range d.Goroutines {
		for _, x := range d.Goroutines[i].Groups {
			if x.Verdict == verdictChanged && x.After > x.Before {
				name := x.Name
				if d.Run.GroupBy == "stack" {
					name = shortStack(name)
				}
				all = append(all, growth{name, d.Goroutines[i].Artifact, x.Before, x.After})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b growth) int { return cmp.Compare(b.after-b.before, a.after-a.before) })
	var out, names []string
	for _, g := range all {
		if slices.Contains(names, g.name) {
			continue
		}
		if names = append(names, g.name); len(names) <= maxGrown {
			out = append(out, fmt.Sprintf("goroutines grew: %s → %s of %s, in %s", thousands(g.before), thousands(g.after), g.name, g.artifact))
		}
	}
	if n := len(names) - maxGrown; n > 0 {
		out = append(out, "goroutines grew: "+count(n, "more group"))
	}
	if len(names) > 0 && len(d.Regressions) == 0 {
		out = append(out, "how many there should be depends on the load, so no growth of goroutines fails a run unless --threshold 'group(NAME)>+N' says so")
	}
	return out
}

// diffTotals says what was compared.
func diffTotals(d *Delta) []string {
	s := &d.Summary
	out := []string{
		fmt.Sprintf("findings: %d new, %d fixed, %d changed, %d still there, %d unknown", s.New, s.Fixed, s.Changed, s.Still, s.Unknown),
		fmt.Sprintf("told from chance: %s of %d tested, %s, %s", count(s.MeasuresChanged, "measure"), s.Tested, count(s.FunctionsChanged, "function"), count(s.GroupsChanged, "group")+" of goroutines"),
	}
	if quiet := len(d.Profiles) + len(d.Goroutines) - shown(d); quiet > 0 {
		out = append(out, thousands(quiet)+" more profiles and dumps: differences that may be chance")
	}
	return out
}

// levelText says why an interval may leave out 0 while its number may have changed by chance.
func levelText(d *Delta) string {
	return fmt.Sprintf("each interval holds for its own number in %g %% of cases. Of %s tested together some stray by chance, so a change counts "+
		"where it holds for all of them at once: with a chance of any false alarm of %g %% (Tarone's correction; --alpha). "+
		"“among %s” marks a change that would count if it were the only one asked about",
		d.Run.Confidence*100, count(d.Summary.Tested, "number"), d.Run.Alpha*100, thousands(d.Summary.Tested))
}

// verdictAmong is verdictText for a number with an interval of its own.
func verdictAmong(d *Delta, verdict, direction string, low, high *float64) string {
	if (verdict == verdictChance || verdict == verdictTooFew) && leavesOutZero(low, high) && d.Summary.Tested > 1 {
		return verdictText(verdict, direction) + " among " + thousands(d.Summary.Tested)
	}
	return verdictText(verdict, direction)
}

func leavesOutZero(low, high *float64) bool {
	return low != nil && *low > 0 || high != nil && *high < 0
}

// worthListing returns the comparison with the measures that a reader could take for changes, and how many it leaves out
// because their change may be chance, and because one side alone has them.
func worthListing(d *Delta) (part *Delta, chance, oneSided int) {
	cut := *d
	cut.Measures = nil
	for _, c := range d.Measures {
		switch {
		case c.Verdict == verdictUnknown:
			oneSided++
		case (c.Verdict == verdictChance || c.Verdict == verdictTooFew || c.Verdict == verdictSame) && !leavesOutZero(c.Low, c.High):
			chance++
		default:
			cut.Measures = append(cut.Measures, c)
		}
	}
	return &cut, chance, oneSided
}
