package core

// Offer hands a message to the sinks of the bindings that match its path, and
// to nobody else: no queue keeps it, nothing is retained or counted. It is for
// what a door says about itself ($SYS of MQTT), whose next value replaces it.
// Flush follows, as after Publish. Unlike Publish it leaves m as it is but for
// PublishedAt and Source.
func (p *Publisher) Offer(path string, m *Message) {
	b := p.ns.b
	m.PublishedAt, m.Source = b.Now(), TopicAddress(path)
	p.routes = p.ns.routesTo(p.routes[:0], m, path, nil)
	for i := range p.routes {
		if r := &p.routes[i]; !r.keep {
			p.offer(r, m)
		}
	}
	clear(p.routes)
}

// offer hands a message to one sink.
func (p *Publisher) offer(r *route, m *Message) {
	dirty, behind := r.sink.Send(m, r.merged(p.ns.b))
	if dirty {
		p.dirty = append(p.dirty, r.sink)
	}
	p.takers++
	if behind != nil {
		p.behind++
		p.laggard = behind
	}
}

// Laggard is one of those that got the last publish and are behind, if they are
// most of them all; else nil. A door may wait for it, after Flush, before it
// publishes more: what a sink has no room for is dropped, and what a queue has
// none for goes to the disk. Queues count for what is not to be stored and nobody
// confirms (behind.go).
func (p *Publisher) Laggard() Laggard {
	if 2*p.behind <= p.takers {
		return nil
	}
	return p.laggard
}
