package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/evidence"
)

// applyFile does all that the command align apply does with a file, its model given.
func applyFile(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{})
	if err != nil {
		return err
	}
	plan := align.NewPlan(b, evidence.JoinSpans(b), drifting(b), align.ApplyOptions{})
	out := path + ".aligned"
	s, err := plan.Apply(context.Background(), align.Job{In: path, Out: out, Digest: "crc32c"})
	if err != nil {
		return err
	}
	if s.Receipt.Times < 2*s.Receipt.Spans {
		return fmt.Errorf("%d times of %d spans moved", s.Receipt.Times, s.Receipt.Spans)
	}
	return seen(s.Receipt.Times)
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
	s, err := plan.Apply(context.Background(), align.Job{In: path, Out: path + ".aligned", Digest: "crc32c"})
	if err != nil {
		return err
	}
	if s.Receipt.Times < 2*s.Receipt.Spans {
		return fmt.Errorf("%d times of %d spans moved", s.Receipt.Times, s.Receipt.Spans)
	}
	return seen(s.Receipt.Times)
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
	out, err := os.Create(path + ".copy")
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
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "recoded.pb"), out, 0o644); err != nil {
		return err
	}
	return seen(spans)
}
