package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// keys are those that a reader presses, with what the browser must be told of them.
var keys = map[string]map[string]any{
	"Tab":       {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
	"Enter":     {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
	"Space":     {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
	"Escape":    {"key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 27},
	"ArrowDown": {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
}

func (b *browser) press(name string) error {
	for _, kind := range []string{"keyDown", "keyUp"} {
		event := map[string]any{"type": kind}
		for k, v := range keys[name] {
			event[k] = v
		}
		if err := b.call("Input.dispatchKeyEvent", event, nil); err != nil {
			return err
		}
	}
	return nil
}

// focused is what has the focus.
type focused struct {
	Place   int    // in the order of the document's focusable elements, -1 for none
	Kind    string // element, and what tells it from others
	Visible bool   // the focus can be seen
}

// maxTabs is more than any page has stops before its large tables.
const maxTabs = 600

// keyboard goes through a page with Tab, and operates one of each kind of control.
func (b *browser) keyboard(file string) error {
	if err := b.open(file, "light"); err != nil {
		return err
	}
	var stops int
	if err := b.eval(script("focus"), &stops); err != nil {
		return err
	}
	operated := map[string]bool{}
	last, reached := -1, 0
	for range min(stops, maxTabs) {
		if err := b.press("Tab"); err != nil {
			return err
		}
		var f focused
		if err := b.eval(`window.focusCheck.now()`, &f); err != nil {
			return err
		}
		switch {
		case f.Place < 0:
			return fmt.Errorf("after %d of %d stops, Tab leads out of the page", reached, stops)
		case f.Place <= last:
			return fmt.Errorf("the Tab key goes from stop %d back to %d, %s", last, f.Place, f.Kind)
		case !f.Visible:
			return fmt.Errorf("the focus on %s cannot be seen", f.Kind)
		}
		last = f.Place
		reached++
		if operated[f.Kind] {
			continue
		}
		operated[f.Kind] = true
		if err := b.operate(f.Kind); err != nil {
			return err
		}
	}
	kinds := []string{}
	for k := range operated {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	fmt.Printf("%s by keyboard: %d of %d stops in order, focus visible at each; operated: %s\n", filepath.Base(file), reached, stops, strings.Join(kinds, ", "))
	return nil
}

// operate uses what has the focus and holds that something happens, then undoes it.
func (b *browser) operate(kind string) error {
	uses := map[string][]string{
		"summary":        {"Enter", "Enter"},
		"input.checkbox": {"Space", "Space"},
		"div.graph":      {"ArrowDown", "Enter", "Escape"},
	}
	for _, key := range uses[kind] {
		var before, after string
		if err := b.eval(`window.focusCheck.state()`, &before); err != nil {
			return err
		}
		if err := b.press(key); err != nil {
			return err
		}
		if err := b.eval(`new Promise(r => setTimeout(() => r(window.focusCheck.state()), 50))`, &after); err != nil {
			return err
		}
		if before == after {
			return fmt.Errorf("%s on %s does nothing", key, kind)
		}
	}
	return nil
}
