package evidence

import (
	"bytes"
	"html"
)

// pprofErrors begin the bodies that net/http/pprof sends instead of a profile (net/http/pprof/pprof.go:
// Profile, Trace, handler.ServeHTTP and serveDeltaProfile, go1.18 to go1.27), and those of net/http for
// a page that is not there or behind TLS.
var pprofErrors = []string{
	"Could not enable CPU profiling: ",
	"Could not enable tracing: ",
	"profile duration exceeds server's WriteTimeout",
	"Unknown profile",
	"failed to collect profile",
	"failed to compute delta",
	"failed to capture delta profile",
	"seconds and debug params are incompatible",
	`"seconds" parameter is not supported for this profile type`,
	`invalid value for "seconds" - must be a positive integer`,
	"404 page not found",
	"405 must POST",
	"Client sent an HTTP request to an HTTPS server.",
}

// formatErrorBody is an error message that was saved in place of a capture.
var formatErrorBody = refuse("http/error-body",
	func(head []byte, whole bool) bool {
		const most = 4 << 10
		if !whole || len(head) > most {
			return false
		}
		head = bytes.TrimSpace(head)
		for _, e := range pprofErrors {
			if bytes.HasPrefix(head, []byte(e)) {
				return true
			}
		}
		return false
	},
	func(head []byte) string { return "an error message in place of a capture: " + quoteLine(head) })

// formatHTML is a page saved in place of a capture, such as the index of /debug/pprof/ or a proxy's error.
// A page that quotes a goroutine dump is left to the reader of goroutine text.
var formatHTML = refuse("html",
	func(head []byte, _ bool) bool {
		start := bytes.ToLower(bytes.TrimLeft(head[:min(len(head), 200)], " \t\r\n"))
		return (bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))) &&
			!bytes.Contains(head, []byte("\ngoroutine ")) && !bytes.Contains(head, []byte(">goroutine "))
	},
	func(head []byte) string {
		lower := bytes.ToLower(head)
		start := bytes.Index(lower, []byte("<title>"))
		end := bytes.Index(lower, []byte("</title>"))
		if start < 0 || end < start || len(lower) != len(head) {
			return "an HTML page in place of a capture"
		}
		title := html.UnescapeString(string(head[start+len("<title>") : end]))
		return "an HTML page in place of a capture, titled " + quoteLine([]byte(title))
	})
