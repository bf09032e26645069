// Package clocks judges recorded times against causality: a span that starts before its parent, a span
// that ends after it. Where parent and child were stamped by one clock, it says so; where by two, it says
// by how much the two disagree at least. It estimates no offsets: package align does.
package clocks

import "github.com/witnessmark/witnessmark/analyze"

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	ChildBefore,
	ChildAfter,
}
