// Package stacks judges how whole the stacks of profiles and goroutine dumps are, and which goroutines never end.
package stacks

import "github.com/witnessmark/witnessmark/analyze"

// Detectors of the family, in ID order.
var Detectors = []analyze.Detector{
	Truncated,
	Leaked,
	Growing,
}
