package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// number writes a measure's number with its unit.
func number(v float64, unit string) string {
	switch {
	case unit == "ratio":
		return percentText(v)
	case unit == "ns" || unit == "nanoseconds":
		return Duration(int64(v))
	case unit == "bytes" && math.Abs(v) < 1<<53:
		if v < 0 {
			return "-" + size(int64(-v))
		}
		return size(int64(v))
	case (v == math.Trunc(v) || math.Abs(v) >= 1000) && math.Abs(v) < 1<<53:
		return thousands(int(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// percentText writes a share with the digits that its distance from 0 or 1 needs: 53.0 %, 0.04 %, 99.997 %.
func percentText(v float64) string {
	digits := 1
	for near := min(math.Abs(v), math.Abs(1-v)) * 100; digits < 4 && near > 0 && near < math.Pow(10, float64(1-digits)); digits++ {
	}
	return strconv.FormatFloat(v*100, 'f', digits, 64) + " %"
}

// signed writes a change.
func signed(v float64, unit string) string {
	s := number(v, unit)
	if unit == "ratio" {
		s = strings.TrimSuffix(number(v, "ratio"), " %") + " pp"
	}
	if v > 0 {
		return "+" + s
	}
	return s
}

// rangeText writes the interval of a change: "[+45.1, +47.3] pp".
func rangeText(low, high *float64, unit string) string {
	if low == nil && high == nil {
		return ""
	}
	end := func(v *float64, open string) string {
		if v == nil {
			return open
		}
		return signed(*v, unit)
	}
	return "[" + end(low, "-∞") + ", " + end(high, "+∞") + "]"
}

// sideText writes one side of a number, "12 of 3,000" where it is out of something.
func sideText(s *MeasureSide, unit string) string {
	if s == nil {
		return "-"
	}
	out := number(s.Value, unit)
	if s.Of != nil {
		out += " of " + number(*s.Of, "")
	}
	return out
}

// changeUnit is the unit of a measure's change: of counts out of something, that of a share.
func changeUnit(c *MeasureChange) string {
	if c.Test == "shares" {
		return "ratio"
	}
	return c.Unit
}

func changeText(c *MeasureChange) string {
	if c.Change == nil {
		return ""
	}
	return signed(*c.Change, changeUnit(c))
}

// verdictText says what a verdict means.
func verdictText(verdict, direction string) string {
	switch verdict {
	case verdictChanged:
		if direction != "" {
			return direction
		}
		return "changed"
	case verdictChance:
		return "may be chance"
	case verdictTooFew:
		return "too few to tell"
	case verdictUnknown:
		return "one side only"
	}
	return verdict
}

// measureSentence is one sentence about a measure.
func measureSentence(c *MeasureChange) string {
	s := fmt.Sprintf("%s → %s", sideText(c.Before, c.Unit), sideText(c.After, c.Unit))
	if r := rangeText(c.Low, c.High, changeUnit(c)); r != "" {
		kind := "95 % interval"
		if c.Test == "bounds" {
			kind = "bounds"
		}
		s += fmt.Sprintf(", change %s, %s %s", changeText(c), kind, r)
	}
	return s
}

// shareText is one sentence about a function.
func shareText(name string, s *Share) string {
	return fmt.Sprintf("%s %s → %s of the profile, change %s, 95 %% interval %s", name, percentText(s.Before), percentText(s.After),
		signed(s.After-s.Before, "ratio"), rangeText(&s.Low, &s.High, "ratio"))
}

// linkText is one sentence about links: "link completeness 53.0 % → 99.2 % (95 % interval of the change …)".
func linkText(l *LinkChange) string {
	share := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return percentText(*v)
	}
	s := fmt.Sprintf("link completeness %s → %s", share(l.Before), share(l.After))
	if l.Low != nil {
		s += " (95 % interval of the change " + rangeText(l.Low, l.High, "ratio") + ")"
	}
	return s
}
