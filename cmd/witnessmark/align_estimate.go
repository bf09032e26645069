package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/report"
)

const alignEstimateLong = `estimate says for every clock where it stood and how far that can be wrong, from calls between hosts and from
what chrony, ptp4l and the like say, and writes it as a model that align apply and align check read.

Exit codes: 0 a model was made; 2 usage error, or nothing ties two clocks; 3 a model was made, but some evidence
could not be read (--allow-incomplete makes it 0). What is wrong with the clocks is for witnessmark clocks to judge.`

// alignEstimate is the command align estimate.
type alignEstimate struct {
	*examine
	clocks clockFlags
	model  string // where to write the model
	format string
	limit  int
	quiet  bool
}

func newAlignEstimate(a *app, code *int) (*alignEstimate, *cobra.Command) {
	o := &alignEstimate{examine: newExamine(a, code)}
	cmd := &cobra.Command{
		Use:   "estimate PATH… [-o MODEL]",
		Short: "Find where every clock stood, with bounds that can be checked",
		Long:  alignEstimateLong,
		Example: `  witnessmark align estimate dumps/ -o model.json
  witnessmark align estimate --trust hard --format json dumps/ chrony/ > model.json
  witnessmark align estimate --min-delay us-east-1a:us-east-1b=250us dumps/`,
		Args: atLeast(1),
		RunE: o.run,
	}
	o.flags(cmd)
	return o, cmd
}

func (o *alignEstimate) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.model, "output", "o", "", "write the model to this `FILE`")
	f.StringVar(&o.format, "format", "table", "format on standard output: table, or json for the model")
	f.IntVar(&o.limit, "limit", 50, "rows in the table; 0 for all")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing on standard output")
	f.BoolVar(&o.allowIncomplete, "allow-incomplete", false, "exit 0 instead of 3 where some evidence could not be read")
	o.clocks.flags(cmd)
	o.inputFlags(cmd)
}

func (o *alignEstimate) run(_ *cobra.Command, args []string) error {
	if o.format != "table" && o.format != "json" {
		return fmt.Errorf("--format %q: want table or json", o.format)
	}
	if o.limit < 0 {
		return fmt.Errorf("--limit %d: want 0 or more", o.limit)
	}
	if o.model == "-" {
		return errors.New("-o -: want a file\nfor standard output: --format json")
	}
	if o.model != "" {
		if err := notAnInput(o.model, args); err != nil {
			return err
		}
	}
	b, unmet, err := o.load(args)
	if err != nil {
		return err
	}
	if o.model != "" {
		if err := notAnArtifact(o.model, b); err != nil {
			return err
		}
	}
	unmet = append(unmet, o.app.unmatched(b)...)
	options := analyze.Options{Jobs: o.jobs}
	if options.Clocks, err = o.clocks.options(b); err != nil {
		return err
	}
	res := analyze.Run(b, nil, options)
	s := clocks.ModelIndex.In(res)
	if s == nil {
		return errors.New("nothing to align: no call leaves its clock, and nothing compares a clock with UTC\nsee what is here: witnessmark inspect PATH…")
	}
	if err := o.clocks.check(s.Model); err != nil {
		return err
	}
	doc := report.New(res, report.Request{
		Command: "align estimate", Args: o.app.args, Version: version(), FailOn: report.Never,
		AllowIncomplete: o.allowIncomplete, Unmet: unmet,
	})
	*o.code = doc.Run.ExitCode
	if doc.Run.ExitCode == report.ExitIncomplete {
		for _, why := range doc.Run.Incomplete {
			o.app.fail(errors.New("incomplete: " + why))
		}
	}
	return o.write(s)
}

// write writes the model to the file and what was asked for to standard output.
func (o *alignEstimate) write(s *clocks.Solution) error {
	model := func(w io.Writer) error { return report.WriteJSON(w, s.Model, "  ") }
	if o.model != "" {
		if err := replaceFile(o.model, model); err != nil {
			return fmt.Errorf("write %s: %w", o.model, err)
		}
	}
	switch {
	case o.quiet:
		return nil
	case o.format == "json":
		if err := model(o.app.stdout); err != nil {
			return fmt.Errorf("write model: %w", err)
		}
		return nil
	}
	t := report.TerminalOptions{Width: o.app.width, Color: o.app.terminal && !o.app.noColor, Limit: o.limit}
	if err := report.WriteClocks(report.NewProse(o.app.stdout, t), report.NewClocks(s.Model, s.Middle), t); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
