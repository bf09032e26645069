package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

// examine is the command examine, and what inspect, clocks and align estimate have in common with it.
type examine struct {
	app  *app
	code *int
	out  *output

	failOn          string
	only, skip      []string
	requireLabels   []string
	identity        []string
	maxDecoded      string
	jobs            int
	allowIncomplete bool
	settings        settings
	stacks          bool        // flame graphs and goroutines over time, also where no format shows them
	inspect         bool        // read only: no detector runs
	clocks          *clockFlags // of the command clocks, else nil
	commands        []string    // that the first path could be a mistyped name of
}

func newExamine(a *app, code *int) *examine {
	return &examine{app: a, code: code, out: newOutput(a)}
}

func examineCommand(a *app, code *int) *cobra.Command {
	o := newExamine(a, code)
	cmd := &cobra.Command{
		Use:   "examine PATH…",
		Short: "Run every check that applies and print one verdict (the default command)",
		Example: `  witnessmark examine dumps/
  witnessmark examine --require-label route,tenant --fail-on warning dumps/
  witnessmark examine --identity 'web-*/**:service=web,az=eu-1a' -o json=report.json dumps/
  curl -s host:6060/debug/pprof/goroutine?debug=2 | witnessmark examine -`,
		Args: atLeast(1),
		RunE: o.run,
	}
	o.flags(cmd)
	o.stackFlag(cmd)
	return cmd
}

func (o *examine) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.failOn, "fail-on", "error", "`SEVERITY` from which findings make the exit code 1: error, warning, note or never")
	f.StringSliceVar(&o.only, "only", nil, "run only these `CHECKS`: IDs or names, comma separated")
	f.StringSliceVar(&o.skip, "skip", nil, "do not run these `CHECKS`")
	f.StringSliceVar(&o.requireLabels, "require-label", nil, "`KEYS` of pprof labels, comma separated, that all work must carry which could (witnessmark explain label)")
	f.BoolVar(&o.allowIncomplete, "allow-incomplete", false, "exit 0 instead of 3 where some evidence could not be read")
	o.settings.configFlags(f)
	o.settings.acceptFlags(f)
	o.loadFlags(cmd)
}

// loadFlags adds the flags that inspect has too.
func (o *examine) loadFlags(cmd *cobra.Command) {
	o.inputFlags(cmd)
	o.out.flags(cmd)
}

// inputFlags adds the flags about what is read.
func (o *examine) inputFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.identity, "identity", nil, "`GLOB:key=value,...` with keys service, instance, host, az, domain, at; repeatable")
	f.StringVar(&o.maxDecoded, "max-decoded", "64GiB", "`SIZE` that decompression of one file may deliver")
	f.IntVar(&o.jobs, "jobs", 0, "files read, and checks run, at once; 0 for one per CPU")
}

func (o *examine) run(cmd *cobra.Command, args []string) error {
	detectors := all.Detectors()
	if cmd.Flags().Lookup("config") == nil {
		o.settings.none = true
	}
	if err := o.configure(cmd, detectors); err != nil {
		return err
	}
	disabled, err := choose(detectors, o.only, o.skip)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"error", "warning", "note", report.Never}, o.failOn) {
		return fmt.Errorf("--fail-on %q: want error, warning, note or never", o.failOn)
	}
	if err := o.out.check(args); err != nil {
		return err
	}
	b, unmet, err := o.load(args)
	if err != nil {
		return err
	}
	unmet = append(unmet, o.app.unmatched(b)...)
	if err := o.out.checkArtifacts(b); err != nil {
		return err
	}
	accept, err := o.acceptance()
	if err != nil {
		return err
	}
	options := analyze.Options{RequireLabels: o.requireLabels, Disabled: disabled, Jobs: o.jobs}
	o.tune(&options, detectors)
	switch {
	case o.inspect:
		detectors = nil
	case o.clocks != nil:
		detectors = aboutClocks(detectors)
		if options.Clocks, err = o.clocks.options(b); err != nil {
			return err
		}
	}
	res := analyze.Run(b, detectors, options)
	section, err := o.clockSection(res)
	if err != nil {
		return err
	}
	b.Notes = append(b.Notes, labelNotes(res, o.requireLabels)...)
	doc := report.New(res, report.Request{
		Command: o.command(), Args: o.app.args, Version: version(),
		FailOn: o.failOn, AllowIncomplete: o.allowIncomplete, Unmet: unmet, Clocks: section, Accept: accept, Stacks: o.stackRequest(),
	})
	*o.code = doc.Run.ExitCode
	return o.out.write(doc)
}

// load reads the inputs. unmet says what of them names nothing, in sentences.
func (o *examine) load(args []string) (b *evidence.Bundle, unmet []string, err error) {
	if o.jobs < 0 {
		return nil, nil, fmt.Errorf("--jobs %d: want 0 or more", o.jobs)
	}
	if o.jobs == 0 {
		o.jobs = runtime.GOMAXPROCS(0)
	}
	options, err := o.loadOptions()
	if err != nil {
		return nil, nil, err
	}
	if b, err = evidence.Load(args, options); err == nil {
		return b, nil, nil
	}
	if len(b.Artifacts) == 0 {
		return nil, nil, hint(fmt.Errorf("nothing to examine: %w", err), args, o.commands)
	}
	o.app.fail(hint(err, args, o.commands))
	return b, sentences(err), nil
}

// sentences returns the first line of each of the errors that Load joined.
func sentences(err error) []string {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	var out []string
	for _, e := range errs {
		line, _, _ := strings.Cut(e.Error(), "\n")
		out = append(out, line)
	}
	return out
}

func (o *examine) command() string {
	switch {
	case o.inspect:
		return "inspect"
	case o.clocks != nil:
		return "clocks"
	}
	return "examine"
}

func (o *examine) loadOptions() (evidence.Options, error) {
	limit, err := parseSize(o.maxDecoded)
	if err != nil {
		return evidence.Options{}, fmt.Errorf("--max-decoded: %w", err)
	}
	load := evidence.Options{MaxDecoded: limit, Jobs: o.jobs, Stdin: o.app.stdin}
	for _, s := range o.identity {
		rule, err := evidence.ParseIdentity(s)
		if err != nil {
			return load, fmt.Errorf("--identity: %w", err)
		}
		load.Identity = append(load.Identity, rule)
	}
	return load, nil
}

// choose returns the IDs of the detectors that --only and --skip switch off.
func choose(detectors []analyze.Detector, only, skip []string) (map[string]bool, error) {
	disabled := map[string]bool{}
	if len(only) > 0 {
		for _, d := range detectors {
			disabled[d.ID] = true
		}
	}
	for _, name := range only {
		d, err := find(detectors, name)
		if err != nil {
			return nil, fmt.Errorf("--only: %w", err)
		}
		delete(disabled, d.ID)
	}
	for _, name := range skip {
		d, err := find(detectors, name)
		if err != nil {
			return nil, fmt.Errorf("--skip: %w", err)
		}
		disabled[d.ID] = true
	}
	return disabled, nil
}

// find returns the detector with an ID, in either case, or a name.
func find(detectors []analyze.Detector, name string) (*analyze.Detector, error) {
	for i := range detectors {
		if d := &detectors[i]; strings.EqualFold(d.ID, name) || d.Name == name {
			return d, nil
		}
	}
	var names []string
	for i := range detectors {
		names = append(names, detectors[i].Name, detectors[i].ID)
	}
	if n := nearest(name, names); n != "" {
		return nil, fmt.Errorf("no check is called %q\ndid you mean %s?", name, n)
	}
	return nil, fmt.Errorf("no check is called %q\nsee: witnessmark checks", name)
}
