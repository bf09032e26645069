// Command bench measures witnessmark against the official libraries and prints the ratios of CPU time.
//
// Each case has a subject (what witnessmark does with a file: load it and run every detector) and a
// baseline (what the official library needs merely to decode the same file). Both run in turn, each in
// a fresh process with GOMAXPROCS=1, several rounds; the figure is the median of the ratios of the
// pairs, so that a machine whose speed drifts between rounds does not matter. CPU time is user plus
// system time of the process as the kernel accounts it.
//
// The module is separate so that the libraries it compares with stay out of witnessmark's own.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bench is one line of the table.
type bench struct {
	id, what          string
	input             string // name of the generated file
	subject, baseline string // names of roles
	bar               float64
}

var benches = []bench{
	{"P1", "OTLP protobuf: full analysis / proto.Unmarshal", "traces.pb", "examine", "proto", 0.15},
	{"P1f", "same, framed as the collector writes it", "traces.binpb", "examine", "proto-framed", 0.15},
	{"P6", "OTLP JSON lines: full analysis / pdata", "traces.jsonl", "examine", "pdata-json", 0.40},
	{"P11", "OTLP protobuf: rewriting, plan given / cp", "traces.binpb", "rewrite", "cp", 3},
	{"P11a", "OTLP protobuf: all of align apply / cp", "traces.binpb", "apply", "cp", 3},
	{"P11b", "same, where calls must be held back / cp", "traces.binpb", "apply-twice", "cp", 8},
	{"P12", "rewriting, plan given / decode, move, encode", "traces.pb", "rewrite", "recode", 0.08},
	{"P12a", "all of align apply / same", "traces.pb", "apply", "recode", 0.08},
	{"P13", "pprof raw: full analysis / profile.ParseData", "cpu.pb", "examine", "pprof", 0.30},
	{"P16", "goroutine text: full analysis / gostackparse", "goroutines.txt", "examine", "gostackparse", 0.60},
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
		fmt.Println(peakKB())
		return
	}
	if err := run(*dir, *spans, *rounds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(dir string, spans, rounds int, only string) error {
	in, err := generate(dir, spans)
	if err != nil {
		return err
	}
	fmt.Printf("%s %s/%s, %d rounds, %d spans; ratios of CPU time: median [min … max]\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, rounds, in.spans)
	failed := false
	for _, b := range benches {
		if only != "" && b.id != only {
			continue
		}
		r, err := compare(b, filepath.Join(dir, b.input), rounds)
		if err != nil {
			return err
		}
		verdict := "ok"
		if r.ratio > b.bar {
			verdict, failed = "OVER", true
		}
		fmt.Printf("%-4s %-50s %6.3f [%.3f … %.3f]  bar %.2f  %s   subject %6.0f ms %4.0f MB, baseline %6.0f ms %5.0f MB\n",
			b.id, b.what, r.ratio, r.lo, r.hi, b.bar, verdict, r.subjectMs, r.subjectMB, r.baselineMs, r.baselineMB)
		if b.id == "P1f" {
			failed = memory(r.subjectMB, in.spans) || failed
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

type result struct {
	ratio, lo, hi          float64
	subjectMs, subjectMB   float64
	baselineMs, baselineMB float64
}

func compare(b bench, path string, rounds int) (result, error) {
	var ratios, sms, bms []float64
	var r result
	for i := range rounds + 1 {
		s, smb, err := measure(b.subject, path)
		if err != nil {
			return r, fmt.Errorf("%s subject: %w", b.id, err)
		}
		base, bmb, err := measure(b.baseline, path)
		if err != nil {
			return r, fmt.Errorf("%s baseline: %w", b.id, err)
		}
		if i == 0 {
			continue // warm up the page cache
		}
		ratios = append(ratios, s.Seconds()/base.Seconds())
		sms = append(sms, s.Seconds()*1e3)
		bms = append(bms, base.Seconds()*1e3)
		r.subjectMB, r.baselineMB = max(r.subjectMB, smb), max(r.baselineMB, bmb)
	}
	slices.Sort(ratios)
	slices.Sort(sms)
	slices.Sort(bms)
	mid := len(ratios) / 2
	r.ratio, r.lo, r.hi = ratios[mid], ratios[0], ratios[len(ratios)-1]
	r.subjectMs, r.baselineMs = sms[mid], bms[mid]
	return r, nil
}

// measure runs one role in a fresh process and returns its CPU time and peak memory in MB.
func measure(role, path string) (cpu time.Duration, peakMB float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.Command(self, "-role", role, "-input", path)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "GOMAXPROCS=") || strings.HasPrefix(s, "GOGC=")
	}), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, err
	}
	kb, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return 0, 0, err
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), float64(kb) / 1e3, nil
}

// peakKB returns the peak memory of this process in kB, 0 where the system does not tell. The peak that
// wait4 reports will not do: it counts the parent's memory too, from before the exec.
func peakKB() int {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" {
			kb, _ := strconv.Atoi(f[1])
			return kb
		}
	}
	return 0
}
