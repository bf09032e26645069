package main

import (
	"fmt"
	"runtime"
	"strings"
)

// crashSite names what a panic was and where. The value of a panic may hold captured text, so only its type
// is shown unless it is a runtime error, whose text is of numbers.
func crashSite(e any) string {
	what := fmt.Sprintf("%T", e)
	if err, ok := e.(runtime.Error); ok {
		what = err.Error()
	}
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "github.com/witnessmark/") {
			return fmt.Sprintf("%s in %s, line %d; please report this line", what, f.Function, f.Line)
		}
		if !more {
			return what
		}
	}
}

func splitLines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }
