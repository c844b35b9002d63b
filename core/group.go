package core

// A Group is publishes and settlements that happen together or not at all,
// across queues and through a crash: an AMQP tx.commit, a STOMP transaction.
type Group struct {
	Publications []*Publication // their own Confirm is not used
	Settlements  []GroupSettlement
	Confirm      Confirm // told when all of it is on stable storage, or that a queue refused some of it
	Token        uint64
}

// GroupSettlement settles deliveries of one push consumer within a Group.
type GroupSettlement struct {
	Consumer *Consumer
	How      Settlement
	Receipts []Receipt
}

// Commit submits a group. TooLarge: it is over Limits.GroupBytes; other errors
// as Publish. With an error nothing of it happens. A group is not parked: its
// size is bounded.
func (p *Publisher) Commit(g *Group) error {
	b, size := p.ns.b, 0
	for _, pub := range g.Publications {
		if err := b.accepts(pub, false); err != nil {
			return err
		}
		if pub.To.Kind == ToQueue {
			if _, ok := p.ns.Queue(pub.To.Name); !ok {
				return errf(NotFound, "no queue %q", pub.To.Name)
			}
		}
		if size += messageSize(pub.Message); size > b.limits.GroupBytes {
			return errf(TooLarge, "an atomic group of over %d bytes", b.limits.GroupBytes)
		}
	}
	op := &groupOp{g: g}
	for _, pub := range g.Publications {
		pub.Confirm = nil
		o, err := p.ns.prepare(pub, p)
		if err != nil {
			op.out.Err = err // the queue went in this moment; the rest goes on
			continue
		}
		if o != nil {
			o.stageLarge()
			b.enter(o)
			op.ops = append(op.ops, o)
		}
	}
	for _, s := range g.Settlements {
		op.ops = append(op.ops, s.Consumer.settleGroup(s, &p.dirty)...)
	}
	if !b.committer.submit(op, Durable, size) {
		return errf(Closed, "the broker is shutting down")
	}
	return nil
}

// settleGroup settles in memory and returns what the store must follow.
func (c *Consumer) settleGroup(s GroupSettlement, dirty *[]Flusher) (ops []operation) {
	q := c.q
	q.mu.Lock()
	defer q.mu.Unlock()
	gone, back := &settleOp{q: q}, &recordOp{q: q}
	for _, r := range s.Receipts {
		e := c.holds(r)
		if e == nil {
			if c.wasPurged(r) {
				c.credit++
			}
			continue
		}
		c.credit++
		if s.How == Reject {
			c.release(e)
			q.st.end(e)
			ops = append(ops, q.burial(e, Rejected))
			continue
		}
		c.settleOne(e, s.How, gone, back)
	}
	q.dispatch(dirty)
	return append(ops, gone, back)
}

// groupOp stages all its operations into one batch.
type groupOp struct {
	g   *Group
	ops []operation
	out Outcome
}

func (op *groupOp) stage(g *staging) {
	for _, o := range op.ops {
		o.stage(g)
	}
}

func (op *groupOp) applied(g *staging) {
	for _, o := range op.ops {
		o.applied(g)
		if p, ok := o.(*publishOp); ok && op.out.Err == nil {
			op.out.Err = p.out.Err
		}
	}
	g.confirm(op.g.Confirm, op.g.Token, op.out)
}
