package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/clocks"
	"github.com/witnessmark/witnessmark/evidence"
)

// estimate does all that the command align estimate does before it prints.
func estimate(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{})
	if err != nil {
		return err
	}
	res := analyze.Run(b, nil, analyze.Options{Clocks: analyze.ClockOptions{Always: true}})
	s := clocks.ModelIndex.In(res)
	if s == nil {
		return fmt.Errorf("%s: no clock is tied to another", path)
	}
	if err := saveModel(output(path, ".model.json"), s.Model); err != nil {
		return err
	}
	return seen(len(s.Model.Domains))
}

// apart is the CPU time that a role tells apart from its own.
var apart time.Duration

// solveOnly tells the CPU time of the solve of estimate. Statistics that the solver asks for anew are no part of it.
func solveOnly(path string) error {
	b, err := evidence.Load([]string{path}, evidence.Options{})
	if err != nil {
		return err
	}
	join := evidence.JoinSpans(b)
	stat := align.Collect(b, join, align.StatOptions{})
	var collecting time.Duration
	refine := func(o align.StatOptions) *align.Statistic {
		from := cpuTime()
		defer func() { collecting += cpuTime() - from }()
		return align.Collect(b, join, o)
	}
	from := cpuTime()
	m := align.Solve(stat, refine, align.Options{})
	apart = cpuTime() - from - collecting
	return seen(len(m.Domains))
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are constants
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// unmarshalEach decodes one message at a time and drops it, so that a file of any size will do. Keeping them all costs more.
func unmarshalEach(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	var header [4]byte
	var data []byte
	resources := 0
	for {
		if _, err := io.ReadFull(r, header[:]); err == io.EOF {
			return seen(resources)
		} else if err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(header[:]))
		data = slices.Grow(data[:0], n)[:n]
		if _, err := io.ReadFull(r, data); err != nil {
			return err
		}
		var td tracepb.TracesData
		if err := proto.Unmarshal(data, &td); err != nil {
			return err
		}
		resources += len(td.ResourceSpans)
	}
}
