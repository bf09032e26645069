package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// browser is a headless Chromium that is spoken to over pipes (--remote-debugging-pipe): JSON messages that end in a
// zero byte, no port and no WebSocket.
type browser struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	messages chan message
	session  string
	target   string
	id       int
	// What the page did since it was opened.
	requests, dialogs, refused []string
}

// message is an answer (ID is set) or an event.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// command is what the browser is asked to do.
type command struct {
	ID      int            `json:"id"`
	Method  string         `json:"method"`
	Params  map[string]any `json:"params,omitempty"`
	Session string         `json:"sessionId,omitempty"`
}

// patience is how long a page may take for anything.
const patience = 2 * time.Minute

// Size of a window that is no phone.
const (
	width  = 1280
	height = 900
)

func start(chromium, profile string) (*browser, error) {
	toRead, toWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fromRead, fromWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// Tests run as root in containers, where Chromium's sandbox cannot be set up.
	b := &browser{in: toWrite, messages: make(chan message, 1024), cmd: exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu",
		"--remote-debugging-pipe", "--no-first-run", "--disable-background-networking", "--hide-scrollbars", "--user-data-dir="+profile)}
	b.cmd.ExtraFiles = []*os.File{toRead, fromWrite}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	toRead.Close()
	fromWrite.Close()
	go b.read(fromRead)
	return b, nil
}

// read passes messages on until the browser closes the pipe.
func (b *browser) read(r io.Reader) {
	defer close(b.messages)
	for br := bufio.NewReader(r); ; {
		line, err := br.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(line[:len(line)-1], &m) == nil {
			b.messages <- m
		}
	}
}

func (b *browser) close() {
	b.in.Close()
	b.cmd.Process.Kill()
	b.cmd.Wait()
}

// call sends a command and waits for its answer, which it decodes into result.
func (b *browser) call(method string, params map[string]any, result any) error {
	b.id++
	c, err := json.Marshal(command{b.id, method, params, b.session})
	if err != nil {
		return err
	}
	if _, err := b.in.Write(append(c, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	m, err := b.wait(method, func(m message) bool { return m.ID == b.id })
	switch {
	case err != nil:
		return err
	case m.Error != nil:
		return fmt.Errorf("%s: %s", method, m.Error.Message)
	case result == nil:
		return nil
	}
	return json.Unmarshal(m.Result, result)
}

// wait passes over messages until one is wanted, and notes what the page does.
func (b *browser) wait(what string, wanted func(message) bool) (message, error) {
	timeout := time.After(patience)
	for {
		select {
		case <-timeout:
			return message{}, fmt.Errorf("%s: no answer in %v", what, patience)
		case m, ok := <-b.messages:
			if !ok {
				return message{}, fmt.Errorf("%s: the browser is gone", what)
			}
			b.note(m)
			if wanted(m) {
				return m, nil
			}
		}
	}
}

func (b *browser) note(m message) {
	switch m.Method {
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		if err := json.Unmarshal(m.Params, &p); err != nil {
			p.Request.URL = string(m.Params)
		}
		b.requests = append(b.requests, p.Request.URL)
	case "Page.javascriptDialogOpening":
		b.dialogs = append(b.dialogs, string(m.Params))
	case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		b.refused = append(b.refused, string(m.Params))
	}
}

// open loads a file in a tab of its own, in light or dark, and closes the tab before.
func (b *browser) open(file, scheme string) error {
	b.session = ""
	if b.target != "" {
		if err := b.call("Target.closeTarget", map[string]any{"targetId": b.target}, nil); err != nil {
			return err
		}
	}
	var target struct{ TargetID string }
	if err := b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	if err := b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return err
	}
	b.target, b.session = target.TargetID, attached.SessionID
	for _, domain := range []string{"Network", "Page", "Runtime", "Log", "Performance"} {
		if err := b.call(domain+".enable", nil, nil); err != nil {
			return err
		}
	}
	if err := b.resize(width, height); err != nil {
		return err
	}
	if err := b.media("screen", scheme); err != nil {
		return err
	}
	b.requests, b.dialogs, b.refused = nil, nil, nil
	if err := b.call("Page.navigate", map[string]any{"url": "file://" + file}, nil); err != nil {
		return err
	}
	_, err := b.wait("load "+file, func(m message) bool { return m.Method == "Page.loadEventFired" })
	return err
}

func (b *browser) resize(width, height int) error {
	return b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (b *browser) media(kind, scheme string) error {
	feature := map[string]any{"name": "prefers-color-scheme", "value": scheme}
	return b.call("Emulation.setEmulatedMedia", map[string]any{"media": kind, "features": []any{feature}}, nil)
}

// eval runs an expression in the page, past its policy, and returns its value, awaited.
func (b *browser) eval(expression string, value any) error {
	var r struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	if err := b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r); err != nil {
		return err
	}
	if r.ExceptionDetails != nil {
		return fmt.Errorf("evaluate: %s", r.ExceptionDetails)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(r.Result.Value, value)
}
