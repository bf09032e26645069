package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what one process used.
type usage struct {
	cpu    time.Duration
	apart  time.Duration // of cpu, what the role told apart
	peakMB float64
}

// series are the runs of one role.
type series struct {
	ms     []float64 // CPU time
	peakMB float64
}

func (s *series) add(cpu time.Duration, peakMB float64) {
	s.ms = append(s.ms, cpu.Seconds()*1e3)
	s.peakMB = max(s.peakMB, peakMB)
}

func (s *series) String() string {
	return fmt.Sprintf("%6.0f ms (least %.0f) %4.0f MB", median(s.ms), slices.Min(s.ms), s.peakMB)
}

func median(list []float64) float64 { return slices.Sorted(slices.Values(list))[len(list)/2] }

// result is what the rounds of a case gave.
type result struct {
	ratios            []float64 // of the pairs
	subject, baseline series
}

// least is the ratio of the least times.
func (r *result) least() float64 { return slices.Min(r.subject.ms) / slices.Min(r.baseline.ms) }

func compare(b bench, path string, rounds int) (result, error) {
	var r result
	for i := range rounds + 1 {
		s, err := measure(b.subject, path)
		if err != nil {
			return r, fmt.Errorf("%s subject: %w", b.id, err)
		}
		if b.apart != "" {
			a, err := measure(b.apart, path)
			if err != nil {
				return r, fmt.Errorf("%s apart: %w", b.id, err)
			}
			s.cpu -= a.apart
		}
		base, err := measure(b.baseline, path)
		if err != nil {
			return r, fmt.Errorf("%s baseline: %w", b.id, err)
		}
		if i == 0 {
			continue // warm up the page cache
		}
		r.ratios = append(r.ratios, s.cpu.Seconds()/base.cpu.Seconds())
		r.subject.add(s.cpu, s.peakMB)
		r.baseline.add(base.cpu, base.peakMB)
	}
	return r, nil
}

// measure runs one role in a fresh process, in which it finds nothing that was written before.
func measure(role, path string) (usage, error) {
	if err := os.RemoveAll(outputs(path)); err != nil {
		return usage{}, err
	}
	if err := os.Mkdir(outputs(path), 0o755); err != nil {
		return usage{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return usage{}, err
	}
	cmd := exec.Command(self, "-role", role, "-input", path)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "GOMAXPROCS=") || strings.HasPrefix(s, "GOGC=")
	}), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return usage{}, err
	}
	var kb, apart int
	if _, err := fmt.Sscan(string(out), &kb, &apart); err != nil {
		return usage{}, err
	}
	return usage{
		cpu:    cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		apart:  time.Duration(apart) * time.Microsecond,
		peakMB: float64(kb) / 1e3,
	}, nil
}

// outputs is the folder that roles write to, beside their inputs.
func outputs(path string) string { return filepath.Join(filepath.Dir(path), "bench-out") }

// output names the file that a role makes of an input.
func output(path, suffix string) string {
	return filepath.Join(outputs(path), filepath.Base(path)+suffix)
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
