// Package clocksim makes fleets whose clocks are wrong in known ways, and the calls between them: the
// ground truth that real captures rarely have. In goes a Params and a seed; out comes a Scene, with every
// span both in true time and as its host's clock showed it. Equal Params and seeds give equal scenes.
//
// It serves tests and the evaluation only. It is no proof of how real networks behave: floors of delays
// are constant between route changes, and queues do not depend on the load of the other direction.
package clocksim

import (
	"math"

	"github.com/witnessmark/witnessmark/align"
)

// Base is the true time at which every scene begins, in Unix nanoseconds.
const Base int64 = 1_795_000_000_000_000_000

// Machine is one clock and the host it sits in.
type Machine struct {
	Name  string // of the clock domain; two machines have the same where a name was given twice
	Zone  string
	Clock *Clock
}

// Kind says how two spans hang together.
type Kind uint8

// Kinds of calls.
const (
	// Unary: a client span waits for a server span.
	Unary Kind = iota
	// Message: a producer span and the consumer span that a broker brings it to.
	Message
	// Headless: the client span is missing, and the server span's parent is the caller's server span.
	Headless
)

// Span is one span of a scene. Times are nanoseconds of true time since Base; readings are what the
// host's clock showed, in Unix nanoseconds. As in the Go SDK an end is the start's reading plus elapsed
// monotonic time: a step inside a span does not show in its length.
type Span struct {
	Machine, Service      int32
	Trace, Parent         int32 // Parent is an index into Scene.Spans, -1 for a root
	Role                  Role
	Late                  bool // a server span that goes on after its answer left
	GaveUp                bool // a client span that did not wait for the answer
	Failed                bool // and says so
	ID                    uint64
	Start, End            int64
	StartReading, EndRead int64
}

// Role of a span in its call, as OTLP's span kind tells it.
type Role uint8

// Roles.
const (
	Server Role = iota
	Client
	Producer
	Consumer
)

// Call is a pair of spans on two hosts, the earlier and the later, as indices into Scene.Spans.
type Call struct {
	Earlier, Later int32
	Kind           Kind
	Late           bool // the later span goes on after its answer left
	Timeout        bool // the client did not wait for the answer
}

// Scene is everything that happened, and what was recorded of it.
type Scene struct {
	Params   Params
	Seed     uint64
	Machines []Machine
	Services []string
	Spans    []Span
	Calls    []Call // between machines of different names
	Readings []align.Reading
	// Liars names the domains whose readings are wrong by more than they admit.
	Liars []string
}

// Call returns what an aligner may know of the i-th call.
func (s *Scene) Call(i int) (align.EdgeKey, align.Call) {
	c := s.Calls[i]
	a, b := &s.Spans[c.Earlier], &s.Spans[c.Later]
	k := align.EdgeKey{
		Caller: s.Machines[a.Machine].Name, Callee: s.Machines[b.Machine].Name,
		Service: s.Services[b.Service], Class: align.ClassRequest,
	}
	call := align.Call{
		Sent: a.StartReading, Received: b.StartReading, Replied: b.EndRead, Answered: a.EndRead,
		Earlier: align.SpanID{Trace: s.traceID(a.Trace), Span: a.ID},
		Later:   align.SpanID{Trace: s.traceID(b.Trace), Span: b.ID},
		Quantum: max(1, int64(s.Params.Quantum)),
	}
	if c.Kind == Message {
		k.Class = align.ClassMessage
	}
	if c.Kind != Unary || a.Failed {
		call.Answered = 0
	}
	return k, call
}

// Lag returns how long after the start of the i-th call's earlier span its later span began, in truth.
func (s *Scene) Lag(i int) int64 {
	c := s.Calls[i]
	return s.Spans[c.Later].Start - s.Spans[c.Earlier].Start
}

// Duplicated reports whether more than one machine has the name.
func (s *Scene) Duplicated(name string) bool {
	n := 0
	for _, m := range s.Machines {
		if m.Name == name {
			n++
		}
	}
	return n > 1
}

// Clock returns the clock of the machine of that name, nil if there is none or more than one.
func (s *Scene) Clock(name string) *Clock {
	var found *Clock
	for _, m := range s.Machines {
		if m.Name == name {
			if found != nil {
				return nil
			}
			found = m.Clock
		}
	}
	return found
}

func (s *Scene) traceID(trace int32) (id [16]byte) {
	hi, lo := mix(s.Seed^0x7472616365), mix(uint64(trace)+1)
	for i := range 8 {
		id[i], id[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	return id
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that scatters counters.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func round(x float64) int64 { return int64(math.Round(x)) }
