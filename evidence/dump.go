package evidence

// Dump is goroutine text: debug=2, runtime.Stack, panic, fatal error or SIGQUIT output.
type Dump struct {
	// Goroutines in file order. A file with several dumps holds those of all; Goroutine.Dump tells
	// them apart.
	Goroutines []Goroutine
	// Dumps counts the dumps in the file, at least 1.
	Dumps int
	// ForeignLines counts lines that belong to no record and no known preamble: log lines in between.
	ForeignLines int
	// Reason is the preamble that says why the text was written: "panic: …", "fatal error: …",
	// "SIGQUIT: quit". "" for debug=2.
	Reason string

	// Tables that Goroutine fields index. Each has the empty value at 0.
	States []string
	Frames []Frame
	Stacks [][]uint32 // frames, innermost first
	Labels [][]Label  // in file order
}

// Frame is one line pair of a stack.
type Frame struct {
	Func string // without arguments, as printed: "net/http.(*conn).serve", "main.F[...]"
	File string
	Line int
	// Inlined is set where the arguments are printed as "(...)".
	Inlined bool
}

// Goroutine is one record of goroutine text.
type Goroutine struct {
	Ref       Ref
	ID        uint64
	CreatorID uint64 // "in goroutine N" (go1.21 and later); 0 if not printed
	Dump      uint32 // which dump of the file, from 0
	State     uint32 // index into Dump.States: the base state, verbatim
	Stack     uint32 // index into Dump.Stacks
	CreatedBy uint32 // index into Dump.Frames; 0 if not printed
	Labels    uint32 // index into Dump.Labels; 0 if none are printed
	// WaitMinutes as printed, -1 if not. It counts from a garbage collection, not from the blocking.
	WaitMinutes int32
	// Elided is N of "...N frames elided..." (go1.21 and later), 0 if no marker, -1 for the marker
	// "...additional frames elided..." (up to go1.20), which gives no number.
	Elided int32
	Bubble int32 // synctest group or bubble; 0 if none
	Flags  GoroutineFlags
}

// GoroutineFlags are the marks of a goroutine record.
type GoroutineFlags uint16

const (
	GLeaked      GoroutineFlags = 1 << iota // "(leaked)", go1.26 and later
	GScan                                   // "(scan)"
	GDurable                                // "(durable)", go1.25 and later
	GLocked                                 // "locked to thread"
	GUnavailable                            // "stack unavailable": no frames were printed
	GCut                                    // the file ends inside this record
	GSystem                                 // header carries gp= m= mp=: crash output, go1.22 and later
	GAncestors                              // "[originating from goroutine N]" follows
	GBroken                                 // the runtime said that the stack is broken ("unexpected return pc")
	// GRepeat marks a record of a goroutine that its dump holds already: GOTRACEBACK=crash prints those
	// that were running once more for each thread. A count of goroutines leaves it out.
	GRepeat
)
