package core_test

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// Who watches is told of each queue once, when it is created, until he stops.
func TestWatchQueues(t *testing.T) {
	b := open(t, memstore.New(memstore.Options{}))
	defer b.Close()
	declare(t, b, "before", core.QueueOptions{})
	var got []string
	stop := b.Default().WatchQueues(func(q *core.Queue) { got = append(got, q.Name()) })
	other := b.Default().WatchQueues(func(*core.Queue) {})
	declare(t, b, "before", core.QueueOptions{})
	declare(t, b, "a", core.QueueOptions{})
	other()
	if err := b.Default().DeleteQueue("a"); err != nil {
		t.Fatal(err)
	}
	declare(t, b, "a", durable(core.QueueOptions{}))
	stop()
	declare(t, b, "after", core.QueueOptions{})
	if len(got) != 2 || got[0] != "a" || got[1] != "a" {
		t.Errorf("told of %q", got)
	}
}
