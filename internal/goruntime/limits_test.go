package goruntime

import (
	"fmt"
	"testing"
)

func TestStackLimitByRelease(t *testing.T) {
	for minor := OldestLimit; minor <= NewestLimit; minor++ {
		want, wantHeap := 32, 32
		if minor >= 23 {
			want, wantHeap = 128, 128
		}
		if minor >= 26 {
			wantHeap = 130
		}
		if got := StackLimit(false, minor); got != want {
			t.Errorf("go1.%d: limit %d, want %d", minor, got, want)
		}
		if got := StackLimit(true, minor); got != wantHeap {
			t.Errorf("go1.%d: heap limit %d, want %d", minor, got, wantHeap)
		}
	}
}

func TestHiddenFramesByState(t *testing.T) {
	for state, want := range map[string]string{
		"running": "[0 1]", "syscall": "[0]", "sleep": "[1]", "semacquire": "[2]", "chan receive": "[3]", "runnable": "[0 2]",
		"a state of another release": "[0 1 2 3]",
	} {
		if got := fmt.Sprint(HiddenFrames(state)); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}

func TestKnownRoots(t *testing.T) {
	for name, want := range map[string]bool{
		"runtime.main": true, "net/http.(*conn).serve": true, "main.captureContention.gowrap1": true,
		"main.run.gowrap12": true, "main.gowrapper": false, "main.main": false, "main.run.func1": false, "": false,
	} {
		if got := IsKnownRoot(name); got != want {
			t.Errorf("IsKnownRoot(%q) = %v", name, got)
		}
	}
}

func TestIsFramework(t *testing.T) {
	for name, want := range map[string]bool{
		"net/http.(*conn).serve": true, "runtime.mallocgc": true, "gogo": true, "sync.(*WaitGroup).Go.func1": true,
		"slices.SortFunc[go.shape.[]example.com/shop.Item,go.shape.int]":  true,
		"internal/sync.(*HashTrieMap[go.shape.string,go.shape.int]).Load": true,
		"google.golang.org/grpc.(*Server).handleStream":                   true,
		"google.golang.org/grpc/internal/transport.(*loopyWriter).run":    true,
		"google.golang.org/grpcx.Run":                                     false,
		"main.main":                                                       false,
		"main.sorted[go.shape.int]":                                       false,
		"biblio/internal/engine.(*Node).step":                             false,
		"example.com/net/http.Serve":                                      false,
	} {
		if got := IsFramework(name); got != want {
			t.Errorf("IsFramework(%q) = %v", name, got)
		}
	}
}
