package spans_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/rollout"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

// fleet runs the detectors over a generated fleet.
func fleet(t *testing.T, o rollout.Options) (*analyze.Result, rollout.Truth) {
	t.Helper()
	list, truth := rollout.Make(o)
	return run(t, load(t, tiny.JSON(list...)), analyze.Options{}), truth
}

func findings(r *analyze.Result, ids ...string) []analyze.Finding {
	var out []analyze.Finding
	for _, f := range r.Findings {
		if strings.Contains(strings.Join(ids, " "), f.ID) {
			out = append(out, f)
		}
	}
	return out
}

// TestContextLost compares what is found with what the generator did.
func TestContextLost(t *testing.T) {
	for name, o := range map[string]rollout.Options{
		"a new version":                  {Replaced: true, Deaf: true},
		"a new version of which clock":   {Replaced: true, Deaf: true, Ahead: 700_000_000},
		"a new version, busy":            {Replaced: true, Deaf: true, Gap: 8_000_000},
		"from the beginning":             {Deaf: true},
		"from the beginning, and losses": {Deaf: true, Lost: 0.1},
		"a new version, over HTTP":       {Replaced: true, Deaf: true, HTTP: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Seed, o.Requests = 3, 120
			r, truth := fleet(t, o)
			got := findings(r, "WM4004")
			if len(got) != 1 {
				t.Fatalf("findings %q, want one", lines(r, "WM4004"))
			}
			if diff := cmp.Diff(map[string]string{"service": "orders"}, got[0].Subject); diff != "" {
				t.Errorf("subject (-want +got):\n%s\n%s", diff, got[0].Message)
			}
			n, want := int(got[0].Measures[0].Value), truth.ToOrders+truth.ToStock
			if n > want || float64(n) < 0.9*(1-2*o.Lost)*float64(want) {
				t.Errorf("%d calls, want %d: %s", n, want, got[0].Message)
			}
			version := "orders 1.0.0"
			if o.Replaced {
				version = "orders 2.0.0"
			}
			if !strings.Contains(got[0].Message, version) {
				t.Errorf("the message does not name %s: %s", version, got[0].Message)
			}
			if !strings.HasSuffix(got[0].Message, " calls that do not involve it keep theirs") {
				t.Errorf("the message does not say what other calls do: %s", got[0].Message)
			}
			if m := measured(t, r, "hop.context_lost", "client", "gateway", "server", "users"); m.Value != 0 {
				t.Errorf("%v calls to users are said to lose their context", m.Value)
			}
			// A hop of which every call is cut is covered by nothing; it is not left out.
			if !o.Replaced && !o.HTTP {
				hop := []string{"client", "gateway", "server", "orders"}
				if c, n := measured(t, r, "hop.coverage", hop...), measured(t, r, "hop.calls", hop...); c.Value != 0 || int(n.Value) > truth.ToOrders || n.Value == 0 {
					t.Errorf("coverage %v of %v calls, want 0 of %d", c.Value, n.Value, truth.ToOrders)
				}
			}
		})
	}
}

// TestContextLostOnOneHop drops the header of some calls: no end of the hop is to blame alone.
func TestContextLostOnOneHop(t *testing.T) {
	r, truth := fleet(t, rollout.Options{Seed: 5, Requests: 150, Dropped: 0.2})
	got := findings(r, "WM4004")
	if len(got) != 1 {
		t.Fatalf("findings %q, want one", lines(r, "WM4004"))
	}
	if diff := cmp.Diff(map[string]string{"client": "gateway", "server": "orders"}, got[0].Subject); diff != "" {
		t.Errorf("subject (-want +got):\n%s", diff)
	}
	if n := int(got[0].Measures[0].Value); n != truth.ToOrders {
		t.Errorf("%d calls, want %d: %s", n, truth.ToOrders, got[0].Message)
	}
}

// TestContextKept accuses nobody where no context was lost, whatever else is wrong.
func TestContextKept(t *testing.T) {
	for name, o := range map[string]rollout.Options{
		"healthy":                             {},
		"rolled out without a fault":          {Replaced: true},
		"spans lost":                          {Lost: 0.3},
		"called from outside too":             {Outside: 2},
		"called from outside, and spans lost": {Outside: 2, Lost: 0.3},
		"the same, busy":                      {Outside: 2, Lost: 0.3, Gap: 5_000_000},
		"new traces on purpose":               {Linking: true},
		"killed":                              {Replaced: true, Killed: true},
		"over HTTP":                           {Outside: 2, Lost: 0.3, HTTP: true},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				o.Seed, o.Requests = seed, 100
				r, _ := fleet(t, o)
				if got := lines(r, "WM4004"); got != nil {
					t.Errorf("seed %d: %q", seed, got)
				}
			}
		})
	}
}

func TestHopMissing(t *testing.T) {
	for name, c := range map[string]struct {
		options rollout.Options
		subject map[string]string
		says    string
	}{
		"killed with its queue": {rollout.Options{Replaced: true, Killed: true},
			map[string]string{"client": "gateway", "service": "orders", "call": "shop.Orders/Place"}, "of version 2.0.0"},
		"never exported": {rollout.Options{Absent: true},
			map[string]string{"client": "gateway", "service": "shop.Orders", "call": "shop.Orders/Place"}, "nothing else in the input is of it"},
		"a proxy between": {rollout.Options{Proxied: true},
			map[string]string{"client": "gateway", "server": "orders", "call": "shop.Orders/Place"}, "pass through something"},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Seed, c.options.Requests = 2, 100
			r, truth := fleet(t, c.options)
			got := findings(r, "WM4005")
			if len(got) != 1 {
				t.Fatalf("findings %q, want one", lines(r, "WM4005"))
			}
			if diff := cmp.Diff(c.subject, got[0].Subject); diff != "" {
				t.Errorf("subject (-want +got):\n%s", diff)
			}
			if !strings.Contains(got[0].Message, c.says) {
				t.Errorf("message %q does not say %q", got[0].Message, c.says)
			}
			want := truth.Silent
			if c.options.Proxied {
				want = 100
			}
			if n := int(got[0].Measures[0].Value); n != want {
				t.Errorf("%d traces, want %d", n, want)
			}
		})
	}
	for name, o := range map[string]rollout.Options{
		"healthy": {}, "context lost": {Replaced: true, Deaf: true}, "calls from outside": {Outside: 2}, "rolled out": {Replaced: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Requests = 100
			if r, _ := fleet(t, o); lines(r, "WM4005") != nil {
				t.Errorf("%q", lines(r, "WM4005"))
			}
		})
	}
	t.Run("in a damaged file", func(t *testing.T) {
		list, _ := rollout.Make(rollout.Options{Seed: 2, Requests: 100, Absent: true})
		doc := tiny.JSON(list...)
		got := lines(run(t, load(t, doc[:len(doc)-60]), analyze.Options{}), "WM4005")
		if len(got) != 1 || !strings.HasSuffix(got[0], "; data of 1 artifact with spans is lost, and what is missing may be among it") {
			t.Errorf("%q", got)
		}
	})
	t.Run("spans lost at random", func(t *testing.T) {
		for seed := range uint64(8) {
			r, _ := fleet(t, rollout.Options{Seed: seed, Requests: 100, Lost: 0.3})
			for _, f := range findings(r, "WM4005") {
				if f.Subject["service"] != "orders" || !strings.Contains(f.Message, "other spans") {
					t.Errorf("seed %d: %s %s", seed, fmt.Sprint(f.Subject), f.Message)
				}
			}
		}
	})
}

// TestCapturedContext compares with what the programs of a captured rollout counted.
func TestCapturedContext(t *testing.T) {
	b, _ := loadCapture(t, "upgrade")
	r := run(t, b, analyze.Options{})
	got := map[string]int{}
	for _, m := range r.Measures {
		if m.Name == "hop.context_lost" && m.Value > 0 {
			got[m.Subject["client"]+"->"+m.Subject["server"]] = int(m.Value)
		}
	}
	want := map[string]int{"portal->circulation": 34, "circulation->fines": 34, "circulation->shelves": 34}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls that lost their context (-truth +got):\n%s", diff)
	}
	for _, f := range findings(r, "WM4001") {
		if !strings.HasSuffix(f.Message, "only circulation makes such calls") {
			t.Errorf("%q does not say who makes such calls", f.Message)
		}
	}
	if n := len(findings(r, "WM4004", "WM4005")); n != 3 {
		t.Errorf("%d findings, want one of the version that is deaf, one of its messages, and one of the version that was killed", n)
	}
}
