package doortest

import (
	"sync"

	"github.com/slipwaymq/slipway/core"
)

// Gated is a store whose durable batches wait while the gate is shut.
type Gated struct {
	core.Store
	gate sync.RWMutex
}

// Apply implements core.Store.
func (g *Gated) Apply(b core.Batch, d core.Durability) error {
	if d == core.Durable {
		g.gate.RLock()
		defer g.gate.RUnlock()
	}
	return g.Store.Apply(b, d)
}

// Shut runs f while nothing becomes durable.
func (g *Gated) Shut(f func()) {
	g.gate.Lock()
	defer g.gate.Unlock()
	f()
}
