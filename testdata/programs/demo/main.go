// Command demo makes the incident that `witnessmark demo` examines: a small shop of three services, each a
// process of its own, traced with the OpenTelemetry SDK and profiled with runtime/pprof, with the
// faults of an ordinary bad evening:
//
//   - the clock of the inventory host is 43 ms behind (the binary is built with a shifted time.Now);
//   - checkout is killed while it still holds spans, as by the kernel's OOM killer;
//   - checkout prices orders in a pool of workers that was started before any request, so their CPU
//     time carries no label; and one error path forgets to end its span;
//   - inventory resolves bundles by a recursion deeper than the limits of profiles, and parks there;
//   - somebody saved checkout's goroutines through a buffer of fixed size, and interrupted a download.
//
// The roles: -role driver starts the others, sends the load and collects the captures into -out.
package main

import (
	"flag"
	"log"
)

func main() {
	role := flag.String("role", "driver", "driver, frontend, checkout or inventory")
	listen := flag.String("listen", "", "address to serve on")
	peer := flag.String("peer", "", "address of the service behind this one")
	collector := flag.String("collector", "", "address of the trace receiver")
	host := flag.String("host", "", "host.name of the resource")
	zone := flag.String("zone", "", "cloud.availability_zone of the resource; empty: not set")
	out := flag.String("out", "", "driver: folder for the captures")
	skewed := flag.String("skewed", "", "driver: binary with the shifted clock")
	flag.Parse()

	if *role == "driver" {
		if err := drive(*out, *skewed); err != nil {
			log.Fatal(err)
		}
		return
	}
	s := service{name: *role, listen: *listen, peer: *peer, collector: *collector, host: *host, zone: *zone}
	if err := s.run(); err != nil {
		log.Fatal(err)
	}
}
