package main

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A publisher is what the producers of MQTT, AMQP and STOMP have in common: many
// packets to a write, and a window of those that are unconfirmed.
type publisher struct {
	c         net.Conn
	confirm   bool
	window    int
	confirmed func(int)

	out []byte // Send's alone

	mu    sync.Mutex // guards all below
	acked sync.Cond
	open  int // unconfirmed
	err   error
	done  chan struct{} // the reader has returned
}

const fullWrite = 32 << 10 // bytes that are sent at once

func (p *publisher) init(c net.Conn, t *Target, confirmed func(int)) {
	p.c, p.confirm, p.window, p.confirmed, p.done = c, t.Confirm, max(t.Window, 1), confirmed, make(chan struct{})
	p.acked.L = &p.mu
}

// admit waits for a place in the window.
func (p *publisher) admit() error {
	if !p.confirm {
		p.confirmed(1)
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.open >= p.window && p.err == nil {
		if len(p.out) > 0 {
			p.mu.Unlock()
			err := p.Flush()
			p.mu.Lock()
			if err != nil {
				return err
			}
			continue
		}
		p.acked.Wait()
	}
	p.open++
	return p.err
}

// written sends what is kept if it is enough.
func (p *publisher) written() error {
	if len(p.out) < fullWrite {
		return nil
	}
	return p.Flush()
}

func (p *publisher) Flush() error {
	if len(p.out) == 0 {
		return nil
	}
	_, err := p.c.Write(p.out)
	p.out = p.out[:0]
	return err
}

// settled makes place for n more.
func (p *publisher) settled(n int) {
	if n == 0 {
		return
	}
	p.confirmed(n)
	p.mu.Lock()
	p.open -= n
	p.acked.Signal()
	p.mu.Unlock()
}

// listen calls read until it fails, which whoever waits for a confirm learns.
func (p *publisher) listen(read func() error) {
	defer close(p.done)
	for {
		if err := read(); err != nil {
			p.mu.Lock()
			p.err = err
			p.acked.Broadcast()
			p.mu.Unlock()
			return
		}
	}
}

func (p *publisher) Finish(by time.Time) error {
	if err := p.Flush(); err != nil {
		return err
	}
	late := time.AfterFunc(time.Until(by), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.err = errors.Join(p.err, errors.New("publishes stay unconfirmed"))
		p.acked.Broadcast()
	})
	defer late.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.open > 0 && p.err == nil {
		p.acked.Wait()
	}
	return p.err
}

// leave says goodbye and closes. It does not wait for a broker that does not
// read, nor lets Send.
func (p *publisher) leave(goodbye []byte) error {
	if err := p.c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err // closed before
	}
	_, _ = p.c.Write(goodbye) // a broker that is gone needs none
	err := p.c.Close()
	<-p.done
	return err
}
