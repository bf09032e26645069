package main

import "github.com/spf13/cobra"

func inspectCommand(a *app, code *int) *cobra.Command {
	o := newExamine(a, code)
	o.inspect, o.failOn = true, "error"
	cmd := &cobra.Command{
		Use:   "inspect PATH…",
		Short: "List what is here: format, window, identity, Go release and health of each file",
		Example: `  witnessmark inspect dumps/
  witnessmark inspect --format json dumps/ | jq -r '.artifacts[] | [.path, .format, .status] | @tsv'`,
		Args: atLeast(1),
		RunE: o.run,
	}
	cmd.Flags().BoolVar(&o.allowIncomplete, "allow-incomplete", false, "exit 0 instead of 3 where some evidence could not be read")
	o.stackFlag(cmd)
	o.settings.configFlags(cmd.Flags())
	o.loadFlags(cmd)
	return cmd
}
