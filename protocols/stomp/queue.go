package stomp

import (
	"strconv"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// Queues that SEND and SUBSCRIBE create.
//
//	durable, auto-delete, exclusive                       [true, false, false]
//	x-message-ttl, x-expires                              ms
//	x-max-length, x-max-length-bytes, x-overflow          drop-head, reject-publish, reject-publish-dlx
//	x-dead-letter-exchange, x-dead-letter-routing-key     the exchange "" is the queue that the key names
//	x-max-priority, x-delivery-limit, x-single-active-consumer
//	x-queue-type                                          classic and quorum, which are one here
//	JMSXGroupID                                           sticky in every queue made here, as in ActiveMQ
//
// Who says none of these takes a queue as it is.

// openQueue finds a queue that is there and may be used.
func (c *conn) openQueue(name string, a core.Action) (*core.Queue, error) {
	if !c.principal.MayQueue(a, name) {
		return nil, refuse("Access refused", "no permission for queue %s", name)
	}
	q, ok := c.ns.Queue(name)
	if !ok {
		return nil, refuse("Not found", "there is no queue %s", name)
	}
	return q, c.isOpen(q, a)
}

// isOpen says why a queue that is there may not be used: hidden ones are their
// door's own, and exclusive ones may only be sent to, as a reply is.
func (c *conn) isOpen(q *core.Queue, a core.Action) error {
	o := q.Options()
	switch {
	case o.Owner == c.owner():
		return nil
	case strings.HasPrefix(o.Owner, "session/"), o.Hidden && o.Owner == "", o.Owner != "" && a != core.Write:
		return refuse("Resource locked", "queue %s is not open to others", q.Name())
	}
	return nil
}

// owner is what the core knows our exclusive queues by.
func (c *conn) owner() string { return "stomp/" + c.session }

// declare finds a queue, or creates it as the headers say.
func (c *conn) declare(name string, f *wire.Frame, a core.Action) (*core.Queue, error) {
	o, said, err := c.queueOptions(f)
	if err != nil {
		return nil, err
	}
	if _, there := c.ns.Queue(name); there && !said {
		return c.openQueue(name, a)
	}
	if !c.principal.MayQueue(core.Configure|a, name) {
		return nil, refuse("Access refused", "no permission to create queue %s", name)
	}
	return c.create(name, o)
}

func (c *conn) create(name string, o core.QueueOptions) (*core.Queue, error) {
	if strings.HasPrefix(name, ourPrefix) {
		return nil, refuse("Invalid destination", "names that begin with %s are the server's", ourPrefix)
	}
	q, created, err := c.ns.DeclareQueue(name, o)
	if err != nil {
		return nil, err
	}
	if !created {
		return q, c.isOpen(q, core.Read)
	}
	if topic, ok := virtualTopic(name); ok {
		return q, c.bindVirtual(q, topic)
	}
	return q, nil
}

// bindVirtual has the queue get what is sent to a virtual topic.
func (c *conn) bindVirtual(q *core.Queue, topic string) error {
	d := destination{text: topic, name: topic}
	filter, err := d.filterOf()
	if err != nil {
		return err
	}
	if !c.principal.MayTopic(core.Read, filter) {
		return refuse("Access refused", "no permission to subscribe to %s", topic)
	}
	_, err = c.ns.Bind(&core.Binding{
		Key: "stomp/virtual/" + q.Name(), Dialect: DialectName, Filter: filter, Queue: q, KeepTransient: true, KeepDurable: true,
		Durable: q.Options().Durable,
	})
	return err
}

// queueOptions reads the headers that say how a queue is to be; said is whether
// there were any.
func (c *conn) queueOptions(f *wire.Frame) (o core.QueueOptions, said bool, err error) {
	o = core.QueueOptions{Dialect: DialectName, Durable: true, Sticky: true}
	for i := range f.Headers {
		h := &f.Headers[i]
		set, ok := queueHeaders[h.Name]
		if !ok {
			continue
		}
		said = true
		if err := set(&o, h.Value); err != nil {
			return o, said, err
		}
	}
	if exclusive := f.Value("exclusive"); exclusive == "true" {
		o.Owner, o.Durable, o.Hidden, said = c.owner(), false, true, true
	}
	o.DeadLetter, err = deadLetter(f)
	if err != nil || o.DeadLetter.Kind == core.NoAddress {
		return o, said, err
	}
	return o, true, c.mayDeadLetter(o.DeadLetter)
}

// deadLetter is the address of x-dead-letter-exchange and its key.
func deadLetter(f *wire.Frame) (core.Address, error) {
	exchange, ok := f.Get("x-dead-letter-exchange")
	key, keyed := f.Get("x-dead-letter-routing-key")
	switch {
	case !ok && keyed:
		return core.Address{}, refuse("Precondition failed", "x-dead-letter-routing-key needs x-dead-letter-exchange")
	case !ok:
		return core.Address{}, nil
	}
	return core.ExchangeAddress(exchange, key), nil
}

// mayDeadLetter says why dead letters may not go to an address.
func (c *conn) mayDeadLetter(to core.Address) error {
	switch {
	case to.Name == core.AMQTopic && to.Key != "":
		return c.maySendTopic(match.Swap(to.Key))
	case to.Name == "" && to.Key != "" && !c.principal.MayQueue(core.Write, to.Key), to.Name != "" && !c.principal.MayQueue(core.Write, to.Name):
		return refuse("Access refused", "no permission for the dead-letter exchange")
	}
	return nil
}

// queueHeaders set an option each.
var queueHeaders = map[string]func(o *core.QueueOptions, val string) error{
	"durable":            flag("durable", func(o *core.QueueOptions, b bool) { o.Durable = b }),
	"auto-delete":        flag("auto-delete", func(o *core.QueueOptions, b bool) { o.AutoDelete = b }),
	"x-message-ttl":      count("x-message-ttl", func(o *core.QueueOptions, n int64) { o.MessageTTL = orImmediately(n) }),
	"x-expires":          count("x-expires", func(o *core.QueueOptions, n int64) { o.Expires = time.Duration(n) * time.Millisecond }),
	"x-max-length":       count("x-max-length", func(o *core.QueueOptions, n int64) { o.MaxLength = orNone(n) }),
	"x-max-length-bytes": count("x-max-length-bytes", func(o *core.QueueOptions, n int64) { o.MaxBytes = orNone(n) }),
	"x-max-priority":     count("x-max-priority", func(o *core.QueueOptions, n int64) { o.MaxPriority = uint8(min(n, 255)) }),
	"x-delivery-limit":   count("x-delivery-limit", func(o *core.QueueOptions, n int64) { o.MaxDeliveries = int(n) + 1 }),
	"x-single-active-consumer": flag("x-single-active-consumer", func(o *core.QueueOptions, b bool) {
		o.SingleActive = b
	}),
	"x-overflow": func(o *core.QueueOptions, val string) error {
		how, ok := map[string]core.Overflow{
			"drop-head": core.DropHead, "reject-publish": core.RejectPublish, "reject-publish-dlx": core.RejectPublishDeadLetter,
		}[val]
		if o.Overflow = how; !ok {
			return refuse("Invalid header", "x-overflow is drop-head, reject-publish or reject-publish-dlx, not %q", val)
		}
		return nil
	},
	"x-queue-type": func(_ *core.QueueOptions, val string) error {
		if val != "classic" && val != "quorum" {
			return refuse("Invalid header", "x-queue-type is classic or quorum, not %q", val)
		}
		return nil
	},
}

func flag(name string, set func(*core.QueueOptions, bool)) func(*core.QueueOptions, string) error {
	return func(o *core.QueueOptions, val string) error {
		if val != "true" && val != "false" {
			return refuse("Invalid header", "%s is true or false, not %q", name, val)
		}
		set(o, val == "true")
		return nil
	}
}

func count(name string, set func(*core.QueueOptions, int64)) func(*core.QueueOptions, string) error {
	return func(o *core.QueueOptions, val string) error {
		n, err := strconv.ParseUint(val, 10, 40)
		if err != nil {
			return refuse("Invalid header", "%s is a number, not %q", name, val)
		}
		set(o, int64(n))
		return nil
	}
}

func orImmediately(ms int64) time.Duration {
	if ms == 0 {
		return core.Immediately
	}
	return time.Duration(ms) * time.Millisecond
}

func orNone(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}
