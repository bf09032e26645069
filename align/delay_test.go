package align

import (
	"strings"
	"testing"
	"time"
)

// TestRefuteDelays: a declared delay holds while round trips take twice as long, even if some seem shorter because
// spans end behind the answer.
func TestRefuteDelays(t *testing.T) {
	stat := func(trips ...int64) *Statistic {
		s := NewStatistic(StatOptions{})
		e := s.Edge(EdgeKey{"a", "b", "svc", ClassRequest})
		for i := range 40 {
			at, trip := int64(1_795_000_000_000_000_001+i*1_000_000_000), trips[i%len(trips)]
			id := SpanID{Trace: [16]byte{byte(i + 1)}, Span: uint64(i + 1)}
			e.Add(Call{Sent: at, Received: at + trip/2, Replied: at + trip/2 + 1_000_000, Answered: at + trip + 1_000_000, Earlier: id, Later: SpanID{id.Trace, id.Span + 100}, Quantum: 1})
		}
		s.Domains["a"], s.Domains["b"] = DomainInfo{AZ: "z2"}, DomainInfo{AZ: "z1"}
		return s
	}
	for _, c := range []struct {
		name    string
		s       *Statistic
		delay   time.Duration
		zones   map[string]string
		refuted bool
	}{
		{name: "half", s: stat(1_000_000), delay: 500 * time.Microsecond},
		{name: "more than half", s: stat(1_000_000), delay: 501 * time.Microsecond, refuted: true},
		{name: "some late ends", s: stat(1_000_000, 1_000_000, 1_000_000, 1_000_000, 10_000), delay: 400 * time.Microsecond},
		{name: "another zone", s: stat(1_000_000), delay: time.Second, zones: map[string]string{"a": "z3"}},
	} {
		o := Options{MinDelay: map[[2]string]int64{{"z1", "z2"}: int64(c.delay)}, Zones: c.zones}
		got := o.refuteDelays(c.s)
		if len(got) != 1 || got[0].Falsified != c.refuted || !got[0].Declared || strings.HasPrefix(got[0].Tested, "not tested") != (c.zones != nil) {
			t.Errorf("%s: %+v", c.name, got)
		}
		if len(o.declared()) != len(o.MinDelay) {
			t.Errorf("%s: %v of %v are listed", c.name, o.declared(), o.MinDelay)
		}
		if (o.MinDelay[[2]string{"z1", "z2"}] == 0) != c.refuted {
			t.Errorf("%s: held %v", c.name, o.MinDelay)
		}
	}
}
