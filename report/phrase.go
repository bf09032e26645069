package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count writes a number of things: "1 artifact", "12,345 spans".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// thousands writes n with separators.
func thousands(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	var groups []string
	for len(s) > 3 {
		groups = append([]string{s[len(s)-3:]}, groups...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, groups...), ",")
}

// size writes a number of bytes: exact below 1 KiB, else three or four digits in a binary unit.
func size(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		v /= 1024
		if v < 1023.95 || unit == "PiB" {
			return strconv.FormatFloat(v, 'f', 1, 64) + " " + unit
		}
	}
	return ""
}

// instant writes Unix nanoseconds in decimal as UTC, with as many decimals as tell something on a
// screen: the document has them all.
func instant(nanos string) string {
	n, err := strconv.ParseUint(nanos, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return nanos
	}
	return time.Unix(0, int64(n)).UTC().Format("2006-01-02 15:04:05.000Z")
}

// Duration writes nanoseconds with four significant digits: "43.21ms", "30s".
func Duration(ns int64) string {
	sign := ""
	u := uint64(ns)
	if ns < 0 {
		sign, u = "-", uint64(-ns)
	}
	for _, unit := range []struct {
		ns   uint64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if u >= unit.ns {
			v := strconv.FormatFloat(float64(u)/float64(unit.ns), 'g', 4, 64)
			if u >= 1e13 { // more than 10,000 s
				v = strconv.FormatUint(u/1e9, 10)
			}
			return sign + v + unit.name
		}
	}
	return fmt.Sprintf("%s%dns", sign, u)
}

// window writes the window of an artifact: its start, and its length where it is no instant.
func window(a *Artifact) string {
	if a.StartUnixNano == "" {
		return ""
	}
	s := instant(a.StartUnixNano)
	start, err1 := strconv.ParseUint(a.StartUnixNano, 10, 64)
	end, err2 := strconv.ParseUint(a.EndUnixNano, 10, 64)
	if err1 != nil || err2 != nil || end <= start || end-start > math.MaxInt64 {
		return s
	}
	return s + " +" + length(end-start)
}

// length writes how long something took, from 10,000 s on as "3h25m", from two days on as "3610.5d".
func length(ns uint64) string {
	const day = 24 * 3600 * 1e9
	switch {
	case ns >= 2*day:
		return strconv.FormatFloat(float64(ns)/day, 'f', 1, 64) + "d"
	case ns >= 1e13:
		return fmt.Sprintf("%dh%dm", ns/3600e9, ns/60e9%60)
	}
	return Duration(int64(ns))
}

// goText writes the release of an artifact: "go1.26", "go1.23–1.25", "≥ go1.21", "≤ go1.20".
func goText(v *GoVersion) string {
	switch {
	case v == nil:
		return ""
	case v.Min == v.Max:
		return "go" + v.Min
	case v.Max == "":
		return "≥ go" + v.Min
	case v.Min == "":
		return "≤ go" + v.Max
	}
	return "go" + v.Min + "–" + v.Max
}

// rows writes what was read of an artifact.
func rows(a *Artifact) string {
	switch {
	case a.Spans != nil:
		return count(*a.Spans, "span")
	case a.Goroutines != nil:
		return count(*a.Goroutines, "goroutine")
	case a.Samples != nil:
		return count(*a.Samples, "sample")
	case a.Places != nil:
		return places(a.Places)
	}
	return ""
}
