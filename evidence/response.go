package evidence

import "strconv"

// SpanStatus is a span's status code and, above it, what the response code among its attributes says. One byte holds both.
type SpanStatus uint8

// Code returns the status code: 0 unset, 1 ok, 2 error, 3 for any number that OTLP does not know.
func (s SpanStatus) Code() StatusCode { return StatusCode(s & 3) }

// Response returns what the response code says.
func (s SpanStatus) Response() ResponseClass { return ResponseClass(s >> 2) }

func newSpanStatus(code StatusCode, response ResponseClass) SpanStatus {
	return SpanStatus(min(code, 3)) | SpanStatus(response)<<2
}

// ResponseClass sorts response codes by what the semantic conventions of OpenTelemetry want the status of their spans to be: of
// HTTP (http.response.status_code, formerly http.status_code) and of gRPC (rpc.response.status_code by name, formerly
// rpc.grpc.status_code by number).
type ResponseClass uint8

const (
	// NoResponse: no such attribute, or one that is no code.
	NoResponse ResponseClass = iota
	// HTTPSuccess is 100 to 399: no error on either side.
	HTTPSuccess
	// HTTPClientError is 400 to 499: an error of the CLIENT span alone.
	HTTPClientError
	// HTTPServerError is 500 to 599, and every number that is no status of HTTP: an error on both sides.
	HTTPServerError
	// RPCSuccess is OK.
	RPCSuccess
	// RPCClientError is what a caller may be at fault for, such as NOT_FOUND: an error of the CLIENT span alone.
	RPCClientError
	// RPCServerError is UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS: an error on both sides.
	RPCServerError
)

// Failed reports whether the code is of an error, whosever fault.
func (c ResponseClass) Failed() bool {
	return c == HTTPClientError || c == HTTPServerError || c == RPCClientError || c == RPCServerError
}

// HTTP and RPC tell which of the two the code is of.
func (c ResponseClass) HTTP() bool { return c >= HTTPSuccess && c <= HTTPServerError }
func (c ResponseClass) RPC() bool  { return c >= RPCSuccess }

func httpClass(text []byte) ResponseClass {
	code, err := strconv.Atoi(string(text))
	switch {
	case err != nil:
		return NoResponse
	case code >= 100 && code < 400:
		return HTTPSuccess
	case code >= 400 && code < 500:
		return HTTPClientError
	}
	return HTTPServerError
}

// grpcCodes are the names of gRPC's codes by number (google.golang.org/grpc/codes).
var grpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

func rpcClass(text []byte) ResponseClass {
	code, err := strconv.Atoi(string(text))
	if err != nil {
		code = -1
		for i, name := range grpcCodes {
			if string(text) == name {
				code = i
			}
		}
	}
	switch code {
	case 0:
		return RPCSuccess
	case 2, 4, 12, 13, 14, 15:
		return RPCServerError
	}
	if code > 0 && code < len(grpcCodes) {
		return RPCClientError
	}
	return NoResponse
}
