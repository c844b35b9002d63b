package core_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// floodTopic publishes numbered messages to the topic, a thousand of them at a time on
// their way, until stop is closed; it returns how many were confirmed.
func floodTopic(t *testing.T, b *core.Broker, first int, stop chan struct{}) int {
	const window = 20000
	p, r, told := b.Default().NewPublisher(0).Patient(), newTape(window), 0
	defer p.Close()
	for n := 0; ; n++ {
		over := false
		select {
		case <-stop:
			over = true
		default:
		}
		for over && told < n || n-told >= window {
			if o := <-r.out; o.Err != nil {
				t.Error(o.Err)
			}
			told++
		}
		if over {
			return n
		}
		id := strconv.Itoa(first + n)
		m := &core.Message{Body: []byte(id), GroupID: "g", DedupID: id, Durable: true}
		if err := p.Publish(&core.Publication{Message: m, To: core.TopicAddress("t"), Confirm: r}); err != nil {
			t.Error(err)
			return n
		}
	}
}

// A replay comes to its end although a publisher that never pauses puts more into
// the archive with each group than a step of it reads; and nothing is left out,
// repeated or out of order.
func TestReplayUnderFlood(t *testing.T) {
	b := open(t, memstore.New(memstore.Options{}), numbered)
	defer b.Close()
	gate := gatedTopic(t, b, core.QueueOptions{})
	const archived = 5000
	for i := range archived {
		toTopic(t, b, strconv.Itoa(i), "g", strconv.Itoa(i))
	}
	a, _ := b.Default().Queue("a")
	if err := a.Purge(); err != nil {
		t.Fatal(err)
	}
	stop, sent := make(chan struct{}), make(chan int)
	if err := b.Default().Replay("sub/a", gate, 0, 0); err != nil {
		t.Fatal(err)
	}
	go func() { sent <- floodTopic(t, b, archived, stop) }() // what came before it would come first
	late := time.Now().Add(20 * time.Second)
	for b.Default().Replaying("sub/a") && time.Now().Before(late) {
		<-time.After(time.Millisecond)
	}
	if b.Default().Replaying("sub/a") {
		t.Error("it has no end while somebody publishes")
	}
	close(stop)
	total := archived + <-sent
	t.Logf("%d published meanwhile", total-archived)
	for i := 0; i < total; {
		ds := receive(t, a, core.ReceiveOptions{Max: 1000, Wait: 10 * time.Second, Lease: time.Hour})
		if len(ds) == 0 {
			t.Fatalf("%d of %d came", i, total)
		}
		for _, d := range ds {
			if string(d.Message.Body) != strconv.Itoa(i) {
				t.Fatalf("%s in the place of %d", d.Message.Body, i)
			}
			i++
			if _, err := a.Settle(t.Context(), core.Ack, d.Receipt); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c := a.Counts(); c.Ready+c.InFlight != 0 {
		t.Errorf("left: %+v", c)
	}
}
