package clockeval

import (
	"fmt"
	"math"
	"slices"
)

// Bar is one claim of docs/alignment.md, and whether the reports bear it out.
type Bar struct {
	Claim string
	Got   string
	Holds bool
	// Missing says that the scenarios the claim is about were not run.
	Missing bool
}

// ratioScenarios are those over which the gain at the median is averaged.
var ratioScenarios = []string{
	"base", "sparse", "lognormal", "wander", "chrony", "steps", "slew", "late", "role-asym", "multi-svc",
}

// OffPrior names the scenarios that break the priors of the 95 % interval: asymmetry far beyond what
// independent links have, or that comes and goes. Whether it holds there is reported and no bar.
var OffPrior = []string{"asym-link20", "asym-az30", "congest", "quant-ms"}

// Bars judges the medians over the seeds of each scenario; coverage is that of the worst seed.
func Bars(reports []*Report) []Bar {
	b := bars{byScenario: map[string][]*Report{}}
	for _, r := range reports {
		if b.byScenario[r.Scenario] == nil {
			b.names = append(b.names, r.Scenario)
		}
		b.byScenario[r.Scenario] = append(b.byScenario[r.Scenario], r)
	}
	b.everywhere("hard bounds hold the truth in all samples", 1, func(r *Report) float64 { return r.Hard.Value() })
	b.everywhere("assumed bounds hold it in 99.9 %", 0.999, func(r *Report) float64 { return r.Assumed.Value() })
	b.likely()
	b.ratios()
	for _, name := range []string{"steps", "slew"} {
		b.one(name, "p99 at least 100 times below that of the competitor with the best median", func(r *Report) (float64, bool) {
			v := r.Best().P99 / r.Ours.P99
			return v, v >= 100
		})
	}
	for _, name := range []string{"h3-short", "h10", "ptp-synced"} {
		b.one(name, "median at most 1.1 times the best competitor's", func(r *Report) (float64, bool) {
			v := r.Ours.Median / r.Best().Median
			return v, v <= 1.1
		})
	}
	b.one("base", "pair error at most 1.5 % of half the least round trip", func(r *Report) (float64, bool) {
		return 100 * r.PairError, r.PairError <= 0.015
	})
	b.widths()
	b.violations()
	b.refusals()
	return b.out
}

// Best returns the competitor with the least median error; its numbers are none if no competitor ran.
func (r *Report) Best() Outcome {
	if len(r.Others) == 0 {
		return Outcome{Method: "none", Median: math.NaN(), P99: math.NaN()}
	}
	return slices.MinFunc(r.Others, func(a, b Outcome) int { return int(math.Copysign(1, a.Median-b.Median)) })
}

type bars struct {
	names      []string
	byScenario map[string][]*Report
	out        []Bar
}

// everywhere demands a share of every report, and names the worst.
func (b *bars) everywhere(claim string, least float64, of func(*Report) float64) {
	worst, bad := 2.0, []string{}
	for _, name := range b.names {
		for _, r := range b.byScenario[name] {
			v := of(r)
			worst = min(worst, v)
			if v < least {
				bad = append(bad, fmt.Sprintf("%s/%d %.4f", name, r.Seed, v))
			}
		}
	}
	got := fmt.Sprintf("least %.4f", worst)
	if len(bad) > 0 {
		got += fmt.Sprintf(", below in %v", bad)
	}
	b.out = append(b.out, Bar{Claim: claim, Got: got, Holds: len(bad) == 0, Missing: worst > 1})
}

// likely judges 95 % intervals over all seeds of a scenario together: samples of one scene share the
// error of its reference, so a single scene says little.
func (b *bars) likely() {
	least, bad := 2.0, []string{}
	for _, name := range b.names {
		if slices.Contains(OffPrior, name) {
			continue
		}
		v := pooled(b.byScenario[name]).Value()
		least = min(least, v)
		if v < 0.95 {
			bad = append(bad, fmt.Sprintf("%s %.4f", name, v))
		}
	}
	got := fmt.Sprintf("least %.4f", least)
	if len(bad) > 0 {
		got += fmt.Sprintf(", below in %v", bad)
	}
	b.out = append(b.out, Bar{
		Claim: "95 % intervals hold it in 95 % where their prior holds, seeds together",
		Got:   got, Holds: len(bad) == 0, Missing: least > 1,
	})
}

func pooled(reports []*Report) (s Share) {
	for _, r := range reports {
		s.Held += r.Likely.Held
		s.Of += r.Likely.Of
	}
	return s
}

// ratios is the geometric mean of the gains at the median.
func (b *bars) ratios() {
	sum, n, each := 0.0, 0, ""
	for _, name := range ratioScenarios {
		if r := b.byScenario[name]; r != nil {
			gain := middle(r, func(r *Report) float64 { return r.Best().Median / r.Ours.Median })
			sum += math.Log(gain)
			n++
			each += fmt.Sprintf(" %s %.1f", name, gain)
		}
	}
	mean := math.Exp(sum / math.Max(1, float64(n)))
	b.out = append(b.out, Bar{
		Claim: "median placement error at least 4 times below the best competitor's, geometric mean",
		Got:   fmt.Sprintf("%.2f:%s", mean, each), Holds: mean >= 4, Missing: n < len(ratioScenarios),
	})
}

// one judges the median over the seeds of one scenario.
func (b *bars) one(name, claim string, of func(*Report) (float64, bool)) {
	bar := Bar{Claim: name + ": " + claim, Missing: true}
	if reports := b.byScenario[name]; reports != nil {
		var values []float64
		good := 0
		for _, r := range reports {
			v, ok := of(r)
			values = append(values, v)
			if ok {
				good++
			}
		}
		slices.Sort(values)
		bar.Got = fmt.Sprintf("%.4g", Quantile(values, 0.5))
		bar.Holds, bar.Missing = 2*good > len(reports), false
	}
	b.out = append(b.out, bar)
}

func (b *bars) widths() {
	var bad []string
	most := 0.0
	for _, name := range b.names {
		r := b.byScenario[name]
		if r[0].Width == 0 || name == "quant-ms" { // no answers at all; or stamps coarser than the bounds
			continue
		}
		w := middle(r, func(r *Report) float64 { return r.Width })
		most = max(most, w)
		if w > 1.15 {
			bad = append(bad, fmt.Sprintf("%s %.2f", name, w))
		}
	}
	got := fmt.Sprintf("at most %.3f", most)
	if len(bad) > 0 {
		got += fmt.Sprintf(", above in %v", bad)
	}
	b.out = append(b.out, Bar{
		Claim: "bounds of pairs at most 1.15 times the least round trip wide, median, stamps finer than 1 ms",
		Got:   got, Holds: len(bad) == 0, Missing: most == 0,
	})
}

func (b *bars) violations() {
	var bad []string
	for _, name := range b.names {
		for _, r := range b.byScenario[name] {
			if r.After > 0 {
				bad = append(bad, fmt.Sprintf("%s/%d %d of %d", name, r.Seed, r.After, r.Calls))
			}
		}
	}
	got := "none"
	if len(bad) > 0 {
		got = fmt.Sprint(bad)
	}
	b.out = append(b.out, Bar{Claim: "no call is placed before it was made, conflicting clocks aside", Got: got, Holds: len(bad) == 0})
}

// refusals demands that a model refuses what it must, and nothing else.
func (b *bars) refusals() {
	var bad []string
	for _, name := range b.names {
		for _, r := range b.byScenario[name] {
			if r.Accused > 0 || r.Silent > 0 && len(r.Conflicts) == 0 {
				bad = append(bad, fmt.Sprintf("%s/%d: %d accused, %d calls not placed", name, r.Seed, r.Accused, r.Silent))
			}
		}
	}
	got := "all"
	if len(bad) > 0 {
		got = fmt.Sprint(bad)
	}
	b.out = append(b.out, Bar{Claim: "all clocks are placed but those of two machines or of lying readings", Got: got, Holds: len(bad) == 0})
}

// middle is the median over seeds.
func middle(reports []*Report, of func(*Report) float64) float64 {
	var v []float64
	for _, r := range reports {
		v = append(v, of(r))
	}
	slices.Sort(v)
	return Quantile(v, 0.5)
}
