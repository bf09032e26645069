package labels

// cause says what a stack tells of why its value lacks a required label.
type cause string

const (
	// insideDo: runtime/pprof.Do is on the stack, which sets labels, and there are none. Something below
	// it replaced them.
	insideDo cause = "inside-do"
	// otherLabels: there are labels, but not the required one.
	otherLabels cause = "other-labels"
	// timer: the goroutine was created by time.goFunc, which runs without labels.
	timer cause = "timer"
	// partLabelled: other stacks with the same entry function carry the key.
	partLabelled cause = "part-labelled"
	// stackCut: the stack was cut, so the entry function is not known.
	stackCut cause = "stack-cut"
	// entryUnlabelled: no stack with this entry function carries the key.
	entryUnlabelled cause = "entry-unlabelled"
)

// explain continues "… started with ENTRY, ", or for stackCut "… started with ".
func (c cause) explain() string {
	switch c {
	case insideDo:
		return "with pprof.Do on the stack: its labels were replaced below it, as SetGoroutineLabels or a nested Do with another context do"
	case otherLabels:
		return "with other labels"
	case timer:
		return "by a timer, which runs without labels"
	case partLabelled:
		return "other work of which carries it"
	case stackCut:
		return "a function that is not known: the stack was cut"
	}
	return "no work of which carries it: it was started outside of labelled code and sets no labels itself"
}

// proven reports whether the stack itself proves the cause, as opposed to comparison with others.
func (c cause) proven() bool { return c == insideDo || c == otherLabels || c == timer }
