package amqp091

import (
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// confirm.select and the confirms of publishes (RabbitMQ's extension).
//
//	basic.ack       when the message is as durable as DESIGN section 5 has it; or nobody takes it
//	basic.nack      a queue refused it (reject-publish), or it could not be kept
//	multiple        what is confirmed in order since the last is one frame
//
// They go out in order of publishing: one that is confirmed early waits for
// those before it, which nothing but the disk keeps.

type confirmState byte

const (
	unconfirmed confirmState = iota
	confirmedAck
	confirmedNack
)

// confirms are what a channel owes; guarded by c.mu.
type confirms struct {
	first uint64         // number of list[0]; the first publish is 1
	list  []confirmState //
	held  uint64         // not sent from this number on; 0: no bound
	due   bool           // the channel is in c.confirming
	over  bool           // the channel is closed
}

func (ch *channel) confirmSelect(args []byte) error {
	var m wire.ConfirmSelect
	if err := m.Decode(args); err != nil {
		return err
	}
	if ch.tx != nil {
		return wire.Errorf(wire.PreconditionFailed, "cannot switch from tx to confirm mode")
	}
	if !ch.confirms {
		ch.confirms = true
		ch.c.mu.Lock()
		ch.pending.first = 1
		ch.c.mu.Unlock()
		ch.show()
	}
	if !m.NoWait {
		ch.write((&wire.ConfirmSelectOk{}).Append)
	}
	return nil
}

// expectConfirm books a publish. That of a mandatory one is held until
// releaseConfirms: what is returned is returned first.
func (ch *channel) expectConfirm(mandatory bool) (seq uint64) {
	if !ch.confirms {
		return 0
	}
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &ch.pending
	seq = p.first + uint64(len(p.list))
	p.list = append(p.list, unconfirmed)
	if mandatory {
		p.held = seq
	}
	return seq
}

func (ch *channel) releaseConfirms(mandatory bool) {
	if !ch.confirms || !mandatory {
		return
	}
	ch.c.mu.Lock()
	ch.pending.held = 0
	ch.confirmsDue()
	ch.c.mu.Unlock()
}

// confirmsDue: lock held.
func (ch *channel) confirmsDue() {
	if !ch.pending.due {
		ch.pending.due = true
		ch.c.confirming = append(ch.c.confirming, ch)
	}
}

// Confirmed is core.Confirm.
func (ch *channel) Confirmed(seq uint64, o core.Outcome) bool {
	c := ch.c
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &ch.pending
	if i := seq - p.first; p.over || seq < p.first || i >= uint64(len(p.list)) {
		return false
	} else if o.Err == nil {
		p.list[i] = confirmedAck
	} else {
		c.h.counters.Nacked.Add(1)
		p.list[i] = confirmedNack
	}
	if p.list[0] == unconfirmed {
		return false
	}
	ch.confirmsDue()
	return c.soil()
}

// Flush is core.Flusher.
func (ch *channel) Flush() { ch.c.Flush() }

// FlushNow is core.Prompt.
func (ch *channel) FlushNow() { ch.c.FlushNow() }

// sendConfirms sends what is settled at the front of every channel. Lock held.
func (c *conn) sendConfirms() {
	for i, ch := range c.confirming {
		c.confirming[i] = nil
		ch.pending.due = false
		ch.sendConfirms()
	}
	c.confirming = c.confirming[:0]
	c.signalConfirmed()
}

func (ch *channel) sendConfirms() {
	p := &ch.pending
	n := 0
	for n < len(p.list) && p.list[n] != unconfirmed && (p.held == 0 || p.first+uint64(n) < p.held) {
		end := n + 1
		for end < len(p.list) && p.list[end] == p.list[n] && (p.held == 0 || p.first+uint64(end) < p.held) {
			end++
		}
		ch.sendConfirm(p.list[n], p.first+uint64(end-1), end-n > 1)
		n = end
	}
	p.first += uint64(n)
	if p.list = p.list[:copy(p.list, p.list[n:])]; len(p.list) == 0 && cap(p.list) > 4096 {
		p.list = nil
	}
}

func (ch *channel) sendConfirm(state confirmState, seq uint64, multiple bool) {
	if ch.pending.over {
		return
	}
	ch.c.nc.Out.Encode(protocols.Must, func(dst []byte) []byte {
		if state == confirmedAck {
			m := wire.BasicAck{DeliveryTag: seq, Multiple: multiple}
			return m.Append(dst, ch.num)
		}
		m := wire.BasicNack{DeliveryTag: seq, Multiple: multiple}
		return m.Append(dst, ch.num)
	})
}

// awaitConfirms waits until everything that was published is confirmed, so that
// a server that stops does not make its clients publish again.
func (c *conn) awaitConfirms(atMost time.Duration) {
	c.pub.Flush()
	c.mu.Lock()
	done := make(chan struct{})
	c.allConfirmed = done
	for _, ch := range c.channels {
		c.owing = append(c.owing, ch)
	}
	c.signalConfirmed()
	c.mu.Unlock()
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// signalConfirmed ends awaitConfirms when no channel owes anything. Lock held.
func (c *conn) signalConfirmed() {
	if c.allConfirmed == nil {
		return
	}
	for _, ch := range c.owing {
		if len(ch.pending.list) > 0 && !ch.pending.over {
			return
		}
	}
	close(c.allConfirmed)
	c.allConfirmed, c.owing = nil, nil
}
