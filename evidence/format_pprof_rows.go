package evidence

import (
	"iter"

	"github.com/witnessmark/witnessmark/internal/wire"
)

// pprofRows is what iterations over the samples need after reading; it is read-only, so that they may
// run in parallel, and does not keep the input's window alive.
type pprofRows struct {
	artifact  uint32
	segments  []pprofSegment
	strings   pprofStrings
	locations pprofIDs
	lines     []int32 // number of lines by location
	// numericZero says that a label with neither string nor number is the number 0: true for heap and
	// allocs, whose one label is "bytes" (runtime/pprof/protomem.go, writeHeapProto, since go1.9).
	// Elsewhere it is the empty string: runtime/pprof leaves out a string index of 0
	// (proto.go, profileBuilder.pbLabel).
	numericZero bool
}

// all yields every sample with ids and indexes not resolved, and its bytes' place. The yielded sample is
// reused.
func (s *pprofSamples) all() iter.Seq2[*pprofSample, Ref] {
	return func(yield func(*pprofSample, Ref) bool) {
		var d pprofSample
		for _, seg := range s.segments {
			w := wire.Walk(seg.data)
			var f wire.Field
			for w.Next(&f) {
				if f.Num != profSample || f.Type != wire.Bytes {
					continue
				}
				d.decode(f.Bytes)
				if !yield(&d, Ref{Off: seg.off + int64(f.Off), Len: int64(f.End - f.Off)}) {
					return
				}
			}
		}
	}
}

// iterate is Profile.Samples. A label whose strings the profile does not hold keeps its place in Labels
// with the unknown part "": Profile.NamesLost or a Loss tells that "" does not mean empty.
func (t *pprofRows) iterate(yield func(*Sample) bool) {
	var out Sample
	samples := pprofSamples{segments: t.segments}
	for d, at := range samples.all() {
		out.Ref = Ref{Artifact: t.artifact, Off: at.Off, Len: at.Len}
		out.Locations, out.Depth = out.Locations[:0], 0
		dense := t.locations.dense
		for _, id := range d.locations {
			row := int32(-1)
			if id < uint64(len(dense)) {
				row = dense[id]
			}
			if row < 0 && t.locations.sparse != nil {
				row = t.locations.row(id)
			}
			if row >= 0 {
				out.Depth += int(t.lines[row])
			}
			out.Locations = append(out.Locations, row)
		}
		out.Values = out.Values[:0]
		for _, v := range d.values {
			out.Values = append(out.Values, int64(v))
		}
		out.Labels, out.NumLabels = out.Labels[:0], out.NumLabels[:0]
		for i := range d.labels {
			l := &d.labels[i]
			key, _ := t.strings.at(l.key)
			if l.str == 0 && (l.num != 0 || l.unit != 0 || t.numericZero) {
				unit, _ := t.strings.at(l.unit)
				out.NumLabels = append(out.NumLabels, NumLabel{Key: key, Unit: unit, Value: int64(l.num)})
				continue
			}
			value, _ := t.strings.at(l.str)
			out.Labels = append(out.Labels, Label{Key: key, Value: value})
		}
		if !yield(&out) {
			return
		}
	}
}
