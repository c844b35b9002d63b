package amqp091

import (
	"bytes"
	"testing"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// BenchmarkConfirmed is persistent messages of 256 bytes with confirms, a
// hundred outstanding, into a queue in memory, and all of the client that is
// needed for it.
func BenchmarkConfirmed(b *testing.B) {
	w := newWorld(b)
	c := w.client()
	c.send(1, &wire.QueueDeclare{Queue: "q", Durable: true, Arguments: tableOf("x-max-length", wire.IntValue(1000))})
	c.get()
	c.send(1, &wire.ConfirmSelect{})
	c.get()
	window := bytes.Repeat(message(1, "", "q", string(bytes.Repeat([]byte("b"), 256)), false, persistent), 100)
	b.ReportAllocs()
	seq := uint64(0)
	for b.Loop() {
		c.bytes(window)
		for seq += 100; ; {
			f, err := c.frame()
			if err != nil {
				b.Fatal(err)
			}
			var m wire.BasicAck
			_, args, _ := wire.SplitMethod(f.Payload)
			if err := m.Decode(args); err != nil {
				b.Fatal(err)
			}
			if m.DeliveryTag == seq {
				break
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(seq), "ns/message")
}

// BenchmarkThrough is transient messages from a publisher to a consumer that
// acknowledges every hundredth, multiple.
func BenchmarkThrough(b *testing.B) {
	w := newWorld(b)
	pub, sub := w.client(), w.client()
	sub.send(1, &wire.QueueDeclare{Queue: "q"})
	sub.get()
	sub.send(1, &wire.BasicQos{PrefetchCount: 1000})
	sub.get()
	sub.send(1, &wire.BasicConsume{Queue: "q", ConsumerTag: "t"})
	sub.get()
	window := bytes.Repeat(message(1, "", "q", string(bytes.Repeat([]byte("b"), 256)), false), 100)
	b.ReportAllocs()
	tag := uint64(0)
	for b.Loop() {
		pub.bytes(window)
		for n := 0; n < 300; n++ {
			if _, err := sub.frame(); err != nil {
				b.Fatal(err)
			}
		}
		tag += 100
		sub.send(1, &wire.BasicAck{DeliveryTag: tag, Multiple: true})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tag), "ns/message")
}
