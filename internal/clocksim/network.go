package clocksim

import (
	"math"
	"math/rand/v2"
	"time"
)

// network holds the least delay of every direction between two machines, in nanoseconds.
type network struct {
	p        NetworkParams
	n        int
	floors   []float64 // [from*n+to]
	rerouted []float64 // after the change of route
	zone     []int
	service  []float64 // before a service's span begins
	length   int64
	rng      *rand.Rand
}

const zones = 3

func newNetwork(p *Params, zone []int, rng *rand.Rand) *network {
	n := &network{
		p: p.Network, n: len(zone), zone: zone, length: int64(p.Duration), rng: rng,
		floors: make([]float64, len(zone)*len(zone)), rerouted: make([]float64, len(zone)*len(zone)),
	}
	var between [zones][zones]float64
	for a := range zones {
		between[a][a] = 100e3
		for b := a + 1; b < zones; b++ {
			between[a][b] = 280e3 + 240e3*rng.Float64()
			between[b][a] = between[a][b]
		}
	}
	for a := range n.n {
		for b := a + 1; b < n.n; b++ {
			link := between[zone[a]][zone[b]] * (1 + 0.15*uniform(rng))
			n.direct(a, b, link)
			n.direct(b, a, link)
		}
	}
	for range p.Services {
		n.service = append(n.service, float64(p.Network.ServiceDelay)*rng.Float64())
	}
	return n
}

func (n *network) direct(from, to int, link float64) {
	if n.zone[from] < n.zone[to] {
		link *= 1 + n.p.ZoneAsymmetry
	}
	n.floors[from*n.n+to] = link * math.Max(0.2, 1+n.p.LinkAsymmetry*n.rng.NormFloat64())
	again := math.Max(0.2, 1+n.p.LinkAsymmetry*n.rng.NormFloat64())
	n.rerouted[from*n.n+to] = n.floors[from*n.n+to]
	if n.zone[from]+n.zone[to] == 1 {
		n.rerouted[from*n.n+to] = link * (1 + n.p.RouteChange) * again
	}
}

// path is the delay of the wire at time t.
func (n *network) path(from, to int, t int64) float64 {
	floors := n.floors
	if n.p.RouteChange > 0 && t > n.length/2 {
		floors = n.rerouted
	}
	d := floors[from*n.n+to]
	if n.p.Congestion > 0 && n.zone[from] == 0 && n.zone[to] == 1 && t > n.length*2/5 && t < n.length*17/30 {
		d += float64(n.p.Congestion)
	}
	if from == to {
		d = 5e3 // loopback
	}
	return d
}

func (n *network) request(from, to, service int, t int64) int64 {
	return round(n.path(from, to, t) + float64(n.p.SoftRequest) + n.service[service] + n.queue(n.p.QueueRequest))
}

func (n *network) response(from, to int, t int64) int64 {
	return round(n.path(from, to, t) + float64(n.p.SoftResponse) + n.queue(n.p.QueueResponse))
}

// message is the way through a broker.
func (n *network) message(from, to, service int, t int64) int64 {
	return n.request(from, to, service, t) + round(30e3+200e3*n.rng.ExpFloat64())
}

func (n *network) queue(scale time.Duration) float64 {
	s := float64(scale)
	switch n.p.Queue {
	case Lognormal:
		return s * math.Exp(1.5*n.rng.NormFloat64())
	case Pareto:
		return s * (math.Pow(1-n.rng.Float64(), -1/1.5) - 1)
	case Gamma:
		return s * (n.rng.ExpFloat64() + n.rng.ExpFloat64())
	}
	return s * n.rng.ExpFloat64()
}
