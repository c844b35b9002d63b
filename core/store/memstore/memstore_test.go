package memstore_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Maker{Open: func(*testing.T) core.Store { return memstore.New(memstore.Options{}) }})
}

func TestRoom(t *testing.T) {
	s := memstore.New(memstore.Options{MaxBytes: 1000})
	set := func(f func(core.Batch)) {
		b := s.NewBatch()
		f(b)
		if err := s.Apply(b, core.Durable); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		f    func(core.Batch)
		room bool
	}{
		{func(core.Batch) {}, true},
		{func(b core.Batch) { b.Set([]byte("a"), make([]byte, 900)) }, true},
		{func(b core.Batch) { b.Set([]byte("b"), make([]byte, 100)) }, false},
		{func(b core.Batch) { b.Set([]byte("b"), make([]byte, 50)) }, true},
		{func(b core.Batch) { b.Set([]byte("c"), make([]byte, 50)) }, false},
		{func(b core.Batch) { b.DeleteRange([]byte("a"), []byte("b")) }, true},
	} {
		set(c.f)
		if s.Room() != c.room {
			t.Errorf("step %d: Room() = %v", i, s.Room())
		}
	}
}
