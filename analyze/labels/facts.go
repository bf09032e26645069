package labels

import (
	"iter"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// frameFacts says what a frame tells about the labels of a stack, so that names are looked at once per
// function and not once per sample.
type frameFacts uint8

const (
	frameDo      frameFacts = 1 << iota // runtime/pprof.Do
	frameHTTP                           // a handler of net/http runs below
	frameGRPC                           // a handler of gRPC runs below
	frameLost                           // the profiler lost what this stands for
	frameDump                           // a profile is being taken
	frameProgram                        // neither the standard library nor a framework
)

func factsOf(function string) frameFacts {
	var f frameFacts
	switch goruntime.HandlerOf(function) {
	case goruntime.HTTPServer:
		f |= frameHTTP
	case goruntime.GRPCServer:
		f |= frameGRPC
	}
	switch {
	case function == "runtime/pprof.Do":
		f |= frameDo
	case goruntime.IsLostMarker(function):
		f |= frameLost
	case strings.HasPrefix(function, "net/http/pprof."), strings.HasPrefix(function, "runtime/pprof.(*Profile).WriteTo"),
		function == "runtime/pprof.writeGoroutine":
		f |= frameDump
	case !goruntime.IsFramework(function):
		f |= frameProgram
	}
	return f
}

// rootFacts says which stacks with this outermost function can carry labels.
type rootFacts uint8

const (
	rootNever    rootFacts = iota // background or infrastructure: never
	rootHTTP                      // only below a handler of net/http
	rootGRPC                      // only below a handler of gRPC
	rootLauncher                  // the entry is the frame below
	rootAlways
)

func rootOf(function string) rootFacts {
	switch server := goruntime.ServerOf(function); {
	case server == goruntime.HTTPServer:
		return rootHTTP
	case server == goruntime.GRPCServer:
		return rootGRPC
	case goruntime.IsLauncher(function):
		return rootLauncher
	case goruntime.IsBackground(function), goruntime.IsInfrastructure(function):
		return rootNever
	}
	return rootAlways
}

// names holds the facts of a profile, by function and by location.
type names struct {
	profile   *evidence.Profile
	roots     []rootFacts  // by function
	locations []frameFacts // by location: of all of its frames
}

func newNames(p *evidence.Profile) *names {
	n := &names{
		profile: p, roots: make([]rootFacts, len(p.Functions)),
		locations: make([]frameFacts, len(p.Locations)),
	}
	frames := make([]frameFacts, len(p.Functions))
	for i := range p.Functions {
		frames[i] = factsOf(p.Functions[i].Name)
		n.roots[i] = rootOf(p.Functions[i].Name)
	}
	for l := range p.Locations {
		for _, line := range p.Locations[l].Lines {
			if line.Function >= 0 {
				n.locations[l] |= frames[line.Function]
			}
		}
	}
	return n
}

// stackFacts is what the frames of one sample tell.
type stackFacts struct {
	frames frameFacts
	entry  int32 // function the goroutine was started with, -1 if unknown
	root   rootFacts
}

func (n *names) of(s *evidence.Sample) stackFacts {
	f := stackFacts{entry: -1}
	for _, l := range s.Locations {
		if l >= 0 {
			f.frames |= n.locations[l]
		}
	}
	f.entry, f.root = n.entry(s.Locations)
	return f
}

// entry returns the function that a stack's goroutine was started with, looking through launchers.
func (n *names) entry(locations []int32) (function int32, root rootFacts) {
	function = -1
	for i := len(locations) - 1; i >= 0; i-- {
		if locations[i] < 0 {
			continue
		}
		lines := n.profile.Locations[locations[i]].Lines
		for k := len(lines) - 1; k >= 0; k-- {
			if function = lines[k].Function; function < 0 {
				return -1, rootNever
			}
			if root = n.roots[function]; root != rootLauncher {
				return function, root
			}
		}
	}
	if function >= 0 { // nothing but a launcher
		return function, rootAlways
	}
	return -1, rootNever
}

// worksInDo reports whether the function passed to pprof.Do runs on a stack that has pprof.Do. Elsewhere in
// Do, labels are not set yet or are restored already: its other callees are those of runtime/pprof (and
// what they allocate), and of the runtime for its defer statement (runtime/pprof/runtime.go, Do).
func worksInDo(functions iter.Seq[string]) bool {
	callee := ""
	for name := range functions {
		if name == "runtime/pprof.Do" && callee != "" &&
			!strings.HasPrefix(callee, "runtime/pprof.") && !strings.HasPrefix(callee, "runtime.") {
			return true
		}
		callee = name
	}
	return false
}

// functions yields the names on a sample's stack, the innermost first.
func functions(p *evidence.Profile, s *evidence.Sample) iter.Seq[string] {
	return func(yield func(string) bool) {
		for fn := range p.Frames(s) {
			name := ""
			if fn != nil {
				name = fn.Name
			}
			if !yield(name) {
				return
			}
		}
	}
}

// labelable reports whether the program could have labelled the value of a stack: it has, or some of the
// stack is the program's own and not the taking of a profile.
func (f stackFacts) labelable(labelled bool) bool {
	if !labelled && (f.frames&frameProgram == 0 || f.frames&frameDump != 0) {
		return false
	}
	switch f.root {
	case rootNever:
		return false
	case rootHTTP:
		return f.frames&frameHTTP != 0
	case rootGRPC:
		return f.frames&frameGRPC != 0
	}
	return f.frames&frameLost == 0
}
