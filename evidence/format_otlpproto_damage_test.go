package evidence

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/witnessmark/witnessmark/testdata/programs/otlp/gen"
)

// TestOTLPProtoRandomDamage damages one place of a stream, in every way that a disk or a copy does. At most
// one batch and what the damage itself hits may be lost, nothing may be lost silently, and nothing may
// appear that was not there.
func TestOTLPProtoRandomDamage(t *testing.T) {
	o := gen.Options{Seed: 11, Spans: 1200, SpansPerRequest: 60, SpansPerResource: 20}
	for name, order := range map[string]gen.Order{"ascending": gen.Ascending, "descending": gen.Descending} {
		t.Run(name, func(t *testing.T) {
			framed, truth := gen.Framed(o, order)
			genuine := map[uint64]bool{}
			for _, r := range protoRows(first(loadProto(t, bytes.NewReader(framed)))) {
				genuine[r.ID] = true
			}
			rng := rand.New(rand.NewPCG(1, 2))
			rounds := 600
			if testing.Short() {
				rounds = 60
			}
			var lost, silent, foreign, worst int
			for range rounds {
				d := damaged(rng, framed)
				b, a := loadProto(t, bytes.NewReader(d))
				known := 0
				for _, r := range protoRows(b) {
					if genuine[r.ID] {
						known++
					} else if r.Flags&BadSpanID == 0 {
						foreign++
					}
				}
				gone := truth.Spans - known
				lost += gone
				worst = max(worst, gone)
				if gone > 1 && len(a.Losses) == 0 {
					silent++
				}
			}
			t.Logf("%d rounds: %d spans lost, at worst %d of %d; %d rounds lost spans silently; %d foreign spans", rounds, lost, worst, truth.Spans, silent, foreign)
			if worst > 2*o.SpansPerRequest {
				t.Errorf("one damaged place lost %d spans, where a batch has %d", worst, o.SpansPerRequest)
			}
			if silent > 0 {
				t.Errorf("%d rounds lost more than the span that was hit, without a Loss", silent)
			}
			// A byte of an id that is hit makes another id.
			if foreign > rounds/10 {
				t.Errorf("%d spans that were never there in %d rounds", foreign, rounds)
			}
		})
	}
}

// damaged returns a copy of d with one place damaged: bytes flipped, zeroed, removed or inserted.
func damaged(rng *rand.Rand, d []byte) []byte {
	at := 64 + rng.IntN(len(d)-2000)
	n := 1 + rng.IntN(600)
	switch rng.IntN(5) {
	case 0:
		d = bytes.Clone(d)
		d[at] ^= 1 << rng.IntN(8)
	case 1:
		d = bytes.Clone(d)
		clear(d[at : at+n])
	case 2:
		d = append(bytes.Clone(d[:at]), d[at+n:]...)
	case 3:
		d = append(append(bytes.Clone(d[:at]), strings.Repeat("\xee", n)...), d[at:]...)
	case 4:
		d = bytes.Clone(d)
		for i := range d[at : at+n] {
			d[at+i] = byte(rng.Uint32())
		}
	}
	return d
}
