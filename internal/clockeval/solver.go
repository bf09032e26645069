package clockeval

import (
	"time"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// Collect sums up the calls and readings of a scene as align.Collect does those of captures.
func Collect(s *clocksim.Scene, o align.StatOptions) *align.Statistic {
	stat := align.NewStatistic(o)
	edges := map[edgeOf]*align.Edge{}
	for i, c := range s.Calls {
		// The key's strings need no hashing for calls of an edge that is known.
		a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
		short := edgeOf{a.Machine, b.Machine, b.Service, c.Kind == clocksim.Message}
		key, call := s.Call(i)
		e := edges[short]
		if e == nil {
			e = stat.Edge(key)
			edges[short] = e
		}
		e.Add(call)
	}
	for _, r := range s.Readings {
		stat.AddReading(r)
	}
	for _, m := range s.Machines {
		stat.Domains[m.Name] = align.DomainInfo{From: "clocksim", Host: m.Name, AZ: m.Zone}
	}
	return stat
}

type edgeOf struct {
	from, to, service int32
	message           bool
}

// Align runs witnessmark's own method.
func Align(s *clocksim.Scene) (*align.Model, Cost) {
	start := time.Now()
	stat := Collect(s, align.StatOptions{})
	cost := Cost{Ingest: time.Since(start), Passes: 1, Edges: len(stat.Keys()), Bytes: len(stat.AppendBinary(nil))}
	var second time.Duration
	refine := func(o align.StatOptions) *align.Statistic {
		again := time.Now()
		defer func() { second += time.Since(again) }()
		cost.Passes++
		return Collect(s, o)
	}
	start = time.Now()
	model := align.Solve(stat, refine, align.Options{})
	cost.Solve = time.Since(start) - second
	cost.Ingest += second
	return model, cost
}

// Evaluate runs all methods and align on one scene.
func Evaluate(s *clocksim.Scene, methods []Method) *Report {
	model, cost := Align(s)
	r := Judge(s, model)
	r.Cost = cost
	for _, m := range methods {
		p := m.Place(s)
		r.Others = append(r.Others, outcome(m.Name, s, p))
	}
	return r
}
