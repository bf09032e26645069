// Program goroutines makes specimens of goroutine text and of text profiles. Each run plants goroutines
// whose number, state, labels and depth it knows, prints or dies in the way it is told, and notes what it
// planted in truth.json: a test holds what a reader found against what was made, not against what
// another reader found.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// truth says what a specimen must hold.
type truth struct {
	Go string `json:"go"`
	// Format and Reason as a reader must name them.
	Format string `json:"format"`
	Reason string `json:"reason,omitempty"`
	// Goroutines is their number, -1 where the runtime adds goroutines of its own.
	Goroutines int `json:"goroutines"`
	// Entries counts goroutines by the function they were started with.
	Entries map[string]int `json:"entries"`
	// States is the base state of the goroutines of an entry, where it is the same in every release.
	States map[string]string `json:"states,omitempty"`
	// Depths is how many frames a goroutine's stack has, by entry, the entry included.
	Depths map[string]int `json:"depths,omitempty"`
	// Labels counts goroutines by their labels as JSON; Printed says whether the specimen shows them.
	Labels  map[string]int `json:"labels,omitempty"`
	Printed bool           `json:"labels_printed,omitempty"`
	Locked  int            `json:"locked,omitempty"`
	Leaked  int            `json:"leaked,omitempty"`
	// Unavailable counts goroutines without a stack.
	Unavailable int `json:"unavailable,omitempty"`
	// Ancestors is set where the goroutines of an entry were printed with ancestors.
	Ancestors int `json:"ancestors,omitempty"`
	// Bubbled counts goroutines of the entries that are in a synctest bubble; package testing adds its own.
	Bubbled int `json:"bubbled,omitempty"`
	// Forged is a function that no frame may name: it stands in the panic message only.
	Forged string `json:"forged,omitempty"`
	// Records says what records of a text profile must hold: the sum of the values of those whose stack
	// has the function, by sample type.
	Records map[string]map[string]int64 `json:"records,omitempty"`
}

var (
	dir  = flag.String("dir", ".", "folder of truth.json and of the specimens that the program writes itself")
	name = flag.String("name", "", "name of the specimen")
	// labelled says that this release, with the settings it runs under, prints labels in stacks.
	labelled = flag.Bool("labelled", false, "labels are printed")
)

func main() {
	flag.Parse()
	mode := modes[flag.Arg(0)]
	if mode == nil {
		fmt.Fprintf(os.Stderr, "unknown mode %q\n", flag.Arg(0))
		os.Exit(2)
	}
	mode()
}

var modes = map[string]func(){
	"debug2":    dump,
	"debug1":    aggregate,
	"leak":      leak,
	"panic":     panicPlain,
	"repanic":   panicAgain,
	"nilpanic":  panicNil,
	"forged":    panicForged,
	"running":   panicForgedRunning,
	"embedded":  panicEmbedded,
	"deadlock":  fatalDeadlock,
	"unlock":    fatalUnlock,
	"overflow":  fatalOverflow,
	"spinning":  panicSpinning,
	"sigquit":   quit,
	"heap":      heap,
	"contended": contended,
	"threads":   threads,
	"custom":    custom,
}

// note writes what the specimen holds to truth.json.
func note(t truth) {
	t.Go = runtime.Version()
	t.Printed = *labelled && len(t.Labels) > 0
	path := filepath.Join(*dir, "truth.json")
	all := map[string]truth{}
	if data, err := os.ReadFile(path); err == nil {
		check(json.Unmarshal(data, &all))
	}
	all[*name] = t
	data, err := json.MarshalIndent(all, "", " ")
	check(err)
	check(os.WriteFile(path, append(data, '\n'), 0o644))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// write writes the named profile to the specimen.
func write(profile string, debug int) {
	f, err := os.Create(filepath.Join(*dir, *name))
	check(err)
	check(pprof.Lookup(profile).WriteTo(f, debug))
	check(f.Close())
}

// dump writes debug=2 of every sort of goroutine.
func dump() {
	t := plant(200)
	t.Format = "goroutine/debug2"
	note(t)
	write("goroutine", 2)
}

// aggregate writes the same goroutines as debug=1.
func aggregate() {
	t := plant(200)
	t.Format = "goroutine/debug1"
	t.Locked, t.Ancestors = 0, 0
	*labelled = true
	note(t)
	write("goroutine", 1)
}

// settle waits until the goroutines planted have blocked.
func settle() { time.Sleep(200 * time.Millisecond) }

func labels(kv ...string) func(func()) {
	return func(f func()) {
		pprof.Do(context.Background(), pprof.Labels(kv...), func(context.Context) { go f() })
	}
}
