package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze/all"
)

// TestTerms: each word is explained once, in the order of the alphabet, and no word hides a check.
func TestTerms(t *testing.T) {
	if !slices.IsSortedFunc(terms, func(a, b concept) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the terms are not in the order of the alphabet")
	}
	seen := map[string]string{}
	for _, x := range terms {
		if len(x.Text) < 20 || !strings.HasSuffix(x.Text, ".") {
			t.Errorf("%s: %q is no sentence", x.Name, x.Text)
		}
		for _, w := range append([]string{x.Name}, x.Also...) {
			if other := seen[plain(w)]; other != "" {
				t.Errorf("%q is explained by %s and by %s", w, other, x.Name)
			}
			seen[plain(w)] = x.Name
		}
	}
	// What the output says must be found: verdicts, statuses, bases, severities, outcomes and origins.
	for _, w := range strings.Fields("domain offset hard assumed likely unlabelable labelable truncated elided finding loss verdict incomplete " +
		"reference aligned unbounded too-wide conflict no-path alone proven bounded heuristic error warning note clean failed inapplicable " +
		"disabled damaged unreadable unknown untested changed better worse healthy unhealthy undecided suppressed") {
		if termOf(w) == nil {
			t.Errorf("the output says %q, and no term explains it", w)
		}
	}
}

// TestTermsPage compares docs/terms.md with the glossary; WITNESSMARK_UPDATE=1 writes it.
func TestTermsPage(t *testing.T) {
	var sb strings.Builder
	sb.WriteString("# Words of the output\n\nWhat `witnessmark explain TERM` says; `witnessmark explain terms` lists them.\n\n| word | also | meaning |\n| --- | --- | --- |\n")
	cell := strings.NewReplacer("|", "\\|", "<", "&lt;").Replace
	for _, x := range terms {
		fmt.Fprintf(&sb, "| %s | %s | %s |\n", cell(x.Name), cell(strings.Join(x.Also, ", ")), cell(x.Text))
	}
	path := filepath.Join(root, "docs", "terms.md")
	if os.Getenv("WITNESSMARK_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(sb.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sb.String(), string(got)); diff != "" {
		t.Errorf("docs/terms.md is not what `witnessmark explain` says; WITNESSMARK_UPDATE=1 rewrites it (-want +got):\n%s", diff)
	}
}

// TestExplainFindsParts: what explain lists for a part of a name is what has it.
func TestExplainFindsParts(t *testing.T) {
	detectors := documented(all.Detectors())
	for word, want := range map[string]string{"5001": "WM5001", "wm500": "WM5001 WM5002 WM5003 WM5004 WM5005 WM5006 WM5007 WM5008 WM5009", "clock step": "WM5005", "ORPHAN": "WM4001", "nothing of the kind": ""} {
		var got []string
		for _, d := range checksLike(detectors, word) {
			got = append(got, d.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %s", word, got, want)
		}
	}
}
