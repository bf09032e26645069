package align

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// delayQuantile of the round trips between two zones must take at least twice the delay that is declared for one
// way. Ends of spans behind the answer make round trips seem shorter, so that the least of them refutes nothing;
// they are a minority.
const delayQuantile = 0.25

// fewestTrips is how many round trips tell.
const fewestTrips = 8

// refuteDelays takes from the declared delays those that round trips contradict, whatever the clocks show.
func (o *Options) refuteDelays(s *Statistic) (out []Assumption) {
	trips := map[[2]string][]int64{}
	zone := func(domain string) string { return cmp.Or(o.Zones[domain], s.Domains[domain].AZ) }
	for _, k := range s.Keys() {
		pair := [2]string{min(zone(k.Caller), zone(k.Callee)), max(zone(k.Caller), zone(k.Callee))}
		if o.MinDelay[pair] <= 0 || k.Class != ClassRequest {
			continue
		}
		for _, c := range s.edges[k].sample {
			if c.t4 != 0 {
				trips[pair] = append(trips[pair], c.u-c.l)
			}
		}
	}
	held := maps.Clone(o.MinDelay)
	for _, pair := range slices.SortedFunc(maps.Keys(o.MinDelay), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		d, t := o.MinDelay[pair], trips[pair]
		if d <= 0 {
			continue
		}
		a := Assumption{
			Text:     fmt.Sprintf("nothing gets from %s to %s or back in less than %s", pair[0], pair[1], time.Duration(d)),
			Tested:   fmt.Sprintf("not tested: %d round trips between the two are too few", len(t)),
			Declared: true,
		}
		if len(t) >= fewestTrips {
			slices.Sort(t)
			usual := t[int(delayQuantile*float64(len(t)))]
			a.Tested = fmt.Sprintf("against %d round trips, which hold no clock: a quarter of them took less than %s", len(t), time.Duration(usual))
			a.Falsified = usual/2 < d
		}
		if a.Falsified {
			delete(held, pair)
		}
		out = append(out, a)
	}
	o.MinDelay = held
	return out
}

// declared lists the delays that hold.
func (o *Options) declared() []MinDelay {
	out := []MinDelay{}
	for pair, d := range o.MinDelay {
		if d > 0 {
			out = append(out, MinDelay{pair, d})
		}
	}
	slices.SortFunc(out, func(a, b MinDelay) int { return slices.Compare(a.Zones[:], b.Zones[:]) })
	return out
}
