package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
)

var detectors = []analyze.Detector{{ID: "WM2001", Name: "label-missing"}, {ID: "WM4001", Name: "orphan-span"}}

func TestParse(t *testing.T) {
	c, err := Parse([]byte(`# the whole of it
version: 1
from_path: '(?P<service>[a-z]+)'
captures:
  - match: a/**
fail_on: warning
require_labels: [route, tenant]
allow_incomplete: true
baseline: accepted.json
rules:
  WM4001: {level: error, params: {max_routes: 3}}
  label-missing:
    level: off
suppress:
  - rule: orphan-span
    match: {server: "batch-*"}
    reason: batch has no exporter, OPS-812
    expires: 2027-03-01
`), Name, detectors)
	if err != nil {
		t.Fatal(err)
	}
	var o analyze.Options
	c.Apply(&o)
	if c.FailOn != "warning" || !c.AllowIncomplete || c.Baseline != "accepted.json" || len(c.RequireLabels) != 2 ||
		o.MaxRoutes != 3 || o.Severity["WM4001"] != analyze.Error || !o.Disabled["WM2001"] {
		t.Errorf("%+v, %+v", c, o)
	}
	want := []Suppression{{Rule: "WM4001", Match: map[string]string{"server": "batch-*"}, Reason: "batch has no exporter, OPS-812", Expires: "2027-03-01", Line: 15}}
	if diff := cmp.Diff(want, c.Suppress); diff != "" {
		t.Errorf("suppressions (-want +got):\n%s", diff)
	}
	for name, origin := range map[string]string{"fail_on": "witnessmark.yaml:6", "rules.orphan-span.level": "witnessmark.yaml:11", "params.max_routes": "witnessmark.yaml:11", "skip": ""} {
		if got := c.Origin(name); got != origin {
			t.Errorf("%s is from %q, want %q", name, got, origin)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "rules:\n"} {
		if _, err := Parse([]byte(empty), Name, detectors); err != nil {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

// Mistakes are shown with their line, a caret, and what could stand there.
func TestMistakes(t *testing.T) {
	for source, want := range map[string]string{
		"version: 1\nfail-on: error\n":                              "witnessmark.yaml:2:1: unknown key \"fail-on\"\n  2 | fail-on: error\n    | ^",
		"fail_on: fatal\n":                                          "witnessmark.yaml:1:10: fail_on: \"fatal\" is none of error, warning, note, never\n  1 | fail_on: fatal\n    |          ^",
		"version: 2\n":                                              "witnessmark.yaml:1:10: version 2: this release reads version 1\n  1 | version: 2\n    |          ^",
		"rules:\n  orphan: {level: off}\n":                          "witnessmark.yaml:2:3: no check is called \"orphan\"\n  2 |   orphan: {level: off}\n    |   ^",
		"rules:\n  WM4001: {params: {label_slack: 1}}\n":            "witnessmark.yaml:2:21: orphan-span has no parameter \"label_slack\"\n  2 |   WM4001: {params: {label_slack: 1}}\n    |                     ^",
		"rules:\n  WM2001: {params: {label_slack: 2}}\n":            "witnessmark.yaml:2:34: label_slack: want a share, 0 to 1\n  2 |   WM2001: {params: {label_slack: 2}}\n    |                                  ^",
		"suppress:\n  - {rule: WM4001}\n":                           "witnessmark.yaml:2:5: suppress: want reason, for whoever reads this in a year\n  2 |   - {rule: WM4001}\n    |     ^",
		"suppress:\n  - {rule: WM4001, reason: x, expires: soon}\n": "witnessmark.yaml:2:40: expires: want a date such as 2027-03-01\n  2 |   - {rule: WM4001, reason: x, expires: soon}\n    |                                        ^",
		"fail_on: error\nfail_on: note\n":                           "",
		"captures:\n  - {match: a, hots: b}\n":                      "witnessmark.yaml:2:16: unknown key \"hots\"\n  2 |   - {match: a, hots: b}\n    |                ^",
		"rules:\n  WM4001: {params: {max_exhibits: 3}}\n  WM2001: {params: {max_exhibits: 4}}\n": "witnessmark.yaml:3:21: max_exhibits is 3 in line 2: it is one setting for all checks that read it\n  3 |   WM2001: {params: {max_exhibits: 4}}\n    |                     ^",
		"- a\n":      "witnessmark.yaml:1:1: witnessmark.yaml: want keys and values\n  1 | - a\n    | ^",
		"a: [1\n":    "",
		"\x00\xff:1": "",
	} {
		_, err := Parse([]byte(source), Name, detectors)
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%q:\n%v\nwant\n%s", source, err, want)
		}
		if m := (*Mistake)(nil); errors.As(err, &m) && strings.HasPrefix(m.Text, "unknown key") && len(m.Known) == 0 {
			t.Errorf("%q: nothing to suggest", source)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nrules:\n  WM4001: {level: off}\n"))
	f.Add([]byte("suppress:\n  - {rule: WM4001, reason: x}\n"))
	f.Add([]byte("a: &x [*x]\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		if len(source) < 1<<12 {
			Parse(source, Name, detectors)
		}
	})
}
