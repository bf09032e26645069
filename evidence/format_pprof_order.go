package evidence

import (
	"fmt"
	"math"
	"strings"
)

// pprofOrder watches the order of the top-level fields. An order is a rank for each field number, 0 where
// the encoder never writes the field, and holds as long as ranks do not fall:
//   - runtime/pprof, CPU: time, types, duration, period; then each stack as location, functions, sample;
//     then mappings and strings (proto.go, profileBuilder.build, go1.9 to go1.27).
//   - runtime/pprof, other kinds: period, types and stacks are written before build, so that the time
//     comes after them (protomem.go, writeHeapProto; pprof.go, printCountProfile).
//   - google/pprof's encoder: field numbers ascend, and default_sample_type is written even where it is 0
//     (profile/encode.go, Profile.encode). That of net/http/pprof's deltas ascends too, up to the period
//     (internal/profile/encode.go, go1.15 to go1.27), and so do protobuf libraries in general.
type pprofOrder struct {
	first, last                 int32
	seen                        [profDocURL + 1]bool
	cpuRank, otherRank          uint8
	notCPU, notOther, notGoogle bool
}

var (
	rankCPU = [profDocURL + 1]uint8{
		profTimeNanos: 1, profSampleType: 2, profDurationNanos: 3, profPeriodType: 4, profPeriod: 5,
		profLocation: 6, profFunction: 6, profSample: 6, profMapping: 7, profString: 8,
	}
	rankOther = [profDocURL + 1]uint8{
		profPeriodType: 1, profPeriod: 2, profSampleType: 3, profDefaultType: 4,
		profLocation: 5, profFunction: 5, profSample: 5, profTimeNanos: 6, profMapping: 7, profString: 8,
	}
)

// see takes the next field's number.
func (o *pprofOrder) see(num int32) {
	if num == o.last {
		return
	}
	if o.first == 0 {
		o.first = num
		o.notCPU, o.notOther = num != profTimeNanos, num != profPeriodType
	}
	if num > profDocURL {
		o.notCPU, o.notOther, o.notGoogle, o.last = true, true, true, num
		return
	}
	cpu, other := rankCPU[num], rankOther[num]
	o.notCPU = o.notCPU || cpu < max(1, o.cpuRank)
	o.notOther = o.notOther || other < max(1, o.otherRank)
	o.notGoogle = o.notGoogle || num < o.last
	o.cpuRank, o.otherRank, o.last, o.seen[num] = cpu, other, num, true
}

// runtime reports whether only runtime/pprof writes the fields in this order. The first field alone does
// not show it: another encoder may write nothing else.
func (o *pprofOrder) runtime() bool {
	return !(o.notCPU && o.notOther) && o.seen[profSampleType]
}

// runtimeCPU reports that, and that the profile is a CPU profile: only those start with the time.
func (o *pprofOrder) runtimeCPU() bool { return !o.notCPU && o.seen[profSampleType] }

// google reports whether the order and the fields present are those of google/pprof's encoder.
func (o *pprofOrder) google() bool {
	return !o.notGoogle && o.seen[profDefaultType] && o.first < profDefaultType
}

// startsSecond reports whether the next field can only be the start of another profile, glued behind a
// whole one: a header field after the last field that the first one's encoder writes.
func (o *pprofOrder) startsSecond(num int32) bool {
	if num != profSampleType && num != profTimeNanos && num != profPeriodType || num == o.last {
		return false
	}
	ascended := !o.notGoogle && o.seen[profString] && o.seen[profTimeNanos] && num == profSampleType
	return o.runtime() && o.seen[profString] || o.google() || ascended
}

// explains reports whether a table that the profile refers to may have followed the last field: then a
// reference that dangles shows that the end of the file is missing.
func (o *pprofOrder) explains(table int32) bool {
	switch {
	case !o.notCPU || !o.notOther:
		// A location's new functions follow it.
		return table == profString || table == profMapping && o.last != profString ||
			table == profFunction && (o.last == profLocation || o.last == profFunction)
	case !o.notGoogle:
		return table >= o.last
	}
	return false
}

// provenance of the bytes, as Profile.Provenance documents it. Ascending order alone is how any protobuf
// library writes a profile that it made itself; but where functions are those of Go's runtime, it was
// runtime/pprof that made the profile, and something else that wrote it.
func (o *pprofOrder) provenance(p *Profile) string {
	switch {
	case o.runtime():
		return "runtime"
	case o.google():
		return "re-encoded"
	case o.notGoogle || o.first == 0:
		return ""
	}
	for _, f := range p.Functions {
		if strings.HasPrefix(f.Name, "runtime.") {
			return "re-encoded"
		}
	}
	return ""
}

// lostNames says in the Loss of a cut what the cut took from the string table.
func (r *pprofReader) lostNames() string {
	n := len(r.strings.list)
	switch {
	case n == 0:
		return ", before its string table: no name of a function, label or type is left"
	case r.strings.missing():
		return fmt.Sprintf(", in its string table: %d strings are left, at least %d are lost", n, r.strings.maxRef-uint64(n)+1)
	}
	return ""
}

// danglesAtEnd decides what the dangling references mean: they are part of a Loss that is already
// recorded; or they show a cut between two fields, which is then recorded; or each is a Loss.
func (r *pprofReader) danglesAtEnd() {
	explained := r.strings.maxRef <= math.MaxInt32 // beyond that an index is wrong, whatever is missing
	var what []string
	for _, table := range [...]int32{profMapping, profLocation, profFunction, profString} {
		if r.missing[table] {
			explained = explained && r.order.explains(table)
			what = append(what, profTables[table])
		}
	}
	switch {
	case r.ended || len(what) == 0:
	case explained:
		end := r.in.base + int64(r.in.end)
		r.in.cut(end, end, "the profile ends early, between two fields: it refers to %s that are not there and are written last%s",
			strings.Join(what, " and "), r.lostNames())
	default:
		for _, l := range r.dangling {
			r.in.art.lose(l)
		}
		r.in.art.MoreLosses += r.moreDangling
	}
}

var profTables = [...]string{
	profMapping: "mappings", profLocation: "locations", profFunction: "functions", profString: "strings",
}
