package config

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/witnessmark/witnessmark/analyze"
)

// param is one field of analyze.Options that a check reads.
type param struct {
	rules []string // ids of the checks that read it; none for all
	share bool     // 0 to 1; else a whole number
	set   func(*analyze.Options, float64)
}

// params by their names in the file. All have the defaults that analyze.Options documents.
var params = map[string]param{
	"max_exhibits":      {set: func(o *analyze.Options, v float64) { o.MaxExhibits = int(v) }},
	"max_subjects":      {set: func(o *analyze.Options, v float64) { o.MaxSubjects = int(v) }},
	"max_routes":        {rules: []string{"WM4001"}, set: func(o *analyze.Options, v float64) { o.MaxRoutes = int(v) }},
	"late_share":        {rules: []string{"WM5002"}, share: true, set: func(o *analyze.Options, v float64) { o.LateShare = v }},
	"label_slack":       {rules: []string{"WM2001"}, share: true, set: func(o *analyze.Options, v float64) { o.LabelSlack = v }},
	"min_label_samples": {rules: []string{"WM2001"}, set: func(o *analyze.Options, v float64) { o.MinLabelSamples = int(v) }},
	"cut_stack_share":   {rules: []string{"WM3001"}, share: true, set: func(o *analyze.Options, v float64) { o.CutStackShare = v }},
	"min_growth":        {rules: []string{"WM3003"}, set: func(o *analyze.Options, v float64) { o.MinGrowth = int(v) }},
	"false_alarm":       {rules: []string{"WM3003", "WM4004", "WM4005"}, share: true, set: func(o *analyze.Options, v float64) { o.FalseAlarm = v }},
	"clock_slack_ns":    {rules: []string{"WM5003", "WM5005", "WM5009", "WM7001"}, set: func(o *analyze.Options, v float64) { o.ClockSlack = int(v) }},
	"clock_drift_ppm":   {rules: []string{"WM5004"}, set: func(o *analyze.Options, v float64) { o.ClockDriftPPM = v }},
	"drift_time_ns":     {rules: []string{"WM5004"}, set: func(o *analyze.Options, v float64) { o.ClockDriftTime = int(v) }},
}

// paramsOf lists the parameters of a check.
func paramsOf(id string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if p := params[name]; len(p.rules) == 0 || slices.Contains(p.rules, id) {
			out = append(out, name)
		}
	}
	return out
}

// rules reads what the file says of checks: level, which may be off, and params. A parameter that several
// checks read is one setting: two that differ are a mistake.
func (r *reader) rules(e entry) error {
	entries, err := r.entries(e.value, e.key)
	if err != nil {
		return err
	}
	for _, rule := range entries {
		d, err := r.check(rule.node, rule.key)
		if err != nil {
			return err
		}
		settings, err := r.entries(rule.value, rule.key)
		if err != nil {
			return err
		}
		for _, s := range settings {
			switch s.key {
			case "level":
				err = r.level(s, d)
			case "params":
				err = r.params(s, d)
			default:
				err = r.mistake(s.node, s.key, []string{"level", "params"}, "unknown key %q", s.key)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) level(e entry, d *analyze.Detector) error {
	var level string
	// YAML 1.1 reads off as false.
	var off bool
	if r.value(e, &off, "") == nil && !off {
		level = "off"
	} else if err := r.value(e, &level, "error, warning, note or off"); err != nil {
		return err
	}
	if err := r.oneOf(e, level, "error", "warning", "note", "off"); err != nil {
		return err
	}
	r.c.origins["rules."+d.Name+".level"] = e.node.Key.GetToken().Position.Line
	if level == "off" {
		r.c.Disabled[d.ID] = true
		return nil
	}
	r.c.Severity[d.ID] = analyze.Severity(level)
	return nil
}

func (r *reader) params(e entry, d *analyze.Detector) error {
	entries, err := r.entries(e.value, e.key)
	if err != nil {
		return err
	}
	for _, s := range entries {
		known := paramsOf(d.ID)
		if !slices.Contains(known, s.key) {
			return r.mistake(s.node, s.key, known, "%s has no parameter %q", d.Name, s.key)
		}
		var v float64
		if err := r.value(s, &v, "a number"); err != nil {
			return err
		}
		switch p := params[s.key]; {
		case !(v > 0):
			return r.mistake(s.value, "", nil, "%s: want more than 0", s.key)
		case p.share && v > 1:
			return r.mistake(s.value, "", nil, "%s: want a share, 0 to 1", s.key)
		}
		if old, twice := r.c.params[s.key]; twice && old != v {
			return r.mistake(s.node, "", nil, "%s is %v in line %d: it is one setting for all checks that read it", s.key, old, r.c.origins["params."+s.key])
		}
		r.c.params[s.key] = v
		r.c.origins["params."+s.key] = s.node.Key.GetToken().Position.Line
	}
	return nil
}

// suppressions reads what the file accepts. A reason is required: who finds the line in a year must know why.
func (r *reader) suppressions(e entry) error {
	list, ok := e.value.(*ast.SequenceNode)
	if !ok {
		return r.mistake(e.value, "", nil, "suppress: want a list")
	}
	for _, item := range list.Values {
		s := Suppression{Line: item.GetToken().Position.Line}
		entries, err := r.entries(item, e.key)
		if err != nil {
			return err
		}
		for _, f := range entries {
			switch f.key {
			case "rule":
				if err = r.value(f, &s.Rule, "a check"); err == nil {
					var d *analyze.Detector
					if d, err = r.check(f.value, s.Rule); err == nil {
						s.Rule = d.ID
					}
				}
			case "match":
				err = r.value(f, &s.Match, "keys of a subject with the text to match")
			case "reason":
				err = r.value(f, &s.Reason, "text")
			case "expires":
				if err = r.value(f, &s.Expires, "a date such as 2027-03-01"); err == nil {
					if _, bad := time.Parse(time.DateOnly, s.Expires); bad != nil {
						err = r.mistake(f.value, "", nil, "expires: want a date such as 2027-03-01")
					}
				}
			default:
				err = r.mistake(f.node, f.key, []string{"rule", "match", "reason", "expires"}, "unknown key %q", f.key)
			}
			if err != nil {
				return err
			}
		}
		switch {
		case s.Rule == "":
			return r.mistake(item, "", nil, "suppress: want rule, the id or name of a check")
		case s.Reason == "":
			return r.mistake(item, "", nil, "suppress: want reason, for whoever reads this in a year")
		}
		r.c.Suppress = append(r.c.Suppress, s)
	}
	return nil
}

// Apply sets what the file says of checks.
func (c *Config) Apply(o *analyze.Options) {
	for name, v := range c.params {
		params[name].set(o, v)
	}
	for id, s := range c.Severity {
		if o.Severity == nil {
			o.Severity = map[string]analyze.Severity{}
		}
		o.Severity[id] = s
	}
	for id := range c.Disabled {
		if o.Disabled == nil {
			o.Disabled = map[string]bool{}
		}
		o.Disabled[id] = true
	}
}

// Has reports whether the file has a setting.
func (c *Config) Has(name string) bool { return c.origins[name] > 0 }

// Origin says where a setting stands, as FILE:LINE; "" if it does not.
func (c *Config) Origin(name string) string {
	if c.origins[name] == 0 {
		return ""
	}
	return c.file + ":" + strconv.Itoa(c.origins[name])
}

// Params lists the parameters that the file sets, by name.
func (c *Config) Params() map[string]float64 { return c.params }

// File is the name of the file, "" for the zero value.
func (c *Config) File() string { return c.file }
