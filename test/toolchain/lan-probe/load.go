package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"
)

const (
	// An answer this late is lost, and none comes any more when it was silent for so long.
	patience = 300 * time.Millisecond
	// When only presence counts.
	sweepPatience = 5 * time.Millisecond
	// Round trips kept: more than a run of minutes makes.
	samplesMax = 20_000_000
)

type loadResult struct {
	Answers int `json:"answers"`
	Lost    int `json:"lost"`
	// Round trips with one request in flight; zero with more.
	P50Us  float64 `json:"p50Us"`
	P99Us  float64 `json:"p99Us"`
	P999Us float64 `json:"p999Us"`
	MaxUs  float64 `json:"maxUs"`
	// Answers in a second.
	Rate float64 `json:"rate"`
}

type loadOptions struct {
	lan     *port
	targets []netip.Addr
	buffer  [128]byte
}

func parseLoad(flags *flag.FlagSet, arguments []string) (*loadOptions, error) {
	link := flags.String("interface", "eth0", "where to ask")
	first := flags.String("first", "", "the first address to ask for")
	count := flags.Int("count", 1, "how many addresses, one after the other")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	address, err := netip.ParseAddr(*first)
	if err != nil {
		return nil, err
	}
	targets := make([]netip.Addr, 0, *count)
	for range *count {
		targets = append(targets, address)
		address = address.Next()
	}
	lan, err := openPort(*link)
	if err != nil {
		return nil, err
	}
	return &loadOptions{lan: lan, targets: targets}, nil
}

// load asks for addresses in a random order, in a closed loop: as many requests are in flight as -in-flight says,
// and the next one leaves when an answer is here.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	inFlight := flags.Int("in-flight", 1, "requests without an answer at a time")
	warmUp := flags.Duration("warm-up", time.Second, "not measured, at first")
	duration := flags.Duration("duration", 5*time.Second, "measured")
	options, err := parseLoad(flags, arguments)
	if err != nil {
		return err
	}
	if err := options.lan.giveUpAfter(patience); err != nil {
		return err
	}
	// Pauses of this program would be taken for the responder's.
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	frames := make([][frameLength]byte, len(options.targets))
	for i, target := range options.targets {
		frames[i] = options.lan.request(target)
	}
	// What was asked for earlier, by another process as well, must not pass for an answer to this one.
	if err := options.awaitSilence(); err != nil {
		return err
	}
	if _, err := options.run(frames, *inFlight, *warmUp); err != nil {
		return err
	}
	result, err := options.run(frames, *inFlight, *duration)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func (o *loadOptions) run(frames [][frameLength]byte, inFlight int, duration time.Duration) (loadResult, error) {
	samples := make([]int32, 0, min(samplesMax, int(duration/time.Microsecond)))
	result := loadResult{}
	random := rand.New(rand.NewPCG(1, uint64(len(frames))))
	flying := 0
	began := time.Now()
	end := began.Add(duration)
	for now := began; now.Before(end); {
		sent := now
		for ; flying < inFlight; flying++ {
			if err := o.lan.send(&frames[random.IntN(len(frames))]); err != nil {
				return result, fmt.Errorf("send: %w", err)
			}
		}
		answered, err := o.awaitAnswer()
		if err != nil {
			return result, err
		}
		now = time.Now()
		if !answered {
			result.Lost += flying
			flying = 0
			// A late answer would be taken for that of the next request, and so would all that follow.
			if err := o.awaitSilence(); err != nil {
				return result, err
			}
			now = time.Now()
			continue
		}
		flying--
		result.Answers++
		if inFlight == 1 && len(samples) < cap(samples) {
			samples = append(samples, int32(now.Sub(sent)))
		}
	}
	// What is still in flight must not be there when the next run begins.
	if err := o.awaitSilence(); err != nil {
		return result, err
	}
	result.Rate = float64(result.Answers) / end.Sub(began).Seconds()
	slices.Sort(samples)
	result.P50Us, result.P99Us = quantile(samples, 0.5), quantile(samples, 0.99)
	result.P999Us, result.MaxUs = quantile(samples, 0.999), quantile(samples, 1)
	return result, nil
}

// awaitAnswer tells whether an answer came in time.
func (o *loadOptions) awaitAnswer() (bool, error) {
	// The limit is for all frames together: what is no answer must not prolong the wait.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := o.lan.receiveAlone(&o.buffer)
		if errors.Is(err, errNoFrame) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("receive: %w", err)
		}
		if o.lan.isAnswer(o.buffer[:n]) {
			return true, nil
		}
	}
	return false, nil
}

// awaitSilence takes answers until none comes.
func (o *loadOptions) awaitSilence() error {
	for {
		if answered, err := o.awaitAnswer(); err != nil || !answered {
			return err
		}
	}
}

// sweep asks for every address once and counts those answered for.
func sweep(arguments []string) error {
	options, err := parseLoad(flag.NewFlagSet("sweep", flag.ExitOnError), arguments)
	if err != nil {
		return err
	}
	if err := options.lan.giveUpAfter(sweepPatience); err != nil {
		return err
	}
	answered := map[netip.Addr]bool{}
	var buffer [128]byte
	collect := func() error {
		n, err := options.lan.receive(&buffer)
		if err == nil && options.lan.isAnswer(buffer[:n]) {
			_, ip := whose(buffer[:n])
			answered[ip] = true
		}
		return err
	}
	for _, target := range options.targets {
		frame := options.lan.request(target)
		if err := options.lan.send(&frame); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		// One at a time, so that no queue between here and there is filled.
		for deadline := time.Now().Add(sweepPatience); !answered[target] && time.Now().Before(deadline); {
			if err := collect(); err != nil {
				break
			}
		}
		if len(answered) == 0 {
			break // nobody is there yet; asking on would take minutes
		}
	}
	for collect() == nil {
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]int{"answered": len(answered)})
}

func quantile(sorted []int32, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))]) / 1000
}
