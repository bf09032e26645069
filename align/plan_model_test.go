package align

import (
	"testing"

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
