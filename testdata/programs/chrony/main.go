// Command chrony captures what chronyd and chronyc print about a clock whose error is known: chronyd, with
// -x so that it leaves the machine's clock alone, asks a server in this program that is wrong by the
// opposite. Needs chronyd and chronyc, and root.
//
//	go run . -chronyd /usr/sbin/chronyd -chronyc /usr/bin/chronyc -o ../../specimens/clock
package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const ahead = 12_345_678 * time.Nanosecond // how far the clock is ahead of the server

// stamp is a time as NTP writes it.
func stamp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// serve answers as a stratum 1 server whose clock is wrong.
func serve(c *net.UDPConn) {
	buf := make([]byte, 512)
	for {
		n, from, err := c.ReadFromUDP(buf)
		if err != nil {
			return
		}
		if n < 48 {
			continue
		}
		received := time.Now().Add(-ahead)
		answer := make([]byte, 48)
		answer[0], answer[1], answer[2], answer[3] = 4<<3|4, 1, buf[2], 0xe8 // version 4, server; 2^-24 s
		binary.BigEndian.PutUint32(answer[4:], 0x10)                         // root delay, 16 bits of fraction
		binary.BigEndian.PutUint32(answer[8:], 0x10)                         // root dispersion
		copy(answer[12:], "TEST")
		binary.BigEndian.PutUint64(answer[16:], stamp(received))
		copy(answer[24:32], buf[40:48])
		binary.BigEndian.PutUint64(answer[32:], stamp(received))
		binary.BigEndian.PutUint64(answer[40:], stamp(time.Now().Add(-ahead)))
		c.WriteToUDP(answer, from)
	}
}

func main() {
	chronyd := flag.String("chronyd", "/usr/sbin/chronyd", "the daemon")
	chronyc := flag.String("chronyc", "/usr/bin/chronyc", "its client")
	out := flag.String("o", ".", "folder for the specimens")
	flag.Parse()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 11123})
	if err != nil {
		log.Fatal(err)
	}
	go serve(c)
	work, err := os.MkdirTemp("", "chrony")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	conf := "server 127.0.0.1 port 11123 minpoll -1 maxpoll -1 iburst\ncmdport 0\nbindcmdaddress " + work + "/sock\nport 0\n" +
		"pidfile " + work + "/pid\nlogdir " + work + "\nlog tracking statistics measurements\nmakestep 0.001 1\n"
	if err := os.WriteFile(work+"/conf", []byte(conf), 0o600); err != nil {
		log.Fatal(err)
	}
	d := exec.Command(*chronyd, "-x", "-d", "-u", "root", "-f", work+"/conf")
	d.Stderr = os.Stderr
	if err := d.Start(); err != nil {
		log.Fatal(err)
	}
	time.Sleep(20 * time.Second)
	before := time.Now()
	for name, args := range map[string][]string{
		"tracking.txt": {"-n", "tracking"}, "tracking-c.txt": {"-n", "-c", "tracking"},
		"sources.txt": {"-n", "sources"}, "sources-v.txt": {"-n", "sources", "-v"}, "sources-c.txt": {"-n", "-c", "sources"},
		"sourcestats.txt": {"-n", "sourcestats"}, "sourcestats-v.txt": {"-n", "sourcestats", "-v"}, "sourcestats-c.txt": {"-n", "-c", "sourcestats"},
	} {
		text, err := exec.Command(*chronyc, append([]string{"-h", work + "/sock"}, args...)...).Output()
		if err != nil {
			log.Print(name, ": ", err, string(text))
		}
		os.WriteFile(filepath.Join(*out, name), text, 0o644)
	}
	after := time.Now()
	d.Process.Signal(os.Interrupt)
	d.Wait()
	for _, name := range []string{"tracking.log", "statistics.log", "measurements.log"} {
		text, err := os.ReadFile(filepath.Join(work, name))
		if err != nil {
			log.Fatal(err)
		}
		os.WriteFile(filepath.Join(*out, name), text, 0o644)
	}
	truth, _ := json.Marshal(map[string]int64{"offset_ns": int64(ahead), "from_unix_ns": before.UnixNano(), "to_unix_ns": after.UnixNano()})
	os.WriteFile(filepath.Join(*out, "truth.json"), append(truth, '\n'), 0o644)
}
