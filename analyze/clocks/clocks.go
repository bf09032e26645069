// Package clocks judges recorded times. Against causality alone: a span that starts before its parent, a
// span that ends after it; where parent and child were stamped by two clocks, it says by how much the two
// disagree at least. And by the model of all clocks that package align makes of the spans and the clock
// evidence: which clocks are off, drift, were set, contradict themselves, and which orders nobody can
// know. It solves the model once in a run and estimates nothing itself.
package clocks

import "github.com/witnessmark/witnessmark/analyze"

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	ChildBefore,
	ChildAfter,
	Skew,
	Drift,
	Step,
	Conflict,
	Refuted,
	Async,
	Order,
	Unsynchronised,
}
