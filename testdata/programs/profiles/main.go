// Command profiles writes a profile of every kind that runtime/pprof and net/http/pprof make, into the
// folder that its argument names, and a truth.json of what it did: the one thing a profile reader can be
// judged by. It builds with go1.18.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	httppprof "net/http/pprof"
)

// truth is what the program knows about one profile.
type truth struct {
	File  string `json:"file"`
	Kind  string `json:"kind"`
	Delta bool   `json:"delta"`
	Empty bool   `json:"empty"` // the profile has no sample
	// Bounds of the window, in Unix nanoseconds by the clock of the program.
	StartMin string `json:"start_min"`
	StartMax string `json:"start_max"`
	EndMin   string `json:"end_min"`
	EndMax   string `json:"end_max"`
	// Total is the sum of the first value, -1 where the program cannot know it.
	Total int64 `json:"total"`
	// Function stands in a sample whose labels are Labels, and that has at least MinDepth frames.
	Function string            `json:"function"`
	Labels   map[string]string `json:"labels"`
	MinDepth int               `json:"min_depth"`
}

type writer struct {
	dir   string
	truth struct {
		Go         string  `json:"go"`
		Provenance string  `json:"provenance"`
		Profiles   []truth `json:"profiles"`
	}
}

func (w *writer) add(name string, data []byte, t truth) {
	t.File = name + ".pb.gz"
	check(os.WriteFile(filepath.Join(w.dir, t.File), data, 0o644))
	w.truth.Profiles = append(w.truth.Profiles, t)
}

func main() {
	log.SetFlags(0)
	w := &writer{dir: os.Args[1]}
	w.truth.Go = runtime.Version()
	w.truth.Provenance = "runtime"
	check(os.MkdirAll(w.dir, 0o755))

	w.snapshot("mutex-empty", "mutex", truth{Kind: "contention", Empty: true})
	w.emptyCPU()
	w.cpu()
	w.heap()
	w.goroutines()
	w.contention()
	w.snapshot("threadcreate", "threadcreate", truth{Kind: "threadcreate", Total: int64(pprof.Lookup("threadcreate").Count())})
	w.custom()
	w.deltas()
	w.leaks()

	out, err := json.MarshalIndent(w.truth, "", "  ")
	check(err)
	check(os.WriteFile(filepath.Join(w.dir, "truth.json"), append(out, '\n'), 0o644))
}

// snapshot writes a named profile and bounds its time.
func (w *writer) snapshot(file, name string, t truth) {
	var buf bytes.Buffer
	before := now()
	check(pprof.Lookup(name).WriteTo(&buf, 0))
	after := now()
	t.StartMin, t.StartMax, t.EndMin, t.EndMax = before, after, before, after
	w.add(file, buf.Bytes(), t)
}

func (w *writer) profileCPU(file string, work func(), t truth) {
	var buf bytes.Buffer
	before := now()
	check(pprof.StartCPUProfile(&buf))
	work()
	stopping := now()
	pprof.StopCPUProfile()
	after := now()
	t.Kind, t.StartMin, t.StartMax, t.EndMin, t.EndMax, t.Total = "cpu", before, stopping, stopping, after, -1
	w.add(file, buf.Bytes(), t)
}

func (w *writer) emptyCPU() {
	w.profileCPU("cpu-empty", func() { time.Sleep(30 * time.Millisecond) }, truth{Empty: true})
}

// cpu burns under labels, at the bottom of a stack deeper than the 64 frames that are recorded.
func (w *writer) cpu() {
	labels := map[string]string{"route": "GET /a/{id}", "az": "us-east-1a", "empty": "", "中文": "值"}
	w.profileCPU("cpu", func() {
		set := pprof.Labels("route", labels["route"], "az", labels["az"], "empty", "", "中文", labels["中文"])
		pprof.Do(context.Background(), set, func(context.Context) { dive(100, func() { burn(300 * time.Millisecond) }) })
		for i := 0; i < 20; i++ {
			pprof.Do(context.Background(), pprof.Labels("span_id", fmt.Sprintf("%016x", 1<<60+i)), func(context.Context) {
				burn(12 * time.Millisecond)
			})
		}
	}, truth{Function: "main.burn", Labels: labels, MinDepth: 64})
}

var kept [][]byte

//go:noinline
func keep(size int) { kept = append(kept, make([]byte, size)) }

func (w *writer) heap() {
	dive(150, func() {
		for i := 0; i < 64; i++ {
			keep(128 << 10)
		}
	})
	runtime.GC()
	runtime.GC()
	w.snapshot("heap", "heap", truth{Kind: "heap", Total: -1, Function: "main.keep", MinDepth: 32})
	w.snapshot("allocs", "allocs", truth{Kind: "allocs", Total: -1, Function: "main.keep", MinDepth: 32})
}

//go:noinline
func park(release chan struct{}) { <-release }

func (w *writer) goroutines() {
	release := make(chan struct{})
	var started, done sync.WaitGroup
	labels := map[string]string{"worker": "deep", "tenant": "t-1"}
	for i := 0; i < 40; i++ {
		started.Add(1)
		done.Add(1)
		set := pprof.Labels("worker", "shallow", "tenant", "t-"+strconv.Itoa(i%4))
		depth := 1
		if i == 0 {
			set, depth = pprof.Labels("worker", "deep", "tenant", "t-1"), 200
		}
		go pprof.Do(context.Background(), set, func(context.Context) {
			defer done.Done()
			dive(depth, func() {
				started.Done()
				park(release)
			})
		})
	}
	started.Wait()
	time.Sleep(50 * time.Millisecond)
	w.snapshot("goroutine", "goroutine",
		truth{Kind: "goroutine", Total: int64(runtime.NumGoroutine()), Function: "main.park", Labels: labels, MinDepth: 31})
	close(release)
	done.Wait()
}

// contention makes goroutines wait for a lock, which one profile charges to who unlocks and the other to
// who waits.
func (w *writer) contention() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	contend()
	runtime.SetMutexProfileFraction(0)
	runtime.SetBlockProfileRate(0)
	w.snapshot("mutex", "mutex", truth{Kind: "mutex", Total: -1, Function: "main.contend"})
	w.snapshot("block", "block", truth{Kind: "block", Total: -1, Function: "main.contend"})
}

func contend() {
	var mu sync.Mutex
	var rw sync.RWMutex
	for i := 0; i < 4; i++ {
		mu.Lock()
		rw.Lock()
		var done sync.WaitGroup
		done.Add(2)
		go func() { defer done.Done(); mu.Lock(); mu.Unlock() }()
		go func() { defer done.Done(); rw.RLock(); rw.RUnlock() }()
		time.Sleep(5 * time.Millisecond)
		mu.Unlock()
		rw.Unlock()
		done.Wait()
	}
	ready := make(chan int)
	go func() { time.Sleep(5 * time.Millisecond); close(ready) }()
	select {
	case <-ready:
	case <-time.After(time.Minute):
	}
}

func (w *writer) custom() {
	p := pprof.NewProfile("shop.connections")
	for i := 0; i < 7; i++ {
		dive(60, func() { p.Add(new(int), 0) })
	}
	w.snapshot("custom", "shop.connections", truth{Kind: "custom", Total: 7, Function: "main.dive", MinDepth: 32})
}

// deltas asks the handlers of net/http/pprof for the change over a second.
func (w *writer) deltas() {
	for _, name := range []string{"heap", "allocs", "goroutine", "mutex"} {
		release := make(chan struct{})
		var done sync.WaitGroup
		done.Add(5)
		time.AfterFunc(300*time.Millisecond, func() {
			for i := 0; i < 5; i++ {
				go func() { park(release); done.Done() }()
			}
			keep(4 << 20)
			runtime.GC() // a heap profile shows what was allocated before the last collection but one
			runtime.GC()
		})
		rec := httptest.NewRecorder()
		before := now()
		httppprof.Handler(name).ServeHTTP(rec, httptest.NewRequest("GET", "/debug/pprof/"+name+"?seconds=1", nil))
		after := now()
		if rec.Code != 200 {
			log.Fatalf("%s delta: %d %s", name, rec.Code, rec.Body)
		}
		t := truth{Kind: name, Delta: true, StartMin: before, StartMax: after, EndMin: before, EndMax: after, Total: -1}
		switch name {
		case "goroutine":
			t.Total, t.Function = 5, "main.park"
		case "allocs": // the default sample type is lost: the bytes are those of a heap profile
			t.Kind = "heap"
		case "mutex":
			t.Kind, t.Empty = "contention", true
		}
		w.add(name+".delta", rec.Body.Bytes(), t)
		close(release)
		done.Wait()
		time.Sleep(50 * time.Millisecond) // or the next profile would still count them
	}
}

// leaks writes the profile of leaked goroutines, where the release has it.
func (w *writer) leaks() {
	if pprof.Lookup("goroutineleak") == nil {
		return
	}
	for i := 0; i < 3; i++ {
		go park(make(chan struct{}))
	}
	time.Sleep(50 * time.Millisecond)
	w.snapshot("goroutineleak", "goroutineleak", truth{Kind: "goroutineleak", Total: 3, Function: "main.park"})
}

// dive calls work under n frames of itself.
//
//go:noinline
func dive(n int, work func()) {
	if n > 0 {
		dive(n-1, work)
		return
	}
	work()
}

var waste float64

//go:noinline
func burn(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		for i := 0; i < 10000; i++ {
			waste += float64(i) * 1.0001
		}
	}
}

func now() string { return strconv.FormatInt(time.Now().UnixNano(), 10) }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
