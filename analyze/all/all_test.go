package all_test

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
)

var (
	idPattern    = regexp.MustCompile(`^WM[0-7][0-9]{3}$`)
	namePattern  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)+$`)
	sincePattern = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	idMentioned  = regexp.MustCompile(`WM[0-9]{4}`)
)

// TestDetectorsAreComplete refuses a detector with a hole: explain, the manual and SARIF are made of it.
func TestDetectorsAreComplete(t *testing.T) {
	detectors := all.Detectors()
	byID, byName := map[string]bool{}, map[string]bool{}
	for _, d := range detectors {
		if byID[d.ID] || byName[d.Name] {
			t.Errorf("%s %s: the ID or name is there twice", d.ID, d.Name)
		}
		byID[d.ID], byName[d.Name] = true, true
	}
	for _, d := range detectors {
		t.Run(d.ID, func(t *testing.T) {
			for field, ok := range map[string]bool{
				"ID":       idPattern.MatchString(d.ID),
				"Name":     namePattern.MatchString(d.Name),
				"Since":    sincePattern.MatchString(d.Doc.Since),
				"Severity": slices.Contains([]analyze.Severity{analyze.Error, analyze.Warning, analyze.Note}, d.Doc.Severity),
				"Needs":    d.Needs != 0,
				"Run":      d.Run != nil,
			} {
				if !ok {
					t.Errorf("%s is missing or malformed", field)
				}
			}
			if n := len(d.Doc.Title); n == 0 || n > 72 || strings.HasSuffix(d.Doc.Title, ".") || strings.Contains(d.Doc.Title, "\n") {
				t.Errorf("title %q is not one line of at most 72 bytes without a full stop", d.Doc.Title)
			}
			for field, text := range map[string]string{"Text": d.Doc.Text, "Proof": d.Doc.Proof, "Blind": d.Doc.Blind, "Fix": d.Doc.Fix} {
				checkProse(t, field, text)
				for _, id := range idMentioned.FindAllString(text, -1) {
					if !byID[id] {
						t.Errorf("%s mentions %s, which does not exist", field, id)
					}
				}
			}
		})
	}
	if !slices.IsSortedFunc(detectors, func(a, b analyze.Detector) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Error("the list is not in ID order")
	}
}

// checkProse wants whole sentences: a fix that is a noun tells nobody what to do.
func checkProse(t *testing.T, field, text string) {
	t.Helper()
	switch {
	case len(text) < 40 || len(strings.Fields(text)) < 8:
		t.Errorf("%s is too short to say anything: %q", field, text)
	case !strings.HasSuffix(text, "."):
		t.Errorf("%s does not end in a full stop: %q", field, text)
	case strings.TrimSpace(text) != text || strings.Contains(text, "  ") || strings.ContainsAny(text, "\n\t"):
		t.Errorf("%s has stray white space: %q", field, text)
	}
	if field != "Fix" {
		return
	}
	if !slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !('a' <= r && r <= 'z') }), isVerb) {
		t.Errorf("Fix names nothing to do: %q", text)
	}
}

// isVerb knows the verbs that fixes begin with; extend it with the next fix.
func isVerb(word string) bool {
	return slices.Contains([]string{
		"add", "call", "capture", "compare", "copy", "end", "give", "leave", "look", "make", "pass", "put", "raise",
		"read", "rebuild", "repair", "run", "set", "start", "stop", "take", "use", "wrap",
	}, word)
}
