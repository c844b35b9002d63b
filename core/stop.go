package core

// Stop ends the deliveries to a consumer and its being one of the queue's. What
// it holds it may still settle, until Cancel puts back the rest (AMQP's
// basic.cancel). The Receiver is not called after it returns.
func (c *Consumer) Stop() {
	q := c.q
	var dirty []Flusher
	defer flushAll(&dirty)
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.gone || c.passed {
		return
	}
	c.leave()
	c.gone, c.passed = false, true
	q.forTakers().keep(c)
	q.used()
	if q.opt.AutoDelete && len(q.consumers) == 0 {
		q.ns.deleteLater(q)
	}
	q.dispatch(&dirty)
}
