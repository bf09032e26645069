// Package gen makes OTLP traces of an invented shop: deterministic, of any size, with realistic
// attributes, and with faults whose number is known. What goes in is a seed and a number of spans; what
// comes out is a sequence of the official TracesData messages and the truth about them. It imitates no
// particular capture.
//
// Fourteen services run in three zones with two pods each, on twelve hosts. A trace has 8 to 60 spans;
// its spans reach the export process by process, children first, as exporters send what has ended.
package gen

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Options say what to make. The zero value makes nothing.
type Options struct {
	Seed  uint64
	Spans int // before faults add or remove any
	// SpansPerResource and SpansPerRequest bound the batches; default 128 and 1024.
	SpansPerResource, SpansPerRequest int
	Faults                            Faults
}

// Faults to inject, each into a trace of its own. A number is an upper bound: Truth says how many traces
// were fit for it.
type Faults struct {
	Orphaned    int // spans left out that have a parent and children: the children are orphans
	Resent      int // spans that occur twice, byte for byte
	Shared      int // client and server spans with one id, as Zipkin's clients write
	Conflicting int // second spans with the id and kind of another, and other times
	BadIDs      int // invalid ids, in turn of BadIDKinds
	Early       int // spans moved to before their parent's start, on their parent's host
	Outlive     int // spans that end after their parent
	Consumers   int // consumer spans that begin after their producer has ended: no fault
	// SkewedHost shifts the clock of host 0, so that calls to it seem to begin before their client.
	SkewedHost time.Duration
}

// BadIDKinds is the number of kinds of invalid ids that Faults.BadIDs goes through.
const BadIDKinds = len(badIDs)

// Generator makes one export.
type Generator struct {
	opts    Options
	rng     *rand.Rand
	procs   []*process
	clock   uint64 // true time at which the next trace begins
	faults  []fault
	pending []*tracepb.ResourceSpans
	held    int // spans in pending
	truth   Truth
}

// process is one pod of one service.
type process struct {
	service, zone, pod int
	host               int
	resource           *resourcepb.Resource
	scope              *commonpb.InstrumentationScope
	ended              []*tracepb.Span // not yet in a batch
	seen               bool
}

// New returns a Generator for one export.
func New(o Options) *Generator {
	o.SpansPerResource = cmp.Or(o.SpansPerResource, 128)
	o.SpansPerRequest = cmp.Or(o.SpansPerRequest, 1024)
	g := &Generator{
		opts:   o,
		rng:    rand.New(rand.NewPCG(o.Seed, 0x9e3779b97f4a7c15)),
		clock:  1_760_000_000_000_000_000,
		faults: faultsOf(o.Faults),
	}
	for s := range services {
		for z := range zones {
			for p := range podsPerZone {
				g.procs = append(g.procs, g.newProcess(s, z, p))
			}
		}
	}
	return g
}

// Requests yields the batches. It can be run once.
func (g *Generator) Requests() iter.Seq[*tracepb.TracesData] {
	return func(yield func(*tracepb.TracesData) bool) {
		for left := g.opts.Spans; left > 0; {
			size := min(8+g.rng.IntN(53), left)
			left -= size
			t := g.newTrace(size)
			t.fill()
			g.inject(t)
			g.truth.count(t)
			slices.SortStableFunc(t.spans, func(a, b *node) int { return cmp.Compare(a.pb.EndTimeUnixNano, b.pb.EndTimeUnixNano) })
			for _, n := range t.spans {
				p := n.proc
				p.ended = append(p.ended, n.pb)
				if len(p.ended) >= g.opts.SpansPerResource && !g.batch(p, yield) {
					return
				}
			}
		}
		for _, p := range g.procs {
			if len(p.ended) > 0 && !g.batch(p, yield) {
				return
			}
		}
		g.flush(yield)
	}
}

// Truth says what the export holds. It is complete when Requests has ended.
func (g *Generator) Truth() Truth { return g.truth }

// batch makes one ResourceSpans of what p holds, and a request where enough are together.
func (g *Generator) batch(p *process, yield func(*tracepb.TracesData) bool) bool {
	if !p.seen {
		p.seen = true
		g.truth.Resources++
	}
	if g.held > 0 && g.held+len(p.ended) > g.opts.SpansPerRequest && !g.flush(yield) {
		return false
	}
	g.pending = append(g.pending, &tracepb.ResourceSpans{
		Resource:   p.resource,
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: p.scope, Spans: p.ended}},
		SchemaUrl:  schemaURL,
	})
	g.held += len(p.ended)
	p.ended = nil
	return true
}

func (g *Generator) flush(yield func(*tracepb.TracesData) bool) bool {
	if len(g.pending) == 0 {
		return true
	}
	td := &tracepb.TracesData{ResourceSpans: g.pending}
	g.pending, g.held = nil, 0
	g.truth.Requests++
	return yield(td)
}

const schemaURL = "https://opentelemetry.io/schemas/1.37.0"
