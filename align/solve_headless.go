package align

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// site is where a request without a client span comes from: the role of its caller, and the service called.
type site struct{ role, service int }

// mostSites bounds the sites that are told apart, each of which is an unknown of dense equations. Beyond it
// all callers have one role.
const mostSites = 200

// headless reports whether requests were sent from the middle of a span, without a client span: some work
// of the caller lies before them.
func (l *link) headless() bool { return l.key.Class == ClassRequest && !l.twoWay }

// findSites sets the sites of headless edges. Clocks that call the same services have one role: they are
// likely instances of one program.
func (p *problem) findSites() {
	called := make([][]string, len(p.clocks))
	for i := range p.links {
		l := &p.links[i]
		called[l.a] = append(called[l.a], fmt.Sprintf("%d %t %q", l.key.Class, l.twoWay, l.key.Service))
	}
	roles := map[string]int{}
	var names []string
	sites := map[site]bool{}
	for i := range p.links {
		if l := &p.links[i]; l.headless() {
			slices.SortFunc(called[l.a], cmp.Compare[string])
			role := strings.Join(slices.Compact(slices.Clone(called[l.a])), "\n")
			l.site = site{indexOf(roles, &names, role), l.svc}
			sites[l.site] = true
		}
	}
	if len(sites) <= mostSites {
		return
	}
	for i := range p.links {
		p.links[i].site.role = 0
	}
}

// workBefore finds what a caller does before it calls a service from the middle of a span. What varies takes
// time, so the least of it is about as much as it scatters by, beyond what delays of other requests do.
func (p *problem) workBefore() {
	scales := map[site][]float64{}
	var usual []float64
	for i := range p.links {
		switch l := &p.links[i]; {
		case p.usable(l) && l.headless():
			scales[l.site] = append(scales[l.site], l.mq)
		case p.usable(l) && l.twoWay && !l.blunt:
			usual = append(usual, l.mq)
		}
	}
	if len(scales) == 0 {
		return
	}
	plain := median(usual)
	for i := range p.links {
		if l := &p.links[i]; p.usable(l) && l.headless() {
			l.work = max(0, median(scales[l.site])-plain)
			l.floor = l.half + l.work
		}
	}
}
