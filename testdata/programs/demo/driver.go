package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// driver runs the evening.
type driver struct {
	out     string
	mu      sync.Mutex
	batches bytes.Buffer // 4-byte big-endian length + ExportTraceServiceRequest, as the collector's file exporter writes
	receive net.Listener
}

func drive(out, skewed string) error {
	d := &driver{out: out}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var err error
	if d.receive, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	go http.Serve(d.receive, http.HandlerFunc(d.export))

	self, err := os.Executable()
	if err != nil {
		return err
	}
	inventory, err := d.start(skewed, "inventory", "", "db-3", "us-east-1c")
	if err != nil {
		return err
	}
	checkout, err := d.start(self, "checkout", inventory.addr, "app-2", "us-east-1b")
	if err != nil {
		return err
	}
	// The frontend's zone was never configured.
	frontend, err := d.start(self, "frontend", checkout.addr, "web-1", "")
	if err != nil {
		return err
	}

	stop := make(chan struct{})
	var load sync.WaitGroup
	load.Go(func() { d.load(frontend.addr, stop) })
	if err := d.collect(frontend, checkout, inventory); err != nil {
		return err
	}
	checkout.cmd.Process.Signal(syscall.SIGKILL)
	close(stop)
	load.Wait()
	for _, p := range []*process{frontend} {
		http.Get("http://" + p.addr + "/quit")
	}
	time.Sleep(time.Second) // inventory exports what it holds
	inventory.cmd.Process.Signal(syscall.SIGQUIT)
	inventory.cmd.Wait()
	if err := d.write("inventory/pod.log", cri(inventory.log.Bytes())); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write("traces.binpb", d.batches.Bytes())
}

func (d *driver) export(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	msg, err := io.ReadAll(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.batches.Write(binary.BigEndian.AppendUint32(nil, uint32(len(msg))))
	d.batches.Write(msg)
}

// load sends about 12 requests a second.
func (d *driver) load(frontend string, stop chan struct{}) {
	for id := 0; ; id++ {
		select {
		case <-stop:
			return
		case <-time.After(80 * time.Millisecond):
		}
		if resp, err := http.Get(fmt.Sprintf("http://%s/cart/%d", frontend, id)); err == nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
}

// collect takes the captures that an engineer took that evening.
func (d *driver) collect(frontend, checkout, inventory *process) error {
	cpu := "/debug/pprof/profile?seconds=4"
	var group sync.WaitGroup
	errs := make(chan error, 8)
	for _, p := range []*process{frontend, checkout, inventory} {
		group.Go(func() {
			data, err := fetch(p.addr + cpu)
			if err == nil && p == frontend {
				data = data[:len(data)*6/10] // the download was interrupted
			}
			if err == nil {
				err = d.write(p.name+"/cpu.pb.gz", data)
			}
			errs <- err
		})
	}
	group.Wait()
	for range 3 {
		if err := <-errs; err != nil {
			return err
		}
	}
	for path, from := range map[string]string{
		"checkout/goroutine.txt":         checkout.addr + "/debug/stack",
		"checkout/goroutine.pb.gz":       checkout.addr + "/debug/pprof/goroutine",
		"inventory/goroutine.pb.gz":      inventory.addr + "/debug/pprof/goroutine",
		"inventory/goroutine.debug1.txt": inventory.addr + "/debug/pprof/goroutine?debug=1",
		"frontend/heap.pb.gz":            frontend.addr + "/debug/pprof/heap",
	} {
		data, err := fetch(from)
		if err != nil {
			return err
		}
		if err := d.write(path, data); err != nil {
			return err
		}
	}
	return nil
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get("http://" + url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func (d *driver) write(path string, data []byte) error {
	path = filepath.Join(d.out, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// process is one running service.
type process struct {
	name, addr string
	cmd        *exec.Cmd
	log        bytes.Buffer
}

func (d *driver) start(binary, role, peer, host, zone string) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{name: role, addr: l.Addr().String()}
	l.Close()
	p.cmd = exec.Command(binary, "-role", role, "-listen", p.addr, "-peer", peer,
		"-collector", d.receive.Addr().String(), "-host", host, "-zone", zone)
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		if c, err := net.Dial("tcp", p.addr); err == nil {
			c.Close()
			return p, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s does not answer", role)
}

// cri prefixes each line as containerd's CRI logger does.
func cri(text []byte) []byte {
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		fmt.Fprintf(&b, "%s stderr F %s\n", time.Now().UTC().Format(time.RFC3339Nano), bytes.TrimSuffix(line, []byte("\n")))
	}
	return b.Bytes()
}
