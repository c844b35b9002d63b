package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// An mqttProducer publishes, many packets to a write.
type mqttProducer struct {
	c         net.Conn
	topic     string
	qos       byte
	window    int
	confirmed func(int)

	out []byte // Send's alone
	id  uint16

	mu    sync.Mutex // guards all below
	acked sync.Cond
	open  int // unconfirmed
	err   error
	done  chan struct{} // the reader has returned
}

const mqttFull = 32 << 10 // bytes that are sent at once

// Produce implements Client.
func (mqttClient) Produce(t *Target, n int, confirmed func(int)) (Producer, error) {
	c, err := mqttDial(t.Addr, fmt.Sprintf("%s-p%d", t.Name, n), true)
	if err != nil {
		return nil, err
	}
	p := &mqttProducer{c: c, topic: t.topic(), window: max(t.Window, 1), confirmed: confirmed, done: make(chan struct{})}
	p.acked.L = &p.mu
	if t.Confirm {
		p.qos = 1
	}
	go p.readAcks()
	return p, nil
}

func (p *mqttProducer) Send(body []byte) error {
	if p.qos > 0 {
		if err := p.admit(); err != nil {
			return err
		}
	}
	p.out = mqttHead(p.out, packetPublish|p.qos<<1, 2+len(p.topic)+2*int(p.qos)+len(body))
	p.out = mqttString(p.out, p.topic)
	if p.qos > 0 {
		if p.id++; p.id == 0 {
			p.id = 1
		}
		p.out = binary.BigEndian.AppendUint16(p.out, p.id)
	} else {
		p.confirmed(1)
	}
	p.out = append(p.out, body...)
	if len(p.out) < mqttFull {
		return nil
	}
	return p.Flush()
}

// admit waits for a place in the window.
func (p *mqttProducer) admit() error {
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

func (p *mqttProducer) Flush() error {
	if len(p.out) == 0 {
		return nil
	}
	_, err := p.c.Write(p.out)
	p.out = p.out[:0]
	return err
}

func (p *mqttProducer) readAcks() {
	defer close(p.done)
	r := mqttReader{c: p.c, buf: make([]byte, 16<<10)}
	n := 0
	tell := func() error {
		if n > 0 {
			p.confirmed(n)
			p.mu.Lock()
			p.open -= n
			p.acked.Signal()
			p.mu.Unlock()
			n = 0
		}
		return nil
	}
	for {
		kind, _, err := r.next(tell)
		if err == nil && kind != packetPuback {
			err = fmt.Errorf("a publisher got packet %#x", kind)
		}
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.acked.Broadcast()
			p.mu.Unlock()
			return
		}
		n++
	}
}

func (p *mqttProducer) Finish(by time.Time) error {
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
	for p.qos > 0 && p.open > 0 && p.err == nil {
		p.acked.Wait()
	}
	return p.err
}

// Close does not wait for a broker that does not read, nor lets Send.
func (p *mqttProducer) Close() error {
	if err := p.c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err // closed before
	}
	_, _ = p.c.Write([]byte{packetDisconnect, 0}) // a broker that is gone needs none
	err := p.c.Close()
	<-p.done
	return err
}
