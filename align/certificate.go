package align

import (
	"encoding/hex"
	"fmt"
)

// certEdge writes a constraint as models name it.
func (b *boundSolver) certEdge(c *constraint) CertEdge {
	e := CertEdge{
		Class: c.class.String(), From: b.nameOf(c.from), To: b.nameOf(c.to), FromAt: Instant(c.fromAt), ToAt: Instant(c.toAt),
		Weight: c.weight, Quantum: c.quantum, Blur: c.blur, MinDelay: c.minDelay, Source: c.source,
	}
	if c.earlier == (SpanID{}) && c.later == (SpanID{}) {
		return e
	}
	e.Trace, e.Earlier, e.Later = hex.EncodeToString(c.later.Trace[:]), spanHex(c.earlier), spanHex(c.later)
	if c.earlier.Trace != c.later.Trace {
		e.EarlierTrace = hex.EncodeToString(c.earlier.Trace[:])
	}
	return e
}

func spanHex(id SpanID) string { return fmt.Sprintf("%016x", id.Span) }

func (b *boundSolver) settleConflicts() {}
