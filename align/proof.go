package align

// Proof holds what shows that the bounds of a model follow from the spans and readings that it names.
// Package align/verify follows it without the solver. Every bound of a segment is a Curve; a curve has
// samples; a sample is a path of constraints from the reference, whose weights are summed with what the
// clocks on the way can move between the readings of two constraints.
type Proof struct {
	// DriftPPB bounds the rate of every clock against true time, in parts per billion.
	DriftPPB    int64        `json:"drift_ppb"`
	Scopes      []ProofScope `json:"scopes"`
	Clocks      []ProofClock `json:"clocks"`
	Constraints []CertEdge   `json:"constraints"`
	// Paths name a constraint and the path that leads to it, -1 for none: the reference is on its other
	// side. Paths to upper bounds run along the constraints, those to lower bounds against them.
	Paths  [][2]int32   `json:"paths"`
	Curves []ProofCurve `json:"curves"`
	Pairs  []ProofPair  `json:"pairs"`
}

// ProofPair is the bounds of one Pair. Hard bounds are by the caller's clock, which therefore does not move;
// assumed ones lead from one reading of the caller, and count with that the callee's may be of another
// instant. No assumed bound is wider than the hard one.
type ProofPair struct {
	Caller string  `json:"caller"`
	Callee string  `json:"callee"`
	At     Instant `json:"at_unix_nano"` // the callee's reading
	// CallerAt is the caller's reading that paths to assumed bounds begin at.
	CallerAt Instant `json:"caller_at_unix_nano"`
	// Paths to the low and the high hard bound and to the low and the high assumed one, as in Proof.Paths
	// but from the caller, -1 for none.
	Paths [4]int32 `json:"paths"`
}

// ProofScope holds the rates of one component, in parts per billion of a clock's own readings.
type ProofScope struct {
	Component int    `json:"component"`
	Reference string `json:"reference"` // domain, or UTC
	Segment   int    `json:"segment"`   // of the reference, that offsets are against
	// HardPPB is how fast an offset can change, from DriftPPB alone; AssumedPPB how fast it is taken to
	// stray from its trend. Trended is false where assumed bounds use no trends.
	HardPPB    int64 `json:"hard_ppb"`
	AssumedPPB int64 `json:"assumed_ppb"`
	Trended    bool  `json:"trended"`
}

// ProofClock is the trend of one segment.
type ProofClock struct {
	Domain  string      `json:"domain"`
	Segment int         `json:"segment"`
	Trend   []ProofKnot `json:"trend"`
}

// ProofKnot is a point of a trend.
type ProofKnot struct {
	At     Instant `json:"at_unix_nano"`
	Offset int64   `json:"offset_ns"`
}

// ProofCurve is one bound of one segment over all its points.
type ProofCurve struct {
	Domain  string `json:"domain"`
	Segment int    `json:"segment"`
	Basis   string `json:"basis"` // "hard" or "assumed"
	Side    string `json:"side"`  // "low" or "high"
	// Steps is the number of samples between two points, the second point's included; the first sample is
	// at the first point.
	Steps   int     `json:"steps"`
	Samples []int32 `json:"samples"` // indexes into Paths
}

// proofWriter fills in a Proof.
type proofWriter struct {
	b           *boundSolver
	proof       *Proof
	constraints map[int32]int32 // by number, index in the proof
	paths       map[pathKey]int32
}

// pathKey names the base of an event in one search.
type pathKey struct {
	dist  *distances
	event int32
}

func newProofWriter(b *boundSolver) *proofWriter {
	return &proofWriter{b: b, proof: b.result.proof, constraints: map[int32]int32{}, paths: map[pathKey]int32{}}
}

// scope notes a component.
func (w *proofWriter) scope(s *scope) {
	node := s.nodes[s.source]
	w.proof.Scopes = append(w.proof.Scopes, ProofScope{
		Component: w.b.result.domains[s.members[0]].component, Reference: w.b.nameOf(s.reference),
		Segment: w.b.segmentOf(node), HardPPB: s.drift, AssumedPPB: s.drift,
	})
	for _, n := range s.nodes {
		d := w.b.domain[n]
		if t := w.b.trendOf(n); d != utcClock && n != node && len(t) > 0 {
			c := ProofClock{Domain: w.b.clocks[d].name, Segment: n - w.b.firstSeg[d]}
			for _, k := range t {
				c.Trend = append(c.Trend, ProofKnot{Instant(k.at), k.offset})
			}
			w.proof.Clocks = append(w.proof.Clocks, c)
		}
	}
}

// assumedRate notes the rate of the assumed bounds of the component noted last.
func (w *proofWriter) assumedRate(rate int64, trended bool) {
	s := &w.proof.Scopes[len(w.proof.Scopes)-1]
	s.AssumedPPB, s.Trended = rate, trended
}

// curve notes the paths to the samples of one bound.
func (w *proofWriter) curve(s *scope, node int, k basis, dist *distances, steps int, origins []int32) {
	d := w.b.domain[node]
	c := ProofCurve{
		Domain: w.b.clocks[d].name, Segment: node - w.b.firstSeg[d], Basis: basisNames[k], Side: "high", Steps: steps,
	}
	if dist.reverse {
		c.Side = "low"
	}
	for _, e := range origins {
		c.Samples = append(c.Samples, w.path(dist, e))
	}
	w.proof.Curves = append(w.proof.Curves, c)
}

// path returns the index of the path to the base of an event. Each is written once, behind those it
// continues.
func (w *proofWriter) path(dist *distances, event int32) int32 {
	var todo []int32
	at := int32(-1)
	for e := event; e >= 0 && dist.via[e] >= 0; e = dist.before(e) {
		if i, ok := w.paths[pathKey{dist, e}]; ok {
			at = i
			break
		}
		todo = append(todo, e)
	}
	for i := len(todo) - 1; i >= 0; i-- {
		e := todo[i]
		w.proof.Paths = append(w.proof.Paths, [2]int32{w.constraint(dist.links[dist.via[e]].constraint), at})
		at = int32(len(w.proof.Paths) - 1)
		w.paths[pathKey{dist, e}] = at
	}
	return at
}

func (w *proofWriter) constraint(number int32) int32 {
	i, ok := w.constraints[number]
	if !ok {
		i = int32(len(w.proof.Constraints))
		w.proof.Constraints = append(w.proof.Constraints, w.b.certEdge(w.b.constraint(number)))
		w.constraints[number] = i
	}
	return i
}

func (b *boundSolver) nameOf(domain int) string {
	if domain == utcClock {
		return UTC
	}
	return b.clocks[domain].name
}

// segmentOf returns which segment of its domain a node is.
func (b *boundSolver) segmentOf(node int) int {
	if d := b.domain[node]; d != utcClock {
		return node - b.firstSeg[d]
	}
	return 0
}
