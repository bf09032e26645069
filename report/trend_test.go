package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// workers is a capture of so many goroutines, taken in that minute; -1 for a capture that does not tell.
func workers(t *testing.T, n, minute int) *Side {
	t.Helper()
	var sb strings.Builder
	sb.WriteString("goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n")
	for i := range n {
		fmt.Fprintf(&sb, "\ngoroutine %d [chan receive]:\nmain.work()\n\t/x/main.go:9 +0x1\ncreated by main.start in goroutine 1\n\t/x/main.go:20 +0x1\n", 10+i)
	}
	b := evidence.LoadReader(fmt.Sprintf("%d.txt", minute), strings.NewReader(sb.String()), evidence.Options{})
	if minute >= 0 {
		at := uint64(1700000000000000000 + minute*60_000_000_000)
		b.Artifacts[0].Window = evidence.Window{Start: at, End: at}
	}
	return &Side{Input: fmt.Sprint(minute), Bundle: b, Document: New(analyze.Run(b, all.Detectors(), analyze.Options{}), Request{Command: "examine"})}
}

func TestTrend(t *testing.T) {
	for _, c := range []struct {
		name    string
		counts  []int
		minutes []int
		verdict string
		exit    int
		per     string
	}{
		{"a leak", []int{99, 110, 119, 130, 140}, []int{0, 6, 12, 18, 24}, "unhealthy", 1, "hour"},
		{"in any order", []int{140, 110, 119, 130, 99}, []int{24, 6, 12, 18, 0}, "unhealthy", 1, "hour"},
		{"steady", []int{999, 1000, 1001, 999, 1000}, []int{0, 6, 12, 18, 24}, "healthy", 0, "hour"},
		{"noise", []int{99, 130, 90, 125, 101}, []int{0, 6, 12, 18, 24}, "too-few", 0, "hour"},
		{"two", []int{99, 140}, []int{0, 6}, "too-few", 0, "hour"},
		{"no times", []int{99, 110, 119, 130}, []int{-1, -1, -1, -1}, "unhealthy", 1, "capture"},
		{"one moment", []int{99, 110, 119}, []int{5, 5, 5}, "too-few", 0, "hour"},
	} {
		var sides []*Side
		for i, n := range c.counts {
			sides = append(sides, workers(t, n, c.minutes[i]))
		}
		trend := NewTrend(sides, TrendOptions{GroupBy: "creator"})
		if len(trend.Health) != 1 || trend.Health[0].Verdict != c.verdict || trend.Run.ExitCode != c.exit || trend.Run.Per != c.per {
			t.Errorf("%s: %+v, exit %d per %s", c.name, trend.Health, trend.Run.ExitCode, trend.Run.Per)
		}
		for _, format := range []string{"table", "json", "markdown"} {
			var out bytes.Buffer
			if err := RenderTrend(&out, format, trend, TerminalOptions{}); err != nil || !strings.Contains(out.String(), c.verdict) && c.verdict != "too-few" {
				t.Errorf("%s as %s: %v, %s", c.name, format, err, out.String())
			}
		}
		if c.verdict == "unhealthy" && c.per == "hour" {
			s := trend.Series[0]
			if s.Verdict != "grows" || s.Rate < 90 || s.Rate > 115 {
				t.Errorf("%s: %+v, want about 102 an hour", c.name, s)
			}
		}
	}
}

// Captures that hold nothing in common are not passed over in silence.
func TestTrendNothingInCommon(t *testing.T) {
	a := workers(t, 3, 0)
	b := &Side{Input: "b", Document: New(analyze.Run(evidence.LoadReader("x.txt", strings.NewReader("?"), evidence.Options{}), nil, analyze.Options{}), Request{Command: "examine"})}
	trend := NewTrend([]*Side{a, b}, TrendOptions{})
	if len(trend.Series) != 0 || !strings.Contains(strings.Join(trend.Run.Notes, "\n"), "no number stands in two of the captures") {
		t.Errorf("%d series, notes %q", len(trend.Series), trend.Run.Notes)
	}
	if same := NewTrend([]*Side{a, workers(t, 3, 1)}, TrendOptions{}); strings.Contains(strings.Join(same.Run.Notes, "\n"), "no number") {
		t.Errorf("equal captures: %q", same.Run.Notes)
	}
}

// TestTrendTotals: the end of the output says what the captures show, also where that is nothing yet.
func TestTrendTotals(t *testing.T) {
	for name, c := range map[string]struct {
		trend Trend
		want  string
	}{
		"nothing": {Trend{}, ""},
		"two": {Trend{Run: TrendRun{Threshold: 0.95}, Captures: make([]TrendCapture, 2), Health: []Health{{Verdict: verdictTooFew}}, Series: []Series{{Verdict: verdictTooFew}, {Verdict: verdictTooFew}}},
			"goroutines of artifacts: 1 too few to tell (healthy is 0.95 or more over the window)|numbers that differ: 2 too few to tell|" +
				"two captures show a difference and no trend: three are the least, ten say more"},
		"many": {Trend{Run: TrendRun{Threshold: 0.9}, Captures: make([]TrendCapture, 9), Health: []Health{{Verdict: "healthy"}, {Verdict: "unhealthy"}}, Series: []Series{{Verdict: "grows"}, {Verdict: "undecided"}}},
			"goroutines of artifacts: 1 unhealthy, 1 healthy (healthy is 0.9 or more over the window)|numbers that differ: 1 grows, 1 undecided"},
	} {
		if got := strings.Join(trendTotals(&c.trend), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestLongNamesComeLast: in a pipe, where nothing is shortened, long names do not push the numbers out of sight.
func TestLongNamesComeLast(t *testing.T) {
	g := grid{title: "T", columns: []Column{{Title: "A"}, {Title: "OF", Shrink: true}, {Title: "N", Right: true}}, rows: [][]string{{"a", strings.Repeat("x", 80), "1"}, {"b", "y", "2"}}}
	for width, want := range map[int]string{0: "T\nA  N  OF\na  1  " + strings.Repeat("x", 80) + "\nb  2  y\n\n", 20: "T\nA  OF              N\na  xxxxxxxxxxxxx…  1\nb  y               2\n\n"} {
		var out bytes.Buffer
		o := TerminalOptions{Width: width}
		p := NewProse(&out, o)
		p.grid(&out, &g, o)
		if p.Err() != nil || out.String() != want {
			t.Errorf("width %d: %v\n%s\nwant:\n%s", width, p.Err(), out.String(), want)
		}
	}
}

// TestShortGroups: a stack is named in short where no other of its artifact has that name, and in full where one has.
func TestShortGroups(t *testing.T) {
	subject := func(artifact, group string) map[string]string {
		return map[string]string{"artifact": artifact, "group": group}
	}
	trend := &Trend{Series: []Series{
		{Subject: subject("a", "runtime.gopark;x/main.work;x/main.start")}, {Subject: subject("a", "sync.Wait;x/main.same;x/main.start")},
		{Subject: subject("a", "runtime.gopark;x/main.same;x/main.start")}, {Subject: subject("b", "sync.Wait;x/main.same;x/main.start")},
		{Subject: map[string]string{"artifact": "a"}},
	}}
	short := shortGroups(trend)
	for i, want := range []string{"main.work ← main.start", "sync.Wait;x/main.same;x/main.start", "runtime.gopark;x/main.same;x/main.start", "main.same ← main.start", ""} {
		if got := short(trend.Series[i].Subject)["group"]; got != want {
			t.Errorf("group %d is called %q, want %q", i, got, want)
		}
	}
	if got := trend.Series[0].Subject["group"]; got != "runtime.gopark;x/main.work;x/main.start" {
		t.Errorf("the document itself was changed: %q", got)
	}
}
