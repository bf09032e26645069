package report

// Flame is a profile as a tree of functions, bounded: what a flame graph draws.
type Flame struct {
	// Id of the artifact.
	Artifact string `json:"artifact"`
	// Name of the value that is summed: the type and unit of the profile's primary sample type, "cpu/nanoseconds".
	SampleType string `json:"sample_type"`
	// Sum over all samples, nodes[0] without the samples that have no functions.
	Total int64 `json:"total"`
	// Label keys that a sample must carry to be labelled; empty where any label will do.
	Keys []string `json:"keys"`
	// Names of the functions that nodes refer to.
	Functions []string `json:"functions"`
	// The tree in preorder, children by their value, the largest first. The first node is the root and stands for the
	// whole profile; it has no function.
	Nodes []FlameNode `json:"nodes"`
	// Nodes of the whole tree that are folded: they are too small or too many, and a node with the function "(rest)"
	// holds their value.
	Folded int `json:"folded"`
}

// FlameNode is a function on a path from the root, with everything that it called. Its value is the sum of the three
// classes, as the check label-missing counts them.
type FlameNode struct {
	// Depth below the root, which has 0.
	Depth int `json:"d"`
	// Index of the function in functions.
	Function int `json:"f"`
	// Value of samples that carry the labels.
	Labelled int64 `json:"l,omitempty"`
	// Value of samples that could carry them and do not.
	Lost int64 `json:"x,omitempty"`
	// Value of samples that nothing could have labelled.
	Unlabelable int64 `json:"u,omitempty"`
}

// GoroutineSeries is the goroutines of one process over its dumps of one format, by groups of equal stacks.
type GoroutineSeries struct {
	// What the dumps have in common: their service, instance and host, or their folder where nothing tells these.
	Of string `json:"of"`
	// Format of the dumps.
	Format string `json:"format"`
	// True where every dump tells when it was made: then they are in the order of their times, else of their paths.
	Timed bool `json:"timed"`
	// Ids of the artifacts.
	Artifacts []string `json:"artifacts"`
	// Goroutines in each dump.
	Totals []int `json:"totals"`
	// The groups that are largest in some dump, those that grow most first.
	Groups []GoroutineGroup `json:"groups"`
	// Groups that are not listed.
	MoreGroups int `json:"more_groups"`
}

// GoroutineGroup is the goroutines of a series with one stack.
type GoroutineGroup struct {
	// Functions of the stack, innermost first, joined by ";".
	Stack string `json:"stack"`
	// Goroutines in each dump of the series.
	Counts []int `json:"counts"`
}
