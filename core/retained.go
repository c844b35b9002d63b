package core

import (
	"bytes"
	"slices"
	"sync"

	"github.com/slipwaymq/slipway/core/match"
)

// Retained values: the last message published with Retain to each topic path,
// in table t by path, levels encoded so that a filter skips over what it
// cannot match.

func (ns *Namespace) retainedPrefix() []byte { return numKey(tabRetained, ns.id) }

// stageRetained sets or clears the retained value of a publication.
func (b *Broker) stageRetained(g *staging, op *publishOp) {
	ns := op.ns
	if ns.erased.Load() {
		return
	}
	key := match.EncodeLevels(ns.retainedPrefix(), op.pub.To.Name)
	if len(op.pub.Message.Body) == 0 {
		g.batch.Delete(key)
		return
	}
	g.batch.Set(key, op.encoded)
}

// A RetainedCursor walks the retained values that a filter matches, in order
// of path, at its reader's pace: a new subscription to a million of them costs
// nothing but what it consumes. For one goroutine.
type RetainedCursor struct {
	ns     *Namespace
	cursor *match.Cursor
	at, hi []byte // where the next scan begins; nil at: the end
	made   *look  // in its millisecond
	nth    uint64 // of what is published in it
	no     uint64 // which cursor it is
	parked []parkedValue
}

// A look is the millisecond in which cursors were made: by its time alone a
// value published in the same one might be older or newer than a cursor.
type look struct {
	at int64 // immutable; ms

	mu   sync.Mutex
	n    uint64              // publications since the first cursor; guarded by mu
	last map[retained]uint64 // the last of each path; guarded by mu
}

type retained struct {
	ns   uint64
	path string
}

// looking is the look of this millisecond.
func (b *Broker) looking() *look {
	for {
		last, now := b.looks.Load(), b.Now()
		if last != nil && last.at >= now {
			return last
		}
		next := &look{at: now, last: map[retained]uint64{}}
		if b.looks.CompareAndSwap(last, next) {
			return next
		}
	}
}

// published notes a publication in the same millisecond; l is nil as long as
// nobody has looked.
func (l *look) published(ns *Namespace, m *Message) {
	if l == nil || m.PublishedAt != l.at {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	l.last[retained{ns.id, m.Source.Name}] = l.n
}

// count is how many publications there have been.
func (l *look) count() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// after says that a value was published when the cursor was there. One of a time
// to come is of a run whose clock was ahead.
func (c *RetainedCursor) after(m *Message) bool {
	if m.PublishedAt != c.made.at {
		return m.PublishedAt > c.made.at && m.PublishedAt <= c.ns.b.Now()
	}
	c.made.mu.Lock()
	defer c.made.mu.Unlock()
	return c.made.last[retained{c.ns.id, m.Source.Name}] > c.nth
}

// Retained makes a cursor over what matches f. It sees every retained publish
// that was submitted before, and none that is when the cursor is there: a
// binding that was made first has those.
func (ns *Namespace) Retained(f match.Filter) *RetainedCursor {
	lo, hi := f.Range()
	prefix := ns.retainedPrefix()
	made := ns.b.looking()
	c := &RetainedCursor{ns: ns, made: made, cursor: f.Cursor(), at: append(bytes.Clone(prefix), lo...)}
	ns.retained.entering.Lock() // what is in Publish now is parked or submitted
	c.parked = ns.parkedValues(f)
	c.nth, c.no = made.count(), ns.b.cursors.Add(1) // after it: what is parked no more is submitted
	ns.retained.entering.Unlock()
	if c.hi = prefixEnd(prefix); hi != nil {
		c.hi = append(bytes.Clone(prefix), hi...)
	}
	return c
}

// retainedStep bounds how many keys one scan passes before it seeks anew, and
// how many bytes of messages one Next returns.
const retainedBytes = 1 << 20

// RetainedAfter is Retained from where an earlier cursor had returned the value
// of path ("": none): for a reader that goes on after a restart.
func (ns *Namespace) RetainedAfter(f match.Filter, path string) *RetainedCursor {
	c := ns.Retained(f)
	if path == "" {
		return c
	}
	after := append(match.EncodeLevels(ns.retainedPrefix(), path), 0)
	if bytes.Compare(after, c.at) > 0 {
		c.at = after
		c.parked = slices.DeleteFunc(c.parked, func(v parkedValue) bool { return bytes.Compare(v.key, after) < 0 })
	}
	return c
}

// Next returns up to n more; none, without an error, means the end. After an error
// it may be called again, and goes on where it was.
func (c *RetainedCursor) Next(n int) (ms []*Message, err error) {
	if err := c.await(); err != nil {
		return nil, err
	}
	size := 0
	for len(ms) < n && size < retainedBytes {
		switch {
		case c.at != nil && (len(c.parked) == 0 || bytes.Compare(c.at, c.parked[0].key) < 0):
			found, err := c.step(n-len(ms), &size)
			ms = append(ms, found...)
			if err != nil {
				return ms, err
			}
		case len(c.parked) > 0:
			if m := c.passParked(); m != nil {
				ms = append(ms, m)
				size += messageSize(m)
			}
		default:
			return ms, nil
		}
	}
	return ms, nil
}

// await returns when the retained publishes that were submitted before the cursor
// was made are in the store. Who waits does so for all cursors there are.
func (c *RetainedCursor) await() error {
	b := c.ns.b
	if c.no <= b.awaited.Load() || b.retains.Load() == 0 {
		return nil
	}
	made := b.cursors.Load()
	if err := b.wait(Local, nil); err != nil {
		return err
	}
	for last := b.awaited.Load(); last < made && !b.awaited.CompareAndSwap(last, made); last = b.awaited.Load() {
	}
	return nil
}

// seekAfter is how many keys a scan passes over before it seeks instead.
const seekAfter = 16

// step scans until it has enough, must seek, or is at the end, or at a path of
// which a value is parked.
func (c *RetainedCursor) step(n int, size *int) (ms []*Message, err error) {
	now, prefix := c.ns.b.Now(), len(c.ns.retainedPrefix())
	next, passed, more, hi := c.at, 0, false, c.hi
	if len(c.parked) > 0 {
		hi = c.parked[0].key
	}
	err = c.ns.b.store.Scan(c.at, hi, false, func(key, val []byte) bool {
		if len(ms) >= n || *size >= retainedBytes {
			more = true
			return false
		}
		if bytes.Compare(key, next) < 0 {
			passed++
			more = passed > seekAfter
			return !more
		}
		matched, seek := c.cursor.Next(key[prefix:])
		if matched {
			m, err := decodeMessage(bytes.Clone(val))
			switch {
			case err != nil:
				c.ns.b.log.Error("a retained message in the store cannot be read; passing over it", "key", string(key[prefix:]), "error", err)
			case (m.ExpiresAt == 0 || m.ExpiresAt > now) && !c.after(m):
				ms = append(ms, m)
				*size += len(val)
			}
		}
		next = append(bytes.Clone(key[:prefix]), seek...)
		return seek != nil
	})
	if c.at = nil; more || err != nil {
		c.at = next
	}
	return ms, err
}

// CountRetained counts the namespace's retained values by walking over all of
// them: for who asks seldom.
func (ns *Namespace) CountRetained() (n int, err error) {
	prefix := ns.retainedPrefix()
	err = ns.b.store.Scan(prefix, prefixEnd(prefix), false, func(_, _ []byte) bool {
		n++
		return true
	})
	return n, err
}
