package core

import (
	"bytes"
	"slices"
	"sync"

	"github.com/slipwaymq/slipway/core/match"
)

// Retained values that are parked (Publisher.Publish): they were routed, to the
// bindings that there were, and are not yet in the store. Who subscribes
// meanwhile finds them here, or would get them in no way.

type parkedRetained struct {
	// entering is read-locked from before a retained publish is routed until it is
	// parked or submitted: a binding and a cursor that are made in between would
	// both miss it.
	entering sync.RWMutex

	mu   sync.Mutex
	last map[parkedPath]*publishOp // guarded by mu
}

// One publisher's values of a path are in order, those of two are not.
type parkedPath struct {
	p    *Publisher
	path string
}

// A parkedValue is what a cursor found: it stands for what the store has of its
// path. If its queue refuses it after all, it was seen by a few, as it was by
// those who got it live.
type parkedValue struct {
	key []byte
	m   *Message
}

// park notes that p parked op.
func (r *parkedRetained) park(p *Publisher, op *publishOp) {
	if !op.retains() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = map[parkedPath]*publishOp{}
	}
	r.last[parkedPath{p, op.pub.To.Name}] = op
}

// unpark notes that it is submitted, or given up.
func (r *parkedRetained) unpark(p *Publisher, op *publishOp) {
	if !op.retains() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at := (parkedPath{p, op.pub.To.Name}); r.last[at] == op {
		delete(r.last, at)
	}
}

// parkedValues are those that f matches, in the store's order.
func (ns *Namespace) parkedValues(f match.Filter) (vs []parkedValue) {
	r := &ns.retained
	r.mu.Lock()
	defer r.mu.Unlock()
	for at, op := range r.last {
		if f.Match(at.path) {
			vs = append(vs, parkedValue{match.EncodeLevels(ns.retainedPrefix(), at.path), op.pub.Message})
		}
	}
	slices.SortFunc(vs, func(a, b parkedValue) int { return bytes.Compare(a.key, b.key) })
	return vs
}

// passParked takes the cursor past the first parked value, which is nil if it
// clears its path or has expired.
func (c *RetainedCursor) passParked() *Message {
	v := c.parked[0]
	c.parked, c.at = c.parked[1:], append(v.key, 0)
	if m := v.m; len(m.Body) > 0 && (m.ExpiresAt == 0 || m.ExpiresAt > c.ns.b.Now()) {
		return m
	}
	return nil
}
