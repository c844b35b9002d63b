package core

import "sync/atomic"

// counters only grow.
type counters struct {
	published, delivered, settled, dropped, unroutable atomic.Uint64
	deadLettered, expired, redelivered, cycles         atomic.Uint64
	invisible, tooLarge, refused                       atomic.Uint64
}

// Stats is a snapshot of the broker's counters and sizes.
type Stats struct {
	Published    uint64 `json:"published"` // messages accepted
	Delivered    uint64 `json:"delivered"` // deliveries to consumers, sinks not counted
	Settled      uint64 `json:"settled"`
	Dropped      uint64 `json:"dropped"`    // transient messages that the memory budget refused; copies and dead letters with nowhere to go
	Unroutable   uint64 `json:"unroutable"` // published to nobody
	DeadLettered uint64 `json:"deadLettered"`
	Expired      uint64 `json:"expired"`
	Redelivered  uint64 `json:"redelivered"`
	Cycles       uint64 `json:"cycles"`    // dead letters dropped because they came round again
	Invisible    uint64 `json:"invisible"` // topic paths that MQTT cannot spell, per subscription missed
	TooLarge     uint64 `json:"tooLarge"`  // messages that a Receive skipped for their size
	Refused      uint64 `json:"refused"`   // copies that a queue did not take: at its limit, or for want of a deduplication id
	Groups       uint64 `json:"groups"`    // groups committed
	Synced       uint64 `json:"synced"`    // of these, with a sync
	Pending      int64  `json:"pending"`   // bytes on their way to the store
	Memory       int64  `json:"memory"`    // bytes of messages in memory
	Queues       int    `json:"queues"`
	Sessions     int    `json:"sessions"`
	Bindings     int    `json:"bindings"`
}

// Stats is for metrics.
func (b *Broker) Stats() Stats {
	c := &b.counters
	s := Stats{
		Published: c.published.Load(), Delivered: c.delivered.Load(), Settled: c.settled.Load(), Dropped: c.dropped.Load(),
		Unroutable: c.unroutable.Load(), DeadLettered: c.deadLettered.Load(), Expired: c.expired.Load(),
		Redelivered: c.redelivered.Load(), Cycles: c.cycles.Load(), Invisible: c.invisible.Load(), TooLarge: c.tooLarge.Load(), Refused: c.refused.Load(),
		Memory: b.memory.Load(), Pending: b.committer.backlog(),
	}
	b.committer.mu.Lock()
	s.Groups, s.Synced = b.committer.groups, b.committer.synced
	b.committer.mu.Unlock()
	for _, ns := range b.Namespaces() {
		ns.mu.RLock()
		s.Queues += len(ns.queues)
		s.Sessions += len(ns.sessions)
		s.Bindings += len(ns.bindings)
		ns.mu.RUnlock()
	}
	return s
}

// Bindings is how many bindings put into the queue, late-bound ones not counted.
func (q *Queue) Bindings() int { return int(q.fanIn.Load()) }
