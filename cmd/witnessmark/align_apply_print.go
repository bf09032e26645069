package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/report"
)

// What align apply says it did.

// warn says why files that hold times keep them all: mostly a model of something else, or profiles that do not tell their
// host.
func (o *alignApply) warn(list []applied) {
	traces, profiles, moved, again := 0, 0, 0, 0
	for _, f := range list {
		switch {
		case f.Sidecar == nil:
		case f.Sidecar.Receipt.Times > 0:
			moved++
			if before, err := align.ReadSidecar(filepath.FromSlash(f.Path)); err == nil && before.Transform.Model == f.Sidecar.Transform.Model {
				again++
			}
		case strings.HasPrefix(f.Sidecar.Format, "otlp/") && f.Sidecar.Receipt.Resources > 0:
			traces++
		case unknownClock(f.Sidecar):
			profiles++
		}
	}
	if moved == 0 && traces > 0 {
		fmt.Fprintf(o.app.stderr, "witnessmark: no time was moved: the model %s holds no aligned clock of these files; was it made from them?\n", o.model)
	}
	if again > 0 {
		fmt.Fprintf(o.app.stderr, "witnessmark: %s moved by this very model before: now off by as much to the other side; "+
			"--compose is for a model that was made from the copies\n", count(again, "file"))
	}
	if profiles > 0 {
		fmt.Fprintf(o.app.stderr, "witnessmark: %s not moved: nothing says which host's clock stamped them; "+
			"say it: --identity 'GLOB:host=HOST'\n", count(profiles, "profile"))
	}
}

// unknownClock reports whether a file's only clock is one that nothing names.
func unknownClock(s *align.Sidecar) bool {
	return len(s.Receipt.Domains) == 1 && s.Receipt.Domains[0].Domain == ""
}

func (o *alignApply) print(list []applied) error {
	if o.format == "json" {
		e := json.NewEncoder(o.app.stdout)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Files []applied `json:"files"`
		}{list})
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range list {
		if f.Error == "" {
			fmt.Fprintf(w, "%s\t%s\t%s\n", report.Clean(f.Out), f.Sidecar.Format, o.summary(f.Sidecar))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := o.app.stdout.Write(b.Bytes())
	return err
}

// summary says in a few words what was done to a file.
func (o *alignApply) summary(s *align.Sidecar) string {
	switch {
	case o.reverse:
		return "restored"
	case s.Undo.Kind == "none":
		return "copied as it is: it holds no time"
	case unknownClock(s):
		return "not moved: nothing says which clock this is"
	}
	parts := []string{count(s.Receipt.Times, "time") + " moved"}
	least, most, stay := int64(math.MaxInt64), int64(math.MinInt64), 0
	for _, d := range s.Receipt.Domains {
		switch {
		case d.Times > 0:
			least, most = min(least, d.Least), max(most, d.Most)
		case d.Status != align.StatusAligned && d.Status != align.StatusReference:
			stay++
		}
	}
	switch {
	case s.Receipt.Times == 0:
	case least == 0 && most == 0:
		parts[0] = count(s.Receipt.Times, "time") + " on the time line already"
	case least == most:
		parts = append(parts, fmt.Sprintf("by %v", time.Duration(-least)))
	default:
		parts = append(parts, fmt.Sprintf("by %v to %v", time.Duration(-most), time.Duration(-least)))
	}
	if stay > 0 {
		parts = append(parts, count(stay, "clock")+" left alone")
	}
	if n := len(s.Receipt.Notes); n > 0 {
		parts = append(parts, count(n, "note")+" in its sidecar")
	}
	return strings.Join(parts, ", ")
}

// count writes a number with what it counts.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "y"); ok {
		what = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
