package align

import (
	"context"
	"errors"

	"github.com/witnessmark/witnessmark/evidence"
)

// ErrTrial says that a Trial ended before all was written, as it does not hold.
var ErrTrial = errors.New("the trial does not hold")

// Trial rewrites captures whose spans were not read before. What it writes gets its names only when all is written and no call
// was found to begin before its caller: then the copies are those that a Plan of all spans would make. Else they are
// discarded, and such a plan is needed.
type Trial struct {
	plan  *Plan
	order *orderCheck
	done  []*fileSet
}

// NewTrial prepares to rewrite the artifacts of a bundle, which may have been loaded with ResourcesOnly. It returns nil where a plan
// needs the spans in any case: where clocks are anchored to local roots.
func NewTrial(b *evidence.Bundle, m *Model, o ApplyOptions) *Trial {
	for i := range b.Resources {
		if anchored(b.Resources[i].SDK) {
			return nil
		}
	}
	return &Trial{plan: NewPlan(b, nil, m, o), order: newOrderCheck()}
}

// Apply writes the copy of one artifact as Plan.Apply does, but under other names. It returns ErrTrial where it is known already
// that the trial does not hold.
func (t *Trial) Apply(ctx context.Context, j Job) (*Sidecar, error) {
	if t.order.broken() {
		return nil, ErrTrial
	}
	s, f, err := t.plan.write(ctx, j, t.order)
	if err == nil {
		t.done = append(t.done, f)
	}
	return s, err
}

// Holds reports whether the copies are what they must be.
func (t *Trial) Holds() bool { return t.order.holds() }

// Commit gives the copies their names.
func (t *Trial) Commit() error {
	for len(t.done) > 0 {
		if err := t.done[0].commit(); err != nil {
			return err
		}
		t.done = t.done[1:]
	}
	return nil
}

// Discard removes the copies that were not committed.
func (t *Trial) Discard() {
	for _, f := range t.done {
		f.discard()
	}
	t.done = nil
}
