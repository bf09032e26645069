package main

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

// release matches a tagged version: the pseudo-version of an untagged build changes with every commit.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// version is that of the module the binary was built from, "devel" from a working tree.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && release.MatchString(info.Main.Version) {
		return info.Main.Version
	}
	return "devel"
}

// built is what `version --format json` prints.
type built struct {
	report.Tool
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what the program was built with",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := built{report.Tool{Name: "witnessmark", Version: version()}, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			switch format {
			case "table":
				_, err := fmt.Fprintf(a.stdout, "%s %s (%s, %s)\n", b.Name, b.Version, b.Go, b.Platform)
				return err
			case "json":
				return report.WriteJSON(a.stdout, b, "  ")
			}
			return fmt.Errorf("--format %q: want table or json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "table", "table or json")
	return cmd
}
