package core_test

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A time to live counts from when the message was accepted: it is what the trail
// of a dead letter says it was.
func TestTimeToLiveIsExact(t *testing.T) {
	b := fresh(t)
	declare(t, b, "q", core.QueueOptions{})
	m := &core.Message{}
	if err := b.Default().NewPublisher(0).Publish(&core.Publication{Message: m, To: core.QueueAddress("q"), TimeToLive: 50}); err != nil {
		t.Fatal(err)
	}
	if m.ExpiresAt-m.PublishedAt != 50 {
		t.Errorf("it lives %d ms", m.ExpiresAt-m.PublishedAt)
	}
}
