package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
)

// writeGoroutines writes a debug=2 dump of Go 1.23's form (the newest that gostackparse reads whole:
// labels and elision markers make it drop goroutines): 400 shapes of 4 to 24 frames, addresses that
// differ in every goroutine.
func writeGoroutines(path string, goroutines int) error {
	rng := rand.New(rand.NewPCG(3, 5))
	type frame struct{ fn, file string }
	shapes := make([][]frame, 400)
	for i := range shapes {
		for range 4 + rng.IntN(21) {
			n := rng.IntN(3000)
			shapes[i] = append(shapes[i], frame{
				fmt.Sprintf("example.com/shop/internal/pkg%d.(*Worker%d).step%d", n%60, n%17, n),
				fmt.Sprintf("/src/shop/internal/pkg%d/file%d.go:%d", n%60, n%25, 10+n%800),
			})
		}
	}
	states := []string{"chan receive", "select", "IO wait", "sync.Mutex.Lock", "chan receive, 5 minutes", "semacquire, 12 minutes", "select, locked to thread"}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintf(w, "goroutine 1 [running]:\nmain.main()\n\t/src/shop/main.go:12 +0x1d\n")
	for id := 2; id <= goroutines; id++ {
		fmt.Fprintf(w, "\ngoroutine %d [%s]:\n", id, states[rng.IntN(len(states))])
		for _, fr := range shapes[rng.IntN(len(shapes))] {
			fmt.Fprintf(w, "%s(0xc%09x, {0xc%09x?, 0x%x})\n\t%s +0x%x\n", fr.fn, rng.Uint64()>>28, rng.Uint64()>>28, rng.IntN(4096), fr.file, 16+rng.IntN(900))
		}
		fmt.Fprintf(w, "created by example.com/shop/internal/pool.(*Pool).start in goroutine %d\n\t/src/shop/internal/pool/pool.go:88 +0x9c\n", 1+rng.IntN(id))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
