package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/report"
)

// configured is one setting as `config show --format json` prints it.
type configured struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func configCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Show the configuration that counts here", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	o := newExamine(a, new(int))
	var format string
	show := &cobra.Command{
		Use:   "show",
		Short: "Print every setting, its value and where that comes from",
		Example: `  witnessmark config show
  witnessmark config show --config ci/witnessmark.yaml --format json | jq '.[] | select(.origin != "default")'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			detectors := all.Detectors()
			if err := o.settings.load(detectors); err != nil {
				return err
			}
			return printSettings(a, format, o.settings.list(detectors))
		},
	}
	o.settings.configFlags(show.Flags())
	show.Flags().StringVar(&format, "format", "table", "table or json")
	cmd.AddCommand(show)
	return cmd
}

func printSettings(a *app, format string, list []configured) error {
	switch format {
	case "json":
		return report.WriteJSON(a.stdout, list, "  ")
	case "table":
		t := report.NewTable(report.Column{Title: "SETTING"}, report.Column{Title: "VALUE", Shrink: true}, report.Column{Title: "ORIGIN"})
		for _, s := range list {
			t.Row(s.Name, s.Value, s.Origin)
		}
		return t.Write(a.stdout, report.TerminalOptions{Width: a.width})
	}
	return fmt.Errorf("--format %q: want table or json", format)
}

// list returns every setting; those of checks only where the file has them.
func (s *settings) list(detectors []analyze.Detector) []configured {
	c := s.config
	var out []configured
	add := func(name, value, fallback string) {
		origin := c.Origin(name)
		if origin == "" {
			value, origin = fallback, "default"
		}
		out = append(out, configured{name, value, origin})
	}
	add("fail_on", c.FailOn, "error")
	add("only", strings.Join(c.Only, ", "), "")
	add("skip", strings.Join(c.Skip, ", "), "")
	add("require_labels", strings.Join(c.RequireLabels, ", "), "")
	add("allow_incomplete", strconv.FormatBool(c.AllowIncomplete), "false")
	add("baseline", c.Baseline, "")
	for i := range detectors {
		d := &detectors[i]
		name := "rules." + d.Name + ".level"
		if c.Has(name) {
			level := string(c.Severity[d.ID])
			if c.Disabled[d.ID] {
				level = "off"
			}
			add(name, level, "")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params())) {
		add("params."+name, strconv.FormatFloat(c.Params()[name], 'g', -1, 64), "")
	}
	for _, x := range c.Suppress {
		value := x.Rule
		for _, k := range slices.Sorted(maps.Keys(x.Match)) {
			value += " " + k + "=" + x.Match[k]
		}
		if x.Expires != "" {
			value += " until " + x.Expires
		}
		out = append(out, configured{"suppress", value + ": " + x.Reason, fmt.Sprintf("%s:%d", c.File(), x.Line)})
	}
	return out
}
