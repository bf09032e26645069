package align

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// randomCalls makes calls over a number of seconds, with delays of an exponential tail and a relative
// drift of 35 ppm.
func randomCalls(r *rand.Rand, n int, seconds float64) []Call {
	calls := make([]Call, n)
	for i := range calls {
		t := r.Float64() * seconds * 1e9
		d := 3e6 + t*35e-6
		sent := base + int64(t)
		received := sent + int64(125e3+80e3*r.ExpFloat64()+d)
		replied := received + int64(1e6*r.ExpFloat64())
		answered := replied + int64(112e3+40e3*r.ExpFloat64()-d)
		calls[i] = Call{
			Sent: sent, Received: received, Replied: replied, Answered: answered, Quantum: 1,
			Earlier: SpanID{[16]byte{1, 15: byte(i)}, r.Uint64()}, Later: SpanID{[16]byte{1, 15: byte(i)}, r.Uint64()},
		}
		if r.IntN(50) == 0 {
			calls[i].Answered = 0
		}
	}
	return calls
}

func statOf(calls []Call) *Statistic {
	s := NewStatistic(StatOptions{})
	for i, c := range calls {
		s.Edge(EdgeKey{"a", "b", fmt.Sprint("svc", i%2), ClassRequest}).Add(c)
	}
	return s
}

// The statistic of calls must not depend on their order, nor on how they are split.
func TestMergeIsExact(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 << (2 + r.IntN(14))
		calls := randomCalls(r, n, math.Pow(10, 4*r.Float64()))
		if seed%3 == 0 { // ties in everything
			for i := range calls {
				calls[i].Sent -= calls[i].Sent % 1e6
				calls[i].Received = calls[i].Sent + int64(r.IntN(3))*1e6
				calls[i].Replied, calls[i].Answered = calls[i].Received+1e6, calls[i].Received+2e6
			}
		}
		if seed%5 == 0 { // outliers
			calls[0].Sent, calls[0].Received = 1, math.MaxInt64
			calls[1].Sent, calls[1].Received, calls[1].Replied, calls[1].Answered = math.MaxInt64-3, 1, 1, math.MaxInt64
		}
		key := func(i int) EdgeKey { return EdgeKey{"a", "b", fmt.Sprint("svc", calls[i].Later.Span%2), ClassRequest} }
		whole := NewStatistic(StatOptions{})
		for i, c := range calls {
			whole.Edge(key(i)).Add(c)
		}
		parts := make([]*Statistic, 1+r.IntN(5))
		for i := range parts {
			parts[i] = NewStatistic(StatOptions{})
		}
		for _, i := range r.Perm(n) {
			parts[r.IntN(len(parts))].Edge(key(i)).Add(calls[i])
		}
		merged := MergeStatistics(parts...)
		want, got := whole.AppendBinary(nil), merged.AppendBinary(nil)
		if !bytes.Equal(want, got) {
			t.Fatalf("seed %d: %d calls in %d parts give %d other bytes, want %d", seed, n, len(parts), len(got), len(want))
		}
		back, err := ReadStatistic(want)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again := back.AppendBinary(nil); !bytes.Equal(want, again) {
			t.Fatalf("seed %d: reading and writing changed the bytes", seed)
		}
		if again := MergeStatistics(merged, NewStatistic(StatOptions{})).AppendBinary(nil); !bytes.Equal(want, again) {
			t.Fatalf("seed %d: merging nothing changed the bytes", seed)
		}
	}
}

// The envelope must give the least of all calls over every line that clocks can follow.
func TestEnvelopeIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	calls := randomCalls(r, 20000, 100)
	e := newEdge(false)
	for _, c := range calls {
		e.Add(c)
	}
	for _, ppm := range []float64{0, 35, -35, 400, -400, 900, -900} {
		line := func(at, v int64) float64 { return float64(v) - ppm*1e-6*float64(at-base) }
		for _, c := range e.request.cells {
			least, kept := math.Inf(1), math.Inf(1)
			for _, call := range calls {
				if call.Sent>>e.request.level == c.index {
					least = min(least, line(call.Sent, call.Received-call.Sent))
				}
			}
			for _, p := range e.request.pts {
				if p.t>>e.request.level == c.index {
					kept = min(kept, line(p.t, p.v))
				}
			}
			if kept != least {
				t.Fatalf("%v ppm: least of the envelope %v, of all calls %v", ppm, kept, least)
			}
		}
	}
}

func (e *Edge) sizeBytes() int {
	n := int(unsafe.Sizeof(*e)) + cap(e.sample)*int(unsafe.Sizeof(sampled{}))
	for _, v := range []*envelope{&e.request, &e.response} {
		n += cap(v.cells)*int(unsafe.Sizeof(cell{})) + cap(v.pts)*int(unsafe.Sizeof(point{}))
	}
	return n
}

// An edge keeps less than 100 KB, whatever the number of calls.
func TestEdgeSize(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	for _, seconds := range []float64{1, 60, 1800, 86400} {
		e := newEdge(false)
		worst := 0
		r := rand.New(rand.NewPCG(3, 3))
		for range 10 {
			for _, c := range randomCalls(r, n/10, seconds) {
				e.Add(c)
			}
			worst = max(worst, e.sizeBytes())
		}
		t.Logf("%g s: %d bytes, level %d, %d cells, %d vertices", seconds, worst, e.request.level, len(e.request.cells), len(e.request.pts))
		if worst > 100_000 {
			t.Errorf("%g s: an edge of %d calls has %d bytes", seconds, n, worst)
		}
	}
}

// convexCalls have all of their requests and answers on the envelopes.
func convexCalls(n int, seconds float64) []Call {
	calls := make([]Call, n)
	for i := range calls {
		x := 2*float64(i)/float64(n) - 1
		sent := base + int64((x+1)/2*seconds*1e9)
		bent := int64(0.9 / 4 / 1024 * seconds * 1e9 * x * x) // its slope reaches 0.9 of the steepest
		received := sent + 1e6 + bent
		calls[i] = Call{
			Sent: sent, Received: received, Replied: received, Answered: received + 1e6 + bent, Quantum: 1,
			Earlier: SpanID{[16]byte{2, 15: byte(i)}, uint64(i)}, Later: SpanID{[16]byte{2, 15: byte(i)}, uint64(i) + 1<<40},
		}
	}
	return calls
}

// Calls that were made up to fill an envelope do not, and still give equal bytes however they are split.
func TestConvexCallsAreThinned(t *testing.T) {
	for seed, seconds := range []float64{1, 60, 1800, 86400} {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		calls := convexCalls(20_000, seconds)
		e := newEdge(false)
		worst := 0
		for i, c := range calls {
			if e.Add(c); i%100 == 0 {
				worst = max(worst, e.sizeBytes())
			}
		}
		if worst = max(worst, e.sizeBytes()); worst > 100_000 {
			t.Errorf("%g s: an edge has %d bytes", seconds, worst)
		}
		parts := []*Statistic{NewStatistic(StatOptions{}), NewStatistic(StatOptions{}), NewStatistic(StatOptions{})}
		for _, i := range r.Perm(len(calls)) {
			parts[r.IntN(len(parts))].Edge(EdgeKey{Caller: "a", Callee: "b"}).Add(calls[i])
		}
		whole := NewStatistic(StatOptions{})
		*whole.Edge(EdgeKey{Caller: "a", Callee: "b"}) = *e
		want := whole.AppendBinary(nil)
		if !bytes.Equal(want, MergeStatistics(parts...).AppendBinary(nil)) {
			t.Errorf("%g s: three parts give other bytes", seconds)
		}
		if back, err := ReadStatistic(want); err != nil || !bytes.Equal(want, back.AppendBinary(nil)) {
			t.Errorf("%g s: reading and writing changed the bytes: %v", seconds, err)
		}
		if !e.request.thin || !e.response.thin {
			t.Errorf("%g s: %d and %d vertices", seconds, len(e.request.pts), len(e.response.pts))
		}
		for _, ppm := range []float64{-900, -122, 0, 31, 700} {
			e.checkThin(t, calls, ppm)
		}
	}
}

// checkThin holds the least of a thin envelope above a line against the least of all calls.
func (e *Edge) checkThin(t *testing.T, calls []Call, ppm float64) {
	t.Helper()
	line := func(at, v int64) float64 { return float64(v) - ppm*1e-6*float64(at-base) }
	for _, c := range e.request.cells {
		least, kept := math.Inf(1), math.Inf(1)
		for _, call := range calls {
			if call.Sent>>e.request.level == c.index {
				least = min(least, line(call.Sent, call.Received-call.Sent))
			}
		}
		for _, p := range e.request.pts {
			if p.t>>e.request.level == c.index {
				kept = min(kept, line(p.t, p.v))
			}
		}
		// The nearest slope is at most half of 2^-15 away.
		if far := math.Exp2(float64(e.request.level) - 16); kept < least || kept > least+far {
			t.Errorf("%v ppm: least of the envelope %v, of all calls %v", ppm, kept, least)
		}
	}
}

func TestAddDrops(t *testing.T) {
	e := newEdge(false)
	e.Add(Call{Sent: 0, Received: 5})
	e.Add(Call{Sent: 5, Received: 9, Replied: 8, Answered: 20})
	e.Add(Call{Sent: 5, Received: 9, Replied: 10, Answered: 4})
	e.Add(Call{Sent: 5, Received: 9, Replied: 30, Answered: 20}) // longer than the whole call
	e.Add(Call{Sent: 5, Received: 4})
	want := [...]int64{2, 0, 1, 1, 1, 2}
	got := [...]int64{e.calls, e.answered, e.before, e.impossible, e.drops[dropNoTime], e.drops[dropNegative]}
	if got != want || len(e.response.pts) != 0 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzReadStatistic(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 40} {
		f.Add(statOf(randomCalls(r, n, 10)).AppendBinary(nil))
	}
	s := NewStatistic(StatOptions{Fine: map[string]bool{"a": true}})
	s.AddReading(Reading{Domain: "a", At: base, Offset: 5, Error: 100, Source: "test"})
	s.Edge(EdgeKey{"a", "b", "", ClassLink}).Add(Call{Sent: 1, Received: 2, Later: SpanID{Span: 3}, Earlier: SpanID{[16]byte{1}, 2}})
	f.Add(s.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadStatistic(b)
		if err != nil {
			return
		}
		again, err := ReadStatistic(s.AppendBinary(nil))
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if m := MergeStatistics(again, s); m == nil {
			t.Fatal("no merge")
		}
	})
}

func BenchmarkEdgeAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 5))
	const edges = 200
	s := NewStatistic(StatOptions{})
	var list [edges]*Edge
	for i := range list {
		list[i] = s.Edge(EdgeKey{fmt.Sprint(i), "x", "", ClassRequest})
	}
	calls := randomCalls(r, 1<<18, 1800)
	// In the order in which files hold them: by the time of the end, up to five seconds out of order.
	slices.SortFunc(calls, func(a, b Call) int { return cmp.Compare(a.Sent, b.Sent) })
	for i := range calls {
		j := min(i+r.IntN(700), len(calls)-1)
		calls[i], calls[j] = calls[j], calls[i]
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		list[i%edges].Add(calls[i%len(calls)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mcalls/s")
}
