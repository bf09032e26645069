package evidence

import "testing"

func TestMinorInPath(t *testing.T) {
	rows := map[string]int{
		"/usr/local/go":                               0,
		"/usr/local/go1.22.5":                         22,
		"/home/u/sdk/go1.21rc2":                       21,
		"/usr/lib/go-1.19":                            19,
		"/opt/hostedtoolcache/go/1.22.5/x64":          22,
		"/opt/homebrew/Cellar/go@1.21/1.21.8/libexec": 21,
		"/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.1.linux-amd64": 27,
		"/nix/store/0abc-go-1.22.3/share/go":                                22,
		"/builds/mongo1.5/go":                                               0,
		"/builds/go1.15/cache/go1.25.0":                                     25,
		"":                                                                  0,
		"/go/1.":                                                            0,
		"go":                                                                0,
	}
	for path, want := range rows {
		if got := minorInPath(path); got != want {
			t.Errorf("minorInPath(%q) = %d, want %d", path, got, want)
		}
	}
}

func TestProfileGoVersion(t *testing.T) {
	trimmed := func(name string, line int64) Function {
		return Function{Name: name, File: "runtime/proc.go", StartLine: line}
	}
	rows := []struct {
		name     string
		p        Profile
		min, max int
	}{
		{"not a Go program", Profile{Functions: []Function{{Name: "main"}, {Name: "Java_runtime"}}}, 0, 0},
		{"gopark of go1.24", Profile{Functions: []Function{trimmed("runtime.gopark", 418)}}, 24, 24},
		{"two lines that two releases share", Profile{Functions: []Function{trimmed("runtime.main", 147), trimmed("net/http.(*conn).serve", 1937)}}, 23, 24},
		{"unknown line", Profile{Functions: []Function{trimmed("runtime.gopark", 9999)}}, 20, 0},
		{"no start lines, written by the runtime", Profile{Provenance: "runtime", Functions: []Function{trimmed("runtime.gopark", 0)}}, 0, 19},
		{"no start lines, written by a tool", Profile{Provenance: "re-encoded", Functions: []Function{trimmed("runtime.gopark", 0)}}, 0, 0},
		{"a function of go1.24", Profile{Functions: []Function{trimmed("runtime.main", 1), {Name: "internal/runtime/maps.(*Iter).Next"}}}, 24, 0},
		{"a closure of go1.20", Profile{Functions: []Function{trimmed("runtime.main", 0), {Name: "main.glob..func1"}}}, 0, 20},
		{"a wrapper of go1.22", Profile{Functions: []Function{trimmed("runtime.main", 0), {Name: "main.main.gowrap12"}}}, 22, 0},
		{"a merge of go1.22 and go1.27", Profile{Functions: []Function{trimmed("runtime.gopark", 385), trimmed("runtime.gopark", 457)}}, 22, 27},
		{"a path against a name", Profile{Functions: []Function{{Name: "runtime.main", File: "/usr/local/go1.22/src/runtime/proc.go"}, {Name: "internal/sync.(*Mutex).Lock"}}}, 22, 0},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			r.p.iterate = func(func(*Sample) bool) {}
			got := profileGoVersion(&r.p)
			if got.Min != r.min || got.Max != r.max {
				t.Errorf("got %+v, want %d to %d", got, r.min, r.max)
			}
		})
	}
}
