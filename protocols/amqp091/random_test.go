package amqp091

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Random clients against a model of two queues: what each gets, in which order,
// with which tag, flag and count, is what the model has. Channel 1 of each publishes
// with confirms, channel 2 is transactional.

type modelMessage struct {
	place     int // its order in the queue
	body      string
	delivered bool
}

type modelHeld struct {
	queue string
	tag   int
	m     *modelMessage
}

type modelChannel struct {
	tag     int
	held    []modelHeld
	publish []func() // of a transaction, until it is committed
	settled []modelHeld
	requeue []bool
}

// modelConn is one of the clients.
type modelConn struct {
	c        *raw
	channels map[uint16]*modelChannel
	confirms int
}

type model struct {
	*modelConn // whose turn it is
	w          *world
	conns      []*modelConn
	r          *rand.Rand
	places     int
	queues     map[string][]*modelMessage
}

// turn is another client's, or the same's. What it settled has happened when the
// next begins.
func (m *model) turn() {
	next := m.conns[m.r.IntN(len(m.conns))]
	if next != m.modelConn {
		m.c.quiet(1)
	}
	m.modelConn = next
}

// connect is a new connection for the client whose turn it is.
func (m *model) connect() {
	m.c, m.channels = m.w.client(), map[uint16]*modelChannel{}
	m.c.send(1, &wire.ChannelClose{})
	m.c.want("1 channel.close-ok")
	m.open(1)
	m.open(2)
}

// reconnect closes the connection: what it held and had not committed goes back.
func (m *model) reconnect() {
	m.c.send(0, &wire.ConnectionClose{})
	m.c.want("0 connection.close-ok")
	for _, ch := range m.channels {
		for _, h := range append(ch.held, ch.settled...) {
			m.release(h, true)
		}
	}
	m.c.nc.Close()
	m.connect()
}

func (m *model) put(queue string, x *modelMessage) {
	m.queues[queue] = append(m.queues[queue], x)
	slices.SortFunc(m.queues[queue], func(a, b *modelMessage) int { return a.place - b.place })
}

// release is what a settlement does when it happens.
func (m *model) release(h modelHeld, requeue bool) {
	if requeue {
		m.put(h.queue, h.m)
	}
}

func (m *model) open(n uint16) {
	m.channels[n] = &modelChannel{}
	m.c.send(n, &wire.ChannelOpen{})
	m.c.want("%d channel.open-ok", n)
	if n == 1 {
		m.confirms = 0
		m.c.send(n, &wire.ConfirmSelect{})
		m.c.want("%d confirm.select-ok", n)
		return
	}
	m.c.send(n, &wire.TxSelect{})
	m.c.want("%d tx.select-ok", n)
}

func (m *model) publish(n uint16, queue string) {
	m.places++
	body := fmt.Sprint("m", m.places)
	var props []func(*wire.Properties)
	if m.r.IntN(2) == 0 {
		props = append(props, persistent)
	}
	m.c.publish(n, "", queue, body, false, props...)
	add := func() { m.places++; m.put(queue, &modelMessage{place: m.places, body: body}) }
	if n == 2 {
		m.channels[n].publish = append(m.channels[n].publish, add)
		return
	}
	m.confirms++
	m.c.want("1 basic.ack {DeliveryTag:%d Multiple:false}", m.confirms)
	add()
}

func (m *model) get(n uint16, queue string) {
	noAck := m.r.IntN(4) == 0
	m.c.send(n, &wire.BasicGet{Queue: queue, NoAck: noAck})
	if len(m.queues[queue]) == 0 {
		m.c.want("%d basic.get-empty", n)
		return
	}
	x, ch := m.queues[queue][0], m.channels[n]
	m.queues[queue] = m.queues[queue][1:]
	ch.tag++
	m.c.want("%d basic.get-ok {DeliveryTag:%d Redelivered:%t Exchange: RoutingKey:%s MessageCount:%d}", n, ch.tag, x.delivered, queue, len(m.queues[queue]))
	m.c.want("%d header", n)
	m.c.want("%d body %s", n, x.body)
	x.delivered = true
	if !noAck {
		ch.held = append(ch.held, modelHeld{queue, ch.tag, x})
	}
}

func (m *model) settle(n uint16) {
	ch := m.channels[n]
	if len(ch.held) == 0 {
		return
	}
	i, multiple, requeue := m.r.IntN(len(ch.held)), m.r.IntN(3) == 0, m.r.IntN(2) == 0
	tag := uint64(ch.held[i].tag)
	if requeue || m.r.IntN(2) == 0 {
		m.c.send(n, &wire.BasicNack{DeliveryTag: tag, Multiple: multiple, Requeue: requeue})
	} else {
		m.c.send(n, &wire.BasicAck{DeliveryTag: tag, Multiple: multiple})
	}
	first := i
	if multiple {
		first = 0
	}
	for _, h := range ch.held[first : i+1] {
		if n == 2 {
			ch.settled, ch.requeue = append(ch.settled, h), append(ch.requeue, requeue)
		} else {
			m.release(h, requeue)
		}
	}
	ch.held = slices.Delete(slices.Clone(ch.held), first, i+1)
}

func (m *model) commit() {
	ch := m.channels[2]
	m.c.send(2, &wire.TxCommit{})
	m.c.want("2 tx.commit-ok")
	for _, add := range ch.publish {
		add()
	}
	for i, h := range ch.settled {
		m.release(h, ch.requeue[i])
	}
	ch.publish, ch.settled, ch.requeue = nil, nil, nil
}

func (m *model) rollback() {
	ch := m.channels[2]
	m.c.send(2, &wire.TxRollback{})
	m.c.want("2 tx.rollback-ok")
	ch.held = append(ch.held, ch.settled...)
	slices.SortFunc(ch.held, func(a, b modelHeld) int { return a.tag - b.tag })
	ch.publish, ch.settled, ch.requeue = nil, nil, nil
}

func (m *model) closeChannel(n uint16) {
	m.c.send(n, &wire.ChannelClose{})
	m.c.want("%d channel.close-ok", n)
	for _, h := range append(m.channels[n].held, m.channels[n].settled...) {
		m.release(h, true)
	}
	m.open(n)
}

func (m *model) recover(n uint16) {
	m.c.send(n, &wire.BasicRecover{Requeue: true})
	m.c.want("%d basic.recover-ok", n)
	for _, h := range m.channels[n].held {
		m.release(h, true)
	}
	m.channels[n].held = nil
}

func (m *model) purge(n uint16, queue string) {
	m.c.send(n, &wire.QueuePurge{Queue: queue})
	m.c.want("%d queue.purge-ok {MessageCount:%d}", n, len(m.queues[queue]))
	m.queues[queue] = nil
}

func (m *model) step() {
	m.turn()
	n, queue := uint16(1+m.r.IntN(2)), []string{"a", "b"}[m.r.IntN(2)]
	switch k := m.r.IntN(100); {
	case k < 35:
		m.publish(n, queue)
	case k < 65:
		m.get(n, queue)
	case k < 85:
		m.settle(n)
	case k < 90:
		m.commit()
	case k < 93:
		m.rollback()
	case k < 95:
		m.recover(n)
	case k < 96:
		m.closeChannel(n)
	case k < 97:
		m.purge(n, queue)
	case k < 98:
		m.reconnect()
	default:
		m.c.send(n, &wire.QueueDeclare{Queue: queue, Passive: true})
		m.c.want("%d queue.declare-ok {Queue:%s MessageCount:%d ", n, queue, len(m.queues[queue]))
	}
}

func TestRandomClients(t *testing.T) {
	steps := 10_000
	if testing.Short() {
		steps = 2000
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.opt.Limits.WindowMessages = 20 })
			m := &model{w: w, r: rand.New(rand.NewPCG(seed, 1)), queues: map[string][]*modelMessage{}}
			c := w.client()
			for _, queue := range []string{"a", "b"} {
				c.declare(queue, queue == "a")
			}
			for range 1 + seed { // one, two, three clients
				m.modelConn = &modelConn{}
				m.conns = append(m.conns, m.modelConn)
				m.connect()
			}
			for range steps {
				m.step()
			}
		})
	}
}
