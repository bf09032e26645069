package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

const alignLong = `align puts the clocks of many hosts back together. estimate finds where every clock stood, with bounds that
follow from the spans and can be checked; apply writes copies of the captures on one time line, by which bytes
that hold no time are copied; check verifies a model against the files with other code than made it.

align PATH… is align estimate PATH….`

// alignCommand groups the commands about clocks of many hosts; by itself it estimates.
func alignCommand(a *app, code *int) *cobra.Command {
	o, estimate := newAlignEstimate(a, code)
	cmd := &cobra.Command{
		Use:   "align [estimate|apply|check] PATH…",
		Short: "Put the clocks of many hosts back together, with bounds that can be checked",
		Long:  alignLong,
		Example: `  witnessmark align dumps/                                     where every clock stood
  witnessmark align estimate dumps/ -o model.json              the same, as a model
  witnessmark align check --model model.json dumps/            that model, verified from the raw files
  witnessmark align apply --model model.json dumps/ -o aligned/ copies on one time line`,
		Args: atLeast(1),
		RunE: o.run,
	}
	o.flags(cmd)
	cmd.AddCommand(estimate, newAlignApply(a, code), newAlignCheck(a, code))
	return cmd
}

// readModel reads the file of a model.
func readModel(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--model: %w", err)
	}
	for _, magic := range []string{"\x1f\x8b", "\x28\xb5\x2f\xfd"} {
		if bytes.HasPrefix(text, []byte(magic)) {
			return nil, fmt.Errorf("--model %s: is compressed\nunpack it first", path)
		}
	}
	return text, nil
}

// notModel is the error of a file that holds no model.
func notModel(path string, err error) error {
	return fmt.Errorf("--model %s: %w\nwant what align estimate wrote: witnessmark align estimate PATH… -o model.json", path, err)
}
