package amqp091

import (
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// Another protocol's header is answered with ours.
func TestProtocolHeader(t *testing.T) {
	w := newWorld(t)
	for _, head := range []string{"AMQP\x00\x01\x00\x00", "AMQP\x03\x01\x00\x00", "AMQP\x01\x01\x08\x00", "GET / HTTP/1.1\r\n\r\n"} {
		r := w.raw()
		r.bytes([]byte(head))
		got := make([]byte, 9)
		n, _ := r.nc.Read(got)
		if string(got[:n]) != wire.ProtocolHeader {
			t.Errorf("%q was answered with %q", head, got[:n])
		}
	}
}

func TestDeclarePublishConsume(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send(1, &wire.QueueDeclare{Queue: "q", Durable: true})
	c.want("1 queue.declare-ok {Queue:q MessageCount:0 ConsumerCount:0}")
	c.publish(1, "", "q", "one", false, persistent)
	c.publish(1, "", "q", strings.Repeat("x", 9000), false)
	c.send(1, &wire.BasicConsume{Queue: "q", ConsumerTag: "t"})
	c.want("1 basic.consume-ok")
	c.want(`1 basic.deliver t 1 redelivered=false "" "q"`)
	c.want("1 header 3 mode=2")
	c.want("1 body one")
	c.want(`1 basic.deliver t 2 redelivered=false "" "q"`)
	c.want("1 header 9000")
	for _, n := range []int{4088, 4088, 824} {
		if got := c.get(); len(got) != len("1 body ")+n {
			t.Fatal(len(got))
		}
	}
	c.send(1, &wire.BasicNack{DeliveryTag: 2, Multiple: true, Requeue: true})
	c.want(`1 basic.deliver t 3 redelivered=true "" "q"`)
	c.get()
	c.want("1 body one")
	c.want(`1 basic.deliver t 4 redelivered=true "" "q"`)
	for range 4 {
		c.get()
	}
	c.send(1, &wire.BasicAck{DeliveryTag: 0, Multiple: true})
	c.send(1, &wire.BasicCancel{ConsumerTag: "t"})
	c.want("1 basic.cancel-ok")
	c.send(1, &wire.QueueDelete{Queue: "q", IfUnused: true, IfEmpty: true})
	c.want("1 queue.delete-ok {MessageCount:0}")
	c.send(1, &wire.BasicAck{DeliveryTag: 4})
	c.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - unknown delivery tag 4 ClassID:60 MethodID:80}")
	c.send(1, &wire.ChannelCloseOk{})
	c.send(1, &wire.ChannelOpen{})
	c.want("1 channel.open-ok")
	c.send(0, &wire.ConnectionClose{})
	c.want("0 connection.close-ok")
	c.want("end")
}

// Settled later than its consumer: what a cancelled consumer holds.
func TestAckAfterCancel(t *testing.T) {
	w := newWorld(t)
	c := w.client(2)
	c.send(1, &wire.QueueDeclare{Queue: "q"})
	c.get()
	for range 3 {
		c.publish(1, "", "q", "m", false)
	}
	c.send(1, &wire.BasicConsume{Queue: "q", ConsumerTag: "t"})
	for range 1 + 3*3 {
		c.get()
	}
	c.send(1, &wire.BasicCancel{ConsumerTag: "t"})
	c.want("1 basic.cancel-ok")
	c.send(1, &wire.BasicAck{DeliveryTag: 2})
	c.send(1, &wire.BasicReject{DeliveryTag: 1, Requeue: true})
	c.send(1, &wire.QueueDeclare{Queue: "q", Passive: true})
	c.want("1 queue.declare-ok {Queue:q MessageCount:1 ConsumerCount:0}")
	c.send(1, &wire.ChannelClose{})
	c.want("1 channel.close-ok")
	c.send(2, &wire.QueueDeclare{Queue: "q", Passive: true})
	c.want("2 queue.declare-ok {Queue:q MessageCount:2 ConsumerCount:0}")
}

func TestConfirms(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send(1, &wire.QueueDeclare{Queue: "q", Durable: true, Arguments: tableOf("x-max-length", wire.IntValue(2), "x-overflow", wire.StringValue("reject-publish"))})
	c.get()
	c.send(1, &wire.ConfirmSelect{})
	c.want("1 confirm.select-ok")
	c.publish(1, "", "q", "1", true, persistent)
	c.want("1 basic.ack {DeliveryTag:1 Multiple:false}")
	c.publish(1, "", "nowhere", "2", true, persistent)
	c.want("1 basic.return {ReplyCode:312 ReplyText:NO_ROUTE Exchange: RoutingKey:nowhere}")
	c.want("1 header 1 mode=2")
	c.want("1 body 2")
	c.want("1 basic.ack {DeliveryTag:2 Multiple:false}")
	c.publish(1, "", "nowhere", "3", false)
	c.want("1 basic.ack {DeliveryTag:3 Multiple:false}")
	c.publish(1, "", "q", "4", false, persistent)
	c.want("1 basic.ack {DeliveryTag:4 Multiple:false}")
	c.publish(1, "", "q", "5", false, persistent)
	c.want("1 basic.nack {DeliveryTag:5 Multiple:false Requeue:false}")
}

// tableOf is a table of names and values.
func tableOf(list ...any) (t wire.Table) {
	for i := 0; i < len(list); i += 2 {
		t = wire.AppendField(t, list[i].(string), list[i+1].(wire.Value))
	}
	return t
}

func TestGetAndPurge(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.send(1, &wire.QueueDeclare{Queue: ""})
	if got := c.get(); !strings.Contains(got, "Queue:amq.gen-") {
		t.Fatal(got)
	}
	c.send(1, &wire.QueueBind{Exchange: "amq.fanout"})
	c.want("1 queue.bind-ok")
	for _, body := range []string{"a", "b", "c"} {
		c.publish(1, "amq.fanout", "any", body, false)
	}
	c.send(1, &wire.BasicGet{})
	c.want("1 basic.get-ok {DeliveryTag:1 Redelivered:false Exchange:amq.fanout RoutingKey:any MessageCount:2}")
	c.want("1 header 1")
	c.want("1 body a")
	c.send(1, &wire.BasicGet{NoAck: true})
	c.want("1 basic.get-ok {DeliveryTag:2")
	c.get()
	c.want("1 body b")
	c.send(1, &wire.QueuePurge{})
	c.want("1 queue.purge-ok {MessageCount:1}")
	c.send(1, &wire.BasicGet{})
	c.want("1 basic.get-empty")
	c.send(1, &wire.BasicRecover{Requeue: true})
	c.want("1 basic.recover-ok")
	c.send(1, &wire.BasicGet{})
	c.want("1 basic.get-ok {DeliveryTag:3 Redelivered:true Exchange:amq.fanout RoutingKey:any MessageCount:0}")
}

func TestErrors(t *testing.T) {
	w := newWorld(t)
	setup := w.client()
	setup.send(1, &wire.QueueDeclare{Queue: "q", Durable: true, Arguments: tableOf("x-message-ttl", wire.IntValue(1000))})
	setup.get()
	setup.send(1, &wire.ExchangeDeclare{Exchange: "x", Type: "direct", Internal: true})
	setup.get()
	setup.send(1, &wire.QueueDeclare{Queue: "mine", Exclusive: true})
	setup.get()
	for _, tt := range []struct {
		send frameAppender
		want string
	}{
		{&wire.QueueDeclare{Queue: "none", Passive: true}, "1 channel.close {ReplyCode:404 ReplyText:NOT_FOUND - no queue 'none' in vhost '/' ClassID:50 MethodID:10}"},
		{&wire.QueueDeclare{Passive: true}, "1 channel.close {ReplyCode:404 ReplyText:NOT_FOUND - no queue '' in vhost '/' ClassID:50 MethodID:10}"},
		{&wire.QueueDeclare{Queue: "q"}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true' ClassID:50 MethodID:10}"},
		{&wire.QueueDeclare{Queue: "q", Durable: true}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '1000' of type 'signedint'"},
		{&wire.QueueDeclare{Queue: "mine"}, "1 channel.close {ReplyCode:405 ReplyText:RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'mine' in vhost '/'"},
		{&wire.BasicConsume{Queue: "mine"}, "1 channel.close {ReplyCode:405"},
		{&wire.BasicGet{Queue: "mine"}, "1 channel.close {ReplyCode:405"},
		{&wire.QueueDeclare{Queue: "amq.mine"}, "1 channel.close {ReplyCode:403 ReplyText:ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'"},
		{&wire.QueueDeclare{Queue: "s", Durable: true, Arguments: tableOf("x-queue-type", wire.StringValue("stream"))}, "1 channel.close {ReplyCode:406"},
		{&wire.QueueDeclare{Queue: "s", Arguments: tableOf("x-expires", wire.IntValue(0))}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - invalid arg 'x-expires' for queue 's' in vhost '/': {value_zero,0}"},
		{&wire.QueueBind{Queue: "q", Exchange: "nox"}, "1 channel.close {ReplyCode:404 ReplyText:NOT_FOUND - no exchange 'nox' in vhost '/' ClassID:50 MethodID:20}"},
		{&wire.QueueBind{Queue: "q"}, "1 channel.close {ReplyCode:403 ReplyText:ACCESS_REFUSED - operation not permitted on the default exchange"},
		{&wire.ExchangeDeclare{Exchange: "x", Type: "fanout"}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'x' in vhost '/': received 'fanout' but current is 'direct'"},
		{&wire.ExchangeDeclare{Exchange: "y", Type: "nothing"}, "0 connection.close {ReplyCode:503 ReplyText:COMMAND_INVALID - unknown exchange type 'nothing' ClassID:40 MethodID:10}"},
		{&wire.ExchangeDelete{Exchange: "amq.direct"}, "1 channel.close {ReplyCode:403"},
		{&wire.BasicQos{PrefetchSize: 1}, "0 connection.close {ReplyCode:540 ReplyText:NOT_IMPLEMENTED - prefetch_size!=0 (1) ClassID:60 MethodID:10}"},
		{&wire.BasicRecover{}, "0 connection.close {ReplyCode:540 ReplyText:NOT_IMPLEMENTED - requeue=false"},
		{&wire.BasicPublish{Immediate: true}, "0 connection.close {ReplyCode:540 ReplyText:NOT_IMPLEMENTED - immediate=true ClassID:60 MethodID:40}"},
		{&wire.BasicReject{DeliveryTag: 9}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - unknown delivery tag 9 ClassID:60 MethodID:90}"},
		{&wire.TxCommit{}, "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - channel is not transactional ClassID:90 MethodID:20}"},
		{&wire.ChannelOpen{}, "0 connection.close {ReplyCode:504 ReplyText:CHANNEL_ERROR - second 'channel.open' seen ClassID:20 MethodID:10}"},
		{&wire.ConnectionTuneOk{}, "0 connection.close {ReplyCode:503"},
		{&wire.ChannelFlow{}, "0 connection.close {ReplyCode:540 ReplyText:NOT_IMPLEMENTED - active=false"},
	} {
		c, channel := w.client(), uint16(1)
		if _, ok := tt.send.(*wire.ConnectionTuneOk); ok {
			channel = 0
		}
		c.send(channel, tt.send)
		c.want("%s", tt.want)
	}
	for _, tt := range []struct {
		send []byte
		want string
	}{
		{message(1, "nox", "k", "body", false), "1 channel.close {ReplyCode:404 ReplyText:NOT_FOUND - no exchange 'nox' in vhost '/' ClassID:60 MethodID:40}"},
		{message(1, "x", "k", "body", false), "1 channel.close {ReplyCode:403 ReplyText:ACCESS_REFUSED - cannot publish to internal exchange 'x' in vhost '/' ClassID:60 MethodID:40}"},
		{message(1, "", "q", "b", false, expiring("soon")), "1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - invalid expiration 'soon'"},
		{wire.AppendBody(nil, 1, []byte("b"), 0), "0 connection.close {ReplyCode:505 ReplyText:UNEXPECTED_FRAME"},
		{(&wire.QueueDelete{Queue: "q"}).Append((&wire.BasicPublish{}).Append(nil, 1), 1), "0 connection.close {ReplyCode:505"},
		{(&wire.BasicQos{}).Append(nil, 9), "0 connection.close {ReplyCode:504 ReplyText:CHANNEL_ERROR - expected 'channel.open' ClassID:60 MethodID:10}"},
		{[]byte("nonsense that is no frame"), "0 connection.close {ReplyCode:501 ReplyText:FRAME_ERROR"},
		{[]byte{1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 99, 0xCE}, "0 connection.close {ReplyCode:540"},
	} {
		c := w.client()
		c.bytes(tt.send)
		c.want("%s", tt.want)
	}
	setup.quiet(1)
}

// What RabbitMQ still answers to old and to anxious clients.
func TestOldManners(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.bytes((&wire.AccessRequest{Realm: "/data", Active: true}).Append(nil, 1))
	c.want("1 access.request-ok")
	c.bytes((&wire.ChannelClose{}).Append((&wire.ChannelClose{}).Append(nil, 1), 1))
	c.want("1 channel.close-ok")
	c.want("1 channel.close-ok")
	c.bytes((&wire.ChannelOpen{}).Append(nil, 1))
	c.want("1 channel.open-ok")
	c.quiet(1)
}

// Both sides close a channel at once: each answers the other.
func TestCloseAtOnce(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	c.bytes((&wire.ChannelClose{}).Append((&wire.BasicAck{DeliveryTag: 1}).Append(nil, 1), 1))
	c.want("1 channel.close {ReplyCode:406")
	c.want("1 channel.close-ok")
	c.bytes((&wire.ChannelOpen{}).Append((&wire.ChannelCloseOk{}).Append(nil, 1), 1))
	c.want("1 channel.open-ok")
	c.quiet(1)
}
