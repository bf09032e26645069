package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/witnessmark/witnessmark/internal/chance"
)

// TrendSchema names the version of the document of a trend. Within it, fields are only ever added.
const TrendSchema = "witnessmark.trend/1"

// Trend is what grew over several captures of one thing.
type Trend struct {
	// Name and version of the document's format, "witnessmark.trend/1".
	Schema string `json:"schema"`
	// The program that wrote the document.
	Tool Tool `json:"tool"`
	// How the trend was asked for, and how it ended.
	Run TrendRun `json:"run"`
	// The captures in the order of their times.
	Captures []TrendCapture `json:"captures"`
	// Health of the goroutines of each artifact that holds some.
	Health []Health `json:"health"`
	// Numbers of at least two captures that are not the same in all, those that grow for certain first.
	Series []Series `json:"series"`
}

// TrendRun says how a trend was asked for and how it ended.
type TrendRun struct {
	// The arguments as typed, without the program's name.
	Args []string `json:"args"`
	// What a reader must know to read the numbers, one sentence each.
	Notes []string `json:"notes"`
	// "hour" where every capture has a time, else "capture": what rates are per.
	Per string `json:"per"`
	// The health below which goroutines fail the run.
	Threshold float64 `json:"threshold"`
	// Confidence of the intervals, each by itself.
	Confidence float64 `json:"confidence"`
	// 0, or 1 where goroutines are certain to be below the threshold.
	ExitCode int `json:"exit_code"`
}

// TrendCapture is one capture of a trend.
type TrendCapture struct {
	// The input as given.
	Input string `json:"input"`
	// When it was captured: the middle of its artifacts' windows, in Unix nanoseconds as a decimal string. Absent
	// where the bytes do not tell.
	UnixNano string `json:"unix_nano,omitempty"`
}

// Series is one number over the captures.
type Series struct {
	// Name, as in a report; "goroutines.group" for a group of goroutines.
	Name string `json:"name"`
	// Unit, as in a report.
	Unit string `json:"unit"`
	// What it is of; an artifact by its path below the capture.
	Subject map[string]string `json:"subject"`
	// The number in each capture, null where it has none.
	Values []*float64 `json:"values"`
	// Growth per hour, or per capture: the slope of the line of least squares.
	Rate float64 `json:"rate"`
	// Lower end of the interval of the rate. Absent for fewer than three values.
	Low *float64 `json:"low,omitempty"`
	// Upper end of the interval of the rate. Absent for fewer than three values.
	High *float64 `json:"high,omitempty"`
	// "grows" or "shrinks" where the interval leaves no other choice, "undecided" where it does, "too-few" without one.
	Verdict string `json:"verdict"`
}

// Health is how little a number of goroutines changes over the window: 1 − |rate|·window/level, 0 at least.
type Health struct {
	// The artifact, by its path below the capture.
	Artifact string `json:"artifact"`
	// Mean number of goroutines.
	Level float64 `json:"level"`
	// Growth per hour, or per capture.
	Rate float64 `json:"rate"`
	// Health at that rate.
	Health float64 `json:"health"`
	// Lower end of what the interval of the rate leaves open. Absent for fewer than three captures.
	Low *float64 `json:"low,omitempty"`
	// Upper end of what the interval of the rate leaves open. Absent for fewer than three captures.
	High *float64 `json:"high,omitempty"`
	// "healthy" (the whole interval is at or above the threshold), "unhealthy" (all of it is below) or
	// "too-few" (it may be either).
	Verdict string `json:"verdict"`
}

// TrendOptions parametrise NewTrend.
type TrendOptions struct {
	Args      []string
	Version   string
	Threshold float64 // of health; 0 for 0.95
	GroupBy   string  // as of DiffOptions
}

// NewTrend fits a line through every number of the captures.
func NewTrend(sides []*Side, o TrendOptions) *Trend {
	if o.Threshold <= 0 {
		o.Threshold = 0.95
	}
	if o.GroupBy == "" {
		o.GroupBy = "stack"
	}
	t := &Trend{
		Schema: TrendSchema, Tool: Tool{Name: "witnessmark", Version: o.Version},
		Run:    TrendRun{Args: texts(o.Args), Notes: []string{}, Per: "hour", Threshold: o.Threshold, Confidence: confidence},
		Health: []Health{}, Series: []Series{},
	}
	sides, x := t.inTime(sides)
	t.collect(sides, x, o.GroupBy)
	for i := range t.Series {
		if s := &t.Series[i]; s.Name == "goroutines.total" {
			t.Health = append(t.Health, t.health(s, x))
		}
	}
	if slices.ContainsFunc(t.Health, func(h Health) bool { return h.Verdict == "unhealthy" }) {
		t.Run.ExitCode = ExitFindings
	}
	if len(t.Series) == 0 {
		t.Run.Notes = append(t.Run.Notes, "no number stands in two of the captures: files are one where their names below the common folder are, and captures of one file each where their formats are")
	}
	t.Series = slices.DeleteFunc(t.Series, func(s Series) bool { return s.Verdict == verdictSame })
	rank := func(s *Series) int {
		return slices.Index([]string{"grows", "shrinks", "undecided", verdictTooFew}, s.Verdict)
	}
	slices.SortStableFunc(t.Series, func(a, b Series) int { return cmp.Compare(rank(&a), rank(&b)) })
	return t
}

// inTime sorts the captures by their times, if all have one, and returns the times in hours or numbers.
func (t *Trend) inTime(sides []*Side) ([]*Side, []float64) {
	type timed struct {
		side *Side
		at   uint64
	}
	var all []timed
	known := true
	for _, s := range sides {
		at, ok := middle(s.Document)
		all, known = append(all, timed{s, at}), known && ok
	}
	if known {
		slices.SortStableFunc(all, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	} else {
		t.Run.Per = "capture"
		t.Run.Notes = append(t.Run.Notes, "not every capture tells when it was made: rates are per capture, in the order given")
	}
	var x []float64
	sides = nil
	for i, c := range all {
		capture := TrendCapture{Input: text(c.side.Input)}
		at := float64(i)
		if c.at > 0 {
			capture.UnixNano = strconv.FormatUint(c.at, 10)
		}
		if known {
			at = float64(c.at-all[0].at) / 3600e9
		}
		t.Captures, sides, x = append(t.Captures, capture), append(sides, c.side), append(x, at)
	}
	return sides, x
}

// middle returns the median of the middles of a document's windows.
func middle(d *Document) (uint64, bool) {
	var at []uint64
	for i := range d.Artifacts {
		start, err1 := strconv.ParseUint(d.Artifacts[i].StartUnixNano, 10, 64)
		end, err2 := strconv.ParseUint(d.Artifacts[i].EndUnixNano, 10, 64)
		if err1 == nil && err2 == nil && end >= start && end < 1<<63 {
			at = append(at, start+(end-start)/2)
		}
	}
	if len(at) == 0 {
		return 0, false
	}
	slices.Sort(at)
	return at[len(at)/2], true
}

// collect makes the series of measures, and of groups of goroutines.
func (t *Trend) collect(sides []*Side, x []float64, by string) {
	series := map[string]*Series{}
	put := func(i int, name, unit string, subject map[string]string, v float64) {
		key := measureKey(name, subject)
		if series[key] == nil {
			series[key] = &Series{Name: name, Unit: unit, Subject: subject, Values: make([]*float64, len(sides))}
		}
		series[key].Values[i] = &v
	}
	for i, s := range sides {
		names := belowCommonFolder(s.Document)
		byPath := map[string]string{}
		for j := range s.Document.Artifacts {
			byPath[s.Document.Artifacts[j].Path] = names[j]
			if len(names) == 1 {
				byPath[s.Document.Artifacts[j].Path] = s.Document.Artifacts[j].Format // captures of one file each
			}
		}
		for _, m := range s.Document.Measures {
			subject := map[string]string{}
			for k, v := range m.Subject {
				subject[k] = v
			}
			if name, ok := byPath[m.Subject["artifact"]]; ok {
				subject["artifact"] = name
			}
			put(i, m.Name, m.Unit, subject, m.Value)
		}
		if s.Bundle == nil {
			continue
		}
		for j, a := range s.Bundle.Artifacts {
			groups, _ := groupGoroutines(a, by)
			for name, n := range groups {
				put(i, "goroutines.group", "goroutines", map[string]string{"artifact": byPath[s.Document.Artifacts[j].Path], "group": text(name)}, float64(n))
			}
		}
	}
	for _, key := range sortedKeys(series, nil) {
		s := series[key]
		if s.Name == "goroutines.group" {
			fillNone(s, series, sides)
		}
		if s.fit(x) {
			t.Series = append(t.Series, *s)
		}
	}
}

// fillNone counts none of a group where the artifact is there without it.
func fillNone(s *Series, series map[string]*Series, sides []*Side) {
	total := series[measureKey("goroutines.total", map[string]string{"artifact": s.Subject["artifact"]})]
	for i := range s.Values {
		if s.Values[i] == nil && total != nil && total.Values[i] != nil && sides[i].Bundle != nil {
			s.Values[i] = new(float64)
		}
	}
}

// points returns the values that are there with their times.
func (s *Series) points(x []float64) (xs, ys []float64) {
	for i, v := range s.Values {
		if v != nil {
			xs, ys = append(xs, x[i]), append(ys, *v)
		}
	}
	return xs, ys
}

// fit finds the rate; false for fewer than two values.
func (s *Series) fit(x []float64) bool {
	xs, ys := s.points(x)
	if len(ys) < 2 {
		return false
	}
	line := chance.Line(xs, ys, confidence)
	s.Rate, s.Verdict = line.Rate, verdictTooFew
	if slices.Min(ys) == slices.Max(ys) {
		s.Verdict = verdictSame
		return true
	}
	if !line.Known {
		return true
	}
	s.Low, s.High = &line.Low, &line.High
	switch {
	case line.Low > 0:
		s.Verdict = "grows"
	case line.High < 0:
		s.Verdict = "shrinks"
	default:
		s.Verdict = "undecided"
	}
	return true
}

// health is the SLI of a number of goroutines.
func (t *Trend) health(s *Series, x []float64) Health {
	xs, ys := s.points(x)
	line := chance.Line(xs, ys, confidence)
	window := xs[len(xs)-1] - xs[0]
	of := func(rate float64) float64 {
		if line.Level <= 0 {
			return 1
		}
		return max(0, 1-math.Abs(rate)*window/line.Level)
	}
	h := Health{Artifact: s.Subject["artifact"], Level: line.Level, Rate: line.Rate, Health: of(line.Rate), Verdict: verdictTooFew}
	if !line.Known {
		return h
	}
	low, high := min(of(line.Low), of(line.High)), max(of(line.Low), of(line.High))
	if line.Low <= 0 && line.High >= 0 {
		high = 1
	}
	h.Low, h.High = &low, &high
	switch {
	case low >= t.Run.Threshold:
		h.Verdict = "healthy"
	case high < t.Run.Threshold:
		h.Verdict = "unhealthy"
	}
	return h
}
