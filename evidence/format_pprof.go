package evidence

import (
	"cmp"
	"slices"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// The reader of profile.proto. Rules of its own:
//   - It streams: tables (strings, functions, locations, mappings) are decoded once, samples stay as the
//     bytes they came in and are decoded again by every iteration. See format_pprof_samples.go.
//   - Nothing is resolved before the end, because fields come in any order and runtime/pprof writes the
//     string table last (runtime/pprof/proto.go, profileBuilder.build, go1.9 to go1.27).
//   - What damage can be told apart from a cut is a Loss with the place of the damaged field. References
//     that dangle because the file ends early are part of the one Loss that names the cut.

// formatPprof reads profiles in the protobuf form, google/pprof's proto/profile.proto, with its gzip
// already peeled.
var formatPprof = format{sniff: sniffPprof, read: readPprof}

// Field numbers of message Profile in profile.proto.
const (
	profSampleType    = 1
	profSample        = 2
	profMapping       = 3
	profLocation      = 4
	profFunction      = 5
	profString        = 6
	profDropFrames    = 7
	profKeepFrames    = 8
	profTimeNanos     = 9
	profDurationNanos = 10
	profPeriodType    = 11
	profPeriod        = 12
	profComment       = 13
	profDefaultType   = 14
	profDocURL        = 15
)

// profTypes holds the wire type of each field of message Profile. A comment may also be packed.
var profTypes = [...]wire.Type{
	profSampleType: wire.Bytes, profSample: wire.Bytes, profMapping: wire.Bytes, profLocation: wire.Bytes,
	profFunction: wire.Bytes, profString: wire.Bytes, profPeriodType: wire.Bytes,
	profDropFrames: wire.Varint, profKeepFrames: wire.Varint, profTimeNanos: wire.Varint,
	profDurationNanos: wire.Varint, profPeriod: wire.Varint, profComment: wire.Varint,
	profDefaultType: wire.Varint, profDocURL: wire.Varint,
}

var profNames = [...]string{
	profSampleType: "a sample type", profSample: "a sample", profMapping: "a mapping",
	profLocation: "a location", profFunction: "a function", profString: "the string table",
	profDropFrames: "drop_frames", profKeepFrames: "keep_frames", profTimeNanos: "time_nanos",
	profDurationNanos: "duration_nanos", profPeriodType: "the period type", profPeriod: "the period",
	profComment: "a comment", profDefaultType: "default_sample_type", profDocURL: "doc_url",
}

func profName(num int32) string {
	if num > 0 && int(num) < len(profNames) {
		return profNames[num]
	}
	return "an unknown field"
}

// pprofReader reads one profile. Offsets (off) are decoded offsets.
type pprofReader struct {
	in      *input
	p       *Profile
	order   pprofOrder
	strings pprofStrings
	tables  pprofTables
	samples pprofSamples
	header  pprofHeader
	// ended says why the walk ended before the end of the stream, or that the stream is cut: what
	// dangles then is explained by a Loss that is already recorded.
	ended bool
	// dangling references, until it is known whether a cut explains them, and the tables they miss.
	dangling     []Loss
	missing      [profString + 1]bool
	moreDangling int
}

// pprofHeader holds the fields of Profile that refer to the string table.
type pprofHeader struct {
	sampleTypes []pprofValueType
	periodType  pprofValueType
	strings     []pprofString        // comments, default_sample_type and the like
	seen        [profDocURL + 1]bool // singular fields that were recorded
}

// pprofString is a header field that holds an index into the string table.
type pprofString struct {
	num         int32
	index       uint64
	off, length int64
}

// pprofValueType is a ValueType whose strings are not resolved yet.
type pprofValueType struct {
	off, length int64
	typ, unit   uint64
}

func readPprof(in *input) bool {
	r := &pprofReader{in: in, p: &Profile{Total: -1}}
	r.readFields()
	r.finish()
	in.art.Profile = r.p
	in.art.Format = Format("pprof/" + string(r.p.Kind))
	slices.SortStableFunc(in.art.Losses, func(a, b Loss) int { return cmp.Compare(a.Ref.Off, b.Ref.Off) })
	return true
}

// readFields walks the top-level fields until the stream or its sense ends.
func (r *pprofReader) readFields() {
	in := r.in
	for {
		data := in.data()
		w := wire.Walk(data)
		var f wire.Field
		second := false
		for !second && w.Next(&f) {
			if second = r.order.startsSecond(f.Num); !second {
				r.field(&f, data)
			}
		}
		end := w.Pos()
		if second {
			end = f.Off
		}
		r.strings.flush(data)
		r.samples.keep(data[:end], in.off())
		in.advance(end)
		switch {
		case second:
			r.lost("a second profile begins here: concatenated profiles are read up to the first one's end")
			return
		case w.Stop() != wire.End && w.Stop() != wire.Cut:
			r.lost("the file cannot be read further: " + w.Stop().String())
			return
		case in.more():
		case !in.eof:
			r.lost("one field is larger than any reader takes")
			return
		default:
			r.endOfStream(&w, &f)
			return
		}
	}
}

// endOfStream records a cut, if the stream ends in one. Without an error of the stream, an end between two
// fields is no cut that could be seen here: see danglesAtEnd.
func (r *pprofReader) endOfStream(w *wire.Walker, f *wire.Field) {
	in := r.in
	end := in.base + int64(in.end)
	switch {
	case w.Stop() == wire.End && in.err == nil:
		return
	case w.Stop() == wire.End:
		in.cut(end, end, "between two fields of the profile%s", r.lostNames())
	case f.Num == 0:
		in.cut(in.off(), end, "the profile ends inside the tag of a field%s", r.lostNames())
	default:
		in.cut(in.off(), end, "the profile ends inside %s%s", profName(f.Num), r.lostNames())
	}
	r.ended = true
}

// lost records that nothing from here to the end of the stream is read.
func (r *pprofReader) lost(what string) {
	r.ended = true
	off := r.in.off()
	r.in.drain()
	r.in.lose(off, r.in.base+int64(r.in.end)-off, InReading, "%s", what)
}

// field takes one whole top-level field; data is the window that f's offsets count in.
func (r *pprofReader) field(f *wire.Field, data []byte) {
	off := r.in.off() + int64(f.Off)
	length := int64(f.End - f.Off)
	r.order.see(f.Num)
	if f.Num != profString {
		r.strings.flush(data)
	}
	if f.Type == wire.Group {
		r.in.lose(off, length, InReading, "a group (a deprecated wire type that no profile has), not read")
		return
	}
	if f.Num > profDocURL {
		return // a later version's field
	}
	if f.Type != profTypes[f.Num] && !(f.Num == profComment && f.Type == wire.Bytes) {
		r.in.lose(off, length, InReading, "%s has wire type %d, want %d; not read", profName(f.Num), f.Type, profTypes[f.Num])
		return
	}
	switch f.Num {
	case profSample:
		r.scanSample(f.Bytes, off, length)
	case profString:
		r.string(f, off, length)
	case profLocation:
		r.location(f.Bytes, off, length)
	case profFunction:
		r.function(f.Bytes, off, length)
	case profMapping:
		r.mapping(f.Bytes, off, length)
	case profSampleType:
		r.header.sampleTypes = append(r.header.sampleTypes, r.valueType(f.Bytes, off, length))
	case profComment:
		r.comment(f, off, length)
	default:
		r.singular(f, off, length)
	}
}

// singular takes a field that a profile has once. In a repetition the last one counts, as everywhere in
// protobuf; that the first one is lost is recorded.
func (r *pprofReader) singular(f *wire.Field, off, length int64) {
	if r.header.seen[f.Num] {
		r.in.lose(off, length, InReading, "%s is recorded twice; the last one counts", profName(f.Num))
	}
	r.header.seen[f.Num] = true
	switch f.Num {
	case profTimeNanos:
		r.p.TimeNanos = int64(f.Value)
	case profDurationNanos:
		r.p.DurationNanos = int64(f.Value)
	case profPeriod:
		r.p.Period = int64(f.Value)
	case profPeriodType:
		r.header.periodType = r.valueType(f.Bytes, off, length)
	default:
		r.headerString(f.Num, f.Value, off, length)
	}
}

func (r *pprofReader) headerString(num int32, index uint64, off, length int64) {
	r.strings.refer(index)
	r.header.strings = append(r.header.strings, pprofString{num, index, off, length})
}

// comment takes one comment, or several in packed form.
func (r *pprofReader) comment(f *wire.Field, off, length int64) {
	if f.Type == wire.Varint {
		r.headerString(profComment, f.Value, off, length)
		return
	}
	for i := 0; i < len(f.Bytes); {
		v, next := wire.Uvarint(f.Bytes, i)
		if next < 0 {
			r.in.lose(off, length, InReading, "packed comments: a varint is damaged")
			return
		}
		r.headerString(profComment, v, off, length)
		i = next
	}
}

// scalars decodes the varint fields 1 to len(into)-1 of a message into into; field number nested, a
// message, goes to take. Damage is one Loss that names the message; what was decoded before it stands.
func (r *pprofReader) scalars(num int32, b []byte, off, length int64, into []uint64, nested int32, take func([]byte)) {
	w := wire.Walk(b)
	var f wire.Field
	damage := ""
	for w.Next(&f) {
		switch {
		case f.Type == wire.Group:
			damage = "holds a group, which is not read"
		case int(f.Num) >= len(into):
		case f.Num == nested && f.Type == wire.Bytes:
			take(f.Bytes)
		case f.Num == nested || f.Type != wire.Varint:
			damage = "has a field of the wrong wire type, which is not read"
		default:
			into[f.Num] = f.Value
		}
	}
	if w.Stop() != wire.End {
		damage = w.Stop().String()
	}
	if damage != "" {
		r.in.lose(off, length, InReading, "damage in %s: %s", profName(num), damage)
	}
}

// finish resolves all references and interprets the header.
func (r *pprofReader) finish() {
	r.resolveTables()
	r.resolveHeader()
	r.checkSamples()
	r.danglesAtEnd()
	p := r.p
	p.NamesLost = r.strings.missing() && (r.ended || r.in.art.Cut() != nil)
	p.Provenance = r.order.provenance(p)
	rows := &pprofRows{artifact: r.in.index, segments: r.samples.segments, strings: r.strings, locations: r.tables.locations}
	rows.lines = make([]int32, len(p.Locations))
	for i := range p.Locations {
		rows.lines[i] = int32(len(p.Locations[i].Lines))
	}
	p.iterate = rows.iterate
	p.Kind = r.kind()
	rows.numericZero = p.Kind == KindHeap || p.Kind == KindAllocs
	p.Primary = primaryValue(p)
	p.Delta = p.DurationNanos > 0 && endsAtTime(p)
	r.in.art.Window = profileWindow(p)
	r.in.art.Go = profileGoVersion(p)
}

// resolveHeader turns the header's indexes into strings.
func (r *pprofReader) resolveHeader() {
	h, p := &r.header, r.p
	name := func(v pprofValueType, num int32) ValueType {
		return ValueType{r.text(v.typ, v.off, v.length, num), r.text(v.unit, v.off, v.length, num)}
	}
	for _, v := range h.sampleTypes {
		p.SampleTypes = append(p.SampleTypes, name(v, profSampleType))
	}
	p.PeriodType = name(h.periodType, profPeriodType)
	for _, s := range h.strings {
		text := r.text(s.index, s.off, s.length, s.num)
		switch s.num {
		case profComment:
			p.Comments = append(p.Comments, text)
		case profDefaultType:
			p.DefaultSampleType = text
		}
	}
}

func (r *pprofReader) valueType(b []byte, off, length int64) pprofValueType {
	var v [3]uint64
	r.scalars(profSampleType, b, off, length, v[:], 0, nil)
	r.strings.refer(v[1])
	r.strings.refer(v[2])
	return pprofValueType{off: off, length: length, typ: v[1], unit: v[2]}
}
