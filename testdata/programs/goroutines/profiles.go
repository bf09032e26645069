package main

import (
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"
)

// leak writes the leak profile, debug=1 under the name given and debug=2 beside it.
func leak() {
	for i := 0; i < 7; i++ {
		go abandoned()
	}
	go receive()
	settle()
	t := truth{Format: "goroutineleak/debug1", Goroutines: 7, Entries: map[string]int{"main.abandoned": 7}}
	note(t)
	write("goroutineleak", 1)
	*name = "goroutineleak.debug2.txt"
	t.Format, t.Leaked, t.Goroutines = "goroutine/debug2", 7, 9
	t.Entries["main.receive"] = 1
	note(t)
	write("goroutineleak", 2)
}

func abandoned() { <-make(chan int) }

// heap samples every allocation of hoard and waste, so that what they did is known to the byte, and few
// others, so that the specimen is small.
func heap() {
	// A collection would allocate in the name of whoever started it.
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 1
	for i := 0; i < 7; i++ {
		hoard()
	}
	for i := 0; i < 5; i++ {
		waste()
	}
	runtime.MemProfileRate = 512 << 10
	runtime.GC()
	note(truth{Format: "heap/debug1", Records: map[string]map[string]int64{
		"main.hoard": {"inuse_objects": 7, "inuse_space": 7 << 20, "alloc_objects": 7, "alloc_space": 7 << 20},
		"main.waste": {"inuse_objects": 0, "inuse_space": 0, "alloc_objects": 5, "alloc_space": 5 << 16},
	}})
	write("heap", 1)
	runtime.KeepAlive(hoarded)
}

var (
	hoarded = make([][]byte, 0, 7)
	wasted  []byte
)

//go:noinline
func hoard() { hoarded = append(hoarded, make([]byte, 1<<20)) }

//go:noinline
func waste() { wasted = make([]byte, 1<<16); wasted = nil }

// contended writes the mutex profile under the name given, and the block profile beside it.
func contended() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	var mu sync.Mutex
	for i := 0; i < 5; i++ {
		mu.Lock()
		done := make(chan bool)
		go waitForLock(&mu, done)
		time.Sleep(20 * time.Millisecond)
		release(&mu)
		<-done
	}
	note(truth{Format: "mutex/debug1", Records: map[string]map[string]int64{"main.release": {"contentions": 5}}})
	write("mutex", 1)
	*name = "block.debug1.txt"
	note(truth{Format: "block/debug1", Records: map[string]map[string]int64{"main.waitForLock": {"contentions": 5}}})
	write("block", 1)
}

func waitForLock(mu *sync.Mutex, done chan bool) {
	mu.Lock()
	mu.Unlock()
	close(done)
}

//go:noinline
func release(mu *sync.Mutex) { mu.Unlock() }

func threads() {
	note(truth{Format: "threadcreate/debug1"})
	write("threadcreate", 1)
}

const customName = "acme.example/open files"

func custom() {
	p := pprof.NewProfile(customName)
	for i := 0; i < 4; i++ {
		open(p, i)
	}
	note(truth{
		Format:  customName + "/debug1",
		Records: map[string]map[string]int64{"main.open": {customName: 4}},
	})
	write(customName, 1)
}

//go:noinline
func open(p *pprof.Profile, i int) { p.Add(i, 1) }
