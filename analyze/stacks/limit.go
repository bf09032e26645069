package stacks

import (
	"fmt"

	"github.com/witnessmark/witnessmark/evidence"
	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// limit is the frame limit that a profile was taken with.
type limit struct {
	frames int
	heap   bool   // the rule for heap and allocs applies
	why    string // how the limit is known
}

// limitOf returns the limit of a profile. ok is false for a kind whose stacks are not judged.
func limitOf(a *evidence.Artifact, s *profileStacks) (lim limit, ok bool) {
	p := a.Profile
	switch p.Kind {
	case evidence.KindCPU:
		return limit{frames: goruntime.LimitCPU, why: "CPU profiles of every release"}, true
	case evidence.KindCustom:
		return limit{frames: goruntime.LimitCustom, why: "custom profiles of every release"}, true
	case evidence.KindHeap, evidence.KindAllocs:
		lim.heap = true
	case evidence.KindGoroutine, evidence.KindGoroutineLeak, evidence.KindMutex, evidence.KindBlock, evidence.KindContention:
	default:
		return limit{}, false // threadcreate has no stacks since go1.23 and pads with zeros
	}
	lim.frames, lim.why = releaseLimit(a, s, lim.heap)
	// Stacks deeper than the limit explains (inlined frames of the last one may add some) were taken
	// with GODEBUG=profstackdepth. The text form adds none.
	slack := int32(16)
	if p.Text {
		slack = 0
	}
	if s.deepest > int32(lim.frames)+slack {
		if cliff := s.cliff(int32(lim.frames)); cliff > 0 {
			return limit{frames: int(cliff), heap: lim.heap, why: "several stacks end at this depth: GODEBUG=profstackdepth"}, true
		}
		return limit{frames: 1024, heap: lim.heap, why: "stacks deeper than the default limit: GODEBUG=profstackdepth"}, true
	}
	return lim, true
}

func releaseLimit(a *evidence.Artifact, s *profileStacks, heap bool) (frames int, why string) {
	switch v := a.Go; {
	case v.Max != 0 && v.Max <= 22:
		return goruntime.StackLimit(heap, v.Max), fmt.Sprintf("Go up to 1.%d: %s", v.Max, v.Why)
	case v.Min >= 23 && (!heap || v.Min >= 26 || v.Max != 0 && v.Max <= 25):
		return goruntime.StackLimit(heap, v.Min), fmt.Sprintf("Go 1.%d or later: %s", v.Min, v.Why)
	case v.Min >= 23:
		return goruntime.StackLimit(heap, v.Min), "Go 1.23 or later, 128 or 130 frames"
	}
	// No release is known. Up to go1.22 no stack is deeper than 32 frames and the inlined frames of the
	// last, so a deeper one tells 1.23 or later.
	if s.deepest > 34 {
		if s.profile.Text && heap && s.deepest == 130 {
			return 130, "a stack of 130 frames: Go 1.26 or later"
		}
		return 128, "stacks deeper than 34 frames: Go 1.23 or later"
	}
	if s.cliff(31) == 32 {
		return 32, "stacks end at 32 frames: Go 1.22 or earlier"
	}
	return 128, "no stack is deep enough to tell a release by"
}

// cliff returns the depth above more at which the stacks of a profile end: the largest depth with at
// least two stacks whose root is no entry function as far as is known, or 0. Inlined frames of the last
// location make a stack up to 5 deeper. In the text form one stack is enough: it shows whether
// runtime.goexit is missing.
func (s *profileStacks) cliff(more int32) int32 {
	counts, enough := map[int32]int{}, 2
	if s.profile.Text {
		enough = 1
	}
	for i := range s.deep {
		d := &s.deep[i]
		if d.depth <= more || d.root < 0 || goruntime.IsKnownRoot(s.profile.Functions[d.root].Name) {
			continue
		}
		if s.profile.Text && d.bare {
			continue
		}
		if first := s.shallow[d.root]; first != 0 && first < d.depth-5 {
			continue // a learned root
		}
		counts[d.depth]++
	}
	var deepest int32
	for depth := range counts {
		deepest = max(deepest, depth)
	}
	for depth := max(more+1, deepest-5); depth <= deepest; depth++ {
		var n int
		for d := depth; d <= deepest; d++ {
			n += counts[d]
		}
		if counts[depth] > 0 && n >= enough {
			return depth
		}
	}
	return 0
}
