package stomp

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// What MESSAGE has beside what was said, as a RabbitMQ 3.10 and an ActiveMQ 5.17.2
// have it.
func TestDialects(t *testing.T) {
	const rabbit = "MESSAGE redelivered:false; content-length:1; -priority:; -expires:; -timestamp: | x"
	const active = "MESSAGE -redelivered:; -content-length:; priority:4; expires:0; timestamp:* | x"
	for _, tt := range []struct{ connect, subscribe, want string }{
		{"", "destination:/queue/a", rabbit},
		{"", "destination:/queue/a; prefetch-count:5", rabbit},
		{"", "destination:/amq/queue/a; ack:client", rabbit},
		{"client-id:me", "destination:/queue/a", active},
		{"", "destination:/queue/a; activemq.prefetchSize:5", active},
		{"", "destination:/queue/a; selector:TRUE", active},
		{"", "destination:/queue/a; ack:client; browser:true", "MESSAGE ack:*; -redelivered:; -content-length:; priority:4; expires:0; timestamp:* | x"},
		{"", "destination:a", active}, {"", "destination:queue://a", active}, {"", "destination:/queue/>", active}, {"", "destination:/queue/a,/topic/x", active},
	} {
		w := newWorld(t)
		c := w.connected("1.2", tt.connect)
		c.send("SEND destination:/queue/a; receipt:r | x")
		c.want("RECEIPT")
		c.send("SUBSCRIBE id:s; %s", tt.subscribe)
		f := c.want("%s", tt.want)
		if text := f.get("timestamp"); text != "" {
			ms, err := strconv.ParseInt(text, 10, 64)
			if since := time.Since(time.UnixMilli(ms)); err != nil || since < -time.Second || since > patience {
				t.Errorf("timestamp %s", text)
			}
		}
		for _, h := range f.headers {
			if f.get(h[0]) != h[1] {
				t.Errorf("%s is there twice: %q", h[0], f.headers)
			}
		}
	}
	for topic, want := range map[string]string{"/topic/t.>": active, "/topic/t.#": rabbit, "topic://t.x": active, "/topic/t.*": rabbit} {
		w := newWorld(t)
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:s; destination:%s", topic)
		c.send("SEND destination:/topic/t.x | x")
		c.want("%s", want)
	}
}

// A connection of ActiveMQ's dialect stays one; what was said is said once.
func TestActiveMQSays(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2", "client-id:me")
	c.send("SUBSCRIBE id:s; destination:/queue/a; ack:client-individual")
	far := strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)
	for send, want := range map[string]string{
		"priority:0; expires:0; timestamp:5 | x":   "priority:0; expires:0; timestamp:5; -content-length: | x",
		"priority:9; timestamp:0; expires:FAR | x": "priority:9; timestamp:0; expires:" + far + " | x",
		"expiration:3600000; content-length:1 | x": "expiration:3600000; expires:*; priority:4; content-length:1 | x",
		"amq-msg-type:bytes | x":                   "content-length:1 | x",
		"xexpires:1; a:expires | x":                "expires:0; xexpires:1 | x",
		"n:1 | a\\0b":                              "content-length:3 | a\\0b",
		"n:1 | \xff":                               "content-length:1 | \xff",
		"n:1 | ":                                   "-content-length: | ",
	} {
		c.send("SEND destination:/queue/a; %s", strings.ReplaceAll(send, "FAR", far))
		f := c.want("MESSAGE %s", want)
		if text := f.get("expires"); text != "0" {
			ms, _ := strconv.ParseInt(text, 10, 64)
			if left := time.Until(time.UnixMilli(ms)); left < 50*time.Minute || left > time.Hour {
				t.Errorf("%s: expires %s", send, text)
			}
		}
		for _, h := range f.headers {
			if f.get(h[0]) != h[1] {
				t.Errorf("%s is there twice: %q", h[0], f.headers)
			}
		}
	}
	w.publish(core.QueueAddress("a"), full())
	c.want("MESSAGE priority:7; timestamp:1700000000000; expires:0")
	w.publish(core.QueueAddress("a"), &core.Message{Body: []byte("x"), Text: true, ExpiresAt: w.b.Now() + 1000})
	f := c.want("MESSAGE priority:4; timestamp:*; expiration:*; expires:* | x")
	c.send("NACK id:%s", f.get("ack"))
	c.want("MESSAGE redelivered:true | x")
}

// What destination says.
func TestToldDestinations(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.b.Default().DeclareExchange("x", core.ExchangeOptions{Kind: core.ExchangeFanout}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ subscribe, send, destination string }{
		{"/queue/a", "/queue/a", "/queue/a"}, {"/queue/a", "/amq/queue/a", "/queue/a"}, {"/queue/a", "a", "/queue/a"}, {"/queue/a", "queue://a", "/queue/a"},
		{"/queue/b%2Fc", "/queue/b%2Fc", "/queue/b%2Fc"}, {"/queue/b/c", "/queue/b/c", "/queue/b/c"}, {"/queue/b/c", "b/c", "/queue/b/c"}, {"/queue/b/c", "b%2Fc", "/queue/b%2Fc"},
		{"/topic/t.*", "/topic/t.x", "/topic/t.x"}, {"/topic/t.x", "topic://t.x", "/topic/t.x"}, {"/topic/t.x", "/exchange/amq.topic/t.x", "/topic/t.x"},
		{"/exchange/x", "/exchange/x/k", "/exchange/x/k"}, {"/exchange/x", "/exchange/x", "/exchange/x"},
		{"/queue/Consumer.A.VirtualTopic.o", "/topic/VirtualTopic.o", "/queue/Consumer.A.VirtualTopic.o; original-destination:/topic/VirtualTopic.o"},
		{"Consumer.B.VirtualTopic.o", "/topic/VirtualTopic.o", "/queue/Consumer.B.VirtualTopic.o; original-destination:/topic/VirtualTopic.o"},
		{"/queue/Consumer.C.VirtualTopic.o", "/queue/Consumer.C.VirtualTopic.o", "/queue/Consumer.C.VirtualTopic.o; -original-destination:"},
		{"/temp-queue/q", "/temp-queue/q", "/temp-queue/q"}, {"/temp-topic/q", "/temp-topic/q", "/temp-topic/q"},
	} {
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:s; destination:%s", tt.subscribe)
		c.sync()
		c.send("SEND destination:%s | x", tt.send)
		c.want("MESSAGE subscription:s; destination:%s | x", tt.destination)
		w.cut(c)
	}
	c, server := w.connected("1.2"), w.connected("1.2")
	server.send("SUBSCRIBE id:s; destination:/queue/rpc")
	c.send("SUBSCRIBE id:mine; destination:/temp-queue/answers")
	c.send("SEND destination:/queue/rpc; reply-to:/temp-queue/answers | ask")
	server.send("SEND destination:%s | answer", server.want("MESSAGE | ask").get("reply-to"))
	c.want("MESSAGE destination:/temp-queue/answers | answer")
}

// RabbitMQ takes a SUBSCRIBE without an id in every version.
func TestSubscribeWithoutID(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c := w.connected(v)
		c.send("SUBSCRIBE destination:/queue/a; ack:client")
		c.send("SEND destination:/queue/a | x")
		f := c.want("MESSAGE destination:/queue/a; -subscription: | x")
		c.send("%s", ackLine("ACK", v, f))
		c.send("SUBSCRIBE destination:/queue/b; receipt:b")
		c.want("RECEIPT")
		c.send("UNSUBSCRIBE destination:/queue/a; receipt:u")
		c.want("RECEIPT")
		if n := w.counts("a"); n.Consumers != 0 || n.Ready+n.InFlight != 0 {
			t.Errorf("%+v", n)
		}
		c.refused("SUBSCRIBE destination:/queue/b", "there is a subscription")
	})
}

// What is browsed can be acknowledged, as in ActiveMQ, and stays.
func TestBrowsedAcknowledged(t *testing.T) {
	each(t, func(t *testing.T, v string) {
		w := newWorld(t)
		c := w.connected(v)
		c.send("SEND destination:/queue/a; receipt:r | x")
		c.want("RECEIPT")
		c.send("SUBSCRIBE id:b; destination:/queue/a; browser:true; ack:client")
		f := c.want("MESSAGE | x")
		c.want("MESSAGE browser:end")
		for _, command := range []string{"ACK", "NACK"} {
			c.send("%s; receipt:r", ackLine(command, v, f))
			c.want("RECEIPT")
		}
		if n := w.counts("a"); n.Ready != 1 {
			t.Errorf("%+v", n)
		}
	})
}

func TestResponseID(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send("CONNECT accept-version:1.2; request-id:a 7")
	c.want("CONNECTED response-id:a 7")
}
