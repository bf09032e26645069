// Command bench measures witnessmark against the official libraries and prints the ratios of CPU time.
//
// Each case has a subject (what witnessmark does with a file: load it and run every detector) and a
// baseline (what the official library needs merely to decode the same file). Both run in turn, each in
// a fresh process with GOMAXPROCS=1, several rounds; the figure is the median of the ratios of the
// pairs, so that a machine whose speed drifts between rounds does not matter. Beside it stands the ratio of the
// least times, which others on the machine disturb less. CPU time is user plus system time of the process as the
// kernel accounts it. What a run wrote is removed before the next one, outside of that time: replacing a file costs
// more than making one.
//
// The module is separate so that the libraries it compares with stay out of witnessmark's own.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// bench is one line of the table.
type bench struct {
	id, what          string
	input             string // name of the generated file
	subject, baseline string // names of roles
	apart             string // role that tells what of the subject's CPU time does not count; none if empty
	bar               float64
}

var benches = []bench{
	{"P1", "OTLP protobuf: full analysis / proto.Unmarshal", "traces.pb", "examine", "proto", "", 0.15},
	{"P1f", "same, framed as the collector writes it", "traces.binpb", "examine", "proto-framed", "", 0.15},
	{"P6", "OTLP JSON lines: full analysis / pdata", "traces.jsonl", "examine", "pdata-json", "", 0.40},
	{"P11", "OTLP protobuf: rewriting, plan given / cp", "traces.binpb", "rewrite", "cp", "", 3},
	{"P11a", "OTLP protobuf: all of align apply / cp", "traces.binpb", "apply", "cp", "", 3},
	{"P11b", "same, where calls must be held back / cp", "traces.binpb", "apply-twice", "cp", "", 8},
	{"P12", "rewriting, plan given / decode, move, encode", "traces.pb", "rewrite", "recode", "", 0.08},
	{"P12a", "all of align apply / same", "traces.pb", "apply", "recode", "", 0.08},
	{"P19", "align estimate without the solve / proto.Unmarshal", "traces.binpb", "estimate", "proto-each", "solve", 0.15},
	{"P13", "pprof raw: full analysis / profile.ParseData", "cpu.pb", "examine", "pprof", "", 0.30},
	{"P16", "goroutine text: full analysis / gostackparse", "goroutines.txt", "examine", "gostackparse", "", 0.60},
}

func main() {
	role := flag.String("role", "", "run one role over -input and exit (used by the program itself)")
	input := flag.String("input", "", "file for -role")
	rounds := flag.Int("rounds", 7, "pairs of runs per case")
	spans := flag.Int("spans", 130_000, "spans in the trace files")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "witnessmark-bench"), "folder for the generated inputs")
	only := flag.String("only", "", "run only the case of this ID")
	flag.Parse()
	if *role != "" {
		if err := roles[*role](*input); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(peakKB(), apart.Microseconds())
		return
	}
	if err := run(*dir, *spans, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(dir string, spans, rounds int, only string) error {
	chosen := slices.DeleteFunc(slices.Clone(benches), func(b bench) bool { return only != "" && b.id != only })
	spans, err := generate(dir, spans, chosen)
	if err != nil {
		return err
	}
	fmt.Printf("%s %s/%s, %d rounds, %d spans; ratios of CPU time: median [min … max], of the least times\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, rounds, spans)
	failed := false
	for _, b := range chosen {
		r, err := compare(b, filepath.Join(dir, b.input), rounds)
		if err != nil {
			return err
		}
		verdict := "ok"
		ratio := median(r.ratios)
		if ratio > b.bar {
			verdict, failed = "OVER", true
		}
		fmt.Printf("%-4s %-51s %6.3f [%.3f … %.3f] %6.3f  bar %.2f  %s   subject %s, baseline %s\n",
			b.id, b.what, ratio, slices.Min(r.ratios), slices.Max(r.ratios), r.least(), b.bar, verdict, &r.subject, &r.baseline)
		if b.id == "P1f" {
			failed = memory(r.subject.peakMB, spans) || failed
		}
	}
	if failed {
		return fmt.Errorf("a bar was missed")
	}
	return nil
}

// memory prints P9: peak memory of the whole process, at most 100 bytes per span and 40 MB.
func memory(peakMB float64, spans int) (over bool) {
	bar := float64(spans)*100/1e6 + 40
	verdict := "ok"
	if peakMB > bar {
		verdict, over = "OVER", true
	}
	fmt.Printf("P9   peak memory of P1f: %.0f MB for %d spans, bar %.0f MB (100 B/span + 40 MB)  %s\n", peakMB, spans, bar, verdict)
	return over
}
