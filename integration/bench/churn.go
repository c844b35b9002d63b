package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Churn is comings and goings at a moderate rate, each kind in a goroutine of
// its own, and a sample a minute of what the broker holds. What comes goes
// again, so memory, goroutines, file handles and disk have to stay flat.
//
//	connections    20 a second: connect, publish QoS 0 and 1, go; half without a DISCONNECT
//	sessions       10 a second made with backlog, the oldest of 200 resumed and removed
//	subscriptions  50 a second on one connection, the oldest of 500 dropped
//	queues         5 a second: create, 20 messages, 10 received and deleted, the oldest of 50 deleted
//	messages       300 a second through a persistent session that is always there
type churn struct {
	mqtt, sqs string
	done      [5]atomic.Int64 // of each kind
	failures  atomic.Int64
	lastError atomic.Value // string
}

var churnKinds = [...]struct {
	name  string
	every time.Duration
	new   func(*churn) (step, error)
}{
	{"connections", 50 * time.Millisecond, (*churn).connections},
	{"sessions", 100 * time.Millisecond, (*churn).sessions},
	{"subscriptions", 20 * time.Millisecond, (*churn).subscriptions},
	{"queues", 200 * time.Millisecond, (*churn).queues},
	{"messages", 10 * time.Millisecond, (*churn).messages},
}

// A step is one coming and going.
type step func() error

func init() { commands["churn"] = runChurn }

func runChurn(o *options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.long)
	defer cancel()
	dir := filepath.Join(o.dir, "slipway")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	broker, err := startSlipway(&o.tools, dir)
	if err != nil {
		return err
	}
	defer broker.Stop()
	c := &churn{mqtt: broker.Addrs["mqtt"], sqs: broker.Addrs["sqs"]}
	var wg sync.WaitGroup
	for i, kind := range churnKinds {
		do, err := kind.new(c)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.name, err)
		}
		wg.Go(func() { c.repeat(ctx, i, kind.every, do) })
	}
	rows, err := c.watch(ctx, broker, filepath.Join(dir, "data"), min(time.Minute, max(o.long/60, time.Second)), o.out)
	wg.Wait()
	if n := c.failures.Load(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d steps failed; the last: %v", n, c.lastError.Load()))
	}
	fmt.Printf("%d samples, load average %.1f\n", len(rows), loadAverage())
	return err
}

func (c *churn) repeat(ctx context.Context, kind int, every time.Duration, do step) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if err := do(); err != nil {
			c.failures.Add(1)
			c.lastError.Store(fmt.Sprintf("%s: %v", churnKinds[kind].name, err))
			continue
		}
		c.done[kind].Add(1)
	}
}

func (c *churn) target(name string, confirm bool) *Target {
	return &Target{Scenario: &Scenario{Confirm: confirm, Window: 100, Batch: 10}, Addr: c.mqtt, Name: name}
}

func (c *churn) connections() (step, error) {
	n := 0
	return func() error {
		n++
		conn, err := mqttDial(c.mqtt, fmt.Sprintf("churn-%d", n), true)
		if err != nil {
			return err
		}
		topic := fmt.Sprintf("churn/%d/%d", n%100, rand.IntN(1000))
		p := mqttHead(nil, packetPublish, 2+len(topic)+100)
		p = append(mqttString(p, topic), make([]byte, 100)...)
		if n%2 == 0 {
			p = append(p, packetDisconnect, 0)
		}
		_, err = conn.Write(p)
		return errors.Join(err, conn.Close())
	}, nil
}

// sessions leaves persistent sessions with something in them, and takes the
// oldest back.
func (c *churn) sessions() (step, error) {
	n := 0
	p, err := mqttClient{}.Produce(c.target("churn-sessions", true), 0, func(int) {})
	if err != nil {
		return nil, err
	}
	const alive = 200
	return func() error {
		n++
		t := c.target("churn-sessions", true)
		k, err := mqttClient{}.Consume(t, n, func([]byte) {})
		if err != nil {
			return err
		}
		m := k.(*mqttConsumer)
		err = m.c.Close() // away, and not gone
		<-m.done
		if n%10 == 0 { // a message into each of 200
			err = errors.Join(err, p.Send(newBody(200, 0, n)), p.Finish(time.Now().Add(10*time.Second)))
		}
		if n > alive {
			old, e := mqttDial(c.mqtt, fmt.Sprintf("churn-sessions-c%d", n-alive), true)
			if e != nil {
				return errors.Join(err, e)
			}
			err = errors.Join(err, old.Close())
		}
		return err
	}, nil
}

func (c *churn) subscriptions() (step, error) {
	conn, err := mqttDial(c.mqtt, "churn-subscriber", true)
	if err != nil {
		return nil, err
	}
	n := 0
	const alive = 500
	filter := func(n int) string { return fmt.Sprintf("subscribed/%d/+/%d", n%37, n) }
	return func() error {
		n++
		ack := make([]byte, 5)
		if err := mqttAsk(conn, packetSubscribe, append(mqttString([]byte{0, 1}, filter(n)), 0), ack); err != nil {
			return err
		}
		if n <= alive {
			return nil
		}
		const packetUnsubscribe = 0xa2
		return mqttAsk(conn, packetUnsubscribe, mqttString([]byte{0, 2}, filter(n-alive)), ack[:4])
	}, nil
}

func (c *churn) queues() (step, error) {
	n := 0
	conn := newSQSConn(c.sqs)
	const alive = 50
	call := func(action, format string, args ...any) ([]byte, error) {
		return conn.call(action, fmt.Appendf(nil, format, args...))
	}
	return func() error {
		n++
		t := &Target{Scenario: &Scenario{Batch: 10}, Addr: c.sqs, Name: fmt.Sprintf("churn-%d", n)}
		if _, err := call("CreateQueue", `{"QueueName":%q}`, t.Name); err != nil {
			return err
		}
		p, err := sqsClient{}.Produce(t, 0, func(int) {})
		if err != nil {
			return err
		}
		for i := range 20 {
			err = errors.Join(err, p.Send(newBody(500, 0, i)))
		}
		if err = errors.Join(err, p.Close()); err != nil {
			return err
		}
		url := p.(*sqsProducer).url
		answer, err := call("ReceiveMessage", `{"QueueUrl":%q,"MaxNumberOfMessages":10}`, url)
		if err != nil {
			return err
		}
		k := &sqsConsumer{}
		if err := k.split(answer); err != nil {
			return err
		}
		action, text := deleteEntries(nil, url, k.receipts)
		if _, err = conn.call(action, text); err != nil || n <= alive {
			return err
		}
		old := &Target{Scenario: t.Scenario, Name: fmt.Sprintf("churn-%d", n-alive)}
		if url, err = queueURL(conn, old); err != nil {
			return err
		}
		_, err = call("DeleteQueue", `{"QueueUrl":%q}`, url)
		return err
	}, nil
}

func (c *churn) messages() (step, error) {
	t := c.target("churn-steady", true)
	if _, err := (mqttClient{}).Consume(t, 0, func([]byte) {}); err != nil {
		return nil, err
	}
	p, err := mqttClient{}.Produce(t, 0, func(int) {})
	return func() error {
		for i := range 3 {
			if err := p.Send(newBody(256, 0, i)); err != nil {
				return err
			}
		}
		return p.Flush()
	}, err
}
