package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// TestLabelNotes: a required key that nothing carries is named with the key that was likely meant, or those there are; one
// that is carried anywhere is not, however little it is.
func TestLabelNotes(t *testing.T) {
	b, err := evidence.Load([]string{"demo/incident/checkout"}, evidence.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for required, want := range map[string][]string{
		"":            nil,
		"route":       nil,
		"rout":        {`required label "rout": nothing carries it; did you mean "route"?`},
		"route,rotue": {`required label "rotue": nothing carries it; did you mean "route"?`},
		"zone":        {`required label "zone": nothing carries it; carried here: route, tenant`},
	} {
		var keys []string
		if required != "" {
			keys = strings.Split(required, ",")
		}
		res := analyze.Run(b, all.Detectors(), analyze.Options{RequireLabels: keys})
		if diff := cmp.Diff(want, labelNotes(res, keys)); diff != "" {
			t.Errorf("--require-label %s (-want +got):\n%s", required, diff)
		}
	}
	none := evidence.LoadReader("x.txt", strings.NewReader("goroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1\n"), evidence.Options{})
	if notes := labelNotes(analyze.Run(none, all.Detectors(), analyze.Options{RequireLabels: []string{"x"}}), []string{"x"}); len(notes) > 1 {
		t.Errorf("text that cannot show labels: %q", notes)
	}
}
