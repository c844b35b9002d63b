package core

import (
	"context"
	"time"

	"github.com/slipwaymq/slipway/core/match"
)

// API under construction: bodies move to their own files.

// New opens the broker on what the store holds: namespaces, queues, bindings,
// sessions, leases and counts are as the last durable group left them.
func New(store Store, o Options) (*Broker, error) { panic("building") }

type Broker struct{}

// Default is the namespace of every account, region and vhost `/`.
func (b *Broker) Default() *Namespace { panic("building") }

// Namespace finds or creates a namespace by name ("" is Default).
func (b *Broker) Namespace(name string) (*Namespace, error) { panic("building") }

// Namespaces lists them in order of name.
func (b *Broker) Namespaces() []*Namespace { panic("building") }

// Close stops accepting, waits for what is pending to be durable and stops
// every goroutine. It does not close the store.
func (b *Broker) Close() error { panic("building") }

// Now is the broker's time in ms.
func (b *Broker) Now() int64 { panic("building") }

// Stats is a snapshot for metrics.
func (b *Broker) Stats() Stats { panic("building") }

type Namespace struct{}

func (ns *Namespace) Name() string    { panic("building") }
func (ns *Namespace) Broker() *Broker { panic("building") }

// DeclareQueue creates the queue, or returns the one there is: if the same
// dialect declared it with other options, with an Exists error; if another
// dialect did, as it is. Durable ones are on stable storage when it returns.
func (ns *Namespace) DeclareQueue(name string, o QueueOptions) (q *Queue, created bool, err error) {
	panic("building")
}
func (ns *Namespace) Queue(name string) (*Queue, bool) { panic("building") }

// Queues lists those whose name has the prefix, ordered by name, hidden ones
// only if asked.
func (ns *Namespace) Queues(prefix string, hidden bool) []*Queue { panic("building") }

// DeleteQueue removes it with everything in it, its bindings included.
func (ns *Namespace) DeleteQueue(name string) error { panic("building") }

// CreateTopic records a topic for ListTopics with attributes the dialect
// keeps there; the path itself needs no creation to be published to.
func (ns *Namespace) CreateTopic(path string, attributes map[string]string) (t *Topic, created bool, err error) {
	panic("building")
}
func (ns *Namespace) Topic(path string) (*Topic, bool) { panic("building") }
func (ns *Namespace) Topics() []*Topic                 { panic("building") }
func (ns *Namespace) UpdateTopic(path string, change func(attributes map[string]string) error) error {
	panic("building")
}

// DeleteTopic forgets the topic; its bindings are the caller's to unbind.
func (ns *Namespace) DeleteTopic(path string) error { panic("building") }

// A Topic is a path that was created, not every path that traffic touched.
type Topic struct{}

func (t *Topic) Path() string                  { panic("building") }
func (t *Topic) Attributes() map[string]string { panic("building") } // a copy
func (t *Topic) CreatedAt() int64              { panic("building") }

// Bind adds or replaces bindings in one atomic group, durable ones on stable
// storage when it returns. existed[i] says that the key was there before.
func (ns *Namespace) Bind(bs ...*Binding) (existed []bool, err error) { panic("building") }

// Unbind removes bindings by key; found[i] says whether it was there.
func (ns *Namespace) Unbind(keys ...string) (found []bool, err error) { panic("building") }
func (ns *Namespace) Binding(key string) (*Binding, bool)             { panic("building") }

// Bindings lists those whose key has the prefix, ordered by key.
func (ns *Namespace) Bindings(prefix string) []*Binding { panic("building") }

// NewPublisher makes the publishing side of one connection. Its methods are
// for one goroutine. limit is the bytes it may park; 0: the default.
func (ns *Namespace) NewPublisher(limit int) *Publisher { panic("building") }

type Publisher struct{}

// Publish routes p and hands it to its targets. Errors it can see at once
// (too large, no space, draining) are returned and the Confirm is not called;
// all else goes to the Confirm. Over the memory budget the publication is
// parked in order and admitted later.
func (p *Publisher) Publish(pub *Publication) error { panic("building") }

// Full says that the parked bytes are over the limit: stop reading publishes
// until Wait returns. The backlog is then the committer's, which needs no
// client's help to drain.
func (p *Publisher) Full() bool                     { panic("building") }
func (p *Publisher) Wait(ctx context.Context) error { panic("building") }

// Flush flushes every sink and receiver that Publish made dirty; call it when
// the connection's input is drained.
func (p *Publisher) Flush() { panic("building") }
func (p *Publisher) Close() { panic("building") }

// Publish publishes one message and waits for its outcome: for HTTP.
func (ns *Namespace) Publish(ctx context.Context, p *Publication) (Outcome, error) { panic("building") }

// RetainedCursor walks retained values whose topic path matches, in order,
// at the reader's pace.
type RetainedCursor struct{}

func (ns *Namespace) Retained(f match.Filter) *RetainedCursor { panic("building") }

// Next returns up to n more; none means the end.
func (c *RetainedCursor) Next(n int) ([]*Message, error) { panic("building") }

type Queue struct{}

func (q *Queue) Name() string          { panic("building") }
func (q *Queue) Options() QueueOptions { panic("building") }
func (q *Queue) CreatedAt() int64      { panic("building") }
func (q *Queue) ModifiedAt() int64     { panic("building") }
func (q *Queue) Counts() QueueCounts   { panic("building") }

// Update changes options of an existing queue, durable when it returns.
// What cannot change (Durable, Grouped, Owner) is refused with Invalid.
func (q *Queue) Update(change func(*QueueOptions) error) error { panic("building") }

// Purge removes everything, in flight and delayed included.
func (q *Queue) Purge() error { panic("building") }

// Consume adds a push consumer; deliveries start before it returns.
func (q *Queue) Consume(o ConsumerOptions) (*Consumer, error) { panic("building") }

// Receive pulls. It returns what is there as soon as there is something; no
// deliveries and no error when Wait is over. Grouped queues' leases are on
// stable storage when it returns. A cancelled ctx gives back what it had.
func (q *Queue) Receive(ctx context.Context, o ReceiveOptions) ([]Delivery, error) {
	panic("building")
}

// Settle settles pull deliveries and waits until that is durable; errs[i] is
// nil or Stale.
func (q *Queue) Settle(ctx context.Context, how Settlement, rs ...Receipt) (errs []error, err error) {
	panic("building")
}

// ExtendLease makes the lease end d from now; 0 makes the message visible.
// Stale when the lease is over; Invalid when the total would pass 12 h.
func (q *Queue) ExtendLease(r Receipt, d time.Duration) error { panic("building") }

// Browse reads without taking: ready messages in order from the head.
func (q *Queue) Browse(ctx context.Context, f func(Delivery) bool) error { panic("building") }

// QueueCounts are exact, across restarts too.
type QueueCounts struct {
	Ready, InFlight, Delayed int64
	Bytes                    int64
	Consumers                int
}

// A Consumer is a push consumer of one queue. Safe for concurrent use.
type Consumer struct{}

func (c *Consumer) Queue() *Queue { panic("building") }

// AddCredit lets n more be delivered; SetCredit sets what is allowed from now
// on top of nothing.
func (c *Consumer) AddCredit(n int) { panic("building") }
func (c *Consumer) SetCredit(n int) { panic("building") }

// Settle settles deliveries of this consumer; nothing happens for receipts it
// does not hold. With change, the session's state changes in the same atomic
// group. confirm (may be nil) is told when that is durable. Each settled
// delivery gives one credit back if refund.
func (c *Consumer) Settle(how Settlement, refund bool, rs []Receipt, s *Session, change *StateChange, confirm Confirm, token uint64) {
	panic("building")
}

// Cancel ends it and puts back what it holds; Receiver is not called after it
// returns.
func (c *Consumer) Cancel() { panic("building") }

// OpenSession attaches to the session of that id, resuming what is there
// unless clean. The door makes sure that at most one connection is attached.
func (ns *Namespace) OpenSession(id string, clean bool, o SessionOptions) (s *Session, resumed bool, err error) {
	panic("building")
}

// Sessions lists ids of all sessions, ordered.
func (ns *Namespace) Sessions() []string { panic("building") }

// A Session is what a client has that outlives its connection: a queue
// (named "session/<dialect>/<id>", hidden), bindings (keys with the prefix
// Prefix), small state, a will and an expiry.
type Session struct{}

func (s *Session) ID() string     { panic("building") }
func (s *Session) Queue() *Queue  { panic("building") }
func (s *Session) Durable() bool  { panic("building") }
func (s *Session) Prefix() string { panic("building") }

// State calls f for each value, by key; only before the first SetState of an
// attachment is it complete without waiting.
func (s *Session) State(f func(key uint32, val []byte)) { panic("building") }

// SetState changes the state; confirm is told when it is durable (at once for
// a session of memory).
func (s *Session) SetState(c StateChange, confirm Confirm, token uint64) { panic("building") }

// Detach ends the attachment: will says that it was no goodbye. expiry is
// what counts from now (MQTT 5 can change it at DISCONNECT).
func (s *Session) Detach(expiry time.Duration, will bool) error { panic("building") }

// Stats is a snapshot of the broker's counters.
type Stats struct {
	Published, Delivered, Settled, Dropped, Unroutable uint64
	DeadLettered, ExpiredCount, Redelivered            uint64
	Queues, Sessions, Bindings, Consumers              int
	MemoryBytes                                        int64
	Groups                                             uint64 // group commits
}
