package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"
)

// labelled describes one way that work keeps or loses its labels.
type labelled struct {
	// Function burns and waits for nothing else.
	Function string `json:"function"`
	// Tenant says whether its samples carry the label "tenant".
	Tenant bool `json:"tenant"`
	// Cause as the analysis should name it where they do not, "" where they must not be judged.
	Cause string `json:"cause"`
}

const each = 160 * time.Millisecond

var (
	bg     = context.Background()
	tenant = pprof.Labels("tenant", "t1", "route", "GET /a/{id}")
)

// spell burns, tells that it is done, and waits for the capture of goroutines.
func spell(done, release chan bool) {
	burn(time.Now().Add(each))
	done <- true
	<-release
}

//go:noinline
func inherited(done, release chan bool) { spell(done, release) }

//go:noinline
func inDo(done, release chan bool) { spell(done, release) }

//go:noinline
func erased(done, release chan bool) { spell(done, release) }

//go:noinline
func detached(done, release chan bool) { spell(done, release) }

//go:noinline
func pooled(done, release chan bool) { spell(done, release) }

//go:noinline
func onTimer(done, release chan bool) { spell(done, release) }

//go:noinline
func otherKey(done, release chan bool) { spell(done, release) }

//go:noinline
func sibling(done, release chan bool) { spell(done, release) }

// worker runs jobs that others hand over: it was started before any of them set labels.
func worker(jobs chan func()) {
	for job := range jobs {
		job()
	}
}

// idleWorker waits for jobs that never come.
func idleWorker(jobs chan func()) {
	for job := range jobs {
		job()
	}
}

func captureLabels() {
	jobs := make(chan func())
	go worker(jobs)
	for i := 0; i < 3; i++ {
		go idleWorker(make(chan func()))
	}
	done, release := make(chan bool), make(chan bool)
	ways := []struct {
		labelled
		start func()
	}{
		{labelled{"main.inherited", true, ""}, func() {
			pprof.Do(bg, tenant, func(context.Context) { go inherited(done, release) })
		}},
		{labelled{"main.inDo", true, ""}, func() {
			go func() { pprof.Do(bg, tenant, func(context.Context) { inDo(done, release) }) }()
		}},
		{labelled{"main.erased", false, "inside-do"}, func() {
			go func() {
				pprof.Do(bg, tenant, func(context.Context) {
					pprof.SetGoroutineLabels(bg)
					erased(done, release)
				})
			}()
		}},
		{labelled{"main.detached", false, "inside-do"}, func() {
			go func() {
				pprof.Do(bg, tenant, func(context.Context) {
					pprof.Do(bg, pprof.Labels("step", "1"), func(context.Context) {})
					detached(done, release) // the inner Do restored what its context had: nothing
				})
			}()
		}},
		{labelled{"main.pooled", false, "never-labelled"}, func() {
			pprof.Do(bg, tenant, func(context.Context) { jobs <- func() { pooled(done, release) } })
		}},
		{labelled{"main.onTimer", false, "never-labelled"}, func() {
			pprof.Do(bg, tenant, func(context.Context) { time.AfterFunc(0, func() { onTimer(done, release) }) })
		}},
		{labelled{"main.otherKey", false, "other-labels"}, func() {
			pprof.Do(bg, pprof.Labels("job", "sweep"), func(context.Context) { go otherKey(done, release) })
		}},
		{labelled{"main.sibling", true, ""}, func() {
			pprof.Do(bg, tenant, func(context.Context) { go sibling(done, release) })
		}},
		{labelled{"main.sibling", true, ""}, func() {
			pprof.Do(bg, tenant, func(context.Context) { go sibling(done, release) })
		}},
		{labelled{"main.sibling", false, "mixed-entry"}, func() { go sibling(done, release) }},
		{labelled{"main.sibling", false, "mixed-entry"}, func() { go sibling(done, release) }},
	}
	var b bytes.Buffer
	check(pprof.StartCPUProfile(&b))
	for _, w := range ways {
		w.start()
		<-done
		facts.Labels = append(facts.Labels, w.labelled)
	}
	pprof.StopCPUProfile()
	check(os.WriteFile(filepath.Join(dir, "labels.cpu.pb.gz"), b.Bytes(), 0o644))
	time.Sleep(50 * time.Millisecond)
	write("labels.goroutine.pb.gz", "goroutine", 0)
	write("labels.goroutine.debug1.txt", "goroutine", 1)
	write("labels.goroutine.debug2.txt", "goroutine", 2)
	for range ways {
		release <- true
	}
}

// captureHealthy profiles a server whose handler does its work under labels: what is unlabelled is the
// runtime's and net/http's. The client sends enough for both to show.
func captureHealthy() {
	held := make(chan bool)
	handler := func(w http.ResponseWriter, r *http.Request) {
		pprof.Do(r.Context(), tenant, func(context.Context) {
			burn(time.Now().Add(4 * time.Millisecond))
			kept = append(kept[:0], make([]byte, 1<<20))
			if r.URL.Path == "/wait" {
				<-held
			}
		})
	}
	s := httptest.NewServer(http.HandlerFunc(handler))
	get := func(path string) {
		response, err := http.Get(s.URL + path)
		check(err)
		_, err = io.Copy(io.Discard, response.Body)
		check(err)
		response.Body.Close()
	}
	var b bytes.Buffer
	check(pprof.StartCPUProfile(&b))
	for i := 0; i < 150; i++ {
		get("/")
		if i%10 == 0 {
			runtime.GC()
		}
	}
	pprof.StopCPUProfile()
	check(os.WriteFile(filepath.Join(dir, "healthy.cpu.pb.gz"), b.Bytes(), 0o644))
	for i := 0; i < 3; i++ {
		go get("/wait")
	}
	time.Sleep(100 * time.Millisecond)
	write("healthy.goroutine.pb.gz", "goroutine", 0)
	write("healthy.goroutine.debug2.txt", "goroutine", 2)
	close(held)
}
