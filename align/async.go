package align

import "slices"

// maxRowCost bounds the work of testing responses against the whole closure: callers times events.
const maxRowCost = 50_000_000

// refuteResponses finds those of some responses that no clocks allow which requests, links and messages allow: the
// callee still worked when the caller went on, so nobody waited. It takes them out. Readings against UTC
// refute no answer: they are another's word.
//
// The callee ended when it showed T3. If hard constraints say that the callee was then ahead of the caller
// by no more than U, the caller showed at least T3-U, and an answer before T4 cannot have waited for it
// where T3-U > T4. U is taken against the reference (offset of the callee at T3 at most up, of the caller
// at T4 at least low), and where the component is small enough against the caller itself.
func (s *scope) refuteResponses(suspects []int32, calls *scope, hard *system, up, down *distances) {
	byCaller := map[int][]int32{}
	var callers []int
	for _, i := range suspects {
		c := s.constraint(i)
		if _, to, ok := s.ends(c); ok {
			if byCaller[to] == nil {
				callers = append(callers, to)
			}
			byCaller[to] = append(byCaller[to], i)
		}
	}
	refuted := map[int32]int64{}
	var hf, ht int32
	for _, i := range suspects {
		c := s.constraint(i)
		from, to, ok := s.ends(c)
		if !ok {
			continue
		}
		high, _ := up.nearestFrom(int32(from), c.fromAt, &hf)
		low, _ := down.nearestFrom(int32(to), c.toAt, &ht)
		if to == calls.source {
			low = 0
		}
		if from == calls.source {
			high = 0
		}
		if d := addBound(addBound(high, low), c.bound(s.coarseRate(c))); d < 0 {
			refuted[i] = -d
		}
	}
	if int64(len(callers))*int64(len(hard.at)) <= maxRowCost {
		slices.Sort(callers)
		for _, caller := range callers {
			s.refuteAgainst(hard, caller, byCaller[caller], refuted)
		}
	}
	for i, by := range refuted {
		s.result.async = append(s.result.async, asyncResponse{int(i) - len(s.boundSolver.hard), by})
	}
	slices.SortFunc(s.result.async, func(a, b asyncResponse) int { return a.response - b.response })
	s.responses = slices.DeleteFunc(s.responses, func(i int32) bool { return refuted[i] > 0 })
}

// refuteAgainst tests the responses to one caller with its clock as the reference.
func (s *scope) refuteAgainst(hard *system, caller int, responses []int32, refuted map[int32]int64) {
	was := slices.Clone(hard.rate)
	defer copy(hard.rate, was)
	for i := range hard.rate {
		hard.rate[i] = relativeRate(s.driftPPB, false)
	}
	hard.rate[caller] = 0
	up, _ := hard.search(caller, false)
	if up == nil {
		return
	}
	defer up.release()
	for _, i := range responses {
		c := s.constraint(i)
		from, _, _ := s.ends(c)
		high, origin := up.nearest(int32(from), c.fromAt)
		if origin < 0 {
			continue
		}
		if d := addBound(high, c.bound(s.coarseRate(c))); d < 0 {
			refuted[i] = max(refuted[i], -d)
		}
	}
}
