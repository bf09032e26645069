package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
)

// completeValues tells the shells what stands after flags, for all commands below cmd. cobra completes commands and
// flags by itself, and shells complete files.
func completeValues(cmd *cobra.Command) {
	severities := []string{string(analyze.Error), string(analyze.Warning), string(analyze.Note), "never"}
	for flag, values := range map[string]func() []string{
		"fail-on": func() []string { return severities },
		"color":   func() []string { return []string{"auto", "always", "never"} },
		"only":    checkNames, "skip": checkNames,
	} {
		if cmd.Flags().Lookup(flag) != nil {
			complete(cmd, flag, cobra.ShellCompDirectiveNoFileComp, values)
		}
	}
	if f := cmd.Flags().Lookup("format"); f != nil && f.Usage == "table or json" {
		complete(cmd, "format", cobra.ShellCompDirectiveNoFileComp, func() []string { return []string{"table", "json"} })
	}
	for _, c := range cmd.Commands() {
		completeValues(c)
	}
}

// complete registers what stands after a flag that the command has, and that nothing is registered for.
func complete(cmd *cobra.Command, flag string, then cobra.ShellCompDirective, values func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), then
	})
	if err != nil {
		panic(err) // the flag is not there, or is registered twice
	}
}

// complete registers the formats.
func (o *output) complete(cmd *cobra.Command) {
	complete(cmd, "format", cobra.ShellCompDirectiveNoFileComp, func() []string { return o.names })
	complete(cmd, "output", cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp, func() []string {
		var out []string
		for _, name := range o.names {
			out = append(out, name+"=")
		}
		return out
	})
}

func checkNames() []string {
	var names []string
	for _, d := range all.Detectors() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}
