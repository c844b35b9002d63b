package awsapi

import (
	"context"
	"sync/atomic"

	"github.com/slipwaymq/slipway/core"
)

// gather is a core.Confirm that waits for several publishes.
type gather struct {
	outs []core.Outcome // each written once, before done is closed
	left atomic.Int32   // outcomes to come, and one for the publisher itself
	done chan struct{}
}

func newGather(n int) *gather {
	g := &gather{outs: make([]core.Outcome, n), done: make(chan struct{})}
	g.left.Store(int32(n) + 1)
	return g
}

// Confirmed notes an outcome.
func (g *gather) Confirmed(token uint64, o core.Outcome) bool {
	g.outs[token] = o
	g.one()
	return false
}

// Flush has nothing to do.
func (g *gather) Flush() {}

func (g *gather) one() {
	if g.left.Add(-1) == 0 {
		close(g.done)
	}
}

// PublishAll publishes in order and waits for all the outcomes, in the same order.
// A cancelled ctx stops the waiting, not the publishes.
func PublishAll(ctx context.Context, ns *core.Namespace, pubs []*core.Publication) ([]core.Outcome, error) {
	g, p := newGather(len(pubs)), ns.NewPublisher(1).Leading()
	for i, pub := range pubs {
		pub.Confirm, pub.Token = g, uint64(i)
		if err := p.Publish(pub); err != nil {
			g.Confirmed(uint64(i), core.Outcome{Err: err})
		}
	}
	defer p.Close()
	p.Flush()
	g.one()
	select {
	case <-g.done:
		return g.outs, nil
	default: // then the end of ctx is worth asking for
	}
	select {
	case <-g.done:
		return g.outs, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
