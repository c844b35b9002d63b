package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// times of a run.
type times struct {
	warm, window time.Duration
	patience     time.Duration // how long nothing may come before what is missing counts as lost
}

// A run is one scenario against one peer, once.
type run struct {
	target  Target
	times   times
	id      uint16
	rate    int
	client  Client
	readers Client
	reading string // address of the consumers' protocol
	pid     int

	confirmed atomic.Int64
	received  atomic.Int64
	takers    []*taker
	producers []Producer
	consumers []Consumer

	windowed atomic.Bool // latencies count
	stopping atomic.Bool
}

// A taker is the receiving end of one consumer. Its fields are its goroutine's
// until the consumer is closed.
type taker struct {
	run     *run
	latency histogram
	seen    map[int]*sequence // by producer
	doubled int64
}

// A sequence is a set of the numbers of one producer.
type sequence struct{ words []uint64 }

// add says whether seq is new.
func (s *sequence) add(seq uint32) bool {
	w := int(seq / 64)
	for len(s.words) <= w {
		s.words = append(s.words, make([]uint64, 1+len(s.words))...)
	}
	bit := uint64(1) << (seq % 64)
	if s.words[w]&bit != 0 {
		return false
	}
	s.words[w] |= bit
	return true
}

func (t *taker) take(body []byte) {
	h, ok := readHead(body)
	if !ok || h.run != t.run.id {
		return
	}
	if t.run.windowed.Load() {
		t.latency.add(time.Duration(time.Now().UnixNano() - h.due))
	}
	s := t.seen[h.from]
	if s == nil {
		s = &sequence{}
		t.seen[h.from] = s
	}
	if !t.run.target.Refill && !s.add(h.seq) {
		t.doubled++
		return
	}
	t.run.received.Add(1)
}

func (r *run) do() (res Result, err error) {
	s := r.target.Scenario
	reading := r.target
	reading.Addr = r.reading
	remove, err := r.readers.Prepare(&reading)
	if err != nil {
		return res, fmt.Errorf("prepare: %w", err)
	}
	defer remove()
	defer func() { err = errors.Join(err, r.detach()) }()
	if s.Preload == 0 {
		if err := r.attach(s.Consumers); err != nil {
			return res, err
		}
		if err := r.produceFrom(s.Producers); err != nil {
			return res, err
		}
		return r.stream()
	}
	if err := r.produceFrom(s.Producers); err != nil {
		return res, err
	}
	sent, err := r.preload()
	if err != nil {
		return res, err
	}
	return r.drain(sent)
}

// attach connects the consumers.
func (r *run) attach(n int) error {
	reading := r.target
	reading.Addr = r.reading
	for i := range n {
		t := &taker{run: r, seen: map[int]*sequence{}}
		c, err := r.readers.Consume(&reading, i, t.take)
		if err != nil {
			return fmt.Errorf("consumer %d: %w", i, err)
		}
		r.takers, r.consumers = append(r.takers, t), append(r.consumers, c)
	}
	return nil
}

func (r *run) produceFrom(n int) error {
	for i := range n {
		p, err := r.client.Produce(&r.target, i, func(m int) { r.confirmed.Add(int64(m)) })
		if err != nil {
			return fmt.Errorf("producer %d: %w", i, err)
		}
		r.producers = append(r.producers, p)
	}
	return nil
}

func (r *run) detach() error {
	var errs []error
	for _, p := range r.producers {
		errs = append(errs, p.Close())
	}
	for _, c := range r.consumers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// counted is what the scenario counts: received, or else confirmed.
func (r *run) counted() int64 {
	if r.target.Consumers > 0 {
		return r.received.Load()
	}
	return r.confirmed.Load()
}

// A mark is an instant with all that is measured.
type mark struct {
	at             time.Time
	n              int64
	client, broker time.Duration
}

func (r *run) mark() mark {
	return mark{time.Now(), r.counted(), ownCPU(), familyCPU(r.pid)}
}

func (m mark) until(o mark) Result {
	return Result{Messages: o.n - m.n, Elapsed: o.at.Sub(m.at), Client: o.client - m.client, Broker: o.broker - m.broker, Load: loadAverage()}
}

// stream measures producers and consumers at work together.
func (r *run) stream() (Result, error) {
	sent := make([]int64, len(r.producers))
	errs := make([]error, len(r.producers))
	var wg sync.WaitGroup
	for i, p := range r.producers {
		wg.Go(func() { sent[i], errs[i] = r.produce(p, i) })
	}
	<-time.After(r.times.warm)
	r.windowed.Store(true)
	begin := r.mark()
	<-time.After(r.times.window)
	end := r.mark()
	r.windowed.Store(false)
	r.stopping.Store(true)
	unstick := time.AfterFunc(10*time.Second, func() {
		for _, p := range r.producers {
			_ = p.Close() // Send's error tells
		}
	})
	wg.Wait()
	unstick.Stop()
	res := begin.until(end)
	for _, n := range sent {
		res.Sent += n
	}
	if err := errors.Join(errs...); err != nil {
		return res, err
	}
	return r.settle(res)
}

// settle waits for what is still on its way, and closes the consumers.
func (r *run) settle(res Result) (Result, error) {
	s := r.target.Scenario
	copies := int64(s.Consumers)
	if s.Consumers > 0 && r.shared() {
		copies = 1
	}
	want := res.Sent * copies
	r.await(want)
	err := r.detach()
	r.producers, r.consumers = nil, nil
	var all histogram
	for _, t := range r.takers {
		all.merge(&t.latency)
		res.Doubled += t.doubled
	}
	res.Missing = max(0, want-r.received.Load())
	res.P50, res.P99 = all.percentile(50), all.percentile(99)
	return res, err
}

// shared: the consumers compete for one queue, and do not get a copy each.
func (r *run) shared() bool {
	return !r.target.Fanout && !strings.HasPrefix(r.target.consume(), "mqtt")
}

// await returns when want have been received, when nothing comes any more, or
// when it has gone on for too long.
func (r *run) await(want int64) {
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	last, since, by := r.received.Load(), time.Now(), time.Now().Add(20*time.Second)
	for n := last; n < want; n = r.received.Load() {
		if n != last {
			last, since = n, time.Now()
		} else if time.Since(since) > r.times.patience {
			return
		}
		if time.Now().After(by) {
			return
		}
		<-every.C
	}
}

// produce sends until the run stops, as fast as the window lets it or by the
// clock, and returns how many.
func (r *run) produce(p Producer, n int) (sent int64, err error) {
	body := newBody(r.target.Size, r.id, n)
	if r.rate > 0 {
		sent, err = r.byTheClock(p, body)
	} else {
		for !r.stopping.Load() && err == nil {
			stamp(body, time.Now(), uint32(sent))
			if err = p.Send(body); err == nil {
				sent++
			}
		}
	}
	if err == nil {
		err = p.Finish(time.Now().Add(10 * time.Second))
	}
	return sent, err
}

// byTheClock sends what is due every millisecond, each with the instant at
// which it was due.
func (r *run) byTheClock(p Producer, body []byte) (sent int64, err error) {
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	apart := time.Duration(float64(time.Second) * float64(len(r.producers)) / float64(r.rate))
	start := time.Now()
	due := start
	for !r.stopping.Load() {
		now := <-every.C
		for ; due.Before(now); due = start.Add(time.Duration(sent) * apart) {
			stamp(body, due, uint32(sent))
			if err := p.Send(body); err != nil {
				return sent, err
			}
			sent++
		}
		if err := p.Flush(); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// preload puts the scenario's backlog, or as much of it as a slow peer takes in
// ten windows.
func (r *run) preload() (int64, error) {
	share := int64(r.target.Preload / len(r.producers))
	by := time.Now().Add(10 * r.times.window)
	if r.target.Refill {
		by = by.Add(time.Hour) // the depth is the point
	}
	sent := make([]int64, len(r.producers))
	errs := make([]error, len(r.producers))
	var wg sync.WaitGroup
	for i, p := range r.producers {
		wg.Go(func() {
			body := newBody(r.target.Size, r.id, i)
			for sent[i] < share && errs[i] == nil && time.Now().Before(by) {
				stamp(body, time.Now(), uint32(sent[i]))
				errs[i] = p.Send(body)
				sent[i]++
			}
			if errs[i] == nil {
				errs[i] = p.Finish(time.Now().Add(10 * time.Second))
			}
		})
	}
	wg.Wait()
	var sum int64
	for _, n := range sent {
		sum += n
	}
	return sum, errors.Join(errs...)
}

// drain measures consumers alone, until all is received or the window is over.
func (r *run) drain(sent int64) (Result, error) {
	r.windowed.Store(true)
	begin := r.mark()
	if err := r.attach(r.target.Consumers); err != nil {
		return Result{}, err
	}
	if r.target.Refill {
		sent = 1 << 62
	}
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for r.received.Load() < sent && time.Since(begin.at) < r.times.window {
		<-every.C
	}
	res := begin.until(r.mark())
	res.Sent = res.Messages // the rest was never asked for
	err := r.detach()
	r.producers, r.consumers = nil, nil
	for _, t := range r.takers {
		res.Doubled += t.doubled
	}
	return res, err
}
