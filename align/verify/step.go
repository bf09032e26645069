package verify

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/witnessmark/witnessmark/evidence"
)

// stepEvidence looks up what a model names as evidence of steps: a record of that clock at that place which says
// that the clock was set, by that much. Rows of a log between which a clock moved, and spans of one process, are
// named in words, and are not checked.
func (c *checker) stepEvidence() {
	at := map[string][]*evidence.ClockReading{}
	for i := range c.b.Clocks {
		r := &c.b.Clocks[i]
		name := base(fmt.Sprintf("%s@%d+%d", c.b.Artifacts[r.Ref.Artifact].Path, r.Ref.Off, r.Ref.Len))
		at[name] = append(at[name], r)
	}
	for i := range c.m.Domains {
		d := &c.m.Domains[i]
		for k := range d.Steps {
			for _, e := range d.Steps[k].Evidence {
				if e.Source != "chronyd log" && e.Source != "phc2sys" && e.Source != "execution trace" {
					continue
				}
				err := fmt.Errorf("there is no %q of that clock at %s", e.Source, e.Where)
				for _, r := range at[base(e.Where)] {
					if err = d.Steps[k].shown(d.Name, &e, r); err == nil {
						break
					}
				}
				if err != nil {
					c.result.problem(fmt.Sprintf("step %d of %s", k, d.Name), "%v", err)
				}
			}
		}
	}
}

// base leaves out the folder: the same files may be named from elsewhere.
func base(where string) string { return where[strings.LastIndexAny(where, "/!")+1:] }

// shown returns nil if a record shows the step.
func (s *step) shown(domain string, e *stepEvidence, r *evidence.ClockReading) error {
	switch {
	case r.Domain != domain || r.Source != e.Source:
		return fmt.Errorf("there is no %q of that clock at %s", e.Source, e.Where)
	case r.Kind == evidence.ClockSnapshot:
		return nil // the size is of two of them
	case r.Kind != evidence.ClockStep && !s.Slew:
		return fmt.Errorf("%s tells of no step", e.Where)
	}
	if size := r.Offset; r.Kind == evidence.ClockStep && (e.Size == nil) != (size == 0 || r.Error == evidence.NoClockError) ||
		r.Kind == evidence.ClockStep && e.Size != nil && *e.Size != size {
		return fmt.Errorf("%s tells of another size", e.Where)
	}
	// The line was written behind the step, by the clock that had been set.
	size := new(big.Int).Abs(intOf(s.Size))
	from, to := sub(smaller(s.After.big(), s.Before.big()), size), add(larger(s.After.big(), s.Before.big()), size)
	if known := e.Size != nil; known && !s.Slew && (intOf(r.Until).Cmp(from) < 0 || intOf(r.At).Cmp(to) > 0) {
		return fmt.Errorf("%s tells of another time", e.Where)
	}
	return nil
}
