package evidence

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/DataDog/gostackparse"
)

// largeDump writes a debug=2 dump of n goroutines in shapes distinct stacks, 4 to 24 frames deep, in the
// proportions of a service: arguments and addresses differ in every record. The same arguments give the
// same bytes.
func largeDump(n, shapes int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	type shape struct {
		state  string
		frames []string
		locs   []string
		args   []int
	}
	states := []string{
		"chan receive", "select", "IO wait", "IO wait, 3 minutes", "sync.Mutex.Lock", "semacquire, 12 minutes",
		"chan receive, 5 minutes", "select, 1 minutes", "sleep", "sync.Cond.Wait, locked to thread",
	}
	all := make([]shape, shapes)
	for i := range all {
		s := &all[i]
		s.state = states[rng.IntN(len(states))]
		for d := range 4 + rng.IntN(21) {
			fn := rng.IntN(600)
			s.frames = append(s.frames, fmt.Sprintf("github.com/acme/shop/internal/pkg%d.(*Server%d).handle%d", fn%40, fn%7, fn))
			s.locs = append(s.locs, fmt.Sprintf("/home/build/src/github.com/acme/shop/internal/pkg%d/server%d.go:%d +0x%x", fn%40, fn, 20+fn%400, 0x1d+fn))
			s.args = append(s.args, (i+d)%4)
		}
	}
	var b bytes.Buffer
	b.WriteString("goroutine 1 [running]:\nmain.main()\n\t/home/build/src/main.go:12 +0x1d\n\n")
	for i := range n {
		s := &all[rng.IntN(shapes)]
		fmt.Fprintf(&b, "goroutine %d [%s]:\n", i+18, s.state)
		for j, f := range s.frames {
			fmt.Fprintf(&b, "%s(", f)
			for k := range s.args[j] {
				if k > 0 {
					b.WriteString(", ")
				}
				fmt.Fprintf(&b, "0xc%09x", rng.Uint32())
			}
			fmt.Fprintf(&b, ")\n\t%s\n", s.locs[j])
		}
		fmt.Fprintf(&b, "created by github.com/acme/shop/internal/pkg%d.(*Server).Start in goroutine %d\n\t/home/build/src/github.com/acme/shop/internal/start.go:%d +0x9c\n\n", i%11, 1+i/7, 30+i%11)
	}
	return b.Bytes()[:b.Len()-1]
}

// BenchmarkGoroutineText compares the reader with gostackparse on the same 20 MB.
func BenchmarkGoroutineText(b *testing.B) {
	data := largeDump(8000, 400)
	b.Run("witnessmark", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if a := readWith(b, formatGoroutine, data); len(a.Dump.Goroutines) != 8001 {
				b.Fatalf("%d goroutines", len(a.Dump.Goroutines))
			}
		}
	})
	b.Run("gostackparse", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			gs, errs := gostackparse.Parse(bytes.NewReader(data))
			if len(gs) != 8001 || len(errs) > 0 {
				b.Fatalf("%d goroutines, %v", len(gs), errs)
			}
		}
	})
}
