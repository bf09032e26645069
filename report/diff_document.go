package report

// DiffSchema names the version of the document of a comparison. Within it, fields are only ever added.
const DiffSchema = "witnessmark.diff/1"

// Delta is what differs between two documents. Lists hold what differs and nothing else, so that the delta of a
// document with itself is empty, and that of swapped sides is the mirror image.
//
// The comments of this file are the only description of the JSON: the tables of docs/diff.md are made from them.
type Delta struct {
	// Name and version of the document's format, "witnessmark.diff/1".
	Schema string `json:"schema"`
	// The program that wrote the document.
	Tool Tool `json:"tool"`
	// How the comparison was asked for, and how it ended.
	Run DiffRun `json:"run"`
	// What was compared: the earlier side.
	Before DiffSide `json:"before"`
	// What it was compared with: the later side.
	After DiffSide `json:"after"`
	// Totals.
	Summary DiffSummary `json:"summary"`
	// Why exit_code is 1, one entry each; empty where it is not.
	Regressions []Regression `json:"regressions"`
	// The thresholds that were asked for, in their order.
	Thresholds []ThresholdResult `json:"thresholds"`
	// Artifacts without a counterpart, or whose counterpart is not quite like them.
	Artifacts []ArtifactPair `json:"artifacts"`
	// Findings that are not the same on both sides, worst first.
	Findings []FindingChange `json:"findings"`
	// Link completeness of every hop that differs, of every service, and over all.
	Links []LinkChange `json:"links"`
	// Measures that differ, those told from chance first, then by name and subject.
	Measures []MeasureChange `json:"measures"`
	// Profiles that differ, by functions and stacks.
	Profiles []ProfileChange `json:"profiles"`
	// Goroutines that differ, by groups.
	Goroutines []GoroutineChange `json:"goroutines"`
}

// DiffRun says how a comparison was asked for and how it ended.
type DiffRun struct {
	// The arguments as typed, without the program's name.
	Args []string `json:"args"`
	// False where something could not be compared; incomplete says what.
	Complete bool `json:"complete"`
	// Why complete is false, one sentence each.
	Incomplete []string `json:"incomplete"`
	// What a reader must know to read the numbers, one sentence each.
	Notes []string `json:"notes"`
	// Severity from which new findings fail the run, or "never", which nothing does.
	FailOn string `json:"fail_on"`
	// The chance of any false alarm among all tests of measures, and again among those of functions.
	Alpha float64 `json:"alpha"`
	// Level that one test of a measure was made at, so that all of them together keep alpha.
	MeasureLevel float64 `json:"measure_level"`
	// Confidence of the intervals, each by itself.
	Confidence float64 `json:"confidence"`
	// By how much counts of spans vary more than independent ones: they are divided by it before a test.
	Dispersion float64 `json:"dispersion"`
	// The same for orphans: twice their number in a trace that is not complete, less one, if that is more.
	OrphanDispersion float64 `json:"orphan_dispersion"`
	// "total" or "duration": what profiles are normalised by.
	Normalize string `json:"normalize"`
	// "stack", "creator" or "label:KEY": what goroutines are grouped by.
	GroupBy string `json:"group_by"`
	// 0 no regression, 1 a regression, 3 none but the comparison is incomplete.
	ExitCode int `json:"exit_code"`
}

// DiffSide is one side of a comparison.
type DiffSide struct {
	// The input as given.
	Input string `json:"input"`
	// True for a saved report, which holds no stacks.
	Saved bool `json:"saved"`
	// Number of artifacts.
	Artifacts int `json:"artifacts"`
	// Whether all of its evidence could be read and every check worked.
	Complete bool `json:"complete"`
	// Findings by severity, accepted ones left out.
	Findings BySeverity `json:"findings"`
}

// DiffSummary holds totals of a comparison.
type DiffSummary struct {
	// Findings of the later side only, where the earlier could have had them.
	New int `json:"new"`
	// Findings of the earlier side only, where the later could have had them.
	Fixed int `json:"fixed"`
	// Findings of both sides that are the same but for chance.
	Still int `json:"still"`
	// Findings of both sides that differ.
	Changed int `json:"changed"`
	// Findings of one side only, where the other could not have had them.
	Unknown int `json:"unknown"`
	// Measures that were tested.
	Tested int `json:"tested"`
	// Measures whose change is more than chance.
	MeasuresChanged int `json:"measures_changed"`
	// Functions whose change is more than chance.
	FunctionsChanged int `json:"functions_changed"`
	// Groups of goroutines whose change is more than chance.
	GroupsChanged int `json:"groups_changed"`
}

// Regression is one reason for exit code 1.
type Regression struct {
	// "finding", "measure", "function" or "threshold".
	Kind string `json:"kind"`
	// What it is of: the id of a check, the name of a measure, a function, a threshold as typed.
	Name string `json:"name"`
	// What it is about.
	Subject map[string]string `json:"subject"`
	// One sentence with the numbers in it.
	Text string `json:"text"`
}

// ThresholdResult is the outcome of one threshold for one thing that it is about.
type ThresholdResult struct {
	// The threshold as typed.
	Threshold string `json:"threshold"`
	// What it was compared with.
	Subject map[string]string `json:"subject"`
	// "exceeded", "within", "chance" (beyond it, but that could be chance) or "absent" (there is no such
	// number, and the run is incomplete).
	Outcome string `json:"outcome"`
	// One sentence with the numbers in it.
	Text string `json:"text"`
}

// ArtifactPair is an artifact of one side and its counterpart.
type ArtifactPair struct {
	// Path on the earlier side; "" where it has none.
	Before string `json:"before"`
	// Path on the later side; "" where it has none.
	After string `json:"after"`
	// Format, as in a report.
	Format string `json:"format"`
	// What keeps the two from being compared as a whole, one sentence each.
	Differences []string `json:"differences"`
}

// FindingChange is a finding that is not the same on both sides.
type FindingChange struct {
	// "new", "fixed", "changed", "still" (with --all) or "unknown": on one side only, where the other could not have
	// had it; reason says why.
	State string `json:"state"`
	// Id of the check.
	ID string `json:"id"`
	// Name of the check.
	Name string `json:"name"`
	// Severity on the later side, or on the earlier where there is no later.
	Severity string `json:"severity"`
	// Severity on the earlier side where it is another. Absent elsewhere.
	SeverityBefore string `json:"severity_before,omitempty"`
	// How strongly the evidence carries it.
	Basis string `json:"basis"`
	// Identity of the finding across captures, as in a report.
	Key string `json:"key"`
	// What it is about.
	Subject map[string]string `json:"subject"`
	// Message on the earlier side; "" where it has none.
	Before string `json:"before"`
	// Message on the later side; "" where it has none.
	After string `json:"after"`
	// Why the state is unknown, or how much of it may be chance; "" elsewhere.
	Reason string `json:"reason"`
	// Its numbers.
	Measures []MeasureChange `json:"measures"`
	// Whether the difference can be told from chance: "changed", "chance", "too-few", or "untested" where it
	// has no numbers that could be tested.
	Verdict string `json:"verdict"`
}

// MeasureChange is a number of both sides.
type MeasureChange struct {
	// Name, as in a report.
	Name string `json:"name"`
	// Unit, as in a report.
	Unit string `json:"unit"`
	// What it is of; an artifact by the name that both sides know it by.
	Subject map[string]string `json:"subject"`
	// The earlier number. Absent where there is none.
	Before *MeasureSide `json:"before,omitempty"`
	// The later number. Absent where there is none.
	After *MeasureSide `json:"after,omitempty"`
	// after − before; of counts that are out of something, the difference of their shares. Absent where one is missing.
	Change *float64 `json:"change,omitempty"`
	// Lower end of the interval of change. Absent where nothing bounds it.
	Low *float64 `json:"low,omitempty"`
	// Upper end of the interval of change. Absent where nothing bounds it.
	High *float64 `json:"high,omitempty"`
	// What was tested: "shares" (exact, two counts out of totals), "counts" (exact, two counts), "bounds" (interval
	// against interval) or "" (nothing to test by).
	Test string `json:"test"`
	// Two-sided probability of a difference at least as large where nothing changed. Absent without an exact test.
	P *float64 `json:"p,omitempty"`
	// The smallest growth of the share that would have been told from chance. Absent where none would, or
	// shares were not tested.
	Detectable *float64 `json:"detectable,omitempty"`
	// "changed" (more than chance), "chance" (it may be), "too-few" (no outcome could have been told from chance),
	// "untested" (a number without a spread), "same", or "unknown" (on one side only).
	Verdict string `json:"verdict"`
	// "worse", "better", or "" where it is neither by itself.
	Direction string `json:"direction"`
}

// MeasureSide is one side of a number.
type MeasureSide struct {
	// The number.
	Value float64 `json:"value"`
	// Lower bound where the number is an interval.
	Low *float64 `json:"low,omitempty"`
	// Upper bound where the number is an interval.
	High *float64 `json:"high,omitempty"`
	// What it is out of: the number of spans, calls, samples, …. Absent where it is out of nothing.
	Of *float64 `json:"of,omitempty"`
}

// LinkChange is the completeness of links: the share of calls whose server span is there.
type LinkChange struct {
	// "hop", "service" (all calls of a server) or "all".
	Scope string `json:"scope"`
	// The calling service; "" over all.
	Client string `json:"client"`
	// The called service; "" over all.
	Server string `json:"server"`
	// Calls of the earlier side.
	BeforeCalls int `json:"before_calls"`
	// Calls of the later side.
	AfterCalls int `json:"after_calls"`
	// Share of the earlier side, 0 to 1. Absent without calls.
	Before *float64 `json:"before,omitempty"`
	// Share of the later side. Absent without calls.
	After *float64 `json:"after,omitempty"`
	// Lower end of the interval of after − before. Absent where one is missing.
	Low *float64 `json:"low,omitempty"`
	// Upper end of the interval. Absent where one is missing.
	High *float64 `json:"high,omitempty"`
	// As of a measure.
	Verdict string `json:"verdict"`
}

// ProfileChange is a profile of both sides.
type ProfileChange struct {
	// The profile, by the name that both sides know it by.
	Artifact string `json:"artifact"`
	// Kind, such as "cpu".
	Kind string `json:"kind"`
	// The sample type that was compared, as "type/unit". "" where there is none in common.
	SampleType string `json:"sample_type"`
	// What differs between the two but their samples, one sentence each.
	Differences []string `json:"differences"`
	// Value of the earlier side.
	BeforeTotal float64 `json:"before_total"`
	// Value of the later side.
	AfterTotal float64 `json:"after_total"`
	// How many independent samples the earlier side's value is worth.
	BeforeSamples float64 `json:"before_samples"`
	// How many independent samples the later side's value is worth.
	AfterSamples float64 `json:"after_samples"`
	// Duration of the earlier side in nanoseconds; 0 if not recorded.
	BeforeDurationNS int64 `json:"before_duration_ns"`
	// Duration of the later side in nanoseconds; 0 if not recorded.
	AfterDurationNS int64 `json:"after_duration_ns"`
	// Level that one function was tested at.
	Level float64 `json:"level"`
	// Functions that differ, those told from chance first, then by the size of the change.
	Functions []ShareChange `json:"functions"`
	// Functions that differ beyond those listed.
	MoreFunctions int `json:"more_functions"`
	// Stacks that differ, in the same order.
	Stacks []ShareChange `json:"stacks"`
	// Stacks that differ beyond those listed.
	MoreStacks int `json:"more_stacks"`
}

// ShareChange is a function or stack of both sides of a profile.
type ShareChange struct {
	// The function; of a stack, its functions, outermost first, joined by ";".
	Name string `json:"name"`
	// Its own value, of a stack all of it.
	Flat Share `json:"flat"`
	// Value of it and what it called. Absent for a stack.
	Cum *Share `json:"cum,omitempty"`
}

// Share is a part of both sides of a profile. Normalised by duration, the shares are value per second.
type Share struct {
	// The earlier share.
	Before float64 `json:"before"`
	// The later share.
	After float64 `json:"after"`
	// Lower end of the interval of after − before.
	Low float64 `json:"low"`
	// Upper end of the interval.
	High float64 `json:"high"`
	// Two-sided probability of a difference at least as large where nothing changed.
	P float64 `json:"p"`
	// As of a measure.
	Verdict string `json:"verdict"`
}

// GoroutineChange is the goroutines of both sides of one artifact.
type GoroutineChange struct {
	// The artifact, by the name that both sides know it by.
	Artifact string `json:"artifact"`
	// Goroutines of the earlier side.
	Before int `json:"before"`
	// Goroutines of the later side.
	After int `json:"after"`
	// Groups that differ, those told from chance first, then by the size of the change.
	Groups []GroupChange `json:"groups"`
	// Groups that differ beyond those listed.
	MoreGroups int `json:"more_groups"`
}

// GroupChange is a group of goroutines on both sides.
type GroupChange struct {
	// The creator, the label's value, or the functions of the stack, innermost first.
	Name string `json:"name"`
	// Goroutines of the earlier side.
	Before int `json:"before"`
	// Goroutines of the later side.
	After int `json:"after"`
	// Lower end of the interval of after − before.
	Low float64 `json:"low"`
	// Upper end of the interval.
	High float64 `json:"high"`
	// Two-sided probability of a difference at least as large where nothing changed.
	P float64 `json:"p"`
	// As of a measure.
	Verdict string `json:"verdict"`
}
