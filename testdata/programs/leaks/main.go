// Command leaks captures its own goroutines three times, as text and as a profile, while some of them leak and others
// only work: the specimens of goroutines that never end.
//
//	go run . -o DIR leaking|healthy
//
// leaking: between captures goroutines are added that wait for a lock which is held, for a ticker that nobody stops, and
// for a channel that nobody else has. healthy: a pool of constant size, another that is filled before the second
// capture, and requests that come and go, more of them each time. Both have the pool and the requests.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

var (
	held sync.Mutex
	jobs = make(chan func())
	slow = make(chan func())
)

func visit() { held.Lock() }

func tick() {
	for range time.NewTicker(time.Hour).C {
	}
}

// wait leaves a goroutine that receives from a channel of its own.
func wait() {
	c := make(chan int)
	go receive(c)
}

func receive(c chan int) { <-c }

func work(of chan func()) {
	for f := range of {
		f()
	}
}

// request waits until it is told to end.
func request(done chan bool) { <-done }

var inFlight []chan bool

// requests makes n new ones, after those before have ended.
func requests(n int) {
	for _, c := range inFlight {
		close(c)
	}
	inFlight = nil
	for i := 0; i < n; i++ {
		c := make(chan bool)
		inFlight = append(inFlight, c)
		go request(c)
	}
}

func main() {
	out := flag.String("o", ".", "folder")
	flag.Parse()
	if err := os.MkdirAll(*out, 0o755); err != nil {
		log.Fatal(err)
	}
	held.Lock()
	for i := 0; i < 12; i++ {
		go work(jobs)
	}
	for round := 1; round <= 3; round++ {
		switch flag.Arg(0) {
		case "leaking":
			for i := 0; i < 6; i++ {
				go visit()
				go tick()
				wait()
			}
		case "healthy":
			if round == 2 {
				for i := 0; i < 9; i++ {
					go work(slow)
				}
			}
		}
		requests(7 * round)
		time.Sleep(300 * time.Millisecond)
		capture(*out, round)
	}
	if p := pprof.Lookup("goroutineleak"); p != nil {
		write(filepath.Join(*out, "goroutineleak.pb.gz"), p, 0)
	}
	runtime.KeepAlive(inFlight)
	held.Unlock()
}

func capture(out string, round int) {
	p, name := pprof.Lookup("goroutine"), filepath.Join(out, "goroutine."+strconv.Itoa(round))
	write(name+".debug2.txt", p, 2)
	write(name+".pb.gz", p, 0)
}

func write(name string, p *pprof.Profile, debug int) {
	f, err := os.Create(name)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.WriteTo(f, debug); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
