// Command htmlcheck opens HTML reports in a real headless Chromium and uses them as a reader would, in light and dark:
// axe-core must find no violation, nothing may be requested but the file, nothing may be refused or thrown, hostile
// text must do nothing, everything must be reachable by keyboard, no phone may scroll sideways, paper may cut nothing
// off, and 20,000 findings must open in under 3 s. run.sh installs what it needs and calls it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// many is how many findings must open in time, and openIn that time in milliseconds.
const (
	many   = 20_000
	openIn = 3000
)

// options of the command.
type options struct {
	chromium, axe, images string
	files                 []string
	// Saved documents whose every text is replaced by attacks.
	report, diff, trend string
}

func main() {
	var o options
	flag.StringVar(&o.chromium, "chromium", "chromium", "the browser")
	flag.StringVar(&o.axe, "axe", "", "axe.min.js")
	flag.StringVar(&o.images, "images", "", "folder for pictures of the first report; none without")
	flag.StringVar(&o.report, "report", "", "saved report to fill with attacks")
	flag.StringVar(&o.diff, "diff", "", "saved comparison to fill with attacks")
	flag.StringVar(&o.trend, "trend", "", "saved trend to fill with attacks")
	flag.Parse()
	o.files = flag.Args()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "htmlcheck:", err)
		os.Exit(1)
	}
}

func run(o *options) error {
	axe, err := os.ReadFile(o.axe)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "htmlcheck-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := start(o.chromium, filepath.Join(dir, "profile"))
	if err != nil {
		return err
	}
	defer b.close()
	if o.images != "" && len(o.files) > 0 {
		if err := b.pictures(o.files[0], o.images); err != nil {
			return fmt.Errorf("pictures: %w", err)
		}
	}
	hostile, err := hostilePages(o, dir)
	if err != nil {
		return err
	}
	large := filepath.Join(dir, "large.html")
	if err := writeReport(large, manyFindings(many)); err != nil {
		return err
	}
	var failed []error
	for _, file := range append(o.files, hostile...) {
		for _, scheme := range []string{"light", "dark"} {
			if err := b.check(file, scheme, string(axe)); err != nil {
				failed = append(failed, fmt.Errorf("%s in %s: %w", filepath.Base(file), scheme, err))
			}
		}
	}
	for _, check := range []func(string) error{b.keyboard, b.phone, b.paper} {
		for _, file := range o.files {
			if err := check(file); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", filepath.Base(file), err))
			}
		}
	}
	return errors.Join(append(failed, b.time(large))...)
}
