package crash

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// As much of MQTT 3.1.1 as QoS 2 needs. The libraries do not do for it: some
// drop what waits when a connection breaks, or send it again in another order.

const (
	connect     = 0x10
	connack     = 0x20
	publish     = 0x30 // and its flags
	puback      = 0x40
	pubrec      = 0x50
	pubrel      = 0x62
	pubcomp     = 0x70
	subscribe   = 0x82
	suback      = 0x90
	disconnect  = 0xe0
	dupFlag     = 0x08
	exactlyOnce = 0x04 // QoS 2 among PUBLISH's flags
	qosBits     = 0x06
)

// silence is how long a peer may wait for a packet that has to come.
const silence = 30 * time.Second

// packet is one control packet.
type packet struct {
	first byte
	rest  []byte // after the remaining length
}

// link is a connection. Used by one goroutine.
type link struct {
	net.Conn
	in  *bufio.Reader
	out *bufio.Writer
}

func dial(b *daemon.Broker, wire string) (*link, error) {
	c, err := doors.Dial(b, "mqtt", wire)
	if err != nil {
		return nil, err
	}
	return &link{c, bufio.NewReaderSize(c, 64<<10), bufio.NewWriterSize(c, 64<<10)}, nil
}

// read flushes what was written once there is nothing more to be read.
func (l *link) read() (packet, error) {
	if l.in.Buffered() == 0 {
		if err := l.out.Flush(); err != nil {
			return packet{}, err
		}
		if err := l.SetReadDeadline(time.Now().Add(silence)); err != nil {
			return packet{}, err
		}
	}
	first, err := l.in.ReadByte()
	if err != nil {
		return packet{}, err
	}
	n, err := binary.ReadUvarint(l.in) // the same form, of at most four bytes here
	if err != nil {
		return packet{}, err
	}
	if n >= 1<<28 {
		return packet{}, fmt.Errorf("a packet of %d bytes", n)
	}
	p := packet{first, make([]byte, n)}
	_, err = io.ReadFull(l.in, p.rest)
	return p, err
}

// write buffers a packet; what fails shows when the buffer is flushed.
func (l *link) write(first byte, parts ...[]byte) {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	_, _ = l.out.Write(binary.AppendUvarint([]byte{first}, uint64(n)))
	for _, part := range parts {
		_, _ = l.out.Write(part)
	}
}

func (l *link) ack(first byte, id uint16) { l.write(first, number(id)) }

func number(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

func text(s string) []byte { return append(number(uint16(len(s))), s...) }

// hello connects to a session that stays, and says whether it was there.
func (l *link) hello(client string) (present bool, err error) {
	l.write(connect, text("MQTT"), []byte{4, 0, 0, 0}, text(client)) // neither clean session nor keep-alive
	p, err := l.read()
	if err != nil {
		return false, err
	}
	if p.first != connack || len(p.rest) != 2 || p.rest[1] != 0 {
		return false, fmt.Errorf("CONNECT was answered by %x %x", p.first, p.rest)
	}
	return p.rest[0] == 1, nil
}

// follow subscribes at QoS 2.
func (l *link) follow(filter string) error {
	l.write(subscribe, number(1), text(filter), []byte{2})
	p, err := l.read()
	if err == nil && (p.first != suback || len(p.rest) != 3 || p.rest[2] != 2) {
		err = fmt.Errorf("SUBSCRIBE was answered by %x %x", p.first, p.rest)
	}
	return err
}

func (l *link) bye() error {
	l.write(disconnect)
	return errors.Join(l.out.Flush(), l.Close())
}

// id is that of an acknowledgement.
func (p packet) id() (uint16, error) {
	if len(p.rest) != 2 {
		return 0, fmt.Errorf("%x %x is no acknowledgement", p.first, p.rest)
	}
	return binary.BigEndian.Uint16(p.rest), nil
}

// message is that of a PUBLISH at QoS 2.
func (p packet) message() (id uint16, body []byte, err error) {
	if p.first&qosBits != exactlyOnce || len(p.rest) < 4 {
		return 0, nil, fmt.Errorf("PUBLISH %x is not QoS 2", p.first)
	}
	at := 2 + int(binary.BigEndian.Uint16(p.rest))
	if len(p.rest) < at+2 {
		return 0, nil, errors.New("PUBLISH is cut short")
	}
	return binary.BigEndian.Uint16(p.rest[at:]), p.rest[at+2:], nil
}
