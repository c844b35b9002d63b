package stomp

import (
	"fmt"
	"testing"

	"github.com/slipwaymq/slipway/core/store/storetest"
)

// The RECEIPT of a SUBSCRIBE comes before what the subscription delivers, as at
// ActiveMQ and RabbitMQ, also where it waits for those of frames before it.
func TestReceiptBeforeMessages(t *testing.T) {
	w := newWorld(t)
	a := w.connected("1.2")
	for i := range 20 {
		a.send("SEND destination:/queue/q.%d; persistent:true; receipt:sent | m", i)
		a.want("RECEIPT receipt-id:sent")
	}
	for i, subscribe := range []string{
		"destination:/queue/q.%d", "destination:/queue/q.%d; ack:client", "destination:/queue/q.%d; ack:client-individual",
		"destination:/queue/q.%d; browser:true", "destination:/queue/q.%d,/queue/q.10", "destination:/queue/q.*; ack:client",
	} {
		if subscribe[len("destination:/queue/q.")] == '%' {
			subscribe = fmt.Sprintf(subscribe, i)
		}
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:1; receipt:r; %s", subscribe)
		c.want("RECEIPT receipt-id:r")
		c.want("MESSAGE subscription:1 | m")
		w.cut(c)
	}
	c := w.connected("1.2")
	c.raw("SEND\ndestination:/queue/q.11\npersistent:true\nreceipt:a\n\nm\x00SUBSCRIBE\nid:1\ndestination:/queue/q.11\nreceipt:b\n\n\x00" +
		"SEND\ndestination:/queue/q.11\nreceipt:c\n\nm\x00")
	c.want("RECEIPT receipt-id:a")
	c.want("RECEIPT receipt-id:b")
	got := map[string]int{}
	for range 4 {
		f, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		got[f.command]++
	}
	if got["MESSAGE"] != 3 || got["RECEIPT"] != 1 {
		t.Errorf("then %v", got)
	}
}

// What waits for the disk to have room holds no subscription back: what it
// consumes may be what makes the room.
func TestParkedHoldsNoSubscription(t *testing.T) {
	store := &storetest.Troubled{}
	w := newWorld(t, func(w *world) { store.Store, w.store = w.store, store })
	a := w.connected("1.2")
	a.send("SEND destination:/queue/q; persistent:true; receipt:sent | m")
	a.want("RECEIPT receipt-id:sent")
	store.Low.Store(true)
	a.send("SEND destination:/queue/q; persistent:true; receipt:waits | later")
	a.send("SUBSCRIBE id:1; destination:/queue/q; receipt:r")
	a.want("MESSAGE | m")
	store.Low.Store(false)
	a.want("RECEIPT receipt-id:waits")
}

// A subscription that ends before its RECEIPT could go out delivers nothing.
func TestUnsubscribedBeforeItsReceipt(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	for range 50 {
		c.raw("SEND\ndestination:/queue/q\npersistent:true\nreceipt:a\n\nm\x00SUBSCRIBE\nid:1\ndestination:/queue/q\nack:client\nreceipt:b\n\n\x00UNSUBSCRIBE\nid:1\nreceipt:c\n\n\x00")
		for _, id := range []string{"a", "b"} {
			c.want("RECEIPT receipt-id:%s", id)
		}
		for f, err := c.read(); f.get("receipt-id") != "c"; f, err = c.read() {
			if err != nil || f.command != "MESSAGE" {
				t.Fatal(f, err)
			}
		}
	}
	w.eventually("50 ready", func() bool { n := w.counts("q"); return n.Ready == 50 && n.InFlight == 0 && n.Consumers == 0 })
}
