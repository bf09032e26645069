package align_test

import (
	"fmt"
	"testing"

	"github.com/witnessmark/witnessmark/align"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

// statistic sums up the calls of a scene.
func statistic(s *clocksim.Scene) *align.Statistic {
	stat := align.NewStatistic(align.StatOptions{})
	for i := range s.Calls {
		key, call := s.Call(i)
		stat.Edge(key).Add(call)
	}
	for _, m := range s.Machines {
		stat.Domains[m.Name] = align.DomainInfo{From: "clocksim", Host: m.Name, AZ: m.Zone}
	}
	return stat
}

// BenchmarkEstimate is all of Solve, bounds and proofs included, at the sizes that the time of a solve is promised for.
func BenchmarkEstimate(b *testing.B) {
	for _, size := range []struct {
		hosts, services int
		parents, calls  float64
	}{{30, 10, 1.4, 150}, {200, 40, 3.2, 10}, {1000, 100, 0, 4}} {
		p, _ := clocksim.Scenario("base")
		p.Hosts, p.Services, p.Parents, p.CallsPerMinute = size.hosts, size.services, size.parents, size.calls
		b.Run(fmt.Sprint(size.hosts), func(b *testing.B) {
			stat := statistic(clocksim.Generate(p, 1))
			b.ReportMetric(float64(len(stat.Keys())), "edges")
			for b.Loop() {
				align.Solve(stat, nil, align.Options{})
			}
		})
	}
}
