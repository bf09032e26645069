package clocks

import (
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
			"reads only the offset in it, which is then 0.000000000; witnessmark takes no bound from it.",
		Proof: "proven: a record of the time daemon says so (chronyc's \"Not synchronised\" or reference 7F7F0101, " +
			"timedatectl's \"NTPSynchronized=no\", node_timex_sync_status 0, and what the other readers know). What is " +
			"proven is what the host said at that time, not how far its clock was off.",
		Blind: "A daemon that has just started says so too, and a virtual machine may take its time from the " +
			"hypervisor behind the daemon's back. A host without such a record says nothing.",
		Fix: "Look at the daemon's sources on that host: a blocked UDP port 123 and a wrong server name are the usual " +
			"causes. Capture its report again when it follows a source.",
		Since:    "0.2.0",
		Severity: analyze.Warning,
	},
	Needs: analyze.NeedClocks,
	Run:   runUnsynchronised,
}

func runUnsynchronised(p *analyze.Pass) error {
	byHost := map[string]*unsynchronised{}
	var hosts []string
	for i := range p.Bundle.Clocks {
		r := &p.Bundle.Clocks[i]
		if r.Kind == evidence.ClockSnapshot {
			continue // of a Go program, which knows nothing of who disciplines the clock
		}
		host := r.Host
		if host == "" {
			host = r.Domain
		}
		if host == "" {
			host = p.Bundle.Artifacts[r.Ref.Artifact].Path
			host = host[strings.LastIndexAny(host, "/!")+1:]
		}
		u := byHost[host]
		if u == nil {
			u = &unsynchronised{host: host}
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
