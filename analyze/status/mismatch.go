package status

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
	"github.com/witnessmark/witnessmark/evidence"
)

// Mismatch is WM6003.
var Mismatch = analyze.Detector{
	ID: "WM6003", Name: "status-mismatch",
	Doc: analyze.Doc{
		Title: "A span's status contradicts its response code",
		Text: "Error rates, tail samplers and alerts go by the status of spans; the response code is what was answered. Where a failed answer " +
			"is marked as good, or is not marked as failed, it is missing from all of them. marked-ok: the program set the status to OK, which " +
			"overrules instrumentation. left-unset: nobody marked the failure.",
		Proof: "The semantic conventions of OpenTelemetry want the status Error for 500 to 599 and numbers that are no status of HTTP, on CLIENT spans " +
			"also for 400 to 499; for gRPC on CLIENT spans for every code but OK, on SERVER spans for UNKNOWN, DEADLINE_EXCEEDED, " +
			"UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS. The span has such a code and the status OK or none. The measure " +
			"answers.status_agreement is the share of answered calls with codes at both ends that failed at both or at neither.",
		Blind: "An error without a code, as of a connection that broke, is not looked at, and neither is a status Error beside a good code: work " +
			"may fail after the answer. A program may rightly take an error that it expects for a success; then its status OK is on " +
			"purpose. Codes in links, events and logs are not read. In protobuf, numbers in an unusual encoding are passed over.",
		Fix: "Leave the status of spans of clients and servers to the instrumentation, or set it to Error by the rule above; keep OK for what was looked at and " +
			"found good whatever the code says.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runMismatch,
}

// Rules, as they stand in subjects.
const (
	markedOK  = "marked-ok"
	leftUnset = "left-unset"
)

// mismatchKey is the subject of a finding.
type mismatchKey struct {
	rule, service string
	kind          evidence.SpanKind
	class         evidence.ResponseClass
}

// codedKey is the spans that a finding is out of.
type codedKey struct {
	service uint32
	kind    evidence.SpanKind
	class   evidence.ResponseClass
}

func runMismatch(p *analyze.Pass) error {
	s, join := spans.ServiceIndex.Of(p), spans.Index.Of(p)
	groups := analyze.NewGroups[mismatchKey](p.Options.Exhibits())
	coded := map[codedKey]int{}
	answers := map[[2]uint32]*agreement{}
	for c := range p.Bundle.Spans.Chunks() {
		for i, status := range c.Status {
			class, row := status.Response(), c.Base+i
			if class == evidence.NoResponse || join.Marks[row]&evidence.RepeatedSpan != 0 {
				continue
			}
			service := s.ByOrigin[c.Origin[i]]
			coded[codedKey{service, c.Kind[i], class}]++
			if rule := broken(c.Kind[i], status); rule != "" {
				groups.Add(mismatchKey{rule, s.Names[service], c.Kind[i], class}, uint32(row)).When.See(c.Start[i])
			}
			if parent := join.Parent[row]; c.Kind[i] == evidence.KindServer && parent < evidence.UnusableParent {
				if pc, pe := p.Bundle.Spans.Chunk(int(parent)); pc.Kind[pe] == evidence.KindClient {
					compareAnswer(answers, [2]uint32{s.ByOrigin[pc.Origin[pe]], service}, pc.Status[pe].Response(), class)
				}
			}
		}
	}
	if len(coded) == 0 {
		p.Inapplicable("no span records a response code of HTTP or gRPC")
		return nil
	}
	for hop, a := range answers {
		subject := analyze.Subject("client", s.Names[hop[0]], "server", s.Names[hop[1]])
		p.Measures(analyze.Measure{Name: "answers.total", Unit: "calls", Subject: subject, Value: float64(a.all)},
			analyze.Measure{Name: "answers.status_agreement", Unit: "ratio", Subject: subject, Value: float64(a.agree) / float64(a.all)})
	}
	found := groups.Sorted(p.Options.Subjects(), mismatchKey{rule: otherSubjects, service: otherSubjects})
	reportMismatches(p, found)
	for _, g := range found {
		p.Report(mismatchFinding(p, s, g, coded))
	}
	return nil
}

// broken returns the rule that a span of this kind and status breaks, "" for none.
func broken(kind evidence.SpanKind, status evidence.SpanStatus) string {
	switch status.Response() {
	case evidence.HTTPServerError, evidence.RPCServerError:
		if kind != evidence.KindServer && kind != evidence.KindClient {
			return ""
		}
	case evidence.HTTPClientError, evidence.RPCClientError:
		if kind != evidence.KindClient {
			return ""
		}
	default:
		return ""
	}
	switch status.Code() {
	case 0:
		return leftUnset
	case 1:
		return markedOK
	}
	return ""
}

// agreement counts the calls with codes at both ends, and those that failed at both or at neither.
type agreement struct{ all, agree int }

func compareAnswer(answers map[[2]uint32]*agreement, hop [2]uint32, client, server evidence.ResponseClass) {
	if client.HTTP() != server.HTTP() || client.RPC() != server.RPC() {
		return
	}
	a := answers[hop]
	if a == nil {
		a = &agreement{}
		answers[hop] = a
	}
	if a.all++; client.Failed() == server.Failed() {
		a.agree++
	}
}

// reportMismatches reports the measure of the findings, by rule and service.
func reportMismatches(p *analyze.Pass, found []*analyze.Group[mismatchKey]) {
	sums := map[[2]string]int{}
	for _, g := range found {
		sums[[2]string{g.Key.rule, g.Key.service}] += g.N
	}
	for k, n := range sums {
		p.Measure("spans.status_mismatch", "spans", float64(n), "rule", k[0], "service", k[1])
	}
}

func mismatchFinding(p *analyze.Pass, s *spans.Services, g *analyze.Group[mismatchKey], coded map[codedKey]int) analyze.Finding {
	k := g.Key
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("rule", k.rule, "service", k.service, "kind", kindName(k.kind), "code", codeName(k.class)),
		Measures: []analyze.Measure{analyze.M("spans.status_mismatch", "spans", float64(g.N))},
	}
	if g.Merged > 0 {
		f.Subject = analyze.Subject("rule", otherSubjects, "service", otherSubjects)
		f.Message = fmt.Sprintf("%s of %s beyond those listed have a status that contradicts their response code", analyze.Count(g.N, "span"), analyze.Count(g.Merged, "service and code"))
	} else {
		of := 0
		for c, n := range coded {
			if s.Names[c.service] == k.service && c.kind == k.kind && c.class == k.class {
				of += n
			}
		}
		how := "are marked OK"
		if k.rule == leftUnset {
			how = "have no status"
		}
		if g.N == 1 {
			how = map[string]string{markedOK: "is marked OK", leftUnset: "has no status"}[k.rule]
		}
		f.Message = fmt.Sprintf("%d of %s of %s whose response is %s %s%s", g.N, analyze.Count(of, kindName(k.kind)+" span"), k.service, codeName(k.class), how, g.When)
		if k.rule == leftUnset && (k.class == evidence.HTTPClientError || k.class == evidence.RPCClientError) {
			f.Severity = analyze.Note // older conventions left it to the program
		}
	}
	slices.SortFunc(g.Rows, cmp.Compare[uint32])
	for _, row := range g.Rows {
		f.Exhibits = append(f.Exhibits, spans.Exhibit(p.Bundle, row, "span"))
	}
	return f
}

func kindName(k evidence.SpanKind) string {
	if k == evidence.KindServer {
		return "server"
	}
	return "client"
}

func codeName(c evidence.ResponseClass) string {
	switch c {
	case evidence.HTTPClientError:
		return "HTTP 4xx"
	case evidence.HTTPServerError:
		return "HTTP 5xx"
	case evidence.RPCClientError:
		return "a gRPC error of the caller"
	}
	return "a gRPC error of the server"
}
