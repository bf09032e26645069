package evidence

import (
	"bytes"
)

// wrapperCRI is the log format of the Kubernetes container runtime interface: time, stream, tags, text
// (kubelet, pkg/kubelet/kuberuntime/logs/logs.go, parseCRILog). The first tag is F for a full line, P for
// a piece of one.
var wrapperCRI = lineWrapper{
	name:    "cri",
	streams: true,
	parse: func(line []byte, _ bool) (l wrappedLine, ok bool) {
		n := rfc3339(line)
		if n == 0 || len(line) == n || line[n] != ' ' {
			return l, false
		}
		rest := line[n+1:]
		switch {
		case bytes.HasPrefix(rest, []byte("stdout ")):
			l.source = "stdout"
		case bytes.HasPrefix(rest, []byte("stderr ")):
			l.source = "stderr"
		default:
			return l, false
		}
		tags, content, found := bytes.Cut(rest[len("stdout "):], []byte{' '})
		// An editor may have cut the blank behind the tag of an empty line.
		if !found && len(tags) != 1 || len(tags) == 0 || len(tags) > 1 && tags[1] != ':' {
			return l, false
		}
		switch tags[0] {
		case 'F':
		case 'P':
			l.partial = true
		default:
			return l, false
		}
		l.content, l.stamp = content, line[:n]
		return l, true
	},
}

// wrapperTimestamps is what `kubectl logs --timestamps` and `docker logs -t` put before each line.
var wrapperTimestamps = lineWrapper{
	name: "timestamps",
	parse: func(line []byte, _ bool) (l wrappedLine, ok bool) {
		n := rfc3339(line)
		switch {
		case n == 0 || len(line) > n && line[n] != ' ':
			return l, false
		case len(line) > n:
			l.content, l.stamp = line[n+1:], line[:n]
		}
		return l, true
	},
}

// wrapperKubectl is what `kubectl logs --prefix` puts before each line: [pod/NAME/CONTAINER].
var wrapperKubectl = lineWrapper{
	name: "kubectl",
	parse: func(line []byte, _ bool) (l wrappedLine, ok bool) {
		if !bytes.HasPrefix(line, []byte("[pod/")) {
			return l, false
		}
		end := bytes.IndexByte(line, ']')
		if end < 0 || end > 600 || bytes.Count(line[:end], []byte{'/'}) != 2 || bytes.IndexByte(line[:end], ' ') >= 0 {
			return l, false
		}
		rest := line[end+1:]
		switch {
		case len(rest) > 0 && rest[0] != ' ':
			return l, false
		case len(rest) > 0:
			l.content = rest[1:]
		}
		l.source = string(line[:end])
		return l, true
	},
}

// rfc3339 returns the length of the RFC 3339 time that b begins with, 0 if there is none. The colon of
// the zone may be missing, as in journalctl's short-iso.
func rfc3339(b []byte) int {
	const shape = "0000-00-00T00:00:00"
	if len(b) <= len(shape) {
		return 0
	}
	for i := range len(shape) {
		if shape[i] == '0' && !isDigit(b[i]) || shape[i] != '0' && b[i] != shape[i] {
			return 0
		}
	}
	n := len(shape)
	if b[n] == '.' {
		for n++; n < len(b) && isDigit(b[n]); n++ {
		}
	}
	if n == len(b) {
		return 0
	}
	switch b[n] {
	case 'Z':
		return n + 1
	case '+', '-':
		zone := b[n+1:]
		if len(zone) >= 5 && allDigits(zone[:2]) && zone[2] == ':' && allDigits(zone[3:5]) {
			return n + 6
		}
		if len(zone) >= 4 && allDigits(zone[:4]) {
			return n + 5
		}
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}
