package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// amqpClient speaks AMQP 0-9-1, frames made and read by hand, one channel a
// connection. Confirm is durable queues, persistent messages, publisher confirms
// and acknowledgements; without it queues and messages are transient and nobody
// acknowledges anything. Consumers compete for one queue; with Fanout they have a
// queue each, behind a fanout exchange.
type amqpClient struct{}

// Classes and methods, by their numbers in the specification.
const (
	connectionStart, connectionStartOK = 10<<16 | 10, 10<<16 | 11
	connectionTune, connectionTuneOK   = 10<<16 | 30, 10<<16 | 31
	connectionOpen, connectionOpenOK   = 10<<16 | 40, 10<<16 | 41
	connectionClose                    = 10<<16 | 50
	channelOpen, channelOpenOK         = 20<<16 | 10, 20<<16 | 11
	channelClose                       = 20<<16 | 40
	exchangeDeclare, exchangeDeclareOK = 40<<16 | 10, 40<<16 | 11
	exchangeDelete, exchangeDeleteOK   = 40<<16 | 20, 40<<16 | 21
	queueDeclare, queueDeclareOK       = 50<<16 | 10, 50<<16 | 11
	queueBind, queueBindOK             = 50<<16 | 20, 50<<16 | 21
	queueDelete, queueDeleteOK         = 50<<16 | 40, 50<<16 | 41
	basicQos, basicQosOK               = 60<<16 | 10, 60<<16 | 11
	basicConsume, basicConsumeOK       = 60<<16 | 20, 60<<16 | 21
	basicPublish                       = 60<<16 | 40
	basicDeliver                       = 60<<16 | 60
	basicAck                           = 60<<16 | 80
	confirmSelect, confirmSelectOK     = 85<<16 | 10, 85<<16 | 11
)

const (
	durable   = 2 // of the bits of a declaration
	noAck     = 2 // of those of basic.consume
	emptyArgs = "\x00\x00\x00\x00"
)

// An amqpConn is a connection with channel 1 open.
type amqpConn struct {
	c     net.Conn
	r     amqpReader
	frame int // the most bytes of a body's frame
}

func amqpDial(addr string, buffer int) (*amqpConn, error) {
	c, err := dial(addr, "amqp")
	if err != nil {
		return nil, err
	}
	a := &amqpConn{c: c, r: amqpReader{newStream(c, buffer)}}
	if err := a.open(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return a, nil
}

// open logs in as guest and opens channel 1.
func (a *amqpConn) open() error {
	if _, err := a.c.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	if _, err := a.await(connectionStart); err != nil {
		return err
	}
	login := shortText([]byte(emptyArgs), "PLAIN")
	login = append(binary.BigEndian.AppendUint32(login, 12), "\x00guest\x00guest"...)
	tune, err := a.ask(0, connectionStartOK, shortText(login, "en_US"), connectionTune)
	if err != nil {
		return err
	}
	tune = append([]byte(nil), tune...)
	binary.BigEndian.PutUint16(tune[6:], 0) // no heartbeats
	a.frame = int(binary.BigEndian.Uint32(tune[2:])) - 8
	if _, err := a.c.Write(methodFrame(nil, 0, connectionTuneOK, tune)); err != nil {
		return err
	}
	if _, err := a.ask(0, connectionOpen, []byte("\x01/\x00\x00"), connectionOpenOK); err != nil {
		return err
	}
	_, err = a.ask(1, channelOpen, []byte{0}, channelOpenOK)
	return err
}

// ask sends a method and returns the arguments of its answer, valid until the
// next.
func (a *amqpConn) ask(channel uint16, method uint32, args []byte, answer uint32) ([]byte, error) {
	if _, err := a.c.Write(methodFrame(nil, channel, method, args)); err != nil {
		return nil, err
	}
	return a.await(answer)
}

func (a *amqpConn) await(answer uint32) ([]byte, error) {
	if err := a.c.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		return nil, err
	}
	kind, payload, err := a.r.next(notIdle)
	if err != nil {
		return nil, err
	}
	if kind != frameMethod || binary.BigEndian.Uint32(payload) != answer {
		return nil, unexpected(kind, payload)
	}
	return payload[4:], a.c.SetReadDeadline(time.Time{})
}

// unexpected tells what a frame says that closes something, or shows it.
func unexpected(kind byte, payload []byte) error {
	if kind == frameMethod && len(payload) > 7 {
		if m := binary.BigEndian.Uint32(payload); m == connectionClose || m == channelClose {
			return fmt.Errorf("%d %s", binary.BigEndian.Uint16(payload[4:]), payload[7:min(len(payload), 7+int(payload[6]))])
		}
	}
	return fmt.Errorf("frame of type %d: % x", kind, payload[:min(len(payload), 16)])
}

// queueName is the n-th consumer's, or the one of all.
func (t *Target) queueName(n int) string {
	if t.Fanout {
		return fmt.Sprintf("%s-%d", t.Name, n)
	}
	return t.Name
}

// Prepare implements Client: it declares what the run needs.
func (amqpClient) Prepare(t *Target) (func(), error) {
	a, err := amqpDial(t.Addr, 4<<10)
	if err != nil {
		return nil, err
	}
	defer a.c.Close() //nolint:errcheck // every answer has come
	if t.Fanout {
		args := append(shortText(shortText([]byte{0, 0}, t.Name), "fanout"), t.bits())
		if _, err := a.ask(1, exchangeDeclare, append(args, emptyArgs...), exchangeDeclareOK); err != nil {
			return nil, err
		}
	}
	for n := range t.queues() {
		if err := a.declare(t, t.queueName(n)); err != nil {
			return nil, err
		}
	}
	return func() { amqpRemove(t) }, nil
}

func (t *Target) queues() int {
	if t.Fanout {
		return t.Consumers
	}
	return 1
}

func (t *Target) bits() byte {
	if t.Confirm {
		return durable
	}
	return 0
}

// declare declares a queue and binds it where it has an exchange.
func (a *amqpConn) declare(t *Target, queue string) error {
	var table []byte
	if t.QueueType != "" {
		table = append(shortText(nil, "x-queue-type"), 'S')
		table = append(binary.BigEndian.AppendUint32(table, uint32(len(t.QueueType))), t.QueueType...)
	}
	args := append(shortText([]byte{0, 0}, queue), t.bits())
	args = append(binary.BigEndian.AppendUint32(args, uint32(len(table))), table...)
	if _, err := a.ask(1, queueDeclare, args, queueDeclareOK); err != nil {
		return err
	}
	if !t.Fanout {
		return nil
	}
	args = shortText(shortText(shortText([]byte{0, 0}, queue), t.Name), "")
	_, err := a.ask(1, queueBind, append(append(args, 0), emptyArgs...), queueBindOK)
	return err
}

// amqpRemove is no more than tidy: the peer ends soon anyway.
func amqpRemove(t *Target) {
	a, err := amqpDial(t.Addr, 4<<10)
	if err != nil {
		return
	}
	defer a.c.Close() //nolint:errcheck // see above
	for n := range t.queues() {
		if _, err := a.ask(1, queueDelete, append(shortText([]byte{0, 0}, t.queueName(n)), 0), queueDeleteOK); err != nil {
			return
		}
	}
	if t.Fanout {
		_, _ = a.ask(1, exchangeDelete, append(shortText([]byte{0, 0}, t.Name), 0), exchangeDeleteOK) // see above
	}
}
