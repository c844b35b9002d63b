package stomp

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core/store/storetest"
)

// A SEND is not dropped for want of memory, also when nobody asks for a receipt:
// the client is not read until there is room, and not taken for silent.
func TestPatienceOverTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{}
		w := newWorld(t, func(w *world) {
			store.Store, w.store, w.pipe = w.store, store, true
			w.limits.MemoryBytes, w.limits.ParkedBytes = 1<<20, 256<<10
		})
		defer w.close()
		c := w.connected("1.2", "heart-beat:1000,0")
		c.send("SEND destination:/queue/a; receipt:made | 0")
		c.want("RECEIPT receipt-id:made")
		goOn := store.Hold()
		const n = 40
		var sent atomic.Int32
		body := strings.Repeat("x", 100<<10)
		go func() {
			for range n {
				c.send("SEND destination:/queue/a | %s", body)
				sent.Add(1)
			}
		}()
		<-time.After(time.Minute)
		if got := sent.Load(); got == n {
			t.Error("all was read with nowhere to put it")
		}
		goOn()
		synctest.Wait()
		c.sync()
		if got, dropped := w.counts("a").Ready, w.b.Stats().Dropped; got != n+1 || dropped != 0 {
			t.Errorf("%d of %d are there, %d dropped", got, n+1, dropped)
		}
	})
}

// What the disk has no room for waits, as it does in RabbitMQ and ActiveMQ: alone,
// to several places, and in a transaction; other connections' acknowledgements go
// on.
func TestPatienceWithAFullDisk(t *testing.T) {
	for name, frames := range map[string][]string{
		"one":         {"SEND destination:/queue/a; persistent:true; receipt:r | x"},
		"composite":   {"SEND destination:/queue/a,/queue/b; persistent:true; receipt:r | x"},
		"transaction": {"BEGIN transaction:t", "SEND destination:/queue/a; transaction:t; persistent:true | x", "COMMIT transaction:t; receipt:r"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &storetest.Troubled{}
				w := newWorld(t, func(w *world) { store.Store, w.store, w.pipe = w.store, store, true })
				defer w.close()
				c := w.connected("1.2", "heart-beat:1000,0")
				for _, q := range []string{"a", "b"} {
					c.send("SEND destination:/queue/%s; receipt:made | 0", q)
					c.want("RECEIPT receipt-id:made")
				}
				store.Low.Store(true)
				var answer atomic.Pointer[frame]
				go func() {
					f, _ := c.read()
					answer.Store(&f)
				}()
				wrote := make(chan struct{})
				defer func() { <-wrote }()
				go func() {
					defer close(wrote)
					for _, f := range append(frames, "BEGIN transaction:more") {
						c.send("%s", f)
					}
					for range 8 { // heart-beats that are read, or not
						<-time.After(time.Second)
						c.raw("\n")
					}
				}()
				other := w.connected("1.2")
				other.send("SUBSCRIBE id:s; destination:/queue/b; ack:client; prefetch-count:1")
				got := other.want("MESSAGE | 0")
				other.send("%s; receipt:acked", ackLine("ACK", "1.2", got))
				other.want("RECEIPT receipt-id:acked")
				<-time.After(8 * time.Second)
				if f := answer.Load(); f != nil {
					t.Fatalf("got %q with no room", f)
				}
				store.Low.Store(false)
				<-time.After(3 * time.Second)
				synctest.Wait()
				if f := answer.Load(); f == nil || f.command != "RECEIPT" || f.get("receipt-id") != "r" {
					t.Fatalf("got %q", f)
				}
				if n := w.counts("a").Ready; n != 2 {
					t.Errorf("%d messages", n)
				}
			})
		})
	}
}

// While there is no room, for whatever reason, what a client sends waits, as it
// does in RabbitMQ and ActiveMQ: with a receipt or without, nothing is dropped or
// refused, the order stays, and what the client settles makes the room.
func TestNoRoomWaits(t *testing.T) {
	store := &storetest.Troubled{}
	w := newWorld(t, func(w *world) { store.Store, w.store = w.store, store })
	for reason, set := range map[string]func(bool){
		"low on disk": store.Low.Store,
		"an alarm": func(on bool) {
			w.b.HoldPublishes(map[bool]string{true: "an alarm"}[on])
		},
	} {
		t.Run(reason, func(t *testing.T) {
			w.t = t
			q := strings.ReplaceAll(reason, " ", "-")
			c := w.connected("1.2")
			c.send("SUBSCRIBE id:s; destination:/queue/%s; ack:client", q)
			c.send("SEND destination:/queue/%s | before", q)
			held := c.want("MESSAGE message-id:*").get("ack")
			set(true)
			c.send("SEND destination:/queue/%s; persistent:true | nobody asks", q)
			c.send("SEND destination:/queue/%s | nor here", q)
			c.send("ACK id:%s", held)
			w.eventually("the settlement", func() bool { n := w.counts(q); return n.Ready+n.InFlight == 0 })
			c.send("SEND destination:/queue/%s; persistent:true; receipt:r | the last", q)
			set(false)
			got := ""
			for range 4 {
				f, err := c.read()
				if err != nil {
					t.Fatal(err)
				}
				if f.command == "MESSAGE" {
					got += f.body + ", "
				}
			}
			if got != "nobody asks, nor here, the last, " {
				t.Errorf("got %q", got)
			}
			c.send("DISCONNECT receipt:end")
			c.want("RECEIPT receipt-id:end")
			w.eventually("their return", func() bool { return w.counts(q).Ready == 3 })
			if n := w.b.Stats().Dropped; n != 0 {
				t.Errorf("%d dropped", n)
			}
		})
	}
}
