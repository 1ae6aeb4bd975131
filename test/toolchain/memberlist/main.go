// Command memberlist-peer is one member of a gossip, as an upstream speaker is one: the same library, the same
// settings, the same key. What happens to its members it prints to standard output, one JSON object a line;
// what it shall do it reads from standard input, one command a line, and answers on a line of its own:
//
//	members          the members it knows, itself included
//	health           the library's health score, 0 is best
//	join HOST:PORT   exchanges state with a member
//	leave            says good-bye, and stays to answer
//	quit             ends at once; so does the end of the input
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "memberlist-peer:", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("name", "", "name of this member")
	bind := flag.String("bind", "127.0.0.1", "address for UDP and TCP")
	port := flag.Int("port", 7946, "port for UDP and TCP")
	secret := flag.String("secret", "", "MetalLB's secret; empty for no encryption")
	profile := flag.String("profile", "lan", "lan, wan or local: the library's defaults")
	probeInterval := flag.Duration("probe-interval", 0, "in place of the profile's")
	probeTimeout := flag.Duration("probe-timeout", 0, "in place of the profile's")
	gossipInterval := flag.Duration("gossip-interval", 0, "in place of the profile's")
	pushPullInterval := flag.Duration("push-pull-interval", 0, "in place of the profile's")
	suspicionMult := flag.Int("suspicion-mult", 0, "in place of the profile's")
	retransmitMult := flag.Int("retransmit-mult", 0, "in place of the profile's")
	compress := flag.Bool("compress", true, "whether to compress what it sends")
	join := flag.String("join", "", "members to join at the start, HOST:PORT, separated by commas")
	flag.Parse()

	config, err := configOf(*profile)
	if err != nil {
		return err
	}
	out := &printer{encoder: json.NewEncoder(os.Stdout)}
	config.Name = *name
	config.BindAddr, config.BindPort, config.AdvertisePort = *bind, *port, *port
	config.EnableCompression = *compress
	config.Events = out
	config.LogOutput = os.Stderr
	if *secret != "" {
		config.SecretKey = metallbKey(*secret)
	}
	override(&config.ProbeInterval, *probeInterval)
	override(&config.ProbeTimeout, *probeTimeout)
	override(&config.GossipInterval, *gossipInterval)
	override(&config.PushPullInterval, *pushPullInterval)
	override(&config.SuspicionMult, *suspicionMult)
	override(&config.RetransmitMult, *retransmitMult)

	list, err := memberlist.Create(config)
	if err != nil {
		return err
	}
	out.print(map[string]any{"ready": true})
	if *join != "" {
		out.print(joined(list, strings.Split(*join, ",")))
	}
	return obey(list, out)
}

func configOf(profile string) (*memberlist.Config, error) {
	switch profile {
	case "lan":
		return memberlist.DefaultLANConfig(), nil
	case "wan":
		return memberlist.DefaultWANConfig(), nil
	case "local":
		return memberlist.DefaultLocalConfig(), nil
	}
	return nil, fmt.Errorf("there is no profile %q", profile)
}

func override[T comparable](setting *T, value T) {
	var unset T
	if value != unset {
		*setting = value
	}
}

// metallbKey derives the key as upstream's speaker does. Sum appends the hash of nothing to its argument; that
// is not what was meant there, and what every peer has to do to be heard.
func metallbKey(secret string) []byte {
	return sha256.New().Sum([]byte(secret))[:32]
}

func obey(list *memberlist.Memberlist, out *printer) error {
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		command, argument, _ := strings.Cut(commands.Text(), " ")
		switch command {
		case "members":
			members := []member{}
			for _, node := range list.Members() {
				members = append(members, memberOf(node))
			}
			out.print(map[string]any{"members": members})
		case "health":
			out.print(map[string]any{"health": list.GetHealthScore()})
		case "join":
			out.print(joined(list, []string{argument}))
		case "leave":
			out.print(map[string]any{"left": list.Leave(time.Second) == nil})
		case "quit":
			return list.Shutdown()
		default:
			return fmt.Errorf("there is no command %q", command)
		}
	}
	return commands.Err()
}

func joined(list *memberlist.Memberlist, addresses []string) map[string]any {
	count, err := list.Join(addresses)
	if err != nil {
		return map[string]any{"joined": count, "error": err.Error()}
	}
	return map[string]any{"joined": count}
}

type member struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    uint16 `json:"port"`
	Meta    string `json:"meta"`
	State   string `json:"state"`
}

func memberOf(node *memberlist.Node) member {
	states := []string{"alive", "suspect", "dead", "left"}
	return member{node.Name, node.Addr.String(), node.Port, string(node.Meta), states[node.State]}
}

// printer writes lines from the library's goroutines and from ours.
type printer struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (p *printer) print(line map[string]any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	// A reader that is gone closes the input too, which ends the program.
	_ = p.encoder.Encode(line)
}

func (p *printer) event(kind string, node *memberlist.Node) {
	p.print(map[string]any{"event": kind, "member": memberOf(node)})
}

func (p *printer) NotifyJoin(node *memberlist.Node)   { p.event("join", node) }
func (p *printer) NotifyLeave(node *memberlist.Node)  { p.event("leave", node) }
func (p *printer) NotifyUpdate(node *memberlist.Node) { p.event("update", node) }
