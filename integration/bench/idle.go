package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// idle measures what connections weigh that say nothing: 10,000 of each protocol
// over TCP and WebSocket with TLS, of MQTT over each transport. storm measures 1,000 TLS handshakes at once, and what those
// notice who are in already.

const (
	idleConnections = 10_000
	stormSize       = 1_000
)

func init() {
	commands["idle"], commands["storm"], commands["rush"] = idle, storm, rush
}

// onSlipway runs f against a broker of its own.
func onSlipway(o *options, f func(*Running) error) error {
	dir, err := os.MkdirTemp(o.dir, "peer-")
	if err != nil {
		return err
	}
	r, err := startSlipway(&o.tools, dir)
	if err != nil {
		return err
	}
	defer r.Stop()
	return f(r)
}

func idle(o *options) error {
	n := idleConnections * o.scale / 100
	fmt.Printf("%d idle connections: resident memory of the broker, load %.1f\n\n| over | before | after | each |\n|---|---|---|---|\n", n, loadAverage())
	for _, protocol := range []string{"mqtt", "mqtt-tls", "mqtt-ws", "mqtt-wss", "amqp", "amqp-wss", "stomp", "stomp-wss"} {
		if !begins(o.only, protocol) {
			continue
		}
		err := onSlipway(o, func(r *Running) error {
			before := residentBytes(r.PID)
			all, err := connectMany(r.Addrs[protocol], protocol, n)
			after := residentBytes(r.PID)
			fmt.Printf("| %s | %d MiB | %d MiB | %.1f KiB |\n", protocol, before>>20, after>>20, float64(after-before)/1024/float64(max(1, len(all))))
			for _, c := range all {
				_ = c.Close() // it said nothing and has nothing to lose
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// connectMany logs in n clients, some at a time.
func connectMany(addr, name string, n int) (all []net.Conn, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan struct{}, 32)
	for i := range n {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			c, e := logIn(addr, name, fmt.Sprintf("%s-idle-%d", name, i))
			mu.Lock()
			defer mu.Unlock()
			if e != nil {
				err = errors.Join(err, e)
				return
			}
			all = append(all, c)
		})
	}
	wg.Wait()
	return all, err
}

// logIn connects by the protocol that a name begins with.
func logIn(addr, protocol, id string) (net.Conn, error) {
	switch protocol, _, _ := strings.Cut(protocol, "-"); protocol {
	case "amqp":
		a, err := amqpDial(addr, 512)
		if err != nil {
			return nil, err
		}
		return a.c, nil
	case "stomp":
		r, err := stompDial(addr, 512)
		if err != nil {
			return nil, err
		}
		return r.c, nil
	default:
		return mqttDial(addr, id, true)
	}
}

func storm(o *options) error {
	n := stormSize * o.scale / 100
	fmt.Printf("%d clients log in at once, from a process of their own; load %.1f\n\n| over | all | p50 | p99 | pings meanwhile: p50 | p99 | worst | broker CPU each |\n|---|---|---|---|---|---|---|---|\n", n, loadAverage())
	for _, protocol := range []string{"mqtt", "mqtt-tls", "mqtt-wss"} {
		if err := onSlipway(o, func(r *Running) error { return stormOver(r, protocol, n) }); err != nil {
			return err
		}
	}
	return nil
}

func stormOver(r *Running, protocol string, n int) error {
	in, err := mqttDial(r.Addrs["mqtt-tls"], "in", true)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it has nothing to lose
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "rush", "-slipway", "none")
	cmd.Env = append(os.Environ(), "BENCH_RUSH="+r.Addrs[protocol], "BENCH_RUSH_SIZE="+strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	var pings histogram
	cpu := familyCPU(r.PID)
	over := make(chan error, 1)
	var said []byte
	go func() {
		var err error
		said, err = cmd.Output()
		over <- err
	}()
	worst, err := pingUntil(in, over, &pings)
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %s | %v | %v | %v | %v |\n", protocol, strings.TrimSpace(string(said)), pings.percentile(50).Round(time.Microsecond),
		pings.percentile(99).Round(time.Microsecond), worst.Round(time.Microsecond), (familyCPU(r.PID)-cpu)/time.Duration(n))
	return nil
}

// rush is storm's child: it logs in many clients at once, and prints how long
// that took for all, half and 99 per cent of them.
func rush(*options) error {
	addr := os.Getenv("BENCH_RUSH")
	n, err := strconv.Atoi(os.Getenv("BENCH_RUSH_SIZE"))
	if err != nil {
		return errors.New("this is for storm to call")
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs error
	var took histogram
	begun := time.Now()
	for i := range n {
		wg.Go(func() {
			c, err := mqttDial(addr, fmt.Sprintf("storm-%d", i), true)
			if err == nil {
				err = c.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			took.add(time.Since(begun))
			errs = errors.Join(errs, err)
		})
	}
	wg.Wait()
	fmt.Printf("%v | %v | %v", time.Since(begun).Round(time.Millisecond), took.percentile(50).Round(time.Millisecond), took.percentile(99).Round(time.Millisecond))
	return errs
}

// pingUntil asks one who is in, over and over.
func pingUntil(c net.Conn, over <-chan error, pings *histogram) (worst time.Duration, err error) {
	answer := make([]byte, 2)
	for {
		select {
		case err := <-over:
			return worst, err
		default:
		}
		begun := time.Now()
		if err := mqttAsk(c, 0xc0, nil, answer); err != nil {
			return worst, err
		}
		pings.add(time.Since(begun))
		worst = max(worst, time.Since(begun))
	}
}
