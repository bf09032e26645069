package evidence

import (
	"fmt"
	"strings"
)

// features is evidence of the Go release in a text, apart from its frames and states.
type features uint16

const (
	featGP              features = 1 << iota // gp= m= in headers
	featLeaked                               // "(leaked)"
	featDurable                              // "(durable)"
	featGroup                                // "synctest group N"
	featBubble                               // "synctest bubble N"
	featLabels26                             // labels inside the brackets
	featLabels27                             // labels after the brackets
	featCreatorID                            // "created by F in goroutine N"
	featCreatorBare                          // "created by F", F not of the runtime
	featElidedCount                          // "...N frames elided..."
	featElidedUncounted                      // "...additional frames elided..." in a goroutine's own stack
)

// bound is what one piece of evidence says of the release: 0 leaves a side open.
type bound struct {
	min, max int
	why      string
}

// featureBounds are the releases in which runtime/traceback.go prints each feature. What a
// panic message can spell, such as "[recovered, repanicked]" of go1.25, is not among them.
var featureBounds = []struct {
	feature features
	bound   bound
}{
	{featGP, bound{22, 0, "gp= in headers"}},
	{featLeaked, bound{26, 0, "(leaked) in headers"}},
	{featDurable, bound{25, 0, "(durable) in headers"}},
	{featGroup, bound{24, 24, "synctest group in headers"}},
	{featBubble, bound{25, 0, "synctest bubble in headers"}},
	{featLabels26, bound{26, 26, "labels inside the brackets of headers"}},
	{featLabels27, bound{27, 0, "labels after the brackets of headers"}},
	{featCreatorID, bound{21, 0, "created by ... in goroutine N"}},
	{featElidedCount, bound{21, 0, "...N frames elided..."}},
	{featElidedUncounted, bound{0, 20, "...additional frames elided..."}},
}

// stateBounds are the releases whose runtime/runtime2.go, waitReasonStrings, holds a state.
var stateBounds = map[string]bound{
	"timer goroutine (idle)":    {0, 19, ""},
	"sync.Mutex.Lock":           {20, 0, ""},
	"sync.RWMutex.RLock":        {20, 0, ""},
	"sync.RWMutex.Lock":         {20, 0, ""},
	"GC worker (active)":        {20, 0, ""},
	"flushing proc caches":      {22, 0, ""},
	"coroutine":                 {22, 0, ""},
	"GC weak to strong wait":    {23, 0, ""},
	"sync.WaitGroup.Wait":       {24, 0, ""},
	"synctest.Run":              {24, 0, ""},
	"synctest.Wait":             {24, 0, ""},
	"chan receive (synctest)":   {24, 24, ""},
	"chan send (synctest)":      {24, 24, ""},
	"select (synctest)":         {24, 24, ""},
	"GOMAXPROCS updater (idle)": {25, 0, ""},
	"cleanup wait":              {25, 0, ""},
	"leaked":                    {26, 0, ""},
	"waiting for cgo callback":  {26, 0, ""},
}

// creatorFeature says what a "created by" line tells of the release. Since go1.21 it names the goroutine,
// unless the creator ran on a thread's own stack, which has none: the runtime, and time.AfterFunc's
// timers.
func creatorFeature(fn []byte, creatorID uint64) features {
	switch s := string(fn); {
	case creatorID != 0:
		return featCreatorID
	case strings.HasPrefix(s, "runtime.") || strings.HasPrefix(s, "time.") || strings.HasPrefix(s, "_cgo"):
		return 0
	}
	return featCreatorBare
}

// versionBounds collects what the evidence says of the release.
type versionBounds struct{ low, high bound }

func (v *versionBounds) add(b bound) {
	if b.min > v.low.min {
		v.low = b
	}
	if b.max != 0 && (v.high.max == 0 || b.max < v.high.max) {
		v.high = b
	}
}

// result is empty where the evidence contradicts itself, as that of several programs in one log.
func (v *versionBounds) result() GoVersion {
	low, high := v.low, v.high
	if high.max != 0 && low.min > high.max {
		return GoVersion{}
	}
	why := ""
	switch {
	case low.min == 0 && high.max == 0:
	case low.why == high.why:
		why = fmt.Sprintf("%s (go1.%d)", low.why, low.min)
	case high.max == 0:
		why = fmt.Sprintf("%s (go1.%d or later)", low.why, low.min)
	case low.min == 0:
		why = fmt.Sprintf("%s (go1.%d or before)", high.why, high.max)
	default:
		why = fmt.Sprintf("%s (go1.%d or later); %s (go1.%d or before)", low.why, low.min, high.why, high.max)
	}
	return GoVersion{Min: low.min, Max: high.max, Why: why}
}

// goVersion bounds the release by everything that the text tells.
func (p *dumpReader) goVersion() GoVersion {
	var v versionBounds
	for i := range p.t.frames {
		v.add(frameBound(&p.t.frames[i]))
	}
	for _, f := range featureBounds {
		if p.features&f.feature != 0 {
			v.add(f.bound)
		}
	}
	switch p.features & (featCreatorBare | featCreatorID) {
	case featCreatorBare:
		v.add(bound{0, 20, "no goroutine named in created by"})
	case featCreatorBare | featCreatorID:
		if p.dump > 0 {
			return GoVersion{} // dumps of programs of both ages
		}
	}
	for _, s := range p.t.states {
		if b, ok := stateBounds[s]; ok {
			b.why = "state " + s
			v.add(b)
		}
	}
	return v.result()
}

// frameBound says what the name and the path of a frame tell of the release.
func frameBound(f *Frame) bound {
	if minor := gorootMinor(f); minor != 0 {
		return bound{minor, minor, "path " + f.File}
	}
	// A closure of a package-level variable: go1.21 renamed it.
	_, name, _ := strings.Cut(f.Func[strings.LastIndexByte(f.Func, '/')+1:], ".")
	switch {
	case strings.HasPrefix(name, "glob..func"):
		return bound{0, 20, "function " + f.Func}
	case strings.HasPrefix(name, "init.func"):
		return bound{21, 0, "function " + f.Func}
	case strings.HasPrefix(f.Func, "internal/sync."), strings.HasPrefix(f.Func, "internal/runtime/maps."),
		f.Func == "sync.runtime_SemacquireWaitGroup":
		return bound{24, 0, "function " + f.Func}
	case strings.HasPrefix(f.Func, "runtime.runFinalizers"), strings.HasPrefix(f.Func, "runtime.runCleanups"):
		return bound{25, 0, "function " + f.Func}
	}
	return bound{}
}

// gorootMinor returns N where f is a function of the runtime and its path names the release: GOROOT is
// ".../go1.N", ".../toolchain@v0.0.1-go1.N.P.linux-amd64" or ".../go-1.N". 0 if not.
func gorootMinor(f *Frame) int {
	if !strings.HasPrefix(f.Func, "runtime.") {
		return 0
	}
	root, _, ok := strings.Cut(f.File, "/src/runtime/")
	if !ok {
		return 0
	}
	dir := root[strings.LastIndexByte(root, '/')+1:]
	for _, mark := range []string{"go1.", "go-1."} {
		i := strings.Index(dir, mark)
		if i < 0 {
			continue
		}
		n, _, ok := cutUint([]byte(dir[i+len(mark):]))
		if ok && n < 1000 {
			return int(n)
		}
	}
	return 0
}
