package stomp

import "testing"

// What a topic retains comes first, in every mode of acknowledging, and is not
// in the way of what is new.
func TestRetroactive(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/topic/price.a; ActiveMQ.Retain:true; n:1 | old")
	c.send("SEND destination:/topic/price.a; ActiveMQ.Retain:true; n:2 | a")
	c.send("SEND destination:/topic/price.b; ActiveMQ.Retain:true; n:3 | b")
	c.send("SEND destination:/topic/price.c; ActiveMQ.Retain:true | gone")
	c.send("SEND destination:/topic/price.c; ActiveMQ.Retain:true")
	c.send("SEND destination:/topic/price.d | not kept")
	c.sync()
	for _, mode := range []string{"auto", "client", "client-individual"} {
		s := w.connected("1.2")
		s.send("SUBSCRIBE id:s; destination:/topic/price.>; activemq.retroactive:true; ack:%s", mode)
		for _, body := range []string{"a", "b"} {
			m := s.want("MESSAGE subscription:s; destination:/topic/price.%s; ActiveMQ.Retained:true | %s", body, body)
			if mode != "auto" {
				s.send("ACK id:%s", m.get("ack"))
			}
		}
		s.sync()
		c.send("SEND destination:/topic/price.d | new")
		m := s.want("MESSAGE -ActiveMQ.Retained: | new")
		if mode != "auto" {
			s.send("ACK id:%s", m.get("ack"))
		}
		s.sync()
		w.cut(s)
	}
	plain := w.connected("1.2")
	plain.send("SUBSCRIBE id:s; destination:/topic/price.>")
	plain.sync()
	c.send("SEND destination:/topic/price.d | first")
	plain.want("MESSAGE | first")
}

// A selector counts, and a durable subscriber that comes back gets nothing twice.
func TestRetroactiveOnce(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2", "client-id:d")
	for _, n := range []string{"1", "2"} {
		c.send("SEND destination:/topic/t.%s; ActiveMQ.Retain:true; persistent:true; n:%s | %s", n, n, n)
	}
	const subscribe = "SUBSCRIBE id:s; destination:/topic/t.*; activemq.retroactive:true; activemq.subscriptionName:x; selector:n > 1"
	c.send(subscribe)
	c.want("MESSAGE ActiveMQ.Retained:true | 2")
	c.sync()
	w.cut(c)
	c = w.connected("1.2", "client-id:d")
	c.send(subscribe)
	c.sync()
	c.send("SEND destination:/topic/t.3; n:3 | 3")
	c.want("MESSAGE -ActiveMQ.Retained: | 3")
}

// A queue retains nothing.
func TestRetainOfAQueue(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/a; ActiveMQ.Retain:true | x")
	c.sync()
	if n, err := w.b.Default().CountRetained(); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// What a full queue refuses is counted, also when nobody asked for a receipt.
func TestRefusalsAreCounted(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/full; x-max-length:1; x-overflow:reject-publish | 1")
	c.send("SEND destination:/queue/full | 2")
	c.send("SEND destination:/queue/full | 3")
	c.sync()
	w.eventually("two refusals", func() bool { return w.b.Stats().Refused == 2 })
	c.refused("SEND destination:/queue/full; receipt:r | 4", "Queue is full")
	if n := w.b.Stats().Refused; n != 3 {
		t.Errorf("%d refusals", n)
	}
}
