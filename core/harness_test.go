package core_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if name := core.TouchedShared(); name != "" {
			fmt.Fprintf(os.Stderr, "what all idle queues share was written to: %s\n", name)
			code = 1
		}
		os.Exit(code)
	}))
}

// clock is the time of the runtime, which testing/synctest fakes.
type clock struct{}

func (clock) Now() time.Time { return time.Now() }
func (clock) AfterFunc(d time.Duration, f func()) func() bool {
	return time.AfterFunc(d, f).Stop
}

// open starts a broker on a store; the caller closes it, or the test's end does.
func open(t testing.TB, store core.Store, change ...func(*core.Options)) *core.Broker {
	t.Helper()
	o := core.Options{Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
	for _, f := range change {
		f(&o)
	}
	b, err := core.New(store, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fresh(t testing.TB, change ...func(*core.Options)) *core.Broker {
	b := open(t, memstore.New(memstore.Options{}), change...)
	t.Cleanup(func() { b.Close() })
	return b
}

func durable(o core.QueueOptions) core.QueueOptions { o.Durable = true; return o }

func declare(t testing.TB, b *core.Broker, name string, o core.QueueOptions) *core.Queue {
	t.Helper()
	q, _, err := b.Default().DeclareQueue(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func publish(t testing.TB, b *core.Broker, to core.Address, m core.Message) core.Outcome {
	t.Helper()
	o, err := b.Default().Publish(context.Background(), &core.Publication{Message: &m, To: to})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func receive(t testing.TB, q *core.Queue, o core.ReceiveOptions) []core.Delivery {
	t.Helper()
	if o.Lease == 0 {
		o.Lease = -1
	}
	ds, err := q.Receive(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func bodies(ds []core.Delivery) string {
	s := ""
	for i, d := range ds {
		if i > 0 {
			s += " "
		}
		s += string(d.Message.Body)
	}
	return s
}

func bindTopic(t testing.TB, b *core.Broker, q *core.Queue, filter string) {
	t.Helper()
	f, err := match.ParseMQTT(filter)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Default().Bind(&core.Binding{Key: q.Name() + "/" + filter, Filter: f, Queue: q, KeepDurable: true, KeepTransient: true, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
}

// tape is a Receiver, Sink and Confirm that remembers.
type tape struct {
	got chan core.Delivery
	out chan core.Outcome
}

func newTape(n int) *tape {
	return &tape{got: make(chan core.Delivery, n), out: make(chan core.Outcome, n)}
}
func (r *tape) Deliver(_ *core.Consumer, d core.Delivery) bool { r.got <- d; return false }
func (r *tape) Cancelled(*core.Consumer, error) bool           { return false }
func (r *tape) Flush()                                         {}
func (r *tape) Confirmed(_ uint64, o core.Outcome) bool        { r.out <- o; return false }
func (r *tape) Send(m *core.Message, note []byte) (bool, core.Laggard) {
	r.got <- core.Delivery{Message: m, Note: note}
	return false, nil
}

func bindSink(t testing.TB, b *core.Broker, q *core.Queue, filter string, s core.Sink) {
	t.Helper()
	f, err := match.ParseMQTT(filter)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Default().Bind(&core.Binding{Key: q.Name() + "/" + filter, Filter: f, Queue: q, KeepDurable: true, Sink: s}); err != nil {
		t.Fatal(err)
	}
}

// bindTopicOf binds a queue that may be deleted meanwhile.
func bindTopicOf(b *core.Broker, q *core.Queue, filter string) {
	f, err := match.ParseMQTT(filter)
	if err != nil {
		panic(err)
	}
	_, _ = b.Default().Bind(&core.Binding{Key: q.Name() + "/" + filter, Filter: f, Queue: q, KeepDurable: true, KeepTransient: true, Durable: true})
}

// elapse lets faked time pass: its callers run in synctest bubbles.
func elapse(d time.Duration) { <-time.After(d) }
