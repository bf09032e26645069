package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"

	"github.com/DataDog/gostackparse"
	"github.com/google/pprof/profile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/all"
	"github.com/witnessmark/witnessmark/evidence"
)

// roles are what one process of the benchmark does with its input. Each checks that it really saw rows.
var roles = map[string]func(path string) error{
	"examine":      examine,
	"proto":        unmarshal,
	"proto-framed": unmarshalFramed,
	"proto-each":   unmarshalEach,
	"pdata-json":   pdataJSON,
	"pprof":        parseProfile,
	"gostackparse": parseGoroutines,
	"estimate":     estimate,
	"solve":        solveOnly,
	"apply":        applyFile,
	"apply-twice":  applyTwice,
	"rewrite":      rewriteFile,
	"cp":           copyFile,
	"recode":       recode,
}

// examine does all that the command examine does before it renders.
func examine(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{})
	if err != nil {
		return err
	}
	res := analyze.Run(b, all.Detectors(), analyze.Options{RequireLabels: []string{"route"}})
	a := b.Artifacts[0]
	if a.Status != evidence.StatusOK {
		return fmt.Errorf("%s: status %s, %v", path, a.Status, a.Losses)
	}
	for _, c := range res.Checks {
		if c.Outcome == analyze.Failed {
			return fmt.Errorf("%s failed: %s", c.ID, c.Reason)
		}
	}
	rows := b.Spans.Len()
	if a.Profile != nil {
		rows = a.Profile.Len()
	}
	if a.Dump != nil {
		rows = len(a.Dump.Goroutines)
	}
	return seen(rows)
}

func unmarshal(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var td tracepb.TracesData
	if err := proto.Unmarshal(data, &td); err != nil {
		return err
	}
	return seen(len(td.ResourceSpans))
}

func unmarshalFramed(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var kept []*tracepb.TracesData
	for len(data) >= 4 {
		n := binary.BigEndian.Uint32(data)
		td := new(tracepb.TracesData)
		if err := proto.Unmarshal(data[4:4+n], td); err != nil {
			return err
		}
		kept = append(kept, td)
		data = data[4+n:]
	}
	return seen(len(kept))
}

func pdataJSON(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var u ptrace.JSONUnmarshaler
	var spans int
	for line := range bytes.Lines(data) {
		td, err := u.UnmarshalTraces(bytes.TrimSpace(line))
		if err != nil {
			return err
		}
		spans += td.SpanCount()
	}
	return seen(spans)
}

func parseProfile(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	p, err := profile.ParseData(data)
	if err != nil {
		return err
	}
	err = seen(len(p.Sample))
	runtime.KeepAlive(p)
	return err
}

func parseGoroutines(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	gs, errs := gostackparse.Parse(bytes.NewReader(data))
	if len(errs) > 0 {
		return errs[0]
	}
	return seen(len(gs))
}

func seen(rows int) error {
	if rows == 0 {
		return fmt.Errorf("saw no row")
	}
	return nil
}
