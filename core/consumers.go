package core

// ConsumerInfo is a consumer as lists show it.
type ConsumerInfo struct {
	Queue      *Queue
	Name       string
	Connection string
	Channel    int
	Prefetch   int
	Priority   int
	Exclusive  bool
	NoAck      bool
	Active     bool // false: it waits for the single active consumer to leave
	Unsettled  int
	Attributes map[string]string
}

// Consumers lists the push consumers, highest priority first.
func (q *Queue) Consumers() []ConsumerInfo {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]ConsumerInfo, len(q.consumers))
	for i, c := range q.consumers {
		o := &c.opt
		list[i] = ConsumerInfo{
			Queue: q, Name: o.Name, Connection: o.Connection, Channel: o.Channel, Prefetch: o.Prefetch, Priority: o.Priority,
			Exclusive: o.Exclusive, NoAck: o.NoAck, Active: !q.opt.SingleActive || q.active == c, Unsettled: c.held.n,
			Attributes: o.Attributes,
		}
	}
	return list
}
