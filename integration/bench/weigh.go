package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// weigh measures what an idle connection, channel and queue of AMQP weigh in
// Slipway and in RabbitMQ: resident memory of all the broker's processes, after
// each was told to collect its garbage.

func init() { commands["weigh"] = weigh }

const channelsEach = 1000 // of a connection

// weights are what is put into a broker of its own, n of each.
var weights = []struct {
	what string
	put  func(addr string, n int) (close func(), err error)
}{
	{"connection with a channel", putConnections},
	{"channel", putChannels},
	{"queue", putQueues},
}

func weigh(o *options) error {
	rep := newReport(o, nil, nil)
	n := o.scaled(idleConnections)
	s := section{Title: fmt.Sprintf("%d idle connections, channels, queues of AMQP", n), Head: []string{"what", "broker", "before", "after", "each", "target"}}
	for _, w := range weights {
		ours := 0.0
		for _, p := range peers {
			if (p.Name != "slipway" && p.Name != "rabbitmq") || !begins(o.peers, p.Name) || !begins(o.only, w.what) {
				continue
			}
			before, after, err := weighOne(o, p, w.put, n)
			if err != nil {
				s.Rows = append(s.Rows, []string{w.what, p.Name, "failed: " + err.Error(), "", "", ""})
				continue
			}
			each, verdict := float64(after-before)/float64(n)/1024, ""
			if p.Name == "slipway" {
				ours = each
			} else if ours > 0 {
				verdict = reached(ours < each, "less than %.1f KiB", each)
			}
			s.Rows = append(s.Rows, []string{w.what, p.Name, mebi(before), mebi(after), fmt.Sprintf("%.1f KiB", each), verdict})
		}
	}
	s.Note = fmt.Sprintf("Queues are durable and classic. Load average %.1f at the end.", loadAverage())
	rep.extra = append(rep.extra, s)
	return rep.write(o.out)
}

func weighOne(o *options, p Peer, put func(string, int) (func(), error), n int) (before, after int64, err error) {
	if why := p.Missing(&o.tools); why != "" {
		return 0, 0, errors.New(why)
	}
	dir, err := os.MkdirTemp(o.dir, p.Name+"-")
	if err != nil {
		return 0, 0, err
	}
	r, err := p.Start(&o.tools, dir)
	if err != nil {
		return 0, 0, err
	}
	defer r.Stop()
	if before, err = atRest(r); err != nil {
		return 0, 0, err
	}
	closeAll, err := put(r.Addrs["amqp"], n)
	defer closeAll()
	if err != nil {
		return 0, 0, err
	}
	after, err = atRest(r)
	return before, after, err
}

// atRest is what a broker has resident after it has collected its garbage and
// had time to give it back.
func atRest(r *Running) (int64, error) {
	for range 2 {
		if err := r.Collect(); err != nil {
			return 0, fmt.Errorf("collecting garbage: %w", err)
		}
		<-time.After(3 * time.Second)
	}
	return familyResident(r.PID), nil
}

// collectSlipway asks for a profile of what is live, which collects first.
func collectSlipway(admin string) error {
	answer, err := http.Get("http://" + admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(answer.Status))
	}
	return err
}

func putConnections(addr string, n int) (func(), error) {
	all := make([]*amqpConn, n)
	err := inParallel(n, 32, func(_, i int) (err error) {
		all[i], err = amqpDial(addr, 512)
		return err
	})
	return func() { closeConns(all) }, err
}

func closeConns(all []*amqpConn) {
	for _, a := range all {
		if a != nil {
			_ = a.c.Close() // it said nothing and has nothing to lose
		}
	}
}

// putChannels opens channels beside the one that each connection has.
func putChannels(addr string, n int) (func(), error) {
	all := make([]*amqpConn, (n+channelsEach-1)/channelsEach)
	err := inParallel(len(all), len(all), func(_, i int) (err error) {
		if all[i], err = amqpDial(addr, 512); err != nil {
			return err
		}
		for c := range min(channelsEach, n-i*channelsEach) {
			if _, err := all[i].ask(uint16(2+c), channelOpen, []byte{0}, channelOpenOK); err != nil {
				return err
			}
		}
		return nil
	})
	return func() { closeConns(all) }, err
}

func putQueues(addr string, n int) (func(), error) {
	all := make([]*amqpConn, 16)
	err := inParallel(len(all), len(all), func(_, i int) (err error) {
		all[i], err = amqpDial(addr, 512)
		return err
	})
	if err == nil {
		t := &Target{Scenario: &Scenario{Confirm: true}}
		err = inParallel(n, len(all), func(w, i int) error { return all[w].declare(t, fmt.Sprintf("idle-%d", i)) })
	}
	return func() { closeConns(all) }, err
}
