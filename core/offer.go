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
		if r := &p.routes[i]; !r.keep && r.sink.Send(m, r.merged(b)) {
			p.dirty = append(p.dirty, r.sink)
		}
	}
	clear(p.routes)
}
