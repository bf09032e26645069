package main

import (
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed script
var scripts embed.FS

// script returns an expression that is run in the page.
func script(name string) string {
	text, err := scripts.ReadFile("script/" + name + ".js")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(text)
}

// check opens a file, uses it as a reader would, and judges what it did.
func (b *browser) check(file, scheme, axe string) error {
	if err := b.open(file, scheme); err != nil {
		return err
	}
	if err := b.eval(axe, nil); err != nil {
		return err
	}
	passes, forPerson := 0, map[string]bool{}
	for _, state := range []string{"as opened", "used"} {
		if state == "used" {
			if err := b.eval(script("use"), nil); err != nil {
				return err
			}
		}
		var found struct {
			Violations []string
			Passes     int
			Incomplete []string
		}
		if err := b.eval(script("axe"), &found); err != nil {
			return err
		}
		if len(found.Violations) > 0 {
			return fmt.Errorf("axe-core, %s: %s", state, strings.Join(found.Violations, "\n"))
		}
		passes = max(passes, found.Passes)
		for _, id := range found.Incomplete {
			forPerson[id] = true
		}
	}
	var foreign []string
	if err := b.eval(script("foreign"), &foreign); err != nil {
		return err
	}
	switch url := "file://" + file; {
	case len(foreign) > 0:
		return fmt.Errorf("the template did not make: %s", strings.Join(foreign, "\n"))
	case len(b.requests) != 1 || b.requests[0] != url:
		return fmt.Errorf("requests: %q", b.requests)
	case len(b.dialogs) > 0:
		return fmt.Errorf("dialogs: %q", b.dialogs)
	case len(b.refused) > 0:
		return fmt.Errorf("errors and refusals: %q", b.refused)
	}
	fmt.Printf("%s in %s: axe-core 0 violations, %d rules passed, %d for a person to judge; 1 request, 0 dialogs, 0 errors\n", filepath.Base(file), scheme, passes, len(forPerson))
	return nil
}

// phone looks for what makes a narrow screen scroll sideways.
func (b *browser) phone(file string) error {
	if err := b.open(file, "light"); err != nil {
		return err
	}
	if err := b.resize(360, 800); err != nil {
		return err
	}
	if err := b.eval(script("use"), nil); err != nil {
		return err
	}
	var wide []string
	if err := b.eval(script("wide"), &wide); err != nil {
		return err
	}
	if len(wide) > 0 {
		return fmt.Errorf("wider than 360 px: %s", strings.Join(wide, "\n"))
	}
	fmt.Printf("%s on 360 px: nothing scrolls sideways\n", filepath.Base(file))
	return nil
}

// pdfPages finds the pages of a PDF as Chromium writes it.
var pdfPages = regexp.MustCompile(`/Type\s*/Page[^s]`)

// paper prints a file, and looks for what paper would cut off or leave folded.
func (b *browser) paper(file string) error {
	if err := b.open(file, "dark"); err != nil {
		return err
	}
	// A browser that is told to be a screen prints what a screen shows.
	if err := b.media("", "dark"); err != nil {
		return err
	}
	var printed struct{ Data string }
	if err := b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true}, &printed); err != nil {
		return err
	}
	pdf, err := base64.StdEncoding.DecodeString(printed.Data)
	if err != nil {
		return err
	}
	pages := len(pdfPages.FindAll(pdf, -1))
	if pages == 0 {
		return fmt.Errorf("the PDF of %d bytes has no page", len(pdf))
	}
	// A4 on its side without its margins, at 96 pixels to the inch.
	if err := b.resize(1032, 700); err != nil {
		return err
	}
	if err := b.media("print", "dark"); err != nil {
		return err
	}
	var lost []string
	if err := b.eval(script("paper"), &lost); err != nil {
		return err
	}
	if len(lost) > 0 {
		return fmt.Errorf("on paper: %s", strings.Join(lost, "\n"))
	}
	fmt.Printf("%s on paper: %d pages, nothing cut off or folded\n", filepath.Base(file), pages)
	return nil
}

// time opens the large report and filters it. Several times, and by the processor time of the page's process, all threads
// together, since what else the machine does is no property of the page: a quiet machine needs less time than that.
func (b *browser) time(file string) error {
	type times struct{ CPU, Opened, Filtered, More, Rows float64 }
	var t times
	for i := range 3 {
		if err := b.open(file, "light"); err != nil {
			return err
		}
		if err := b.eval(`new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)))`, nil); err != nil {
			return err
		}
		cpu, err := b.processTime()
		if err != nil {
			return err
		}
		var now times
		if err := b.eval(script("time"), &now); err != nil {
			return err
		}
		if now.CPU = cpu; i == 0 || now.CPU < t.CPU {
			t = now
		}
	}
	fmt.Printf("%d findings: opened and painted in %.0f ms of processor time, %.0f ms by the clock; filtered in %.0f ms, 500 more in %.0f ms; %.0f rows shown\n",
		many, t.CPU, t.Opened, t.Filtered, t.More, t.Rows)
	if t.CPU >= openIn {
		return fmt.Errorf("%d findings took %.0f ms to open, want less than %d", many, t.CPU, openIn)
	}
	if t.Rows != 1000 {
		return fmt.Errorf("%.0f findings are shown after one more page, want 1000", t.Rows)
	}
	return nil
}

// processTime returns the processor time that the page's process has used, in milliseconds.
func (b *browser) processTime() (float64, error) {
	var answer struct {
		Metrics []struct {
			Name  string
			Value float64
		}
	}
	if err := b.call("Performance.getMetrics", nil, &answer); err != nil {
		return 0, err
	}
	for _, m := range answer.Metrics {
		if m.Name == "ProcessTime" {
			return m.Value * 1000, nil
		}
	}
	return 0, errors.New("the browser does not tell the time of a process")
}
