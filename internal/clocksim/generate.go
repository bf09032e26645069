package clocksim

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/witnessmark/witnessmark/align"
)

// Generate makes the scene of a seed. The seed's clocks, call graph, network and traffic come from
// streams of their own: scenarios that differ in one of them share the others.
func Generate(p Params, seed uint64) *Scene {
	s := &Scene{Params: p, Seed: seed}
	zone := make([]int, p.Hosts)
	clocks, zoning := stream(seed, "clocks"), stream(seed, "zones")
	for h := range p.Hosts {
		zone[h] = h % zones
		if h >= zones { // not every service is in every zone
			zone[h] = zoning.IntN(zones)
		}
		c := newClock(p.Clocks, p.Duration, rand.New(rand.NewPCG(clocks.Uint64(), clocks.Uint64())))
		if h < p.Clocks.HoursOff {
			c.initial += round(2 * float64(time.Hour) * uniform(clocks))
		}
		s.Machines = append(s.Machines, Machine{Name: fmt.Sprintf("host-%03d", h), Zone: fmt.Sprintf("az-%c", 'a'+zone[h]), Clock: c})
	}
	for i := range p.Duplicates { // an instance of another service bears the name
		s.Machines[p.Hosts-1-2*i].Name = s.Machines[p.Hosts/2+i].Name
	}
	for i := range p.Services {
		s.Services = append(s.Services, fmt.Sprintf("svc-%02d", i))
	}
	g := newGraph(&p, zone, stream(seed, "graph"))
	t := &traffic{
		scene: s, graph: g, rng: stream(seed, "traffic"),
		net: newNetwork(&p, zone, stream(seed, "network")),
	}
	t.late = make([]bool, p.Services)
	for i := range t.late {
		t.late[i] = t.rng.Float64() < p.LateServices
	}
	t.run()
	s.read(stream(seed, "readings"))
	return s
}

func stream(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// traffic plays requests through the call graph.
type traffic struct {
	scene *Scene
	graph *graph
	net   *network
	rng   *rand.Rand
	late  []bool
	trace int32
}

func (t *traffic) run() {
	p := &t.scene.Params
	calls, pairs := t.graph.perTrace()
	mean := float64(time.Minute) * calls / (p.CallsPerMinute * float64(pairs)) // between two traces
	for at := mean * t.rng.ExpFloat64(); at < float64(p.Duration); at += mean * t.rng.ExpFloat64() {
		root := t.graph.roots[t.rng.IntN(len(t.graph.roots))]
		machine := t.pick(root, -1)
		span := t.open(Server, machine, root, -1, round(at))
		t.stamp(span, t.serve(span, round(at)))
		t.trace++
	}
	t.link()
}

// link lists the calls between hosts. A headless call is known by its parent being a server span.
func (t *traffic) link() {
	s := t.scene
	for i := range s.Spans {
		later := &s.Spans[i]
		if later.Parent < 0 || (later.Role != Server && later.Role != Consumer) {
			continue
		}
		earlier := &s.Spans[later.Parent]
		if s.Machines[earlier.Machine].Name == s.Machines[later.Machine].Name {
			continue
		}
		c := Call{Earlier: later.Parent, Later: int32(i)}
		switch earlier.Role {
		case Server, Consumer:
			c.Kind = Headless
		case Producer:
			c.Kind = Message
		}
		c.Timeout, c.Late = earlier.GaveUp, later.Late
		s.Calls = append(s.Calls, c)
	}
}

func (t *traffic) open(role Role, machine, service int, parent int32, start int64) int32 {
	n := int32(len(t.scene.Spans))
	t.scene.Spans = append(t.scene.Spans, Span{
		Machine: int32(machine), Service: int32(service), Trace: t.trace, Parent: parent, Role: role,
		Start: start, ID: mix(t.scene.Seed<<32 ^ uint64(n)),
	})
	return n
}

func (t *traffic) stamp(span int32, end int64) {
	s := &t.scene.Spans[span]
	s.End = end
	s.StartReading, s.EndRead = t.scene.Machines[s.Machine].Clock.stamp(s.Start, end, int64(t.scene.Params.Quantum))
}

// pick chooses an instance of a service for a caller, -1 for one outside.
func (t *traffic) pick(service, caller int) int {
	in := t.graph.instances[service]
	if caller >= 0 && t.rng.Float64() < t.scene.Params.Affinity {
		for _, i := range t.rng.Perm(len(in)) {
			if t.net.zone[in[i]] == t.net.zone[caller] {
				return in[i]
			}
		}
	}
	return in[t.rng.IntN(len(in))]
}

// serve does the work of a span that began at now, and returns when its answer leaves.
func (t *traffic) serve(span int32, now int64) int64 {
	machine, service := int(t.scene.Spans[span].Machine), int(t.scene.Spans[span].Service)
	now += round(20e3 + 300e3*t.rng.ExpFloat64())
	for _, l := range t.graph.calls[service] {
		to := t.pick(l.service, machine)
		switch l.kind {
		case Message:
			now = t.publish(span, machine, to, l.service, now)
		case Headless:
			now = t.call(span, machine, to, l.service, now)
		default:
			client := t.open(Client, machine, service, span, now)
			now = t.call(client, machine, to, l.service, now)
			t.stamp(client, now)
		}
		now += round(5e3 + 100e3*t.rng.ExpFloat64())
	}
	return now
}

func (t *traffic) publish(span int32, from, to, service int, now int64) int64 {
	producer := t.open(Producer, from, int(t.scene.Spans[span].Service), span, now)
	start := now + t.net.message(from, to, service, now)
	consumer := t.open(Consumer, to, service, producer, start)
	t.stamp(consumer, t.serve(consumer, start))
	now += round(20e3 + 20e3*t.rng.ExpFloat64())
	t.stamp(producer, now)
	return now
}

// call runs a server span below parent and returns when the caller goes on.
func (t *traffic) call(parent int32, from, to, service int, now int64) int64 {
	p := &t.scene.Params
	start := now + t.net.request(from, to, service, now)
	server := t.open(Server, to, service, parent, start)
	answer := t.serve(server, start)
	end := answer
	if t.late[service] && t.rng.Float64() < p.LateShare {
		t.scene.Spans[server].Late = true
		end += round(float64(p.LateMedian) * math.Exp(p.LateSigma*t.rng.NormFloat64()))
	}
	t.stamp(server, end)
	if t.scene.Spans[parent].Role == Client && t.rng.Float64() < p.Timeouts {
		t.scene.Spans[parent].GaveUp = true
		t.scene.Spans[parent].Failed = t.rng.IntN(2) == 0
		return start + round(float64(answer-start)*(0.1+0.8*t.rng.Float64()))
	}
	return answer + t.net.response(to, from, answer)
}

// read compares every clock with UTC. Half of the admitted error or more is never used up, as measured of
// chrony: the median was 5 % of the bound, the worst 43 %.
func (s *Scene) read(rng *rand.Rand) {
	p := s.Params.Readings
	for i := range s.Machines {
		lie := int64(0)
		if i < p.Liars {
			lie = int64(p.Lie)
			s.Liars = append(s.Liars, s.Machines[i].Name)
		}
		for range p.PerHost {
			t := round(rng.Float64() * float64(s.Params.Duration))
			noise := float64(p.Noise) * rng.NormFloat64()
			noise = math.Max(-0.5*float64(p.Error), math.Min(0.5*float64(p.Error), noise))
			at := s.Machines[i].Clock.Reading(t)
			s.Readings = append(s.Readings, align.Reading{
				Domain: s.Machines[i].Name, At: at, Until: at,
				Offset: s.Machines[i].Clock.Offset(t) + round(noise) + lie, Error: int64(p.Error), Source: "clocksim",
			})
		}
	}
}
