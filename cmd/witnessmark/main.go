// Command witnessmark examines captured Go profiles, goroutine dumps and OpenTelemetry traces, offline.
// Each subcommand is a file: an options struct, a constructor that fills it from flags, and a run method
// that sees the world through app only.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/witnessmark/witnessmark/report"
)

func main() {
	os.Exit(run(newApp(), os.Args[1:]))
}

// app is the world as a subcommand sees it.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool     // stdout is a terminal
	width          int      // of the terminal, 0 if stdout is none
	noColor        bool     // NO_COLOR is set, or the terminal knows none
	epoch          string   // SOURCE_DATE_EPOCH, for what is made to be shipped
	args           []string // the command line as typed, without the program's name
}

func newApp() *app {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, noColor: os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb",
		epoch: os.Getenv("SOURCE_DATE_EPOCH")}
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		a.terminal = true
		if w, _, err := term.GetSize(fd); err == nil {
			a.width = w
		}
	}
	return a
}

// run runs one command line and returns the exit code. A crash is exit code 2, with the place but
// nothing of the input: captures are not for bug reports.
func run(a *app, args []string) (code int) {
	defer func() {
		if e := recover(); e != nil {
			fmt.Fprintf(a.stderr, "witnessmark: crashed: %s\n", crashSite(e))
			code = report.ExitFailure
		}
	}()
	code, a.args = report.ExitClean, args
	root := newRoot(a, &code)
	root.SetArgs(args)
	if err := root.Execute(); err != nil {
		a.fail(err)
		return report.ExitFailure
	}
	return code
}

// fail prints an error, each line of it with the program's name in front.
func (a *app) fail(err error) {
	for _, line := range splitLines(err.Error()) {
		fmt.Fprintf(a.stderr, "witnessmark: %s\n", report.Clean(line))
	}
}
