package spans_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/testdata/programs/otlp/tiny"
)

func TestDuplicate(t *testing.T) {
	one := tiny.Span{Service: "a", ID: 1, Name: "x", Kind: tiny.Server, Start: 10, End: 20}
	edit := func(change func(*tiny.Span)) tiny.Span {
		s := one
		change(&s)
		return s
	}
	conflict := []string{`error proven "class"="conflict","service"="a", 1 record of a with the ids of another span and other contents`}
	testSpecimens(t, "WM4002", []specimen{
		{name: "fires: another end", want: conflict, spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.End = 21 })}},
		{name: "fires: another status", want: conflict, spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.Failed = true })}},
		{name: "fires: another name", want: conflict, spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.Name = "y" })}},
		{name: "fires: another route", want: conflict, spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.Route = "/y" })}},
		{name: "fires: another parent", want: conflict, spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.Parent = 5 })}},
		{name: "fires: client and server with other parents", spans: []tiny.Span{
			edit(func(s *tiny.Span) { s.Kind, s.Parent = tiny.Client, 4 }), edit(func(s *tiny.Span) { s.Parent = 5 }),
		}, want: conflict},
		{name: "note: the same record again", spans: []tiny.Span{one, one, one}, want: []string{
			`note proven "class"="re-export", 2 records with the ids and contents of another in the same artifact; the first are of 1.json`,
		}},
		{name: "note: exported while it ran", spans: []tiny.Span{edit(func(s *tiny.Span) { s.End = 0 }), one}, want: []string{
			`note proven "class"="in-flight", 1 record exported before the span had ended, beside one with its end`,
		}},
		{name: "note: exported while it ran, read later", spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.End = 0 })}, want: []string{
			`note proven "class"="in-flight", 1 record exported before the span had ended, beside one with its end`,
		}},
		{name: "note: shared by client and server", spans: []tiny.Span{
			one, edit(func(s *tiny.Span) { s.Service, s.Kind, s.End = "b", tiny.Client, 30 }),
		}, want: []string{
			`note proven "class"="shared-id", 1 call with one span id for the client and the server half, as Zipkin's clients write them`,
		}},
		{name: "note: shared, and the server half was told no parent", spans: []tiny.Span{
			one, edit(func(s *tiny.Span) { s.Service, s.Kind, s.Parent = "b", tiny.Client, 4 }),
		}, want: []string{
			`note proven "class"="shared-id", 1 call with one span id for the client and the server half, as Zipkin's clients write them`,
		}},
		{name: "note: shared, and both sent again", spans: []tiny.Span{
			one, edit(func(s *tiny.Span) { s.Service, s.Kind, s.End = "b", tiny.Client, 30 }),
			edit(func(s *tiny.Span) { s.Service, s.Kind, s.End = "b", tiny.Client, 30 }), one,
		}, want: []string{
			`note proven "class"="re-export", 2 records with the ids and contents of another in the same artifact; the first are of 1.json`,
			`note proven "class"="shared-id", 1 call with one span id for the client and the server half, as Zipkin's clients write them`,
		}},
		{name: "near miss: the same span id in two traces", spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.Trace = 2 })}},
		{name: "silent", spans: []tiny.Span{one, edit(func(s *tiny.Span) { s.ID, s.Parent = 2, 1 })}},
	})
}

func TestDuplicateAcrossArtifacts(t *testing.T) {
	doc := tiny.JSON(tiny.Span{Service: "a", ID: 1, Name: "x", Kind: tiny.Server, Start: 10, End: 20})
	r := run(t, load(t, doc, append([]byte("\n"), doc...)), analyze.Options{})
	want := []string{`note proven "class"="overlap", 1 record with the ids and contents of one in another artifact; the first are of 1.json and 2.json`}
	if diff := cmp.Diff(want, lines(r, "WM4002")); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	first, second := r.Findings[0].Exhibits[0], r.Findings[0].Exhibits[1]
	if first.Role != "first" || first.Ref.Artifact != 0 || second.Role != "repeat" || second.Ref.Artifact != 1 {
		t.Errorf("exhibits %v and %v, want the first of file 1 and the repeat of file 2", first, second)
	}
}
