package stomp

import (
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// SEND.
//
//	destination        destination.go; a queue that is not there is created (queue.go)
//	receipt            sent when the message is as durable as it and its queue are
//	transaction        transaction.go
//	persistent, priority, expires, expiration, correlation-id, reply-to, ...    message.go
//	several places     together or not at all
//	refused            ERROR, and the connection ends; a full queue is told to who asked for a receipt
//	no memory, no disk    it waits (patience.go)

// A target is where the last SEND went: nearly always the next one goes there
// too, and needs neither parsing nor a look at permissions.
type target struct {
	text   string
	to     core.Address // none: it is not to be remembered
	queue  *core.Queue  // that was looked at
	origin string       // of the message's Origin
}

// publication is what one SEND allocates.
type publication struct {
	core.Publication
	message core.Message
}

func (c *conn) send(f *wire.Frame, seq uint64) (bool, error) {
	text, ok := f.Get("destination")
	if !ok {
		return false, missing("SEND", "destination")
	}
	c.h.counters.MessagesIn.Add(1)
	to, origin, err := c.addresses(text, f)
	if err != nil {
		return false, err
	}
	if err := c.ownReplyTo(f); err != nil {
		return false, err
	}
	x := &publication{}
	if err := fill(&x.message, f, origin, c.h.cfg.Broker.Now()); err != nil {
		return false, err
	}
	c.h.cfg.Broker.CheckUser(&x.message, c.principal)
	x.message.ID = c.mark.sign(c.h.cfg.Broker.NewMessageID())
	x.Retain = retains(f, to[0])
	if name, ok := f.Get("transaction"); ok {
		return false, c.sendLater(name, x, to)
	}
	if len(to) > 1 {
		return c.sendTogether(x, to, seq)
	}
	x.Message, x.To, x.NoLocal = &x.message, to[0], c.local
	x.Confirm, x.Token = c.confirm(seq), seq
	err = c.pub.Publish(&x.Publication)
	if err != nil && core.KindOf(err) == core.NotFound && to[0].Kind == core.ToQueue {
		c.target = target{} // it went in this moment
		if to, _, err = c.addresses(text, f); err == nil {
			x.To = to[0]
			err = c.pub.Publish(&x.Publication)
		}
	}
	if err != nil {
		return false, err
	}
	return seq != 0, c.admitted()
}

// copies are the publications of one message to several addresses.
func copies(x *publication, to []core.Address, from *core.Session) []*core.Publication {
	x.message.Body = append([]byte(nil), x.message.Body...)
	all := make([]*core.Publication, len(to))
	for i, a := range to {
		m := x.message
		all[i] = &core.Publication{Message: &m, To: a, NoLocal: from, Retain: x.Retain && a.Kind == core.ToTopic}
	}
	return all
}

func (c *conn) sendTogether(x *publication, to []core.Address, seq uint64) (bool, error) {
	g := &core.Group{Publications: copies(x, to, c.local), Confirm: c.confirm(seq), Token: seq}
	return seq != 0, c.together(g)
}

// addresses is where a destination leads, with its queues created. origin is what
// subscribers are told of it: nothing where that depends on them.
func (c *conn) addresses(text string, f *wire.Frame) (to []core.Address, origin string, err error) {
	if t := &c.target; t.text == text && t.to.Kind != core.NoAddress && c.still(t) {
		c.only[0] = t.to
		return c.only[:], t.origin, nil
	}
	all, err := parseDestinations(text)
	if err != nil {
		return nil, "", err
	}
	for i := range all {
		a, err := c.sendAddress(&all[i], f)
		if err != nil {
			return nil, "", err
		}
		to = append(to, a)
	}
	c.target = target{}
	if len(all) > 1 || all[0].place == tempQueue || all[0].place == tempTopic {
		return to, "", nil
	}
	origin = strings.Clone(all[0].told())
	c.target = target{text: strings.Clone(text), to: to[0], origin: origin}
	if to[0].Kind == core.ToQueue {
		c.target.queue, _ = c.ns.Queue(to[0].Name)
	}
	return to, origin, nil
}

// still says that what was looked at is still what is there.
func (c *conn) still(t *target) bool {
	if t.to.Kind != core.ToQueue {
		return true
	}
	q, ok := c.ns.Queue(t.to.Name)
	return ok && q == t.queue
}

// sendAddress is the address of one destination that may be sent to.
func (c *conn) sendAddress(d *destination, f *wire.Frame) (core.Address, error) {
	to := d.address()
	switch d.place {
	case queuePlace:
		name := d.name
		if named, ok := f.Get("x-queue-name"); ok && named != "" {
			name, to = named, core.QueueAddress(named)
		}
		_, err := c.declare(name, f, core.Write)
		return to, err
	case givenQueue:
		_, err := c.openQueue(d.name, core.Write)
		return to, err
	case replyQueue:
		if q, ok := c.ns.Queue(d.name); ok && strings.HasPrefix(d.name, tempPrefix) && q.Options().Dialect == DialectName {
			return to, nil // who knows its name was told to reply there
		}
		return c.replyAddress(d.name)
	case replyTopic:
		return to, nil // as above
	case tempQueue:
		q, err := c.temps.queue(c, d.name)
		if err != nil {
			return to, err
		}
		return core.QueueAddress(q.Name()), nil
	case tempTopic:
		return core.TopicAddress(c.temps.topic(c, d.name)), nil
	case exchangePlace:
		return to, c.mayExchange(core.Write, d)
	}
	return to, c.maySendTopic(to.Name)
}

// replyAddress is where a reply goes: to nobody if the queue is gone with who waited
// there (RabbitMQ).
func (c *conn) replyAddress(name string) (core.Address, error) {
	if _, there := c.ns.Queue(name); there || !strings.HasPrefix(name, tempPrefix) && !c.principal.MayQueue(core.Write, name) {
		_, err := c.openQueue(name, core.Write)
		return core.QueueAddress(name), err
	}
	return core.TopicAddress(tempTopicPrefix + "gone"), nil
}

func (c *conn) maySendTopic(path string) error {
	if match.Reserved(path) {
		return refuse("Invalid destination", "topics that begin with $ are not for clients")
	}
	if err := match.ValidPath(path); err != nil {
		return refuse("Invalid destination", "%v", err)
	}
	if !c.principal.MayPath(core.Write, path) {
		return refuse("Access refused", "no permission to send to topic %s", match.Swap(path))
	}
	return nil
}

// mayExchange says why an exchange may not be used. The tree's permissions are
// those of its topics; any other exchange is granted as a queue of its name is.
func (c *conn) mayExchange(a core.Action, d *destination) error {
	switch d.name {
	case core.AMQTopic:
		if a == core.Write {
			return c.maySendTopic(match.Swap(d.key))
		}
		return nil // its filter is looked at
	case "":
		_, err := c.openQueue(d.key, a)
		return err
	}
	x, ok := c.ns.Exchange(d.name)
	if !ok {
		return refuse("Not found", "there is no exchange %s", d.name)
	}
	if !c.principal.MayQueue(a, d.name) || x.Options().Kind == core.ExchangeTopic && !c.principal.MayKey(a, d.name, d.key) {
		return refuse("Access refused", "no permission for exchange %s", d.name)
	}
	return nil
}
