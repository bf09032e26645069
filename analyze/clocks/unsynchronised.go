package clocks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/witnessmark/witnessmark/analyze"
	"github.com/witnessmark/witnessmark/evidence"
)

// Unsynchronised is WM5010.
var Unsynchronised = analyze.Detector{
	ID: "WM5010", Name: "clock-unsynchronised",
	Doc: analyze.Doc{
		Title: "A host says that nothing disciplines its clock",
		Text: "The host's own time daemon reports that it follows no source: it is not synchronised, serves itself as a local " +
			"reference, or has no source that answers. Such a clock runs free. The report looks like a perfect clock to who " +
			"reads only the offset in it, which is then 0.000000000; witnessmark takes no bound from it. What to do goes by `chronyc sources` " +
			"of the same host, or of a file beside it whose name begins alike, where there is one.",
		Proof: "proven: a record of the time daemon says so (chronyc's \"Not synchronised\" or reference 7F7F0101, " +
			"timedatectl's \"NTPSynchronized=no\", node_timex_sync_status 0, and what the other readers know). What is " +
			"proven is what the host said at that time, not how far its clock was off.",
		Blind: "A daemon that has just started says so too, and a virtual machine may take its time from the " +
			"hypervisor behind the daemon's back. A host without such a record says nothing.",
		Fix:      fixSources + fixAgain,
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedClocks,
	Run:   runUnsynchronised,
}

// What to do, by why the clock is free; followed by fixAgain.
const (
	fixSources = "Look at the daemon's sources on that host (chronyc sources): none in its configuration, ones that do not answer, for a blocked UDP port 123 or a wrong name, " +
		"and ones that contradict each other are the usual causes. "
	fixSilent        = "None of its sources answers: look for a blocked UDP port 123, a wrong server name, and a server that is down. "
	fixContradicting = "Its sources answer and contradict each other, so that it trusts none: find the one that is wrong (chronyc sourcestats), or add sources until those that are " +
		"right are more than half. "
	fixLocalReference = "The daemon takes the host's own clock for its reference (local in chrony.conf, 127.127.1.0 in ntp.conf): give it servers to follow, unless the host is the one that " +
		"the others follow on purpose. "
	fixAgain = "Capture its report again when it follows a source."
)

func runUnsynchronised(p *analyze.Pass) error {
	byHost := map[string]*unsynchronised{}
	listed := sourcesOf(p.Bundle)
	var hosts []string
	for i := range p.Bundle.Clocks {
		r := &p.Bundle.Clocks[i]
		if r.Kind == evidence.ClockSnapshot {
			continue // of a Go program, which knows nothing of who disciplines the clock
		}
		host := cmp.Or(r.Host, r.Domain)
		if host == "" {
			host = p.Bundle.Artifacts[r.Ref.Artifact].Path
			host = host[strings.LastIndexAny(host, "/!")+1:]
		}
		u := byHost[host]
		if u == nil {
			u = &unsynchronised{host: host, sources: listed[besideOf(p.Bundle, r)]}
			byHost[host] = u
			hosts = append(hosts, host)
		}
		u.add(r)
	}
	if len(hosts) == 0 {
		p.Inapplicable("execution traces pair their clocks, and nothing says who disciplines them")
		return nil
	}
	slices.Sort(hosts)
	var found []analyze.Finding
	for _, h := range hosts {
		if u := byHost[h]; u.said > 0 {
			found = append(found, u.finding(p.Options.Exhibits()))
		}
	}
	p.Measure("clocks.unsynchronised", "hosts", float64(len(found)))
	reportMost(p, found, "host")
	return nil
}

// unsynchronised is what the records of one host say.
type unsynchronised struct {
	host     string
	said     int // records that say so
	bounded  int // records with an offset and its bound, so of a clock that followed a source
	texts    []string
	exhibits []analyze.Exhibit
	sources  *sources // nil where no report of them is there
}

// sources counts those of one daemon, by what `chronyc sources` says of them.
type sources struct{ all, silent, contradicting int }

// besideOf keys the reports of one host: by its name, or by their folder and their names up to the first dot, as db of db.tracking.txt
// and db.sources.txt.
func besideOf(b *evidence.Bundle, r *evidence.ClockReading) string {
	if host := cmp.Or(r.Host, r.Domain); host != "" {
		return host
	}
	file := b.Artifacts[r.Ref.Artifact].Path
	dot := strings.IndexByte(file[strings.LastIndexAny(file, "/!")+1:], '.')
	if dot < 0 {
		return file
	}
	return file[:strings.LastIndexAny(file, "/!")+1+dot]
}

// sourcesOf counts the sources by the host that lists them: silent ones answered none of the last eight polls, and x as the
// second character marks one that others contradict (chrony: client.c, process_cmd_sources).
func sourcesOf(b *evidence.Bundle) map[string]*sources {
	out := map[string]*sources{}
	for i := range b.Clocks {
		r := &b.Clocks[i]
		if r.Source != "chronyc sources" || len(r.Text) < 2 {
			continue
		}
		key := besideOf(b, r)
		s := out[key]
		if s == nil {
			s = &sources{}
			out[key] = s
		}
		s.all++
		switch {
		case r.Reach == 0:
			s.silent++
		case r.Text[1] == 'x':
			s.contradicting++
		}
	}
	return out
}

// fix says what to do by what the records and the sources say.
func (u *unsynchronised) fix() string {
	why := fixSources
	switch s := u.sources; {
	case slices.ContainsFunc(u.texts, func(text string) bool { return strings.Contains(text, "local reference") }):
		why = fixLocalReference
	case s == nil:
	case s.silent == s.all:
		why = fixSilent
	case s.contradicting > 0 && s.contradicting+s.silent == s.all:
		why = fixContradicting
	}
	return why + fixAgain
}

func (u *unsynchronised) add(r *evidence.ClockReading) {
	switch {
	case r.Kind == evidence.ClockUnsynchronised:
		u.said++
		if r.Text != "" && !slices.Contains(u.texts, r.Text) {
			u.texts = append(u.texts, r.Text)
		}
		u.exhibits = append(u.exhibits, readingExhibit(r))
	case r.Bounded():
		u.bounded++
	}
}

func (u *unsynchronised) finding(limit int) analyze.Finding {
	f := analyze.Finding{
		Basis:    analyze.Proven,
		Subject:  analyze.Subject("host", u.host),
		Message:  fmt.Sprintf("%s of %s say that nothing disciplines its clock", analyze.Count(u.said, "record"), u.host),
		Exhibits: u.exhibits[:min(limit, len(u.exhibits))],
		Fix:      u.fix(),
	}
	if u.said == 1 {
		f.Message = fmt.Sprintf("a record of %s says that nothing disciplines its clock", u.host)
	}
	if len(u.texts) > 0 {
		f.Message += ": " + strings.Join(u.texts[:min(3, len(u.texts))], "; ")
	}
	if u.bounded > 0 {
		f.Message += fmt.Sprintf("; %s of it say otherwise, at another time", analyze.Count(u.bounded, "record"))
	}
	return f
}
