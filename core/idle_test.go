package core_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// An idle queue takes 393 bytes of the heap, its place among the names included; with
// what the process keeps beside that 100,000 of them are 0.8 to 0.96 KiB each.
func TestIdleQueueMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	b := fresh(t)
	const n = 20_000
	before := heapInUse()
	for i := range n {
		declare(t, b, fmt.Sprint("queue-", i), core.QueueOptions{Dialect: "amqp"})
	}
	each := int64(heapInUse()-before) / n
	t.Logf("%d bytes a queue", each)
	if each > 480 {
		t.Errorf("an idle queue takes %d bytes", each)
	}
	runtime.KeepAlive(b)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
