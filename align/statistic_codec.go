package align

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
)

// statisticMagic begins an encoded Statistic; its last byte is the version.
const statisticMagic = "wmstat\x00\x04"

// errStatistic is the cause of every error of ReadStatistic.
var errStatistic = errors.New("not a statistic of this version")

// AppendBinary appends the statistic to b. Equal statistics give equal bytes.
func (s *Statistic) AppendBinary(b []byte) []byte {
	w := statWriter{b: append(b, statisticMagic...)}
	writeMap(&w, s.Domains, func(d DomainInfo) {
		w.text(d.From)
		w.text(d.Host)
		w.text(d.AZ)
		w.count(len(d.Services))
		for _, v := range d.Services {
			w.text(v)
		}
	})
	writeMap(&w, s.Dropped, func(n int) { w.num(int64(n)) })
	writeMap(&w, s.Refuted, func(r Refuted) {
		w.num(int64(r.Calls))
		w.num(r.Worst)
		w.id(r.Earlier)
		w.id(r.Later)
	})
	writeMap(&w, s.fine, func(bool) {})
	keys := s.Keys()
	w.count(len(keys))
	for _, k := range keys {
		w.text(k.Caller)
		w.text(k.Callee)
		w.text(k.Service)
		w.b = append(w.b, byte(k.Class))
		w.edge(s.edges[k])
	}
	readings := s.Readings()
	w.count(len(readings))
	for _, r := range readings {
		w.text(r.Domain)
		w.nums(r.At, r.Until, r.Offset, r.Error)
		w.text(r.Source)
		w.nums(r.Measured, r.MeasuredUntil, int64(r.Ref.Artifact), r.Ref.Off, r.Ref.Len)
	}
	w.reports(s.StepReports())
	return w.b
}

type statWriter struct{ b []byte }

func (w *statWriter) num(v int64) { w.b = binary.AppendVarint(w.b, v) }
func (w *statWriter) nums(v ...int64) {
	for _, n := range v {
		w.num(n)
	}
}
func (w *statWriter) count(n int) { w.b = binary.AppendUvarint(w.b, uint64(n)) }
func (w *statWriter) text(s string) {
	w.count(len(s))
	w.b = append(w.b, s...)
}
func (w *statWriter) fixed(v uint64) { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *statWriter) id(id SpanID) {
	w.b = append(w.b, id.Trace[:]...)
	w.fixed(id.Span)
}

func writeMap[V any](w *statWriter, m map[string]V, value func(V)) {
	w.count(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		w.text(k)
		value(m[k])
	}
}

func (w *statWriter) edge(e *Edge) {
	w.b = append(w.b, b2u(e.fine))
	w.nums(e.calls, e.answered, e.before, e.impossible)
	w.nums(e.drops[:]...)
	w.nums(e.first, e.last, e.quantum, e.minRTT, e.longest.caller, e.longest.callee)
	w.nums(e.rtt[:]...)
	w.envelope(&e.request)
	w.envelope(&e.response)
	samples := e.samples()
	w.count(len(samples))
	for _, s := range samples {
		w.fixed(s.key)
		w.nums(s.t1, s.u, s.t4, s.l)
		if s.t4 != 0 {
			w.id(SpanID{s.trace, s.callee})
			w.fixed(s.caller)
		}
	}
}

func (w *statWriter) envelope(v *envelope) {
	w.b = append(w.b, v.level|b2u(v.thin)<<7)
	w.count(len(v.cells))
	for _, c := range v.cells {
		w.nums(c.index, int64(c.n), int64(c.size))
	}
	last := int64(0)
	for i := range v.pts {
		p := &v.pts[i]
		w.nums(p.t-last, p.v)
		last = p.t
		w.b = append(w.b, b2u(p.far != nil))
		w.id(p.laterID())
		if p.far != nil {
			w.b = append(w.b, p.far[:]...)
		}
		w.fixed(p.earlier)
	}
}

func b2u(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// ReadStatistic reads what AppendBinary wrote. It fails on anything else, and never panics.
func ReadStatistic(b []byte) (*Statistic, error) {
	r := statReader{b: b}
	if string(r.take(len(statisticMagic))) != statisticMagic {
		return nil, fmt.Errorf("read statistic: %w", errStatistic)
	}
	s := NewStatistic(StatOptions{})
	readMap(&r, s.Domains, func() DomainInfo {
		d := DomainInfo{From: r.text(), Host: r.text(), AZ: r.text()}
		for range r.count() {
			d.Services = append(d.Services, r.text())
		}
		return d
	})
	readMap(&r, s.Dropped, func() int { return int(r.num()) })
	readMap(&r, s.Refuted, func() Refuted {
		return Refuted{Calls: int(r.num()), Worst: r.num(), Earlier: r.id(), Later: r.id()}
	})
	fine := map[string]bool{}
	if readMap(&r, fine, func() bool { return true }); len(fine) > 0 {
		s.fine = fine
	}
	for range r.count() {
		k := EdgeKey{Caller: r.text(), Callee: r.text(), Service: r.text(), Class: Class(r.byte())}
		if s.edges[k] != nil {
			r.failed = true
		}
		s.edges[k] = r.edge()
	}
	for range r.count() {
		s.readings = append(s.readings, Reading{
			Domain: r.text(), At: r.num(), Until: r.num(), Offset: r.num(), Error: r.num(), Source: r.text(),
			Measured: r.num(), MeasuredUntil: r.num(),
			Ref: evidence.Ref{Artifact: uint32(r.num()), Off: r.num(), Len: r.num()},
		})
	}
	s.reports = r.reports()
	if r.failed || len(r.b) > 0 {
		return nil, fmt.Errorf("read statistic: damaged at byte %d: %w", len(b)-len(r.b), errStatistic)
	}
	return s, nil
}

// statReader reads until something is wrong; then all it returns is zero.
type statReader struct {
	b      []byte
	failed bool
}

func (r *statReader) take(n int) []byte {
	if r.failed || n < 0 || n > len(r.b) {
		r.failed = true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *statReader) byte() byte {
	if v := r.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *statReader) num() int64 {
	v, n := binary.Varint(r.b)
	if r.failed || n <= 0 {
		r.failed = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads a number of things that take at least one byte each, so that it cannot exceed what is left.
func (r *statReader) count() int {
	v, n := binary.Uvarint(r.b)
	if r.failed || n <= 0 || v > uint64(len(r.b)) {
		r.failed = true
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *statReader) text() string { return string(r.take(r.count())) }

func (r *statReader) fixed() uint64 {
	if v := r.take(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (r *statReader) id() (id SpanID) {
	copy(id.Trace[:], r.take(16))
	id.Span = r.fixed()
	return id
}

func readMap[V any](r *statReader, m map[string]V, value func() V) {
	last := ""
	for i := range r.count() {
		k := r.text()
		if i > 0 && k <= last {
			r.failed = true
		}
		if r.failed {
			return
		}
		last = k
		m[k] = value()
	}
}

func (r *statReader) edge() *Edge {
	e := newEdge(r.byte() == 1)
	for _, v := range []*int64{&e.calls, &e.answered, &e.before, &e.impossible} {
		*v = r.num()
	}
	for i := range e.drops {
		e.drops[i] = r.num()
	}
	for _, v := range []*int64{&e.first, &e.last, &e.quantum, &e.minRTT, &e.longest.caller, &e.longest.callee} {
		*v = r.num()
	}
	r.failed = r.failed || min(e.longest.caller, e.longest.callee) < 0
	for i := range e.rtt {
		e.rtt[i] = r.num()
	}
	r.envelope(&e.request)
	r.envelope(&e.response)
	n := r.count()
	if n > e.scale(sampleSize) {
		r.failed = true
	}
	for range n {
		if r.failed {
			break
		}
		s := sampled{key: r.fixed(), t1: r.num(), u: r.num(), t4: r.num(), l: r.num()}
		if s.t4 != 0 {
			id := r.id()
			s.trace, s.callee, s.caller = id.Trace, id.Span, r.fixed()
		}
		e.keep(s)
	}
	return e
}

// envelope reads an envelope and adds its vertices again, so that one that was made up cannot break what
// the rest relies on: the order, the cells and the shape.
func (r *statReader) envelope(v *envelope) {
	v.level = r.byte()
	v.thin = v.level>>7 == 1
	v.level &= 1<<7 - 1
	if v.level < firstLevel || v.level > lastLevel {
		r.failed = true
		return
	}
	var sizes []int64
	for i := range r.count() {
		index, count, size := r.num(), r.num(), r.num()
		if r.failed || i > 0 && index <= v.cells[i-1].index || index < 0 || index > math.MaxInt64>>v.level ||
			count < 1 || count > math.MaxUint32 || size < 1 || size > count {
			r.failed = true
			return
		}
		v.cells = append(v.cells, cell{index: index, n: uint32(count)})
		v.cost += v.cellCost(uint32(count))
		sizes = append(sizes, size)
	}
	last := int64(0)
	for i, size := range sizes {
		c, start := &v.cells[i], len(v.pts)
		for range size {
			p := point{t: last + r.num(), v: r.num()}
			far := r.byte() == 1
			later := r.id()
			if p.trace, p.later = later.Trace, later.Span; far {
				p.far = new([16]byte)
				copy(p.far[:], r.take(16))
			}
			if p.earlier = r.fixed(); r.failed || p.t <= 0 || p.t>>v.level != c.index {
				r.failed = true
				return
			}
			v.insert(c, start, &p)
			last = p.t
		}
		r.failed = r.failed || int64(c.size) != size
	}
	r.failed = r.failed || v.cost > v.limit && v.level < lastLevel
	v.restrain()
	v.lastCell = len(v.cells)
}
