// Package labels judges the pprof labels of profiles and goroutine dumps: which value carries the labels
// that it must, and why the rest does not.
package labels

import "github.com/witnessmark/witnessmark/analyze"

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	Missing,
}
