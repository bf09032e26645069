//go:build go1.25

package main

import (
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestBubble writes debug=2 of goroutines inside a synctest bubble, which only a test can make.
func TestBubble(t *testing.T) {
	*dir, *name = os.Getenv("SPECIMEN_DIR"), "bubble.debug2.txt"
	if *dir == "" {
		t.Skip("run by generate.sh")
	}
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan int)
		for range 3 {
			go inBubble(stop)
		}
		synctest.Wait()
		note(truth{
			Format: "goroutine/debug2", Goroutines: -1,
			Entries: map[string]int{"witnessmark.example/goroutines.inBubble": 3},
			States:  map[string]string{"witnessmark.example/goroutines.inBubble": "chan receive"},
			Bubbled: 3,
		})
		write("goroutine", 2)
		close(stop)
		time.Sleep(time.Second)
	})
}

func inBubble(stop chan int) { <-stop }
