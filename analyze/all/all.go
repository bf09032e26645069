// Package all lists the detectors of every family.
package all

import (
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/artifacts"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/analyze/spans"
)

// Detectors returns all detectors in ID order.
func Detectors() []analyze.Detector {
	return slices.Concat(
		artifacts.Detectors,
		spans.Detectors,
		clocks.Detectors,
	)
}
