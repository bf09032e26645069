package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/google/pprof/profile"
)

// writeProfile writes an uncompressed CPU profile in google/pprof's encoding: samples of 10 to 60 frames
// over 5,000 functions, as a random walk so that stacks share prefixes, with the labels of a traced
// service: route, tenant and a span id of its own per sample. A tenth of the samples carries none.
func writeProfile(path string, samples int) error {
	rng := rand.New(rand.NewPCG(7, 13))
	p := &profile.Profile{
		SampleType:    []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType:    &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:        10_000_000,
		TimeNanos:     1_795_171_807_549_279_119,
		DurationNanos: 30_000_000_000,
		Mapping:       []*profile.Mapping{{ID: 1, Start: 0x400000, Limit: 0x2000000, File: "/srv/app", HasFunctions: true}},
	}
	const functions = 5000
	for i := range uint64(functions) {
		name := fmt.Sprintf("example.com/shop/pkg%d.(*Type%d).Method%d", i%97, i%41, i)
		if i == 0 {
			name = "runtime.main"
		}
		f := &profile.Function{ID: i + 1, Name: name, SystemName: name, Filename: fmt.Sprintf("/src/pkg%d/file%d.go", i%97, i%300), StartLine: int64(i % 900)}
		p.Function = append(p.Function, f)
		l := &profile.Location{ID: i + 1, Mapping: p.Mapping[0], Address: 0x400000 + 64*i, Line: []profile.Line{{Function: f, Line: f.StartLine + 3}}}
		if i%5 == 4 { // every fifth location has an inlined frame
			l.Line = append([]profile.Line{{Function: p.Function[i-1], Line: 9}}, l.Line...)
		}
		p.Location = append(p.Location, l)
	}
	for range samples {
		depth := 10 + rng.IntN(50)
		s := &profile.Sample{Value: []int64{1, 10_000_000}}
		at := 0
		for range depth {
			s.Location = append(s.Location, p.Location[at])
			at = 1 + (at*7+rng.IntN(3))%(functions-1)
		}
		for i, j := 0, len(s.Location)-1; i < j; i, j = i+1, j-1 {
			s.Location[i], s.Location[j] = s.Location[j], s.Location[i]
		}
		if rng.IntN(10) != 0 {
			s.Label = map[string][]string{
				"route":   {fmt.Sprintf("GET /v1/r%d/{id}", rng.IntN(40))},
				"tenant":  {fmt.Sprintf("t%d", rng.IntN(200))},
				"span_id": {fmt.Sprintf("%016x", rng.Uint64())},
			}
		}
		p.Sample = append(p.Sample, s)
	}
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
