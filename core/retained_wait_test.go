package core_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Cursors that were made together wait together for the retained publishes that
// were on their way then: ten thousand subscriptions do not wait ten thousand times.
func TestCursorsWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := open(t, slow{memstore.New(memstore.Options{})})
		defer b.Close()
		r := newTape(2000)
		p := b.Default().NewPublisher(0)
		retain := func(path string) {
			m := core.Message{Body: []byte("v"), Durable: true}
			if err := p.Publish(&core.Publication{Message: &m, To: core.TopicAddress(path), Retain: true, Confirm: r}); err != nil {
				t.Fatal(err)
			}
		}
		var cursors []*core.RetainedCursor
		for i := range 1000 {
			path := fmt.Sprint("a/", i)
			retain(path)
			f, err := match.ParseMQTT(path)
			if err != nil {
				t.Fatal(err)
			}
			cursors = append(cursors, b.Default().Retained(f))
		}
		begun := time.Now()
		for i, c := range cursors {
			retain(fmt.Sprint("b/", i)) // somebody goes on publishing
			if ms, err := c.Next(10); err != nil || len(ms) != 1 {
				t.Fatalf("cursor %d: %d values, %v", i, len(ms), err)
			}
		}
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

// slow is a store whose every group takes five milliseconds.
type slow struct{ core.Store }

func (s slow) Apply(b core.Batch, d core.Durability) error {
	elapse(5 * time.Millisecond)
	return s.Store.Apply(b, d)
}
