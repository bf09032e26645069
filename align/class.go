package align

// Class says what a constraint between two clocks rests on.
type Class uint8

// Classes of constraints, in order of trust.
const (
	// ClassReading (N1): a clock was read against UTC, with a stated maximum error.
	ClassReading Class = iota + 1
	// ClassRequest (H1): a span does not begin before its parent does. It held in all of 13,600 pairs
	// whose true times are known.
	ClassRequest
	// ClassLink (H2): a span does not end before a span that it links to began.
	ClassLink
	// ClassMessage (H3): a message is not processed before it was sent. A consumer that receives or polls
	// begins before its message exists, so its end counts instead of its start.
	ClassMessage
	// ClassDeclared (N2): the user says so.
	ClassDeclared
	// ClassFile (F1): what a file holds was written before the file was.
	ClassFile
	// ClassResponse (A1): a server's span ends before the client's that waits for its answer. This is an
	// assumption: it is false after a deadline or a cancellation, and for work behind the answer.
	ClassResponse
)

// String returns the short name that models and certificates use.
func (c Class) String() string {
	if int(c) < len(classNames) && classNames[c] != "" {
		return classNames[c]
	}
	return "class?"
}

var classNames = [...]string{
	ClassReading: "N1", ClassRequest: "H1", ClassLink: "H2", ClassMessage: "H3", ClassDeclared: "N2",
	ClassFile: "F1", ClassResponse: "A1",
}

// Hard reports whether the class needs no assumption about how programs answer.
func (c Class) Hard() bool { return c != ClassResponse && c >= ClassReading && c <= ClassResponse }
