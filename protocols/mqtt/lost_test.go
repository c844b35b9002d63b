package mqtt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/mqtt/wire"
)

// TestLost: what a version cannot carry is counted by field and hop, and what it
// can is not.
func TestLost(t *testing.T) {
	w := newWorld(t)
	b, h := w.b, w.h
	long := strings.Repeat("x", 70_000)
	m := &core.Message{
		Priority: 1, ContentType: "text/plain", Correlation: []byte(long), ReplyTo: core.TopicAddress("a/+"), GroupID: long,
		Headers: []core.Header{{Name: "ok", Value: core.StringValue("v")}, {Name: "bad\x00", Value: core.StringValue("v")}},
		Origin:  core.Origin{Protocol: "semaphore"},
	}
	origin(m, wire.V5, h.lostTo(wire.V5, m))
	origin(m, wire.V311, h.lostTo(wire.V311, m))
	own := &core.Message{Priority: 1, Origin: core.Origin{Protocol: dialectName, Data: []byte{0}}}
	origin(own, wire.V5, h.lostTo(wire.V5, own))
	fields, counts := b.LostFields()
	got := ""
	for i, f := range fields {
		got += fmt.Sprintln(f.Field, f.From, f.To, counts[i])
	}
	const want = `content-type semaphore mqtt3 1
correlation-id semaphore mqtt3 1
correlation-id semaphore mqtt5 1
group-id semaphore mqtt3 1
group-id semaphore mqtt5 1
header semaphore mqtt3 2
header semaphore mqtt5 1
priority semaphore mqtt3 1
reply-to semaphore mqtt3 1
reply-to semaphore mqtt5 1
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
