package stacks

import (
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// limit is the frame limit that a profile was taken with.
type limit struct {
	frames int
	heap   bool   // the rule for heap and allocs applies
	why    string // how the limit is known
	// inferred says that it follows from the depth of the stacks, not from the release or kind. In the text
	// form that is no weaker: it shows that runtime.goexit is missing, which only the limit can be the reason of.
	inferred bool
}

// limitOf returns the limit of a profile. ok is false where none is known: for kinds whose stacks are
// not judged, and for profiles with stacks that no Go runtime records.
func limitOf(a *evidence.Artifact, s *profileStacks) (lim limit, ok bool) {
	p := a.Profile
	switch p.Kind {
	case evidence.KindCPU:
		lim = limit{frames: goruntime.LimitCPU, why: "CPU profiles of every release"}
		return lim, s.recorded <= goruntime.LimitCPU
	case evidence.KindCustom:
		// Any profile of unknown sample types is of this kind, those of other tools too.
		lim = limit{frames: goruntime.LimitCustom, why: "custom profiles of every release"}
		return lim, s.recorded <= goruntime.LimitCustom && p.Provenance != "re-encoded"
	case evidence.KindHeap, evidence.KindAllocs:
		lim.heap = true
	case evidence.KindGoroutine, evidence.KindGoroutineLeak, evidence.KindMutex, evidence.KindBlock, evidence.KindContention:
	default:
		return limit{}, false // threadcreate has no stacks since go1.23 and pads with zeros
	}
	possible := possibleLimits(a.Go, lim.heap)
	fits := slices.DeleteFunc(slices.Clone(possible), func(n int) bool { return int32(n) < s.recorded })
	switch {
	case len(fits) == 1:
		lim.frames = fits[0]
		if lim.why = a.Go.Why; len(possible) > 1 {
			lim.why = fmt.Sprintf("stacks of %d frames, which other releases do not record", s.recorded)
		}
	case len(fits) > 1:
		lim.frames, lim.inferred, lim.why = fits[len(fits)-1], !p.Text, "no stack is deep enough to tell a release by"
		for _, n := range fits {
			if s.endsAt(int32(n), lim.heap) {
				lim.frames, lim.why = n, "the release is not known; stacks end at this depth"
				break
			}
		}
	default:
		lim.inferred = !p.Text
		lim.frames, lim.why = goruntime.MaxProfStackDepth, "stacks deeper than the default limit: GODEBUG=profstackdepth"
		if n := s.recorded; s.endsAt(n, lim.heap) {
			lim.frames, lim.why = int(n), "stacks deeper than the default limit end at this depth: GODEBUG=profstackdepth"
		}
	}
	return lim, lim.frames >= int(s.recorded)
}

// possibleLimits returns the limits of the releases that may have written the artifact, the lowest first.
func possibleLimits(v evidence.GoVersion, heap bool) []int {
	first, last := goruntime.OldestLimit, goruntime.NewestLimit
	if v.Max != 0 {
		last = min(max(v.Max, first), last)
	}
	if v.Min != 0 {
		first = min(max(v.Min, first), last)
	}
	var out []int
	for minor := first; minor <= last; minor++ {
		if n := goruntime.StackLimit(heap, minor); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// endsAt reports whether stacks end at n frames for want of room: one of that depth has a root that
// others call and that is no entry as far as is known. The text form shows whether runtime.goexit is
// missing besides. What follows from a limit found this way is never called certain.
func (s *profileStacks) endsAt(n int32, heap bool) bool {
	below := n
	if heap && !s.profile.Text {
		below -= heapHidden
	}
	called := s.called()
	for i := range s.deep {
		d := &s.deep[i]
		if d.depth < below || d.root < 0 || s.profile.Text && d.bare {
			continue
		}
		if called[d.root] && !s.learned(d.root, below) && !goruntime.IsKnownRoot(s.profile.Functions[d.root].Name) {
			return true
		}
	}
	return false
}
