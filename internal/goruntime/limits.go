package goruntime

// LimitCPU is the limit of CPU profiles in all releases, go1.18 to go1.27: runtime/cpuprof.go
// maxCPUProfStack, from go1.23 runtime/cpuprof.go with the same value. GODEBUG=profstackdepth does not
// change it.
const LimitCPU = 64

// LimitCustom is the limit of profiles made with pprof.NewProfile: runtime/pprof/pprof.go, (*Profile).Add,
// "stk := make([]uintptr, 32)", go1.18 to go1.27.
const LimitCustom = 32

// StackLimit returns how many logical frames, runtime.goexit included, a release records for a stack of a
// goroutine, goroutineleak, heap, allocs, mutex or block profile, unless GODEBUG=profstackdepth says
// otherwise.
//
//   - up to go1.22: 32, runtime/mprof.go maxStack
//   - from go1.23: 128, runtime/runtime1.go, debug.profstackdepth (at most 1024)
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

// HiddenFrames returns how many runtime frames, hidden from the text but counted by TextLimit, are on top
// of a goroutine in a state, up to go1.20. ok is false for a state for which that was not measured.
// Measured by running go1.18.10 and go1.20.14 with stacks of known depth; the frames are those of
// runtime.gopark and its caller.
func HiddenFrames(state string) (n int, ok bool) {
	switch state {
	case "running", "syscall":
		return 0, true
	case "sleep", "sync.Cond.Wait":
		return 1, true
	case "select", "select (no cases)", "IO wait", "semacquire", "sync.Mutex.Lock", "sync.RWMutex.RLock", "sync.RWMutex.Lock":
		return 2, true
	case "chan receive", "chan send", "chan receive (nil chan)", "chan send (nil chan)":
		return 3, true
	}
	return 0, false
}
