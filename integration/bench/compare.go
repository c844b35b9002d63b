package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// compare measures every scenario against every peer.
func compare(o *options) error {
	running, missing := startPeers(o)
	defer func() {
		for _, r := range running {
			r.Stop()
		}
	}()
	for _, text := range o.brokers {
		r, err := remote(text)
		if err != nil {
			return err
		}
		running = append(running, r)
	}
	for _, m := range missing {
		fmt.Fprintln(os.Stderr, "missing:", m)
	}
	if len(running) == 0 {
		return errors.New("nothing to measure")
	}
	rep := newReport(o, running, missing)
	for _, s := range scenarios {
		if begins(o.only, s.Name) {
			rep.measure(o, s)
			if err := rep.save(o.out); err != nil {
				return err
			}
		}
	}
	if o.extras {
		rep.addExtras(o)
	}
	return rep.write(o.out)
}

// measure does the rounds of a scenario, each peer in turn.
func (rep *report) measure(o *options, s *Scenario) {
	rate := s.Rate
	if s.HalfOf != "" {
		if rate = o.rate; rate == 0 {
			rate = int(rep.median(s.HalfOf, "slipway", Result.rate) / 2)
		}
		if rate == 0 {
			fmt.Fprintf(os.Stderr, "%s: needs %s in the same run, or -rate\n", s.Name, s.HalfOf)
			return
		}
	}
	for round := range o.rounds {
		for _, r := range rep.running {
			if !s.wants(r) {
				continue
			}
			res := once(o, s, r, rate, round)
			rep.results = append(rep.results, res)
			fmt.Fprintf(os.Stderr, "%-18s %-18s %10.0f/s  broker %6.2f us  clients %6.2f us  p50 %8v  p99 %8v  missing %d  doubled %d  load %.1f %s\n",
				s.Name, r.Name, res.rate(), res.brokerCPU(), res.clientCPU(),
				res.P50.Round(time.Microsecond), res.P99.Round(time.Microsecond), res.Missing, res.Doubled, res.Load, res.Error)
		}
	}
}

var runs uint16

// once does one run. An error becomes part of the result: the others go on.
func once(o *options, s *Scenario, peer *Running, rate, round int) Result {
	runs++
	r := &run{
		target:  Target{Scenario: s, Addr: peer.Addrs[s.Protocol], QueueType: peer.QueueType, Name: name(s, runs)},
		times:   o.times,
		id:      runs,
		rate:    rate,
		client:  clients[s.Protocol],
		readers: clients[s.consume()],
		reading: peer.Addrs[s.consume()],
		pid:     peer.PID,
	}
	res, err := r.do()
	res.Scenario, res.Peer, res.Round = s.Name, peer.Name, round
	if err != nil {
		res.Error = err.Error()
	}
	return res
}

// median of what a peer reached in a scenario; 0 if nothing.
func (rep *report) median(scenario, peer string, of func(Result) float64) float64 {
	var v []float64
	for _, r := range rep.results {
		if r.Scenario == scenario && r.Peer == peer && r.Error == "" && r.Messages > 0 {
			v = append(v, of(r))
		}
	}
	return middle(v)
}

// middle is the median; 0 of nothing.
func middle(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}
