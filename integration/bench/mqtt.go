package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// mqttClient speaks MQTT 3.1.1, packets made and read by hand. Confirm is QoS 1
// and, for consumers, a persistent session.
type mqttClient struct{}

const (
	packetConnect    = 0x10
	packetPublish    = 0x30
	packetPuback     = 0x40
	packetSubscribe  = 0x82
	packetSuback     = 0x90
	packetDisconnect = 0xe0
)

func (t *Target) topic() string {
	if t.Route {
		return "bench/route"
	}
	return "bench/" + t.Name
}

// Prepare implements Client: topics need no making.
func (mqttClient) Prepare(*Target) (func(), error) { return func() {}, nil }

// mqttDial connects; clean is false for a persistent session.
func mqttDial(addr, id string, clean bool) (net.Conn, error) {
	c, err := dial(addr, "mqtt")
	if err != nil {
		return nil, err
	}
	flags := byte(0)
	if clean {
		flags = 2
	}
	p := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0}
	p = mqttString(p, id)
	ack := make([]byte, 4)
	if err := mqttAsk(c, packetConnect, p, ack); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if ack[0] != 0x20 || ack[3] != 0 {
		return nil, errors.Join(fmt.Errorf("CONNACK % x", ack), c.Close())
	}
	return c, nil
}

// mqttAsk sends a packet and reads an answer of a known length.
func mqttAsk(c net.Conn, kind byte, rest, answer []byte) error {
	if _, err := c.Write(append(mqttHead(nil, kind, len(rest)), rest...)); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	return c.SetReadDeadline(time.Time{})
}

func mqttHead(b []byte, kind byte, length int) []byte {
	return binary.AppendUvarint(append(b, kind), uint64(length)) // the same encoding
}

func mqttString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

// An mqttReader finds packets in a stream.
type mqttReader struct{ stream }

// next returns the next packet's first byte and what follows its length, valid
// until the next call. Before it has to wait for the network it calls idle.
func (m *mqttReader) next(idle func() error) (kind byte, rest []byte, err error) {
	for {
		total := 0
		if have := m.have(); len(have) >= 2 {
			length, n := binary.Uvarint(have[1:])
			if n < 0 || length > 1<<28 {
				return 0, nil, errors.New("a packet's length is malformed")
			}
			if n > 0 {
				total = 1 + n + int(length)
			}
			if total > 0 && total <= len(have) {
				m.take(total)
				return have[0], have[1+n : total], nil
			}
		}
		if err := m.more(total, idle); err != nil {
			return 0, nil, err
		}
	}
}
