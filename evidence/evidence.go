// Package evidence turns captured bytes into a model: artifacts, profiles, goroutine dumps and spans,
// each row with a Ref to the bytes it came from. Readers live in one format_*.go file per input format.
//
// The package reads and never judges. What is missing or damaged becomes a Loss; what cannot be read at
// all becomes an artifact whose Status says so. No input makes it panic, no length that an input claims
// is trusted, and every record before a cut is kept.
package evidence

import "fmt"

// Bundle is everything one run loaded. It is read-only after Load returns, and does not depend on the
// number of workers that loaded it.
type Bundle struct {
	// Artifacts in the order of their paths as given; Ref.Artifact and Origin.Artifact index it.
	Artifacts []*Artifact

	// Spans holds the spans of all trace artifacts.
	Spans SpanTable
	// Links holds the links of all spans with valid ids, in the order of the artifacts and of their spans.
	Links []SpanLink
	// Strings holds the interned span names and routes that Span columns index; Strings[0] is "".
	Strings []string
	// Traces holds the distinct trace ids that SpanChunk.Trace indexes.
	Traces [][16]byte
	// Resources holds the distinct resources of all trace artifacts.
	Resources []Resource
	// Origins holds the (artifact, resource) pairs that SpanChunk.Origin indexes.
	Origins []Origin

	// Clocks holds what artifacts state about clocks, in the order of the artifacts.
	Clocks []ClockReading

	// Places holds the nodes, pods and hosts of all artifacts that describe some.
	Places []Place
	// PlaceJoins holds what the places tell about resources, in the order of Resources; a resource that
	// none of them is about is not in it.
	PlaceJoins []PlaceJoin
	// PlaceConflicts holds contradictions between places, or between a place and a resource.
	PlaceConflicts []PlaceConflict

	// Unmatched holds the rules of Options.Identity that are for none of the artifacts.
	Unmatched []IdentityRule

	// Notes say what Load passed over on purpose, in the order of the inputs, such as a symbolic link
	// that leads back to a folder already read. None of it is evidence.
	Notes []string
}

// Origin says which artifact and which resource a span came from.
type Origin struct {
	Artifact uint32 // index into Bundle.Artifacts
	Resource uint32 // index into Bundle.Resources
}

// Ref is a byte range of one artifact, counted in its decoded bytes: after every container and text
// wrapper in Artifact.Containers has been peeled.
type Ref struct {
	Artifact uint32 // index into Bundle.Artifacts
	Off      int64
	Len      int64
}

// Artifact is one captured file, or one member of an archive.
type Artifact struct {
	// Path as the user gave it; a member of an archive is "archive!member", standard input is "-".
	Path string
	// Format as detected from the content, such as "pprof/cpu", "goroutine/debug2" or "otlp/traces".
	// FormatUnknown where no reader knows the content.
	Format Format
	// Encoding of an OTLP artifact: "protobuf", "protobuf-framed", "protobuf-varint", "json" or "jsonl"; else "".
	Encoding string
	// Containers peeled to get at the decoded bytes, outermost first: "gzip", "zstd", "zstd-framed",
	// "tar", "zip", "http", "bom", "utf-16", "crlf", "cri", "docker-json", "journald", "kubectl",
	// "syslog", "timestamps".
	Containers []string
	// SizeBytes is the size of the file, or of the member as its archive stores it; DecodedBytes that
	// of the decoded bytes that were read.
	SizeBytes, DecodedBytes int64
	// Window that the capture covers.
	Window Window
	// Identity of the process or host that the capture is of.
	Identity Identity
	// Go release that wrote it, as far as the bytes tell.
	Go GoVersion
	// Status summarises how reading went.
	Status Status
	// Losses in file order, at most maxLosses of them; MoreLosses counts those beyond.
	Losses     []Loss
	MoreLosses int

	// Profile, Dump, Traces, Clock and Places hold what was read; at most one is set. All are nil for a
	// format that is recognised but not read.
	Profile *Profile
	Dump    *Dump
	Traces  *TraceStats
	Clock   *ClockStats
	Places  *PlaceStats

	batch  *spanBatch // until the merger adopts it
	stamps *stampLog  // of the lines about clocks, while the artifact is read
	places []Place    // likewise
	index  uint32     // in Bundle.Artifacts
	// resourcesOnly is that of the Options.
	resourcesOnly bool
}

// Format names what an artifact is.
type Format string

// Formats that other packages ask for by name. Profile formats are "pprof/KIND" and, for the text form,
// "KIND/debug1".
const (
	FormatUnknown         Format = "unknown"
	FormatEmpty           Format = "empty"
	FormatOTLPTraces      Format = "otlp/traces"
	FormatGoroutineDebug2 Format = "goroutine/debug2"
	FormatGoroutinePanic  Format = "goroutine/panic"
	FormatGoroutineFatal  Format = "goroutine/fatal"
	FormatGoroutineQuit   Format = "goroutine/sigquit"
)

// Status summarises how reading an artifact went.
type Status string

const (
	// StatusOK means that every byte was understood. It is also the status of a format that is
	// recognised but not read: see Artifact.Read.
	StatusOK Status = "ok"
	// StatusDamaged means that rows were read and something is known to be missing or broken.
	StatusDamaged Status = "damaged"
	// StatusUnreadable means that the format is known, or the file could not be opened, and no row
	// could be read.
	StatusUnreadable Status = "unreadable"
	// StatusUnknown means that no reader knows the content.
	StatusUnknown Status = "unknown"
)

// Read reports whether the artifact's rows were read, as opposed to its format merely being recognised.
func (a *Artifact) Read() bool {
	return a.Profile != nil || a.Dump != nil || a.Traces != nil || a.Clock != nil || a.Places != nil
}

// Window is the time a capture covers, in Unix nanoseconds on the capturing host's own clock.
// An instant has Start == End. The zero Window means that the bytes do not tell.
type Window struct {
	Start, End uint64
	// Rule says how the window follows from the bytes, such as "cpu profile: time_nanos is the start".
	Rule string
}

// Known reports whether the bytes tell when the capture was made.
func (w Window) Known() bool { return w.Start != 0 || w.End != 0 }

// GoVersion bounds the Go release that wrote an artifact. Min and Max are minor numbers (26 for
// go1.26); 0 means unbounded on that side.
type GoVersion struct {
	Min, Max int
	// Why names the evidence, such as "runtime.gopark starts at line 445 (go1.26)". "" if nothing tells.
	Why string
}

// Known reports whether anything bounds the release.
func (v GoVersion) Known() bool { return v.Min != 0 || v.Max != 0 }

// LossOrigin says who lost the data.
type LossOrigin string

const (
	// InCapture means that the capturing program dropped the data; the bytes are whole.
	InCapture LossOrigin = "capture"
	// InReading means that the bytes are damaged, cut, or over a limit of this run.
	InReading LossOrigin = "reading"
)

// Loss is data known to be missing.
type Loss struct {
	Ref    Ref
	Origin LossOrigin
	What   string // lower case, no full stop: "file ends inside a span record"
	// Cut marks the Loss that says where the artifact ends early; an artifact has at most one.
	Cut bool
}

// maxLosses bounds Artifact.Losses: a file of garbage must not fill memory with complaints.
const maxLosses = 100

func (a *Artifact) lose(l Loss) {
	if len(a.Losses) >= maxLosses {
		a.MoreLosses++
		return
	}
	a.Losses = append(a.Losses, l)
}

// Cut returns the Loss that says where the artifact ends early, or nil.
func (a *Artifact) Cut() *Loss {
	for i := range a.Losses {
		if a.Losses[i].Cut {
			return &a.Losses[i]
		}
	}
	return nil
}

// String renders the range in the form that `witnessmark show` takes after the artifact's name.
func (r Ref) String() string { return fmt.Sprintf("@%d+%d", r.Off, r.Len) }
