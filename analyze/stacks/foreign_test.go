package stacks

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// foreign makes a profile as tools that are no Go runtime write them, with stacks of the depths given.
func foreign(t *testing.T, kind, unit string, depths ...int) *evidence.Bundle {
	t.Helper()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: kind, Unit: unit}},
		PeriodType: &profile.ValueType{Type: kind, Unit: unit}, Period: 1,
	}
	for i := range 200 {
		id := uint64(i + 1)
		f := &profile.Function{ID: id, Name: fmt.Sprintf("app.f%d", i)}
		p.Function = append(p.Function, f)
		p.Location = append(p.Location, &profile.Location{ID: id, Address: id, Line: []profile.Line{{Function: f, Line: 1}}})
	}
	for _, d := range depths {
		p.Sample = append(p.Sample, &profile.Sample{Location: p.Location[:d], Value: []int64{1, 1}})
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return evidence.LoadReader("-", &b, evidence.Options{})
}

// TestOtherToolsAreNotJudged has stacks that no Go runtime records: a limit of it says nothing of them.
func TestOtherToolsAreNotJudged(t *testing.T) {
	for name, b := range map[string]*evidence.Bundle{
		"cpu deeper than 64 frames": foreign(t, "cpu", "nanoseconds", 10, 64, 65, 120),
		"wall time, 32 frames":      foreign(t, "time", "nanoseconds", 10, 32, 33),
		"wall time, deep":           foreign(t, "time", "nanoseconds", 10, 150),
	} {
		res := analyze.Run(b, Detectors, analyze.Options{})
		if len(res.Findings) != 0 || res.Checks[0].Outcome != analyze.Inapplicable {
			t.Errorf("%s: outcome %s (%s), findings %+v", name, res.Checks[0].Outcome, res.Checks[0].Reason, res.Findings)
		}
		if len(res.Measures) != 1 || res.Measures[0].Name != "stacks.total" {
			t.Errorf("%s: measures %+v, want stacks.total alone", name, res.Measures)
		}
	}
}
