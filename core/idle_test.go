package core_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// An idle queue costs about a kibibyte: 100,000 of them 100 MB.
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
	if each > 700 {
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
