package evidence

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// loadText loads one artifact under a name.
func loadText(t testing.TB, name, text string) (*Bundle, *Artifact) {
	t.Helper()
	b := LoadReader(name, strings.NewReader(text), Options{})
	if len(b.Artifacts) != 1 {
		t.Fatalf("%d artifacts", len(b.Artifacts))
	}
	return b, b.Artifacts[0]
}

// clockLines writes the rows of a bundle for comparison.
func clockRows(b *Bundle) []string {
	var out []string
	for _, r := range b.Clocks {
		s := fmt.Sprintf("%s %s", r.Kind, r.Source)
		if r.Host != "" || r.Domain != "" {
			s += fmt.Sprintf(" host=%s domain=%s", r.Host, r.Domain)
		}
		if r.At != 0 || r.Until != 0 {
			s += fmt.Sprintf(" [%d %d]", r.At, r.Until)
		}
		switch {
		case r.Kind == ClockOffset && r.Basis == ClockNoBound:
			s += fmt.Sprintf(" %d", r.Offset)
		case r.Kind == ClockOffset:
			s += fmt.Sprintf(" %d±%d basis=%d", r.Offset, r.Error, r.Basis)
		case r.Kind == ClockStep:
			s += fmt.Sprintf(" by %d", r.Offset)
		case r.Kind == ClockSource:
			s += fmt.Sprintf(" last=%d reach=%o", r.LastRx, r.Reach)
		}
		if r.Mono != 0 {
			s += fmt.Sprintf(" mono=%d", r.Mono)
		}
		if r.RatePPM != 0 {
			s += fmt.Sprintf(" rate=%.6g", r.RatePPM)
		}
		if r.Text != "" {
			s += fmt.Sprintf(" %q", r.Text)
		}
		out = append(out, s)
	}
	return out
}

// clockSpecimens are formats of which no program is at hand, as their sources print them.
var clockSpecimens = []struct {
	name, format, text string
	want               []string
	rows               bool // cutting the text may take rows only: it has no row that spans lines
}{
	{name: "ntpq -c rv", format: "ntp/rv", text: `associd=0 status=0615 leap_none, sync_ntp, 1 event, clock_sync,
version="ntpd ntpsec-1.2.2", processor="x86_64",
system="Linux/6.1.0", leap=00, stratum=3, precision=-24,
rootdelay=12.250, rootdisp=34.500, refid=192.0.2.10,
reftime=ee8e1d72.40000000 2026-10-29T19:30:58.250Z,
clock=ee8e1d80.80000000 2026-10-29T19:31:12.500Z, peer=1234, tc=10,
mintc=0, offset=-1.500000, frequency=12.345, sys_jitter=0.5,
clk_jitter=0.25, clk_wander=0.001
`, want: []string{"offset ntpq rv [1793302272500000000 1793302272500000000] 1500000±42126002 basis=1 rate=-12.345"}},
	{name: "ntpq, not synchronised", format: "ntp/rv", text: "associd=0 status=c016 leap_alarm, sync_unspec, 1 event, restart,\nversion=\"ntpd\", leap=11, stratum=16, rootdelay=0.000, rootdisp=0.5,\nclock=ee8e1d80.80000000, offset=0.000000\n",
		want: []string{`unsynchronised ntpq rv [1793302272500000000 1793302272500000000] "Not synchronised"`}},
	{name: "loopstats", format: "ntp/loopstats", rows: true, text: "61333 39094.250 -0.001500000 12.345 0.000351733 0.013380 6\n61333 39158.250 0.000006019 12.350 0.000351733 0.013380 6\n",
		want: []string{"offset ntpd loopstats [1792493494250000000 1792493494251000000] 1500000 rate=-12.345", "offset ntpd loopstats [1792493558250000000 1792493558251000000] -6019 rate=-12.35"}},
	{name: "timesync-status", format: "timesyncd/status", text: `       Server: 192.0.2.10 (ntp.example.test)
Poll interval: 34min 8s (min: 32s; max 34min 8s)
         Leap: normal
      Version: 4
      Stratum: 2
    Reference: C0000201
    Precision: 1us (-23)
Root distance: 8.322ms (max: 5s)
       Offset: -1.500ms
        Delay: 12.250ms
       Jitter: 3.1ms
 Packet count: 12
    Frequency: +12.345ppm
`, want: []string{"offset systemd-timesyncd 1500000"}},
	{name: "show-timesync", format: "timesyncd/properties", text: `SystemNTPServers=ntp.example.test
ServerName=ntp.example.test
RootDistanceMaxUSec=5s
PollIntervalMinUSec=32s
PollIntervalMaxUSec=34min 8s
PollIntervalUSec=32s
NTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-25, RootDelay=19.866ms, RootDispersion=1.800ms, Reference=D8DAC0CA, OriginateTimestamp=Fri 2026-05-29 16:23:26 UTC, ReceiveTimestamp=Fri 2026-05-29 16:23:34 UTC, TransmitTimestamp=Fri 2026-05-29 16:23:34 UTC, DestinationTimestamp=Fri 2026-05-29 16:23:26 UTC, Ignored=no PacketCount=1, Jitter=0 }
Frequency=0
`, want: []string{"offset systemd-timesyncd [1780071806000000000 1780071807000000000] -8000000000±2011735001 basis=1"}},
	{name: "phc2sys and ptp4l", format: "linuxptp/log", rows: true, text: `ptp4l[534.121]: port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED
ptp4l[534.250]: master offset        -17 s2 freq    -123 path delay       456
phc2sys[535.001]: CLOCK_REALTIME phc offset 37000000123 s0 freq      +0 delay   1234
phc2sys[536.001]: CLOCK_REALTIME phc offset      -1200 s1 freq   +1500 delay   1234
phc2sys[537.001]: CLOCK_REALTIME phc offset        -12 s2 freq   +1500 delay   1234
[538.001] rms   18 max   31 freq   -123 +/-  12 delay   456 +/-   3
`, want: []string{
		`source ptp4l last=-1 reach=0 mono=534250000000 rate=0.123 "s2"`,
		`step phc2sys by 1200 mono=536001000000 rate=-1.5 "s1"`,
		`offset phc2sys -12 mono=537001000000 rate=-1.5 "s2"`,
		`source linuxptp summary last=-1 reach=0 mono=538001000000 "rms 18 max 31 freq -123 +/- 12 delay 456 +/- 3"`}},
	{name: "phc2sys in a system log", format: "linuxptp/log", rows: true, text: "2026-11-20T10:51:33.250000+00:00 node1 phc2sys[77]: [537.001] CLOCK_REALTIME phc offset -12 s2 freq +1500 delay 1234\n",
		want: []string{`offset phc2sys host=node1 domain=node1 [1795171893250000000 1795171893250001000] -12 mono=537001000000 rate=-1.5 "s2"`}},
	{name: "chronyd in a system log", format: "chrony/log", rows: true, text: `2026-11-20T10:51:33.25+00:00 node1 chronyd[77]: chronyd version 4.3 starting
2026-11-20T10:51:39.25+00:00 node1 chronyd[77]: System clock wrong by -1.707730 seconds, adjustment started
2026-11-20T10:51:38.25+00:00 node1 chronyd[77]: System clock was stepped by -1.707730 seconds
2026-11-20T11:51:38.25+00:00 node1 chronyd[77]: Forward time jump detected!
`, want: []string{
		"offset chronyd log host=node1 domain=node1 [1795171898250000000 1795171899260000000] 1707730000",
		"step chronyd log host=node1 domain=node1 [1795171897250000000 1795171898260000000] by -1707730000",
		`step chronyd log host=node1 domain=node1 [1795175497250000000 1795175498260000000] by 0 "Forward time jump detected"`}},
	{name: "a journal without the year", format: "chrony/log", rows: true, text: "Nov 20 10:51:38 node1 chronyd[77]: System clock was stepped by 0.5 seconds\n",
		want: []string{"step chronyd log host=node1 domain=node1 by 500000000"}},
	{name: "node_exporter", format: "prometheus/text", text: `# TYPE node_timex_maxerror_seconds gauge
node_timex_maxerror_seconds 0.0025
node_timex_offset_seconds -1.5e-05
node_timex_sync_status 1
node_timex_frequency_adjustment_ratio 1.000012345
node_time_seconds 1.79517189325e+09
node_uname_info{domainname="(none)",machine="x86_64",nodename="node1",sysname="Linux"} 1
`, want: []string{"offset node_exporter timex host=node1 domain=node1 [1795171892250000000 1795171894250000000] 0±2515002 basis=1 rate=-12.345"}},
	{name: "node_exporter, not synchronised", format: "openmetrics/text", text: "# TYPE node_timex_sync_status gauge\nnode_timex_sync_status 0\nnode_timex_offset_seconds 0\nnode_timex_maxerror_seconds 16\n# EOF\n",
		want: []string{`unsynchronised node_exporter timex "node_timex_sync_status is 0"`}},
	{name: "tracking.log", format: "chrony/tracking.log", rows: true, text: `===================================================================================================================================
   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  Offset sd Rem. corr. Root delay Root disp. Max. error
===================================================================================================================================
2026-11-20 10:51:33 0.0.0.0          0      0.000      0.000  0.000e+00 ?  0  0.000e+00  0.000e+00  1.000e+00  1.000e+00  1.000e+00
2026-11-20 10:51:38 192.0.2.10       3    340.529      1.606  1.000e-03 N  4  6.000e-06 -2.000e-03  8.000e-03  2.000e-03  1.000e-02
`, want: []string{
		`unsynchronised chrony tracking.log [1795171893000000000 1795171894000000000] "Not synchronised"`,
		"offset chrony tracking.log [1795171898002000000 1795171899002000000] 3000000±6008002 basis=1 rate=340.529"}},
	{name: "table", format: "clock/csv", rows: true, text: "domain,time,offset,error\na,2026-11-20T10:51:33.25Z,-12.5ms,800us\nb,1795171893.25,0.000000001,\nb,1795171893250000001,1us,0.5\n",
		want: []string{
			"offset table host= domain=a [1795171893250000000 1795171893250000000] -12500000±800002 basis=1",
			"offset table host= domain=b [1795171893250000000 1795171893250000000] 1",
			"offset table host= domain=b [1795171893250000001 1795171893250000001] 1000±500000002 basis=1"}},
	{name: "statistics.log", format: "chrony/statistics.log", rows: true, text: "   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff freq   Est skew  Stress  Ns  Bs  Nr  Asym\n2026-11-20 10:51:33 192.0.2.10    6.261e-03 -3.247e-03  2.220e-03  1.874e-06  1.080e-06 7.8e-02  16   0   8  0.00\n",
		want: []string{`source chrony statistics.log [1795171893000000000 1795171894000000000] last=-1 reach=0 "192.0.2.10"`}},
}

func TestClockFormats(t *testing.T) {
	for _, s := range clockSpecimens {
		t.Run(s.name, func(t *testing.T) {
			b, a := loadText(t, "x", s.text)
			if string(a.Format) != s.format || a.Status != StatusOK || !a.Read() {
				t.Errorf("%s, %s, read %v, losses %v", a.Format, a.Status, a.Read(), a.Losses)
			}
			if diff := cmp.Diff(s.want, clockRows(b)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestClockCut cuts every specimen at every byte: the rows before the cut are those of the whole, and no
// number that was cut becomes another.
func TestClockCut(t *testing.T) {
	for _, s := range clockSpecimens {
		t.Run(s.name, func(t *testing.T) {
			bundle, _ := loadText(t, "x", s.text)
			whole := clockRows(bundle)
			for n := range s.text {
				b, a := loadText(t, "x", s.text[:n])
				got := clockRows(b)
				if string(a.Format) != s.format || len(got) == 0 {
					continue
				}
				if len(got) > len(whole) {
					t.Fatalf("cut at %d: %q", n, got)
				}
				for i := range got {
					// Where the last line is cut, another wrapper may fit more lines, and know no host.
					if s.rows && got[i] != whole[i] && got[i] != strings.Replace(whole[i], " host=node1 domain=node1", "", 1) {
						t.Errorf("cut at %d: %q, want %q", n, got[i], whole[i])
					}
				}
				if cuts := strings.Count(fmt.Sprint(a.Losses), "the file ends"); cuts > 1 {
					t.Errorf("cut at %d: %v", n, a.Losses)
				}
				for _, r := range b.Clocks {
					known := slices.ContainsFunc(bundle.Clocks, func(w ClockReading) bool {
						return w.Offset == r.Offset && w.Error == r.Error && w.At == r.At && w.Until == r.Until
					})
					if r.Bounded() && !known {
						t.Errorf("cut at %d, behind %q: %+v is not of the whole", n, s.text[max(0, n-20):n], r)
					}
				}
			}
		})
	}
}
