// Package goruntime holds facts about Go releases that differ between them, each with its source: where
// functions of the standard library start, how deep stacks are recorded, what stands at their root.
package goruntime

import "fmt"

//go:generate sh ../../testdata/programs/profiles/startlines/generate.sh

// lineFunction is a function of the standard library and where it stands in its file, by release.
type lineFunction struct {
	name, file string
	entries    []lineEntry
}

// lineEntry holds for consecutive releases of one minor version. start is the line of the func keyword,
// which profiles record as Function.start_line since go1.20 (runtime/pprof/proto.go, emitLocation); call
// is the line of the call that a parked or serving goroutine prints for the function, 0 if not known.
type lineEntry struct {
	minor       int
	first, last string
	start, call int
}

// Releases is a range of Go releases that a line of source fits. It is evidence for minor versions only:
// the table holds some patch releases of each, not all.
type Releases struct {
	Min, Max int    // minor versions: 26 for go1.26
	Text     string // the releases looked at, such as "go1.26.0 to go1.26.11"
}

// ByStartLine returns the releases in which the function starts at the line. ok is false where the table
// does not have the function, or no release in it fits.
func ByStartLine(function string, line int64) (r Releases, ok bool) {
	return byLine(function, func(e lineEntry) bool { return int64(e.start) == line })
}

// ByCallLine returns the releases in which a text stack shows the function at the line: gopark at its
// call of mcall, main at that of the user's main, (*conn).serve at that of ServeHTTP, and (*Server).Serve
// at the go statement that goroutines are "created by".
func ByCallLine(function string, line int64) (r Releases, ok bool) {
	return byLine(function, func(e lineEntry) bool { return e.call != 0 && int64(e.call) == line })
}

func byLine(function string, fits func(lineEntry) bool) (r Releases, ok bool) {
	for _, f := range lineTable {
		if f.name != function {
			continue
		}
		var first, last string
		for _, e := range f.entries {
			if !fits(e) {
				continue
			}
			if !ok {
				r.Min, first, ok = e.minor, e.first, true
			}
			r.Max, last = e.minor, e.last
		}
		if r.Text = "go" + first; first != last {
			r.Text = fmt.Sprintf("go%s to go%s", first, last)
		}
		return r, ok
	}
	return Releases{}, false
}

// Functions returns the functions that the table has, those that tell most first.
func Functions() []string {
	names := make([]string, len(lineTable))
	for i, f := range lineTable {
		names[i] = f.name
	}
	return names
}
