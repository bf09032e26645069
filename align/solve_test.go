package align

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
)

// fleetCalls makes the calls of hosts in a layered graph whose clocks are off and drift, in random order.
func fleetCalls(r *rand.Rand, hosts, perEdge int, seconds float64) (keys []EdgeKey, calls []Call, offset func(host int, t float64) float64) {
	off, rate := make([]float64, hosts), make([]float64, hosts)
	for i := range off {
		off[i], rate[i] = 5e7*(2*r.Float64()-1), 2e4*(2*r.Float64()-1)
	}
	offset = func(h int, t float64) float64 { return off[h] + rate[h]*t }
	for b := range hosts {
		for _, back := range []int{1, 2, 5} {
			a := b - back
			if a < 0 {
				continue
			}
			for range perEdge {
				t := seconds * r.Float64()
				show := func(h int, t float64) int64 { return base + int64(1e9*t+offset(h, t)) }
				t2 := t + 1e-9*(200e3+80e3*r.ExpFloat64())
				t3 := t2 + 1e-3*r.ExpFloat64()
				t4 := t3 + 1e-9*(195e3+40e3*r.ExpFloat64())
				keys = append(keys, EdgeKey{fmt.Sprintf("h%04d", a), fmt.Sprintf("h%04d", b), fmt.Sprint("s", b%7), ClassRequest})
				calls = append(calls, Call{
					Sent: show(a, t), Received: show(b, t2), Replied: show(b, t3), Answered: show(a, t4), Quantum: 1,
					Earlier: SpanID{[16]byte{1}, r.Uint64()}, Later: SpanID{[16]byte{1}, r.Uint64()},
				})
			}
		}
	}
	return keys, calls, offset
}

func encode(t *testing.T, m *Model) []byte {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The model does not depend on the order of calls, nor on how they are split.
func TestSolveIsDeterministic(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	keys, calls, _ := fleetCalls(r, 8, 300, 120)
	build := func(parts int) *Statistic {
		list := make([]*Statistic, parts)
		for i := range list {
			list[i] = NewStatistic(StatOptions{})
		}
		for _, i := range r.Perm(len(calls)) {
			list[r.IntN(parts)].Edge(keys[i]).Add(calls[i])
		}
		return MergeStatistics(list...)
	}
	want := encode(t, Solve(build(1), nil, Options{}))
	for parts := 1; parts <= 3; parts++ {
		if got := encode(t, Solve(build(parts), nil, Options{})); !bytes.Equal(want, got) {
			t.Fatalf("%d parts give another model", parts)
		}
	}
}

// What is found of drifting clocks is near the truth and inside its bounds, and a clock that is moved as a
// whole is found moved by as much, with the others where they were.
func TestSolveFindsClocks(t *testing.T) {
	keys, calls, offset := fleetCalls(rand.New(rand.NewPCG(9, 9)), 12, 400, 300)
	const moved, by = "h0005", int64(3_600_000_000_000)
	solve := func(shift int64) *Model {
		s := NewStatistic(StatOptions{})
		for i, c := range calls {
			if keys[i].Caller == moved {
				c.Sent, c.Answered = c.Sent+shift, c.Answered+shift
			}
			if keys[i].Callee == moved {
				c.Received, c.Replied = c.Received+shift, c.Replied+shift
			}
			s.Edge(keys[i]).Add(c)
		}
		return Solve(s, nil, Options{Reference: "h0000"})
	}
	plain, shifted := solve(0), solve(by)
	for h := range plain.Domains {
		d, e := &plain.Domains[h], &shifted.Domains[h]
		if len(d.Segments) != 1 || len(e.Segments) != 1 {
			t.Fatalf("%s: %d segments, %s %s", d.Name, len(d.Segments), d.Status, d.Why)
		}
		for _, sec := range []float64{10, 150, 290} {
			at := base + int64(1e9*sec+offset(h, sec))
			want := int64(offset(h, sec) - offset(0, sec))
			p, _ := d.At(at, plain.MaxDriftPPM)
			if p.Offset < want-15_000 || p.Offset > want+15_000 || !p.Hard.Contains(want) || !p.Assumed.Contains(want) {
				t.Errorf("%s at %g s: %+v, want an offset of %d", d.Name, sec, p, want)
			}
			shift := int64(0)
			if d.Name == moved {
				shift = by
			}
			q, _ := e.At(at+shift, shifted.MaxDriftPPM)
			if diff := q.Offset - shift - p.Offset; diff < -2000 || diff > 2000 {
				t.Errorf("%s at %g s: moved by %d, its offset changed by %d more", d.Name, sec, shift, diff)
			}
		}
	}
	for _, p := range plain.Pairs {
		if p.After > 0 || p.Before == 0 && p.Calls == 0 {
			t.Errorf("%+v: calls arrive before they are sent", p)
		}
	}
}

// Nothing that is no call makes the solver fail.
func TestSolveOddities(t *testing.T) {
	if m := Solve(NewStatistic(StatOptions{}), nil, Options{}); len(m.Domains) != 0 {
		t.Errorf("a model of nothing has %d domains", len(m.Domains))
	}
	s := NewStatistic(StatOptions{})
	s.AddReading(Reading{Domain: "alone", At: base, Until: base, Offset: 500, Error: 1000, Source: "test"})
	s.Edge(EdgeKey{"a", "b", "", ClassRequest}).Add(Call{Sent: base, Received: base + 5, Quantum: 1})
	s.Edge(EdgeKey{"b", "a", "", ClassMessage}).Add(Call{Sent: 1, Received: 1<<63 - 1, Quantum: 1})
	m := Solve(s, nil, Options{})
	if d := m.Domain("alone"); d == nil || d.Reference != UTC || len(d.Segments) != 1 || d.Segments[0].Points[0].Offset != 500 {
		t.Errorf("a clock with nothing but a reading: %+v", d)
	}
}

func BenchmarkSolve(b *testing.B) {
	for _, hosts := range []int{30, 200} {
		keys, calls, _ := fleetCalls(rand.New(rand.NewPCG(1, 1)), hosts, 300, 1800)
		s := NewStatistic(StatOptions{})
		for i, c := range calls {
			s.Edge(keys[i]).Add(c)
		}
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			for range b.N {
				solveOnce(s, Options{}.defaults())
			}
		})
	}
}
