package stomp

import (
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// Queues that SEND and SUBSCRIBE create.
//
//	durable, auto-delete, exclusive                       [true, false, false]
//	x-message-ttl, x-expires, x-max-length, ...           RabbitMQ's arguments (core/arguments)
//	priority                                              counts where x-max-priority says so, as in both brokers
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
	if o.DeadLetter.Kind != core.NoAddress { // what is dead-lettered can be read where it goes, whoever sent it
		a |= core.Read
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
	if core.KindOf(err) == core.Exists {
		if why, differs := arguments.QueueDiffers(q.Options(), o, "queue "+name); differs {
			return nil, refuse("Precondition failed", "%s", why)
		}
		err = nil
	}
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
	var args []core.Header
	for i := range f.Headers {
		h := &f.Headers[i]
		if repeated(f.Headers[:i], h.Name) {
			continue
		}
		if kind, ok := queueArguments[h.Name]; ok {
			args = append(args, core.Header{Name: h.Name, Value: typed(kind, h.Value)})
			said = true
		}
		if set, ok := queueFlags[h.Name]; ok {
			if h.Value != "true" && h.Value != "false" {
				return o, said, refuse("Invalid header", "%s is true or false, not %q", h.Name, h.Value)
			}
			set(&o, h.Value == "true")
			said = true
		}
	}
	if f.Value("exclusive") == "true" {
		o.Owner, o.Durable, o.Hidden = c.owner(), false, true
	}
	if err := arguments.Queue(&o, args); err != nil {
		return o, said, refuse("Precondition failed", "%v", err)
	}
	if o.DeadLetter.Kind == core.NoAddress {
		return o, said, nil
	}
	return o, said, c.mayDeadLetter(o.DeadLetter)
}

// everything is a filter for all topics; as a name only the pattern for all names
// matches it.
var everything, _ = match.ParseMQTT("#")

// mayDeadLetter says why dead letters may not go to an address. Without a key of
// its own they keep theirs, which may be any.
func (c *conn) mayDeadLetter(to core.Address) error {
	may := c.principal.MayQueue(core.Write, to.Name)
	switch {
	case to.Name == core.AMQTopic && to.Key != "":
		return c.maySendTopic(match.Swap(to.Key))
	case to.Name == core.AMQTopic:
		may = c.principal.MayTopic(core.Write, everything)
	case to.Name == "" && to.Key != "":
		may = c.principal.MayQueue(core.Write, to.Key)
	case to.Name == "":
		may = c.principal.MayQueue(core.Write, "*")
	}
	if !may {
		return refuse("Access refused", "no permission for the dead-letter exchange")
	}
	return nil
}

// queueArguments are RabbitMQ's, with their types, which a header does not say.
var queueArguments = map[string]core.ValueKind{
	"x-message-ttl": core.Int, "x-expires": core.Int, "x-max-length": core.Int, "x-max-length-bytes": core.Int, "x-max-priority": core.Int,
	"x-delivery-limit": core.Int, "x-overflow": core.String, "x-dead-letter-exchange": core.String, "x-dead-letter-routing-key": core.String,
	"x-single-active-consumer": core.Bool, "x-queue-type": core.String, "x-queue-mode": core.String,
}

// typed is a header's value as its argument has it; what it cannot be stays
// text, which package arguments refuses.
func typed(kind core.ValueKind, val string) core.Value {
	switch kind {
	case core.Int:
		if n, err := strconv.ParseInt(strings.TrimSpace(val), 10, 64); err == nil {
			return core.IntValue(n)
		}
	case core.Bool:
		if val == "true" || val == "false" {
			return core.BoolValue(val == "true")
		}
	}
	return core.StringValue(val)
}

var queueFlags = map[string]func(*core.QueueOptions, bool){
	"durable":     func(o *core.QueueOptions, b bool) { o.Durable = b },
	"auto-delete": func(o *core.QueueOptions, b bool) { o.AutoDelete = b },
	"exclusive":   func(*core.QueueOptions, bool) {},
}
