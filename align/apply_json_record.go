package align

import (
	"encoding/hex"
	"strconv"
)

// span rewrites a span; see protoRewriter.span for the rules.
func (r *jsonRewriter) span(t *target) error {
	r.receipt.Spans++
	ordinal := r.ordinal
	r.ordinal++
	c := &r.c
	open := c.i
	if t.clock == nil {
		c.skip()
		return nil
	}
	var s spanTimes
	r.events, r.spanned, r.ids = r.events[:0], r.spanned[:0], spanIDs{}
	attributes := -1
	seen := [2]bool{}
	for more := c.open('{', '}'); more; more = c.more('}') {
		var err error
		switch string(c.key()) {
		case "startTimeUnixNano", "start_time_unix_nano":
			err = r.spanTime(&s.start, &seen[0])
		case "endTimeUnixNano", "end_time_unix_nano":
			err = r.spanTime(&s.end, &seen[1])
		case "events":
			err = r.list(r.event)
		case "traceId", "trace_id":
			r.hexID(spanTrace)
		case "spanId", "span_id":
			r.hexID(spanID)
		case "parentSpanId", "parent_span_id":
			r.hexID(spanParent)
		case "attributes":
			attributes, _ = c.value()
		default:
			c.skip()
		}
		if err != nil {
			return err
		}
	}
	if !c.ok() {
		return nil
	}
	end := c.i
	ok, err := r.spanShift(t, &s, ordinal)
	if err != nil || !ok {
		return err
	}
	for _, at := range r.spanned {
		r.move(t, at, s.shift)
	}
	for _, e := range r.events {
		if shift, ok := r.eventShift(t, &s, e.value); ok {
			r.move(t, e, shift)
		}
	}
	if r.plan.o.KeepOriginals && s.start != 0 {
		r.originals(t, &s, open, end, attributes)
	}
	return nil
}

// hexID collects one of a span's ids, where somebody asks for them.
func (r *jsonRewriter) hexID(num int32) {
	if r.order == nil || r.c.peek() != '"' {
		r.c.skip()
		return
	}
	text := r.c.text()
	if n, err := hex.Decode(r.hex[:], text[:min(len(text), 2*len(r.hex))]); err == nil && 2*n == len(text) {
		r.ids.set(num, r.hex[:n])
	} else {
		r.ids.odd = true
	}
}

// spanTime collects one of a span's times.
func (r *jsonRewriter) spanTime(value *uint64, seen *bool) error {
	from := r.c.i
	at, ok, err := r.time()
	if err != nil || !r.c.ok() {
		return err
	}
	if *seen {
		return &damageError{r.base + from, "a span holds one of its times twice"}
	}
	*seen = true
	if *value = at.value; ok {
		r.spanned = append(r.spanned, at)
	}
	return nil
}

// event collects the time of an event.
func (r *jsonRewriter) event() error {
	r.receipt.Events++
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "timeUnixNano", "time_unix_nano":
			at, ok, err := r.time()
			if err != nil {
				return err
			}
			if ok {
				r.events = append(r.events, at)
			}
		default:
			c.skip()
		}
	}
	return nil
}

// logRecord moves the two times of a log record.
func (r *jsonRewriter) logRecord(t *target) error {
	r.receipt.LogRecords++
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		var err error
		switch string(c.key()) {
		case "timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano":
			err = r.reading(t)
		default:
			c.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// metric moves the times of a metric's data points; see protoRewriter.metric.
func (r *jsonRewriter) metric(t *target) error {
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "gauge", "sum", "histogram", "exponentialHistogram", "exponential_histogram", "summary":
			if c.peek() != '{' {
				c.skip()
				continue
			}
			for more := c.open('{', '}'); more; more = c.more('}') {
				switch string(c.key()) {
				case "dataPoints", "data_points":
					if err := r.list(func() error { return r.point(t) }); err != nil {
						return err
					}
				default:
					c.skip()
				}
			}
		default:
			c.skip()
		}
	}
	return nil
}

func (r *jsonRewriter) point(t *target) error {
	r.receipt.DataPoints++
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		var err error
		switch string(c.key()) {
		case "startTimeUnixNano", "start_time_unix_nano", "timeUnixNano", "time_unix_nano":
			err = r.reading(t)
		case "exemplars":
			err = r.list(func() error { return r.exemplar(t) })
		default:
			c.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *jsonRewriter) exemplar(t *target) error {
	r.receipt.Exemplars++
	c := &r.c
	for more := c.open('{', '}'); more; more = c.more('}') {
		switch string(c.key()) {
		case "timeUnixNano", "time_unix_nano":
			if err := r.reading(t); err != nil {
				return err
			}
		default:
			c.skip()
		}
	}
	return nil
}

// originals adds the attributes of KeepOriginals to a span.
func (r *jsonRewriter) originals(t *target, s *spanTimes, open, end, attributes int) {
	var text []byte
	for i, a := range originalAttrs(t, s) {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"key":"`...)
		text = append(append(text, a.key...), `","value":{"intValue":"`...)
		text = append(strconv.AppendInt(text, a.value, 10), `"}}`...)
	}
	r.extend(open, end, attributes, text)
}
