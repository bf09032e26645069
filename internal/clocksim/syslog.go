package clocksim

import (
	"fmt"
	"strings"
	"time"
)

// Syslog returns what chronyd of a machine says in the system log of the jumps and slews of its clock, as
// rsyslog writes it with times of RFC 3339: a line is stamped by the clock that it is about, up to half a second
// behind the event, so that behind a jump the new clock stamps it. A number is how far the clock has to go
// forward (chrony 4.3, reference.c: maybe_log_offset, REF_SetReference).
func (s *Scene) Syslog(machine int) []byte {
	var b strings.Builder
	m := &s.Machines[machine]
	line := func(t int64, format string, args ...any) {
		stamp := time.Unix(0, m.Clock.Reading(t)).UTC().Format("2006-01-02T15:04:05.000000-07:00")
		fmt.Fprintf(&b, "%s %s chronyd[%d]: %s\n", stamp, m.Name, 400+machine, fmt.Sprintf(format, args...))
	}
	line(0, "chronyd version 4.3 starting (+CMDMON +NTP +REFCLOCK +RTC +PRIVDROP +SCFILTER +SIGND +ASYNCDNS +NTS +SECHASH +IPV6 -DEBUG)")
	line(int64(6*time.Second), "Selected source 192.0.2.10")
	for i, e := range m.Clock.Events() {
		behind := int64(mix(s.Seed^uint64(machine*64+i)) % uint64(time.Second/2))
		by := time.Duration(e.Size).Seconds()
		if e.Start < e.End {
			line(e.Start, "System clock wrong by %.6f seconds", by)
			continue
		}
		line(e.Start+behind, "System clock wrong by %.6f seconds", by)
		line(e.Start+behind, "System clock was stepped by %.6f seconds", by)
	}
	return []byte(b.String())
}
