package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/internal/config"
	"github.com/witnessmark/witnessmark/report"
)

// maxConfigBytes bounds a file that is written by hand.
const maxConfigBytes = 4 << 20

// settings are what a configuration and a baseline add to a run.
type settings struct {
	path     string // --config
	none     bool   // --no-config
	baseline string
	now      string

	config *config.Config
	dir    string // the folder of the configuration
}

// configFlags adds the flags about the configuration.
func (s *settings) configFlags(f *pflag.FlagSet) {
	f.StringVar(&s.path, "config", "", "configuration `FILE` (default: "+config.Name+" of the working folder or the nearest above it)")
	f.BoolVar(&s.none, "no-config", false, "read no configuration")
}

// acceptFlags adds the flags about what is accepted.
func (s *settings) acceptFlags(f *pflag.FlagSet) {
	f.StringVar(&s.baseline, "baseline", "", "`FILE` of known findings: only others fail (see: witnessmark baseline create --help)")
	f.StringVar(&s.now, "now", "", "`DAY` by which suppressions expire, as 2027-03-01 (default: the day of the capture)")
}

// load reads the configuration: the file that was named, or the nearest on the way up from the working folder.
func (s *settings) load(detectors []analyze.Detector) error {
	s.config = new(config.Config)
	if s.none {
		if s.path != "" {
			return errors.New("--config and --no-config exclude each other")
		}
		return nil
	}
	path := s.path
	if path == "" {
		if path = findConfig(); path == "" {
			return nil
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("read configuration: %w", err)
	case len(source) > maxConfigBytes:
		return fmt.Errorf("read configuration: %s is longer than 4 MiB", path)
	}
	c, err := config.Parse(source, filepath.ToSlash(path), detectors)
	if m := (*config.Mistake)(nil); errors.As(err, &m) {
		if n := nearest(m.Word, m.Known); n != "" {
			return fmt.Errorf("%w\ndid you mean %q?", err, n)
		}
		if len(m.Known) > 0 && len(m.Known) < 20 {
			return fmt.Errorf("%w\nthere are: %s", err, strings.Join(m.Known, ", "))
		}
	}
	if err != nil {
		return err
	}
	s.config, s.dir = c, filepath.Dir(path)
	return nil
}

// findConfig returns the path of the nearest configuration, relative to the working folder; "" for none.
func findConfig() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for path := config.Name; ; path = filepath.Join("..", path) {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// configure fills in what the command line leaves open.
func (o *examine) configure(cmd *cobra.Command, detectors []analyze.Detector) error {
	if err := o.settings.load(detectors); err != nil {
		return err
	}
	c, f := o.settings.config, cmd.Flags()
	open := func(flag, setting string) bool { return f.Lookup(flag) != nil && !f.Changed(flag) && c.Has(setting) }
	if open("fail-on", "fail_on") {
		o.failOn = c.FailOn
	}
	if open("only", "only") {
		o.only = c.Only
	}
	if open("skip", "skip") {
		o.skip = c.Skip
	}
	if open("require-label", "require_labels") {
		o.requireLabels = c.RequireLabels
	}
	if open("allow-incomplete", "allow_incomplete") {
		o.allowIncomplete = c.AllowIncomplete
	}
	if open("baseline", "baseline") {
		o.settings.baseline = filepath.Join(o.settings.dir, filepath.FromSlash(c.Baseline))
	}
	if o.settings.now != "" {
		if _, err := time.Parse(time.DateOnly, o.settings.now); err != nil {
			return fmt.Errorf("--now %q: want a day such as 2027-03-01", o.settings.now)
		}
	}
	return nil
}

// tune sets what the configuration says of checks. What the command line asks for by name runs all the same.
func (o *examine) tune(options *analyze.Options, detectors []analyze.Detector) {
	chosen := maps.Clone(options.Disabled)
	o.settings.config.Apply(options)
	for _, name := range o.only {
		if d, err := find(detectors, name); err == nil && !chosen[d.ID] {
			delete(options.Disabled, d.ID)
		}
	}
}

// acceptance makes what the run accepts.
func (o *examine) acceptance() (report.Acceptance, error) {
	a := report.Acceptance{Now: o.settings.now}
	for _, s := range o.settings.config.Suppress {
		a.Suppressions = append(a.Suppressions, report.Suppression{
			ID: s.Rule, Match: s.Match, Reason: s.Reason, Expires: s.Expires, Origin: fmt.Sprintf("%s:%d", o.settings.config.File(), s.Line),
		})
	}
	if o.settings.baseline == "" {
		return a, nil
	}
	b, err := readBaseline(o.settings.baseline)
	a.Baseline = b
	return a, err
}

func readBaseline(path string) (*report.Baseline, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("baseline %s: no such file\nmake one with: witnessmark baseline create -o %s PATH…", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	defer f.Close()
	b, err := report.ReadBaseline(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// documented is every check that a finding may be of.
func documented(detectors []analyze.Detector) []analyze.Detector {
	return slices.Concat([]analyze.Detector{report.ExpiredSuppression}, detectors)
}
