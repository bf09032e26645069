package clocksim

import "time"

// Params says what a fleet, its clocks, its network and its traffic are like.
type Params struct {
	Name     string
	Duration time.Duration
	// CallsPerMinute is the mean over directed pairs of hosts that call each other.
	CallsPerMinute float64

	Hosts, Services int
	PerHost         int     // services that run on each host
	Parents         float64 // callers of a service beyond the first, mean
	Layered         bool    // no call skips a layer
	Affinity        float64 // chance that a caller picks an instance in its own zone first
	Split           bool    // two call graphs that never meet
	Duplicates      int     // hosts that bear the name of another

	Clocks   ClockParams
	Quantum  time.Duration // resolution of recorded times, 0 for 1 ns
	Network  NetworkParams
	Readings ReadingParams

	LateServices float64       // share of services that go on after answering
	LateShare    float64       // share of their calls
	LateMedian   time.Duration // lognormal
	LateSigma    float64
	Timeouts     float64 // share of calls on which the client gives up; half of them say so
	Messages     float64 // share of the call graph's edges that go through a broker
	Headless     float64 // share of the call graph's edges without client spans
}

// ClockParams says how far and how clocks go wrong.
type ClockParams struct {
	Offset   time.Duration // uniform within ±
	DriftPPM float64       // uniform within ±
	// Wander is the random walk of the frequency in parts per billion per root second.
	Wander float64
	// Disciplined clocks are steered every 64 s by noisy readings, as by an NTP client.
	Disciplined bool
	HoursOff    int // clocks that are up to two hours off
	Steps       EventParams
	Slews       EventParams
}

// EventParams says how many clocks jump or are slewed once, and by how much.
type EventParams struct {
	Share    float64       // of the clocks
	Min, Max time.Duration // size, log-uniform, either sign
	RatePPM  float64       // of a slew
	Again    time.Duration // within which another one follows, 0 for none
}

// Tail is a distribution of queueing delays.
type Tail uint8

// Tails.
const (
	Exponential Tail = iota
	Lognormal        // median is the scale, sigma 1.5
	Pareto           // Lomax, shape 1.5
	Gamma            // shape 2: few calls come near the floor
)

// NetworkParams says how long messages take.
type NetworkParams struct {
	// SoftRequest and SoftResponse are what hosts themselves add at least, each way.
	SoftRequest, SoftResponse   time.Duration
	Queue                       Tail
	QueueRequest, QueueResponse time.Duration // scale
	LinkAsymmetry               float64       // standard deviation of each direction's floor, relative
	ZoneAsymmetry               float64       // how much longer the floor from a lower zone to a higher one is
	ServiceDelay                time.Duration // what services add before their span begins, uniform from 0
	Congestion                  time.Duration // added from zone 0 to zone 1 in a sixth of the time
	RouteChange                 float64       // of the floors between zone 0 and 1, after half of the time
}

// ReadingParams says how clocks are compared with UTC.
type ReadingParams struct {
	PerHost int
	Noise   time.Duration // standard deviation
	Error   time.Duration // that readings admit at most; true of all but liars
	Liars   int
	Lie     time.Duration
}

func base() Params {
	return Params{
		Duration: 30 * time.Minute, CallsPerMinute: 150,
		Hosts: 30, Services: 10, PerHost: 1, Parents: 0.35,
		Clocks: ClockParams{Offset: 50 * time.Millisecond, DriftPPM: 20, Wander: 0.1},
		Network: NetworkParams{
			SoftRequest: 25 * time.Microsecond, SoftResponse: 12 * time.Microsecond,
			QueueRequest: 80 * time.Microsecond, QueueResponse: 40 * time.Microsecond,
			LinkAsymmetry: 0.03,
		},
	}
}
