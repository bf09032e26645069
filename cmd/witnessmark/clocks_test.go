package main

import (
	"testing"

	"github.com/witnessmark/witnessmark/evidence"
)

// TestReferenceOf: --reference takes a domain, the host that tables show for it, and utc; what is ambiguous stays for the model to refuse.
func TestReferenceOf(t *testing.T) {
	b := &evidence.Bundle{}
	for _, r := range [][2]string{{"i-1", "a"}, {"i-2", "b"}, {"i-3", "b"}, {"i-4", ""}} {
		b.Resources = append(b.Resources, evidence.Resource{Identity: evidence.Identity{
			Domain: evidence.Attr{Value: r[0]}, Host: evidence.Attr{Value: r[1]},
		}})
	}
	for name, want := range map[string]string{"a": "i-1", "i-1": "i-1", "b": "b", "": "", "UTC": "utc", "utc": "utc", "x": "x"} {
		if got := referenceOf(b, name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
