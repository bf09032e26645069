package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const rootLong = `witnessmark examines captured Go profiles, goroutine dumps and OpenTelemetry traces, offline: it
names every file, says what its bytes prove, what was lost and how sure that is, and what to do.

Inputs are files, folders, globs with **, archives, and - for standard input. They are known by
content, never by name; gzip, zstd, tar, zip and log prefixes are peeled first.

Exit codes, the same for every format:
  0  nothing at or above --fail-on (default: error), and all evidence was read
  1  something is at or above --fail-on
  2  usage error, an input that does not exist, or nothing could be done
  3  nothing at or above --fail-on, but some evidence could not be read, so this is no all-clear
     (--allow-incomplete makes it 0)`

const rootExample = `  witnessmark dumps/                               the same as: witnessmark examine dumps/
  witnessmark examine --require-label route dumps/ every check that applies, one verdict
  witnessmark inspect 'dumps/**/*.gz'              what is here: one row per file
  witnessmark clocks dumps/                        where every host's clock stood
  witnessmark show 'dumps/traces.binpb@4711+633'   the evidence behind a finding, decoded
  witnessmark explain orphan-span                  what a check means and how sure it is
  witnessmark explain offset                       what a word of the output means
  witnessmark examine --format json dumps/ | jq '.findings[] | {id, message}'
  witnessmark examine -q -o sarif=out.sarif -o junit=out.xml -o markdown=out.md dumps/
  witnessmark demo                                 a real incident, embedded`

// newRoot builds the command tree. Commands set *code where they end with another than 0.
func newRoot(a *app, code *int) *cobra.Command {
	o := newExamine(a, code)
	root := &cobra.Command{
		Use:           "witnessmark PATH…",
		Short:         "Offline forensics for captured Go profiles and traces",
		Long:          rootLong,
		Example:       rootExample,
		Args:          cobra.ArbitraryArgs,
		Version:       version(), // for who types --version
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			for _, c := range cmd.Commands() {
				o.commands = append(o.commands, c.Name())
			}
			return o.run(cmd, args)
		},
	}
	root.SetVersionTemplate("witnessmark {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w\nsee: %s --help", err, cmd.CommandPath())
	})
	o.flags(root)
	root.AddCommand(
		examineCommand(a, code),
		inspectCommand(a, code),
		clocksCommand(a, code),
		reportCommand(a, code),
		diffCommand(a, code),
		trendCommand(a, code),
		baselineCommand(a, code),
		configCommand(a),
		showCommand(a),
		checksCommand(a),
		explainCommand(a),
		schemaCommand(a),
		alignCommand(a, code),
		demoCommand(a, code),
		versionCommand(a),
		manualCommand(a),
	)
	completeValues(root)
	return root
}
