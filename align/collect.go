package align

import (
	"math"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// Collect returns the statistic of all calls between clocks in the spans of a bundle, and of all its
// readings of clocks. j is evidence.JoinSpans of the bundle.
func Collect(b *evidence.Bundle, j *evidence.SpanJoin, o StatOptions) *Statistic {
	c := collector{bundle: b, join: j, stat: NewStatistic(o)}
	c.stat.Dropped["repeated span"] = len(j.Repeats)
	c.domains()
	for chunk := range b.Spans.Chunks() {
		for i := range chunk.ID {
			row := uint32(chunk.Base + i)
			if parent := j.Parent[row]; parent < evidence.UnusableParent && j.Marks[row]&evidence.RepeatedSpan == 0 {
				c.pair(chunk, i, parent)
			}
		}
	}
	c.links()
	c.readings()
	c.stepReports()
	for why, n := range c.stat.Dropped {
		if n == 0 {
			delete(c.stat.Dropped, why)
		}
	}
	return c.stat
}

type collector struct {
	bundle *evidence.Bundle
	join   *evidence.SpanJoin
	stat   *Statistic
	// cache maps pairs of origins to edges, directly: a file has few pairs, and they come in runs.
	cache   [1024]cachedEdge
	process map[uint32]bool // by name of span: whether it names the processing of a message
}

type cachedEdge struct {
	used          bool
	parent, child uint32 // origins
	local         evidence.Locality
	class         Class
	edge          *Edge // nil where one clock stamped both, or nothing can tell them apart
	merged        bool  // two processes are said to share a clock
	own           bool  // both are of one process
}

// domains notes what resources say of their clocks.
func (c *collector) domains() {
	for _, o := range c.bundle.Origins {
		id := &c.bundle.Resources[o.Resource].Identity
		if id.Domain.Value == "" {
			continue
		}
		d := DomainInfo{From: id.Domain.From, Host: id.Host.Value, AZ: id.AZ.Value}
		if id.Service.Value != "" {
			d.Services = []string{id.Service.Value}
		}
		if have, ok := c.stat.Domains[id.Domain.Value]; ok {
			d = have.merge(d)
		}
		c.stat.Domains[id.Domain.Value] = d
	}
}

// edge finds where the calls of one origin to another are summed up.
func (c *collector) edge(parent, child uint32, local evidence.Locality, class Class) *cachedEdge {
	slot := &c.cache[(parent*31+child*8+uint32(class))%uint32(len(c.cache))]
	if slot.used && slot.parent == parent && slot.child == child && slot.local == local && slot.class == class {
		return slot
	}
	*slot = cachedEdge{used: true, parent: parent, child: child, local: local, class: class}
	pr, cr := c.bundle.Resource(parent), c.bundle.Resource(child)
	from, to := pr.Identity.Domain.Value, cr.Identity.Domain.Value
	switch {
	case evidence.OneClock(pr, cr, local):
		slot.merged = local == evidence.Remote && pr != cr && from == to
		slot.own = local != evidence.Remote && from == to && to != ""
	case from != "" && to != "" && from != to:
		slot.edge = c.stat.Edge(EdgeKey{from, to, cr.Identity.Service.Value, class})
	}
	return slot
}

// pair takes a span and its parent.
func (c *collector) pair(chunk *evidence.SpanChunk, i int, parent uint32) {
	pc, pe := c.bundle.Spans.Chunk(int(parent))
	kind, flags := chunk.Kind[i], chunk.Flags[i]
	class := ClassRequest
	if kind == evidence.KindConsumer || pc.Kind[pe] == evidence.KindProducer {
		class = ClassMessage
	}
	slot := c.edge(pc.Origin[pe], chunk.Origin[i], evidence.LocalityOf(kind, flags), class)
	if slot.edge == nil && !slot.merged {
		if chunk.Start[i] < pc.Start[pe] && slot.own && kind != evidence.KindConsumer {
			c.setBack(chunk, i, parent)
		}
		return
	}
	start, end, pstart, pend := chunk.Start[i], chunk.End[i], pc.Start[pe], pc.End[pe]
	// The span of a receive or poll begins before its message exists, but cannot have ended by then.
	received, length := start, int64(0)
	if kind == evidence.KindConsumer && !c.processes(chunk.Name[i]) {
		received, length = end, lasted(start, end)
	}
	trace := c.bundle.Traces[chunk.Trace[i]]
	call := Call{
		Sent: instant(pstart), Received: instant(received), Lasted: length,
		Quantum: max(resolution(pstart), resolution(received)),
		Earlier: SpanID{trace, pc.ID[pe]}, Later: SpanID{trace, chunk.ID[i]},
	}
	if slot.merged {
		c.refute(slot.child, &call)
		return
	}
	// Nobody waits for work that was linked rather than called: the follows-from of Jaeger's clients, which
	// write no flags, becomes a parent and a link to it.
	follows := flags&evidence.LinkedSpan != 0 && flags&evidence.FlagHasRemote == 0
	if kind == evidence.KindServer && pc.Kind[pe] == evidence.KindClient && pc.Status[pe].Code() != statusError && !follows {
		call.Replied, call.Answered = instant(end), instant(pend)
		call.Quantum = max(call.Quantum, resolution(end), resolution(pend))
	} else if end < start && end != 0 {
		call.Replied, call.Answered = instant(end), instant(pend) // for Add to count
	}
	slot.edge.Add(call)
}

// statusError is OTLP's STATUS_CODE_ERROR.
const statusError evidence.StatusCode = 2

// instant returns a time as recorded, 0 for one that is no time.
func instant(t uint64) int64 {
	if t > math.MaxInt64 {
		return 0
	}
	return int64(t)
}

// lasted returns the length of a span: one whose start is no time may have begun at any.
func lasted(start, end uint64) int64 {
	if start > math.MaxInt64 {
		start = 0
	}
	return int64(end - start)
}

// resolution guesses the resolution of the clock that gave a reading: a multiple of 100 ns (.NET),
// 1 µs (Zipkin, Python), 1 ms (browsers) or 1 s may be of a clock no finer. A fine clock gives such a
// reading rarely, and an edge keeps the least of its calls.
func resolution(t uint64) int64 {
	for _, r := range [...]uint64{1e9, 1e6, 1e3, 100} {
		if t%r == 0 {
			return int64(r)
		}
	}
	return 1
}

// processes reports whether a consumer's span is of the processing of a message, which begins when the
// message is there, by its name: OpenTelemetry names such spans "process DESTINATION", before semantic
// conventions 1.26 "DESTINATION process".
func (c *collector) processes(name uint32) bool {
	is, ok := c.process[name]
	if !ok {
		if c.process == nil {
			c.process = map[uint32]bool{}
		}
		is = processesMessage(c.bundle.Strings[name])
		c.process[name] = is
	}
	return is
}

func processesMessage(name string) bool {
	return strings.HasPrefix(name, "process ") || strings.HasSuffix(name, " process") || name == "process"
}

// refute notes a child that began before its parent by what is said to be one clock.
func (c *collector) refute(origin uint32, call *Call) {
	if call.Sent == 0 || call.Received == 0 || call.Received+call.Quantum >= call.Sent {
		return
	}
	name := c.bundle.Resource(origin).Identity.Domain.Value
	c.stat.Refuted[name] = c.stat.Refuted[name].merge(
		Refuted{Calls: 1, Worst: call.Sent - call.Received, Earlier: call.Earlier, Later: call.Later})
}

// readings hands over what artifacts state about clocks with a bound.
func (c *collector) readings() {
	for i := range c.bundle.Clocks {
		r := &c.bundle.Clocks[i]
		if r.Bounded() && r.Domain != "" {
			c.stat.AddReading(Reading{
				Domain: r.Domain, At: r.At, Until: r.Until, Offset: r.Offset, Error: r.Error, Source: r.Source, Ref: r.Ref,
				Measured: r.Measured, MeasuredUntil: r.MeasuredUntil,
			})
		}
	}
}
