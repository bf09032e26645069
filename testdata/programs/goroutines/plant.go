package main

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	nothing chan int // nil: blocks for ever
	mu      sync.Mutex
	rw      sync.RWMutex
	wg      sync.WaitGroup
	cond    = sync.NewCond(new(sync.Mutex))
	keep    = make(chan int)
	pipes   []*os.File
)

func receive()    { <-keep }
func send()       { make(chan int) <- 1 }
func receiveNil() { <-nothing }
func sendNil()    { nothing <- 1 }
func noCases()    { select {} }
func sleep()      { time.Sleep(time.Hour) }
func lock()       { mu.Lock() }
func readLock()   { rw.RLock() }
func wait()       { wg.Wait() }

func twoCases() {
	select {
	case <-keep:
	case nothing <- 1:
	}
}

func condWait() {
	cond.L.Lock()
	cond.Wait()
}

// ioWait reads from a pipe through the poller, sysCall past it.
func ioWait() {
	r, w, err := os.Pipe()
	check(err)
	pipes = append(pipes, r, w)
	r.Read(make([]byte, 1))
}

func sysCall() {
	var p [2]int
	check(syscall.Pipe(p[:]))
	syscall.Read(p[0], make([]byte, 1))
}

func locked() {
	runtime.LockOSThread()
	<-keep
}

// deep and shallow block below 150 and 40 further calls.
func deep()    { dive(150) }
func shallow() { dive(40) }

//go:noinline
func dive(n int) int {
	if n == 1 {
		<-keep
		return 0
	}
	return dive(n-1) + 1
}

// middle starts a goroutine, so that it is an ancestor.
func middle() {
	go child()
	<-keep
}

func child() { <-keep }

type sort struct {
	entry func()
	name  string
	n     int
	state string // where it is the same in every release
	depth int
}

var sorts = []sort{
	{receive, "main.receive", 6, "chan receive", 1},
	{send, "main.send", 3, "chan send", 1},
	{receiveNil, "main.receiveNil", 2, "chan receive (nil chan)", 1},
	{sendNil, "main.sendNil", 1, "chan send (nil chan)", 1},
	{twoCases, "main.twoCases", 3, "select", 1},
	{noCases, "main.noCases", 2, "select (no cases)", 1},
	{sleep, "main.sleep", 2, "sleep", 0},
	{lock, "main.lock", 3, "", 0},
	{readLock, "main.readLock", 2, "", 0},
	{wait, "main.wait", 2, "", 0},
	{condWait, "main.condWait", 2, "sync.Cond.Wait", 0},
	{ioWait, "main.ioWait", 1, "IO wait", 0},
	{sysCall, "main.sysCall", 1, "syscall", 0},
	{locked, "main.locked", 2, "chan receive", 1},
	{deep, "main.deep", 1, "chan receive", 151},
	{shallow, "main.shallow", 1, "chan receive", 41},
	{middle, "main.middle", 1, "chan receive", 1},
}

// labelSets are carried by two goroutines each, which run main.receive. Their text is what a parser that
// looks for the next brace, quote or bracket trips over.
var labelSets = [][]string{
	{"tenant", "acme"},
	{"route", "GET /a/{id}", "tenant", "acme"},
	{"tricky", "x}]:\n\ngoroutine 99 [running]:\nmain.fake()\n\t/fake.go:1 +0x1"},
	{"quote", `a "b" \c`, "", "emptykey", "empty", ""},
	{"text", "值, {}", "control", "\x00\x01\t\x7f"},
}

// plant starts every sort of goroutine that has at most maxDepth frames of the program's own, and returns
// what there is then.
func plant(maxDepth int) truth {
	mu.Lock()
	rw.Lock()
	wg.Add(1)
	t := truth{
		Goroutines: 1,
		Entries:    map[string]int{},
		States:     map[string]string{},
		Depths:     map[string]int{},
		Labels:     map[string]int{},
		Locked:     2,
	}
	for _, s := range sorts {
		if s.depth > maxDepth {
			continue
		}
		for i := 0; i < s.n; i++ {
			go s.entry()
		}
		t.Entries[s.name] = s.n
		t.Goroutines += s.n
		if s.state != "" {
			t.States[s.name] = s.state
		}
		if s.depth > 0 {
			t.Depths[s.name] = s.depth
		}
	}
	t.Entries["main.child"] = 1
	t.States["main.child"] = "chan receive"
	t.Goroutines++
	if strings.Contains(os.Getenv("GODEBUG"), "tracebackancestors") {
		t.Ancestors = t.Goroutines - 1 + 2*len(labelSets)
	}
	for _, kv := range labelSets {
		start := labels(kv...)
		start(receive)
		start(receive)
		set := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			set[kv[i]] = kv[i+1]
		}
		text, err := json.Marshal(set)
		check(err)
		t.Labels[string(text)] = 2
		t.Entries["main.receive"] += 2
		t.Goroutines += 2
	}
	settle()
	return t
}

// few starts three goroutines, for output in which they are not the point.
func few() truth {
	for i := 0; i < 3; i++ {
		go receive()
	}
	settle()
	return truth{
		Goroutines: 4,
		Entries:    map[string]int{"main.receive": 3},
		States:     map[string]string{"main.receive": "chan receive"},
	}
}
