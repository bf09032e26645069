package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDiffVerdict(t *testing.T) {
	one := []MeasureChange{{Name: "x"}}
	for name, c := range map[string]struct {
		d    Delta
		want string
	}{
		"nothing":      {Delta{}, "no difference"},
		"regression":   {Delta{Regressions: make([]Regression, 2), Summary: DiffSummary{GroupsChanged: 3}}, "2 regressions"},
		"chance alone": {Delta{Measures: one}, "no regression, and no change beyond chance"},
		"growth":       {Delta{Summary: DiffSummary{GroupsChanged: 1}, Goroutines: make([]GoroutineChange, 1)}, "no regression, but 1 group of goroutines changed beyond chance"},
		"one side": {Delta{Summary: DiffSummary{Unknown: 3}, Findings: []FindingChange{
			{State: "unknown", Severity: "error", After: "x"}, {State: "unknown", Severity: "error", Before: "x"}, {State: "unknown", Severity: "warning", After: "x"}, {State: "new", Severity: "error", After: "x"}}},
			"no regression, but 1 error of the later side that the earlier could not have shown and 1 error of the earlier side that the later could not have shown"},
		"regression and one side": {Delta{Regressions: make([]Regression, 1), Findings: []FindingChange{{State: "unknown", Severity: "error", After: "x"}}},
			"1 regression, and 1 error of the later side that the earlier could not have shown"},
		"all": {Delta{Measures: one, Summary: DiffSummary{New: 3, MeasuresChanged: 1, FunctionsChanged: 5, GroupsChanged: 12}},
			"no regression, but 3 new findings below --fail-on or by what may be chance; 1 measure, 5 functions and 12 groups of goroutines changed beyond chance"},
	} {
		if got := diffVerdict(&c.d); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestGrowthIsNamed: one leak that many dumps show is one line, what shrank or may be chance is none, and who reads is told
// what would fail on it.
func TestGrowthIsNamed(t *testing.T) {
	group := func(name string, before, after int, verdict string) GroupChange {
		return GroupChange{Name: name, Before: before, After: after, Verdict: verdict}
	}
	d := &Delta{Run: DiffRun{GroupBy: "stack"}, Goroutines: []GoroutineChange{
		{Artifact: "a.txt", Groups: []GroupChange{group("runtime.gopark;main.leak;main.start", 0, 9, verdictChanged), group("main.gone", 9, 0, verdictChanged)}},
		{Artifact: "b.pb.gz", Groups: []GroupChange{group("main.leak;main.start", 1, 9, verdictChanged), group("main.maybe", 1, 3, verdictChance),
			group("main.b", 0, 8, verdictChanged), group("main.c", 0, 7, verdictChanged), group("main.d", 0, 6, verdictChanged)}},
	}}
	want := []string{
		"goroutines grew: 0 → 9 of main.leak ← main.start, in a.txt",
		"goroutines grew: 0 → 8 of main.b, in b.pb.gz",
		"goroutines grew: 0 → 7 of main.c, in b.pb.gz",
		"goroutines grew: 1 more group",
		"how many there should be depends on the load, so no growth of goroutines fails a run unless --threshold 'group(NAME)>+N' says so",
	}
	if diff := cmp.Diff(want, grown(d)); diff != "" {
		t.Errorf("growth (-want +got):\n%s", diff)
	}
	d.Regressions = make([]Regression, 1)
	if got := grown(d); len(got) != 4 {
		t.Errorf("a run that fails is told what would make it fail: %q", got)
	}
	if got := grown(&Delta{}); got != nil {
		t.Errorf("nothing grew: %q", got)
	}
}

// TestVerdictAmong: what strays by itself and not among all says so, and the table says why.
func TestVerdictAmong(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	p := 0.01
	measure := func(name, verdict string, low, high float64) MeasureChange {
		return MeasureChange{Name: name, Before: &MeasureSide{}, After: &MeasureSide{Value: 1}, Verdict: verdict, Low: at(low), High: at(high), P: &p}
	}
	d := &Delta{Run: DiffRun{Alpha: 0.01, Confidence: confidence}, Summary: DiffSummary{Tested: 1234}, Measures: []MeasureChange{
		measure("stray", verdictChance, 1, 9), measure("below", verdictTooFew, -9, -1), measure("within", verdictChance, -1, 9), measure("told", verdictChanged, 1, 9),
		{Name: "lost", Before: &MeasureSide{}, Verdict: verdictUnknown},
	}}
	page := func(o TerminalOptions) string {
		var out strings.Builder
		if err := renderDiffTable(&out, d, o); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	brief, whole := page(TerminalOptions{Limit: 50}), page(TerminalOptions{})
	for _, want := range []string{"may be chance among 1,234", "too few to tell among 1,234", "told", "Of 1,234 numbers tested together", "alarm of 1 %"} {
		if !strings.Contains(brief, want) || !strings.Contains(whole, want) {
			t.Errorf("not said: %s\n%s", want, brief)
		}
	}
	for _, hidden := range []string{"within", "lost"} {
		if strings.Contains(brief, hidden+" ") || !strings.Contains(whole, hidden+" ") {
			t.Errorf("%s is listed without being asked for, or not when asked for:\n%s", hidden, brief)
		}
	}
	for _, counted := range []string{"measures that differ by what may be chance: 1;", "measures of one side only, with nothing to compare: 1;"} {
		if !strings.Contains(brief, counted) || strings.Contains(whole, counted) {
			t.Errorf("not counted: %s\n%s", counted, brief)
		}
	}
}
