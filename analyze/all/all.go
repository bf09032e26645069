// Package all lists the detectors of every family.
package all

import (
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/artifacts"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/analyze/labels"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/analyze/stacks"
	"github.com/witnessmark/witnessmark/analyze/status"
	"github.com/witnessmark/witnessmark/analyze/windows"
)

// Detectors returns all detectors in ID order.
func Detectors() []analyze.Detector {
	return slices.Concat(
		artifacts.Detectors,
		labels.Detectors,
		stacks.Detectors,
		spans.Detectors,
		clocks.Detectors,
		status.Detectors,
		windows.Detectors,
	)
}
