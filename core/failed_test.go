package core_test

import (
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// broken is a store that from now on writes nothing durable any more.
type broken struct {
	core.Store
	now atomic.Bool
}

func (b *broken) Apply(batch core.Batch, d core.Durability) error {
	if b.now.Load() && d == core.Durable {
		batch.Close()
		return errors.New("the disk is gone")
	}
	return b.Store.Apply(batch, d)
}

// Who waits for a store that fails is told; in a broker the process ends.
func TestDeclareOnBrokenStore(t *testing.T) {
	failed, store := make(chan error, 1), &broken{Store: memstore.New(memstore.Options{})}
	b, err := core.New(store, core.Options{
		Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { failed <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	store.now.Store(true)
	if _, _, err := b.Default().DeclareQueue("q", durable(core.QueueOptions{})); core.KindOf(err) != core.Closed {
		t.Errorf("declared: %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the store did not fail")
	}
}
