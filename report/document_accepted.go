package report

// Known is a finding that a baseline holds.
type Known struct {
	// Identity of the finding: as in findings.
	Key string `json:"key"`
	// Id of the check that found it.
	ID string `json:"id"`
	// Name of the check that found it.
	Name string `json:"name"`
	// "error", "warning" or "note".
	Severity string `json:"severity"`
	// What it is about.
	Subject map[string]string `json:"subject"`
	// What it said when the baseline was made: numbers are of that day.
	Message string `json:"message"`
	// What it was found in: without an artifact of each kind it cannot be called fixed.
	Sources []Source `json:"sources"`
}

// Source is a kind of artifact that stays the same in the next capture, as its path may not.
type Source struct {
	// The format, as in artifacts.
	Format string `json:"format"`
	// Service that the artifact is of, "" where nothing tells.
	Service string `json:"service"`
}
