package main

import (
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"
)

// A connect still without an answer then is lost. Less than the second after which TCP asks again, so that
// every SYN counts by itself.
const connectTimeout = 900 * time.Millisecond

// An event is one line of output; times are Unix time in milliseconds.
type event struct {
	// "answer" to an ARP request, "gratuitous" ARP, or "connect".
	Kind string  `json:"kind"`
	At   float64 `json:"at"`
	// Who says it has the address.
	MAC string `json:"mac,omitempty"`
	// Of a connect, which counts from when it began.
	OK bool `json:"ok,omitempty"`
}

// watch asks for one address at a steady pace until standard input ends: by ARP when it is one of IPv4, by TCP
// when there is a port.
func watch(arguments []string) error {
	flags := flag.NewFlagSet("watch", flag.ExitOnError)
	link := flags.String("interface", "eth0", "where to ask")
	address := flags.String("address", "", "what to ask for")
	arpEvery := flags.Duration("arp-every", 10*time.Millisecond, "between two ARP requests")
	tcpPort := flags.Int("tcp-port", 0, "where to connect to; 0 is nowhere")
	tcpEvery := flags.Duration("tcp-every", 20*time.Millisecond, "between two connects")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	target, err := netip.ParseAddr(*address)
	if err != nil {
		return err
	}
	out := &reporter{encoder: json.NewEncoder(os.Stdout)}
	if target.Is4() {
		lan, err := openPort(*link)
		if err != nil {
			return err
		}
		go out.reportFrames(lan, target)
		go func() {
			frame := lan.request(target)
			for range time.Tick(*arpEvery) {
				// A full queue loses a request, as a network may.
				_ = lan.send(&frame)
			}
		}()
	}
	if *tcpPort != 0 {
		go func() {
			server := net.JoinHostPort(target.String(), strconv.Itoa(*tcpPort))
			for range time.Tick(*tcpEvery) {
				go out.reportConnect(server)
			}
		}()
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

type reporter struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (r *reporter) report(e event) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.encoder.Encode(e) != nil {
		os.Exit(1) // nobody listens any more
	}
}

func (r *reporter) reportFrames(lan *port, target netip.Addr) {
	var buffer [128]byte
	for {
		n, err := lan.receive(&buffer)
		at := milliseconds(time.Now())
		if err != nil || n < frameLength {
			continue
		}
		frame := buffer[:n]
		mac, ip := whose(frame)
		switch {
		case ip != target:
		case lan.isAnswer(frame):
			r.report(event{Kind: "answer", At: at, MAC: mac.String()})
		case [4]byte(frame[38:42]) == target.As4():
			r.report(event{Kind: "gratuitous", At: at, MAC: mac.String()})
		}
	}
}

func (r *reporter) reportConnect(server string) {
	began := time.Now()
	connection, err := net.DialTimeout("tcp", server, connectTimeout)
	r.report(event{Kind: "connect", At: milliseconds(began), OK: err == nil})
	if err == nil {
		// Reset rather than closed: no port stays taken for a minute.
		_ = connection.(*net.TCPConn).SetLinger(0)
		_ = connection.Close()
	}
}

// serve accepts connections and closes them.
func serve(arguments []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	address := flags.String("listen", ":8080", "address and port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		_ = connection.Close()
	}
}

func milliseconds(at time.Time) float64 {
	return float64(at.UnixMicro()) / 1000
}
