package verify

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// checker holds what a check needs of the model and of the evidence.
type checker struct {
	m      *model
	b      *evidence.Bundle
	join   *evidence.SpanJoin
	result *Result

	domains map[string]*clock
	rows    map[spanID][]int   // of spans that the model names
	links   map[[2]spanID]bool // linked and linking span, among those
	units   []int64            // by resource: what all its readings are multiples of
	proved  []bool             // by constraint of the proof
	left    map[[2]string]*LeftPair
}

type spanID struct {
	trace [16]byte
	span  uint64
}

func newChecker(m *model, b *evidence.Bundle, r *Result) *checker {
	if m.Proof == nil {
		m.Proof = &proof{}
	}
	c := &checker{m: m, b: b, result: r, domains: map[string]*clock{}, rows: map[spanID][]int{}, left: map[[2]string]*LeftPair{}}
	for i := range m.Domains {
		c.domains[m.Domains[i].Name] = newClock(&m.Domains[i])
	}
	return c
}

// index finds the rows of all spans that the model names, in one pass over the spans.
func (c *checker) index(j *evidence.SpanJoin) {
	c.join = j
	note := func(e *edge) {
		if earlier, later, ok := e.spans(); ok {
			c.rows[earlier], c.rows[later] = nil, nil
		}
	}
	for i := range c.m.Proof.Constraints {
		note(&c.m.Proof.Constraints[i])
	}
	for i := range c.m.Conflicts {
		for k := range c.m.Conflicts[i].Edges {
			note(&c.m.Conflicts[i].Edges[k])
		}
	}
	for i := range c.m.Async {
		note(&c.m.Async[i].Example)
	}
	c.links = map[[2]spanID]bool{}
	for _, l := range c.b.Links {
		linked, linking := spanID{l.LinkedTrace, l.Linked}, spanID{l.Trace, l.Span}
		if _, ok := c.rows[linking]; ok {
			c.links[[2]spanID{linked, linking}] = true
		}
	}
	c.units = make([]int64, len(c.b.Resources))
	for chunk := range c.b.Spans.Chunks() {
		for i, trace := range chunk.Trace {
			unit := &c.units[c.b.Origins[chunk.Origin[i]].Resource]
			*unit = common(common(*unit, chunk.Start[i]), chunk.End[i])
			if trace == evidence.NoTrace || chunk.Flags[i]&evidence.BadSpanID != 0 {
				continue
			}
			id := spanID{c.b.Traces[trace], chunk.ID[i]}
			if rows, ok := c.rows[id]; ok {
				c.rows[id] = append(rows, chunk.Base+i)
			}
		}
	}
}

// spans returns the ids of both spans of an edge; ok is false where one is malformed.
func (e *edge) spans() (earlier, later spanID, ok bool) {
	trace, err := hex.DecodeString(e.Trace)
	if err != nil || len(trace) != 16 {
		return earlier, later, false
	}
	far := trace
	if e.EarlierTrace != "" {
		if far, err = hex.DecodeString(e.EarlierTrace); err != nil || len(far) != 16 {
			return earlier, later, false
		}
	}
	copy(earlier.trace[:], far)
	copy(later.trace[:], trace)
	var err1, err2 error
	earlier.span, err1 = strconv.ParseUint(e.Earlier, 16, 64)
	later.span, err2 = strconv.ParseUint(e.Later, 16, 64)
	return earlier, later, err1 == nil && err2 == nil && len(e.Earlier) == 16 && len(e.Later) == 16
}

// constraints checks every constraint of the proof.
func (c *checker) constraints() {
	c.proved = make([]bool, len(c.m.Proof.Constraints))
	for i := range c.m.Proof.Constraints {
		e := &c.m.Proof.Constraints[i]
		if err := c.holds(e); err != nil {
			c.result.problem(fmt.Sprintf("constraint %d", i), "%v", err)
			continue
		}
		c.proved[i] = true
		c.result.Constraints++
		if e.MinDelay > 0 {
			c.result.Declared++
		}
	}
}

// holds returns nil if the evidence shows an edge.
func (c *checker) holds(e *edge) error {
	if e.Quantum < 0 || e.Blur < 0 || e.MinDelay < 0 {
		return fmt.Errorf("a negative resolution or delay")
	}
	if e.MinDelay > 0 && e.MinDelay > c.declared(e.From, e.To) {
		return fmt.Errorf("no delay of %d ns between %s and %s is declared", e.MinDelay, e.From, e.To)
	}
	if e.Class == "N1" {
		return c.readingHolds(e)
	}
	if d := sub(e.ToAt.big(), e.FromAt.big()); !d.IsInt64() || sub(d, add(intOf(e.Weight), intOf(e.MinDelay))).Sign() != 0 {
		return fmt.Errorf("the weight is %d ns, not the distance of the readings less the declared delay", e.Weight)
	}
	if e.Blur != 0 {
		return fmt.Errorf("spans are at one instant, not somewhere in %d ns", e.Blur)
	}
	earlier, later, ok := e.spans()
	if !ok {
		return fmt.Errorf("the span ids are malformed")
	}
	if len(c.rows[earlier]) == 0 || len(c.rows[later]) == 0 {
		return fmt.Errorf("the spans %s and %s are not in the evidence", e.Earlier, e.Later)
	}
	var why error
	for _, x := range c.rows[earlier] {
		for _, y := range c.rows[later] {
			if why = c.pairHolds(e, c.b.Span(x), c.b.Span(y)); why == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("spans %s and %s: %w", e.Earlier, e.Later, why)
}

// declared returns the least delay that the model says was declared between the zones of two domains.
func (c *checker) declared(a, b string) int64 {
	zones := [2]string{c.zoneOf(a), c.zoneOf(b)}
	slices.Sort(zones[:])
	for _, d := range c.m.MinDelays {
		if d.Zones == zones {
			return max(d.Delay, 0)
		}
	}
	return 0
}

// zoneOf returns the zone that the model has for a domain.
func (c *checker) zoneOf(name string) string {
	for i := range c.m.Domains {
		if c.m.Domains[i].Name == name {
			return c.m.Domains[i].AZ
		}
	}
	return ""
}

// pairHolds returns nil if two spans show an edge.
func (c *checker) pairHolds(e *edge, earlier, later evidence.Span) error {
	if c.domainOf(&earlier) != e.From || c.domainOf(&later) != e.To {
		return fmt.Errorf("they are of %s and %s, not of %s and %s", c.domainOf(&earlier), c.domainOf(&later), e.From, e.To)
	}
	var from, to uint64
	var began [2]*big.Int
	start := func(s *evidence.Span) *big.Int { return new(big.Int).SetUint64(s.Start) }
	switch e.Class {
	case "H1", "H3":
		if !isParent(&earlier, &later) {
			return fmt.Errorf("the one is not the parent of the other")
		}
		from, to = earlier.Start, later.Start
		isMessage := later.Kind == evidence.KindConsumer || earlier.Kind == evidence.KindProducer
		if isMessage != (e.Class == "H3") {
			return fmt.Errorf("they are not of class %s", e.Class)
		}
		if later.Kind == evidence.KindConsumer && !c.processes(later.Name) {
			to, began[1] = later.End, start(&later) // a receive or poll may have begun before its message was sent
		}
	case "H2":
		if !c.links[[2]spanID{c.idOf(&earlier), c.idOf(&later)}] {
			return fmt.Errorf("the one does not link to the other")
		}
		from, to, began[1] = earlier.Start, later.End, start(&later) // the link may be made at any time of the span that has it
	case "A1":
		if err := isAnswer(&earlier, &later, e.Quantum); err != nil {
			return err
		}
		from, to = earlier.End, later.End
		began = [2]*big.Int{start(&earlier), start(&later)}
	default:
		return fmt.Errorf("class %s cannot be checked against spans", e.Class)
	}
	if from == 0 || to == 0 || from > math.MaxInt64 || to > math.MaxInt64 || int64(from) != int64(e.FromAt) || int64(to) != int64(e.ToAt) {
		return fmt.Errorf("their readings are %d and %d", from, to)
	}
	if need := max(c.unit(&earlier), c.unit(&later)); e.Quantum < need {
		return fmt.Errorf("the clocks show multiples of %d ns, and %d ns are allowed for", need, e.Quantum)
	}
	e.began = began
	return nil
}

func (c *checker) idOf(s *evidence.Span) spanID {
	if s.Trace == evidence.NoTrace {
		return spanID{}
	}
	return spanID{c.b.Traces[s.Trace], s.ID}
}

func (c *checker) domainOf(s *evidence.Span) string {
	return c.b.Resource(s.Origin).Identity.Domain.Value
}

// isParent reports whether p is the parent of s: by its id, or as the client's half of one id.
func isParent(p, s *evidence.Span) bool {
	if p.Trace != s.Trace {
		return false
	}
	if s.ID == p.ID {
		return s.Row != p.Row && p.Kind == evidence.KindClient && s.Kind == evidence.KindServer
	}
	return s.Parent == p.ID && s.Flags&evidence.BadParentID == 0
}

// isAnswer returns nil if a client's span may have waited for a server's, given the resolution of readings.
func isAnswer(server, client *evidence.Span, quantum int64) error {
	switch {
	case !isParent(client, server), server.Kind != evidence.KindServer, client.Kind != evidence.KindClient:
		return fmt.Errorf("they are not the server's and the client's half of a call")
	case client.Status == 2: // STATUS_CODE_ERROR
		return fmt.Errorf("the call did not succeed")
	case server.End < server.Start || client.End < client.Start:
		return fmt.Errorf("a span ends before it starts")
	case longer(server, client).Cmp(new(big.Int).Lsh(intOf(quantum), 1)) >= 0 && longer(server, client).Sign() > 0:
		return fmt.Errorf("the server's span lasts longer than the client's")
	}
	return nil
}

// longer returns by how much one span lasts longer than another.
func longer(a, b *evidence.Span) *big.Int {
	length := func(s *evidence.Span) *big.Int { return new(big.Int).SetUint64(s.End - s.Start) }
	return sub(length(a), length(b))
}

// processes reports whether the name of a consumer's span says that it processes a message, rather than
// waits for one.
func (c *checker) processes(name uint32) bool {
	words := strings.Split(c.b.Strings[name], " ")
	return words[0] == "process" || words[len(words)-1] == "process"
}

// common returns the coarsest of the usual resolutions, no coarser than unit, that a reading is a multiple
// of. A unit of 0 is none yet, and a reading of 0 is no time.
func common(unit int64, t uint64) int64 {
	if t == 0 {
		return unit
	}
	if unit == 0 {
		unit = 1_000_000_000
	}
	for _, next := range []int64{1_000_000, 1000, 100, 1} {
		if t%uint64(unit) == 0 {
			break
		}
		unit = min(unit, next)
	}
	return unit
}

// unit returns the resolution of the clock that stamped a span.
func (c *checker) unit(s *evidence.Span) int64 {
	return max(c.units[c.b.Origins[s.Origin].Resource], 1)
}

// readingHolds returns nil if a clock was read against UTC as an edge says.
func (c *checker) readingHolds(e *edge) error {
	name, toUTC := e.To, false
	if e.To == utc {
		name, toUTC = e.From, true
	}
	if (e.From == utc) == (e.To == utc) || e.Quantum != 0 || e.MinDelay != 0 {
		return fmt.Errorf("a reading is between a clock and UTC")
	}
	for i := range c.b.Clocks {
		r := &c.b.Clocks[i]
		if !r.Bounded() || r.Domain != name || r.Source != e.Source || r.Until < r.At {
			continue
		}
		middle := r.At + (r.Until-r.At)/2
		at, of, weight := e.ToAt, e.FromAt, add(intOf(r.Offset), intOf(r.Error))
		if toUTC {
			at, of, weight = e.FromAt, e.ToAt, sub(intOf(r.Error), intOf(r.Offset))
		}
		if int64(at) == middle && int64(of) == middle-r.Offset && weight.Cmp(intOf(e.Weight)) == 0 &&
			add(intOf(r.Until-middle), intOf(r.Error)).Cmp(intOf(e.Blur)) <= 0 {
			return nil
		}
	}
	return fmt.Errorf("no %q about clock %s states this", e.Source, name)
}
