package cross

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

// dial opens a connection of a door by the world's transport.
func (w world) dial(door string) (net.Conn, error) {
	switch door {
	case "mqtt":
		return net.Dial("tcp", w.b.MQTT)
	case "amqp":
		return net.Dial("tcp", w.b.Doors["amqp"])
	}
	return nil, errors.New("there is no door " + door)
}

func (w world) sqs(t *testing.T) *sqs.Client { return client.SQS(t, w.b.AWS) }
func (w world) sns(t *testing.T) *sns.Client { return client.SNS(t, w.b.AWS) }

// lost are the counters of what was lost, by field and the protocol that could
// not carry it.
func (w world) lost(t *testing.T) map[[2]string]int {
	t.Helper()
	_, text, err := w.b.Get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[[2]string]int{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "slipway_fields_dropped_total{")
		if !ok {
			continue
		}
		labels, value, _ := strings.Cut(rest, "} ")
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		counts[[2]string{label(labels, "field"), label(labels, "to")}] += int(n)
	}
	return counts
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
