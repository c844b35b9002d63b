package stomp

import "testing"

// activemq.noLocal of a queue: what its own connection sent is for others, whether
// it was sent before the subscription or later; of a wildcard and beside a selector
// too. RabbitMQ's and ActiveMQ's queues know nothing of no-local.
func TestNoLocalOfAQueue(t *testing.T) {
	for _, subscribe := range []string{"destination:/queue/q.a", "destination:/queue/q.>", "destination:/queue/q.a; selector:n = '1'"} {
		w := newWorld(t)
		a, b := w.connected("1.2"), w.connected("1.2")
		a.send("SEND destination:/queue/q.a; n:1; persistent:true | before")
		a.send("SUBSCRIBE id:1; ack:client; activemq.noLocal:true; receipt:s; %s", subscribe)
		a.want("RECEIPT receipt-id:s")
		a.send("SEND destination:/queue/q.a; n:1; persistent:true | own")
		a.send("BEGIN transaction:t")
		a.send("SEND destination:/queue/q.a; n:1; transaction:t | in a transaction")
		a.send("SEND destination:/queue/q.a,/queue/q.a; n:1; transaction:t | twice")
		a.send("COMMIT transaction:t; receipt:c")
		a.want("RECEIPT receipt-id:c")
		b.send("SEND destination:/queue/q.a; n:1; receipt:b | another's")
		b.want("RECEIPT receipt-id:b")
		a.want("MESSAGE | another's")
		a.sync()
		b.send("SUBSCRIBE id:1; destination:/queue/q.a")
		for _, body := range []string{"before", "own", "in a transaction", "twice", "twice"} {
			b.want("MESSAGE | %s", body)
		}
		a.send("SUBSCRIBE id:2; destination:/queue/other; no-local:true")
		a.send("SEND destination:/queue/other | own")
		a.want("MESSAGE subscription:2 | own")
	}
}
