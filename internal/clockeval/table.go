package clockeval

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// WriteTables writes reports as Markdown: the placement of calls, then bounds and cost. Values are medians
// over the seeds; coverage is that of the worst seed, of the 95 % intervals that of all seeds.
func WriteTables(w io.Writer, reports []*Report) error {
	b := bars{byScenario: map[string][]*Report{}}
	for _, r := range reports {
		if b.byScenario[r.Scenario] == nil {
			b.names = append(b.names, r.Scenario)
		}
		b.byScenario[r.Scenario] = append(b.byScenario[r.Scenario], r)
	}
	if len(reports) == 0 {
		return nil
	}
	var out strings.Builder
	b.placement(&out, reports[0])
	out.WriteString("\n")
	b.boundsTable(&out)
	_, err := io.WriteString(w, out.String())
	return err
}

func row(out *strings.Builder, cells ...string) {
	out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (b *bars) placement(out *strings.Builder, first *Report) {
	head := []string{"scenario", "calls"}
	for _, o := range first.Others {
		head = append(head, o.Method)
	}
	row(out, append(head, "**witnessmark**", "best / ours, median", "host RMS")...)
	row(out, strings.Split(strings.Repeat("-", len(head)+3), "")...)
	for _, name := range b.names {
		r := b.byScenario[name]
		cells := []string{name, fmt.Sprint(r[0].Calls)}
		for i := range r[0].Others {
			cells = append(cells, pairOf(r, func(r *Report) Outcome { return r.Others[i] }))
		}
		cells = append(cells, "**"+pairOf(r, func(r *Report) Outcome { return r.Ours })+"**",
			fmt.Sprintf("%.1f", middle(r, func(r *Report) float64 { return r.Best().Median / r.Ours.Median })),
			micros(middle(r, func(r *Report) float64 { return r.HostRMS })))
		row(out, cells...)
	}
}

func (b *bars) boundsTable(out *strings.Builder) {
	row(out, "scenario", "hard", "assumed", "two-sided", "95 %", "its width", "width / RTT", "pair error %",
		"violations before → after", "late answers", "silent", "events made/found/false", "conflicts", "KB/edge", "solve s")
	row(out, strings.Split(strings.Repeat("-", 15), "")...)
	for _, name := range b.names {
		r := b.byScenario[name]
		worst := func(of func(*Report) Share) string {
			least := 1.0
			for _, x := range r {
				least = min(least, of(x).Value())
			}
			return fmt.Sprintf("%.4f", least)
		}
		mid := func(of func(*Report) float64) float64 { return middle(r, of) }
		count := func(of func(*Report) int) string {
			return fmt.Sprintf("%.0f", mid(func(r *Report) float64 { return float64(of(r)) }))
		}
		row(out, name,
			worst(func(r *Report) Share { return r.Hard }), worst(func(r *Report) Share { return r.Assumed }),
			fmt.Sprintf("%.2f", mid(func(r *Report) float64 { return r.TwoSided.Value() })),
			fmt.Sprintf("%.3f", pooled(r).Value()),
			micros(mid(func(r *Report) float64 { return r.LikelyWidth })),
			fmt.Sprintf("%.2f", mid(func(r *Report) float64 { return r.Width })),
			fmt.Sprintf("%.2f", mid(func(r *Report) float64 { return 100 * r.PairError })),
			count(func(r *Report) int { return r.Before })+" → "+count(func(r *Report) int { return r.After }),
			count(func(r *Report) int { return r.LateAnswers }), count(func(r *Report) int { return r.Silent }),
			count(func(r *Report) int { return r.StepsMade })+"/"+count(func(r *Report) int { return r.StepsFound })+"/"+
				count(func(r *Report) int { return r.StepsFalse }),
			count(func(r *Report) int { return len(r.Conflicts) }),
			fmt.Sprintf("%.0f", mid(func(r *Report) float64 { return float64(r.Cost.Bytes) / math.Max(1, float64(r.Cost.Edges)) / 1000 })),
			fmt.Sprintf("%.2f", mid(func(r *Report) float64 { return float64(r.Cost.Solve) / float64(time.Second) })))
	}
}

func pairOf(r []*Report, of func(*Report) Outcome) string {
	return micros(middle(r, func(r *Report) float64 { return of(r).Median })) + " / " +
		micros(middle(r, func(r *Report) float64 { return of(r).P99 }))
}

// micros prints nanoseconds as microseconds with three digits.
func micros(ns float64) string {
	switch us := ns / 1e3; {
	case math.IsInf(us, 0) || us > 9e15:
		return "∞"
	case us >= 1e5:
		return fmt.Sprintf("%.0f k", us/1e3)
	case us >= 100:
		return fmt.Sprintf("%.0f", us)
	case us >= 10:
		return fmt.Sprintf("%.1f", us)
	default:
		return fmt.Sprintf("%.2f", us)
	}
}
