package core

// Shared is how many messages can be found by their body.
func (b *Broker) Shared() int {
	b.shared.mu.Lock()
	defer b.shared.mu.Unlock()
	return len(b.shared.byID)
}
