// Command eval measures align against other methods on simulated fleets, prints the tables of
// docs/alignment.md, and fails when one of the claims made there does not hold.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/witnessmark/witnessmark/internal/clockeval"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

type options struct {
	scenarios   string
	first       uint64
	seeds       int
	competitors bool
	jobs        int
	export      string
}

func main() {
	var o options
	flag.StringVar(&o.scenarios, "scenarios", strings.Join(clocksim.Names(), ","), "scenarios to run")
	flag.IntVar(&o.seeds, "seeds", 3, "seeds per scenario")
	flag.Uint64Var(&o.first, "first", 1, "first seed; those from 1000 are held out: nothing was tuned on them")
	flag.BoolVar(&o.competitors, "competitors", true, "run the other methods too")
	flag.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "scenes at a time")
	flag.StringVar(&o.export, "export", "", "write the scenes' traces under this folder instead")
	flag.Parse()
	ok, err := o.run(os.Stdout, os.Stderr)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(2)
	case !ok:
		os.Exit(1)
	}
}

type scene struct {
	params clocksim.Params
	seed   uint64
}

func (o *options) scenes() ([]scene, error) {
	var out []scene
	for _, name := range strings.Split(o.scenarios, ",") {
		p, ok := clocksim.Scenario(name)
		if !ok {
			return nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(clocksim.Names(), ", "))
		}
		for i := range o.seeds {
			out = append(out, scene{p, o.first + uint64(i)})
		}
	}
	return out, nil
}

func (o *options) run(stdout, stderr io.Writer) (ok bool, err error) {
	scenes, err := o.scenes()
	if err != nil {
		return false, err
	}
	if o.export != "" {
		return true, o.exportAll(scenes)
	}
	var methods []clockeval.Method
	if o.competitors {
		methods = clockeval.Methods()
	}
	reports := make([]*clockeval.Report, len(scenes))
	todo := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex // of stderr
	for range max(1, o.jobs) {
		wg.Go(func() {
			for i := range todo {
				start := time.Now()
				s := clocksim.Generate(scenes[i].params, scenes[i].seed)
				reports[i] = clockeval.Evaluate(s, methods)
				mu.Lock()
				progress(stderr, reports[i], time.Since(start))
				mu.Unlock()
			}
		})
	}
	for i := range scenes {
		todo <- i
	}
	close(todo)
	wg.Wait()
	if err := clockeval.WriteTables(stdout, reports); err != nil || !o.competitors {
		return true, err
	}
	return bars(stdout, reports), nil
}

func progress(w io.Writer, r *clockeval.Report, took time.Duration) {
	fmt.Fprintf(w, "%-15s seed %d: %7d calls, error %.2f/%.2f us, hard %.4f assumed %.4f 95%% %.4f, %d violations, %.1f s\n",
		r.Scenario, r.Seed, r.Calls, r.Ours.Median/1e3, r.Ours.P99/1e3, r.Hard.Value(), r.Assumed.Value(),
		r.Likely.Value(), r.After, took.Seconds())
}

// bars prints the claims and reports whether all that could be judged hold.
func bars(w io.Writer, reports []*clockeval.Report) bool {
	fmt.Fprintln(w)
	all := true
	for _, b := range clockeval.Bars(reports) {
		verdict := "holds"
		switch {
		case b.Missing:
			verdict = "not run"
		case !b.Holds:
			verdict, all = "FAILS", false
		}
		fmt.Fprintf(w, "%-8s %s (%s)\n", verdict, b.Claim, b.Got)
	}
	var off []string
	for _, r := range reports {
		if slices.Contains(clockeval.OffPrior, r.Scenario) {
			off = append(off, fmt.Sprintf("%s/%d %.4f", r.Scenario, r.Seed, r.Likely.Value()))
		}
	}
	if len(off) > 0 {
		fmt.Fprintf(w, "%-8s 95 %% intervals outside their prior: %s\n", "reported", strings.Join(off, ", "))
	}
	return all
}

// exportAll writes what the hosts of each scene would have exported, for the command line to read.
func (o *options) exportAll(scenes []scene) error {
	for _, sc := range scenes {
		dir := filepath.Join(o.export, fmt.Sprintf("%s-%d", sc.params.Name, sc.seed))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		s := clocksim.Generate(sc.params, sc.seed)
		for i, m := range s.Machines {
			data, err := s.OTLP(i)
			if err != nil {
				return fmt.Errorf("encode the spans of %s: %w", m.Name, err)
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("traces-%03d.pb", i)), data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
