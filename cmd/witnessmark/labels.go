package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

const (
	// maxLabelKeys bounds the keys that are remembered: where keys are ids there are as many as rows.
	maxLabelKeys = 1000
	// namedLabelKeys is how many of them a note names.
	namedLabelKeys = 6
)

// labelNotes says of required labels that nothing carries which keys there are: more often than a label that is lost
// everywhere it is a key that was mistyped.
func labelNotes(res *analyze.Result, required []string) []string {
	covered, judged := map[string]bool{}, false
	for _, m := range res.Measures {
		if m.Name == "label.coverage" {
			judged = true
			covered[m.Subject["key"]] = covered[m.Subject["key"]] || m.Value > 0
		}
	}
	absent := slices.DeleteFunc(slices.Clone(required), func(key string) bool { return covered[key] })
	if !judged || len(absent) == 0 {
		return nil
	}
	rows := labelKeys(res.Bundle)
	var notes []string
	for _, key := range absent {
		if rows[key] > 0 {
			continue // what carries it could do without
		}
		note := fmt.Sprintf("required label %q: nothing carries it", key)
		keys := slices.SortedFunc(maps.Keys(rows), func(a, b string) int { return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b)) })
		switch near := nearest(key, keys); {
		case near != "":
			note += fmt.Sprintf("; did you mean %q?", near)
		case len(keys) == 0:
			note += ", and no other label is carried here either"
		default:
			note += "; carried here: " + strings.Join(keys[:min(len(keys), namedLabelKeys)], ", ")
			if len(keys) > namedLabelKeys {
				note += " and others"
			}
		}
		notes = append(notes, note)
	}
	return notes
}

// labelKeys counts the rows of profiles and goroutines that carry each label key.
func labelKeys(b *evidence.Bundle) map[string]int {
	rows := map[string]int{}
	add := func(labels []evidence.Label) {
		for _, l := range labels {
			if _, ok := rows[l.Key]; ok || len(rows) < maxLabelKeys {
				rows[l.Key]++
			}
		}
	}
	for _, a := range b.Artifacts {
		switch {
		case a.Profile != nil:
			for s := range a.Profile.Samples() {
				add(s.Labels)
			}
		case a.Dump != nil:
			for i := range a.Dump.Goroutines {
				add(a.Dump.Labels[a.Dump.Goroutines[i].Labels])
			}
		}
	}
	return rows
}
