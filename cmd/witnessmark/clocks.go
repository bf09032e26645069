package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

const clocksLong = `clocks shows where every host's clock stood, from calls between hosts and from what chrony, ptp4l and the like
say: the offset with its proven bounds, drift, steps, the pairs of clocks that call each other, delays between zones,
how far the spans of each hop are displaced, and what the checks on clocks found.

A positive offset is a clock that is ahead. Hard bounds need no assumption about how programs answer; assumed
bounds hold if a server's span ends before its caller has the answer; the 95 % interval rests on the model's priors.`

func clocksCommand(a *app, code *int) *cobra.Command {
	o := newExamine(a, code)
	o.clocks = new(clockFlags)
	cmd := &cobra.Command{
		Use:   "clocks PATH…",
		Short: "Show where every host's clock stood, how far that can be wrong, and what it did to the spans",
		Long:  clocksLong,
		Example: `  witnessmark clocks dumps/
  witnessmark clocks --reference utc dumps/ chrony/
  witnessmark clocks --format json dumps/ | jq '.clocks.domains[] | {host, status, offset: .middle.offset_ns}'`,
		Args: atLeast(1),
		RunE: o.run,
	}
	f := cmd.Flags()
	f.StringVar(&o.failOn, "fail-on", "error", "`SEVERITY` from which findings make the exit code 1: error, warning, note or never")
	f.StringSliceVar(&o.only, "only", nil, "run only these `CHECKS`: IDs or names, comma separated")
	f.StringSliceVar(&o.skip, "skip", nil, "do not run these `CHECKS`")
	f.BoolVar(&o.allowIncomplete, "allow-incomplete", false, "exit 0 instead of 3 where some evidence could not be read")
	o.settings.configFlags(f)
	o.settings.acceptFlags(f)
	o.clocks.flags(cmd)
	o.loadFlags(cmd)
	return cmd
}

// aboutClocks returns the checks that the command clocks runs.
func aboutClocks(detectors []analyze.Detector) []analyze.Detector {
	return slices.DeleteFunc(slices.Clone(detectors), func(d analyze.Detector) bool {
		return !strings.HasPrefix(d.ID, "WM5") && !strings.HasPrefix(d.ID, "WM7")
	})
}

// clockSection makes the section of the clocks: for examine where a check asked for the model, for clocks
// also what only that command shows.
func (o *examine) clockSection(res *analyze.Result) (*report.Clocks, error) {
	if o.clocks == nil {
		if s, ok := clocks.ModelIndex.Computed(res); ok && s != nil {
			return report.NewClocks(s.Model, s.Middle), nil
		}
		return nil, nil
	}
	s := clocks.ModelIndex.In(res)
	if s == nil {
		return nil, nil
	}
	if err := o.clocks.check(s.Model); err != nil {
		return nil, err
	}
	section := report.NewClocks(s.Model, s.Middle)
	for _, h := range clocks.HopIndex.In(res) {
		hop := report.ClockHop{
			Client: h.Client, Server: h.Server, Calls: h.Calls, Unplaced: h.Unplaced, P50NS: h.P50, P95NS: h.P95, P99NS: h.P99,
			ViolationsBefore: h.Before, ViolationsAfter: h.After,
		}
		if h.Uncertain >= 0 {
			hop.UncertainNS = &h.Uncertain
		}
		section.Hops = append(section.Hops, hop)
	}
	return section, nil
}

// clockFlags parametrise the model of the clocks.
type clockFlags struct {
	trust, reference string
	maxDriftPPM      float64
	maxWidth         time.Duration
	minDelay, zones  []string
}

func (c *clockFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.trust, "trust", string(align.TrustAssumed), "bounds that decide what is aligned: hard, or assumed where hard ones are open")
	f.StringVar(&c.reference, "reference", "", "clock `DOMAIN` or host to put offsets against, or utc (default: utc where anything tells it, else the best-connected)")
	f.Float64Var(&c.maxDriftPPM, "max-drift-ppm", align.DefaultMaxDriftPPM, "the most that any clock gains or loses, in parts per million: all bounds rest on it")
	f.StringArrayVar(&c.minDelay, "min-delay", nil, "`AZ1:AZ2=DURATION`: the least time that anything takes between two zones; repeatable")
	f.DurationVar(&c.maxWidth, "max-width", 0, "leave clocks alone whose bounds are wider; 0 for any width")
	f.StringArrayVar(&c.zones, "az", nil, "`HOST=ZONE` or DOMAIN=ZONE: the zone of a clock, over what the evidence says; repeatable")
}

// options reads the flags; zones may be given by host, which the bundle resolves.
func (c *clockFlags) options(b *evidence.Bundle) (analyze.ClockOptions, error) {
	o := analyze.ClockOptions{Always: true, Trust: c.trust, MaxDriftPPM: c.maxDriftPPM, MaxWidth: int64(c.maxWidth)}
	switch {
	case c.trust != string(align.TrustHard) && c.trust != string(align.TrustAssumed):
		return o, fmt.Errorf("--trust %q: want hard or assumed", c.trust)
	case !(c.maxDriftPPM > 0 && c.maxDriftPPM <= 100_000):
		return o, fmt.Errorf("--max-drift-ppm %g: want more than 0 and at most 100000", c.maxDriftPPM)
	case c.maxWidth < 0:
		return o, fmt.Errorf("--max-width %s: want 0 or more", c.maxWidth)
	}
	for _, s := range c.minDelay {
		zones, delay, ok := strings.Cut(s, "=")
		from, to, ok2 := strings.Cut(zones, ":")
		d, err := time.ParseDuration(delay)
		if !ok || !ok2 || from == "" || to == "" || err != nil || d < 0 {
			return o, fmt.Errorf("--min-delay %q: want AZ1:AZ2=DURATION, such as us-east-1a:us-east-1b=250us", s)
		}
		if o.MinDelay == nil {
			o.MinDelay = map[[2]string]int64{}
		}
		pair := [2]string{min(from, to), max(from, to)}
		o.MinDelay[pair] = max(o.MinDelay[pair], int64(d))
	}
	for _, s := range c.zones {
		name, zone, ok := strings.Cut(s, "=")
		if !ok || name == "" || zone == "" {
			return o, fmt.Errorf("--az %q: want DOMAIN=ZONE or HOST=ZONE", s)
		}
		domains := domainsOf(b, name)
		if len(domains) == 0 {
			return o, fmt.Errorf("--az %s: no clock domain or host is called %q\nsee: witnessmark clocks PATH…", s, name)
		}
		if o.AZ == nil {
			o.AZ = map[string]string{}
		}
		for _, d := range domains {
			if known, ok := o.AZ[d]; ok && known != zone {
				return o, fmt.Errorf("--az %s: it is in %s already", s, known)
			}
			o.AZ[d] = zone
		}
	}
	c.reference = referenceOf(b, c.reference)
	o.Reference = c.reference
	return o, nil
}

// referenceOf returns the domain that --reference names, by itself or by its host, as tables show it.
func referenceOf(b *evidence.Bundle, name string) string {
	if strings.EqualFold(name, align.UTC) {
		return align.UTC
	}
	if domains := domainsOf(b, name); name != "" && len(domains) == 1 {
		return domains[0]
	}
	return name
}

// domainsOf returns the clock domains of that name, or of the host of that name.
func domainsOf(b *evidence.Bundle, name string) []string {
	found := map[string]bool{}
	for i := range b.Resources {
		if id := &b.Resources[i].Identity; id.Domain.Value != "" && (id.Domain.Value == name || id.Host.Value == name) {
			found[id.Domain.Value] = true
		}
	}
	for i := range b.Clocks {
		if r := &b.Clocks[i]; r.Domain != "" && (r.Domain == name || r.Host == name) {
			found[r.Domain] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// check refuses a reference and zones that the evidence does not have, and least delays that it contradicts.
func (c *clockFlags) check(m *align.Model) error {
	zones := map[string]bool{}
	for i := range m.Domains {
		zones[m.Domains[i].AZ] = true
	}
	delete(zones, "")
	for _, s := range c.minDelay {
		pair, _, _ := strings.Cut(s, "=")
		for z := range strings.SplitSeq(pair, ":") {
			if !zones[z] {
				known := cmp.Or(strings.Join(slices.Sorted(maps.Keys(zones)), ", "), "none: say them with --az HOST=ZONE")
				return fmt.Errorf("--min-delay %s: no clock is in zone %s\nknown zones: %s", s, z, known)
			}
		}
	}
	for _, a := range m.Assumptions {
		if a.Declared && a.Falsified {
			return fmt.Errorf("--min-delay: it does not hold that %s\ntested %s", a.Text, a.Tested)
		}
	}
	switch {
	case c.reference == "" || m.Domain(c.reference) != nil:
		return nil
	case c.reference != align.UTC:
		return fmt.Errorf("--reference %s: no clock domain has that name, and no host or several\nsee: witnessmark clocks --format json PATH… | jq -r '.clocks.domains[].domain'", c.reference)
	case !slices.ContainsFunc(m.Domains, func(d align.Domain) bool { return d.Reference == align.UTC }):
		return fmt.Errorf("--reference utc: nothing in the input compares a clock with UTC\nadd the output of chronyc tracking, timedatectl timesync-status, ntpq or ptp4l from any of the hosts")
	}
	return nil
}
