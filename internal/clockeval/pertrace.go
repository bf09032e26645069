package clockeval

import "github.com/witnessmark/witnessmark/internal/clocksim"

// Jaeger places calls as Jaeger's clock skew adjuster does with an unlimited maximum
// (jaegertracing/jaeger: jaegerquery/internal/adjuster/clockskew.go). Within a trace a span on another
// host than its parent, as already moved, is centred in it unless it fits; one that is longer than its
// parent is only moved to its start. Spans on the parent's host move with it.
func Jaeger(s *clocksim.Scene) Placement {
	moved := make([]int64, len(s.Spans)) // what is added to each span; parents come first
	for i := range s.Spans {
		child := &s.Spans[i]
		if child.Parent < 0 {
			continue
		}
		parent := &s.Spans[child.Parent]
		if s.Machines[child.Machine].Name == s.Machines[parent.Machine].Name {
			moved[i] = moved[child.Parent]
			continue
		}
		start, end := parent.StartReading+moved[child.Parent], parent.EndRead+moved[child.Parent]
		long, within := child.EndRead-child.StartReading, end-start
		switch {
		case long > within:
			moved[i] = max(0, start-child.StartReading)
		case child.StartReading < start || child.EndRead > end:
			moved[i] = start + (within-long)/2 - child.StartReading
		}
	}
	return lags(s, moved)
}

// Zipkin places calls as Zipkin Lens does (openzipkin/zipkin: zipkin-lens/src/zipkin/clock-skew.js), in
// whole microseconds: only a server span that does not begin after its client span is moved, and a server
// whose clock is ahead never.
func Zipkin(s *clocksim.Scene) Placement {
	moved := make([]int64, len(s.Spans))
	micros := func(nanos int64) int64 { return nanos / 1000 }
	for i := range s.Spans {
		child := &s.Spans[i]
		if child.Parent < 0 {
			continue
		}
		parent := &s.Spans[child.Parent]
		if s.Machines[child.Machine].Name == s.Machines[parent.Machine].Name {
			moved[i] = moved[child.Parent]
			continue
		}
		client, server := micros(parent.StartReading+moved[child.Parent]), micros(child.StartReading)
		if parent.Role != clocksim.Client || child.Role != clocksim.Server || server > client {
			continue
		}
		waited, worked := micros(parent.EndRead-parent.StartReading), micros(child.EndRead-child.StartReading)
		skew := server - 1 - client
		if waited > worked {
			skew = server - (waited-worked)/2 - client
		}
		moved[i] = -1000 * skew
	}
	return lags(s, moved)
}

func lags(s *clocksim.Scene, moved []int64) Placement {
	out := make(Placement, len(s.Calls))
	for i, c := range s.Calls {
		out[i] = raw(s, i) + moved[c.Later] - moved[c.Earlier]
	}
	return out
}

// Midpoint centres every answered call in the time that its caller waited: the rule of NTP (RFC 5905
// section 8) on one exchange.
func Midpoint(s *clocksim.Scene) Placement {
	out := make(Placement, len(s.Calls))
	for i, c := range s.Calls {
		out[i] = raw(s, i)
		if c.Kind == clocksim.Unary {
			a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
			out[i] = (a.EndRead - a.StartReading - (b.EndRead - b.StartReading)) / 2
		}
	}
	return out
}
