package main

import (
	"bytes"
	"context"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

// parked describes goroutines that wait.
type parked struct {
	// Entry is the function that the go statement called.
	Entry string `json:"entry"`
	// Frames counts the frames of the program, Depth those of the runtime besides, runtime.goexit not
	// among them.
	Frames int    `json:"frames"`
	Depth  int    `json:"depth"`
	State  string `json:"state"` // as a dump prints it
	Hidden int    `json:"hidden"`
	// Leaf is the innermost function of the program.
	Leaf string `json:"leaf"`
}

var (
	never   = make(chan int)
	never2  = make(chan int)
	nobody  = make(chan int) // received from by nobody
	held    sync.Mutex
	waiting sync.Cond
	group   sync.WaitGroup
)

// Each function that waits has one frame; what waits in it is what the runtime parks at.

//go:noinline
func wait(how string) {
	switch how {
	case "receive":
		<-never
	case "send":
		nobody <- 1
	case "select":
		select {
		case <-never:
		case <-never2:
		}
	case "select{}":
		select {}
	case "sleep":
		time.Sleep(time.Hour)
	case "mutex":
		held.Lock()
	case "cond":
		waiting.L.Lock()
		waiting.Wait()
	case "group":
		group.Wait()
	case "nil":
		var c chan int
		<-c
	case "spin":
		for {
			runtime.Gosched()
		}
	}
}

//go:noinline
func dive(n int, how string) {
	if n > 1 {
		dive(n-1, how)
		return
	}
	wait(how)
}

// enter is an entry function: it is never called.
//
//go:noinline
func enter(n int, how string) { dive(n, how) }

// lone is the entry function of one goroutine.
//
//go:noinline
func lone(n int, how string) { dive(n, how) }

// recurse is an entry function that calls itself.
//
//go:noinline
func recurse(n int, how string) {
	if n > 1 {
		recurse(n-1, how)
		return
	}
	wait(how)
}

// twice is inlined into turn: one physical frame is two logical ones.
func twice(n int, how string) { turn(n-1, how) }

//go:noinline
func turn(n int, how string) {
	if n > 1 {
		twice(n, how)
		return
	}
	wait(how)
}

//go:noinline
func enterTurn(n int, how string) { turn(n, how) }

// flat is inlined into enterFlat, so the two are one physical frame: a stack cut between them gets
// enterFlat back when it is written.
func flat(n int, how string) { dive(n, how) }

//go:noinline
func enterFlat(n int, how string) { flat(n, how) }

// waits says what the runtime adds to a stack that waits: the frames that profiles show, and how many
// of them a dump up to go1.20 hides and yet counts.
var waits = map[string]struct {
	state  string
	frames int // in a goroutine profile; 0 where it is not worth knowing
	hidden int
}{
	"receive":  {"chan receive", 3, 3}, // gopark, chanrecv, chanrecv1
	"send":     {"chan send", 3, 3},
	"select":   {"select", 2, 2}, // gopark, selectgo
	"select{}": {"select (no cases)", 2, 2},
	"sleep":    {"sleep", 0, 1}, // time.Sleep is runtime.timeSleep, and is shown
	"mutex":    {"semacquire", 0, 2},
	"cond":     {"sync.Cond.Wait", 0, 1},
	"group":    {"semacquire", 0, 2},
	"nil":      {"chan receive (nil chan)", 3, 3},
	"spin":     {"runnable", 0, 0},
}

// park starts a goroutine whose stack has frames frames of the program, its entry and wait among them.
func park(entry string, frames int, how string) {
	w := waits[how]
	switch entry {
	case "main.enter":
		go enter(frames-2, how)
	case "main.lone":
		go lone(frames-2, how)
	case "main.enterFlat":
		go enterFlat(frames-3, how)
	case "main.recurse":
		go recurse(frames-1, how)
	case "main.enterTurn":
		// entry, k turns with k-1 inlined calls between them, wait
		go enterTurn((frames-1)/2, how)
	}
	p := parked{Entry: entry, Frames: frames, State: w.state, Hidden: w.hidden, Leaf: "main.wait"}
	if w.frames > 0 {
		p.Depth = frames + w.frames
	}
	facts.Parked = append(facts.Parked, p)
}

func captureStacks() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	captureContention()
	runtime.SetMutexProfileFraction(0)
	runtime.SetBlockProfileRate(0)

	held.Lock()
	waiting.L = new(sync.Mutex)
	group.Add(1)
	// Short stacks teach what the entries are; then around the limit, L-1, L and L+1 being the cases.
	for _, entry := range []string{"main.enter", "main.recurse"} {
		for _, depth := range []int{8, facts.Limit - 2, facts.Limit - 1, facts.Limit, facts.Limit + 1, facts.Limit + 40} {
			park(entry, depth-3, "receive")
		}
	}
	park("main.lone", facts.Limit-3, "receive")
	park("main.enterFlat", facts.Limit-2, "receive")
	park("main.enterTurn", 9, "receive")
	park("main.enterTurn", facts.Limit+31, "receive")
	time.Sleep(200 * time.Millisecond)
	write("goroutine.pb.gz", "goroutine", 0)
	write("goroutine.debug1.txt", "goroutine", 1)

	// The dump has a limit of its own: 100 frames.
	facts.DumpOnly = len(facts.Parked)
	for _, how := range []string{"receive", "send", "select", "select{}", "sleep", "mutex", "cond", "group", "nil", "spin"} {
		for _, frames := range []int{99 - waits[how].hidden, 100 - waits[how].hidden, 101 - waits[how].hidden, 150} {
			park("main.enter", frames, how)
		}
	}
	time.Sleep(200 * time.Millisecond)
	write("goroutine.debug2.txt", "goroutine", 2)

	captureCPU()
	captureHeap()
	captureCustom()
}

// captureDeeper makes a goroutine profile for a run with GODEBUG=profstackdepth=200.
func captureDeeper() {
	for i := 0; i < 3; i++ {
		for _, depth := range []int{8, 150, 199, 201, 260 + i} {
			park("main.recurse", depth-3, "receive")
			park("main.enter", depth-3, "receive")
		}
	}
	time.Sleep(200 * time.Millisecond)
	write("depth200.pb.gz", "goroutine", 0)
}

var sink uint64

//go:noinline
func burn(until time.Time) {
	for time.Now().Before(until) {
		for i := uint64(0); i < 100000; i++ {
			sink += i * sink
		}
	}
}

//go:noinline
func diveBurn(n int, until time.Time) {
	if n > 1 {
		diveBurn(n-1, until)
		return
	}
	burn(until)
}

//go:noinline
func enterBurn(n int) { diveBurn(n, time.Now().Add(250*time.Millisecond)) }

func captureCPU() {
	var b bytes.Buffer
	check(pprof.StartCPUProfile(&b))
	for _, depth := range []int{5, 63, 64, 65, 100} {
		facts.CPU = append(facts.CPU, depth)
		done := make(chan bool)
		set := pprof.Labels("depth", strconv.Itoa(depth))
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), set))
		// The closure is the root; under it enterBurn, dives, burn.
		go func() {
			enterBurn(depth - 3)
			done <- true
		}()
		pprof.SetGoroutineLabels(context.Background())
		<-done
	}
	pprof.StopCPUProfile()
	check(os.WriteFile(filepath.Join(dir, "cpu.pb.gz"), b.Bytes(), 0o644))
}

var kept []interface{}

//go:noinline
func keepBytes(n int) { kept = append(kept, make([]byte, n)) }

//go:noinline
func keepMap() {
	m := map[int]int{}
	for i := 0; i < 5000; i++ {
		m[i] = rand.Int()
	}
	kept = append(kept, m)
}

//go:noinline
func diveKeep(n int, keep func()) {
	if n > 1 {
		diveKeep(n-1, keep)
		return
	}
	keep()
}

//go:noinline
func enterKeep(n int, keep func(), done chan bool) {
	diveKeep(n, keep)
	done <- true
}

func captureHeap() {
	done := make(chan bool)
	for _, n := range []int{1, facts.Limit - 5, facts.Limit - 2, facts.Limit + 1, facts.Limit + 50} {
		go enterKeep(n, func() { keepBytes(2 << 20) }, done)
		<-done
	}
	go enterKeep(facts.Limit+50, keepMap, done)
	<-done
	runtime.GC()
	write("heap.pb.gz", "heap", 0)
	write("heap.debug1.txt", "heap", 1)
	kept = nil
}

//go:noinline
func contend(n int, lock *sync.Mutex) {
	if n > 1 {
		contend(n-1, lock)
		return
	}
	lock.Lock()
	time.Sleep(2 * time.Millisecond)
	lock.Unlock()
}

//go:noinline
func enterContend(n int, lock *sync.Mutex, done *sync.WaitGroup) {
	contend(n, lock)
	done.Done()
}

func captureContention() {
	for _, n := range []int{1, facts.Limit - 8, facts.Limit + 20} {
		var lock sync.Mutex
		var done sync.WaitGroup
		done.Add(4)
		for i := 0; i < 4; i++ {
			go enterContend(n, &lock, &done)
		}
		done.Wait()
	}
	write("mutex.pb.gz", "mutex", 0)
	write("mutex.debug1.txt", "mutex", 1)
	write("block.pb.gz", "block", 0)
}

//go:noinline
func addTo(p *pprof.Profile, n int, value interface{}) {
	if n > 1 {
		addTo(p, n-1, value)
		return
	}
	p.Add(value, 0)
}

//go:noinline
func enterAdd(p *pprof.Profile, n int, done chan bool) {
	addTo(p, n, n)
	done <- true
}

func captureCustom() {
	p := pprof.NewProfile("leases")
	done := make(chan bool)
	for _, n := range []int{1, 29, 30, 31, 50} {
		go enterAdd(p, n, done)
		<-done
	}
	write("custom.pb.gz", "leases", 0)
	write("threadcreate.pb.gz", "threadcreate", 0)
}
