package verify

import (
	"fmt"
	"math/big"
)

// certificates checks that every contradiction is one: its edges are in the evidence, each begins at the
// clock where the one before ends, and their sum, with all that clocks can move in between, is negative.
func (c *checker) certificates() {
	for i := range c.m.Conflicts {
		x := &c.m.Conflicts[i]
		if err := c.contradicts(x); err != nil {
			c.result.problem(fmt.Sprintf("certificate %d", i), "%v", err)
			continue
		}
		c.result.Certificates++
	}
	for i := range c.m.Async {
		e := &c.m.Async[i].Example
		if err := c.holds(e); err != nil {
			c.result.problem(fmt.Sprintf("answer %d that is none", i), "%v", err)
		}
	}
}

func (c *checker) contradicts(x *certificate) error {
	if len(x.Edges) == 0 {
		return fmt.Errorf("it has no edges")
	}
	sum := new(big.Int)
	rate := relative(driftOf(c.m.MaxDriftPPM), true)
	seen, assumed := map[string]bool{}, false
	for k := range x.Edges {
		e, next := &x.Edges[k], &x.Edges[(k+1)%len(x.Edges)]
		if err := c.holds(e); err != nil {
			return fmt.Errorf("edge %d: %w", k, err)
		}
		if e.Class == "A1" && !x.Assumed {
			return fmt.Errorf("edge %d is an assumed answer", k)
		}
		assumed = assumed || e.Class == "A1"
		_, to, err := c.ends(e)
		if err != nil {
			return fmt.Errorf("edge %d: %w", k, err)
		}
		from, _, err := c.ends(next)
		if err != nil {
			return fmt.Errorf("edge %d: %w", (k+1)%len(x.Edges), err)
		}
		if to.domain != from.domain || to.segment != from.segment {
			return fmt.Errorf("edge %d does not lead to the next", k)
		}
		sum.Add(sum, c.weight(e, utc))
		if d := c.domains[to.domain]; d != nil {
			seen[to.domain] = true
			sum.Add(sum, d.between(to.at, from.at, rate))
		}
	}
	if !sum.IsInt64() || sum.Int64() != x.Sum || x.Sum >= 0 {
		return fmt.Errorf("its edges sum to %s ns, it says %d", sum, x.Sum)
	}
	if x.Assumed && !assumed {
		return fmt.Errorf("it says that it rests on answers, and has none")
	}
	for _, name := range x.Domains {
		if !seen[name] {
			return fmt.Errorf("clock %s is not on the cycle", name)
		}
	}
	return nil
}
