package cross

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// patience is how long a message may take.
const patience = 20 * time.Second

// sample is a message as one protocol says it.
type sample struct {
	body  []byte
	form  map[string]string // value by place
	state map[string]string // received: what became of it on the way, by place
	topic string            // received: where it was published to, as a topic path; "" if that is not told
}

// address is a queue or a topic of one level, of that name.
type address struct {
	topic bool
	name  string
}

// peer is one protocol's client.
type peer interface {
	// publish returns when the broker has confirmed it.
	publish(t *testing.T, to address, s sample)
	// subscribe begins to receive; the function waits for one message.
	subscribe(t *testing.T, from address) (receive func(t *testing.T) sample)
}

// world is a broker and how it is reached.
type world struct {
	b         *daemon.Broker
	transport string // tcp, tls, ws or wss
}

// seconds is a value: @60 in a unit, from now.
func after(v string, unit time.Duration) (n int64, ok bool) {
	text, ok := strings.CutPrefix(v, "@")
	if !ok {
		return 0, false
	}
	s, err := strconv.Atoi(text)
	return int64(time.Duration(s) * time.Second / unit), err == nil
}

// left writes a duration that a receiver was told as @n, rounded to the tens of
// seconds that a test may take to get there.
func left(n int64, unit time.Duration) string {
	s := (time.Duration(n)*unit + 15*time.Second) / (20 * time.Second) * 20
	return fmt.Sprint("@", int(s))
}

// epoch is a time in ms that v stands for.
func epoch(v string) (ms int64, ok bool) {
	n, ok := after(v, time.Millisecond)
	return time.Now().UnixMilli() + n, ok
}

func sinceEpoch(ms int64) string { return left(ms-time.Now().UnixMilli(), time.Millisecond) }
