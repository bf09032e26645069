package labels

import (
	"fmt"

	"github.com/witnessmark/witnessmark/internal/goruntime"
)

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

// fix says what to do where goroutines started with entry lack the key for this cause.
func (c cause) fix(entry, key string) string {
	switch c {
	case insideDo:
		return fmt.Sprintf("Below the pprof.Do that %s runs in, look for SetGoroutineLabels and for a nested Do whose context is not made of the one that the closure "+
			"is given (context.Background(), a context kept in a struct): pass that one on.", entry)
	case otherLabels:
		return fmt.Sprintf("Add %q to the pprof.Labels that %s runs with, or make its context of the one that carries the key: labels of a Do add to those of its context, and replace "+
			"those of the goroutine.", key, entry)
	case timer:
		return fmt.Sprintf("Keep the context where the timer is made, and begin %s with pprof.SetGoroutineLabels(ctx), or run it in pprof.Do(ctx, …): time.AfterFunc starts it without labels.", entry)
	case partLabelled:
		return fmt.Sprintf("Some work of %s carries the key: find the path that hands it work without a context, as a queue whose jobs do not hold theirs. Put the context into the job and "+
			"run each in pprof.Do(job.ctx, …).", entry)
	case stackCut:
		return "Look at WM3001 first: with whole stacks the function that these goroutines were started with is known. Profile below the deep part, or raise the limit where the kind has one."
	}
	switch goruntime.ServerOf(entry) {
	case goruntime.HTTPServer:
		return fmt.Sprintf("No handler of this server sets labels: wrap it once, in a middleware that calls pprof.Do(r.Context(), pprof.Labels(%q, …), func(ctx context.Context) "+
			"{ next.ServeHTTP(w, r.WithContext(ctx)) }).", key)
	case goruntime.GRPCServer:
		return fmt.Sprintf("No handler of this server sets labels: add an interceptor, unary and stream, that calls the handler in pprof.Do(ctx, pprof.Labels(%q, …)).", key)
	}
	return fmt.Sprintf("%s was started outside of a request: by a pool, a timer (time.AfterFunc), an init or a loop of main. Put the context into what it is handed and run each job in pprof.Do(ctx, pprof.Labels(%q, …)); "+
		"where it is a library's pool, wrap the function that you hand to it. Work that belongs to no request can be labelled as such once, when its goroutine starts.", entry, key)
}

// proven reports whether the stack itself proves the cause, as opposed to comparison with others.
func (c cause) proven() bool { return c == insideDo || c == otherLabels || c == timer }
