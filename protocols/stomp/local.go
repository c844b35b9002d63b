package stomp

import (
	"slices"

	"github.com/slipwaymq/slipway/core"
)

// activemq.noLocal of a queue (ActiveMQ): a consumer gets nothing that its own
// connection sent; others do. Of topics a binding sees to it. A queue may hold a
// message long after its connection is gone, and more than memory holds: so it is
// the message's id that says whose it is.

// A producer is what the ids of a connection's messages begin with: the half of a
// version 4 UUID, 60 bits of chance.
type producer [8]byte

func producerOf(id core.MessageID) (p producer) { copy(p[:], id[:]); return p }

func (p producer) sign(id core.MessageID) core.MessageID { copy(id[:], p[:]); return id }

// foreign selects what a connection did not send.
type foreign struct {
	own  producer
	next core.Predicate // nil: all of that
}

// Matches implements core.Predicate.
func (f foreign) Matches(m *core.Message) bool {
	return !slices.Equal(m.ID[:len(f.own)], f.own[:]) && (f.next == nil || f.next.Matches(m))
}
