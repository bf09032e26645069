package clocks

import (
	"fmt"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/analyze/spans"
)

// ChildAfter is WM5002.
var ChildAfter = analyze.Detector{
	ID: "WM5002", Name: "child-outlives-parent",
	Doc: analyze.Doc{
		Title: "A span ends after its parent",
		Text: "That is no fault in itself: nothing forces a parent to wait. It tells different things, which are kept " +
			"apart by class. \"outlived-call\": the server's span of a call goes on when the client's has ended, because the " +
			"caller gave up (a deadline that the server does not follow) or the server works on after its answer. " +
			"\"late-end\": over two clocks the server's span ends after the client's although it is no longer, which " +
			"usually means that the server's clock is ahead. \"local-work\": on one clock, work goes on when the span " +
			"that started it has ended, as goroutines do.",
		Proof: "outlived-call, proven: on one clock the SERVER span ends after its CLIENT parent; over two, it is longer " +
			"than its CLIENT parent, which no difference of clocks can bring about. late-end, heuristic: over two clocks it " +
			"ends after its CLIENT parent, is no longer, and the client span has no error. local-work, proven: on one clock " +
			"any other child ends after its parent. Each amount has the resolution of the readings taken off. A " +
			"CONSUMER child, a child of a PRODUCER and, where producers write no flags, a child with a link (follows-from " +
			"of Jaeger's clients) are never counted. The two classes of calls are reported where their share is above the " +
			"parameter late_share (0.5 %) beyond chance (lower end of the 95 % Wilson interval).",
		Blind: "late-end cannot tell a clock that is ahead from a server that ends its span after the answer has left; it " +
			"is a warning where half of the calls or more end so, which a clock explains better, else a note. " +
			"Clocks that are off by less than the way back show nothing. A proxy that makes no CLIENT span is not seen " +
			"as a caller. Durations are taken to be measured, not computed from explicit times.",
		Fix:      classOutlived + ": " + fixOutlived + " " + classLate + ": " + fixLate + " " + classLocal + ": " + fixLocal,
		Since:    "0.1.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedSpans,
	Run:   runAfter,
}

// Classes of ends after the parent's, as they stand in subjects.
const (
	classOutlived = "outlived-call"
	classLate     = "late-end"
	classLocal    = "local-work"
)

// What to do about each class.
const (
	fixOutlived = "Pass the caller's context down and stop when it is done, or start a linked span for work after the answer."
	fixLate     = "See where the two clocks stood (witnessmark clocks; WM5003 where one is off for certain), and look at the time daemon of the one that is off. What still " +
		"ends late with the clocks put together (witnessmark align) is work after the answer."
	fixLocal = "End the parent when its work is done, or link instead of nesting."
)

func runAfter(p *analyze.Pass) error {
	s := spans.ServiceIndex.Of(p)
	groups := sortEdges(edgeIndex.Of(p), s)
	total := map[string]int{}
	for _, e := range groups {
		total[e.scope()] += e.after()
	}
	for _, scope := range []string{sameDomain, crossDomain} {
		p.Measure("spans.child_after_parent", "spans", float64(total[scope]), "scope", scope)
	}
	var outlived, late []*edges
	for _, e := range groups {
		if analyze.WilsonLow(e.outlived.n(), e.calls) > p.Options.Late() {
			outlived = append(outlived, e)
		}
		if analyze.WilsonLow(e.late.n(), e.calls) > p.Options.Late() {
			late = append(late, e)
		}
	}
	reportBounded(p, outlived, func(e *edges) *tally { return &e.outlived }, func(e *edges) analyze.Finding {
		return outlivedFinding(p, e, s)
	})
	reportBounded(p, late, func(e *edges) *tally { return &e.late }, func(e *edges) analyze.Finding {
		return lateFinding(p, e, s)
	})
	reportBounded(p, groups, func(e *edges) *tally { return &e.local }, func(e *edges) analyze.Finding {
		return localFinding(p, e, s)
	})
	return nil
}

// afterFinding is what the findings of all classes have in common.
func afterFinding(p *analyze.Pass, e *edges, s *spans.Services, class, fix string, t *tally) (analyze.Finding, spread) {
	amounts := t.spread()
	return analyze.Finding{
		Severity: analyze.Note,
		Basis:    analyze.Proven,
		Subject: analyze.Subject("class", class, "scope", e.scope(),
			"client", s.Names[e.client], "server", s.Names[e.server]),
		Measures: amounts.measures("spans.child_after_parent", t.n()),
		Exhibits: t.exhibits(p),
		Fix:      fix,
	}, amounts
}

func outlivedFinding(p *analyze.Pass, e *edges, s *spans.Services) analyze.Finding {
	n := e.outlived.n()
	f, amounts := afterFinding(p, e, s, classOutlived, fixOutlived, &e.outlived)
	how := "the server's span is longer than the client's"
	if !e.cross {
		how = "on one clock, the server's span ends after the client's"
	}
	f.Message = fmt.Sprintf("%d of %s from %s go on in %s when the caller has stopped waiting: %s, by up to %s (median %s)%s; %d of the client spans are errors",
		n, analyze.Count(e.calls, "call"), s.Names[e.client], s.Names[e.server], how, show(amounts.max), show(amounts.median), e.outlived.when, e.failed)
	// Where the caller failed it gave up, and the work was for nobody; otherwise it had its answer.
	if 2*e.failed >= n {
		f.Severity = analyze.Warning
	}
	return f
}

func lateFinding(p *analyze.Pass, e *edges, s *spans.Services) analyze.Finding {
	n := e.late.n()
	f, amounts := afterFinding(p, e, s, classLate, fixLate, &e.late)
	f.Basis = analyze.Heuristic
	f.Message = fmt.Sprintf("%d of %s from %s end later in %s than at the caller, by up to %s (median %s)%s, though the server's span is no longer: its clock is ahead, or it ends its span after the answer",
		n, analyze.Count(e.calls, "call"), s.Names[e.client], s.Names[e.server], show(amounts.max), show(amounts.median), e.late.when)
	if 2*n >= e.calls {
		f.Severity = analyze.Warning
	}
	return f
}

func localFinding(p *analyze.Pass, e *edges, s *spans.Services) analyze.Finding {
	f, amounts := afterFinding(p, e, s, classLocal, fixLocal, &e.local)
	f.Message = fmt.Sprintf("%d of %s of %s end after their parent in %s on one clock, by up to %s (median %s)%s",
		e.local.n(), analyze.Count(e.others, "span"), s.Names[e.server], s.Names[e.client], show(amounts.max), show(amounts.median), e.local.when)
	return f
}
