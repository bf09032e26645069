package labels

import "github.com/witnessmark/witnessmark/evidence"

// Class says how the value of a sample stands to the labels that it must carry.
type Class uint8

// Classes of samples.
const (
	Unlabelable Class = iota // nothing could have labelled it, or the profile cannot show labels
	Labelled                 // it carries every required key or, where none is required, any label
	Lost                     // it could and does not
)

// Classify returns how to classify the samples of a profile, by the rules of label-missing: what that check counts as
// covered for every key is Labelled, and what it counts against coverage Lost.
func Classify(p *evidence.Profile, keys []string) func(*evidence.Sample) Class {
	if whyNot(p) != "" {
		return func(*evidence.Sample) Class { return Unlabelable }
	}
	n := newNames(p)
	return func(s *evidence.Sample) Class {
		f := n.of(s)
		switch {
		case !f.labelable(len(s.Labels) > 0):
			return Unlabelable
		case len(keys) == 0 && len(s.Labels) == 0:
			return Lost
		}
		for _, key := range keys {
			if !has(s.Labels, key) {
				return Lost
			}
		}
		return Labelled
	}
}
