package mqtt

import (
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// maxReplies bounds the SUBACKs and UNSUBACKs that a connection owes: with one
// more the read loop waits.
const maxReplies = 1024

// A reply is a SUBACK or UNSUBACK that a connection owes. They are sent in
// order, each when what it says is durable, and nobody waits for that: ten
// thousand SUBSCRIBEs in a row share the disk's syncs. It is sent when all who owe
// it something have settled it: the read loop, which knows the codes only after it
// has submitted the change, and the store, for which it is core.Confirm: for the
// bindings, and for the cursors over retained values that come with them.
type reply struct {
	c           *conn // immutable
	unsubscribe bool  // immutable
	id          uint16

	// The read loop's until it has settled, then guarded by c.s.mu.
	codes    []wire.Code
	reasons  []string
	places   []int             // the codes that depend on the store: of bindings, in order
	joined   []int             // and of subscriptions to other queues
	retained []*retainedValues // to be sent after the SUBACK

	owed int   // guarded by c.s.mu; who has not settled it
	err  error // guarded by c.s.mu; the store's
}

// expectReply books one. full says that the store should be waited for.
func (c *conn) expectReply(r *reply) (full bool) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	r.owed = 2
	c.replies = append(c.replies, r)
	return len(c.replies) > maxReplies
}

// Confirmed is core.Confirm.
func (r *reply) Confirmed(_ uint64, o core.Outcome) bool { return r.settle(o.Err) }

// Flush is core.Flusher.
func (r *reply) Flush() { r.c.Flush() }

// settle is called by each; then the reply goes out, when those before it have.
// It reports whether a Flush is due.
func (r *reply) settle(err error) bool {
	c := r.c
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	r.owed--
	if err != nil {
		r.err = err
	}
	n := 0
	for ; n < len(c.replies) && c.replies[n].owed == 0; n++ {
		c.writeReply(c.replies[n])
		c.replies[n] = nil
	}
	if c.replies = c.replies[n:]; len(c.replies) == 0 {
		c.replies = nil
	}
	return n > 0 && c.nc.Out.Due()
}

// writeReply: lock held.
func (c *conn) writeReply(r *reply) {
	if r.err != nil {
		r.fail()
	}
	c.write(func(dst []byte) []byte {
		if r.unsubscribe {
			return wire.AppendUnsuback(dst, c.peer, r.id, r.codes, "")
		}
		return wire.AppendSuback(dst, c.peer, r.id, r.codes, strings.Join(r.reasons, "; "))
	})
	if !c.ended {
		c.retained = append(c.retained, r.retained...)
	}
}

// fail makes the codes those of an error.
func (r *reply) fail() {
	r.retained = nil
	for _, i := range slices.Concat(r.places, r.joined) {
		if r.codes[i] = codeOf(r.err); !r.unsubscribe {
			r.codes[i] = subscribeCode(r.err)
		}
	}
}

// forgetRetained drops the retained values of a subscription that is not there
// any more, and returns what of it is recorded. The read loop's; lock held.
func (c *conn) forgetRetained(filter string) (gone []*retainedValues) {
	others := func(list []*retainedValues) []*retainedValues {
		var kept []*retainedValues
		for _, r := range list {
			if r.filter != filter {
				kept = append(kept, r)
			} else if r.key != 0 {
				gone = append(gone, r)
			}
		}
		return kept
	}
	c.retained = others(c.retained)
	for _, r := range c.replies {
		r.retained = others(r.retained)
	}
	return gone
}
