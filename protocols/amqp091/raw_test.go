package amqp091

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// A raw is a client that sends what it is told to and shows what it gets.
type raw struct {
	t  testing.TB
	nc net.Conn
	r  wire.Reader
	in []byte
}

func (w *world) raw() *raw {
	r := &raw{t: w.t, nc: w.dial(), r: wire.Reader{Max: 1 << 20}}
	w.t.Cleanup(func() { r.nc.Close() })
	return r
}

type frameAppender interface {
	Append(dst []byte, channel uint16) []byte
}

func (r *raw) bytes(b []byte) {
	r.t.Helper()
	if _, err := r.nc.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

func (r *raw) send(channel uint16, m frameAppender) {
	r.t.Helper()
	r.bytes(m.Append(nil, channel))
}

// publish sends a whole message.
func (r *raw) publish(channel uint16, exchange, key, body string, mandatory bool, props ...func(*wire.Properties)) {
	r.t.Helper()
	r.bytes(message(channel, exchange, key, body, mandatory, props...))
}

func message(channel uint16, exchange, key, body string, mandatory bool, props ...func(*wire.Properties)) []byte {
	var p wire.Properties
	for _, f := range props {
		f(&p)
	}
	b := (&wire.BasicPublish{Exchange: []byte(exchange), RoutingKey: []byte(key), Mandatory: mandatory}).Append(nil, channel)
	b = wire.AppendHeader(b, channel, len(body), p.Append(nil))
	return wire.AppendBody(b, channel, []byte(body), 4096)
}

func persistent(p *wire.Properties) {
	p.DeliveryMode = 2
	p.Set(wire.DeliveryMode, true)
}

func expiring(ms string) func(*wire.Properties) {
	return func(p *wire.Properties) {
		p.Expiration = []byte(ms)
		p.Set(wire.Expiration, true)
	}
}

func withHeaders(t wire.Table) func(*wire.Properties) {
	return func(p *wire.Properties) {
		p.Headers = t
		p.Set(wire.Headers, true)
	}
}

// frame reads the next frame; "end" is the end of the connection.
func (r *raw) frame() (f wire.Frame, err error) {
	r.t.Helper()
	_ = r.nc.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		for len(r.in) > 0 {
			f, n, err := r.r.Next(r.in)
			if err != nil {
				return f, err
			}
			if r.in = r.in[n:]; f.Type != 0 {
				return f, nil
			}
		}
		buf := make([]byte, 64<<10)
		n, err := r.nc.Read(buf)
		if r.in = buf[:n]; n == 0 && err != nil {
			return f, err
		}
	}
}

// get shows the next frame as a line: "1 basic.deliver {...}", "1 header", "1 body text".
func (r *raw) get() string {
	r.t.Helper()
	f, err := r.frame()
	var ne net.Error
	switch {
	case errors.Is(err, io.EOF), errors.As(err, &ne) && !ne.Timeout():
		return "end"
	case err != nil:
		r.t.Fatal(err)
	}
	switch f.Type {
	case wire.FrameHeartbeat:
		return "heartbeat"
	case wire.FrameHeader:
		h, err := wire.DecodeHeader(f.Payload)
		if err != nil {
			r.t.Fatal(err)
		}
		var p wire.Properties
		if err := p.Decode(h.Properties); err != nil {
			r.t.Fatal(err)
		}
		return fmt.Sprintf("%d header %d %s", f.Channel, h.BodySize, showProperties(&p))
	case wire.FrameBody:
		return fmt.Sprintf("%d body %s", f.Channel, f.Payload)
	}
	m, args, err := wire.SplitMethod(f.Payload)
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprintf("%d %s%s", f.Channel, m, show(m, args))
}

// want reads a frame that must begin with what is given.
func (r *raw) want(format string, args ...any) {
	r.t.Helper()
	want := fmt.Sprintf(format, args...)
	if got := r.get(); !strings.HasPrefix(got, want) {
		r.t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// quiet shows that nothing is on its way: what is asked for next is next.
func (r *raw) quiet(channel uint16) {
	r.t.Helper()
	r.send(channel, &wire.BasicQos{})
	r.want("%d basic.qos-ok", channel)
}

// client is one that has logged in and opened channel 1, and more.
func (w *world) client(channels ...uint16) *raw {
	w.t.Helper()
	r := w.raw()
	r.bytes([]byte(wire.ProtocolHeader))
	r.want("0 connection.start")
	var can wire.Table
	for _, name := range []string{"consumer_cancel_notify", "connection.blocked", "authentication_failure_close"} {
		can = wire.AppendField(can, name, wire.BoolValue(true))
	}
	r.send(0, &wire.ConnectionStartOk{
		ClientProperties: wire.AppendField(nil, "capabilities", wire.TableValue(can)), Mechanism: "PLAIN", Response: "\x00guest\x00guest", Locale: "en_US",
	})
	r.want("0 connection.tune")
	r.send(0, &wire.ConnectionTuneOk{FrameMax: 4096})
	r.send(0, &wire.ConnectionOpen{VirtualHost: "/"})
	r.want("0 connection.open-ok")
	for _, n := range append([]uint16{1}, channels...) {
		r.send(n, &wire.ChannelOpen{})
		r.want("%d channel.open-ok", n)
	}
	return r
}

// show is a method's arguments, as far as tests look at them.
func show(m wire.MethodID, args []byte) string {
	text := func(v any, err error) string {
		if err != nil {
			return " ?" + err.Error()
		}
		return strings.NewReplacer("&{", " {").Replace(fmt.Sprintf("%+v", v))
	}
	switch m {
	case wire.MethodBasicDeliver:
		var x wire.BasicDeliver
		err := x.Decode(args)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf(" %s %d redelivered=%t %q %q", x.ConsumerTag, x.DeliveryTag, x.Redelivered, x.Exchange, x.RoutingKey)
	case wire.MethodBasicGetOk:
		var x wire.BasicGetOk
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodBasicReturn:
		var x wire.BasicReturn
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodBasicAck:
		var x wire.BasicAck
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodBasicNack:
		var x wire.BasicNack
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodChannelClose:
		var x wire.ChannelClose
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodConnectionClose:
		var x wire.ConnectionClose
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodQueueDeclareOk:
		var x wire.QueueDeclareOk
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodQueueDeleteOk:
		var x wire.QueueDeleteOk
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodQueuePurgeOk:
		var x wire.QueuePurgeOk
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodBasicCancel:
		var x wire.BasicCancel
		err := x.Decode(args)
		return text(&x, err)
	case wire.MethodConnectionStart:
		var x wire.ConnectionStart
		if err := x.Decode(args); err != nil {
			return err.Error()
		}
		return fmt.Sprintf(" {Mechanisms:%s}", x.Mechanisms)
	case wire.MethodConnectionBlocked:
		var x wire.ConnectionBlocked
		err := x.Decode(args)
		return text(&x, err)
	}
	return ""
}

func showProperties(p *wire.Properties) string {
	var b bytes.Buffer
	for _, f := range []struct {
		which wire.Property
		name  string
		value any
	}{
		{wire.ContentType, "type", string(p.ContentType)}, {wire.DeliveryMode, "mode", p.DeliveryMode}, {wire.Priority, "priority", p.Priority},
		{wire.ReplyTo, "reply-to", string(p.ReplyTo)}, {wire.Expiration, "expiration", string(p.Expiration)},
		{wire.MessageID, "id", string(p.MessageID)}, {wire.Headers, "headers", showTable(p.Headers)},
	} {
		if p.Has(f.which) {
			fmt.Fprintf(&b, "%s=%v ", f.name, f.value)
		}
	}
	return strings.TrimSpace(b.String())
}

func showTable(t wire.Table) string {
	var list []string
	for name, v := range t.Fields() {
		list = append(list, string(name)+":"+showValue(v))
	}
	return "{" + strings.Join(list, " ") + "}"
}

func showValue(v wire.Value) string {
	if n, ok := v.Int(); ok && v.Kind != wire.KindTime {
		return fmt.Sprint(n)
	}
	switch v.Kind {
	case wire.KindTable:
		return showTable(v.Table())
	case wire.KindArray:
		var list []string
		for e := range v.Elements() {
			list = append(list, showValue(e))
		}
		return "[" + strings.Join(list, " ") + "]"
	case wire.KindTime:
		return "time"
	case wire.KindBool:
		return fmt.Sprint(v.Bool())
	}
	return string(v.Raw)
}
