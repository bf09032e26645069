package evidence

import (
	"fmt"
	"strings"

	"github.com/witnessmark/witnessmark/internal/goruntime"
)

// goEvidence gathers what a profile shows about the release that wrote it. Nothing in a profile states
// it. Each piece of evidence is a range of minor versions, 0 where it is open; of all pieces only the
// highest lower bound and the lowest upper bound count, and the piece that set each is the reason.
type goEvidence struct{ low, high goBound }

type goBound struct {
	minor int // 0 if nothing bounds this side
	other int // the other side of the piece that set it
	why   string
}

// bound takes one piece of evidence. Earlier pieces win ties, so the strongest come first.
func (e *goEvidence) bound(low, high int, format string, args ...any) {
	setLow := low != 0 && (low > e.low.minor || low == e.low.minor && high != 0 && (e.low.other == 0 || high < e.low.other))
	setHigh := high != 0 && (e.high.minor == 0 || high < e.high.minor || high == e.high.minor && low > e.high.other)
	if !setLow && !setHigh {
		return
	}
	why := fmt.Sprintf(format, args...)
	if setLow {
		e.low = goBound{low, high, why}
	}
	if setHigh {
		e.high = goBound{high, low, why}
	}
}

// version returns the result. Where evidence disagrees, as in a merge of profiles of two builds, the
// range reaches from the oldest release shown to the newest.
func (e *goEvidence) version() GoVersion {
	v := GoVersion{Min: e.low.minor, Max: e.high.minor, Why: e.low.why}
	if e.high.why != "" && e.high.why != e.low.why {
		v.Why = strings.TrimPrefix(v.Why+"; "+e.high.why, "; ")
	}
	if v.Max != 0 && v.Min > v.Max {
		v.Min, v.Max = e.high.other, e.low.other
		v.Why = "evidence of more than one release: " + v.Why
	}
	return v
}

// profileGoVersion bounds the release that wrote a protobuf profile.
func profileGoVersion(p *Profile) GoVersion {
	var e goEvidence
	lines := map[string][]int64{} // start lines by function of the table, in file order
	for _, name := range goruntime.Functions() {
		lines[name] = nil
	}
	anyStart, anyGo := false, false
	for _, f := range p.Functions {
		anyStart = anyStart || f.StartLine != 0
		anyGo = anyGo || strings.HasPrefix(f.Name, "runtime.")
		if known, ok := lines[f.Name]; ok {
			lines[f.Name] = append(known, f.StartLine)
		}
	}
	if !anyGo {
		return GoVersion{}
	}
	for _, f := range p.Functions {
		if goroot, ok := gorootOf(f); ok {
			if minor := minorInPath(goroot); minor != 0 {
				e.bound(minor, minor, "the source of %s is under %s", f.Name, goroot)
			}
		}
	}
	for _, name := range goruntime.Functions() {
		for _, line := range lines[name] {
			if r, ok := goruntime.ByStartLine(name, line); ok {
				e.bound(r.Min, r.Max, "%s starts at line %d (%s)", name, line, r.Text)
			}
		}
	}
	for _, f := range p.Functions {
		if low, high, why := featureOf(f.Name); why != "" {
			e.bound(low, high, "%s is a name of %s", f.Name, why)
		}
	}
	switch {
	case anyStart:
		e.bound(20, 0, "functions have start lines (go1.20 and later)")
	case p.Provenance == "runtime":
		e.bound(0, 19, "no function has a start line (go1.19 and earlier)")
	}
	if e.low.minor < 23 {
		stackFeatures(p, &e)
	}
	return e.version()
}

// stackFeatures looks for what the stacks themselves tell. Up to go1.22 the runtime records 32 program
// counters, and never more locations than that (runtime/mprof.go, maxStack; since go1.23 maxProfStackDepth);
// only CPU profiles had 64 all along. Since go1.23 stacks of threadcreate end in zeros (runtime/mprof.go,
// ThreadCreateProfile), which runtime/pprof decrements.
func stackFeatures(p *Profile, e *goEvidence) {
	switch p.Kind {
	case KindCPU, KindCustom, KindUnknown:
		return
	}
	deep, padded := false, false
	for s := range p.Samples() {
		deep = deep || len(s.Locations) > 32
		for _, l := range s.Locations {
			padded = padded || p.Kind == KindThreadCreate && l >= 0 && p.Locations[l].Addr == ^uint64(0)
		}
	}
	if padded {
		e.bound(23, 0, "thread creation stacks are padded with zeros (go1.23 and later)")
	} else if deep {
		e.bound(23, 0, "a stack has more than 32 locations (go1.23 and later)")
	}
}

// featureOf returns the releases whose compiler or standard library has such a function name.
func featureOf(name string) (low, high int, why string) {
	switch {
	case strings.HasPrefix(name, "internal/runtime/maps."), strings.HasPrefix(name, "internal/sync."),
		name == "sync.runtime_SemacquireWaitGroup":
		return 24, 0, "go1.24 and later"
	case name == "runtime.runFinalizers", name == "runtime.runCleanups":
		return 25, 0, "go1.25 and later"
	case strings.Contains(name, ".glob..func"):
		return 0, 20, "go1.20 and earlier"
	case strings.Contains(name, "·dwrap·"):
		return 0, 21, "go1.21 and earlier"
	case strings.HasSuffix(strings.TrimRight(name, "0123456789"), ".gowrap"):
		return 22, 0, "go1.22 and later"
	}
	return 0, 0, ""
}

// gorootOf returns the GOROOT that the file name of a function of package runtime shows. Builds with
// -trimpath show none.
func gorootOf(f Function) (goroot string, ok bool) {
	if !strings.HasPrefix(f.Name, "runtime.") {
		return "", false
	}
	goroot, _, ok = strings.Cut(f.File, "/src/runtime/")
	return goroot, ok
}

// minorInPath returns N of a "go1.N", "go/1.N", "go-1.N" or "go@1.N" in a path, 0 if there is none: as in
// /usr/local/go1.22.5, .../golang.org/toolchain@v0.0.1-go1.22.5.linux-amd64, /opt/hostedtoolcache/go/1.22.5/x64.
// The last one counts, since folders above may be named for anything.
func minorInPath(path string) int {
	minor := 0
	for i := 0; i+2 < len(path); i++ {
		if path[i:i+2] != "go" || i > 0 && isLetter(path[i-1]) {
			continue
		}
		rest := path[i+2:]
		if rest[0] == '/' || rest[0] == '-' || rest[0] == '@' {
			rest = rest[1:]
		}
		digits, ok := strings.CutPrefix(rest, "1.")
		if !ok {
			continue
		}
		n, k := 0, 0
		for k < len(digits) && k < 3 && digits[k] >= '0' && digits[k] <= '9' {
			n = 10*n + int(digits[k]-'0')
			k++
		}
		if k > 0 && (k == len(digits) || !isLetter(digits[k]) || strings.HasPrefix(digits[k:], "rc") || strings.HasPrefix(digits[k:], "beta")) {
			minor = n
		}
	}
	return minor
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
