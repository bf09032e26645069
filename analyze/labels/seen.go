package labels

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// seenKeys counts the rows that carry each label key, for a reader who does not know which to require.
type seenKeys struct {
	counts map[string]*int
	places []seenKey // by place in a row: what was seen there last, mostly the same key again
}

type seenKey struct {
	key   string
	count *int
}

// maxSeenKeys bounds the keys that are remembered: an artifact whose keys are ids has as many as rows.
const maxSeenKeys = 1000

func (s *seenKeys) add(labels []evidence.Label) {
	for i := range labels {
		key := labels[i].Key
		if i == len(s.places) {
			s.places = append(s.places, seenKey{})
		}
		at := &s.places[i]
		if at.count == nil || at.key != key {
			count, ok := s.counts[key]
			switch {
			case ok:
			case len(s.counts) >= maxSeenKeys:
				continue
			case s.counts == nil:
				s.counts = map[string]*int{}
				fallthrough
			default:
				count = new(int)
				s.counts[key] = count
			}
			*at = seenKey{key, count}
		}
		*at.count++
	}
}

// hint names the keys that most rows carry, "" where there are none.
func hint(ts []*tally) string {
	const named = 6
	all := map[string]int{}
	for _, t := range ts {
		for k, n := range t.seen.counts {
			all[k] += *n
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
