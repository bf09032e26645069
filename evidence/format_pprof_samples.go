package evidence

import (
	"slices"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// pprofSamples keeps the samples as the bytes that hold them. A decoded sample takes five times as much,
// and the unique span ids of labelled profiles make most of them unique: decoding again is cheaper than
// keeping, in time too once memory is short.
type pprofSamples struct {
	segments []pprofSegment
	inWindow int // samples in the window that is being read
	scratch  pprofSample
	// Bounds over all samples, from which it follows whether any of them needs a second look.
	maxLocation          uint64
	noLocationID         bool // one refers to location 0
	minValues, maxValues int
}

// pprofSegment is a run of whole top-level fields with samples among them.
type pprofSegment struct {
	off  int64 // decoded offset of data[0]
	data []byte
}

// keep takes over the fields of one window, if there is a sample among them.
func (s *pprofSamples) keep(fields []byte, off int64) {
	if s.inWindow > 0 {
		s.segments = append(s.segments, pprofSegment{off, slices.Clip(slices.Clone(fields))})
		s.inWindow = 0
	}
}

// pprofSample is a sample with ids and indexes not resolved.
type pprofSample struct {
	locations, values []uint64
	labels            []pprofLabel
	damage            string // the first damage, "" if none
}

type pprofLabel struct{ key, str, num, unit uint64 }

// decode fills s from the payload of a sample field. It never fails: what cannot be decoded is named in
// s.damage, and the rest stands.
func (s *pprofSample) decode(b []byte) {
	s.locations, s.values, s.labels, s.damage = s.locations[:0], s.values[:0], s.labels[:0], ""
	for i := 0; i < len(b); {
		// The tags and the lengths of one or two bytes that encoders write; all else takes the general path.
		if i+2 < len(b) && b[i+1]&b[i+2] < 0x80 {
			v, from := int(b[i+1]), i+2
			if v >= 0x80 {
				v, from = v&0x7f|int(b[i+2])<<7, i+3
			}
			end := from + v
			switch tag := b[i]; {
			case tag == profTagVarintLocation:
				s.locations = append(s.locations, uint64(v))
				i = from
				continue
			case tag == profTagVarintValue:
				s.values = append(s.values, uint64(v))
				i = from
				continue
			case end > len(b):
			case tag == profTagLocations:
				s.locations = s.packed(s.locations, b[from:end])
				i = end
				continue
			case tag == profTagValues:
				s.values = s.packed(s.values, b[from:end])
				i = end
				continue
			case tag == profTagLabel:
				s.label(b[from:end])
				i = end
				continue
			}
		}
		w := wire.Walk(b[i:])
		var f wire.Field
		if !w.Next(&f) {
			s.damaged(w.Stop().String())
			return
		}
		s.field(&f)
		i += f.End
	}
}

// Tags of the fields of messages Sample and Label, field number and wire type.
const (
	profTagVarintLocation = 1<<3 | byte(wire.Varint)
	profTagLocations      = 1<<3 | byte(wire.Bytes)
	profTagVarintValue    = 2<<3 | byte(wire.Varint)
	profTagValues         = 2<<3 | byte(wire.Bytes)
	profTagLabel          = 3<<3 | byte(wire.Bytes)
	profTagKey            = 1<<3 | byte(wire.Varint)
	profTagStr            = 2<<3 | byte(wire.Varint)
)

// field takes one field of a sample in any legal form.
func (s *pprofSample) field(f *wire.Field) {
	switch {
	case f.Type == wire.Group:
		s.damaged("holds a group, which is not read")
	case f.Num > 3:
	case f.Num == 3 && f.Type == wire.Bytes:
		s.label(f.Bytes)
	case f.Num == 1 && f.Type == wire.Bytes:
		s.locations = s.packed(s.locations, f.Bytes)
	case f.Num == 1 && f.Type == wire.Varint:
		s.locations = append(s.locations, f.Value)
	case f.Num == 2 && f.Type == wire.Bytes:
		s.values = s.packed(s.values, f.Bytes)
	case f.Num == 2 && f.Type == wire.Varint:
		s.values = append(s.values, f.Value)
	default:
		s.damaged("has a field of the wrong wire type, which is not read")
	}
}

func (s *pprofSample) damaged(what string) {
	if s.damage == "" {
		s.damage = what
	}
}

// packed appends the varints of b to dst.
func (s *pprofSample) packed(dst []uint64, b []byte) []uint64 {
	n := len(dst)
	dst = slices.Grow(dst, len(b))[:n+len(b)] // at most one varint a byte
	for i := 0; i < len(b); {
		v := uint64(b[i])
		switch {
		case v < 0x80:
			i++
		case i+1 < len(b) && b[i+1] < 0x80:
			v = v&0x7f | uint64(b[i+1])<<7
			i += 2
		default:
			var next int
			if v, next = wire.Uvarint(b, i); next < 0 {
				s.damaged("a packed varint is damaged")
				return dst[:n]
			}
			i = next
		}
		dst[n] = v
		n++
	}
	return dst[:n]
}

// label decodes message Label, whose known fields are varints.
func (s *pprofSample) label(b []byte) {
	if len(b) > 3 && b[0] == profTagKey && b[1] < 0x80 && b[2] == profTagStr {
		// The form of nearly all labels: a key among the first 128 strings, and a string.
		if str, next := wire.Uvarint(b, 3); next == len(b) {
			s.labels = append(s.labels, pprofLabel{key: uint64(b[1]), str: str})
			return
		}
	}
	var v [5]uint64
	for i := 0; i < len(b); {
		tag := b[i]
		if num := tag >> 3; tag&7 != byte(wire.Varint) || num == 0 || num > 4 {
			w := wire.Walk(b[i:])
			var f wire.Field
			switch {
			case !w.Next(&f):
				s.damaged("a label: " + w.Stop().String())
				i = len(b)
			case f.Type == wire.Varint && f.Num <= 4:
				v[f.Num] = f.Value // a tag padded to two bytes
			case f.Num <= 4 || f.Type == wire.Group:
				s.damaged("a label has a field of the wrong wire type, which is not read")
			}
			i += f.End
			continue
		}
		value, next := wire.Uvarint(b, i+1)
		if next < 0 {
			s.damaged("a label ends inside a varint or holds a damaged one")
			break
		}
		v[tag>>3] = value
		i = next
	}
	s.labels = append(s.labels, pprofLabel{key: v[1], str: v[2], num: v[3], unit: v[4]})
}

// scanSample looks at a sample once while it is read: it counts it and records damage.
func (r *pprofReader) scanSample(b []byte, off, length int64) {
	s := &r.samples
	d := &s.scratch
	d.decode(b)
	if d.damage != "" {
		r.in.lose(off, length, InReading, "damage in a sample: %s; the row holds what could be decoded", d.damage)
	}
	maxLocation := s.maxLocation
	for _, id := range d.locations {
		maxLocation = max(maxLocation, id)
		if id == 0 {
			s.noLocationID = true
		}
	}
	s.maxLocation = maxLocation
	for i := range d.labels {
		l := &d.labels[i]
		r.strings.refer(max(l.key, l.str, l.unit))
		if l.str != 0 && (l.num != 0 || l.unit != 0) {
			r.in.lose(off, length, InReading, "a label has a string and a number; the number is not read")
		}
	}
	if r.p.samples == 0 {
		s.minValues = len(d.values)
	}
	s.minValues = min(s.minValues, len(d.values))
	s.maxValues = max(s.maxValues, len(d.values))
	s.inWindow++
	r.p.samples++
}

// checkSamples looks at every sample again, if the bounds of the first look leave a reason to. Where
// reading ended early, only what that does not explain is a reason.
func (r *pprofReader) checkSamples() {
	s, p := &r.samples, r.p
	locations := &r.tables.locations
	types := len(p.SampleTypes)
	wrongValues := p.samples > 0 && (s.minValues != types || s.maxValues != types) && !(r.ended && types == 0)
	complete := s.maxLocation == 0 || s.maxLocation < uint64(len(locations.dense)) && locations.whole()
	dangles := !r.ended && (!complete || s.noLocationID || r.strings.missing())
	if !wrongValues && !dangles {
		return
	}
	for d, at := range s.all() {
		if dangles {
			r.checkReferences(d, at)
		}
		if wrongValues && len(d.values) != types {
			r.in.lose(at.Off, at.Len, InReading, "a sample has %d values for %d sample types", len(d.values), types)
		}
	}
}

// checkReferences records what a sample refers to and the profile does not hold.
func (r *pprofReader) checkReferences(d *pprofSample, at Ref) {
	for _, id := range d.locations {
		if r.tables.locations.row(id) < 0 {
			r.dangle(profLocation, at.Off, at.Len, "a sample refers to location %d, which the profile does not hold", id)
			break
		}
	}
	for _, l := range d.labels {
		for _, index := range [...]uint64{l.key, l.str, l.unit} {
			if _, ok := r.strings.at(index); !ok {
				r.dangle(profString, at.Off, at.Len, "a label refers to string %d, which the profile does not hold", int64(index))
			}
		}
	}
}
