package stomp

import (
	"strconv"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// MESSAGE. Deliveries come from the core.Consumers of subscriptions, and are
// written at once; what finds the output full waits in the backlog, and the core
// is told to stop (flow.go).
//
// The id of an acknowledgement is <subscription>.<number>, counted up for each
// connection. In 1.2 it is the header ack; earlier versions acknowledge by
// message-id, which is the message's own id, @ and that. message-id has it in
// 1.2 too: many clients acknowledge by it in every version.

// A subscription is one of a connection.
type subscription struct {
	c          *conn            // immutable
	id         string           // immutable; unnamed and its destination where it has none
	dest       string           // immutable; as it was written
	mode       ackMode          // read loop; not changed once it consumes
	number     uint64           // immutable
	forReplies bool             // immutable; made for a client that waits for replies
	activeMQ   bool             // not changed once it consumes (dialect.go)
	shown      string           // not changed once it consumes; the destination of its messages; "": theirs
	virtual    bool             // not changed once it consumes; of a virtual topic
	durable    *durableSub      // read loop only
	consumers  []*core.Consumer // read loop and end only; those of a wildcard it has itself
	wild       *wildcard        // not changed once it consumes; nil: its queues are known
	browser    *browser         // guarded by c.mu but for the read loop, which sets it; nil: it consumes
	past       *browser         // read loop only; retained values on their way (retroactive.go)
	unsettled  []held           // guarded by c.mu; cumulative: in order
	byNumber   map[uint64]held  // guarded by c.mu; individual
	sent       []held           // guarded by c.mu; auto: to be settled
	cancelled  bool             // guarded by c.mu
	held       bool             // guarded by c.mu; until its RECEIPT is sent (receipt.go)
	waiting    []*core.Consumer // guarded by c.mu; have no credit for that
}

// held is a delivery that was sent and is not settled.
type held struct {
	number   uint64
	consumer *core.Consumer
	receipt  core.Receipt
	end      uint64 // auto: where its MESSAGE ends in the output
}

// An outgoing is a delivery on its way to the client.
type outgoing struct {
	s        *subscription
	consumer *core.Consumer
	d        core.Delivery
}

func (c *conn) newSubscription(id, dest string) *subscription {
	c.lastSub++
	s := &subscription{c: c, id: id, dest: dest, number: c.lastSub}
	c.subs[id], c.byNumber[s.number] = s, s
	return s
}

// consume1 adds a queue to what a subscription consumes.
func (c *conn) consume1(s *subscription, q *core.Queue, o core.ConsumerOptions) error {
	k, err := c.consumer(s, q, o)
	if err != nil {
		return err
	}
	s.consumers = append(s.consumers, k)
	return nil
}

// consumer makes one, with the credit that it may have now.
func (c *conn) consumer(s *subscription, q *core.Queue, o core.ConsumerOptions) (*core.Consumer, error) {
	o.Receiver, o.Name = s, s.dest
	c.mu.Lock()
	before := c.withheld(s)
	c.mu.Unlock()
	o.Credit -= before
	k, err := q.Consume(o)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.live = append(c.live, k)
	if s.held {
		s.waiting = append(s.waiting, k)
	}
	if s.wild != nil {
		s.wild.consumers = append(s.wild.consumers[:len(s.wild.consumers):len(s.wild.consumers)], k)
	}
	missed := before - c.withheld(s)
	c.mu.Unlock()
	if missed != 0 {
		k.AddCredit(missed)
	}
	return k, nil
}

// withheld is the credit that consumers of a subscription do without now. Lock
// held.
func (c *conn) withheld(s *subscription) (credit int) {
	if c.paused {
		credit += allCredit
	}
	if s.wild != nil && s.wild.full {
		credit += allCredit
	}
	if s.held {
		credit += allCredit
	}
	return credit
}

// of says whether the subscription consumes a queue.
func (s *subscription) of(q *core.Queue) bool {
	for _, k := range s.consumers {
		if k.Queue() == q {
			return true
		}
	}
	return false
}

// Deliver is core.Receiver.
func (s *subscription) Deliver(k *core.Consumer, d core.Delivery) bool {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.overflows(s, k, &d) {
		return true // Flush looks after it
	}
	if len(c.backlog) > 0 || c.ended || c.nc.Out.Full() {
		c.backlog = append(c.backlog, outgoing{s, k, d})
		return true // Flush looks after it
	}
	return c.send1(s, k, &d)
}

// Flush is core.Flusher.
func (s *subscription) Flush() { s.c.Flush() }

// FlushNow is core.Prompt.
func (s *subscription) FlushNow() { s.c.FlushNow() }

// Cancelled is core.Receiver: the queue is gone. STOMP has no word for that but
// ERROR, which RabbitMQ uses too. To a wildcard it is one less.
func (s *subscription) Cancelled(k *core.Consumer, reason error) bool {
	if s.wild != nil {
		s.left(k)
		return false
	}
	c := s.c
	c.mu.Lock()
	over := c.ended || s.cancelled
	c.mu.Unlock()
	if !over {
		c.nc.Stop(refuse("Subscription cancelled", "%s: %s", s.dest, refusalOf(reason).detail))
	}
	return false
}

// send1 writes a delivery and books it. Lock held.
func (c *conn) send1(s *subscription, k *core.Consumer, d *core.Delivery) (dirty bool) {
	c.lastAck++
	h := held{number: c.lastAck, consumer: k, receipt: d.Receipt}
	c.writeMessage(s, d, h.number, "")
	first := false
	switch s.mode {
	case cumulative:
		s.unsettled = append(s.unsettled, h)
	case individual:
		s.byNumber[h.number] = h
	default:
		if first = len(s.sent) == 0; first {
			c.settling = append(c.settling, s)
		}
		h.end = c.appended
		s.sent = append(s.sent, h)
	}
	return c.nc.Out.Due() || first
}

// writeMessage writes a MESSAGE. Lock held.
func (c *conn) writeMessage(s *subscription, d *core.Delivery, number uint64, browser string) {
	m := d.Message
	c.h.counters.FramesOut.Add(1)
	c.h.counters.Messages.Add(1)
	head := func(dst []byte) []byte { return c.appendMessage(dst, s, d, number, browser) }
	body := m.Body
	if body == nil {
		body = nul[:0]
	}
	c.encode(head, body)
}

// encode appends a frame to the output, its body and NUL after what f appends:
// one call is one WebSocket message. Lock held.
func (c *conn) encode(f func(dst []byte) []byte, body []byte) {
	var tail []byte
	if body != nil {
		tail = nul
	}
	c.appended += uint64(len(body) + len(tail))
	c.nc.Out.EncodeAround(protocols.Must, func(dst []byte) []byte {
		before := len(dst)
		dst = f(dst)
		c.appended += uint64(len(dst) - before)
		return dst
	}, body, tail)
}

// nul ends a frame.
var nul = []byte{0}

func (c *conn) appendMessage(dst []byte, s *subscription, d *core.Delivery, number uint64, browser string) []byte {
	m, v := d.Message, c.version
	dest, published, own := origin(m)
	if dest == "" || len(m.Deaths) > 0 {
		dest = spelled(m.Source)
	}
	named := s.id[:min(1, len(s.id))] != unnamed
	sentTo := ""
	switch {
	case !named:
		dest = s.dest // it is told apart by that alone
	case s.virtual && m.Source.Kind == core.ToTopic:
		dest, sentTo = s.shown, dest
	case s.shown != "" && !s.virtual:
		dest = s.shown
	}
	dst = wire.AppendCommand(dst, "MESSAGE")
	dst = wire.AppendHeader(dst, v, "destination", dest)
	if sentTo != "" {
		dst = wire.AppendHeader(dst, v, "original-destination", sentTo)
	}
	if named {
		dst = wire.AppendHeader(dst, v, "subscription", s.id)
	}
	dst = m.ID.Append(append(dst, "message-id:"...))
	if s.mode != auto {
		dst = appendAckID(append(dst, '@'), s.number, number)
		if v == wire.V12 {
			dst = appendAckID(append(dst, "\nack:"...), s.number, number)
		}
	}
	dst = append(dst, '\n')
	switch {
	case d.Deliveries > 1:
		dst = append(dst, "redelivered:true\n"...)
		dst = wire.AppendNumber(dst, "x-delivery-count", int64(d.Deliveries-1))
	case !s.activeMQ:
		dst = append(dst, "redelivered:false\n"...)
	}
	if d.Receipt == (core.Receipt{}) && browser == "" {
		dst = wire.AppendRaw(dst, "ActiveMQ.Retained", "true")
	}
	if browser != "" {
		dst = wire.AppendHeader(dst, v, "browser", browser)
	}
	w := writer{dst: dst, v: v, m: m, now: c.h.cfg.Broker.Now(), broker: c.h.cfg.Broker}
	w.headers(published, own)
	if s.activeMQ {
		w.implied(published)
		if isText(m) {
			return append(w.dst, '\n')
		}
	}
	return wire.AppendLength(w.dst, len(m.Body))
}

func appendAckID(dst []byte, sub, number uint64) []byte {
	dst = append(strconv.AppendUint(dst, sub, 10), '.')
	return strconv.AppendUint(dst, number, 10)
}
