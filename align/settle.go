package align

import (
	"math"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// anchored reports whether an SDK stamps all spans of a local trace with one anchor: the wall clock is read at its
// local root only, and time goes on by the monotonic clock (io.opentelemetry.sdk.trace.AnchoredClock of
// opentelemetry-java). One correction then holds for the whole block, that of the root's start.
func anchored(sdk string) bool { return strings.HasPrefix(sdk, "java/") }

// countedEvents reports whether an SDK stamps what happens in a span by the time since the span's start, which it read from
// the wall clock: JavaScript's (Span.ts of sdk-trace-base, _getTime: otperformance, unless the caller gives a time). Events then
// move with their span.
func countedEvents(sdk string) bool {
	return strings.HasPrefix(sdk, "nodejs/") || strings.HasPrefix(sdk, "webjs/")
}

// block is a span whose times move by the shift of its local root.
type block struct {
	ordinal int // in the artifact, by the order of spans
	start   uint64
	shift   int64
}

// maxSettleRounds bounds the rounds of settle: each moves what the one before left behind its cause, and a
// chain of causes is rarely longer than a trace is deep.
const maxSettleRounds = 64

// settler moves effects behind their causes.
type settler struct {
	p      *Plan
	bundle *evidence.Bundle
	join   *evidence.SpanJoin
	clocks []*dial // by resource; nil where times stay
	java   []bool  // by resource
	// resources by origin.
	resources []uint32
}

// settle makes every span start no earlier than its parent in another domain, and finds the local roots of
// anchored clocks. The solver places clocks so that this holds up to rounding. What is left moves by a
// hold of the callee's clock: from the reading on, nothing is placed before the caller's start. A hold
// keeps the order of the clock's readings, and is refused where it would leave the trusted bounds.
func (p *Plan) settle(b *evidence.Bundle, join *evidence.SpanJoin) {
	s := &settler{p: p, bundle: b, join: join}
	byDomain := map[string]*dial{}
	for i := range b.Resources {
		r := &b.Resources[i]
		domain := p.domain(r.Identity.Domain)
		if _, ok := byDomain[domain]; !ok {
			byDomain[domain], _ = p.dial(domain)
		}
		s.clocks = append(s.clocks, byDomain[domain])
		s.java = append(s.java, anchored(r.SDK))
	}
	for _, o := range b.Origins {
		s.resources = append(s.resources, o.Resource)
	}
	for range maxSettleRounds {
		if s.round() == 0 {
			break
		}
	}
	for domain, c := range byDomain {
		if c != nil && len(c.holds) > 0 {
			p.holds[domain] = c.holds
		}
	}
	if slices.Contains(s.java, true) {
		s.collect()
	}
}

// round looks at every pair once and returns how many holds it made.
func (s *settler) round() (made int) {
	s.p.unsettled = 0
	spans := &s.bundle.Spans
	for chunk := range spans.Chunks() {
		for i, parent := range s.join.Parent[chunk.Base : chunk.Base+len(chunk.ID)] {
			if parent >= uint32(spans.Len()) {
				continue
			}
			pc, pi := chunk, int(parent)-chunk.Base // in the same chunk, nearly always
			if pi < 0 || pi >= len(chunk.ID) {
				pc, pi = spans.Chunk(int(parent))
			}
			child, of := s.resources[chunk.Origin[i]], s.resources[pc.Origin[pi]]
			if child == of || s.clocks[child] == nil || s.clocks[of] == nil || s.clocks[child] == s.clocks[of] {
				continue
			}
			row := uint32(chunk.Base + i)
			cause, ok1 := s.place(parent, pc.Start[pi], of)
			effect, ok2 := s.place(row, chunk.Start[i], child)
			after := s.after(chunk, i)
			if ok1 && ok2 && effect < cause-after {
				if s.hold(s.clocks[child], int64(chunk.Start[i]), cause-after, s.java[child]) {
					made++
				} else {
					s.p.unsettled++
				}
			}
		}
	}
	return made
}

// after returns how long a span may have run when its parent began: until its end where it receives or polls, as there was no message
// yet when it began; see collector.pair.
func (s *settler) after(chunk *evidence.SpanChunk, i int) int64 {
	start, end := chunk.Start[i], chunk.End[i]
	if chunk.Kind[i] != evidence.KindConsumer || end <= start || end > math.MaxInt64 || processesMessage(s.bundle.Strings[chunk.Name[i]]) {
		return 0
	}
	return int64(end - start)
}

// place returns where a span's start goes.
func (s *settler) place(row uint32, start uint64, resource uint32) (int64, bool) {
	if start == 0 || start > math.MaxInt64 {
		return 0, false
	}
	c := s.clocks[resource]
	if s.java[resource] {
		anchor := s.anchor(row)
		return c.hold(int64(start), c.offset(int64(anchor)))
	}
	return c.place(int64(start))
}

// hold adds a hold that places reading at place, if the trusted bounds allow it.
func (s *settler) hold(c *dial, reading, place int64, block bool) bool {
	if block || !c.bounds(reading).Contains(reading-place) {
		return false
	}
	i := len(c.holds)
	for i > 0 && c.holds[i-1].at > reading {
		i--
	}
	// Of the holds behind, those that place no later say nothing any more.
	j := i
	for j < len(c.holds) && c.holds[j].place <= place {
		j++
	}
	rest := append([]hold{{reading, place}}, c.holds[j:]...)
	c.holds = append(c.holds[:i], rest...)
	return true
}

// anchor returns the start of the local root of a row: the topmost of its ancestors in the same process that
// are joined without a gap.
func (s *settler) anchor(row uint32) uint64 {
	b := s.bundle
	top := row
	for range maxAnchorDepth {
		parent := s.join.Parent[top]
		if parent >= uint32(b.Spans.Len()) {
			break
		}
		c, i := b.Spans.Chunk(int(top))
		pc, pi := b.Spans.Chunk(int(parent))
		remote := c.Flags[i]&(evidence.FlagHasRemote|evidence.FlagRemote) == evidence.FlagHasRemote|evidence.FlagRemote
		if remote || b.Origins[c.Origin[i]].Resource != b.Origins[pc.Origin[pi]].Resource {
			break
		}
		top = parent
	}
	c, i := b.Spans.Chunk(int(top))
	return c.Start[i]
}

// maxAnchorDepth bounds the walk to a local root: parents may name each other in a circle.
const maxAnchorDepth = 10_000

// collect lists the spans of anchored clocks by artifact, in file order.
func (s *settler) collect() {
	b := s.bundle
	s.p.blocks = map[uint32][]block{}
	ordinals := map[uint32]int{}
	for chunk := range b.Spans.Chunks() {
		for i, start := range chunk.Start {
			origin := b.Origins[chunk.Origin[i]]
			n := ordinals[origin.Artifact]
			ordinals[origin.Artifact]++
			c := s.clocks[origin.Resource]
			if c == nil || !s.java[origin.Resource] || start == 0 || start > math.MaxInt64 {
				continue
			}
			anchor := s.anchor(uint32(chunk.Base + i))
			if anchor == 0 || anchor > math.MaxInt64 {
				anchor = start
			}
			s.p.blocks[origin.Artifact] = append(s.p.blocks[origin.Artifact], block{n, start, c.offset(int64(anchor))})
		}
	}
}
