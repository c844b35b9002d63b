package storms

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// A queue that goes away under consumers and publishers of every door. Consumers
// are told in their protocol's own way (MQTT has none: they wait for the next of its name);
// publishers are refused, or told that it went nowhere, or make it anew (STOMP), but
// never left without an answer. Nobody of another queue notices, and the next of
// that name works.
func TestQueueDeletedUnderEveryDoor(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	c := client.SQS(t, b.AWS)
	client.CreateQueue(t.Context(), t, c, "steady", nil)
	for _, door := range doors.Everywhere {
		t.Run(door, func(t *testing.T) {
			d := &doomed{t: t, door: door, stop: make(chan struct{}), started: make(chan struct{}, 8)}
			name := queueOf("doomed", door)
			url := client.CreateQueue(t.Context(), t, c, name, nil)
			steady := doors.MustOpen(t, b, door, "steady")
			var consumers, producers sync.WaitGroup
			for range 4 {
				in, out := doors.MustOpen(t, b, door, name), doors.MustOpen(t, b, door, name)
				consumers.Go(func() { d.consume(in); in.Close() }) // MQTT's would take part in the next of its name
				producers.Go(func() { d.produce(out) })
			}
			for range cap(d.started) {
				<-d.started
			}
			begun := time.Now()
			if _, err := c.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
				t.Fatal(err)
			}
			consumers.Wait()
			if d := time.Since(begun); d > 15*time.Second {
				t.Errorf("its consumers heard of the end after %v", d)
			}
			close(d.stop)
			producers.Wait()
			doors.Echo(t, steady, "steady")
			client.CreateQueue(t.Context(), t, c, name, nil)
			doors.Echo(t, doors.MustOpen(t, b, door, name), "new")
		})
	}
	b.Stop(t)
}

// queueOf is the name of a queue of a door's.
func queueOf(kind, door string) string { return kind + "-" + strings.ReplaceAll(door, "/", "-") }

// doomed is what the clients of one door have in common.
type doomed struct {
	t       *testing.T
	door    string
	stop    chan struct{}
	started chan struct{} // one for each client at work
}

// silent: MQTT has no word for the end of a queue.
func (d *doomed) silent() bool { return strings.HasPrefix(d.door, "mqtt") }

// consume takes until it is told of the end.
func (d *doomed) consume(c doors.Client) {
	for n := 0; ; n++ {
		_, err := c.Take(3 * time.Second)
		switch {
		case errors.Is(err, doors.ErrNone) && (n <= 5 || !d.silent() && d.door != "sqs" && d.door != "sns"):
			d.t.Errorf("after %d messages: %v", n, err)
			return
		case err != nil && (!errors.Is(err, doors.ErrNone) || d.silent()):
			return
		}
		if n == 5 {
			d.started <- struct{}{}
		}
	}
}

// produce puts until it is refused or stopped.
func (d *doomed) produce(c doors.Client) {
	for n := 0; ; n++ {
		select {
		case <-d.stop:
			return
		default:
		}
		if err := c.Put("x", client.Patience); err != nil {
			if errors.Is(err, doors.ErrNoConfirm) || n < 5 {
				d.t.Errorf("after %d messages: %v", n, err)
			}
			return
		}
		if n == 5 {
			d.started <- struct{}{}
		}
	}
}
