package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"
)

// deep is the queue that is filled and drained.
func deep(addr string) *Target {
	return &Target{Scenario: &Scenario{Confirm: true, Window: 1000, Size: 256}, Addr: addr, Name: "deep"}
}

// A pace is when the tenths of n messages were through.
type pace struct {
	n     int64
	begun time.Time
	done  atomic.Int64
	at    [10]atomic.Int64 // since begun, nanoseconds
}

func newPace(n int) *pace { return &pace{n: int64(n), begun: time.Now()} }

// add counts and says whether all are through.
func (p *pace) add(more int) bool {
	now := p.done.Add(int64(more))
	for i := (now - int64(more)) * 10 / p.n; i < now*10/p.n && i < 10; i++ {
		p.at[i].Store(int64(time.Since(p.begun)))
	}
	return now >= p.n
}

// rate of the i-th tenth, messages a second.
func (p *pace) rate(i int) float64 {
	before := int64(0)
	if i > 0 {
		before = p.at[i-1].Load()
	}
	return float64(p.n) / 10 / time.Duration(p.at[i].Load()-before).Seconds()
}

// rows tell the first, a middle and the last tenth, and whether the last is
// slower than the first.
func (p *pace) rows(what string) [][]string {
	ratio := p.rate(9) / p.rate(0)
	return [][]string{{fmt.Sprintf("%s %d messages of 256 B: the first tenth, the sixth, the last", what, p.n),
		fmt.Sprintf("%.0f/s, %.0f/s, %.0f/s", p.rate(0), p.rate(5), p.rate(9)), reached(ratio >= 0.9, "last to first >= %g", 0.9)}}
}

// sizeAMQPMessages fills a durable queue with ten million persistent, confirmed
// messages and drains it: neither may slow down, nor memory grow.
func sizeAMQPMessages(o *options, dir string) ([][]string, error) {
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	defer r.Stop()
	n := o.scaled(10_000_000) / 4 * 4
	t := deep(r.Addrs["amqp"])
	if _, err := (amqpClient{}).Prepare(t); err != nil {
		return nil, err
	}
	filling := newPace(n)
	if err := fillDeep(t, filling); err != nil {
		return nil, err
	}
	rows := append(filling.rows("AMQP: publishing"),
		[]string{"resident: most so far", mebi(peakBytes(r.PID)), reached(peakBytes(r.PID) <= mostResident, "<= %g MiB", 400)},
		[]string{"on disk", mebi(treeBytes(filepath.Join(dir, "data"))), ""})
	draining := newPace(n)
	if err := drainDeep(t, draining); err != nil {
		return rows, err
	}
	return append(append(rows, draining.rows("AMQP: consuming")...),
		[]string{"resident: most in all", mebi(peakBytes(r.PID)), reached(peakBytes(r.PID) <= mostResident, "<= %g MiB", 400)}), nil
}

func fillDeep(t *Target, through *pace) error {
	const producers = 4
	return inParallel(producers, producers, func(w, _ int) error {
		p, err := amqpClient{}.Produce(t, w, func(n int) { through.add(n) })
		if err != nil {
			return err
		}
		body := newBody(t.Size, 0, w)
		for i := range through.n / producers {
			stamp(body, time.Now(), uint32(i))
			if err := p.Send(body); err != nil {
				return err
			}
		}
		return errors.Join(p.Finish(time.Now().Add(time.Minute)), p.Close())
	})
}

func drainDeep(t *Target, through *pace) error {
	all := make(chan struct{})
	k, err := amqpClient{}.Consume(t, 0, func([]byte) {
		if through.add(1) && through.done.Load() == through.n {
			close(all)
		}
	})
	if err != nil {
		return err
	}
	select {
	case <-all:
		return k.Close()
	case <-time.After(10 * time.Minute):
		return errors.Join(fmt.Errorf("%d of %d came", through.done.Load(), through.n), k.Close())
	}
}

// sizeAMQPQueues declares 100,000 durable queues, and has a broker start again
// with them.
func sizeAMQPQueues(o *options, dir string) ([][]string, error) {
	r, _, err := startIn(o, dir)
	if err != nil {
		return nil, err
	}
	defer func() { r.Stop() }()
	before := collected(o, r, "empty")
	n := o.scaled(100_000)
	begun := time.Now()
	closeAll, err := putQueues(r.Addrs["amqp"], n)
	took := time.Since(begun)
	closeAll()
	if err != nil {
		return nil, err
	}
	rows := [][]string{
		{fmt.Sprintf("AMQP: declaring %d queues, 16 connections", n), fmt.Sprintf("%.0f/s", float64(n)/took.Seconds()), ""},
		perOne("AMQP queues, just declared", before, collected(o, r, "amqp-queues"), n, 0),
	}
	r.Stop()
	again, restart, err := startIn(o, dir)
	if err != nil {
		return rows, err
	}
	r = again
	return append(rows, []string{"restart to ready with them", restart.Round(time.Millisecond).String(), reached(restart <= 5*time.Second, "<= %g s", 5)}), nil
}
