package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// applyFile does all that the command align apply does with a file and a model as large as the one that align estimate makes of it.
func applyFile(path string) error {
	text, err := os.ReadFile(modelOf(path))
	if err != nil {
		return err
	}
	model, err := align.ParseModel(text)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(text)
	b, err := evidence.Load([]string{path}, evidence.Options{ResourcesOnly: true})
	if err != nil {
		return err
	}
	trial := align.NewTrial(b, model, align.ApplyOptions{})
	defer trial.Discard()
	job := align.Job{In: path, Out: output(path, ".aligned"), Model: hex.EncodeToString(digest[:]), Digest: "crc32c"}
	s, err := trial.Apply(context.Background(), job)
	if err != nil {
		return err
	}
	if !trial.Holds() {
		return fmt.Errorf("%s: its own model leaves calls before their callers", path)
	}
	if err := moved(s); err != nil {
		return err
	}
	return trial.Commit()
}

// applyTwice does what the command does where a trial fails: it reads all spans, and rewrites again.
func applyTwice(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{ResourcesOnly: true})
	if err != nil {
		return err
	}
	model := drifting(b)
	trial := align.NewTrial(b, model, align.ApplyOptions{})
	job := align.Job{In: path, Out: output(path, ".aligned"), Digest: "crc32c"}
	if _, err := trial.Apply(context.Background(), job); err != nil && !errors.Is(err, align.ErrTrial) {
		return err
	}
	if trial.Holds() {
		return fmt.Errorf("%s: clocks that are off leave no call before its caller", path)
	}
	trial.Discard()
	if b, err = evidence.Load([]string{path}, evidence.Options{}); err != nil {
		return err
	}
	s, err := align.NewPlan(b, evidence.JoinSpans(b), model, align.ApplyOptions{}).Apply(context.Background(), job)
	if err != nil {
		return err
	}
	return moved(s)
}

// moved reports whether the times of spans were.
func moved(s *align.Sidecar) error {
	if s.Receipt.Times < 2*s.Receipt.Spans {
		return fmt.Errorf("%d times of %d spans moved", s.Receipt.Times, s.Receipt.Spans)
	}
	return seen(s.Receipt.Times)
}

// modelOf names the model of a generated file. writeModel makes it as align estimate does, but moves all clocks alike, so that
// every time is patched and calls stay in the order that the generator gave them.
func modelOf(path string) string { return path + ".model.json" }

func writeModel(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{})
	if err != nil {
		return err
	}
	join := evidence.JoinSpans(b)
	collect := func(o align.StatOptions) *align.Statistic { return align.Collect(b, join, o) }
	m := align.Solve(collect(align.StatOptions{}), collect, align.Options{})
	for i := range m.Domains {
		d := &m.Domains[i]
		d.Status = align.StatusAligned
		if len(d.Segments) == 0 {
			d.Segments = []align.Segment{{Points: []align.Point{{At: align.Instant(b.Artifacts[0].Window.Start)}}}}
		}
		for _, s := range d.Segments {
			for k := range s.Points {
				s.Points[k].Offset = 1_000_003
			}
		}
	}
	return saveModel(modelOf(path), m)
}

func saveModel(path string, m *align.Model) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// rewriteFile does the part of it that writes, with a plan at hand: that of the head of the file, in which every resource
// occurs. Reading the head is counted too.
func rewriteFile(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	b := evidence.LoadReader(path, io.LimitReader(in, 4<<20), evidence.Options{})
	plan := align.NewPlan(b, nil, drifting(b), align.ApplyOptions{})
	s, err := plan.Apply(context.Background(), align.Job{In: path, Out: output(path, ".aligned"), Digest: "crc32c"})
	if err != nil {
		return err
	}
	return moved(s)
}

// drifting is a model in which every clock of the bundle is off and drifts.
func drifting(b *evidence.Bundle) *align.Model {
	m := &align.Model{Schema: align.ModelSchema, Reference: "ref", Trust: align.TrustHard, MaxDriftPPM: 100}
	names := map[string]bool{}
	for i := range b.Resources {
		names[b.Resources[i].Identity.Domain.Value] = true
	}
	for name := range names {
		m.Domains = append(m.Domains, align.Domain{Name: name, Reference: "ref", Status: align.StatusAligned})
	}
	slices.SortFunc(m.Domains, func(a, b align.Domain) int { return strings.Compare(a.Name, b.Name) })
	w := b.Artifacts[0].Window
	for i := range m.Domains {
		off := int64(i+1) * 1_000_003
		m.Domains[i].Segments = []align.Segment{{Points: []align.Point{
			{At: align.Instant(w.Start), Offset: off, Hard: align.Unbounded, Assumed: align.Unbounded},
			{At: align.Instant(w.End) + 1, Offset: off + 77_777, Hard: align.Unbounded, Assumed: align.Unbounded},
		}}}
	}
	return m
}

// copyFile is the floor: what cp does.
func copyFile(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(output(path, ".copy"))
	if err != nil {
		return err
	}
	// Not io.Copy, which asks the kernel to copy and costs nothing on some file systems.
	buf := make([]byte, 1<<20)
	n, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buf)
	if err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return seen(int(n))
}

// recode does what rewriting costs with the official library: decode, move, encode.
func recode(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var td tracepb.TracesData
	if err := proto.Unmarshal(data, &td); err != nil {
		return err
	}
	spans := 0
	for _, rs := range td.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				s.StartTimeUnixNano -= 1_000_003
				s.EndTimeUnixNano -= 1_000_003
				for _, e := range s.Events {
					e.TimeUnixNano -= 1_000_003
				}
				spans++
			}
		}
	}
	out, err := proto.Marshal(&td)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output(path, ".recoded"), out, 0o644); err != nil {
		return err
	}
	return seen(spans)
}
