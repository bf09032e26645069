package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFoldStack(t *testing.T) {
	for stack, want := range map[string]string{"": "", "a": "a", "a;b": "a;b", "a;b;b;b;a": "a;b ×3;a", "f;f": "f ×2"} {
		if got := foldStack(stack); got != want {
			t.Errorf("%q: %q, want %q", stack, got, want)
		}
	}
}

func TestArtifactRows(t *testing.T) {
	only := func(name, format string) ArtifactPair {
		return ArtifactPair{Before: name, Format: format, Differences: []string{"only before"}}
	}
	got := artifactRows([]ArtifactPair{only("c/1", "x"), only("c/2", "y"), {Before: "c/5", After: "d/5", Format: "x", Differences: []string{"release: 1, 2"}}, only("c/3", "x"), only("c/4", "x"),
		only("e/1", "x"), {After: "c/9", Format: "x", Differences: []string{"only after"}}})
	want := [][]string{{"c/* (4 files)", "", "2 kinds", "only before"}, {"c/5", "d/5", "x", "release: 1, 2"}, {"e/1", "", "x", "only before"}, {"", "c/9", "x", "only after"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
