package spans_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// message makes the spans of one message: published in trace n, consumed in a trace of its own.
func message(n uint64, edit func(producer, consumer *tiny.Span)) []tiny.Span {
	request := tiny.Span{Service: "shop", Version: "1", Trace: n, ID: 1, Name: "GET /", Kind: tiny.Server, Start: n * 100, End: n*100 + 90}
	producer := tiny.Span{Service: "shop", Version: "1", Trace: n, ID: 2, Parent: 1, Name: "send mail", Route: "mail", Kind: tiny.Producer, Start: n*100 + 10, End: n*100 + 20, Flags: tiny.Local}
	consumer := tiny.Span{Service: "mailer", Version: "2", Trace: 1000 + n, ID: 3, Name: "process mail", Route: "mail", Kind: tiny.Consumer, Start: n*100 + 50, End: n*100 + 60}
	edit(&producer, &consumer)
	return []tiny.Span{request, producer, consumer}
}

func messages(count uint64, edit func(n uint64, producer, consumer *tiny.Span)) (out []tiny.Span) {
	for n := uint64(1); n <= count; n++ {
		out = append(out, message(n, func(producer, consumer *tiny.Span) { edit(n, producer, consumer) })...)
	}
	return out
}

// link makes the consumer's span link to the producer's.
func link(producer, consumer *tiny.Span) {
	to := *producer
	consumer.Edit = func(s *tracepb.Span) {
		trace, id := make([]byte, 16), make([]byte, 8)
		trace[15], id[7] = byte(to.Trace), byte(to.ID)
		s.Links = []*tracepb.Span_Link{{TraceId: trace, SpanId: id}}
	}
}

func TestMessagesThatLoseTheirContext(t *testing.T) {
	const lost = `warning heuristic "client"="shop","destination"="mail","server"="mailer", messages from shop 1 to mailer 2 on "mail" lose the trace context`
	for _, c := range []struct {
		name  string
		spans []tiny.Span
		want  float64
	}{
		{"lost", messages(5, func(uint64, *tiny.Span, *tiny.Span) {}), 5},
		{"some consumers are not here", messages(5, func(n uint64, _, consumer *tiny.Span) {
			if n == 1 {
				consumer.Route = "other"
			}
		}), 4},
		{"by one version", messages(9, func(n uint64, producer, consumer *tiny.Span) {
			if n <= 4 {
				producer.Version = "0"
				link(producer, consumer)
			}
		}), 5},
		{"linked", messages(5, func(_ uint64, producer, consumer *tiny.Span) { link(producer, consumer) }), 0},
		{"one of all is linked", messages(5, func(n uint64, producer, consumer *tiny.Span) {
			if n == 3 {
				link(producer, consumer)
			}
		}), 0},
		{"one of all is below", messages(5, func(n uint64, producer, consumer *tiny.Span) {
			if n == 3 {
				consumer.Trace, consumer.Parent, consumer.Flags = producer.Trace, producer.ID, tiny.Remote
			}
		}), 0},
		{"the consumer links elsewhere", messages(5, func(_ uint64, _, consumer *tiny.Span) { consumer.Linked = true }), 0},
		{"of another destination", messages(5, func(_ uint64, _, consumer *tiny.Span) { consumer.Route = "other" }), 0},
		{"too few", messages(2, func(uint64, *tiny.Span, *tiny.Span) {}), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, load(t, tiny.JSON(c.spans...)), analyze.Options{})
			got := findings(r, "WM4004")
			if c.want == 0 {
				if len(got) > 0 {
					t.Errorf("%q", got[0].Message)
				}
				return
			}
			if len(got) != 1 || got[0].Measures[0].Value != c.want {
				t.Fatalf("%d findings, want one of %v messages: %v", len(got), c.want, got)
			}
			if line := lines(r, "WM4004")[0]; line[:len(lost)] != lost {
				t.Errorf("%q, want %q", line, lost)
			}
		})
	}
}

// TestCapturedMessages compares with how the consumer of a capture refers to its messages.
func TestCapturedMessages(t *testing.T) {
	got := map[string]float64{}
	for _, scenario := range []string{"links", "upgrade", "healthy", "labels", "leaks", "skew", "status"} {
		b, _ := loadCapture(t, scenario)
		for _, f := range findings(run(t, b, analyze.Options{}), "WM4004") {
			if f.Subject["destination"] != "" {
				got[scenario+" "+f.Subject["client"]+" "+f.Subject["server"]+" "+f.Subject["destination"]] = f.Measures[0].Value
			}
		}
	}
	// In upgrade it is the version that sends no context.
	want := map[string]float64{"links circulation notices reminder": 54, "upgrade circulation notices reminder": 34}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages that lost their context (-truth +got):\n%s", diff)
	}
}
