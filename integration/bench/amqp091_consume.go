package main

import (
	"encoding/binary"
	"errors"
	"net"
)

const (
	prefetch = 1000
	ackEvery = 100 // deliveries at most that one acknowledgement settles
)

// An amqpConsumer has one consumer on channel 1. It acknowledges together what
// came together.
type amqpConsumer struct {
	a        *amqpConn
	confirm  bool
	received func([]byte)
	done     chan struct{}
	err      error // after done

	coming uint64 // tag of the delivery whose body comes
	tag    uint64 // of the last that is whole
	unseen int    // deliveries that are not acknowledged
	left   uint64 // bytes of a body that are still to come
	body   []byte // of several frames
}

// Consume implements Client.
func (amqpClient) Consume(t *Target, n int, received func([]byte)) (Consumer, error) {
	a, err := amqpDial(t.Addr, 64<<10)
	if err != nil {
		return nil, err
	}
	k := &amqpConsumer{a: a, confirm: t.Confirm, received: received, done: make(chan struct{})}
	if err := k.subscribe(t.queueName(n)); err != nil {
		return nil, errors.Join(err, a.c.Close())
	}
	go func() {
		for k.err == nil {
			k.err = k.read()
		}
		close(k.done)
	}()
	return k, nil
}

func (k *amqpConsumer) subscribe(queue string) error {
	flags := byte(noAck)
	if k.confirm {
		flags = 0
		if _, err := k.a.ask(1, basicQos, []byte{0, 0, 0, 0, prefetch >> 8, prefetch & 0xff, 0}, basicQosOK); err != nil {
			return err
		}
	}
	args := append(shortText(shortText([]byte{0, 0}, queue), "c"), flags)
	_, err := k.a.ask(1, basicConsume, append(args, emptyArgs...), basicConsumeOK)
	return err
}

func (k *amqpConsumer) read() error {
	kind, payload, err := k.a.r.next(k.settle)
	if err != nil {
		return err
	}
	switch {
	case kind == frameMethod && len(payload) > 14 && binary.BigEndian.Uint32(payload) == basicDeliver:
		k.coming = binary.BigEndian.Uint64(payload[5+payload[4]:])
		return nil
	case kind == frameHeader && len(payload) >= 12:
		k.left, k.body = binary.BigEndian.Uint64(payload[4:]), k.body[:0]
		return nil
	case kind != frameBody || uint64(len(payload)) > k.left:
		return unexpected(kind, payload)
	}
	if k.left -= uint64(len(payload)); k.left > 0 || len(k.body) > 0 {
		k.body = append(k.body, payload...)
		payload = k.body
	}
	if k.left > 0 {
		return nil
	}
	k.received(payload)
	k.tag = k.coming
	if k.unseen++; k.unseen < ackEvery {
		return nil
	}
	return k.settle()
}

// settle acknowledges all that was received.
func (k *amqpConsumer) settle() error {
	if !k.confirm || k.unseen == 0 {
		return nil
	}
	k.unseen = 0
	const multiple = 1
	_, err := k.a.c.Write(methodFrame(nil, 1, basicAck, append(binary.BigEndian.AppendUint64(nil, k.tag), multiple)))
	return err
}

func (k *amqpConsumer) Close() error {
	err := k.a.c.Close()
	<-k.done
	if !errors.Is(k.err, net.ErrClosed) {
		err = errors.Join(err, k.err)
	}
	return err
}
