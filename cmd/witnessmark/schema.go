package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

func schemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [report|diff|trend]",
		Short: "Print the JSON Schema of the report, of a comparison or of a trend",
		Example: `  witnessmark schema > report.schema.json
  witnessmark schema diff > diff.schema.json`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []string{"report", "diff", "trend"},
		RunE: func(_ *cobra.Command, args []string) error {
			schema := report.JSONSchema()
			if len(args) == 1 {
				switch args[0] {
				case "report":
				case "diff":
					schema = report.DiffJSONSchema()
				case "trend":
					schema = report.TrendJSONSchema()
				default:
					return fmt.Errorf("schema %q: want report, diff or trend", args[0])
				}
			}
			_, err := a.stdout.Write(schema)
			return err
		},
	}
}
