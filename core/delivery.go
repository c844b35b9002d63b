package core

import "time"

// A Delivery is one message handed to one consumer, which holds it until it
// is settled, its lease ends or the consumer is gone.
type Delivery struct {
	Message    *Message
	Queue      *Queue
	Receipt    Receipt
	Note       []byte // the annotation of the bindings that routed it here
	Deliveries int    // 1 for the first
	EnqueuedAt int64  // ms
	FirstAt    int64  // ms of the first delivery
	Sequence   uint64 // number in a grouped queue, fixed at send
	Deadline   int64  // ms, end of a pull delivery's lease; 0 for push
}

// A Receipt names one delivery of one message in one life of a queue. It is
// comparable, and never acts on another message.
type Receipt struct {
	Incarnation uint64
	Seq         uint64
	Lane        uint8
	Lease       uint32 // the how manieth delivery it is
}

// Settlement is what becomes of a delivery.
type Settlement uint8

const (
	// Ack: done with, removed.
	Ack Settlement = iota
	// Requeue: back to its old place, delivery counted.
	Requeue
	// Release: back to its old place as if it had never been delivered.
	Release
	// Reject: dead-lettered, or dropped where there is no dead-letter address.
	Reject
)

// A Receiver takes push deliveries. Deliver is called with the queue's lock
// held, in queue order, from any goroutine: it appends to an output, must not
// block, and may call nothing of core but Session.SetState and Consumer.Begin.
// It returns true if a Flush is now due that was not due before.
type Receiver interface {
	Flusher
	Deliver(c *Consumer, d Delivery) (dirty bool)
	// Cancelled tells that the queue is gone or the consumer was displaced.
	// Same rules as Deliver.
	Cancelled(c *Consumer, reason error) (dirty bool)
}

// ConsumerOptions are those of a push consumer.
type ConsumerOptions struct {
	Receiver  Receiver
	Credit    int       // deliveries it may hold unsettled now; add with AddCredit
	Predicate Predicate // nil takes everything
	Priority  int       // higher first
	Exclusive bool      // refused (Locked) if there is another; refuses others
	Sole      bool      // gets everything while it is there and no other Sole consumer came before
	NoAck     bool      // settled by being delivered
	Owner     string    // matched against QueueOptions.Owner

	// For lists only: what its door calls it, whose it is, and its own words.
	Name       string // AMQP's consumer tag
	Connection string // the connection's id in its door
	Channel    int
	Prefetch   int
	Attributes map[string]string
}

// ReceiveOptions are those of one pull.
type ReceiveOptions struct {
	Max       int           // 1 to 10 for SQS; the core allows up to 1,000
	Wait      time.Duration // long poll; 0 returns at once
	Lease     time.Duration // visibility timeout; negative: the queue's; 0 is legal: visible again at once
	MaxBytes  int           // skip messages whose body and headers are longer; 0: none
	AttemptID string        // grouped: the same id within five minutes gets the same deliveries
}
