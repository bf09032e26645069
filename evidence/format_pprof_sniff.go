package evidence

import (
	"unicode/utf8"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// sniffFields bounds the fields that sniffPprof looks at.
const sniffFields = 64

// sniffPprof reports whether head begins a profile.proto message. There is no magic number, and field 1
// of an OTLP export is a length-delimited message too, so it takes evidence: a message of the profile's
// schema that is filled as encoders fill it. Their tags are control characters, which keeps text out;
// fields of OTLP's first levels are messages and strings where a profile's are varints, which keeps OTLP
// out.
func sniffPprof(head []byte, whole bool) bool {
	w := wire.Walk(head)
	var f wire.Field
	evidence, strings := 0, 0
	for n := 0; n < sniffFields && w.Next(&f); n++ {
		if f.Num > profDocURL {
			break
		}
		if f.Type != profTypes[f.Num] && !(f.Num == profComment && f.Type == wire.Bytes) {
			return evidence >= 3
		}
		if f.Num == profString {
			// A string table holds one empty string, the first, and its strings are text.
			if empty := len(f.Bytes) == 0; empty != (strings == 0) || !utf8.Valid(f.Bytes) {
				strings = -sniffFields
			}
			strings++
			continue
		}
		switch fits, filled := fitsPprof(f.Num, f.Bytes); {
		case !fits:
			return evidence >= 3
		case filled:
			evidence++
		}
	}
	if w.Stop() != wire.End && w.Stop() != wire.Cut {
		return evidence >= 3
	}
	return evidence > 0 || strings >= 3
}

// fitsPprof reports whether b fits the schema of the message field num, and whether it holds what makes
// such a message useful.
func fitsPprof(num int32, b []byte) (fits, filled bool) {
	known, required := int32(0), int32(1) // fields of the message; the one that must not be 0
	switch num {
	case profSampleType, profPeriodType:
		known = 2
	case profMapping:
		known = 10
	case profFunction, profLocation:
		known = 5
	case profSample:
		known, required = 3, 2
	default:
		return true, false // a varint
	}
	w := wire.Walk(b)
	var f wire.Field
	for w.Next(&f) {
		if f.Num > known {
			return false, false
		}
		message := num == profLocation && f.Num == 4 || num == profSample && f.Num == 3
		packable := num == profSample && f.Num < 3
		if f.Type != wire.Varint && !(f.Type == wire.Bytes && (message || packable)) || f.Type == wire.Varint && message {
			return false, false
		}
		if f.Num == required && (f.Value != 0 || f.Type == wire.Bytes) || num == profSample && f.Num == 2 {
			filled = true
		}
	}
	return w.Stop() == wire.End, filled
}
