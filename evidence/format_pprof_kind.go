package evidence

import "strings"

// Kinds that a protobuf profile may have to be given because its bytes do not tell more.
const (
	// KindContention is a mutex or a block profile. Both are written by the same code with the same
	// types (runtime/pprof/pprof.go: writeMutex and writeBlock both call writeProfileInternal or its
	// predecessors with "contentions" and "delay", go1.18 to go1.27). The reader tells them apart by the
	// leaf functions of the samples; with no sample, no names, or leaves of both it cannot.
	KindContention Kind = "contention"
	// KindUnknown is a profile whose sample types have no names, because the string table is lost.
	KindUnknown Kind = "unknown"
)

// kind tells the kind of the profile from its types, and from its structure where their names are lost.
// An allocs profile holds what a heap profile holds; only default_sample_type marks it, which a delta does
// not keep (net/http/pprof) and a cut may take away. Without the mark it is a heap profile.
func (r *pprofReader) kind() Kind {
	p := r.p
	for _, t := range p.SampleTypes {
		if t.Type == "" && r.strings.missing() {
			return r.structuralKind()
		}
	}
	has := func(prefix string) bool {
		for _, t := range p.SampleTypes {
			if strings.HasPrefix(t.Type, prefix) {
				return true
			}
		}
		return false
	}
	switch {
	case p.PeriodType == ValueType{"cpu", "nanoseconds"} || has("cpu"):
		return KindCPU
	case p.PeriodType == ValueType{"space", "bytes"} || has("alloc_") || has("inuse_"):
		if strings.HasPrefix(p.DefaultSampleType, "alloc_") || !has("inuse_") && len(p.SampleTypes) > 0 {
			return KindAllocs
		}
		return KindHeap
	case has("contentions") && has("delay"):
		return contentionKind(p)
	case len(p.SampleTypes) != 1:
		return KindCustom
	}
	switch k := Kind(p.SampleTypes[0].Type); k {
	case KindGoroutine, KindGoroutineLeak, KindThreadCreate:
		return k
	}
	return KindCustom
}

// structuralKind tells the kind without names, from what only runtime/pprof's order shows: a CPU profile
// starts with the time, a heap profile has four types and allocs a default one too, contention has two.
func (r *pprofReader) structuralKind() Kind {
	switch {
	case r.order.runtimeCPU():
		return KindCPU
	case !r.order.runtime():
		return KindUnknown
	case len(r.p.SampleTypes) == 4 && r.order.seen[profDefaultType]:
		return KindAllocs
	case len(r.p.SampleTypes) == 4:
		return KindHeap
	case len(r.p.SampleTypes) == 2:
		return KindContention
	}
	return KindUnknown
}

// contentionSide says which of the two contention profiles has a function at its leaf: a mutex profile
// charges the goroutine that unlocks (runtime/sema.go, semrelease1; runtime/lock_spinbit.go and before
// it mprof.go, (*mLockProfile).store, "runtime.unlock"), a block profile the one that waits
// (runtime/chan.go, select.go and sema.go, all calls of blockevent), go1.18 to go1.27.
func contentionSide(function string) Kind {
	switch function {
	case "sync.(*Mutex).Unlock", "sync.(*RWMutex).Unlock", "sync.(*RWMutex).RUnlock", "internal/sync.(*Mutex).Unlock",
		"runtime.unlock", "runtime.unlock2", "runtime._LostContendedRuntimeLock",
		"internal/poll.(*fdMutex).rwunlock", "internal/poll.(*fdMutex).increfAndClose", "internal/poll.(*fdMutex).decref":
		return KindMutex
	case "runtime.chanrecv1", "runtime.chanrecv2", "runtime.chansend1", "runtime.selectgo", "runtime.block",
		"reflect.chanrecv", "reflect.chansend0", "reflect.chansend", "reflect.rselect",
		"sync.(*Mutex).Lock", "sync.(*RWMutex).Lock", "sync.(*RWMutex).RLock", "internal/sync.(*Mutex).Lock",
		"sync.(*WaitGroup).Wait", "sync.(*Cond).Wait", "internal/poll.(*fdMutex).rwlock":
		return KindBlock
	}
	return ""
}

// contentionLeaves is how many frames from the leaf are looked at: enough for the helpers that stand
// before the function itself where they are not inlined.
const contentionLeaves = 4

// contentionKind tells mutex from block by the leaves of all samples, which must agree.
func contentionKind(p *Profile) Kind {
	var kind Kind
	for s := range p.Samples() {
		side, n := Kind(""), 0
		for fn := range p.Frames(s) {
			if fn != nil {
				side = contentionSide(fn.Name)
			}
			if n++; side != "" || n == contentionLeaves {
				break
			}
		}
		switch {
		case side == "" || side == kind:
		case kind == "":
			kind = side
		default:
			return KindContention
		}
	}
	if kind == "" {
		return KindContention
	}
	return kind
}

// primaryValue returns the index of the value that shares are counted in: what the kind measures, and
// for a profile of no known kind what pprof shows by default: the recorded default, else the last.
func primaryValue(p *Profile) int {
	want := p.DefaultSampleType
	switch p.Kind {
	case KindCPU:
		want = "cpu"
	case KindHeap:
		want = "inuse_space"
	case KindAllocs:
		want = "alloc_space"
	case KindMutex, KindBlock, KindContention:
		want = "delay"
	}
	for i, t := range p.SampleTypes {
		if t.Type == want && want != "" {
			return i
		}
	}
	return max(0, len(p.SampleTypes)-1)
}

// endsAtTime reports whether a duration, if there is one, ends at time_nanos. net/http/pprof writes the
// end for ?seconds=N (net/http/pprof/pprof.go, serveDeltaProfile, since go1.15) for the runtime's kinds
// and those made with pprof.NewProfile, whose one type is also their period type.
func endsAtTime(p *Profile) bool {
	switch p.Kind {
	case KindCPU, KindUnknown:
		return false
	case KindCustom:
		return len(p.SampleTypes) == 1 && p.SampleTypes[0].Unit == "count" && p.PeriodType == p.SampleTypes[0]
	}
	return true
}

// profileWindow places the profile in time.
func profileWindow(p *Profile) Window {
	if p.TimeNanos == 0 {
		return Window{}
	}
	if p.TimeNanos < 0 {
		return Window{Rule: "time_nanos is negative: no time of any clock in use"}
	}
	t, d := uint64(p.TimeNanos), uint64(max(0, p.DurationNanos))
	before := t - min(t, d)
	cumulative := false
	switch p.Kind {
	case KindHeap, KindAllocs, KindMutex, KindBlock, KindContention, KindThreadCreate:
		cumulative = true
	}
	switch {
	case p.Kind == KindCPU && p.Provenance == "re-encoded":
		return Window{t, t + d, "cpu profile: time_nanos is the start; re-encoded, so that the duration may be the sum of a merge"}
	case p.Kind == KindCPU:
		return Window{t, t + d, "cpu profile: time_nanos is the start"}
	case d > 0 && p.Delta:
		return Window{before, t, "delta profile: time_nanos is the end"}
	case d > 0:
		return Window{before, t + d, "profile of no known kind: time_nanos is the start or the end, so that both are covered"}
	case cumulative:
		return Window{t, t, "snapshot at time_nanos, of counts since the process started"}
	}
	return Window{t, t, "snapshot at time_nanos"}
}
