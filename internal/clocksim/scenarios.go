package clocksim

import "time"

// scenarios in the order of the tables in docs/alignment.md. Each differs from base by what its name says.
var scenarios = []struct {
	name   string
	change func(*Params)
}{
	{"base", func(*Params) {}},
	{"ideal-sym", func(p *Params) {
		p.Network.LinkAsymmetry = 0
		p.Network.SoftResponse = p.Network.SoftRequest
	}},
	{"sparse", func(p *Params) { p.CallsPerMinute = 6 }},
	{"verysparse", func(p *Params) { p.CallsPerMinute = 1.1 }},
	{"short10s", func(p *Params) { p.Duration, p.CallsPerMinute = 10*time.Second, 400 }},
	{"h3-short", func(p *Params) {
		p.Hosts, p.Services, p.Parents = 3, 3, 0.3
		p.Duration = time.Minute
	}},
	{"h10", func(p *Params) { p.Hosts, p.Parents = 10, 0.9 }},
	{"layered", func(p *Params) { p.Layered = true }},
	{"lognormal", func(p *Params) { p.Network.Queue = Lognormal }},
	{"pareto", func(p *Params) {
		p.Network.Queue = Pareto
		p.Network.QueueRequest, p.Network.QueueResponse = 170*time.Microsecond, 85*time.Microsecond
	}},
	{"gamma2", func(p *Params) {
		p.Network.Queue = Gamma
		p.Network.QueueRequest, p.Network.QueueResponse = 140*time.Microsecond, 70*time.Microsecond
	}},
	{"wander", func(p *Params) { p.Clocks.Wander = 30 }},
	{"drift200", func(p *Params) { p.Clocks.DriftPPM = 200 }},
	{"chrony", func(p *Params) { p.Clocks = ClockParams{Wander: 5, Disciplined: true} }},
	{"ptp-synced", func(p *Params) { p.Clocks = ClockParams{Offset: time.Microsecond} }},
	{"hours", func(p *Params) { p.Clocks.HoursOff = 2 }},
	{"quant-us", func(p *Params) { p.Quantum = time.Microsecond }},
	{"quant-ms", func(p *Params) { p.Quantum = time.Millisecond }},
	{"multi-svc", multi},
	{"affinity", func(p *Params) { p.Affinity = 0.8 }},
	{"role-asym", func(p *Params) { p.Network.SoftRequest = 150 * time.Microsecond }},
	{"svc-asym", func(p *Params) { p.Network.ServiceDelay = 150 * time.Microsecond }},
	{"svc-asym-multi", func(p *Params) { multi(p); p.Network.ServiceDelay = 150 * time.Microsecond }},
	{"asym-link20", func(p *Params) { p.Network.LinkAsymmetry = 0.2 }},
	{"asym-az30", func(p *Params) { p.Network.ZoneAsymmetry = 0.3 }},
	{"route", func(p *Params) { p.Network.RouteChange = 0.3 }},
	{"congest", func(p *Params) { p.Network.Congestion = 150 * time.Microsecond }},
	{"steps", func(p *Params) { p.Clocks.Steps = jumps }},
	{"steps-sparse", func(p *Params) { p.Clocks.Steps = jumps; p.CallsPerMinute = 6 }},
	{"slew", func(p *Params) {
		p.Clocks.Slews = EventParams{Share: 0.2, Min: 20 * time.Millisecond, Max: 60 * time.Millisecond, RatePPM: 500}
	}},
	{"slew-chrony", func(p *Params) { // chrony slews by a twelfth at most: chrony.conf(5), maxslewrate
		p.Clocks.Slews = EventParams{Share: 0.2, Min: 2 * time.Millisecond, Max: 10 * time.Millisecond, RatePPM: 83_333}
	}},
	{"late", func(p *Params) { late(p); p.LateServices = 0.5 }},
	{"late-all", func(p *Params) { late(p); p.Timeouts = 0.01 }},
	{"async30", func(p *Params) { p.Messages = 0.3 }},
	{"oneway", func(p *Params) { p.Messages = 1 }},
	{"partial", func(p *Params) { p.Headless = 0.3 }},
	{"ntp-good", func(p *Params) { ntp(p); p.CallsPerMinute = 3 }},
	{"ntp-bad", func(p *Params) { ntp(p); p.Readings.Liars, p.Readings.Lie = 1, 5*time.Millisecond }},
	{"split", func(p *Params) { p.Split = true; p.CallsPerMinute = 20 }},
	{"split-ntp", func(p *Params) { ntp(p); p.Split = true; p.CallsPerMinute = 20 }},
	{"dup-host", func(p *Params) { p.Duplicates = 1 }},
	{"h200", func(p *Params) {
		p.Hosts, p.Services, p.Parents, p.CallsPerMinute = 200, 40, 3.2, 10
	}},
}

// jumps of clocks. They go on being seen in the captures that this is modelled on after a suspended
// machine or a first synchronisation.
var jumps = EventParams{Share: 0.2, Min: 500 * time.Microsecond, Max: 40 * time.Millisecond}

func multi(p *Params) { p.Services, p.PerHost, p.CallsPerMinute = 30, 3, 50 }

func late(p *Params) {
	p.LateServices, p.LateShare, p.LateMedian, p.LateSigma = 1, 0.3, 150*time.Microsecond, 1.4
}

func ntp(p *Params) {
	p.Readings = ReadingParams{PerHost: 28, Noise: 200 * time.Microsecond, Error: 2 * time.Millisecond}
}

// Names lists the scenarios.
func Names() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

// Scenario returns the parameters of that name; ok is false if there are none.
func Scenario(name string) (p Params, ok bool) {
	for _, s := range scenarios {
		if s.name == name {
			p = base()
			p.Name = name
			s.change(&p)
			return p, true
		}
	}
	return Params{}, false
}
