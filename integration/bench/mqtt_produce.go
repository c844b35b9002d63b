package main

import (
	"encoding/binary"
	"fmt"
)

// An mqttProducer publishes at QoS 0 or 1.
type mqttProducer struct {
	publisher
	topic string
	qos   byte
	id    uint16
}

// Produce implements Client.
func (mqttClient) Produce(t *Target, n int, confirmed func(int)) (Producer, error) {
	c, err := mqttDial(t.Addr, fmt.Sprintf("%s-p%d", t.Name, n), true)
	if err != nil {
		return nil, err
	}
	p := &mqttProducer{topic: t.topic()}
	p.init(c, t, confirmed)
	if t.Confirm {
		p.qos = 1
	}
	r, acks := mqttReader{newStream(c, 16<<10)}, 0
	tell := func() error {
		p.settled(acks)
		acks = 0
		return nil
	}
	go p.listen(func() error {
		kind, _, err := r.next(tell)
		if err == nil && kind != packetPuback {
			err = fmt.Errorf("a publisher got packet %#x", kind)
		}
		acks++
		return err
	})
	return p, nil
}

func (p *mqttProducer) Send(body []byte) error {
	if err := p.admit(); err != nil {
		return err
	}
	p.out = mqttHead(p.out, packetPublish|p.qos<<1, 2+len(p.topic)+2*int(p.qos)+len(body))
	p.out = mqttString(p.out, p.topic)
	if p.qos > 0 {
		if p.id++; p.id == 0 {
			p.id = 1
		}
		p.out = binary.BigEndian.AppendUint16(p.out, p.id)
	}
	p.out = append(p.out, body...)
	return p.written()
}

func (p *mqttProducer) Close() error { return p.leave([]byte{packetDisconnect, 0}) }
