package stomp

import (
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// A reply to who is gone goes nowhere, as in RabbitMQ: it is not the server's fault,
// whose connection has other work.
func TestReplyToWhoIsGone(t *testing.T) {
	w := newWorld(t)
	server, spy := w.connected("1.2"), w.connected("1.2")
	server.send("SUBSCRIBE id:s; destination:/queue/rpc")
	spy.send("SUBSCRIBE id:t; destination:/topic/>")
	spy.sync()
	for _, known := range []bool{true, false} {
		asker := w.connected("1.2")
		asker.send("SEND destination:/queue/rpc; reply-to:/temp-queue/x | ask")
		to := server.want("MESSAGE | ask").get("reply-to")
		if known { // the last SEND went there, too
			server.send("SEND destination:%s | answer", to)
			asker.want("MESSAGE | answer")
		}
		w.cut(asker)
		server.send("SEND destination:%s; receipt:1 | late", to)
		server.want("RECEIPT receipt-id:1")
		server.send("BEGIN transaction:t")
		server.send("SEND destination:%s; transaction:t | late", to)
		server.send("SEND destination:%s,/queue/other; transaction:t | late", to)
		server.send("COMMIT transaction:t; receipt:2")
		server.want("RECEIPT receipt-id:2")
		server.send("SEND destination:/remote-temp-queue/amq.gen-gone; receipt:3 | of an AMQP client")
		server.want("RECEIPT receipt-id:3")
		other := w.connected("1.2")
		other.refused("SUBSCRIBE id:s; destination:"+to, "there is no queue")
	}
	if n := w.counts("other"); n.Ready != 2 {
		t.Errorf("%d beside it", n.Ready)
	}
	spy.sync()
	for _, q := range w.b.Default().Queues("", true) {
		if name := q.Name(); name == "amq.gen-gone" {
			t.Error("it was created")
		}
	}
	users := newWorld(t, withUsers(t))
	users.connected("1.2", "login:app; passcode:secret").refused("SEND destination:/reply-queue/secret", "permission")
	if _, _, err := users.b.Default().DeclareQueue("secret", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	users.connected("1.2", "login:app; passcode:secret").refused("SEND destination:/reply-queue/secret", "permission")
}
