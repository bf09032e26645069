// Command clockd answers NTP clients as a stratum 1 server whose clock is off by a known amount: the other half of
// generate.sh.
//
//	clockd ADDRESS AHEAD [AFTER LATER]
//
// AHEAD is how far the server's clock is ahead of the machine's, and LATER how far from AFTER on.
package main

import (
	"encoding/binary"
	"log"
	"net"
	"os"
	"time"
)

// stamp is a time as NTP writes it.
func stamp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		log.Fatal("usage: clockd ADDRESS AHEAD [AFTER LATER]")
	}
	var durations [3]time.Duration
	for i, s := range os.Args[2:] {
		d, err := time.ParseDuration(s)
		if err != nil {
			log.Fatal(err)
		}
		durations[i] = d
	}
	at, err := net.ResolveUDPAddr("udp4", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	c, err := net.ListenUDP("udp4", at)
	if err != nil {
		log.Fatal(err)
	}
	begin, buf := time.Now(), make([]byte, 512)
	for {
		n, from, err := c.ReadFromUDP(buf)
		if err != nil {
			return
		}
		if n < 48 {
			continue
		}
		ahead := durations[0]
		if len(os.Args) == 5 && time.Since(begin) > durations[1] {
			ahead = durations[2]
		}
		answer := make([]byte, 48)
		answer[0], answer[1], answer[2], answer[3] = 4<<3|4, 1, buf[2], 0xe8 // version 4, server; 2^-24 s
		binary.BigEndian.PutUint32(answer[4:], 0x10)                         // root delay, 16 bits of fraction
		binary.BigEndian.PutUint32(answer[8:], 0x10)                         // root dispersion
		copy(answer[12:], "TEST")
		received := stamp(time.Now().Add(ahead))
		binary.BigEndian.PutUint64(answer[16:], received)
		copy(answer[24:32], buf[40:48])
		binary.BigEndian.PutUint64(answer[32:], received)
		binary.BigEndian.PutUint64(answer[40:], stamp(time.Now().Add(ahead)))
		c.WriteToUDP(answer, from)
	}
}
