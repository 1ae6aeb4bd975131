// lan-probe is a client on the LAN, for tests and benchmarks: it asks for addresses by ARP and TCP and says what
// it sees, or measures how fast they are answered for. It shares no code with what it measures, and writes JSON
// on standard output.
package main

import (
	"fmt"
	"os"
)

const usage = `usage:
  lan-probe watch -interface eth0 -address A [-arp-every 10ms] [-tcp-port P] [-tcp-every 20ms]
  lan-probe load -interface eth0 -first A -count N [-in-flight K] [-warm-up 1s] [-duration 5s]
  lan-probe sweep -interface eth0 -first A -count N
  lan-probe serve -listen A:P
`

func main() {
	commands := map[string]func([]string) error{"watch": watch, "load": load, "sweep": sweep, "serve": serve}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "lan-probe:", err)
		os.Exit(1)
	}
}
