package main

import (
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/witnessmark/witnessmark/internal/clockeval"
	"github.com/witnessmark/witnessmark/internal/clocksim"
)

func main() {
	sc := flag.String("scenarios", strings.Join(clocksim.Names(), ","), "")
	seed := flag.Uint64("seed", 1, "")
	flag.Parse()
	for _, n := range strings.Split(*sc, ",") {
		p, _ := clocksim.Scenario(n)
		t0 := time.Now()
		s := clocksim.Generate(p, *seed)
		fmt.Printf("%-15s %7d %.1fs", n, len(s.Calls), time.Since(t0).Seconds())
		for _, m := range clockeval.Methods() {
			t0 = time.Now()
			pl := m.Place(s)
			e := clockeval.Errors(s, pl)
			fmt.Printf(" | %s %.2f/%.1f v%.2f %.1fs", m.Name, clockeval.Quantile(e, .5)/1e3, clockeval.Quantile(e, .99)/1e3, 100*clockeval.Violations(pl), time.Since(t0).Seconds())
		}
		fmt.Println()
	}
}
