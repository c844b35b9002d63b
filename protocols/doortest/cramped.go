package doortest

import (
	"sync/atomic"

	"github.com/slipwaymq/slipway/core"
)

// Cramped is a store whose disk can be nearly full.
type Cramped struct {
	core.Store
	Low atomic.Bool
}

// Room implements core.Store.
func (s *Cramped) Room() bool { return !s.Low.Load() }
