package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// An mqttConsumer has one subscription. It acknowledges together what came
// together.
type mqttConsumer struct {
	c        net.Conn
	addr, id string // of the persistent session, to be removed; id is "" without
	received func([]byte)
	done     chan struct{}
	err      error // after done
}

// Consume implements Client.
func (mqttClient) Consume(t *Target, n int, received func([]byte)) (Consumer, error) {
	id := fmt.Sprintf("%s-c%d", t.Name, n)
	c, err := mqttDial(t.Addr, id, !t.Confirm)
	if err != nil {
		return nil, err
	}
	qos := byte(0)
	if t.Confirm {
		qos = 1
	}
	filter := t.topic()
	if t.Queue != "" {
		filter = "$queue/" + t.Queue
	}
	rest := append(mqttString([]byte{0, 1}, filter), qos)
	if _, err := c.Write(append(mqttHead(nil, packetSubscribe, len(rest)), rest...)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	k := &mqttConsumer{c: c, addr: t.Addr, received: received, done: make(chan struct{})}
	if t.Confirm {
		k.id = id
	}
	size := 64 << 10
	if t.Consumers > 100 {
		size = 8 << 10
	}
	subscribed := make(chan struct{})
	go func() {
		k.err = k.read(size, qos, subscribed)
		close(k.done)
	}()
	select {
	case <-subscribed:
		return k, nil
	case <-k.done:
		return nil, k.err
	case <-time.After(30 * time.Second):
		return nil, errors.Join(errors.New("no SUBACK"), k.Close())
	}
}

// read also takes the SUBACK, before which messages may come.
func (k *mqttConsumer) read(size int, qos byte, subscribed chan<- struct{}) error {
	r := mqttReader{newStream(k.c, size)}
	var acks []byte
	flush := func() error {
		if len(acks) == 0 {
			return nil
		}
		_, err := k.c.Write(acks)
		acks = acks[:0]
		return err
	}
	for {
		kind, rest, err := r.next(flush)
		if err != nil {
			return err
		}
		if kind == packetSuback && len(rest) == 3 && rest[2] == qos {
			close(subscribed)
			continue
		}
		if kind&0xf0 != packetPublish || len(rest) < 2 {
			return fmt.Errorf("a consumer got packet %#x % x", kind, rest[:min(len(rest), 8)])
		}
		at := 2 + int(binary.BigEndian.Uint16(rest))
		if kind&0x06 != 0 {
			acks = append(acks, packetPuback, 2, rest[at], rest[at+1])
			at += 2
		}
		k.received(rest[at:])
	}
}

// Close also removes the persistent session.
func (k *mqttConsumer) Close() error {
	err := k.c.Close()
	<-k.done
	if !errors.Is(k.err, net.ErrClosed) {
		err = errors.Join(err, k.err)
	}
	if k.id == "" {
		return err
	}
	c, e := mqttDial(k.addr, k.id, true)
	if e != nil {
		return errors.Join(err, e)
	}
	_, e = c.Write([]byte{packetDisconnect, 0})
	return errors.Join(err, e, c.Close())
}
