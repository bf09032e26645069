// Package verify checks a clock model against the raw spans and readings, without the solver that made it:
// it shares no code with package align, not even the types of the model, and its sums are of integers of
// any size. What it has checked needs no trust in the solver, only in the assumptions that the model lists
// and in what this package does.
package verify

import (
	"encoding/json"
	"fmt"

	"github.com/witnessmark/witnessmark/evidence"
)

// Result is what a check found. The model is verified if there are no problems.
type Result struct {
	// Constraints were found in the evidence again, Bounds (one side of one point) follow from them exactly
	// as stated, Certificates contradict themselves as stated.
	Constraints  int `json:"constraints"`
	Bounds       int `json:"bounds"`
	Certificates int `json:"certificates"`
	// Declared counts constraints that rest on a least delay the user declared: no evidence shows it.
	Declared int `json:"declared_delays"`
	// Pairs of a span and its parent on two aligned clocks were compared; Before of them showed the effect
	// before its cause in recorded times, and Residual still do in aligned times.
	Pairs    int         `json:"pairs"`
	Before   int         `json:"violations_before"`
	Residual []Violation `json:"violations"`
	// LeftAlone counts the pairs of which the model leaves a clock as it is, by their clocks: there are no aligned
	// times to hold them to, and what their recorded times contradict stays so.
	LeftAlone []LeftPair `json:"left_alone"`
	Problems  []Problem  `json:"problems"`
	// MoreProblems counts those behind the first.
	MoreProblems int `json:"more_problems"`
}

// Problem is something that does not hold.
type Problem struct {
	Where string `json:"where"`
	What  string `json:"what"`
}

// Violation is a span that begins before its parent also in aligned times.
type Violation struct {
	Trace  string       `json:"trace_id"`
	Parent string       `json:"parent_span_id"`
	Child  string       `json:"span_id"`
	Caller string       `json:"caller"` // domain
	Callee string       `json:"callee"`
	By     int64        `json:"by_ns"`
	Ref    evidence.Ref `json:"-"` // of the child
}

// LeftPair is the pairs of spans on two clocks of which at least one is not aligned.
type LeftPair struct {
	Caller string `json:"caller"` // domain
	Callee string `json:"callee"`
	Why    string `json:"why"` // the status of the clock that is left, or both
	Pairs  int    `json:"pairs"`
	Before int    `json:"violations_before"`
}

// maxProblems bounds what a model that is wrong all over reports.
const maxProblems = 200

// OK reports whether everything that the model states was verified.
func (r *Result) OK() bool { return len(r.Problems) == 0 }

func (r *Result) problem(where, format string, args ...any) {
	if len(r.Problems) == maxProblems {
		r.MoreProblems++
		return
	}
	r.Problems = append(r.Problems, Problem{where, fmt.Sprintf(format, args...)})
}

// Check verifies a model, in the JSON that package align writes, against the bundle that it was made from.
// It fails only where the text is no model.
func Check(text []byte, b *evidence.Bundle, j *evidence.SpanJoin) (*Result, error) {
	var m model
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read clock model: %w", err)
	}
	if m.Schema != schema {
		return nil, fmt.Errorf("read clock model: schema %q, want %q", m.Schema, schema)
	}
	r := &Result{Residual: []Violation{}, LeftAlone: []LeftPair{}, Problems: []Problem{}}
	c := newChecker(&m, b, r)
	c.index(j)
	c.constraints()
	c.certificates()
	c.bounds()
	c.residual(j)
	c.stepEvidence()
	return r, nil
}
