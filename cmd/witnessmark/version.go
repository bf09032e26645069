package main

import (
	"fmt"
	"regexp"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

// release matches a tagged version: the pseudo-version of an untagged build changes with every commit.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// version is that of the module the binary was built from, "devel" from a working tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" && release.MatchString(info.Main.Version) {
		return info.Main.Version
	}
	return "devel"
}

func versionCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "table":
				_, err := fmt.Fprintf(a.stdout, "witnessmark %s\n", version())
				return err
			case "json":
				return report.WriteJSON(a.stdout, report.Tool{Name: "witnessmark", Version: version()}, "  ")
			}
			return fmt.Errorf("--format %q: want table or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}
