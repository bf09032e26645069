package labels

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// seenKeys counts the rows that carry each label key, for a reader who does not know which to require.
type seenKeys map[string]int

// maxSeenKeys bounds the keys that are remembered: an artifact whose keys are ids has as many as rows.
const maxSeenKeys = 1000

func (s seenKeys) add(labels []evidence.Label) {
	for _, l := range labels {
		if _, ok := s[l.Key]; ok || len(s) < maxSeenKeys {
			s[l.Key]++
		}
	}
}

// hint names the keys that most rows carry, "" where there are none.
func hint(ts []*tally) string {
	const named = 6
	all := seenKeys{}
	for _, t := range ts {
		for k, n := range t.seen {
			all[k] += n
		}
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b string) int { return cmp.Or(cmp.Compare(all[b], all[a]), cmp.Compare(a, b)) })
	switch {
	case len(keys) == 0:
		return "; no artifact carries any"
	case len(keys) > named:
		return "; carried here are " + strings.Join(keys[:named], ", ") + " and others"
	}
	return "; carried here: " + strings.Join(keys, ", ")
}
