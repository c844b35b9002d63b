package storms

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

func amqpURL(b *daemon.Broker) string { return "amqp://guest:guest@" + b.Doors["amqp"] }

// amqpChannel is one on a connection of its own.
func amqpChannel(t *testing.T, b *daemon.Broker, wire string) (*amqp.Connection, *amqp.Channel) {
	t.Helper()
	conn, err := doors.DialAMQP(b, wire)
	if err != nil {
		t.Fatal(err)
	}
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return conn, ch
}

// steadyAMQP publishes n messages with confirms into a queue that a consumer
// empties, and wants each to come once.
func steadyAMQP(t *testing.T, b *daemon.Broker, n int) {
	t.Helper()
	conn, ch := amqpChannel(t, b, "tcp")
	defer conn.Close() //nolint:errcheck // all that matters was confirmed
	if _, err := ch.QueueDeclare("flow", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	got, err := ch.Consume("flow", "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var confirms []*amqp.DeferredConfirmation
	for i := range n {
		c, err := ch.PublishWithDeferredConfirm("", "flow", true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: fmt.Append(nil, i)})
		if err != nil {
			t.Fatal(err)
		}
		confirms = append(confirms, c)
	}
	seen := map[string]bool{}
	late := time.After(time.Minute)
	for len(seen) < n {
		select {
		case d := <-got:
			if seen[string(d.Body)] {
				t.Errorf("%s came twice", d.Body)
			}
			seen[string(d.Body)] = true
		case <-late:
			t.Fatalf("%d of %d came", len(seen), n)
		}
	}
	for _, c := range confirms {
		if !c.Wait() {
			t.Fatal("a publish was refused")
		}
	}
}

// muted is a connection whose other side has gone without a word: what is
// written to it goes nowhere, once that is so.
type muted struct {
	net.Conn
	gone *atomic.Bool
}

func (m muted) Write(b []byte) (int, error) {
	if m.gone.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// As TestHalfOpen, of AMQP and of HTTP: half a handshake, half a request, and
// clients that were in and are heard of no more.
func TestHalfOpenAMQPAndSQS(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "slipway.yaml")
	if err := os.WriteFile(file, []byte("limits: {handshake_timeout: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Config: file})
	var all []net.Conn
	for i := range 200 {
		begin := []struct{ door, text string }{{"amqp", ""}, {"amqp", "AM"}, {"amqp", "AMQP\x00\x00\x09\x01"}, {"aws", ""}, {"aws", "POST / HTTP/1.1\r\nHost: local"}}[i%5]
		c, err := net.Dial("tcp", b.Doors[begin.door])
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // the broker ended it
		if _, err := io.WriteString(c, begin.text); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	gone := &atomic.Bool{}
	_, ch := amqpChannel(t, b, "tcp")
	if _, err := ch.QueueDeclare("held", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	silent, err := amqp.DialConfig(amqpURL(b), amqp.Config{Heartbeat: time.Second, Dial: func(network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		return muted{c, gone}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // the broker ended it
	holds, err := silent.Channel()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := holds.Consume("held", "", false, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ch.Publish("", "held", false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	<-taken // and never acknowledged
	gone.Store(true)

	steadyAMQP(t, b, 500)
	for i, c := range all {
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
			t.Fatalf("connection %d was not cut", i)
		}
	}
	daemon.Eventually(t, client.Patience, "what the silent one held", func() bool {
		d, ok, err := ch.Get("held", true)
		return err == nil && ok && d.Redelivered
	})
	b.Stop(t)
}

// Channels over every wire declare, bind, consume, cancel and delete as fast as they can; a
// steady flow loses nothing by it, and nothing stays behind.
func TestConsumerStormAMQP(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	var storm sync.WaitGroup
	for i := range 10 {
		storm.Go(func() {
			conn, err := doors.DialAMQP(b, doors.Wires[i%len(doors.Wires)])
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close() //nolint:errcheck // nothing is under way
			for j := range 60 {
				if err := comeAndGo(conn, fmt.Sprintf("storm-%d-%d", i, j)); err != nil {
					t.Errorf("%d, %d: %v", i, j, err)
					return
				}
			}
		})
	}
	steadyAMQP(t, b, 2000)
	storm.Wait()
	_, ch := amqpChannel(t, b, "tcp")
	if _, err := ch.QueueDeclarePassive("storm-0-0", true, false, false, false, nil); err == nil {
		t.Error("a queue that was deleted is there")
	}
	b.Stop(t)
}

func comeAndGo(conn *amqp.Connection, name string) error {
	ch, err := conn.Channel()
	if err != nil {
		return err
	}
	if _, err := ch.QueueDeclare(name, false, false, false, false, nil); err != nil {
		return err
	}
	for i := range 20 {
		if err := ch.QueueBind(name, fmt.Sprintf("storm.%d.*.%s", i, name), "amq.topic", false, nil); err != nil {
			return err
		}
	}
	got, err := ch.Consume(name, name, true, false, false, false, nil)
	if err != nil {
		return err
	}
	if err := ch.Publish("amq.topic", "storm.7.x."+name, false, false, amqp.Publishing{Body: []byte(name)}); err != nil {
		return err
	}
	if d := <-got; string(d.Body) != name {
		return fmt.Errorf("got %q", d.Body)
	}
	if err := ch.Cancel(name, false); err != nil {
		return err
	}
	if _, err := ch.QueueDelete(name, false, false, false); err != nil {
		return err
	}
	return ch.Close()
}

// A queue that goes away under its consumers, over every wire, tells each (consumer_cancel_notify),
// its publishers go on to nowhere, and the next of its name is empty and works.
func TestQueueDeletedUnderItsConsumersAMQP(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: doors.Config(t, "")})
	boss, owner := amqpChannel(t, b, "tcp")
	defer boss.Close() //nolint:errcheck // nothing is under way
	for range 3 {
		if _, err := owner.QueueDeclare("doomed", true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		var told, publishers sync.WaitGroup
		deleted, started := make(chan struct{}), make(chan struct{}, 24)
		for i := range 20 {
			conn, ch := amqpChannel(t, b, doors.Wires[i%len(doors.Wires)])
			cancelled := ch.NotifyCancel(make(chan string, 1))
			if err := ch.Qos(5, 0, false); err != nil {
				t.Fatal(err)
			}
			got, err := ch.Consume("doomed", "", false, false, false, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			told.Go(func() {
				defer conn.Close() //nolint:errcheck // nothing is under way
				<-got              // and held
				started <- struct{}{}
				for range got { // ends with the cancel
				}
				<-cancelled
				if _, err := ch.QueueDeclare("", false, true, true, false, nil); err != nil {
					t.Errorf("the channel of a cancelled consumer: %v", err)
				}
			})
		}
		for _, wire := range doors.Wires {
			conn, ch := amqpChannel(t, b, wire)
			if err := ch.Confirm(false); err != nil {
				t.Fatal(err)
			}
			publishers.Go(func() {
				defer conn.Close() //nolint:errcheck // nothing is under way
				for i := 0; ; i++ {
					c, err := ch.PublishWithDeferredConfirm("", "doomed", false, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte("x")})
					if err != nil || !c.Wait() {
						t.Errorf("publish %d: %v", i, err)
						return
					}
					select {
					case <-deleted:
						return
					default:
					}
				}
			})
		}
		for range 20 {
			<-started
		}
		if _, err := owner.QueueDelete("doomed", false, false, false); err != nil {
			t.Fatal(err)
		}
		told.Wait()
		close(deleted)
		publishers.Wait()
		q, err := owner.QueueDeclare("doomed", true, false, false, false, nil)
		if err != nil || q.Messages != 0 || q.Consumers != 0 {
			t.Fatalf("the next of its name: %+v, %v", q, err)
		}
		if _, err := owner.QueueDelete("doomed", false, false, false); err != nil {
			t.Fatal(err)
		}
	}
	b.Stop(t)
}
