package stomp

import (
	"context"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// Retained values, in ActiveMQ's words.
//
//	SEND       ActiveMQ.Retain:true           the topic's retained value, for MQTT too; an empty body clears it
//	SUBSCRIBE  activemq.retroactive:true      the retained values of what the topics match, by the cursor that MQTT reads
//	MESSAGE    ActiveMQ.Retained:true         is such a value
//
// They are sent once, when the subscription is new: they are in no queue, so that
// acknowledging one does nothing. A durable subscriber that comes back gets none.

// retains says that a SEND is to be kept.
func retains(f *wire.Frame, to core.Address) bool {
	return to.Kind == core.ToTopic && isTrue(f, "ActiveMQ.Retain")
}

// recoverRetained sends what a filter finds while the subscription already gets
// what is new. p may be nil.
func (c *conn) recoverRetained(s *subscription, filter match.Filter, p core.Predicate) {
	ctx, stop := context.WithCancel(c.ctx)
	b := &browser{stop: stop, wake: make(chan struct{}, 1)}
	s.past = b
	cursor := c.ns.Retained(filter)
	c.mu.Lock()
	c.browsers = append(c.browsers, b)
	c.mu.Unlock()
	c.pumps.Add(1)
	go func() { // letGo and cancel end it
		defer c.pumps.Done()
		defer c.forgetBrowser(b)
		for ctx.Err() == nil {
			ms, err := cursor.Next(retainedBatch)
			if err != nil {
				c.nc.Stop(err)
				return
			}
			for _, m := range ms {
				if (p == nil || p.Matches(m)) && !c.show(ctx, b, s, &core.Delivery{Message: m, Deliveries: 1}) {
					return
				}
			}
			c.nc.Out.FlushSoon()
			if len(ms) == 0 {
				return
			}
		}
	}()
}

// retainedBatch is how many values are read at a time.
const retainedBatch = 64
