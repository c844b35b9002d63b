package mqtt

import (
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A priority of 0 that was said is not one that was not.
func TestLowestPriority(t *testing.T) {
	if m := fromClient(t, "publish topic=x payload=p p.user=priority:0"); !m.Lowest || m.Priority != 0 {
		t.Errorf("%+v", m)
	}
	if m := fromClient(t, "publish topic=x payload=p p.user=a:b"); m.HasPriority() {
		t.Errorf("%+v", m)
	}
	w := newWorld(t)
	c := w.connected(5, "id=a clean")
	c.send("subscribe id=1 x:0")
	c.want("suback id=1 codes=00")
	for _, lowest := range []bool{true, false} {
		m := &core.Message{Body: []byte("p"), Lowest: lowest, Type: "t", Origin: core.Origin{Protocol: "amqp091"}}
		if _, err := w.b.Default().Publish(t.Context(), &core.Publication{Message: m, To: core.TopicAddress("x")}); err != nil {
			t.Fatal(err)
		}
		if got := c.get(); strings.Contains(got, "priority:0") != lowest {
			t.Error(got)
		}
	}
}
