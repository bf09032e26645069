package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"golang.org/x/exp/trace"
)

// An execution trace is a header that names its format ("go 1.26 trace" and three zero bytes) and batches
// of events. Since go1.25 each generation of it, about a second, holds one batch that pairs the trace's
// clock with the wall clock and the kernel's monotonic clock (internal/trace/tracev2, EvSync and
// EvClockSnapshot). Traces of earlier releases hold no wall clock at all: when they were made cannot be
// told from them.
//
// This reader takes only those batches, and hands each in turn to golang.org/x/exp/trace as a trace of
// its own: memory does not grow with the trace, and a generation that is cut or damaged takes no other
// with it.

// formatGoTrace is an execution trace.
var formatGoTrace = format{sniff: sniffGoTrace, read: readGoTrace}

// Types of the format (internal/trace/tracev2/events.go).
const (
	traceEventBatch        = 1
	traceExperimentalBatch = 49 // go1.23 and later
	traceSync              = 50 // go1.25 and later
	traceEndOfGeneration   = 52 // go1.26 and later

	traceHeaderBytes = 16
	traceMaxBatch    = 64 << 10 // MaxBatchSize
	// traceMaxSync is far more than the runtime writes: a frequency and a snapshot.
	traceMaxSync = 1 << 10
)

// goTraceReader goes through the batches of a trace.
type goTraceReader struct {
	in     *input
	stats  *ClockStats
	header []byte
	format int // N of "go 1.N trace"
	// last is the newest sync batch that could be read, and lastTicks the newest time of any batch since.
	last      traceBatch
	lastTicks uint64
}

// traceBatch is one batch as framed. Its data is nil where nobody asked for it.
type traceBatch struct {
	ref                Ref
	gen, thread, ticks uint64
	data               []byte
}

func readGoTrace(in *input) bool {
	header := bytes.Clone(in.data()[:traceHeaderBytes])
	digits, _, _ := bytes.Cut(header[len("go 1."):], []byte{' '})
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return false
	}
	r := &goTraceReader{in: in, stats: &ClockStats{}, header: header, format: n}
	in.art.Format, in.art.Clock, in.art.Go = "go-trace", r.stats, traceRelease(n)
	in.advance(traceHeaderBytes)
	switch {
	case n < 22:
		// Another format, of single events.
		in.art.Window.Rule = "execution trace of go1.21 or earlier: it holds no wall clock"
		return true
	case n < 25:
		in.art.Window.Rule = "execution trace of go1.24 or earlier: it holds no wall clock"
	}
	for r.batch() {
	}
	r.window()
	return true
}

// traceRelease bounds the release by the format, which changes in some releases only (internal/trace/
// version, go1.27). A format that this reader does not know is of a later one.
func traceRelease(format int) GoVersion {
	v := GoVersion{Min: format, Why: fmt.Sprintf("the trace's format is go 1.%d", format)}
	known := []int{11, 19, 21, 22, 23, 25, 26}
	for i, f := range known[:len(known)-1] {
		if f == format {
			v.Max = known[i+1] - 1
		}
	}
	return v
}

// batch reads one batch and reports whether there may be another.
func (r *goTraceReader) batch() bool {
	in := r.in
	from := in.off()
	if !in.fill(1) {
		return false
	}
	kind := in.data()[0]
	if kind == traceEndOfGeneration && r.format >= 26 {
		in.advance(1)
		return true
	}
	if kind != traceEventBatch && (kind != traceExperimentalBatch || r.format < 23) {
		in.lose(from, 0, InReading, "no batch of events begins here: what follows is not read")
		return false
	}
	n := 1
	if kind == traceExperimentalBatch {
		n = 2 // the experiment
	}
	var field [4]uint64 // generation, thread, time, length
	for i := range field {
		in.fill(n + binary.MaxVarintLen64)
		if len(in.data()) < n {
			in.cut(from, in.off()+int64(len(in.data())), "the trace ends inside a batch")
			return false
		}
		value, k := binary.Uvarint(in.data()[n:])
		if k == 0 {
			in.cut(from, in.off()+int64(len(in.data())), "the trace ends inside a batch")
			return false
		}
		if k < 0 {
			in.lose(from, 0, InReading, "the header of a batch is damaged: what follows is not read")
			return false
		}
		field[i], n = value, n+k
	}
	size := field[3]
	if size > traceMaxBatch {
		in.lose(from, 0, InReading, "a batch claims %d bytes, more than the format allows: what follows is not read", size)
		return false
	}
	if !in.fill(n + int(size)) {
		in.cut(from, in.off()+int64(len(in.data())), "the trace ends inside a batch of %d bytes", size)
		return false
	}
	b := traceBatch{ref: in.ref(from, int64(n)+int64(size)), gen: field[0], thread: field[1], ticks: field[2]}
	if data := in.data()[n : n+int(size)]; kind == traceEventBatch && r.format >= 25 && size > 0 && data[0] == traceSync {
		b.data = bytes.Clone(data[:min(len(data), traceMaxSync)])
		r.sync(b)
	} else {
		r.lastTicks = max(r.lastTicks, b.ticks)
	}
	in.advance(n + int(size))
	return true
}

// sync adds the row of a batch that pairs clocks.
func (r *goTraceReader) sync(b traceBatch) {
	ev, err := r.decode(b, b.ticks)
	if err != nil {
		r.in.lose(b.ref.Off, b.ref.Len, InReading, "the clocks of a generation cannot be read: %s", err)
		return
	}
	s := ev.Sync().ClockSnapshot
	row := ClockReading{Ref: b.ref, Source: "execution trace", Kind: ClockSnapshot}
	if y := s.Wall.Year(); y < 1971 || y > 2261 || s.Mono > math.MaxInt64 {
		r.in.lose(b.ref.Off, b.ref.Len, InReading, "the clocks of a generation show no time: wall %d s, monotonic %d ns", s.Wall.Unix(), s.Mono)
		return
	}
	row.Wall, row.Mono = s.Wall.UnixNano(), int64(s.Mono)
	row.At, row.Until = row.Wall, row.Wall
	r.stats.add(row)
	r.last = b
	r.lastTicks = max(r.lastTicks, b.ticks)
}

// decode has one sync batch decoded, as if it had begun at ticks. golang.org/x/exp/trace panics on some
// damage that it calls impossible.
func (r *goTraceReader) decode(b traceBatch, ticks uint64) (ev trace.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	one := append(bytes.Clone(r.header), traceEventBatch)
	for _, v := range []uint64{b.gen, b.thread, ticks, uint64(len(b.data))} {
		one = binary.AppendUvarint(one, v)
	}
	one = append(one, b.data...)
	if r.format >= 26 {
		one = append(one, traceEndOfGeneration)
	}
	tr, err := trace.NewReader(bytes.NewReader(one))
	if err != nil {
		return ev, err
	}
	if ev, err = tr.ReadEvent(); err != nil {
		return ev, err
	}
	if ev.Kind() != trace.EventSync || ev.Sync().ClockSnapshot == nil {
		// The reader holds the reason back until the next event.
		if _, err = tr.ReadEvent(); err == nil {
			err = fmt.Errorf("there is no snapshot")
		}
		return ev, err
	}
	return ev, nil
}

// window reaches from the first snapshot to the beginning of the last batch: what came in that batch is
// later still.
func (r *goTraceReader) window() {
	if len(r.stats.rows) == 0 {
		if r.format >= 25 {
			r.in.art.Window.Rule = "execution trace: no snapshot of the wall clock could be read"
		}
		return
	}
	w := Window{Start: uint64(r.stats.rows[0].Wall), Rule: "execution trace: from the first snapshot of the wall clock to the last batch of events"}
	last := r.stats.rows[len(r.stats.rows)-1].Wall
	w.End = max(w.Start, uint64(last))
	if ev, err := r.decode(r.last, r.lastTicks); err == nil {
		since := time.Duration(ev.Time() - ev.Sync().ClockSnapshot.Trace)
		if end, fits := addNanos(last, int64(since)); fits && end > last {
			w.End = max(w.End, uint64(end))
		}
	}
	r.in.art.Window = w
}
