package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/witnessmark/witnessmark/align/verify"
	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/report"
)

const alignCheckLong = `check verifies a model against the captures that it was made from, with other code than made it: every constraint
that a bound or a contradiction rests on is looked up in the raw spans and readings, every bound is summed up
again and must be exactly what the model states, and every span is compared with its parent in aligned times.

What it cannot verify are the assumptions that the model lists, first of all the largest drift.

Exit codes: 0 all of the model is verified and no span begins before its parent in aligned times; 1 something is
not so; 2 usage error; 3 verified, but some evidence could not be read (--allow-incomplete makes it 0).`

// alignCheck is the command align check.
type alignCheck struct {
	*examine
	model  string
	format string
	limit  int
}

// newAlignCheck makes the command.
func newAlignCheck(a *app, code *int) *cobra.Command {
	o := &alignCheck{examine: newExamine(a, code)}
	cmd := &cobra.Command{
		Use:   "check --model MODEL PATH…",
		Short: "Verify a clock model from the raw files, with other code than made it",
		Long:  alignCheckLong,
		Example: `  witnessmark align estimate dumps/ -o model.json && witnessmark align check --model model.json dumps/
  witnessmark align check --model model.json --format json dumps/ | jq '.problems[], .violations[]'`,
		Args: atLeast(1),
		RunE: o.run,
	}
	f := cmd.Flags()
	f.StringVar(&o.model, "model", "", "the clock model that align estimate wrote")
	f.StringVar(&o.format, "format", "table", "format on standard output: table or json")
	f.IntVar(&o.limit, "limit", 50, "rows in the table; 0 for all")
	f.BoolVar(&o.allowIncomplete, "allow-incomplete", false, "exit 0 instead of 3 where some evidence could not be read")
	o.inputFlags(cmd)
	return cmd
}

func (o *alignCheck) run(_ *cobra.Command, args []string) error {
	switch {
	case o.model == "":
		return errors.New("no model to check\nsay which: --model FILE")
	case o.format != "table" && o.format != "json":
		return fmt.Errorf("--format %q: want table or json", o.format)
	case o.limit < 0:
		return fmt.Errorf("--limit %d: want 0 or more", o.limit)
	}
	text, err := readModel(o.model)
	if err != nil {
		return err
	}
	load, err := o.loadOptions()
	if err != nil {
		return err
	}
	b, err := evidence.Load(args, load)
	incomplete := err != nil
	if err != nil {
		if len(b.Artifacts) == 0 {
			return hint(fmt.Errorf("nothing to check against: %w", err), args, nil)
		}
		o.app.fail(hint(err, args, nil))
	}
	incomplete = len(o.app.unmatched(b)) > 0 || incomplete
	n := copies(b.Artifacts)
	if n > 0 {
		fmt.Fprintf(o.app.stderr, "witnessmark: %s by align apply among the inputs: what proves a model is in the captures that it was made from\n", count(n, "copy"))
	}
	r, err := verify.Check(text, b, evidence.JoinSpans(b))
	if err != nil {
		return notModel(o.model, err)
	}
	if n == 0 && r.Constraints == 0 && !r.OK() {
		fmt.Fprintf(o.app.stderr, "witnessmark: nothing that the model rests on is in these files: was it made from others?\n")
	}
	for _, a := range b.Artifacts {
		incomplete = incomplete || len(a.Losses) > 0
	}
	switch {
	case !r.OK() || len(r.Residual) > 0:
		*o.code = report.ExitFindings
	case incomplete && !o.allowIncomplete:
		*o.code = report.ExitIncomplete
	}
	if o.format == "json" {
		return report.WriteJSON(o.app.stdout, r, "  ")
	}
	return o.table(r, b)
}

// table prints a verdict, and a row for each thing that does not hold.
func (o *alignCheck) table(r *verify.Result, b *evidence.Bundle) error {
	t := report.NewTable(report.Column{Title: "WHERE"}, report.Column{Title: "WHAT DOES NOT HOLD", Shrink: true})
	rows, left := 0, r.MoreProblems
	add := func(where, what string) {
		if o.limit > 0 && rows == o.limit {
			left++
			return
		}
		rows++
		t.Row(where, what)
	}
	for _, p := range r.Problems {
		add(p.Where, p.What)
	}
	for _, v := range r.Residual {
		add(fmt.Sprintf("%s@%d+%d", b.Artifacts[v.Ref.Artifact].Path, v.Ref.Off, v.Ref.Len),
			fmt.Sprintf("span %s on %s begins %d ns before its parent %s on %s", v.Child, v.Callee, v.By, v.Parent, v.Caller))
	}
	if rows > 0 {
		if err := t.Write(o.app.stdout, report.TerminalOptions{Width: o.app.width}); err != nil {
			return err
		}
	}
	if left > 0 {
		fmt.Fprintf(o.app.stdout, "… and %d more\n", left)
	}
	verdict := "verified"
	if !r.OK() {
		verdict = "NOT verified"
	}
	_, err := fmt.Fprintf(o.app.stdout, "model %s: %d constraints found in the evidence, %d bounds follow from them, %d contradictions are such\n"+
		"effects before their causes over %d pairs of spans on aligned clocks: %d as recorded, %d aligned\n",
		verdict, r.Constraints, r.Bounds, r.Certificates, r.Pairs, r.Before, len(r.Residual))
	for i, v := range r.LeftAlone {
		switch {
		case err != nil:
		case o.limit > 0 && i == o.limit:
			_, err = fmt.Fprintf(o.app.stdout, "… and %d more pairs of clocks left alone\n", len(r.LeftAlone)-i)
		case o.limit == 0 || i < o.limit:
			_, err = fmt.Fprintf(o.app.stdout, "left as recorded: %s from %s to %s, %d with the effect before its cause (%s)\n",
				count(v.Pairs, "call"), v.Caller, v.Callee, v.Before, v.Why)
		}
	}
	if err == nil && r.Declared > 0 {
		_, err = fmt.Fprintf(o.app.stdout, "%d constraints rest on declared least delays, which no evidence shows\n", r.Declared)
	}
	return err
}
