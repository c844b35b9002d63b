package core

import "context"

// Getter makes a consumer that is pushed nothing and counts as none: it holds
// what Get takes until it settles it or is cancelled (AMQP's basic.get). owner
// is as in ConsumerOptions.
func (q *Queue) Getter(owner string) (*Consumer, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.deleted:
		return nil, errf(NotFound, "no queue %q", q.name)
	case q.opt.Owner != "" && q.opt.Owner != owner:
		return nil, errf(Locked, "queue %q is exclusive to another connection", q.name)
	}
	c := &Consumer{q: q, opt: ConsumerOptions{Owner: owner}, reader: plain, passed: true}
	q.forTakers().keep(c)
	return c, nil
}

// keep notes a consumer that is pushed nothing.
func (t *takers) keep(c *Consumer) {
	if t.passive == nil {
		t.passive = map[*Consumer]bool{}
	}
	t.passive[c] = true
}

// Get takes the next message for a Getter, settled at once if noAck is set; ok
// is false if there is none now. left is how many are ready behind it. It waits
// for nothing but a read of the store. NotFound: the queue is gone.
func (c *Consumer) Get(ctx context.Context, noAck bool) (d Delivery, left int64, ok bool, err error) {
	q := c.q
	p := &pull{to: c, noAck: noAck, reader: plain, once: true, done: make(chan struct{})}
	if err := q.startGet(p); err != nil {
		return d, 0, false, err
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		q.endPull(p)
		<-p.done
		for _, d := range p.got {
			c.Settle(Release, false, []Receipt{d.Receipt}, nil, nil, nil, 0)
		}
		return d, 0, false, ctx.Err()
	}
	q.mu.Lock()
	left = q.st.ready
	q.mu.Unlock()
	if len(p.got) == 0 {
		return d, left, false, nil
	}
	return p.got[0], left, true, nil
}

func (q *Queue) startGet(p *pull) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.deleted || p.to.gone {
		return errf(NotFound, "no queue %q", q.name)
	}
	q.used()
	defer q.rearm()
	switch {
	case q.serve(p):
	case !q.loading:
		q.finishPull(p)
	default:
		p.at = q.forTakers().pulls.push(p)
	}
	return nil
}

// serveGet is serve for a Get. Lock held.
func (q *Queue) serveGet(p *pull) bool {
	e := q.pick(plain)
	if e == nil {
		return false
	}
	q.st.lease(e, &p.to.held, 0, q.ns.b.Now())
	p.got = append(p.got, q.delivery(e))
	p.to.took(e, p.noAck)
	q.finishPull(p)
	return true
}
