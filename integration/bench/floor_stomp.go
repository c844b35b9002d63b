package main

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// A tag is 16 hexadecimal digits here, which a MESSAGE has twice: after each of
// these.
const (
	stompDigits = "0000000000000000"
	stompBegin  = "MESSAGE\nsubscription:0\nmessage-id:"
	stompAck    = "\nack:"
)

// stomp serves one connection: CONNECT, SUBSCRIBE, SEND, and ACK, which it
// ignores.
func (f *floor) stomp(c net.Conn) error {
	p := &floorProducer{f: f, c: c, stamp: func(at []byte, tag uint64) {
		putHex(at[:16], tag)
		putHex(at[16+len(stompAck):][:16], tag)
	}}
	r := stompReader{newStream(c, floorBuffer)}
	for {
		frame, err := r.next(p.flush)
		if err != nil {
			return goneIs(err)
		}
		switch string(frame.command) {
		case "CONNECT":
			_, err = c.Write([]byte("CONNECTED\nversion:1.2\n\n\x00"))
		case "SUBSCRIBE":
			name := string(frame.header("\ndestination:"))
			defer f.place(name).attach(c, strings.HasPrefix(name, "/topic/"))()
			_, err = fmt.Fprintf(c, "RECEIPT\nreceipt-id:%s\n\n\x00", frame.header("\nreceipt:"))
		case "SEND":
			err = p.stompSend(frame)
		case "ACK":
		case "DISCONNECT":
			return nil
		default:
			err = frame.unexpected()
		}
		if err != nil {
			return err
		}
	}
}

func (p *floorProducer) stompSend(frame stompFrame) error {
	name := frame.header("\ndestination:")
	durable := bytes.Equal(frame.header("\npersistent:"), []byte("true"))
	if err := p.to(name, durable); err != nil {
		return err
	}
	b := p.batch
	p.tag = len(b.buf) + len(stompBegin)
	b.buf = append(append(b.buf, stompBegin+stompDigits+stompAck+stompDigits+"\ndestination:"...), name...)
	b.buf = strconv.AppendInt(append(b.buf, "\ncontent-length:"...), int64(len(frame.body)), 10)
	b.buf = append(append(append(b.buf, "\n\n"...), frame.body...), 0)
	if receipt := frame.header("\nreceipt:"); receipt != nil {
		b.confirms = append(append(append(b.confirms, "RECEIPT\nreceipt-id:"...), receipt...), "\n\n\x00"...)
	}
	p.add()
	return nil
}
