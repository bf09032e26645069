package labels

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

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
func (l *lack) explain() string {
	switch l.cause {
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
	switch others := l.namedCarriers(); {
	case !l.ofServer():
		return "no work of which was seen with it, as of code that is started outside of labelled code and sets no labels itself"
	case others == "":
		return "no work of which was seen with it"
	default:
		return "no work of which was seen with it, while what was started with other functions was (" + others + "): its handlers may have started that, under labels"
	}
}

// ofServer reports whether the entry is a server's own goroutine. What its handlers start has entries of its own, and
// profiles do not say who started it.
func (l *lack) ofServer() bool { return goruntime.ServerOf(l.entry) != goruntime.NoServer }

// namedCarriers names the functions that most of what carries the key was started with, "" where nothing does.
func (l *lack) namedCarriers() string {
	const named = 3
	entries := slices.SortedFunc(maps.Keys(l.carriers), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.carriers[b], l.carriers[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, entry := range entries[:min(named, len(entries))] {
		name := entry
		if entry == unknownEntry {
			name = "of cut stacks"
		}
		parts = append(parts, fmt.Sprintf("%d %s", l.carriers[entry], name))
	}
	if len(entries) > named {
		parts = append(parts, "and others")
	}
	return strings.Join(parts, ", ")
}

// fix says what to do for the lack's cause.
func (l *lack) fix() string {
	entry, key := l.entry, l.key
	if l.ofServer() && (l.cause == partLabelled || l.cause == entryUnlabelled) {
		return l.serverFix()
	}
	switch l.cause {
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
	return fmt.Sprintf("Look where %s is started: most often outside of a request, by a pool, a timer (time.AfterFunc), an init or a loop of main. Put the context into what it is handed and run each job in pprof.Do(ctx, pprof.Labels(%q, …)); "+
		"where it is a library's pool, wrap the function that you hand to it. Work that belongs to no request can be labelled as such once, when its goroutine starts.", entry, key)
}

// serverFix says how to label all that the handlers of a server do.
func (l *lack) serverFix() string {
	seen := "Nothing here shows that handlers of this server set the label"
	if l.cause == partLabelled || len(l.carriers) > 0 {
		seen = "Handlers may set the label for some requests, or for a part of their work, only"
	}
	how := "a middleware that calls pprof.Do(r.Context(), pprof.Labels(%q, …), func(ctx context.Context) { next.ServeHTTP(w, r.WithContext(ctx)) })"
	if goruntime.ServerOf(l.entry) == goruntime.GRPCServer {
		how = "an interceptor, unary and stream, that calls the handler in pprof.Do(ctx, pprof.Labels(%q, …))"
	}
	return fmt.Sprintf("%s: wrap the server once, in "+how+". Where it is wrapped already, look for what runs past that.", seen, l.key)
}

// proven reports whether the stack itself proves the cause, as opposed to comparison with others.
func (c cause) proven() bool { return c == insideDo || c == otherLabels || c == timer }
