package main

import (
	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/report"
)

func schemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the report",
		Example: "  witnessmark schema > report.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(report.JSONSchema())
			return err
		},
	}
}
