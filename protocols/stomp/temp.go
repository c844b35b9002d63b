package stomp

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// Temporary queues and topics, and the pattern of request and reply.
//
// /temp-queue/x is a queue of this connection alone, made when it is named
// first. As the reply-to of a SEND it is rewritten to /reply-queue/<its real
// name>, to which anybody may send who was told; unless the client subscribed
// to it before, it is subscribed to with the id /temp-queue/x (RabbitMQ). A
// client may subscribe to it itself (ActiveMQ), then or later.

const (
	ourPrefix       = "stomp/"            // of queues that have no name of a client's
	tempPrefix      = ourPrefix + "temp/" // of temporary queues
	tempTopicPrefix = "$temp/"            // of temporary topics: no filter of a client's reaches it
	maxTemps        = 1000                // of a connection
)

// temps are a connection's. Read loop only.
type temps struct {
	queues map[string]*core.Queue // by the name that the client has for it
}

// queue finds or makes one.
func (t *temps) queue(c *conn, name string) (*core.Queue, error) {
	if q := t.queues[name]; q != nil {
		return q, nil
	}
	if len(t.queues) >= maxTemps {
		return nil, refuse("Over a limit", "a connection has at most %d temporary queues", maxTemps)
	}
	q, _, err := c.ns.DeclareQueue(tempPrefix+randomID(), core.QueueOptions{Dialect: DialectName, Hidden: true, Owner: c.owner()})
	if err != nil {
		return nil, err
	}
	if t.queues == nil {
		t.queues = map[string]*core.Queue{}
	}
	t.queues[strings.Clone(name)] = q
	return q, nil
}

// topic is the path of one.
func (t *temps) topic(c *conn, name string) string {
	return tempTopicPrefix + c.session + "/" + encoded(name)
}

// drop deletes the queues.
func (t *temps) drop(c *conn) {
	for _, q := range t.queues {
		if err := c.ns.DeleteQueue(q.Name()); err != nil && core.KindOf(err) != core.NotFound {
			c.h.cfg.Log.Error("a temporary queue cannot be deleted", "queue", q.Name(), "error", err)
		}
	}
}

// ownReplyTo makes a reply-to that is temporary one that others can send to.
func (c *conn) ownReplyTo(f *wire.Frame) error {
	for i := range f.Headers {
		h := &f.Headers[i]
		if h.Name != "reply-to" || !strings.Contains(h.Value, "temp-") {
			continue
		}
		d, err := parseDestination(h.Value, queuePlace)
		if err != nil {
			return err
		}
		switch d.place {
		case tempQueue:
			q, err := c.temps.queue(c, d.name)
			if err != nil {
				return err
			}
			h.Value = spelled(core.QueueAddress(q.Name()))
			return c.awaitReply(d.text, q)
		case tempTopic:
			h.Value = spelled(core.TopicAddress(c.temps.topic(c, d.name)))
		}
		return nil
	}
	return nil
}

// awaitReply subscribes to a temporary queue for a client that does not.
func (c *conn) awaitReply(id string, q *core.Queue) error {
	for _, s := range c.subs {
		if s.of(q) {
			return nil
		}
	}
	if c.subs[id] != nil {
		return nil
	}
	s := c.newSubscription(strings.Clone(id), strings.Clone(id))
	s.forReplies, s.activeMQ = true, c.activeMQ
	return c.consume1(s, q, core.ConsumerOptions{Owner: c.owner(), Credit: c.h.cfg.Prefetch})
}
