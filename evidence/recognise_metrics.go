package evidence

import (
	"bytes"
	"strconv"
)

// formatMetrics is a page of metrics. Whether it is OpenMetrics is told by its last line, "# EOF", which
// OpenMetrics demands and the Prometheus text format does not know. Of its samples only those about the
// clock are read: a page without them is listed and not examined.
var formatMetrics = format{sniff: sniffMetrics, listed: true, read: readMetrics}

func readMetrics(in *input) bool {
	in.art.Format = "prometheus/text"
	t := timexReader{in: in, by: map[string]*timexPage{}}
	const mark = "# EOF"
	var last string // "# EOF" if the last line with text is that
	for {
		line, off, next, ok := nextLine(in)
		if !ok {
			break
		}
		if len(line) > 0 {
			last = ""
			if string(line) == mark {
				last = mark
			}
			t.line(line, in.ref(off, next-off))
		}
	}
	if rest := bytes.TrimRight(in.data(), "\n"); len(rest) > 0 {
		last = string(rest[:min(len(rest), len(mark)+1)])
	}
	if last == mark {
		in.art.Format = "openmetrics/text"
	}
	t.finish(last == mark)
	return true
}

// sniffMetrics wants a page of comments and samples only, with at least one line "# TYPE" or three
// samples.
func sniffMetrics(head []byte, whole bool) bool {
	if !isTextual(head) {
		return false
	}
	var types, samples int
	all := true
	headLines(head, whole, func(line []byte, cut bool) bool {
		switch {
		case len(line) == 0 || cut:
		case line[0] == '#':
			if bytes.HasPrefix(line, []byte("# TYPE ")) {
				types++
			}
		case isMetricSample(line):
			samples++
		default:
			all = false
		}
		return all
	})
	return all && (types > 0 || samples >= 3)
}

// isMetricSample recognises "name{label="value"} 1.5", with or without labels, time and exemplar.
func isMetricSample(line []byte) bool {
	n := 0
	for n < len(line) && (isDigit(line[n]) && n > 0 || line[n] >= 'a' && line[n] <= 'z' ||
		line[n] >= 'A' && line[n] <= 'Z' || line[n] == '_' || line[n] == ':') {
		n++
	}
	if n == 0 || n == len(line) {
		return false
	}
	rest := line[n:]
	if rest[0] == '{' {
		quoted := false
		end := -1
		for i := 1; i < len(rest) && end < 0; i++ {
			switch c := rest[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case c == '}' && !quoted:
				end = i
			}
		}
		if end < 0 {
			return false
		}
		rest = rest[end+1:]
	}
	fields := bytes.Fields(rest)
	return len(fields) > 0 && rest[0] == ' ' && isMetricValue(fields[0])
}

func isMetricValue(b []byte) bool {
	_, err := strconv.ParseFloat(string(b), 64)
	return err == nil
}
