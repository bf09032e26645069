// Package spans judges the structure of traces: which spans name a parent that is not there, which ids
// are used twice, which are no ids. It groups the spans of all artifacts by trace once in a run (Index)
// and reports counts also where nothing is wrong. It says nothing about time, which package clocks does.
package spans

import (
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Index joins the spans of the bundle, once in a run.
var Index = analyze.NewIndex(evidence.JoinSpans)

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	Orphan,
	Duplicate,
	Invalid,
	ContextLost,
	HopMissing,
}
