package align

import (
	"fmt"
	"slices"
	"strings"
)

// Readings against UTC are hard evidence on the word of whoever asked the servers, and the word may be false.
// A false one makes false bounds, of its clock and of all that calls tie to it. To leave a reading out only
// widens bounds. So readings are held against each other, with all that calls say of the clocks between
// them, and those that disagree are not used: thousands of answers are not told off for one liar.

// doubtPPB, in parts per billion, is how fast clocks may stray from their trends where readings are held against each other: more
// than quartz does, so that what disagrees is not the weather.
const doubtPPB = 50_000

// doubter holds readings of one component against each other.
type doubter struct {
	*scope
	frame *system
	calls []line
	reads map[int][]line // by domain
}

// doubtReadings takes out the readings of clocks that contradict those of others.
func (s *scope) doubtReadings() {
	var calls, reads []int32
	for _, i := range s.hard {
		if s.constraint(i).class == ClassReading {
			reads = append(reads, i)
		} else {
			calls = append(calls, i)
		}
	}
	if len(reads) == 0 {
		return
	}
	d := &doubter{scope: s, frame: s.frame(true, doubtPPB), reads: map[int][]line{}}
	d.calls = s.lines(d.frame, slices.Concat(calls, s.admitted)).thin()
	for _, l := range s.lines(d.frame, reads).all() {
		domain := s.domain[s.nodes[l.from]]
		if domain == utcClock {
			domain = s.domain[s.nodes[l.to]]
		}
		d.reads[domain] = append(d.reads[domain], l)
	}
	all := make([]int, 0, len(d.reads))
	for domain := range d.reads {
		all = append(all, domain)
	}
	slices.Sort(all)
	liars := d.liars(all)
	s.hard = slices.DeleteFunc(slices.Clone(s.hard), func(i int32) bool {
		c := s.constraint(i)
		return c.class == ClassReading && slices.Contains(liars, max(c.from, c.to))
	})
	s.result.doubted = append(s.result.doubted, liars...)
	s.result.tests = append(s.result.tests, d.verdict(len(all), liars))
}

// liars returns the domains whose readings are not to be used.
func (d *doubter) liars(all []int) []int {
	kept := slices.Clone(all)
	var doubted []int
	for {
		cycle, ok := d.contradiction(kept)
		if ok {
			break
		}
		if len(cycle) == 0 {
			return nil // calls contradict each other, whatever was read: not the readings' fault
		}
		kept = slices.DeleteFunc(kept, func(x int) bool { return slices.Contains(cycle, x) })
		doubted = append(doubted, cycle...)
	}
	slices.Sort(doubted)
	// Who agrees with those that nobody contradicted is believed, if all who do agree with each other.
	var cleared []int
	for _, x := range doubted {
		if _, ok := d.contradiction(append(slices.Clone(kept), x)); ok && len(kept) > 0 {
			cleared = append(cleared, x)
		}
	}
	if _, ok := d.contradiction(slices.Concat(kept, cleared)); !ok {
		return doubted
	}
	return slices.DeleteFunc(doubted, func(x int) bool { return slices.Contains(cleared, x) })
}

// contradiction reports whether the readings of some domains hold together, and if not, which domains'
// readings a contradiction is made of.
func (d *doubter) contradiction(domains []int) (culprits []int, ok bool) {
	lines := slices.Clone(d.calls)
	for _, x := range domains {
		lines = append(lines, d.reads[x]...)
	}
	g := d.frame.of(lines)
	_, cycle := g.search(everywhere, false)
	if cycle == nil {
		return nil, true
	}
	for _, i := range cycle {
		if c := d.constraint(g.links[i].constraint); c.class == ClassReading && !slices.Contains(culprits, max(c.from, c.to)) {
			culprits = append(culprits, max(c.from, c.to))
		}
	}
	return culprits, false
}

// verdict says what readings are trusted, and how that was tested.
func (d *doubter) verdict(read int, liars []int) Assumption {
	var names []string
	for _, x := range liars {
		names = append(names, d.clocks[x].name)
	}
	a := Assumption{Text: fmt.Sprintf("component %s: what %d clocks read against UTC is right within the errors stated", d.name(), read)}
	switch {
	case len(liars) > 0:
		a.Falsified = true
		a.Tested = fmt.Sprintf("the readings of %s contradict others, given requests, answers and trends within %s ppm: they are not used",
			strings.Join(names, ", "), ppm(doubtPPB))
	case read == 1:
		a.Tested = "not tested: nothing else in the component was read"
	default:
		a.Tested = fmt.Sprintf("they hold together with each other, all requests, the answers used and trends within %s ppm", ppm(doubtPPB))
	}
	return a
}

// callsOnly returns the scope without readings, itself if there are none.
func (s *scope) callsOnly() *scope {
	isReading := func(i int32) bool { return s.constraint(i).class == ClassReading }
	if !slices.ContainsFunc(s.hard, isReading) {
		return s
	}
	numbers := slices.DeleteFunc(slices.Clone(s.hard), isReading)
	return s.newScope(s.members, numbers, s.chooseReference(s.wantedReference(s.members), s.members, numbers))
}
