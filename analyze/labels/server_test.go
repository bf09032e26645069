package labels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/witnessmark/witnessmark/analyze"
)

// cpuProfile writes a CPU profile to a file: by stack (innermost first), how many samples carry the route and how many do not.
func cpuProfile(t *testing.T, stacks map[string][2]int64) string {
	t.Helper()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 1e7, TimeNanos: 1e18,
	}
	for stack, counts := range stacks {
		var locations []*profile.Location
		for name := range strings.FieldsSeq(stack) {
			f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name}
			l := &profile.Location{ID: f.ID, Address: f.ID, Line: []profile.Line{{Function: f, Line: 1}}}
			p.Function, p.Location, locations = append(p.Function, f), append(p.Location, l), append(locations, l)
		}
		for i, n := range counts {
			s := &profile.Sample{Location: locations, Value: []int64{n, n * 1e7}}
			if i == 0 {
				s.Label = map[string][]string{"route": {"Take"}}
			}
			if n > 0 {
				p.Sample = append(p.Sample, s)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "cpu.pb.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestServersClaimNoMoreThanIsSeen: what handlers start is not counted under their server.
func TestServersClaimNoMoreThanIsSeen(t *testing.T) {
	const (
		web = "main.work net/http.serverHandler.ServeHTTP net/http.(*conn).serve"
		rpc = "main.work google.golang.org/grpc.(*Server).processUnaryRPC google.golang.org/grpc.(*Server).serveStreams.func2.1"
	)
	for _, tt := range []struct {
		name         string
		stacks       map[string][2]int64
		message, fix string
	}{
		{"nothing carries it", map[string][2]int64{web: {0, 40}},
			"no work of which was seen with it", "Nothing here shows that handlers of this server set the label: wrap the server once, in a middleware"},
		{"others carry it", map[string][2]int64{web: {0, 40}, "main.spin main.helper": {13, 0}, "main.spin main.old": {17, 0}},
			"no work of which was seen with it, while what was started with other functions was (17 main.old, 13 main.helper): its handlers may have started that, under labels",
			"Handlers may set the label for some requests, or for a part of their work, only: wrap the server once, in a middleware"},
		{"gRPC", map[string][2]int64{rpc: {0, 40}, "main.spin main.helper": {12, 0}},
			"(12 main.helper): its handlers may have started that, under labels", "for a part of their work, only: wrap the server once, in an interceptor, unary and stream"},
		{"the server itself carries it", map[string][2]int64{web: {20, 20}},
			"other work of which carries it", "for a part of their work, only: wrap the server once, in a middleware"},
		{"a function of the program", map[string][2]int64{"main.spin main.worker": {0, 40}, "main.spin main.helper": {13, 0}},
			"no work of which was seen with it, as of code that is started outside of labelled code and sets no labels itself", "Look where main.worker is started"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, []string{"route"}, cpuProfile(t, tt.stacks))
			if len(res.Findings) != 1 {
				t.Fatalf("%d findings, want 1", len(res.Findings))
			}
			f := res.Findings[0]
			if !strings.HasSuffix(f.Message, tt.message) || !strings.Contains(f.Fix, tt.fix) || f.Basis != analyze.Heuristic {
				t.Errorf("%s: %s\nfix %s\nwant …%s\nfix %s", f.Basis, f.Message, f.Fix, tt.message, tt.fix)
			}
		})
	}
}

// TestCaptureServersThatLabelAPart: in these, handlers start labelled goroutines.
func TestCaptureServersThatLabelAPart(t *testing.T) {
	if _, err := os.Stat(captures); err != nil {
		t.Skip("no captures beside the tree")
	}
	for process, want := range map[string]string{
		"members-0": "(17 biblio/internal/bench.(*Desk).oldCardLoop, 13 biblio/internal/bench.(*Desk).helper)",
		"shelves-0": "(26 of cut stacks, 15 runtime.corostart, 12 biblio/internal/bench.(*Desk).helper)",
	} {
		found := false
		for _, f := range run(t, []string{"route"}, captures+"labels/profiles/"+process).Findings {
			if !strings.HasPrefix(f.Subject["entry"], "net/http.") && !strings.HasPrefix(f.Subject["entry"], "google.golang.org/grpc.") {
				continue
			}
			found = true
			if !strings.Contains(f.Message, want) || strings.Contains(f.Fix, "Nothing here shows") {
				t.Errorf("%s: %s\nfix %s\nwant %s", process, f.Message, f.Fix, want)
			}
		}
		if !found {
			t.Errorf("%s: no finding of its server", process)
		}
	}
}
