package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

const floorBuffer = 256 << 10 // bytes of a connection that are read at once

// mqtt serves one connection: CONNECT, SUBSCRIBE to one filter that is a name,
// PUBLISH at QoS 0 and 1. A packet is delivered as it came, but for its id.
func (f *floor) mqtt(c net.Conn) error {
	p := &floorProducer{f: f, c: c, stamp: func(at []byte, tag uint64) {
		binary.BigEndian.PutUint16(at, uint16(tag%0xffff)+1)
	}}
	r := mqttReader{newStream(c, floorBuffer)}
	for {
		kind, rest, err := r.next(p.flush)
		if err != nil {
			return goneIs(err)
		}
		switch kind & 0xf0 {
		case packetConnect:
			_, err = c.Write([]byte{0x20, 2, 0, 0})
		case packetSubscribe & 0xf0:
			name := rest[4 : len(rest)-1]
			defer f.place(string(name)).attach(c, true)()
			_, err = c.Write([]byte{packetSuback, 3, rest[0], rest[1], rest[len(rest)-1]})
		case packetPublish:
			err = p.mqttPublish(kind, rest)
		case packetPuback:
		case packetDisconnect:
			return nil
		default:
			err = fmt.Errorf("packet %#x", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (p *floorProducer) mqttPublish(kind byte, rest []byte) error {
	end := 2 + int(binary.BigEndian.Uint16(rest))
	durable := kind&2 != 0
	if err := p.to(rest[2:end], durable); err != nil {
		return err
	}
	b := p.batch
	b.buf = mqttHead(b.buf, kind, len(rest))
	p.tag = -1
	if durable {
		p.tag = len(b.buf) + end
		b.confirms = append(b.confirms, packetPuback, 2, rest[end], rest[end+1])
	}
	b.buf = append(b.buf, rest...)
	p.add()
	return nil
}

// goneIs is what a read's error means: that a client left is none.
func goneIs(err error) error {
	if errors.Is(err, io.EOF) || errors.As(err, new(*net.OpError)) {
		return nil
	}
	return err
}
