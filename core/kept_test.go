package core_test

import (
	"bytes"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A short body is lent to a sink; a long one is the sink's to keep: what the publisher
// does to its buffer afterwards does not change it.
func TestSinksKeepLongBodies(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", core.QueueOptions{})
	s := newTape(2)
	bindSink(t, b, q, "t", s)
	for size, kept := range map[int]bool{100: false, 8 << 10: true} {
		buf := bytes.Repeat([]byte("x"), size)
		publish(t, b, core.TopicAddress("t"), core.Message{Body: buf})
		m := (<-s.got).Message
		if m.Kept() != kept {
			t.Errorf("%d bytes: kept is %v", size, m.Kept())
		}
		copy(buf, "poison")
		if bytes.HasPrefix(m.Body, []byte("poison")) == kept {
			t.Errorf("%d bytes: the publisher's buffer and kept is %v", size, kept)
		}
	}
}
