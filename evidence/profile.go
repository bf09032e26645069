package evidence

import "iter"

// Kind is the kind of a runtime profile.
type Kind string

// Profile kinds of runtime/pprof. KindCustom is any profile with other sample types.
const (
	KindCPU           Kind = "cpu"
	KindHeap          Kind = "heap"
	KindAllocs        Kind = "allocs"
	KindGoroutine     Kind = "goroutine"
	KindGoroutineLeak Kind = "goroutineleak"
	KindMutex         Kind = "mutex"
	KindBlock         Kind = "block"
	KindThreadCreate  Kind = "threadcreate"
	KindCustom        Kind = "custom"
)

// CarriesLabels reports whether profiles of the kind can hold pprof labels at all: runtime/pprof writes
// them for CPU, goroutine and goroutineleak profiles only (runtime/pprof/pprof.go, go1.9 to go1.27).
func (k Kind) CarriesLabels() bool {
	return k == KindCPU || k == KindGoroutine || k == KindGoroutineLeak
}

// ValueType is a sample type, such as {"cpu", "nanoseconds"}.
type ValueType struct{ Type, Unit string }

// Profile is one pprof profile, from the protobuf form or the text form of debug=1.
type Profile struct {
	Kind Kind
	// Text is set for the debug=1 form: Locations are then the program counters of "@" lines.
	Text bool
	// Delta is set where the profile is the difference between two moments (?seconds=N).
	Delta       bool
	SampleTypes []ValueType
	// Primary is the index in SampleTypes of the value that shares and coverage are counted in.
	Primary    int
	PeriodType ValueType
	Period     int64
	// TimeNanos and DurationNanos as recorded, 0 if absent. Artifact.Window interprets them.
	TimeNanos, DurationNanos int64
	Comments                 []string
	// DefaultSampleType as recorded; runtime/pprof sets it in allocs only.
	DefaultSampleType string
	// Provenance is "runtime" where the order of fields is that of runtime/pprof, "re-encoded" where it
	// is that of google/pprof's encoder (delta, merged or tool output), "" where it cannot be told.
	Provenance string
	// NamesLost is set where the string table, written last, is missing: samples have no names.
	NamesLost bool

	Functions []Function
	Locations []Location
	Lines     []Line // Location.Lines are sub-slices of it
	Mappings  []Mapping
	// Total is the total that a debug=1 header promises, -1 if there is none.
	Total int64
	// Memory holds the garbage collector's figures of a heap profile's text form, nil elsewhere.
	Memory *MemStats

	samples int
	iterate func(yield func(*Sample) bool)
}

// Function of a profile.
type Function struct {
	Name, File string
	StartLine  int64 // 0 if unknown; runtime/pprof writes it since go1.20
}

// Location is one program counter with its inlined frames, leaf first.
type Location struct {
	Addr    uint64
	Mapping int32 // index into Profile.Mappings, -1 if none
	Lines   []Line
}

// Line is one logical frame.
type Line struct {
	Function int32 // index into Profile.Functions, -1 if unknown
	Line     int64
}

// Mapping of a profile.
type Mapping struct {
	Start, Limit, Offset uint64
	File, BuildID        string
	HasFunctions         bool
}

// Sample is one row of a profile. It and its slices are valid until the iteration goes on.
type Sample struct {
	Ref Ref
	// Locations are indexes into Profile.Locations, leaf first; -1 where the profile does not hold the
	// location that the sample names.
	Locations []int32
	Values    []int64 // one per Profile.SampleTypes; fewer in a damaged file
	Labels    []Label // string labels: pprof labels. Numeric ones are in NumLabels.
	NumLabels []NumLabel
	// Depth is the number of logical frames: the lines of all locations.
	Depth int
	// ZeroPCs counts the zero program counters stripped from the end of a text stack (threadcreate,
	// go1.23 and later).
	ZeroPCs int
}

// Label is one pprof label.
type Label struct{ Key, Value string }

// NumLabel is one numeric label.
type NumLabel struct {
	Key, Unit string
	Value     int64
}

// Len returns the number of samples.
func (p *Profile) Len() int { return p.samples }

// Samples yields the samples in file order. The yielded Sample is reused. Iterations may run in
// parallel.
func (p *Profile) Samples() iter.Seq[*Sample] { return p.iterate }

// Root returns the outermost logical frame of a sample: the last line of its last location that has
// lines. ok is false where no location has a line.
func (p *Profile) Root(s *Sample) (fn *Function, ok bool) {
	for i := len(s.Locations) - 1; i >= 0; i-- {
		if l := s.Locations[i]; l >= 0 {
			lines := p.Locations[l].Lines
			if len(lines) == 0 {
				continue
			}
			if f := lines[len(lines)-1].Function; f >= 0 {
				return &p.Functions[f], true
			}
			return nil, false
		}
	}
	return nil, false
}

// Frames yields the logical frames of a sample, leaf first; fn is nil where the frame has no name.
func (p *Profile) Frames(s *Sample) iter.Seq2[*Function, int64] {
	return func(yield func(*Function, int64) bool) {
		for _, l := range s.Locations {
			if l < 0 {
				continue
			}
			for _, line := range p.Locations[l].Lines {
				var fn *Function
				if line.Function >= 0 {
					fn = &p.Functions[line.Function]
				}
				if !yield(fn, line.Line) {
					return
				}
			}
		}
	}
}
