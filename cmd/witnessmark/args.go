package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// atLeast wants n arguments or more.
func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return wrongArgs(cmd, args)
		}
		return nil
	}
}

// exactly wants n arguments.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrongArgs(cmd, args)
		}
		return nil
	}
}

// wrongArgs says how the command is called, with its first example.
func wrongArgs(cmd *cobra.Command, args []string) error {
	given := "no argument is given"
	if len(args) > 0 {
		given = fmt.Sprintf("%d arguments are given", len(args))
		if len(args) == 1 {
			given = "one argument is given"
		}
	}
	err := fmt.Sprintf("usage: %s: %s", strings.TrimSuffix(cmd.UseLine(), " [flags]"), given)
	if example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n"); example != "" {
		err += "\nfor example: " + example
	}
	return errors.New(err)
}
