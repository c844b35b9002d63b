package main

import (
	"encoding/binary"
	"errors"
)

// An amqpProducer publishes on channel 1.
type amqpProducer struct {
	publisher
	head  []byte // basic.publish and the content's header, but for the body's size
	frame int
}

// Produce implements Client.
func (amqpClient) Produce(t *Target, _ int, confirmed func(int)) (Producer, error) {
	a, err := amqpDial(t.Addr, 4<<10)
	if err != nil {
		return nil, err
	}
	if t.Confirm {
		if _, err := a.ask(1, confirmSelect, []byte{0}, confirmSelectOK); err != nil {
			return nil, errors.Join(err, a.c.Close())
		}
	}
	p := &amqpProducer{head: publishHead(t), frame: a.frame}
	p.init(a.c, t, confirmed)
	seen, acked := confirms{next: 1}, 0
	tell := func() error {
		p.settled(acked)
		acked = 0
		return nil
	}
	go p.listen(func() error {
		kind, payload, err := a.r.next(tell)
		if err != nil {
			return err
		}
		if kind != frameMethod || len(payload) != 13 || binary.BigEndian.Uint32(payload) != basicAck {
			return unexpected(kind, payload)
		}
		acked += seen.ack(binary.BigEndian.Uint32(payload[8:]), payload[12]&1 != 0)
		return nil
	})
	return p, nil
}

// publishHead is what every publish of a producer begins with. Properties are
// none but, where messages are to be confirmed, delivery-mode 2.
func publishHead(t *Target) []byte {
	exchange, key := "", t.Name
	if t.Fanout {
		exchange, key = t.Name, ""
	}
	head := methodFrame(nil, 1, basicPublish, append(shortText(shortText([]byte{0, 0}, exchange), key), 0))
	properties := []byte{0, 0}
	if t.Confirm {
		properties = []byte{0x10, 0, 2}
	}
	content := append([]byte{0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, properties...)
	return appendFrame(head, frameHeader, 1, content)
}

func (p *amqpProducer) Send(body []byte) error {
	if err := p.admit(); err != nil {
		return err
	}
	p.out = append(p.out, p.head...)
	properties := 2
	if p.confirm {
		properties = 3
	}
	binary.BigEndian.PutUint64(p.out[len(p.out)-1-properties-8:], uint64(len(body)))
	for ; len(body) > p.frame; body = body[p.frame:] {
		p.out = appendFrame(p.out, frameBody, 1, body[:p.frame])
	}
	p.out = appendFrame(p.out, frameBody, 1, body)
	return p.written()
}

// Close leaves without a handshake: all that matters is confirmed by now.
func (p *amqpProducer) Close() error { return p.leave(nil) }

// confirms knows which delivery tags are settled, so that an acknowledgement of
// several is counted for what it is.
type confirms struct {
	next    uint32 // the first that no acknowledgement of several covered
	settled sequence
}

// ack returns how many an acknowledgement settles.
func (c *confirms) ack(tag uint32, multiple bool) (n int) {
	first := tag
	if multiple {
		first, c.next = c.next, max(c.next, tag+1)
	}
	for ; first <= tag; first++ {
		if c.settled.add(first) {
			n++
		}
	}
	return n
}
