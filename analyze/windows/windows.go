// Package windows judges what captures of one host are read together with captures of others: whether
// the time that a profile says it covers is the time that it covers on the others' clocks.
package windows

import "github.com/witnessmark/witnessmark/analyze"

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	Misaligned,
}
