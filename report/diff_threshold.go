package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/witnessmark/witnessmark/internal/chance"
)

// Threshold is a limit of a comparison that a user set:
//
//	orphan_ratio>0.01                          a measure of the later side, out of what it is out of
//	hop.coverage{server=checkout}<0.95         a measure of the subjects that say so
//	gc.pause_ns>+20%                           growth, in percent of the earlier side
//	share(main.work)>+2%                       growth, in percentage points, of a function's own share
//	cum(net/http.(*conn).serve)>0.5            the share of a function and what it called
//	group(main.worker)>+100                    growth of a group of goroutines
//
// A number with a sign limits the change, one without the later side. Percentages of shares and ratios are
// percentage points.
type Threshold struct {
	text    string
	of      string // "", "share", "cum" or "group"
	name    string
	subject map[string]string
	op      string
	value   float64
	change  bool
	percent bool
}

// Outcomes of a threshold.
const (
	thresholdExceeded = "exceeded"
	thresholdWithin   = "within"
	thresholdChance   = "chance"
	thresholdAbsent   = "absent"
)

// thresholdError points at the place of a mistake.
func thresholdError(s string, at int, format string, args ...any) error {
	return fmt.Errorf("threshold: %s\n  %s\n  %s^", fmt.Sprintf(format, args...), s, strings.Repeat(" ", textWidth(s[:at])))
}

// ParseThreshold parses a threshold. Its errors show the place.
func ParseThreshold(s string) (Threshold, error) {
	t := Threshold{text: s}
	at, err := t.parseName(s)
	if err != nil {
		return t, err
	}
	at += blanks(s[at:])
	for _, op := range []string{">=", "<=", ">", "<"} {
		if strings.HasPrefix(s[at:], op) {
			t.op = op
			break
		}
	}
	if t.op == "" {
		return t, thresholdError(s, at, "want >, >=, < or <= here")
	}
	at += len(t.op)
	at += blanks(s[at:])
	return t, t.parseValue(s, at)
}

func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// parseName reads what is left of the operator and returns where that is.
func (t *Threshold) parseName(s string) (int, error) {
	at := blanks(s)
	end := at
	for end < len(s) && (isWord(s[end]) || s[end] == '.' || s[end] == '-') {
		end++
	}
	t.name = s[at:end]
	switch {
	case t.name == "":
		return 0, thresholdError(s, at, "want the name of a measure, or share(FUNC), cum(FUNC) or group(NAME) here")
	case end < len(s) && s[end] == '(':
		return t.parseCall(s, at, end)
	case end < len(s) && s[end] == '{':
		return t.parseSubject(s, end)
	}
	return end, nil
}

func (t *Threshold) parseCall(s string, at, open int) (int, error) {
	if t.name != "share" && t.name != "cum" && t.name != "group" {
		return 0, thresholdError(s, at, "%s is no function; there are share, cum and group", t.name)
	}
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				t.of, t.name = t.name, strings.TrimSpace(s[open+1:i])
				if t.name == "" {
					return 0, thresholdError(s, i, "want a name here")
				}
				return i + 1, nil
			}
		}
	}
	return 0, thresholdError(s, open, "this parenthesis is not closed")
}

func (t *Threshold) parseSubject(s string, open int) (int, error) {
	length := strings.IndexByte(s[open:], '}')
	if length < 0 {
		return 0, thresholdError(s, open, "this brace is not closed")
	}
	t.subject = map[string]string{}
	at := open + 1
	for pair := range strings.SplitSeq(s[open+1:open+length], ",") {
		key, value, ok := strings.Cut(pair, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return 0, thresholdError(s, at, "want key=value here")
		}
		t.subject[key] = strings.TrimSpace(value)
		at += len(pair) + 1
	}
	return open + length + 1, nil
}

func (t *Threshold) parseValue(s string, at int) error {
	number := strings.TrimSpace(s[at:])
	number, t.percent = strings.CutSuffix(number, "%")
	t.change = strings.HasPrefix(number, "+") || strings.HasPrefix(number, "-")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v-v != 0 {
		return thresholdError(s, at, "want a number here, such as 0.01, +2%% or -5")
	}
	t.value = v
	return nil
}

func (t *Threshold) beyond(v, limit float64) bool {
	switch t.op {
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "<":
		return v < limit
	}
	return v <= limit
}

// thresholds compares every threshold with what it is about.
func (d *diff) thresholds() {
	for i := range d.o.Thresholds {
		t := &d.o.Thresholds[i]
		var results []ThresholdResult
		switch t.of {
		case "":
			results = d.measureThreshold(t)
		case "group":
			results = d.groupThreshold(t)
		default:
			results = d.shareThreshold(t)
		}
		if len(results) == 0 {
			results = []ThresholdResult{{Threshold: text(t.text), Subject: map[string]string{}, Outcome: thresholdAbsent, Text: "no such number on both sides"}}
		}
		d.delta.Thresholds = append(d.delta.Thresholds, results...)
	}
}

// limited is a number that a threshold is about.
type limited struct {
	subject       map[string]string
	before, after float64
	share         bool
	sure          func(limit float64) bool // whether the later number is beyond a limit whatever chance did
	verdict       string
}

func (t *Threshold) judge(l limited) ThresholdResult {
	r := ThresholdResult{Threshold: text(t.text), Subject: l.subject, Outcome: thresholdWithin}
	limit, v := t.value, l.after
	switch {
	case t.change && t.percent && !l.share:
		limit, v = l.before*t.value/100, l.after-l.before
	case t.change && t.percent:
		limit, v = t.value/100, l.after-l.before
	case t.change:
		v = l.after - l.before
	case t.percent:
		limit = t.value / 100
	}
	if t.beyond(v, limit) {
		r.Outcome = thresholdExceeded
		if t.change && l.verdict != verdictChanged && l.verdict != verdictUntested || !t.change && l.sure != nil && !l.sure(limit) {
			r.Outcome = thresholdChance
		}
	}
	show := func(v float64) string { return number(v, "") }
	if l.share {
		show = percentText
	}
	r.Text = fmt.Sprintf("%s → %s", show(l.before), show(l.after))
	switch r.Outcome {
	case thresholdExceeded:
		r.Text += ", beyond the threshold"
	case thresholdChance:
		r.Text += ", beyond the threshold, which may be chance"
	}
	return r
}

// sureShare returns whether a share out of n is beyond a limit at the confidence of the intervals.
func (t *Threshold) sureShare(s interval, n float64) func(float64) bool {
	return func(limit float64) bool {
		if strings.HasPrefix(t.op, ">") {
			low, _ := chance.Wilson(s.low*n, n, confidence)
			return t.beyond(low, limit)
		}
		_, high := chance.Wilson(s.high*n, n, confidence)
		return t.beyond(high, limit)
	}
}

func (d *diff) measureThreshold(t *Threshold) []ThresholdResult {
	var out []ThresholdResult
	name := t.name
	asRatio := !slices.ContainsFunc(d.measures, func(c MeasureChange) bool { return c.Name == name })
	if asRatio {
		// orphan_ratio, spans.orphan_ratio: a count out of its total.
		name = strings.TrimSuffix(name, "_ratio")
		if !strings.Contains(name, ".") {
			name = "spans." + name
		}
	}
	for i := range d.measures {
		c := &d.measures[i]
		if c.Name != name || c.Change == nil || !agrees(t.subject, c.Subject) || asRatio && (c.Before.Of == nil || c.After.Of == nil) {
			continue
		}
		l := limited{subject: c.Subject, before: c.Before.Value, after: c.After.Value, share: c.Unit == "ratio" || asRatio, verdict: c.Verdict}
		if asRatio {
			l.before, l.after = shareOf(c.Before, c.Unit).value, shareOf(c.After, c.Unit).value
		}
		switch {
		case l.share && c.After.Of != nil:
			l.sure = t.sureShare(shareOf(c.After, c.Unit), *c.After.Of/d.dispersion(*c))
		case c.After.Low != nil || c.After.High != nil:
			s := openInterval(c.After)
			l.sure = func(limit float64) bool { return t.beyond(s.low, limit) && t.beyond(s.high, limit) }
		}
		out = append(out, t.judge(l))
	}
	return out
}

func (d *diff) shareThreshold(t *Threshold) []ThresholdResult {
	var out []ThresholdResult
	for _, table := range d.functions {
		for i := range table.all {
			f := &table.all[i]
			if f.Name != t.name {
				continue
			}
			s := &f.Flat
			if t.of == "cum" {
				s = f.Cum
			}
			n := table.after.samples()
			l := limited{subject: map[string]string{"artifact": table.artifact}, before: s.Before, after: s.After, share: !d.o.ByDuration, verdict: s.Verdict}
			if l.share {
				l.sure = t.sureShare(interval{s.After, s.After, s.After}, n)
			}
			out = append(out, t.judge(l))
		}
	}
	return out
}

func (d *diff) groupThreshold(t *Threshold) []ThresholdResult {
	var out []ThresholdResult
	for _, g := range d.groups {
		x, y := g.before[t.name], g.after[t.name]
		if x == 0 && y == 0 {
			continue
		}
		// What is counted is there: a snapshot has no error, only its moment.
		l := limited{subject: map[string]string{"artifact": g.artifact}, before: float64(x), after: float64(y), verdict: verdictUntested}
		out = append(out, t.judge(l))
	}
	return out
}
