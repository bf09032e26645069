package goruntime

// LimitCPU is the limit of CPU profiles in all releases, go1.18 to go1.27: runtime/cpuprof.go
// maxCPUProfStack. GODEBUG=profstackdepth does not change it.
const LimitCPU = 64

// LimitCustom is the limit of profiles made with pprof.NewProfile: runtime/pprof/pprof.go, (*Profile).Add,
// "stk := make([]uintptr, 32)", go1.18 to go1.27.
const LimitCustom = 32

// OldestLimit and NewestLimit are the minor versions of the releases whose limits were read and run.
const OldestLimit, NewestLimit = 18, 27

// MaxProfStackDepth is the highest limit that GODEBUG=profstackdepth can set: go1.23, runtime/mprof.go
// maxProfStackDepth.
const MaxProfStackDepth = 1024

// StackLimit returns how many logical frames, runtime.goexit included, a release records for a stack of a
// goroutine, goroutineleak, heap, allocs, mutex or block profile, unless GODEBUG=profstackdepth says
// otherwise.
//
//   - up to go1.22: 32, runtime/mprof.go maxStack, and StackRecord.Stack0 for goroutines
//   - from go1.23: 128, runtime/runtime1.go, the default of debug.profstackdepth
//   - heap and allocs from go1.26: 130, runtime/mprof.go mProf_Malloc, profstackdepth + 2
func StackLimit(heap bool, minor int) int {
	switch {
	case minor <= 22:
		return 32
	case heap && minor >= 26:
		return 130
	}
	return 128
}

// TextLimit is the number of physical frames that a goroutine's text shows up to go1.20, the innermost
// ones: runtime/traceback.go _TracebackMaxFrames. From go1.21 the text shows 50 frames at either end and
// the number of those between (runtime/traceback.go, tracebackInnerFrames and tracebackOuterFrames).
const TextLimit = 100

// HiddenFrames returns how many runtime frames, hidden from the text but counted by TextLimit, may be on
// top of a goroutine in a state, up to go1.20. Measured by running go1.18.10 and go1.20.14 with stacks of
// known depth; the frames are those of runtime.gopark and its callers. A runnable goroutine has none if it
// yielded (runtime.Gosched), two if it was preempted (runtime.asyncPreempt and asyncPreempt2); a running one
// has one if it panics (runtime.gopanic). For a
// state that was not measured all of these are possible.
func HiddenFrames(state string) []int {
	switch state {
	case "running":
		return []int{0, 1}
	case "syscall":
		return []int{0}
	case "sleep", "sync.Cond.Wait":
		return []int{1}
	case "select", "select (no cases)", "IO wait", "semacquire", "sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock":
		return []int{2}
	case "chan receive", "chan send", "chan receive (nil chan)", "chan send (nil chan)":
		return []int{3}
	case "runnable":
		return []int{0, 2}
	}
	return []int{0, 1, 2, 3}
}
