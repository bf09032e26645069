package align

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// The records of OTLP, by the field numbers of opentelemetry/proto/{trace,logs,metrics}/v1.

const (
	spanTrace, spanID, spanParent                = 1, 2, 4
	spanStart, spanEnd, spanEvent, spanAttribute = 7, 8, 11, 9
	eventTime                                    = 1
	logTime, logObserved                         = 1, 11
	pointStart, pointTime                        = 2, 3
	exemplarTime                                 = 2
)

// span moves a span: its start by the clock's reading there, its end by as much, so that its duration stays what the
// monotonic clock measured; its events by their own readings.
func (r *protoRewriter) span(t *target, b []byte, base int) (grown int, err error) {
	r.receipt.Spans++
	ordinal := r.ordinal
	r.ordinal++
	if t.clock == nil {
		return 0, nil
	}
	s := spanTimes{}
	r.starts, r.ends, r.events, r.ids = r.starts[:0], r.ends[:0], r.events[:0], spanIDs{}
	if !r.usualSpan(b, base, &s) {
		if err := r.anySpan(b, base, &s); err != nil {
			return 0, err
		}
	}
	r.receipt.Events += r.eventsSeen
	if len(r.starts) > 1 || len(r.ends) > 1 {
		return 0, &damageError{base, "a span holds one of its times twice"}
	}
	ok, err := r.spanShift(t, &s, ordinal)
	if err != nil || !ok {
		return 0, err
	}
	for _, off := range r.starts {
		if s.start != 0 {
			r.move(t, off, s.start, s.shift)
		}
	}
	for _, off := range r.ends {
		if s.end != 0 {
			r.move(t, off, s.end, s.shift)
		}
	}
	for _, e := range r.events {
		if shift, ok := r.eventShift(t, &s, e.value); ok {
			r.move(t, e.off, e.value, shift)
		}
	}
	if r.plan.o.KeepOriginals && s.start != 0 {
		text := r.originals(t, &s)
		r.editor.replace(base+len(b), 0, text)
		grown = len(text)
	}
	return grown, nil
}

// anySpan collects the times of a span of any shape.
func (r *protoRewriter) anySpan(b []byte, base int, s *spanTimes) error {
	r.starts, r.ends, r.events, r.eventsSeen = r.starts[:0], r.ends[:0], r.events[:0], 0
	*s, r.ids = spanTimes{}, spanIDs{}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		switch {
		case f.Num == spanStart && f.Type == wire.Fixed64:
			s.start = f.Value
			r.starts = append(r.starts, base+f.Start)
		case f.Num == spanEnd && f.Type == wire.Fixed64:
			s.end = f.Value
			r.ends = append(r.ends, base+f.Start)
		case f.Num <= spanParent && f.Type == wire.Bytes:
			r.ids.set(f.Num, f.Bytes)
		case f.Num == spanEvent && f.Type == wire.Bytes:
			r.eventsSeen++
			if err := r.event(f.Bytes, base+f.Start); err != nil {
				return err
			}
		}
	}
	return damage(&w, base)
}

// usualSpan does the same for a span of the fields that OTLP has today, with fields shorter than 16 KiB. It returns
// false where it meets anything else, and anySpan begins anew.
func (r *protoRewriter) usualSpan(b []byte, base int, s *spanTimes) bool {
	const (
		start  = spanStart<<3 | byte(wire.Fixed64)
		end    = spanEnd<<3 | byte(wire.Fixed64)
		event  = spanEvent<<3 | byte(wire.Bytes)
		kind   = 6<<3 | byte(wire.Varint)
		flags  = 16<<3&0x7f | byte(wire.Fixed32) | 0x80
		flags2 = 16 >> 4
	)
	r.eventsSeen = 0
	i := 0
	for i+1 < len(b) {
		switch tag := b[i]; {
		case tag == start || tag == end:
			if len(b)-i < 9 {
				return false
			}
			v := binary.LittleEndian.Uint64(b[i+1:])
			if tag == start {
				s.start = v
				r.starts = append(r.starts, base+i+1)
			} else {
				s.end = v
				r.ends = append(r.ends, base+i+1)
			}
			i += 9
		case tag&0x87 == byte(wire.Bytes) && tag > 7:
			n, from := int(b[i+1]), i+2
			if n >= 0x80 {
				if from >= len(b) || b[from] >= 0x80 {
					return false
				}
				n, from = n&0x7f|int(b[from])<<7, from+1
			}
			if n > len(b)-from {
				return false
			}
			switch {
			case tag <= spanParent<<3|byte(wire.Bytes):
				r.ids.set(int32(tag>>3), b[from:from+n])
			case tag == event:
				r.eventsSeen++
				if !r.usualEvent(b[from:from+n], base+from) {
					return false
				}
			}
			i = from + n
		case tag == kind && b[i+1] < 0x80:
			i += 2
		case tag == flags && b[i+1] == flags2 && len(b)-i >= 6:
			i += 6
		default:
			return false
		}
	}
	return i == len(b)
}

// usualEvent does what event does for one with its time in front and fields shorter than 128 bytes behind.
func (r *protoRewriter) usualEvent(b []byte, base int) bool {
	const time = eventTime<<3 | byte(wire.Fixed64)
	if len(b) < 9 || b[0] != time {
		return r.event(b, base) == nil
	}
	i := 9
	for i+1 < len(b) && b[i]&0x87 == byte(wire.Bytes) && b[i] > 7 && b[i+1] < 0x80 {
		i += 2 + int(b[i+1])
	}
	if i != len(b) {
		return r.event(b, base) == nil
	}
	r.events = append(r.events, protoTime{base + 1, binary.LittleEndian.Uint64(b[1:])})
	return true
}

// event collects the time of an event.
func (r *protoRewriter) event(b []byte, base int) error {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num == eventTime && f.Type == wire.Fixed64 {
			r.events = append(r.events, protoTime{base + f.Start, f.Value})
		}
	}
	return damage(&w, base)
}

// spanTimes are the times of a span and what it moves by.
type spanTimes struct {
	start, end uint64
	shift      int64
}

// errOrder says that a file does not hold the spans that the plan was made of.
var errOrder = errors.New("the spans are not those that were read before: the file has changed")

// spanShift finds the shift of a span. ok is false for a span whose times stay.
func (r *rewriter) spanShift(t *target, s *spanTimes, ordinal int) (ok bool, err error) {
	anchor := s.start
	if anchor == 0 {
		anchor = s.end
	}
	if anchor == 0 {
		return false, nil
	}
	if t.block && len(r.blocks) > 0 {
		for len(r.blocks) > 0 && r.blocks[0].ordinal < ordinal {
			r.blocks = r.blocks[1:]
		}
		if len(r.blocks) > 0 && r.blocks[0].ordinal == ordinal {
			if r.blocks[0].start != s.start {
				return false, errOrder
			}
			s.shift = r.blocks[0].shift
			ok = true
		}
	}
	if !ok {
		if s.shift, ok = r.shiftOf(t, anchor); !ok {
			return false, nil
		}
		if r.order != nil && s.start != 0 {
			r.order.add(&r.ids, t.number, int64(s.start)-s.shift)
		}
	}
	if s.start != 0 && !movable(s.start, s.shift) || s.end != 0 && !movable(s.end, s.shift) {
		r.receipt.TimesLeft++
		return false, nil
	}
	if s.start > s.end && s.end != 0 {
		r.receipt.NegativeSpans++
	}
	return true, nil
}

// eventShift finds the shift of an event of a span: that of its own reading, but for SDKs that count on from the reading of
// the span or of its local root, whose shift is then the event's too.
func (r *rewriter) eventShift(t *target, s *spanTimes, value uint64) (shift int64, ok bool) {
	if t.block || t.events && s.start != 0 {
		if !movable(value, s.shift) {
			r.receipt.TimesLeft++
			return 0, false
		}
		return s.shift, true
	}
	if shift, ok = r.shiftOf(t, value); !ok {
		return 0, false
	}
	if s.start != 0 && s.end >= s.start {
		moved := value - uint64(shift)
		before := value < s.start || value > s.end
		after := moved < s.start-uint64(s.shift) || moved > s.end-uint64(s.shift)
		switch {
		case before:
			r.receipt.EventsOutsideBefore++
		case after:
			r.receipt.EventsOutside++
		}
	}
	return shift, true
}

// logRecord moves the two times of a log record, each by its own reading.
func (r *protoRewriter) logRecord(t *target, b []byte, base int) error {
	r.receipt.LogRecords++
	return r.times(t, b, base, logTime, logObserved)
}

// times moves the fixed64 fields of these numbers, each by its own reading.
func (r *protoRewriter) times(t *target, b []byte, base int, nums ...int32) error {
	if t.clock == nil {
		return nil
	}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Type != wire.Fixed64 {
			continue
		}
		for _, n := range nums {
			if f.Num == n {
				r.reading(t, base+f.Start, f.Value)
			}
		}
	}
	return damage(&w, base)
}

// pointKinds relates the kinds of metrics, by their number in Metric, to the number of exemplars in their data
// points: gauge, sum, histogram, exponential histogram, summary (which has none).
var pointKinds = map[int32]int32{5: 5, 7: 5, 9: 8, 10: 11, 11: -1}

// metric moves the times of a metric's data points and of their exemplars, each by its own reading: an exemplar must
// stay inside the interval of its point. The same recorded start gives the same start in every point, so that a series
// stays one.
func (r *protoRewriter) metric(t *target, b []byte, base int) error {
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		exemplar, ok := pointKinds[f.Num]
		if !ok || f.Type != wire.Bytes {
			continue
		}
		data := wire.Walk(f.Bytes)
		var p wire.Field
		for data.Next(&p) {
			if p.Num != 1 || p.Type != wire.Bytes {
				continue
			}
			if err := r.point(t, p.Bytes, base+f.Start+p.Start, exemplar); err != nil {
				return err
			}
		}
		if err := damage(&data, base+f.Start); err != nil {
			return err
		}
	}
	return damage(&w, base)
}

func (r *protoRewriter) point(t *target, b []byte, base int, exemplar int32) error {
	r.receipt.DataPoints++
	if err := r.times(t, b, base, pointStart, pointTime); err != nil {
		return err
	}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num != exemplar || f.Type != wire.Bytes {
			continue
		}
		r.receipt.Exemplars++
		if err := r.times(t, f.Bytes, base+f.Start, exemplarTime); err != nil {
			return err
		}
	}
	return damage(&w, base)
}

// Attributes of spans that KeepOriginals adds.
const (
	attrOriginal   = "witnessmark.original.start_time_unix_nano"
	attrCorrection = attrPrefix + "correction_ns"
	attrLower      = attrPrefix + "lower_ns"
	attrUpper      = attrPrefix + "upper_ns"
)

// intAttr is one integer attribute of a span.
type intAttr struct {
	key   string
	value int64
}

// originalAttrs returns the attributes that let a reader take back what was done to a span. A bound that is open has none.
func originalAttrs(t *target, s *spanTimes) []intAttr {
	b := t.clock.bounds(int64(s.start))
	list := []intAttr{{attrOriginal, int64(s.start)}, {attrCorrection, s.shift}}
	if b.Low != math.MinInt64 {
		list = append(list, intAttr{attrLower, b.Low})
	}
	if b.High != math.MaxInt64 {
		list = append(list, intAttr{attrUpper, b.High})
	}
	return list
}

// originals encodes them as fields of a Span.
func (r *protoRewriter) originals(t *target, s *spanTimes) []byte {
	out := r.editor.bytes(256)
	for _, a := range originalAttrs(t, s) {
		value := binary.AppendUvarint([]byte{3 << 3}, uint64(a.value)) // AnyValue.int_value
		out = appendKeyValue(out, spanAttribute, a.key, value)
	}
	return out
}
