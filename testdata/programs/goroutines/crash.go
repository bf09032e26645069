package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// The crashes expect GOTRACEBACK=all unless they say otherwise.

func panicPlain() {
	t := few()
	t.Format, t.Reason = "goroutine/panic", "panic: out of stock"
	note(t)
	panic("out of stock")
}

func panicAgain() {
	t := few()
	t.Format = "goroutine/panic"
	note(t)
	defer func() {
		e := recover()
		defer func() { panic("second") }()
		panic(e)
	}()
	panic(fmt.Errorf("first"))
}

func panicNil() {
	t := few()
	t.Format = "goroutine/panic"
	t.Reason = "panic: runtime error: invalid memory address or nil pointer dereference"
	note(t)
	var p *truth
	p.Goroutines++
}

// panicForged panics with a message that holds a record in a state that no panicking goroutine has.
func panicForged() {
	t := few()
	t.Format, t.Reason, t.Forged = "goroutine/panic", "panic: boom", "main.fake"
	note(t)
	panic("boom\n\ngoroutine 99 [fake]:\nmain.fake()\n\t/fake.go:1 +0x1\n\n" +
		"goroutine 98 [chan receive]:\nmain.fake(0x1)\n\t/fake.go:2 +0x1\ncreated by main.fake\n\t/fake.go:3 +0x1")
}

// panicForgedRunning forges the panicking goroutine too.
func panicForgedRunning() {
	t := few()
	t.Format, t.Reason, t.Forged = "goroutine/panic", "panic: boom", "main.fake"
	note(t)
	panic("boom\n\ngoroutine 99 [running]:\nmain.fake()\n\t/fake.go:1 +0x1\n\n" +
		"goroutine 98 [chan receive]:\nmain.fake(0x1)\n\t/fake.go:2 +0x1\ncreated by main.fake\n\t/fake.go:3 +0x1\nthe end")
}

// panicEmbedded panics with every stack in the message, as watchdogs do.
func panicEmbedded() {
	t := few()
	t.Format, t.Reason = "goroutine/panic", "panic: watchdog"
	note(t)
	buf := make([]byte, 1<<16)
	panic("watchdog\n\n" + string(buf[:runtime.Stack(buf, true)]))
}

func fatalDeadlock() {
	for i := 0; i < 3; i++ {
		go receive()
	}
	note(truth{
		Format: "goroutine/fatal", Reason: "fatal error: all goroutines are asleep - deadlock!",
		Goroutines: 4, Entries: map[string]int{"main.receive": 3},
	})
	<-keep
}

func fatalUnlock() {
	t := few()
	t.Format, t.Reason = "goroutine/fatal", "fatal error: sync: unlock of unlocked mutex"
	note(t)
	new(sync.Mutex).Unlock()
}

func fatalOverflow() {
	t := few()
	t.Format, t.Reason = "goroutine/fatal", "fatal error: stack overflow"
	// The runtime's own goroutines are printed as well.
	t.Goroutines = -1
	note(t)
	fmt.Fprintln(os.Stderr, overflow(1))
}

func overflow(n int) int { return overflow(n+1) + n }

// panicSpinning panics while a goroutine runs that cannot be stopped (GODEBUG=asyncpreemptoff=1).
func panicSpinning() {
	t := few()
	go spin()
	t.Goroutines++
	t.Unavailable = 1
	t.Format, t.Reason = "goroutine/panic", "panic: while another runs"
	time.Sleep(50 * time.Millisecond)
	note(t)
	panic("while another runs")
}

func spin() {
	for {
	}
}

// quit sends itself SIGQUIT. The runtime adds its own goroutines to the output.
func quit() {
	t := plant(10)
	t.Format, t.Reason = "goroutine/sigquit", "SIGQUIT: quit"
	t.Goroutines = -1
	t.States, t.Depths = nil, nil
	note(t)
	check(syscall.Kill(os.Getpid(), syscall.SIGQUIT))
	<-keep
}
