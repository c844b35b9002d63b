package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// amqp091-go's codec is internal to it. What its client does for the bytes that
// BenchmarkPublish and BenchmarkDeliver measure is measured through the client, on
// a connection that is no socket: publishing is its encoder and locks, consuming
// its decoder and a channel.

// canned is a net.Conn at whose other end a handshake is answered, what else is
// written is dropped, and what is given can be read.
type canned struct {
	reader Reader
	in     chan []byte // what can be read
	rest   []byte      // of what was taken from in
	done   chan struct{}
	told   bool // the handshake is over
}

func newCanned() *canned {
	return &canned{reader: Reader{Max: 131072}, in: make(chan []byte, 16), done: make(chan struct{})}
}

func (c *canned) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		select {
		case c.rest = <-c.in:
		case <-c.done:
			return 0, io.EOF
		}
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// answers are given to the methods of the handshake.
var answers = map[MethodID]func() []byte{
	MethodConnectionStartOk: func() []byte {
		return (&ConnectionTune{ChannelMax: 10, FrameMax: 131072}).Append(nil, 0)
	},
	MethodConnectionOpen: func() []byte { return (&ConnectionOpenOk{}).Append(nil, 0) },
	MethodChannelOpen:    func() []byte { return (&ChannelOpenOk{}).Append(nil, 1) },
	MethodBasicConsume:   func() []byte { return (&BasicConsumeOk{ConsumerTag: "ctag"}).Append(nil, 1) },
	MethodConnectionClose: func() []byte {
		return (&ConnectionCloseOk{}).Append(nil, 0)
	},
}

func (c *canned) Write(b []byte) (int, error) {
	if c.told {
		return len(b), nil
	}
	n := len(b)
	if bytes.HasPrefix(b, []byte("AMQP")) {
		b = b[8:]
		c.in <- (&ConnectionStart{VersionMinor: 9, Mechanisms: "PLAIN", Locales: "en_US"}).Append(nil, 0)
	}
	for len(b) > 0 {
		f, used, err := c.reader.Next(b)
		if err != nil {
			return 0, err
		}
		if b = b[used:]; f.Type != FrameMethod {
			continue
		}
		m, _, err := SplitMethod(f.Payload)
		if err != nil {
			return 0, err
		}
		if answer := answers[m]; answer != nil {
			c.in <- answer()
		}
	}
	return n, nil
}

func (c *canned) Close() error                     { close(c.done); return nil }
func (*canned) LocalAddr() net.Addr                { return &net.TCPAddr{} }
func (*canned) RemoteAddr() net.Addr               { return &net.TCPAddr{} }
func (*canned) SetDeadline(time.Time) error        { return nil }
func (*canned) SetReadDeadline(time.Time) error    { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }

// client is amqp091-go's on a canned connection.
func client(b *testing.B) (*canned, *amqp.Channel) {
	b.Helper()
	c := newCanned()
	conn, err := amqp.Open(c, amqp.Config{SASL: []amqp.Authentication{&amqp.PlainAuth{}}, Vhost: "/"})
	if err != nil {
		b.Fatal(err)
	}
	ch, err := conn.Channel()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.told = false
		if err := conn.Close(); err != nil {
			b.Error(err)
		}
	})
	return c, ch
}

// BenchmarkPublishEncode writes the publish of BenchmarkPublish.
func BenchmarkPublishEncode(b *testing.B) {
	body := bytes.Repeat([]byte("b"), 256)
	b.Run("slipway", func(b *testing.B) {
		var dst []byte
		b.ReportAllocs()
		for b.Loop() {
			dst = appendPublished(dst[:0], body)
		}
	})
	b.Run("amqp091-go", func(b *testing.B) {
		c, ch := client(b)
		c.told = true
		m := amqp.Publishing{DeliveryMode: 2, ContentType: "application/json", Headers: amqp.Table{"k": "v"}, Body: body}
		b.ReportAllocs()
		for b.Loop() {
			if err := ch.PublishWithContext(context.Background(), "orders", "eu.new", false, false, m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// delivered is as published, to a consumer.
func delivered() []byte {
	b := AppendDeliver(nil, 1, "ctag", 1, false, "orders", "eu.new")
	rest := published(256)
	_, n, _ := (&Reader{Max: 131072}).Next(rest)
	return append(b, rest[n:]...)
}

// BenchmarkDeliverDecode reads a hundred deliveries with the content of
// BenchmarkPublish.
func BenchmarkDeliverDecode(b *testing.B) {
	stream := bytes.Repeat(delivered(), 100)
	b.Run("slipway", func(b *testing.B) {
		r := Reader{Max: 131072}
		b.ReportAllocs()
		for b.Loop() {
			readDelivered(b, &r, stream)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/message")
	})
	b.Run("amqp091-go", func(b *testing.B) {
		c, ch := client(b)
		ds, err := ch.Consume("q", "ctag", true, false, false, false, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			c.in <- stream
			for range 100 {
				<-ds
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(100*b.N), "ns/message")
	})
}

// readDelivered reads deliveries as a client would: all their fields.
func readDelivered(b *testing.B, r *Reader, stream []byte) {
	for len(stream) > 0 {
		f, n, err := r.Next(stream)
		if err != nil {
			b.Fatal(err)
		}
		switch stream = stream[n:]; f.Type {
		case FrameMethod:
			var m BasicDeliver
			_, args, _ := SplitMethod(f.Payload)
			err = m.Decode(args)
		case FrameHeader:
			var h Header
			var p Properties
			if h, err = DecodeHeader(f.Payload); err == nil {
				err = p.Decode(h.Properties)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
