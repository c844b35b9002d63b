package sns

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/bridge/awsapi/fields"
	"github.com/slipwaymq/slipway/bridge/awsapi/notice"
	"github.com/slipwaymq/slipway/core"
)

// A subscription by http or https has a queue of its own, hidden, into which its
// binding puts what is to be delivered; a courier takes it out. A delivery is leased
// like an SQS client's; one that failed is leased until its next try is due, and how
// often it was tried is how often it was delivered. So what is waiting, and for what,
// is the queue's, and a restart goes on with it; a crash at the wrong moment posts
// again. What cannot be delivered is moved to the queue of the RedrivePolicy.

const (
	atOnce     = 10               // posts to one endpoint
	atOnceAll  = 200              // posts to all
	postLease  = 45 * time.Second // over postTimeout: nobody else takes it meanwhile
	endGrace   = 2 * time.Second  // of a post that is under way when its courier ends
	idleWait   = time.Hour        // of a receive: there is no need to look
	hiddenMark = "$sns/"          // begins the names of the queues
)

// hiddenQueue is the queue of a subscription.
func hiddenQueue(subscriptionARN string) string {
	arn, _ := awsapi.ParseARN(subscriptionARN) // ours
	_, id := arn.SplitSubscription()
	return hiddenMark + id
}

// confirmation marks a message in the queue that is not to be delivered but asks
// the endpoint to confirm; its body is the token. Only this package writes it.
const confirmation = "sns-confirmation"

// couriers are those of a service.
type couriers struct {
	endpoints Endpoints // immutable
	poster    *poster   // immutable
	log       *slog.Logger
	slots     chan struct{}

	ctx  context.Context //nolint:containedctx // of all couriers, ended by close
	stop context.CancelFunc
	run  sync.WaitGroup

	mu  sync.Mutex
	all map[string]context.CancelFunc // by subscription; guarded by mu
}

func newCouriers(e Endpoints, log *slog.Logger) *couriers {
	ctx, stop := context.WithCancel(context.Background())
	c := &couriers{endpoints: e, log: log, slots: make(chan struct{}, atOnceAll), ctx: ctx, stop: stop, all: map[string]context.CancelFunc{}}
	c.poster = newPoster(&c.endpoints)
	return c
}

func (cs *couriers) close() {
	cs.mu.Lock()
	cs.stop()
	cs.mu.Unlock()
	cs.run.Wait()
	cs.poster.client.CloseIdleConnections()
}

// begin starts the courier of a subscription, if it has none.
func (cs *couriers) begin(ns *core.Namespace, arn string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all[arn] != nil || cs.ctx.Err() != nil {
		return
	}
	q, ok := ns.Queue(hiddenQueue(arn))
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(cs.ctx)
	cs.all[arn] = cancel
	c := &courier{couriers: cs, ns: ns, q: q, arn: arn, slots: make(chan struct{}, atOnce)}
	cs.run.Go(func() { c.work(ctx) })
}

// end stops a courier; what it has under way may still arrive.
func (cs *couriers) end(arn string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cancel := cs.all[arn]; cancel != nil {
		cancel()
		delete(cs.all, arn)
	}
}

// courier delivers the messages of one subscription.
type courier struct {
	*couriers
	ns    *core.Namespace // immutable
	q     *core.Queue     // immutable
	arn   string          // immutable
	slots chan struct{}   // of this endpoint
}

// work hands out deliveries until ctx ends or the queue is gone.
func (c *courier) work(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for next := time.Now(); ; {
		select {
		case c.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		if !wait(ctx, time.Until(next)) {
			return
		}
		ds, err := c.q.Receive(ctx, core.ReceiveOptions{Max: 1, Wait: idleWait, Lease: postLease})
		if err != nil {
			return // ctx ended, or the queue is gone
		}
		if len(ds) == 0 {
			<-c.slots
			continue
		}
		next = time.Now().Add(c.pause())
		under.Go(func() {
			defer func() { <-c.slots }()
			c.deliver(ctx, &ds[0])
		})
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// policy is the delivery policy in force.
func (c *courier) policy(b *core.Binding) subscriptionPolicy {
	topic := ""
	if t, ok := c.ns.Topic(b.Attributes[subTopic]); ok {
		topic = t.Attributes()[attrDelivery]
	}
	return effective(topic, b.Attributes[subDelivery])
}

// pause is the time from one post to the next that the throttle policy asks for.
func (c *courier) pause() time.Duration {
	b, ok := c.ns.Binding(c.arn)
	if !ok {
		return 0
	}
	if t := c.policy(b).Throttle; t != nil {
		return time.Second / time.Duration(t.MaxReceivesPerSecond)
	}
	return 0
}

// deliver posts one message, and decides what becomes of it.
func (c *courier) deliver(ctx context.Context, d *core.Delivery) {
	select {
	case c.couriers.slots <- struct{}{}:
		defer func() { <-c.couriers.slots }()
	case <-ctx.Done():
		return
	}
	if c.q.ExtendLease(d.Receipt, postLease) != nil {
		return // it waited too long here, and somebody else has it
	}
	b, ok := c.ns.Binding(c.arn)
	if !ok {
		return // unsubscribed: the queue goes too
	}
	p := c.policy(b)
	m, err := c.write(b, d, p)
	if err != nil {
		c.log.Error("a notification cannot be written", "subscription", c.arn, "error", err)
		c.later(d, p, b, &undelivered{code: "InternalError", why: "the notification could not be written"})
		return
	}
	if m == nil {
		c.done(d)
		return
	}
	outlasting, cancel := outlast(ctx, endGrace)
	defer cancel()
	switch f := c.poster.send(outlasting, m); {
	case f == nil:
		c.done(d)
	case outlasting.Err() == nil:
		c.later(d, p, b, f)
	default: // it was cut off: the next process need not wait for this lease
		c.giveBack(d)
	}
}

// outlast is a context that ends some time after ctx does.
func outlast(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { wait(longer, grace); cancel() })
	return longer, func() { stop(); cancel() }
}

// giveBack leaves a delivery to whoever comes next, at once.
func (c *courier) giveBack(d *core.Delivery) {
	if err := c.q.ExtendLease(d.Receipt, 0); err != nil {
		c.log.Debug("a delivery waits for the end of its lease", "subscription", c.arn, "error", err)
	}
}

// done: the store's failure ends the broker, and a message that is gone is gone. The
// endpoint has it, also if ctx has ended by now.
func (c *courier) done(d *core.Delivery) {
	if _, err := c.q.Settle(context.WithoutCancel(c.ctx), core.Ack, d.Receipt); err != nil {
		c.log.Warn("a delivery may be repeated", "subscription", c.arn, "error", err)
	}
}

// later tries again when the policy says, or gives up.
func (c *courier) later(d *core.Delivery, p subscriptionPolicy, b *core.Binding, f *undelivered) {
	delay, again := p.Healthy.delay(d.Deliveries)
	if !f.permanent && again {
		c.log.Debug("a delivery failed", "subscription", c.arn, "try", d.Deliveries, "next", delay, "error", f.why)
		if err := c.q.ExtendLease(d.Receipt, delay); err != nil {
			c.log.Warn("a delivery is tried again sooner than its policy says", "subscription", c.arn, "error", err)
		}
		return
	}
	note := []byte(nil)
	if sub, ok := awsapi.ParseNote(d.Note); ok {
		sub.Failure = f.failure()
		note = sub.Note()
	}
	if b.DeadTo != "" && note != nil {
		err := c.q.Forward(d.Receipt, b.DeadTo, note)
		c.log.Info("a notification could not be delivered", "subscription", c.arn, "tries", d.Deliveries, "error", f.why, "to", b.DeadTo)
		if err == nil {
			return
		}
		c.log.Warn("the dead-letter queue does not take a notification; it is lost", "subscription", c.arn, "queue", b.DeadTo, "error", err)
	} else {
		c.log.Warn("a notification could not be delivered, and there is no dead-letter queue", "subscription", c.arn, "tries", d.Deliveries, "error", f.why)
	}
	c.done(d)
}

// write makes the post of a delivery; nil for what is none of ours.
func (c *courier) write(b *core.Binding, d *core.Delivery, p subscriptionPolicy) (*post, error) {
	sub, routed := awsapi.ParseNote(d.Note)
	w := c.writer(b)
	m := &post{endpoint: b.Attributes[subEndpoint], messageID: d.Message.ID.String(), contentType: p.Request.HeaderContentType}
	var err error
	switch {
	case routed:
		m.kind, m.topicARN, m.subscription, m.raw = notice.TypeNotification, sub.TopicARN(), sub.ARN, sub.Raw
		if sub.Raw {
			m.body = fields.Of(d.Message, fields.Form{Protocol: b.Attributes[subProtocol]}).Body
			return m, nil
		}
		m.body, err = w.Notification(d.Message, sub, b.Attributes[subProtocol])
	case d.Message.Origin.Protocol == confirmation && b.Attributes[subToken] == string(d.Message.Body):
		m.kind, m.topicARN = notice.TypeSubscribe, awsapi.Subscription{ARN: c.arn}.TopicARN()
		m.body, err = w.Confirmation(m.kind, m.messageID, m.topicARN, b.Attributes[subToken], d.Message.PublishedAt)
	default:
		c.log.Warn("a message in the queue of a subscription is none of SNS's; it is dropped", "subscription", c.arn, "from", d.Message.Origin.Protocol)
		return nil, nil
	}
	return m, err
}

func (c *courier) writer(b *core.Binding) notice.Writer {
	w := notice.Writer{Base: c.endpoints.Base, Signer: c.endpoints.Signer}
	if t, ok := c.ns.Topic(b.Attributes[subTopic]); ok {
		w.Version = t.Attributes()[attrSignature]
	}
	return w
}

// farewell tells an endpoint that it was unsubscribed, as often as the policy says.
// That is not kept: a restart forgets it.
func (cs *couriers) farewell(ns *core.Namespace, b *core.Binding, id string, now int64) {
	c := &courier{couriers: cs, ns: ns, arn: b.Key}
	topicARN := awsapi.Subscription{ARN: b.Key}.TopicARN()
	p := c.policy(b)
	body, err := c.writer(b).Confirmation(notice.TypeUnsubscribe, id, topicARN, "none", now)
	if err != nil {
		cs.log.Error("a notification cannot be written", "subscription", b.Key, "error", err)
		return
	}
	m := &post{endpoint: b.Attributes[subEndpoint], kind: notice.TypeUnsubscribe, messageID: id, topicARN: topicARN, subscription: b.Key, contentType: p.Request.HeaderContentType, body: body}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.ctx.Err() != nil {
		return
	}
	cs.run.Go(func() {
		for try := 1; ; try++ {
			f := cs.poster.send(cs.ctx, m)
			delay, again := p.Healthy.delay(try)
			if f == nil || f.permanent || !again || !wait(cs.ctx, delay) {
				return
			}
		}
	})
}
