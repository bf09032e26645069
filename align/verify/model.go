package verify

import (
	"math/big"
	"strconv"
)

const (
	schema = "witnessmark.clock-model/1"
	utc    = "utc"
)

// model is the part of a clock model that is checked.
type model struct {
	Schema      string  `json:"schema"`
	Trust       string  `json:"trust"`
	MaxDriftPPM float64 `json:"max_drift_ppm"`
	MinDelays   []struct {
		Zones [2]string `json:"zones"`
		Delay int64     `json:"delay_ns"`
	} `json:"min_delays"`
	Domains   []domain      `json:"domains"`
	Pairs     []pair        `json:"pairs"`
	Conflicts []certificate `json:"conflicts"`
	Async     []struct {
		Example edge `json:"example"`
	} `json:"async"`
	Proof *proof `json:"proof"`
}

type domain struct {
	Name      string `json:"domain"`
	AZ        string `json:"az"`
	Component int    `json:"component"`
	Reference string `json:"reference"`
	Status    string `json:"status"`
	Segments  []struct {
		Points []point `json:"points"`
	} `json:"segments"`
	Steps []step `json:"steps"`
}

type point struct {
	At      instant  `json:"at_unix_nano"`
	Offset  int64    `json:"offset_ns"`
	Hard    interval `json:"hard"`
	Assumed interval `json:"assumed"`
}

// interval holds bounds; nil is none.
type interval struct {
	Low  *int64 `json:"low_ns"`
	High *int64 `json:"high_ns"`
}

type step struct {
	After  instant  `json:"after_unix_nano"`
	Before instant  `json:"before_unix_nano"`
	Size   int64    `json:"size_ns"`
	Bounds interval `json:"bounds"`
	Slew   bool     `json:"slew"`

	Evidence []stepEvidence `json:"evidence"`
}

type stepEvidence struct {
	Source string `json:"source"`
	Where  string `json:"where"`
	Size   *int64 `json:"size_ns"`
	Error  *int64 `json:"error_ns"`
}

type certificate struct {
	Edges   []edge   `json:"edges"`
	Assumed bool     `json:"assumed"`
	Sum     int64    `json:"sum_ns"`
	Domains []string `json:"domains"`
}

// edge states that the offset of To at ToAt, less that of From at FromAt, is at most Weight, and what
// Quantum and Blur add.
type edge struct {
	Class        string  `json:"class"`
	From         string  `json:"from"`
	To           string  `json:"to"`
	FromAt       instant `json:"from_at_unix_nano"`
	ToAt         instant `json:"to_at_unix_nano"`
	Weight       int64   `json:"weight_ns"`
	Quantum      int64   `json:"quantum_ns"`
	Blur         int64   `json:"blur_ns"`
	MinDelay     int64   `json:"min_delay_ns"`
	Trace        string  `json:"trace_id"`
	EarlierTrace string  `json:"earlier_trace_id"`
	Earlier      string  `json:"earlier_span_id"`
	Later        string  `json:"later_span_id"`
	Source       string  `json:"source"`

	// began is when the span began whose end FromAt is, or ToAt; nil where that is no end, or not yet looked up.
	began [2]*big.Int
}

type proof struct {
	Scopes []struct {
		Component  int    `json:"component"`
		Reference  string `json:"reference"`
		Segment    int    `json:"segment"`
		HardPPB    int64  `json:"hard_ppb"`
		AssumedPPB int64  `json:"assumed_ppb"`
		Trended    bool   `json:"trended"`
	} `json:"scopes"`
	Clocks []struct {
		Domain  string `json:"domain"`
		Segment int    `json:"segment"`
		Trend   []knot `json:"trend"`
	} `json:"clocks"`
	Constraints []edge      `json:"constraints"`
	Paths       [][2]int32  `json:"paths"`
	Curves      []curve     `json:"curves"`
	Pairs       []pairProof `json:"pairs"`
}

// pair is two clocks with bounds of the one against the other.
type pair struct {
	Caller  string   `json:"caller"`
	Callee  string   `json:"callee"`
	At      instant  `json:"at_unix_nano"`
	Hard    interval `json:"hard"`
	Assumed interval `json:"assumed"`
}

type pairProof struct {
	Caller   string   `json:"caller"`
	Callee   string   `json:"callee"`
	At       instant  `json:"at_unix_nano"`
	CallerAt instant  `json:"caller_at_unix_nano"`
	Paths    [4]int32 `json:"paths"` // low and high, hard before assumed
}

type knot struct {
	At     instant `json:"at_unix_nano"`
	Offset int64   `json:"offset_ns"`
}

type curve struct {
	Domain  string  `json:"domain"`
	Segment int     `json:"segment"`
	Basis   string  `json:"basis"`
	Side    string  `json:"side"`
	Steps   int     `json:"steps"`
	Samples []int32 `json:"samples"`
}

// instant is a decimal string in JSON.
type instant int64

func (t *instant) UnmarshalJSON(b []byte) error {
	s, err := strconv.Unquote(string(b))
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*t = instant(n)
	return err
}

func (t instant) big() *big.Int { return big.NewInt(int64(t)) }
