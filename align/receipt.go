package align

// Receipt counts what rewriting one file did. It is part of the sidecar.
type Receipt struct {
	Resources  int `json:"resources"`
	Spans      int `json:"spans"`
	Events     int `json:"events"`
	LogRecords int `json:"log_records"`
	DataPoints int `json:"data_points"`
	Exemplars  int `json:"exemplars"`
	Samples    int `json:"samples"`
	// Times that were moved: the correction may be 0.
	Times int `json:"times"`
	// TimesLeft were on an aligned clock and stay, because moved they would be no instants.
	TimesLeft int `json:"times_left"`
	// EventsOutside counts events that lie outside their span now and did not before: the clock stepped or was slewed
	// inside the span. EventsOutsideBefore lay outside already.
	EventsOutside       int `json:"events_outside"`
	EventsOutsideBefore int `json:"events_outside_before"`
	// NegativeSpans end before they start, now as before.
	NegativeSpans int `json:"negative_spans"`
	// OutOfOrder counts calls of the whole run that begin before their caller also now: no place inside the trusted bounds is
	// behind it. Holds counts the places where a clock was held back to keep a call behind its caller.
	OutOfOrder     int `json:"calls_out_of_order"`
	Holds          int `json:"holds"`
	ZonesAdded     int `json:"zones_added"`
	RegionsAdded   int `json:"regions_added"`
	ZonesReplaced  int `json:"zones_replaced"`
	SamplesLabeled int `json:"samples_labeled"`
	// Domains in the order of their names.
	Domains []DomainReceipt `json:"domains"`
	// Notes say what was left alone and why, such as a zone that contradicts the evidence.
	Notes []string `json:"notes"`
}

// DomainReceipt is what happened to the times of one clock.
type DomainReceipt struct {
	Domain string `json:"domain"`
	Status Status `json:"status"`
	Why    string `json:"why"` // of a status that leaves times alone
	Times  int    `json:"times"`
	// Least and most that was subtracted.
	Least int64 `json:"least_correction_ns"`
	Most  int64 `json:"most_correction_ns"`
}
