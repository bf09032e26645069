// Package report turns a result into the Document, the contract with scripts, and writes documents in
// every output format. What goes in is an analyze.Result and how the run was asked for; what comes out is
// the same bytes for the same input: no clock, no host name, no order of a map.
//
// Captured text is hostile. Every renderer neutralises terminal escapes, bidirectional overrides and
// whatever else its format could be made to misread; the table does it in clean.go.
package report

// Schema names the version of the document. Within it, fields are only ever added.
const Schema = "witnessmark.report/1"

// Document is one report: what was read, what was checked, what was found.
//
// The comments of this file and of the files document_*.go are the only description of the JSON: schema.json and the tables of
// docs/json.md are made from them.
type Document struct {
	// Name and version of the document's format, "witnessmark.report/1". Within a version, fields are only
	// ever added, and readers must ignore fields and values that they do not know.
	Schema string `json:"schema"`
	// The program that wrote the document.
	Tool Tool `json:"tool"`
	// How the run was asked for, and how it ended.
	Run Run `json:"run"`
	// Totals over the whole document.
	Summary Summary `json:"summary"`
	// Every file, and every member of an archive, in the order in which they were named or found.
	Artifacts []Artifact `json:"artifacts"`
	// Every distinct resource of the traces: a process, as its spans describe it.
	Resources []Resource `json:"resources"`
	// Every check in the order of their ids, also those that found nothing or could not look.
	Checks []Check `json:"checks"`
	// What the checks found, worst first, then by id and subject.
	Findings []Finding `json:"findings"`
	// What the checks found and a baseline or the configuration accepts, in the order of findings. Absent where
	// nothing is accepted.
	Accepted []Finding `json:"accepted,omitempty"`
	// Findings of the baseline that are gone although the run could have found them. Absent where none is.
	Fixed []Known `json:"fixed,omitempty"`
	// The numbers that the checks computed, by name and subject, also where nothing is wrong.
	Measures []Measure `json:"measures"`
	// Where every clock stood, from calls between hosts and readings against UTC. Absent where nothing ties
	// two clocks, or the checks that need it were switched off.
	Clocks *Clocks `json:"clocks,omitempty"`
	// Profiles as flame graphs. Absent where neither html was among the formats of the run nor --stacks was given, as
	// the two fields below.
	Flames []Flame `json:"flames,omitempty"`
	// Profiles that have no flame graph because there are too many.
	MoreFlames int `json:"more_flames,omitempty"`
	// Goroutines over the dumps of each process, by groups of equal stacks.
	GoroutineSeries []GoroutineSeries `json:"goroutine_series,omitempty"`
}

// Tool names the program that wrote a document.
type Tool struct {
	// "witnessmark".
	Name string `json:"name"`
	// Version of the program; "devel" for one built from a working tree.
	Version string `json:"version"`
}

// Run says how a run was asked for and how it ended.
type Run struct {
	// The subcommand: "examine", "inspect" or "clocks".
	Command string `json:"command"`
	// The arguments as typed, without the program's name.
	Args []string `json:"args"`
	// False where some evidence could not be read or a check broke; incomplete says what.
	Complete bool `json:"complete"`
	// Why complete is false, one sentence each; empty where it is true.
	Incomplete []string `json:"incomplete"`
	// What was passed over on purpose, such as a symbolic link to a folder that was read already.
	Notes []string `json:"notes"`
	// The severity from which findings fail the run: "error", "warning", "note" or "never".
	FailOn string `json:"fail_on"`
	// True where the run had a baseline to compare with. Absent elsewhere.
	Baseline bool `json:"baseline,omitempty"`
	// 0 nothing at or above fail_on, 1 something is, 2 an input named nothing (incomplete says which; the
	// rest was examined), 3 nothing at or above fail_on but the run is incomplete.
	ExitCode int `json:"exit_code"`
}

// Summary holds totals over the whole document.
type Summary struct {
	// Number of artifacts.
	Artifacts int `json:"artifacts"`
	// Artifacts that could not be opened, are empty, or of which no row could be read although their
	// format is known.
	Unreadable int `json:"unreadable"`
	// Artifacts of which rows were read and something is known to be missing or broken.
	Damaged int `json:"damaged"`
	// Artifacts whose content no reader knows.
	Unknown int `json:"unknown"`
	// Artifacts whose format is recognised but whose content this version does not examine, by format.
	NotRead []NotRead `json:"not_read"`
	// Size of all artifacts together as stored.
	Bytes int64 `json:"bytes"`
	// Size of all artifacts together after containers and text wrappers were peeled.
	DecodedBytes int64 `json:"decoded_bytes"`
	// Findings by severity.
	Findings BySeverity `json:"findings"`
	// Findings that a baseline or the configuration accepts; they are not counted elsewhere.
	Suppressed int `json:"suppressed"`
	// Findings that no baseline accepts: all of them in a run without a baseline.
	New int `json:"new"`
	// Findings of the baseline that are gone; 0 in a run without a baseline.
	Fixed int `json:"fixed"`
	// Checks by outcome.
	Checks ByOutcome `json:"checks"`
}

// NotRead counts artifacts of a format that is recognised and not examined.
type NotRead struct {
	// The format, as in artifacts.
	Format string `json:"format"`
	// How many artifacts have it.
	Artifacts int `json:"artifacts"`
}

// BySeverity counts findings.
type BySeverity struct {
	// Findings of severity error.
	Error int `json:"error"`
	// Findings of severity warning.
	Warning int `json:"warning"`
	// Findings of severity note.
	Note int `json:"note"`
}

// ByOutcome counts checks.
type ByOutcome struct {
	// Checks that looked and found nothing.
	Clean int `json:"clean"`
	// Checks that found something.
	Found int `json:"found"`
	// Checks that had nothing to look at; their reason says why.
	Inapplicable int `json:"inapplicable"`
	// Checks that broke; their reason says how. The run is then incomplete.
	Failed int `json:"failed"`
	// Checks that were switched off by --only or --skip.
	Disabled int `json:"disabled"`
}

// Artifact is one captured file, or one member of an archive.
type Artifact struct {
	// "a1", "a2", … in the order of the document. Exhibits refer to it; it is not the same in another run.
	ID string `json:"id"`
	// Path as given; a member of an archive is "archive!member", standard input is "-".
	Path string `json:"path"`
	// Format as detected from the content: "pprof/cpu", "heap/debug1", "goroutine/debug2",
	// "otlp/traces", …; "empty" for a file of no bytes, "unknown" for content that no reader knows.
	Format string `json:"format"`
	// Encoding of an OTLP artifact: "protobuf", "protobuf-framed" (each message behind its length in four
	// bytes), "protobuf-varint" (behind its length as a varint), "json" or "jsonl". Absent elsewhere.
	Encoding string `json:"encoding,omitempty"`
	// Containers and text wrappers that were peeled, outermost first: "gzip", "zstd", "zstd-framed",
	// "tar", "zip", "http", "bom", "utf-16", "crlf", "cri", "docker-json", "journald", "kubectl",
	// "syslog", "timestamps".
	Container []string `json:"container"`
	// Size as stored.
	Bytes int64 `json:"bytes"`
	// Size after everything in container was peeled. Offsets of losses and exhibits count in these bytes.
	DecodedBytes int64 `json:"decoded_bytes"`
	// "ok", "damaged" (rows were read and something is known to be missing or broken), "unreadable" (no
	// row could be read) or "unknown".
	Status string `json:"status"`
	// Whether the rows were read. False also for a format that is recognised and not examined.
	Read bool `json:"read"`

	// Start of the window that the capture covers, on the capturing host's own clock: Unix nanoseconds
	// as a decimal string. Absent where the bytes do not tell.
	StartUnixNano string `json:"start_unix_nano,omitempty"`
	// End of the window; the same as the start for an instant. Absent where the bytes do not tell.
	EndUnixNano string `json:"end_unix_nano,omitempty"`
	// How the window follows from the bytes. Absent where there is none.
	WindowRule string `json:"window_rule,omitempty"`

	// Which process, host and zone the capture is of; "" where nothing tells.
	Identity Identity `json:"identity"`
	// Where each value of identity comes from; values that nothing tells are absent.
	IdentityFrom IdentityFrom `json:"identity_from"`
	// The Go release that wrote the capture, as far as the bytes tell. Absent where nothing tells.
	GoVersion *GoVersion `json:"go_version,omitempty"`

	// Spans read. Absent where the artifact holds no traces, as the fields below where it is of
	// another kind.
	Spans *int `json:"spans,omitempty"`
	// Ids of the resources that the spans name, in the order of the document's resources.
	Resources []string `json:"resources,omitempty"`
	// Records that say where something runs. Absent where the artifact holds none of that kind.
	Places *Places `json:"places,omitempty"`
	// Records of other signals in a trace artifact, which were skipped, by the name of their field.
	OtherSignals map[string]int `json:"other_signals,omitempty"`
	// Goroutine records read from goroutine text.
	Goroutines *int `json:"goroutines,omitempty"`
	// Dumps in one file of goroutine text; absent where there is one.
	Dumps int `json:"dumps,omitempty"`
	// Why goroutine text was written: "panic: …", "fatal error: …", "SIGQUIT: quit". Absent for a dump
	// that was asked for.
	Reason string `json:"reason,omitempty"`
	// Samples (rows) of a profile.
	Samples *int `json:"samples,omitempty"`
	// Sample types of a profile as "type/unit", such as "cpu/nanoseconds".
	SampleTypes []string `json:"sample_types,omitempty"`
	// True for a profile that is the difference between two moments; absent elsewhere.
	Delta bool `json:"delta,omitempty"`
	// "runtime" where the order of a profile's fields is that of runtime/pprof, "re-encoded" where it
	// is that of another encoder. Absent where it cannot be told.
	Provenance string `json:"provenance,omitempty"`
	// Duration of a profile as recorded, in nanoseconds. Absent where none is.
	DurationNS int64 `json:"duration_ns,omitempty"`
	// True where a profile's string table is missing: its samples have no names.
	NamesLost bool `json:"names_lost,omitempty"`

	// Data known to be missing, in the order of the file; at most 100, more_losses counts the rest.
	Losses []Loss `json:"losses"`
	// Losses beyond those listed.
	MoreLosses int `json:"more_losses"`
}

// Places counts the records of an artifact that say where something runs.
type Places struct {
	// Kubernetes nodes.
	Nodes int `json:"nodes"`
	// Kubernetes pods.
	Pods int `json:"pods"`
	// Hosts, as the metadata of their cloud or a table describes them.
	Hosts int `json:"hosts"`
	// Kubernetes objects of other kinds.
	Other int `json:"other"`
}

// Identity says which process, host and zone something is of.
type Identity struct {
	// Name of the service.
	Service string `json:"service"`
	// Instance of the service.
	Instance string `json:"instance"`
	// Name of the host.
	Host string `json:"host"`
	// Availability zone.
	AZ string `json:"az"`
	// Key of the clock that stamped the data: the strongest identity of a host that the evidence holds.
	Domain string `json:"domain"`
}

// IdentityFrom says where each value of an Identity comes from.
type IdentityFrom struct {
	// Source of service, such as "resource service.name", "manifest witnessmark.yaml" or "--identity".
	Service string `json:"service,omitempty"`
	// Source of instance.
	Instance string `json:"instance,omitempty"`
	// Source of host.
	Host string `json:"host,omitempty"`
	// Source of az. One that begins with "join: " was not recorded but found by way of the records that the
	// rest names.
	AZ string `json:"az,omitempty"`
	// Source of domain.
	Domain string `json:"domain,omitempty"`
}

// GoVersion bounds the Go release that wrote a capture.
type GoVersion struct {
	// The oldest release that fits, such as "1.26". Absent where nothing bounds it.
	Min string `json:"min,omitempty"`
	// The newest release that fits. Absent where nothing bounds it.
	Max string `json:"max,omitempty"`
	// The evidence.
	Why string `json:"why"`
}

// Loss is data known to be missing.
type Loss struct {
	// "capture": the capturing program dropped it, the bytes are whole. "reading": the bytes are
	// damaged, cut, or over a limit of this run.
	Origin string `json:"origin"`
	// Where, in decoded bytes.
	Offset int64 `json:"offset"`
	// How many decoded bytes are affected.
	Length int64 `json:"length"`
	// What is missing and how that is known.
	What string `json:"what"`
	// True for the loss that says where the artifact ends early; absent elsewhere.
	Cut bool `json:"cut,omitempty"`
}

// Resource is one distinct resource of the traces.
type Resource struct {
	// "r1", "r2", … in the order of the document. Artifacts refer to it; it is not the same in another run.
	ID string `json:"id"`
	// Which process, host and zone it describes.
	Identity Identity `json:"identity"`
	// Where each value of identity comes from.
	IdentityFrom IdentityFrom `json:"identity_from"`
	// cloud.region, recorded or joined. Absent where the resource has none.
	Region string `json:"region,omitempty"`
	// Source of region, as in identity_from. Absent where there is none.
	RegionFrom string `json:"region_from,omitempty"`
	// cloud.availability_zone as recorded, also where identity has another zone that was declared, or none
	// because the value is no zone. Absent where the resource has none.
	AZRecorded string `json:"az_recorded,omitempty"`
	// cloud.account.id: names of zones mean the same only within one account. Absent where the resource
	// has none.
	Account string `json:"account,omitempty"`
	// The telemetry SDK as language/version, such as "go/1.47.0". Absent where the resource has none.
	SDK string `json:"sdk,omitempty"`
	// process.runtime.version, such as "go1.26.8". Absent where the resource has none.
	RuntimeVersion string `json:"runtime_version,omitempty"`
}

// Check is the outcome of one check.
type Check struct {
	// Id of the check, such as "WM4001". Never reused.
	ID string `json:"id"`
	// Name of the check, such as "orphan-span".
	Name string `json:"name"`
	// "clean" (it looked and found nothing), "found", "inapplicable" (it had nothing to look at),
	// "failed" (it broke) or "disabled".
	Outcome string `json:"outcome"`
	// Why it was inapplicable, how it failed, or what a check that looked could not look at; "" otherwise.
	Reason string `json:"reason"`
	// How many findings it has.
	Findings int `json:"findings"`
}

// Finding is one thing that a check found.
type Finding struct {
	// Id of the check that found it.
	ID string `json:"id"`
	// Name of the check that found it.
	Name string `json:"name"`
	// "error", "warning" or "note".
	Severity string `json:"severity"`
	// Severity that the baseline knows the finding with, where that is less. Absent elsewhere.
	SeverityBefore string `json:"severity_before,omitempty"`
	// How strongly the evidence carries it: "proven" (the bytes imply it), "bounded" (true for every
	// value in the stated interval) or "heuristic" (it usually means this).
	Basis string `json:"basis"`
	// "new": nothing accepts it. "known": the baseline has it. "suppressed": the configuration accepts it, reason
	// says why.
	State string `json:"state"`
	// The reason that the configuration gives for accepting it. Absent elsewhere.
	Reason string `json:"reason,omitempty"`
	// Identity of the finding in the next capture too: "c1:" and a hash of id and subject.
	Key string `json:"key"`
	// What it is about, by the names that stay the same in the next capture: services, routes, functions.
	Subject map[string]string `json:"subject"`
	// One sentence with the numbers in it.
	Message string `json:"message"`
	// Numbers that belong to this finding.
	Measures []Measure `json:"measures"`
	// The bytes behind it; at least one.
	Exhibits []Exhibit `json:"exhibits"`
	// What to do.
	Fix string `json:"fix"`
}

// Exhibit points at the bytes behind a finding.
type Exhibit struct {
	// Id of the artifact.
	Artifact string `json:"artifact"`
	// Where, in decoded bytes. `witnessmark show PATH@OFFSET+LENGTH` prints it.
	Offset int64 `json:"offset"`
	// How many decoded bytes.
	Length int64 `json:"length"`
	// What part it plays: "child", "parent", "sample", "record", "cut", …
	Role string `json:"role"`
	// The bytes in short, one line.
	Text string `json:"text"`
}

// Measure is one number.
type Measure struct {
	// Name, such as "spans.orphan". Never reused for another meaning.
	Name string `json:"name"`
	// Unit, such as "spans", "ratio" (0 to 1) or "ns".
	Unit string `json:"unit"`
	// What it is of; empty for a number over the whole run.
	Subject map[string]string `json:"subject"`
	// The number.
	Value float64 `json:"value"`
	// Lower bound where the number is an interval; absent where it is exact, and, if high is there, where
	// nothing bounds it.
	Low *float64 `json:"low,omitempty"`
	// Upper bound where the number is an interval; absent where it is exact, and, if low is there, where
	// nothing bounds it.
	High *float64 `json:"high,omitempty"`
}
