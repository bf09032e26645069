package spans

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// A message that loses its trace context leaves two halves as well: a PRODUCER span with nothing of another process below
// it or linked to it, and a CONSUMER span with neither parent nor link. Messages may wait, so no time holds the halves
// together. What does is that no message of the producing program to the destination is continued, and that consumers of
// the destination begin traces of their own.

// minMessages is how many halves each side of a queue must have, as of calls fewer than about three tell nothing.
const minMessages = 3

// channel is a destination that a program publishes to or consumes from.
type channel struct {
	program
	destination uint32
}

// queue is a destination between two programs that no context passes.
type queue struct {
	client, server program
	destination    string
	sent, begun    []uint32 // rows of the PRODUCER spans, and of the CONSUMER spans that begin traces
}

func (q *queue) n() int { return min(len(q.sent), len(q.begun)) }

// lostQueues returns the queues that lose the context of all messages of a program, those with the most first.
func (l *leads) lostQueues() []*queue {
	sent, begun := l.messages()
	for at := range sent {
		if len(sent[at]) < minMessages || len(begun[at.destination]) == 0 {
			delete(sent, at)
		}
	}
	if len(sent) == 0 {
		return nil
	}
	l.dropContinued(sent)
	var out []*queue
	for at, rows := range sent {
		for server, roots := range begun[at.destination] {
			if len(roots) >= minMessages {
				out = append(out, &queue{at.program, server, l.bundle.Strings[at.destination], rows, roots})
			}
		}
	}
	slices.SortFunc(out, func(a, b *queue) int {
		return cmp.Or(cmp.Compare(b.n(), a.n()), strings.Compare(a.client.String(), b.client.String()), strings.Compare(a.server.String(), b.server.String()),
			strings.Compare(a.destination, b.destination))
	})
	return out
}

// messages collects the PRODUCER spans by program and destination, and the CONSUMER spans that begin traces by destination
// and program.
func (l *leads) messages() (sent map[channel][]uint32, begun map[uint32]map[program][]uint32) {
	sent, begun = map[channel][]uint32{}, map[uint32]map[program][]uint32{}
	for c := range l.bundle.Spans.Chunks() {
		for i, kind := range c.Kind {
			row, to := uint32(c.Base+i), c.Route[i]
			if kind != evidence.KindProducer && kind != evidence.KindConsumer || to == 0 || l.join.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			of := l.program(c.Origin[i])
			switch {
			case kind == evidence.KindProducer:
				sent[channel{of, to}] = append(sent[channel{of, to}], row)
			case l.join.Parent[row] == evidence.NoParent && c.Flags[i]&evidence.LinkedSpan == 0:
				if begun[to] == nil {
					begun[to] = map[program][]uint32{}
				}
				begun[to][of] = append(begun[to][of], row)
			}
		}
	}
	return sent, begun
}

// dropContinued deletes the channels of which some message is continued, by a child in another process or by a link.
func (l *leads) dropContinued(sent map[channel][]uint32) {
	for c := range l.bundle.Spans.Chunks() {
		for i, kind := range c.Kind {
			parent := l.join.Parent[c.Base+i]
			if parent >= evidence.UnusableParent || kind != evidence.KindConsumer && evidence.LocalityOf(kind, c.Flags[i]) != evidence.Remote {
				continue
			}
			if pc, pe := l.bundle.Spans.Chunk(int(parent)); pc.Kind[pe] == evidence.KindProducer {
				delete(sent, channel{l.program(pc.Origin[pe]), pc.Route[pe]})
			}
		}
	}
	type spanID struct {
		trace [16]byte
		span  uint64
	}
	byID := map[spanID]channel{}
	for at, rows := range sent {
		for _, row := range rows {
			c, i := l.bundle.Spans.Chunk(int(row))
			if c.Trace[i] != evidence.NoTrace && c.Flags[i]&evidence.BadSpanID == 0 {
				byID[spanID{l.bundle.Traces[c.Trace[i]], c.ID[i]}] = at
			}
		}
	}
	for _, link := range l.bundle.Links {
		if at, ok := byID[spanID{link.LinkedTrace, link.Linked}]; ok {
			delete(sent, at)
		}
	}
}

func (q *queue) finding(p *analyze.Pass) analyze.Finding {
	var when analyze.When
	for _, row := range q.begun {
		c, i := p.Bundle.Spans.Chunk(int(row))
		when.See(c.Start[i])
	}
	f := analyze.Finding{
		Basis:   analyze.Heuristic,
		Subject: analyze.Subject("client", q.client.service, "server", q.server.service, "destination", q.destination),
		Message: fmt.Sprintf("messages from %s to %s on %q lose the trace context%s: of the %d that are published nothing is below or linked to any, and %s of %s there begin traces of "+
			"their own, without a link", q.client, q.server, q.destination, when, len(q.sent), analyze.Count(len(q.begun), "CONSUMER span"), q.server.service),
		Measures: []analyze.Measure{analyze.M("queue.context_lost", "messages", float64(q.n()))},
		Fix: fmt.Sprintf("Put the context into the message where %s publishes it (propagator.Inject into its headers), and take it out where %s consumes it, as the parent of its span or as "+
			"a link. Where both do so, look for a bridge or a queue between them that drops headers, and for formats that differ.", q.client.service, q.server.service),
	}
	for k := range max(1, p.Options.Exhibits()/2) {
		if k < q.n() {
			f.Exhibits = append(f.Exhibits, Exhibit(p.Bundle, q.sent[k], "producer"), Exhibit(p.Bundle, q.begun[k], "consumer"))
		}
	}
	return f
}

// reportQueues reports the queues, those beyond the bound as one.
func reportQueues(p *analyze.Pass, queues []*queue) {
	limit := p.Options.Subjects()
	for _, q := range queues[:min(limit, len(queues))] {
		p.Report(q.finding(p))
	}
	if len(queues) > limit {
		f := queues[limit].finding(p)
		f.Subject = analyze.Subject("client", otherSubjects, "server", otherSubjects, "destination", otherSubjects)
		f.Message = fmt.Sprintf("%d queues beyond those listed lose the trace context; the first: %s", len(queues)-limit, f.Message)
		f.Measures = nil
		p.Report(f)
	}
}
