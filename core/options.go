package core

import "time"

// QueueOptions is everything a queue can be told, by any door. What is zero
// is unlimited or off. Doors translate their own arguments; what they need
// verbatim goes into Attributes.
type QueueOptions struct {
	Dialect    string            `json:"dialect,omitempty"`    // the door that declared it: equivalence is checked within one dialect
	Attributes map[string]string `json:"attributes,omitempty"` // the dialect's own words, stored and never looked into
	Tags       map[string]string `json:"tags,omitempty"`

	Durable    bool   `json:"durable,omitempty"`    // definition and persistent messages survive a restart
	Hidden     bool   `json:"hidden,omitempty"`     // not listed unless asked for by name: generated and session queues
	Owner      string `json:"owner,omitempty"`      // exclusive to this connection or session; closed to pull consumers
	AutoDelete bool   `json:"autoDelete,omitempty"` // deleted when its last push consumer leaves
	Uncounted  bool   `json:"uncounted,omitempty"`  // MaxQueues does not count it: it is part of something else

	Expires    time.Duration `json:"expires,omitempty"`    // deleted when unused for that long
	MessageTTL time.Duration `json:"messageTTL,omitempty"` // from publish into this queue; dead-lettered then; Immediately: unless a consumer waits for it
	Retention  time.Duration `json:"retention,omitempty"`  // from publish into this queue; dropped then, never dead-lettered
	Delay      time.Duration `json:"delay,omitempty"`      // what a publish without its own delay waits
	Lease      time.Duration `json:"lease,omitempty"`      // default visibility timeout of a pull delivery; 0 is 30 s

	MaxLength int64    `json:"maxLength,omitempty"` // messages, in flight ones not counted; negative: none
	MaxBytes  int64    `json:"maxBytes,omitempty"`  // their bodies; negative: none
	Overflow  Overflow `json:"overflow,omitempty"`

	DeadLetter    Address `json:"deadLetter,omitzero"`     // where dead messages go; none: they are dropped
	MaxDeliveries int     `json:"maxDeliveries,omitempty"` // after so many deliveries the next one dead-letters instead
	MaxInFlight   int     `json:"maxInFlight,omitempty"`   // unsettled pull deliveries; Receive fails with OverLimit (grouped: finds nothing)

	MaxPriority  uint8      `json:"maxPriority,omitempty"`  // higher priorities count as this one; 0: they count as they are
	Ordered      bool       `json:"ordered,omitempty"`      // first in, first out: priorities count for nothing
	Begun        bool       `json:"begun,omitempty"`        // what was delivered once does not expire any more
	Grouped      bool       `json:"grouped,omitempty"`      // FIFO: order per GroupID, a group is locked while in flight
	Dedup        DedupScope `json:"dedup,omitempty"`        // how DedupID is used
	DedupContent bool       `json:"dedupContent,omitempty"` // without a DedupID the SHA-256 of the body stands in

	SingleActive bool `json:"singleActive,omitempty"` // the first consumer gets everything until it leaves
	Sticky       bool `json:"sticky,omitempty"`       // messages of one GroupID go to one push consumer until it leaves

	// Gate makes what this queue decides on a publish hold for all its targets:
	// a duplicate here goes nowhere, and the number that it is given here is the
	// publish's (gate.go). Its own copies are for Replay.
	Gate   bool `json:"gate,omitempty"`
	Hollow bool `json:"hollow,omitempty"` // it decides and keeps no copies
}

// Immediately is the MessageTTL of a queue that keeps nothing waiting: what no
// consumer takes as it arrives has expired.
const Immediately time.Duration = -1

// Overflow is what happens to a queue at its limit.
type Overflow uint8

const (
	// DropHead removes (dead-letters, reason MaxLength) the oldest.
	DropHead Overflow = iota
	// RejectPublish fails the publish with Full.
	RejectPublish
	// RejectPublishDeadLetter fails it and dead-letters the message.
	RejectPublishDeadLetter
)

// DedupScope says among which messages a deduplication id must be unique for
// five minutes.
type DedupScope uint8

const (
	// DedupOff: no deduplication.
	DedupOff DedupScope = iota
	// DedupQueue: within the queue.
	DedupQueue
	// DedupGroup: within the message group.
	DedupGroup
)

// DefaultLease is the visibility timeout of a queue that sets none.
const DefaultLease = 30 * time.Second
