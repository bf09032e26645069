package report

import _ "embed"

//go:embed diff_schema.json
var diffSchema []byte

//go:embed trend_schema.json
var trendSchema []byte

// DiffJSONSchema returns the JSON Schema (2020-12) of a Delta, and TrendJSONSchema that of a Trend. A test makes them
// from the types and their comments.
func DiffJSONSchema() []byte { return diffSchema }

// TrendJSONSchema returns the JSON Schema (2020-12) of a Trend.
func TrendJSONSchema() []byte { return trendSchema }
