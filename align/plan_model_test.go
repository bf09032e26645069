package align

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/evidence"
)

// TestNamed: a host's name stands for its clock where it is declared and no other host has it, and never where it was read.
func TestNamed(t *testing.T) {
	m := &Model{Domains: []Domain{{Name: "i-1", Host: "a"}, {Name: "i-2", Host: "b"}, {Name: "i-3", Host: "b"}, {Name: "x", Host: "i-1"}}}
	p := &Plan{model: m}
	const declared = "--identity **:host=…, host"
	for _, c := range []struct{ name, from, want string }{
		{"i-1", declared, "i-1"}, // a key comes first
		{"a", declared, "i-1"},
		{"a", "manifest x/witnessmark.yaml", "i-1"},
		{"a", "resource host.name", "a"},
		{"b", declared, "b"},
		{"c", declared, "c"},
		{"", declared, ""},
	} {
		if got := p.domain(evidence.Attr{Value: c.name, From: c.from}); got != c.want {
			t.Errorf("%q of %s: %q, want %q", c.name, c.from, got, c.want)
		}
	}
}

// TestParseModel: domains are read as encoding/json reads them, and what is no number is refused.
func TestParseModel(t *testing.T) {
	m := &Model{Schema: ModelSchema, Reference: "a", Trust: TrustHard, MaxDriftPPM: 100, Domains: []Domain{
		{Name: "a", Reference: "a", Status: StatusReference, Services: []string{"segments"}},
		{Name: "b", Host: "h", Reference: "a", Status: StatusAligned, Segments: []Segment{
			{Points: []Point{{At: 5, Offset: -7, Hard: Unbounded, Assumed: Interval{-9, 3}, Likely: Interval{-8, 2}}}},
			{Points: []Point{{At: 9, Offset: 1, Hard: Interval{-9, Unbounded.High}, Assumed: Unbounded, Likely: Unbounded}, {At: 12}}},
		}},
	}}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := &Model{}
	if err := json.Unmarshal(text, want); err != nil {
		t.Fatal(err)
	}
	got, err := ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Domains, got.Domains); d != "" {
		t.Error(d)
	}
	for _, c := range [][2]string{
		{`"offset_ns": -7`, `"offset_ns": "-7"`},
		{`"offset_ns": -7`, `"offset_ns": 1e3`},
		{`"low_ns": -9`, `"low_ns": nil`},
		{`"low_ns": -9`, `"low_ns": 99999999999999999999`},
		{`"at_unix_nano": "5"`, `"at_unix_nano": 5`},
		{`"at_unix_nano": "5"`, `"at_unix_nano": "5s"`},
		{`"host": "h"`, `"host": 7`},
	} {
		bad := strings.Replace(string(text), c[0], c[1], 1)
		if bad == string(text) {
			t.Fatalf("the model holds no %s", c[0])
		}
		if _, err := ParseModel([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", c[1])
		}
	}
}
