package main

import (
	"encoding/binary"
	"io"
	"net"
)

// What the client asks for and the floor only says yes to, and with what.
var amqpYes = map[uint32]struct {
	method uint32
	args   string
}{
	connectionStartOK: {connectionTune, "\x00\x00\x00\x02\x00\x00\x00\x00"}, // frames of 128 KiB
	connectionOpen:    {connectionOpenOK, "\x00"},
	channelOpen:       {channelOpenOK, emptyArgs},
	exchangeDeclare:   {exchangeDeclareOK, ""},
	exchangeDelete:    {exchangeDeleteOK, ""},
	queueDeclare:      {queueDeclareOK, "\x01q\x00\x00\x00\x00\x00\x00\x00\x00"},
	queueDelete:       {queueDeleteOK, "\x00\x00\x00\x00"},
	basicQos:          {basicQosOK, ""},
	confirmSelect:     {confirmSelectOK, ""},
}

// A floorAMQP is a connection with one channel.
type floorAMQP struct {
	*floorProducer
	left    uint64 // bytes of a body that are still to come
	confirm bool
	count   uint64 // publishes that are whole
}

// amqp serves one connection.
func (f *floor) amqp(c net.Conn) error {
	a := &floorAMQP{floorProducer: &floorProducer{f: f, c: c, stamp: binary.BigEndian.PutUint64}}
	a.finish = a.acknowledge
	if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
		return goneIs(err)
	}
	start := append([]byte("\x00\x09"+emptyArgs), "\x00\x00\x00\x05PLAIN\x00\x00\x00\x05en_US"...)
	if _, err := c.Write(methodFrame(nil, 0, connectionStart, start)); err != nil {
		return err
	}
	var leave func()
	defer func() {
		if leave != nil {
			leave()
		}
	}()
	r := amqpReader{newStream(c, floorBuffer)}
	for {
		kind, payload, err := r.next(a.flush)
		if err != nil {
			return goneIs(err)
		}
		switch method := binary.BigEndian.Uint32(payload); {
		case kind != frameMethod:
			a.content(kind, payload)
		case method == basicPublish:
			err = a.publish(payload[6:])
		case method == basicConsume:
			leave, err = a.consume(payload[6:])
		default:
			err = a.answer(method, payload)
		}
		if err != nil {
			return err
		}
	}
}

// answer does what is not about messages.
func (a *floorAMQP) answer(method uint32, payload []byte) error {
	switch method {
	case connectionTuneOK, basicAck:
		return nil
	case queueBind:
		queue, rest := cutShort(payload[6:])
		exchange, _ := cutShort(rest)
		a.f.mu.Lock()
		a.f.exchange[string(queue)] = string(exchange)
		a.f.mu.Unlock()
		_, err := a.c.Write(methodFrame(nil, 1, queueBindOK, nil))
		return err
	case confirmSelect:
		a.confirm = true
	}
	yes, known := amqpYes[method]
	if !known {
		return unexpected(frameMethod, payload)
	}
	channel := uint16(1)
	if method>>16 == 10 {
		channel = 0
	}
	_, err := a.c.Write(methodFrame(nil, channel, yes.method, []byte(yes.args)))
	return err
}

func cutShort(b []byte) (text, rest []byte) { return b[1 : 1+b[0]], b[1+b[0]:] }

// consume attaches to the queue, or to the exchange that it is bound to.
func (a *floorAMQP) consume(args []byte) (leave func(), err error) {
	queue, _ := cutShort(args)
	a.f.mu.Lock()
	exchange, bound := a.f.exchange[string(queue)]
	a.f.mu.Unlock()
	name := string(queue)
	if bound {
		name = exchange
	}
	// Nothing is delivered before the answer: the client's producers come later.
	leave = a.f.place(name).attach(a.c, bound)
	_, err = a.c.Write(methodFrame(nil, 1, basicConsumeOK, shortText(nil, "c")))
	return leave, err
}

// publish begins a delivery.
func (a *floorAMQP) publish(args []byte) error {
	exchange, rest := cutShort(args)
	name, _ := cutShort(rest)
	both := args[:len(exchange)+len(name)+2]
	if len(exchange) > 0 {
		name = exchange
	}
	if err := a.to(name, a.confirm); err != nil {
		return err
	}
	deliver := append(shortText(nil, "c"), make([]byte, 8+1)...) // tag, redelivered
	a.tag = len(a.batch.buf) + 7 + 4 + 2
	a.batch.buf = methodFrame(a.batch.buf, 1, basicDeliver, append(deliver, both...))
	return nil
}

// content goes on as it came.
func (a *floorAMQP) content(kind byte, payload []byte) {
	a.batch.buf = appendFrame(a.batch.buf, kind, 1, payload)
	if kind == frameHeader {
		a.left = binary.BigEndian.Uint64(payload[4:])
	} else {
		a.left -= uint64(len(payload))
	}
	if a.left == 0 {
		a.count++
		a.add()
	}
}

// acknowledge confirms a batch and all before it.
func (a *floorAMQP) acknowledge(b *floorBatch) {
	if a.confirm {
		const multiple = 1
		b.confirms = methodFrame(b.confirms, 1, basicAck, append(binary.BigEndian.AppendUint64(nil, a.count), multiple))
	}
}
