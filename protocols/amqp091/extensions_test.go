package amqp091

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// consume starts a consumer and answers to nothing.
func (r *raw) consume(channel uint16, queue, tag string, noAck bool) {
	r.t.Helper()
	r.send(channel, &wire.BasicConsume{Queue: queue, ConsumerTag: tag, NoAck: noAck})
	r.want("%d basic.consume-ok", channel)
}

// declare declares a queue with arguments.
func (r *raw) declare(queue string, durable bool, list ...any) {
	r.t.Helper()
	r.send(1, &wire.QueueDeclare{Queue: queue, Durable: durable, Arguments: tableOf(list...)})
	r.want("1 queue.declare-ok")
}

// Properties come back byte for byte, whatever kinds of values are in them.
func TestVerbatim(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("q", true)
	var p wire.Properties
	for _, f := range []struct {
		which wire.Property
		to    *[]byte
	}{
		{wire.ContentType, &p.ContentType}, {wire.ContentEncoding, &p.ContentEncoding}, {wire.CorrelationID, &p.CorrelationID},
		{wire.ReplyTo, &p.ReplyTo}, {wire.MessageID, &p.MessageID}, {wire.Type, &p.Type}, {wire.AppID, &p.AppID}, {wire.ClusterID, &p.ClusterID},
	} {
		*f.to = []byte("\xff\x00any" + fmt.Sprint(f.which))
		p.Set(f.which, true)
	}
	p.UserID, p.Timestamp, p.Priority, p.DeliveryMode, p.Expiration = []byte("guest"), 1<<62, 9, 2, []byte("0060000")
	for _, which := range []wire.Property{wire.UserID, wire.Timestamp, wire.Priority, wire.DeliveryMode, wire.Expiration, wire.Headers} {
		p.Set(which, true)
	}
	for _, v := range []wire.Value{
		{Kind: wire.KindInt8, Raw: []byte{0xff}}, {Kind: wire.KindUint16, Raw: []byte{1, 2}}, {Kind: wire.KindFloat, Raw: []byte{1, 2, 3, 4}},
		{Kind: wire.KindDecimal, Raw: []byte{2, 0, 0, 0, 5}}, {Kind: wire.KindTime, Raw: []byte("8 bytes!")}, {Kind: wire.KindVoid},
		{Kind: wire.KindBytes, Raw: []byte{0}}, wire.ArrayValue(wire.TableValue(tableOf("n", wire.DoubleValue(1)))), wire.BoolValue(true),
		{Kind: wire.KindUint64, Raw: []byte("\xff7 bytes")}, wire.StringValue("\xff not text"),
	} {
		p.Headers = wire.AppendField(p.Headers, "same name", v)
	}
	c.publish(1, "", "q", "body", false, func(to *wire.Properties) { *to = p })
	c.consume(1, "q", "t", true)
	c.want("1 basic.deliver")
	f, err := c.frame()
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.DecodeHeader(f.Payload)
	if want := p.Append(nil); err != nil || string(h.Properties) != string(want) {
		t.Errorf("got  %x\nwant %x\n%v", h.Properties, want, err)
	}
}

// What no field of the core is for goes to other protocols as a header, unless the
// publisher has one of that name.
func TestClusterID(t *testing.T) {
	for name, x := range map[string]struct {
		headers wire.Table
		want    string
	}{"alone": {nil, "cluster-id=rack-1"}, "beside": {tableOf("k", wire.StringValue("v")), "k=v cluster-id=rack-1"}, "named so": {tableOf("cluster-id", wire.StringValue("mine")), "cluster-id=mine"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.client()
			c.declare("q", true)
			c.publish(1, "", "q", "body", false, persistent, withHeaders(x.headers), func(p *wire.Properties) {
				p.ClusterID = []byte("rack-1")
				p.Set(wire.ClusterID, true)
			})
			q, _ := w.b.Default().Queue("q")
			ds, err := q.Receive(t.Context(), core.ReceiveOptions{Max: 1, Wait: time.Minute})
			if err != nil || len(ds) != 1 {
				t.Fatal(ds, err)
			}
			var got []string
			for _, h := range ds[0].Message.Headers {
				got = append(got, h.Name+"="+h.Value.Str)
			}
			if text := strings.Join(got, " "); text != x.want {
				t.Errorf("%q, want %q", text, x.want)
			}
			var p wire.Properties
			if err := p.Decode(ds[0].Message.Origin.Data); err != nil || string(p.ClusterID) != "rack-1" {
				t.Errorf("%q, %v", p.ClusterID, err)
			}
		})
	}
}

// Dead letters with their trail as RabbitMQ writes it.
func TestDeadLetters(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("dead", true)
	c.declare("work", true, "x-dead-letter-exchange", wire.StringValue(""), "x-dead-letter-routing-key", wire.StringValue("dead"))
	c.declare("wait", true, "x-dead-letter-exchange", wire.StringValue("amq.direct"), "x-message-ttl", wire.IntValue(60_000))
	c.send(1, &wire.QueueBind{Queue: "work", Exchange: "amq.direct", RoutingKey: "wait"})
	c.want("1 queue.bind-ok")
	c.publish(1, "", "wait", "m", false, persistent, expiring("1"), withHeaders(tableOf("k", wire.StringValue("v"), "x-death", wire.StringValue("forged"))))
	c.consume(1, "work", "t", false)
	c.want(`1 basic.deliver t 1 redelivered=false "amq.direct" "wait"`)
	c.want("1 header 1 mode=2 headers={k:v x-death:[{count:1 reason:expired queue:wait time:time exchange: routing-keys:[wait] original-expiration:1}] " +
		"x-first-death-exchange: x-first-death-queue:wait x-first-death-reason:expired x-last-death-exchange: x-last-death-queue:wait x-last-death-reason:expired}")
	c.get()
	c.consume(1, "dead", "d", false)
	c.send(1, &wire.BasicReject{DeliveryTag: 1})
	c.want(`1 basic.deliver d 2 redelivered=false "" "dead"`)
	c.want("1 header 1 mode=2 headers={k:v x-death:[" +
		"{count:1 reason:rejected queue:work time:time exchange:amq.direct routing-keys:[wait]} " +
		"{count:1 reason:expired queue:wait time:time exchange: routing-keys:[wait] original-expiration:1}] " +
		"x-first-death-exchange: x-first-death-queue:wait x-first-death-reason:expired x-last-death-exchange:amq.direct x-last-death-queue:work x-last-death-reason:rejected}")
}

// A limit on redeliveries, and the count that quorum queues tell.
func TestDeliveryLimit(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("dead", true)
	c.declare("q", true, "x-queue-type", wire.StringValue("quorum"), "x-delivery-limit", wire.IntValue(2),
		"x-dead-letter-exchange", wire.StringValue(""), "x-dead-letter-routing-key", wire.StringValue("dead"))
	c.publish(1, "", "q", "m", false, persistent)
	c.consume(1, "q", "t", false)
	for i, headers := range []string{"mode=2", "mode=2 headers={x-delivery-count:1}", "mode=2 headers={x-delivery-count:2}"} {
		c.want("1 basic.deliver t %d redelivered=%t", i+1, i > 0)
		if got := c.get(); got != "1 header 1 "+headers {
			t.Errorf("%d: %s", i, got)
		}
		c.get()
		c.send(1, &wire.BasicNack{DeliveryTag: uint64(i + 1), Requeue: true})
	}
	c.consume(1, "dead", "d", true)
	c.want("1 basic.deliver d 4")
	if got := c.get(); !strings.Contains(got, "{count:1 reason:delivery_limit queue:q time:time exchange: routing-keys:[q]}") {
		t.Error(got)
	}
}

// As seen at RabbitMQ 3.10: a consumer is told from the first redelivery on, basic.get
// always, over what the publisher wrote there.
func TestDeliveryCount(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("quorum", true, "x-queue-type", wire.StringValue("quorum"))
	c.declare("classic", true)
	seven := withHeaders(tableOf("x-delivery-count", wire.LongValue(7)))
	for queue, want := range map[string][]string{
		"quorum":  {"{x-delivery-count:0}", "{x-delivery-count:1}", "{x-delivery-count:2}", "{x-delivery-count:7}", "{x-delivery-count:1}"},
		"classic": {"{x-delivery-count:7}", "{x-delivery-count:7}", "{x-delivery-count:7}", "{x-delivery-count:7}", "{x-delivery-count:7}"},
	} {
		r := w.client()
		next := func(n int, begins string) {
			t.Helper()
			r.want("%s", begins)
			if got := r.get(); got != "1 header 1 headers="+want[n] {
				t.Errorf("%s, delivery %d: %s, want %s", queue, n, got, want[n])
			}
			r.get()
		}
		r.publish(1, "", queue, "m", false, seven)
		for n := range 2 {
			r.send(1, &wire.BasicGet{Queue: queue})
			next(n, "1 basic.get-ok")
			r.send(1, &wire.BasicNack{DeliveryTag: uint64(n + 1), Requeue: true})
		}
		r.consume(1, queue, "t", false)
		next(2, "1 basic.deliver t 3 redelivered=true")
		r.send(1, &wire.BasicAck{DeliveryTag: 3})
		r.publish(1, "", queue, "m", false, seven)
		next(3, "1 basic.deliver t 4 redelivered=false")
		r.send(1, &wire.BasicNack{DeliveryTag: 4, Requeue: true})
		next(4, "1 basic.deliver t 5 redelivered=true")
		r.send(1, &wire.BasicAck{DeliveryTag: 5})
	}
}

// Both kinds of prefetch; a channel at its common limit holds nothing from
// others.
func TestPrefetch(t *testing.T) {
	w := newWorld(t)
	c := w.client(2)
	c.declare("a", false)
	c.declare("b", false)
	c.send(1, &wire.BasicQos{PrefetchCount: 2, Global: true})
	c.want("1 basic.qos-ok")
	c.consume(1, "a", "a", false)
	c.consume(1, "b", "b", false)
	for _, queue := range []string{"a", "b", "a", "b"} {
		c.publish(2, "", queue, queue, false)
	}
	for i := range 2 {
		c.want("1 basic.deliver %s %d", []string{"a", "b"}[i], i+1)
		c.get()
		c.get()
	}
	c.quiet(2)
	other := w.client()
	other.consume(1, "a", "other", false)
	other.want(`1 basic.deliver other 1 redelivered=false "" "a"`)
	other.get()
	other.get()
	c.send(1, &wire.BasicAck{DeliveryTag: 1})
	c.want(`1 basic.deliver b 3 redelivered=false "" "b"`)
	c.get()
	c.get()
	c.send(1, &wire.BasicQos{PrefetchCount: 0, Global: true})
	c.want("1 basic.qos-ok")
	// For each consumer that comes later.
	c.send(2, &wire.BasicQos{PrefetchCount: 1})
	c.want("2 basic.qos-ok")
	c.declare("each", false)
	c.consume(2, "each", "x", false)
	c.send(2, &wire.BasicQos{PrefetchCount: 2})
	c.want("2 basic.qos-ok")
	for range 3 {
		c.publish(2, "", "each", "m", false)
	}
	c.want("2 basic.deliver x 1")
	c.get()
	c.get()
	c.consume(2, "each", "y", false)
	for tag := range 2 {
		c.want("2 basic.deliver y %d", tag+2)
		c.get()
		c.get()
	}
	c.publish(2, "", "each", "m", false)
	c.quiet(2)
	c.send(2, &wire.BasicAck{DeliveryTag: 1})
	c.want("2 basic.deliver x 4")
}

func TestTransactions(t *testing.T) {
	w := newWorld(t)
	c := w.client(2)
	c.declare("in", true)
	c.declare("out", true)
	c.publish(2, "", "in", "job", false, persistent)
	c.send(1, &wire.TxSelect{})
	c.want("1 tx.select-ok")
	c.consume(1, "in", "t", false)
	c.want("1 basic.deliver t 1")
	c.get()
	c.get()
	c.send(1, &wire.BasicAck{DeliveryTag: 1})
	c.publish(1, "", "out", "done", false, persistent)
	count := func(queue string, n int) {
		t.Helper()
		c.send(2, &wire.QueueDeclare{Queue: queue, Passive: true})
		c.want("2 queue.declare-ok {Queue:%s MessageCount:%d ", queue, n)
	}
	count("out", 0)
	c.send(1, &wire.TxRollback{})
	c.want("1 tx.rollback-ok")
	count("out", 0)
	c.send(1, &wire.BasicAck{DeliveryTag: 1})
	c.publish(1, "", "out", "done", false, persistent)
	c.publish(1, "", "nowhere", "lost", true)
	c.send(1, &wire.TxCommit{})
	c.want("1 basic.return {ReplyCode:312 ReplyText:NO_ROUTE Exchange: RoutingKey:nowhere}")
	c.get()
	c.want("1 body lost")
	c.want("1 tx.commit-ok")
	count("out", 1)
	c.send(1, &wire.BasicCancel{ConsumerTag: "t"})
	c.want("1 basic.cancel-ok")
	count("in", 0)
	c.send(1, &wire.ConfirmSelect{})
	c.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - cannot switch from tx to confirm mode")
	w.restart()
	c = w.client(2)
	count("in", 0)
	count("out", 1)
}

// A commit of which a queue refuses a message does not say that all is kept.
func TestTransactionIsRefused(t *testing.T) {
	w := newWorld(t)
	c := w.client(2)
	c.declare("out", true)
	c.send(1, &wire.QueueDeclare{Queue: "full", Durable: true, Arguments: tableOf("x-max-length", wire.IntValue(1), "x-overflow", wire.StringValue("reject-publish"))})
	c.get()
	c.publish(1, "", "full", "0", false, persistent)
	c.send(1, &wire.TxSelect{})
	c.want("1 tx.select-ok")
	c.publish(1, "", "full", "1", false, persistent)
	c.publish(1, "", "out", "2", false, persistent)
	c.send(1, &wire.TxCommit{})
	c.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - partial tx completion")
	for queue, n := range map[string]int{"full": 1, "out": 1} {
		c.send(2, &wire.QueueDeclare{Queue: queue, Passive: true})
		c.want("2 queue.declare-ok {Queue:%s MessageCount:%d ", queue, n)
	}
}

// Further routing keys; BCC is gone, CC stays.
func TestCarbonCopies(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	for _, q := range []string{"to", "cc", "bcc"} {
		c.declare(q, false)
		c.consume(1, q, q, true)
	}
	list := func(key string) wire.Value { return wire.ArrayValue(wire.StringValue(key), wire.StringValue("to")) }
	c.publish(1, "", "to", "m", false, withHeaders(tableOf("CC", list("cc"), "BCC", list("bcc"), "k", wire.IntValue(1))))
	seen := map[string]bool{}
	for range 3 {
		seen[strings.Fields(c.get())[2]] = true
		c.want("1 header 1 headers={CC:[cc to] k:1}")
		c.want("1 body m")
	}
	if len(seen) != 3 {
		t.Error(seen)
	}
	c.quiet(1)
	c.publish(1, "", "to", "m", false, withHeaders(tableOf("CC", wire.StringValue("no list"))))
	c.want("1 channel.close {ReplyCode:406")
}

func TestReplyTo(t *testing.T) {
	w := newWorld(t)
	client, server := w.client(), w.client()
	server.declare("rpc", false)
	server.consume(1, "rpc", "s", true)
	ask := func(p *wire.Properties) {
		p.ReplyTo = []byte(replyTo)
		p.Set(wire.ReplyTo, true)
	}
	client.publish(1, "", "rpc", "too early", false, ask)
	client.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - fast reply consumer does not exist")
	client = w.client()
	client.consume(1, replyTo, "r", true)
	client.publish(1, "", "rpc", "question", false, ask)
	server.want("1 basic.deliver")
	head := server.get()
	_, to, _ := strings.Cut(head, "reply-to=")
	if !strings.HasPrefix(to, replyPrefix) {
		t.Fatal(head)
	}
	server.want("1 body question")
	server.send(1, &wire.QueueDeclare{Queue: to, Passive: true})
	server.want("1 queue.declare-ok")
	server.publish(1, "", to, "answer", true)
	client.want(`1 basic.deliver r 1 redelivered=false "" %q`, to)
	client.get()
	client.want("1 body answer")
	client.send(1, &wire.BasicConsume{Queue: replyTo, NoAck: true})
	client.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - reply consumer already set")
	server.quiet(1)
	server.publish(1, "", to, "too late", true)
	server.want("1 basic.return")
}

// What other doors publish and read.
func TestOtherDoors(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("q", true)
	c.send(1, &wire.QueueBind{Queue: "q", Exchange: "amq.topic", RoutingKey: "sensors.#"})
	c.want("1 queue.bind-ok")
	m := &core.Message{
		Body: []byte("12"), Text: true, Durable: true, Priority: 3, MessageID: "id", ReplyTo: core.TopicAddress("re/ply"), GroupID: "g",
		Origin:  core.Origin{Protocol: "mqtt", Data: []byte{1}},
		Headers: []core.Header{{Name: "n", Value: core.NumberValue("1.50")}, {Name: "l", Value: core.ArrayValue([]core.Value{core.IntValue(1), core.BoolValue(true)})}},
	}
	if _, err := w.b.Default().Publish(context.Background(), &core.Publication{Message: m, To: core.TopicAddress("sensors/kitchen.2")}); err != nil {
		t.Fatal(err)
	}
	c.consume(1, "q", "t", true)
	c.want(`1 basic.deliver t 1 redelivered=false "amq.topic" "sensors.kitchen/2"`)
	c.want("1 header 2 type=text/plain mode=2 priority=3 reply-to=amq.topic/re.ply id=id headers={n:\x02\x00\x00\x00\x96 l:[1 true] JMSXGroupID:g}")
	c.want("1 body 12")
	c.publish(1, "amq.topic", "", "an empty key", false)
	c.quiet(1)
	c.declare("sqs", true)
	c.publish(1, "amq.topic", "a.b", "to nobody", false)
	c.publish(1, "", "sqs", "text", false, persistent, withHeaders(tableOf("JMSXGroupID", wire.StringValue("g"), "n", wire.IntValue(-7))))
	q, _ := w.b.Default().Queue("sqs")
	ds, err := q.Receive(context.Background(), core.ReceiveOptions{Max: 1, Wait: 1e9})
	if err != nil || len(ds) != 1 {
		t.Fatal(ds, err)
	}
	got := ds[0].Message
	if string(got.Body) != "text" || !got.Durable || got.GroupID != "g" || len(got.Headers) != 1 || got.Headers[0].Value.Int() != -7 {
		t.Errorf("%+v", got)
	}
}

// What basic.get holds counts towards no prefetch.
func TestGetBesidePrefetch(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.declare("q", false)
	for i := range 4 {
		c.publish(1, "", "q", fmt.Sprint(i), false)
	}
	c.send(1, &wire.BasicQos{PrefetchCount: 1, Global: true})
	c.want("1 basic.qos-ok")
	c.send(1, &wire.BasicGet{Queue: "q"})
	c.want("1 basic.get-ok {DeliveryTag:1 ")
	c.get()
	c.want("1 body 0")
	c.consume(1, "q", "t", false)
	c.want("1 basic.deliver t 2 ")
	c.get()
	c.want("1 body 1")
	c.send(1, &wire.BasicAck{DeliveryTag: 1})
	c.quiet(1) // the consumer still holds its one
	c.send(1, &wire.BasicAck{DeliveryTag: 2})
	c.want("1 basic.deliver t 3 ")
	c.get()
	c.want("1 body 2")
}

// A channel that consumes and gets from queues that come and go remembers few of
// them.
func TestQueuesComeAndGo(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.MaxConsumers = 500 })
	c, other := w.client(), w.client()
	for i := range 1000 {
		q := fmt.Sprint("q", i)
		c.declare(q, false)
		c.consume(1, q, "", false)
		c.send(1, &wire.BasicGet{Queue: q})
		c.want("1 basic.get-empty")
		other.send(1, &wire.QueueDelete{Queue: q})
		other.want("1 queue.delete-ok")
		c.want("1 basic.cancel {ConsumerTag:amq.ctag-")
	}
	c.quiet(1)
	w.h.open.mu.Lock()
	defer w.h.open.mu.Unlock()
	for _, k := range w.h.open.conns {
		k.mu.Lock() // the read loop, which waits for us, had it last as it answered
		for _, ch := range k.channels {
			if len(ch.consumers) > 2*keptGone || len(ch.getters) > 2*keptGetters {
				t.Errorf("%d consumers and %d getters are remembered", len(ch.consumers), len(ch.getters))
			}
		}
		k.mu.Unlock()
	}
}
