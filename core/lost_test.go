package core_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

func TestLost(t *testing.T) {
	b := fresh(t)
	m := &core.Message{
		Priority: 1, Correlation: []byte{}, ReplyTo: core.QueueAddress("q"), Headers: []core.Header{{Name: "a"}, {Name: "b"}},
		Origin: core.Origin{Protocol: "mqtt"},
	}
	for field := range m.Fields() {
		b.Lost(field, m, "semaphore")
	}
	fields, counts := b.LostFields()
	want := []core.LostField{{"correlation-id", "mqtt", "semaphore"}, {"header", "mqtt", "semaphore"}, {"priority", "mqtt", "semaphore"}, {"reply-to", "mqtt", "semaphore"}}
	if !slices.Equal(fields, want) || !slices.Equal(counts, []uint64{1, 2, 1, 1}) {
		t.Errorf("%v %v", fields, counts)
	}
	for i := range 2000 {
		b.Lost(fmt.Sprint("invented ", i), m, "semaphore")
	}
	if fields, _ := b.LostFields(); len(fields) > 1001 {
		t.Errorf("%d kinds", len(fields))
	}
}
