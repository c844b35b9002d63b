package stomp

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// SUBSCRIBE.
//
//	id                                        without one, which 1.0 alone allows but RabbitMQ does too, the destination stands in
//	ack                                       auto, client (cumulative), client-individual
//	prefetch-count, activemq.prefetchSize     unsettled deliveries; 0 is the server's most
//	selector                                  SQL-92 (core/selector), text that is a number compares as one
//	x-priority, activemq.priority             consumers with the highest get messages first
//	activemq.exclusive                        while one such consumer is there it gets everything
//	exclusive, durable, auto-delete, x-...    queue.go
//	activemq.noLocal; topics: no-local too    not what this connection sends (local.go)
//	browser                                   browse.go
//	durable:true, auto-delete:false           topics: a durable subscriber, found again by destination and id, or x-queue-name
//	activemq.subscriptionName                 topics: a durable subscriber, found again by client-id and name
//	activemq.retroactive                      retroactive.go
//	wildcards of ActiveMQ in a queue's name   wildcard.go

type ackMode uint8

const (
	auto       ackMode = iota
	cumulative         // client
	individual         // client-individual
)

var ackModes = map[string]ackMode{"": auto, "auto": auto, "client": cumulative, "client-individual": individual}

// subscribing is one SUBSCRIBE under way.
type subscribing struct {
	f        *wire.Frame
	s        *subscription
	selector string
	options  core.ConsumerOptions // but for Receiver
}

func (c *conn) subscribe(f *wire.Frame, seq uint64) (bool, error) {
	text, ok := f.Get("destination")
	if !ok {
		return false, missing("SUBSCRIBE", "destination")
	}
	id, ok := f.Get("id")
	if !ok {
		id = unnamed + text
	}
	all, err := parseDestinations(text)
	if err != nil {
		return false, err
	}
	if old := c.subs[id]; old != nil && !old.forReplies {
		return false, refuse("Duplicated subscription identifier", "there is a subscription %s", id)
	}
	if err := c.replaceReplies(all); err != nil {
		return false, err
	}
	if len(c.subs) >= c.h.cfg.MaxSubscriptions {
		return false, refuse("Over a limit", "a connection has at most %d subscriptions", c.h.cfg.MaxSubscriptions)
	}
	sub, err := c.readSubscribe(f)
	if err != nil {
		return false, err
	}
	mode, ok := ackModes[f.Value("ack")]
	if !ok {
		return false, refuse("Invalid header", "ack is auto, client or client-individual, not %q", f.Value("ack"))
	}
	sub.s = c.newSubscription(strings.Clone(id), strings.Clone(text))
	if sub.s.mode = mode; mode == individual {
		sub.s.byNumber = map[uint64]held{}
	}
	c.activeMQ = c.activeMQ || c.h.cfg.Dialect != "rabbitmq" && speaksActiveMQ(f, all)
	sub.s.activeMQ = c.activeMQ
	sub.s.shown, sub.s.virtual = shownAs(all)
	c.opens(seq, sub.s)
	for i := range all {
		if err := c.subscribeTo(sub, &all[i], len(all)); err != nil {
			c.cancel(sub.s)
			return false, err
		}
	}
	return false, nil
}

// unnamed begins what we call a subscription of 1.0 without an id.
const unnamed = "\x00"

// replaceReplies ends what was subscribed to on behalf of a client that now does
// so itself.
func (c *conn) replaceReplies(all []destination) error {
	for i := range all {
		if all[i].place != tempQueue {
			continue
		}
		q, err := c.temps.queue(c, all[i].name)
		if err != nil {
			return err
		}
		for _, s := range c.subs {
			if s.forReplies && s.of(q) {
				c.cancel(s)
			}
		}
	}
	return nil
}

// readSubscribe reads what does not depend on the destination.
func (c *conn) readSubscribe(f *wire.Frame) (*subscribing, error) {
	sub := &subscribing{f: f, selector: strings.TrimSpace(f.Value("selector"))}
	o := &sub.options
	o.Credit, o.Owner = c.h.cfg.Prefetch, c.owner()
	for _, name := range []string{"prefetch-count", "activemq.prefetchSize"} {
		val, ok := f.Get(name)
		if !ok {
			continue
		}
		n, err := number(name, val, 31)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			o.Credit = int(min(n, maxPrefetch))
		}
	}
	for _, name := range []string{"x-priority", "activemq.priority"} {
		val, ok := f.Get(name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(val), 10, 32)
		if err != nil {
			return nil, refuse("Invalid header", "%s is a number, not %q", name, val)
		}
		o.Priority = int(n)
	}
	o.Sole = isTrue(f, "activemq.exclusive")
	if sub.selector != "" {
		if _, err := core.CompileSelector([]byte(sub.selector)); err != nil {
			return nil, refuse("Invalid selector", "%v", err)
		}
	}
	return sub, nil
}

func isTrue(f *wire.Frame, names ...string) bool {
	for _, name := range names {
		if strings.EqualFold(strings.TrimSpace(f.Value(name)), "true") {
			return true
		}
	}
	return false
}

func (c *conn) subscribeTo(sub *subscribing, d *destination, of int) error {
	switch d.place {
	case queuePlace:
		name := d.name
		if named := sub.f.Value("x-queue-name"); named != "" {
			name = named
		} else if _, virtual := virtualTopic(name); wild(name) && !virtual {
			if of > 1 {
				return refuse("Invalid destination", "a wildcard is not one of several: %s", d.text)
			}
			return c.consumeMatching(sub, d)
		}
		q, err := c.declare(name, sub.f, core.Read)
		if err != nil {
			return err
		}
		return c.consumeQueue(sub, q)
	case givenQueue, replyQueue:
		q, err := c.openQueue(d.name, core.Read)
		if err != nil {
			return err
		}
		return c.consumeQueue(sub, q)
	case tempQueue:
		q, err := c.temps.queue(c, d.name)
		if err != nil {
			return err
		}
		return c.consumeQueue(sub, q)
	case replyTopic:
		return refuse("Invalid destination", "%s is another connection's", d.text)
	}
	return c.subscribeTopic(sub, d)
}

// consumeQueue takes part in consuming a queue; a selector is the consumer's.
func (c *conn) consumeQueue(sub *subscribing, q *core.Queue) error {
	o := sub.options
	if err := c.predicate(sub, &o); err != nil {
		return err
	}
	if isTrue(sub.f, "browser") {
		return c.browse(sub.s, q, o.Predicate)
	}
	return c.consume1(sub.s, q, o)
}

// predicate has a consumer see only what is selected.
func (c *conn) predicate(sub *subscribing, o *core.ConsumerOptions) (err error) {
	if sub.selector != "" {
		o.Predicate, err = core.CompileSelector([]byte(sub.selector))
	}
	if isTrue(sub.f, "activemq.noLocal") {
		o.Predicate = foreign{c.mark, o.Predicate}
	}
	return err
}

// subscribeTopic binds a queue to a topic or exchange, and consumes that; a
// selector is the binding's.
func (c *conn) subscribeTopic(sub *subscribing, d *destination) error {
	b := &core.Binding{Dialect: DialectName, KeepTransient: true, KeepDurable: true}
	if err := c.source(b, d); err != nil {
		return err
	}
	if sub.selector != "" {
		b.Rule = []byte(sub.selector)
	}
	if isTrue(sub.f, "no-local", "activemq.noLocal") {
		if err := c.beLocal(); err != nil {
			return err
		}
		b.Session, b.NoLocal = c.local, true
	}
	q, err := c.subscriber(sub, d)
	if err != nil {
		return err
	}
	b.Queue, b.Durable = q, q.Options().Durable
	b.Key = "stomp/" + q.Name() + "/" + d.text
	if sub.s.durable != nil {
		b.Key = "stomp/" + q.Name()
		if err := c.replaced(b); err != nil {
			return err
		}
	}
	existed, err := c.ns.Bind(b)
	if err != nil {
		return err
	}
	if err := c.consume1(sub.s, q, sub.options); err != nil {
		return err
	}
	if isTrue(sub.f, "activemq.retroactive") && !existed[0] && b.Exchange == "" && d.place != tempTopic {
		return c.retroactive(sub, b)
	}
	return nil
}

// retroactive begins with what was retained.
func (c *conn) retroactive(sub *subscribing, b *core.Binding) (err error) {
	var p core.Predicate
	if sub.selector != "" {
		if p, err = core.CompileSelector(b.Rule); err != nil {
			return err
		}
	}
	if sub.s.past != nil {
		return refuse("Invalid destination", "a retroactive subscription has one topic")
	}
	c.recoverRetained(sub.s, b.Filter, p)
	return nil
}

// source is what a binding is from, if it may be.
func (c *conn) source(b *core.Binding, d *destination) (err error) {
	switch {
	case d.place == tempTopic:
		b.Filter = match.Literal(c.temps.topic(c, d.name))
		return nil
	case d.place == exchangePlace && d.name != core.AMQTopic:
		if d.name == "" {
			return refuse("Invalid destination", "the default exchange is subscribed to by its queues: /queue/<name>")
		}
		b.Exchange, b.RoutingKey = d.name, d.key
		return c.mayExchange(core.Read, d)
	case d.place == exchangePlace:
		b.Filter, err = (&destination{text: d.text, name: d.key}).filterOf()
	default:
		b.Filter, err = d.filterOf()
	}
	if err == nil && !c.principal.MayTopic(core.Read, b.Filter) {
		err = refuse("Access refused", "no permission to subscribe to %s", d.text)
	}
	return err
}

// beLocal gives the connection a name that bindings can leave out.
func (c *conn) beLocal() (err error) {
	if c.local == nil {
		c.local, _, err = c.ns.OpenSession(c.session, true, core.SessionOptions{Dialect: DialectName})
	}
	return err
}

// A durableSub is what a durable subscriber has beside its consumer.
type durableSub struct {
	name  string // activemq.subscriptionName; "" for RabbitMQ's
	queue string
}

// subscriber is the queue that collects what is subscribed to.
func (c *conn) subscriber(sub *subscribing, d *destination) (*core.Queue, error) {
	f := sub.f
	o, _, err := c.queueOptions(f)
	if err != nil {
		return nil, err
	}
	o.Hidden, o.Sticky = true, false
	o.Attributes = map[string]string{attrUser: c.principal.Name}
	name := f.Value("x-queue-name")
	switch sn := f.Value("activemq.subscriptionName"); {
	case sn != "" && d.place != tempTopic:
		if c.clientID == "" {
			return nil, refuse("Missing header", "a durable subscriber needs the header client-id in CONNECT")
		}
		name = durableName(c.clientID, sn)
		sub.s.durable = &durableSub{name: sn, queue: name}
		o.Durable, o.AutoDelete, o.Owner = true, false, ""
		sub.options.Exclusive = true
	case f.Value("durable") == "true" && f.Value("auto-delete") != "true" && d.place != tempTopic:
		if name == "" {
			name = "stomp-subscription-" + hashed(d.text, f.Value("id"))
		}
		sub.s.durable = &durableSub{queue: name}
		o.Owner = ""
	case name != "":
		o.Durable, o.Hidden = f.Value("durable") == "true", false
		if f.Value("auto-delete") == "" {
			o.AutoDelete = true
		}
	default:
		name = ourPrefix + "sub/" + c.session + "/" + strconv.FormatUint(sub.s.number, 10) + "/" + strconv.Itoa(len(sub.s.consumers))
		o.Durable, o.AutoDelete, o.Owner = false, true, c.owner()
		o.Attributes = nil
	}
	if f.Value("x-queue-name") != "" && !c.principal.MayQueue(core.Configure|core.Read, name) {
		return nil, refuse("Access refused", "no permission to create queue %s", name)
	}
	if q, there := c.ns.Queue(name); there && sub.s.durable != nil {
		if err := c.isMine(q); err != nil {
			return nil, err
		}
	}
	q, _, err := c.ns.DeclareQueue(name, o)
	return q, err
}

// attrUser is the attribute of a durable subscriber's queue that says whose it is.
const attrUser = "user"

// isMine refuses the durable subscriber of another user.
func (c *conn) isMine(q *core.Queue) error {
	o := q.Options()
	if o.Dialect != DialectName || o.Attributes[attrUser] != c.principal.Name {
		return refuse("Access refused", "the durable subscriber is another user's")
	}
	return nil
}

func durableName(clientID, name string) string {
	return ourPrefix + "durable/" + encoded(clientID) + "/" + hashed(clientID, name)
}

func hashed(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// replaced empties a durable subscriber that now asks for something else, as
// JMS has it: what it collected was not that.
func (c *conn) replaced(b *core.Binding) error {
	old, ok := c.ns.Binding(b.Key)
	if !ok || old.Filter == b.Filter && string(old.Rule) == string(b.Rule) && old.Exchange == b.Exchange && old.RoutingKey == b.RoutingKey {
		return nil
	}
	return b.Queue.Purge()
}
