package amqp091

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// withUsers is a world with users whose password is their name.
func withUsers(t testing.TB, users ...core.AccessUser) func(*world) {
	return func(w *world) {
		for i := range users {
			users[i].PasswordHash = users[i].Name
		}
		verify := func(hash string, password []byte) bool { return hash == string(password) }
		access, err := core.NewAccess(users, verify, make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		w.cfg.Access = access
	}
}

// login opens a connection with a mechanism; what comes instead of open-ok is
// returned.
func (w *world) login(mechanism, response, vhost string) (*raw, string) {
	r := w.raw()
	r.bytes([]byte(wire.ProtocolHeader))
	r.want("0 connection.start")
	can := wire.AppendField(nil, "authentication_failure_close", wire.BoolValue(true))
	r.send(0, &wire.ConnectionStartOk{ClientProperties: wire.AppendField(nil, "capabilities", wire.TableValue(can)), Mechanism: mechanism, Response: response})
	if got := r.get(); !strings.HasPrefix(got, "0 connection.tune") {
		return r, got
	}
	r.send(0, &wire.ConnectionTuneOk{FrameMax: 4096})
	r.send(0, &wire.ConnectionOpen{VirtualHost: vhost})
	got := r.get()
	if got == "0 connection.open-ok" {
		r.send(1, &wire.ChannelOpen{})
		r.want("1 channel.open-ok")
	}
	return r, got
}

func TestLogin(t *testing.T) {
	w := newWorld(t, withUsers(t, core.AccessUser{Name: "app"}, core.AccessUser{Name: "tenant", Namespace: "shop"}))
	if _, err := w.b.Namespace("shop"); err != nil {
		t.Fatal(err)
	}
	amqplain := string(tableOf("LOGIN", wire.StringValue("app"), "PASSWORD", wire.StringValue("app")))
	refused := "0 connection.close {ReplyCode:403 ReplyText:ACCESS_REFUSED - Login was refused using authentication mechanism "
	for _, tt := range []struct{ mechanism, response, vhost, want string }{
		{"PLAIN", "\x00app\x00app", "/", "0 connection.open-ok"},
		{"PLAIN", "app\x00app\x00app", "/", "0 connection.open-ok"},
		{"AMQPLAIN", amqplain, "/", "0 connection.open-ok"},
		{"PLAIN", "\x00guest\x00guest", "/", "0 connection.open-ok"},
		{"ANONYMOUS", "", "/", "0 connection.open-ok"},
		{"PLAIN", "\x00tenant\x00tenant", "shop", "0 connection.open-ok"},
		{"PLAIN", "\x00tenant\x00tenant", "/", "0 connection.close {ReplyCode:530 ReplyText:NOT_ALLOWED - access to vhost '/' refused for user 'tenant'"},
		{"PLAIN", "\x00app\x00app", "shop", "0 connection.close {ReplyCode:530"},
		{"PLAIN", "\x00app\x00app", "none", "0 connection.close {ReplyCode:530 ReplyText:NOT_ALLOWED - vhost none not found"},
		{"PLAIN", "\x00app\x00app", "", "0 connection.close {ReplyCode:530"},
		{"PLAIN", "\x00app\x00wrong", "/", refused + "PLAIN"},
		{"PLAIN", "\x00guest\x00wrong", "/", refused + "PLAIN"},
		{"PLAIN", "tenant\x00app\x00app", "/", refused + "PLAIN"},
		{"PLAIN", "app", "/", refused + "PLAIN"},
		{"AMQPLAIN", "\x05LOGIN", "/", refused + "AMQPLAIN"},
		{"EXTERNAL", "", "/", "end"},
		{"GSSAPI", "", "/", "end"},
	} {
		if _, got := w.login(tt.mechanism, tt.response, tt.vhost); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s %q %q: %s", tt.mechanism, tt.response, tt.vhost, got)
		}
	}
	w = newWorld(t) // without users nobody has a password
	if _, got := w.login("PLAIN", "\x00app\x00app", "/"); !strings.HasPrefix(got, refused) {
		t.Error(got)
	}
}

// The routing keys of exchanges of kind topic, in RabbitMQ's words.
func TestTopicPermissions(t *testing.T) {
	w := newWorld(t, withUsers(t))
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	if err := w.cfg.Access.Keep(w.b, nil); err != nil {
		t.Fatal(err)
	}
	_, err := w.cfg.Access.ChangeAccount("u", func(acc *core.Account, _ bool) error {
		acc.PasswordHash, acc.Permissions = "u", map[string]core.Permissions{"": all}
		acc.Topics = map[string]map[string]core.TopicPermissions{"": {core.AMQTopic: {Write: "^a", Read: "^b"}, "own": {Write: "^a", Read: "^b"}}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	admin := w.client()
	admin.declare("q", true)
	for name, kind := range map[string]string{"own": "topic", "f": "fanout"} {
		admin.send(1, &wire.ExchangeDeclare{Exchange: name, Type: kind})
		admin.want("1 exchange.declare-ok")
	}
	const refused = "access to topic '%s' in exchange '%s' in vhost '/' refused for user 'u'"
	for _, tt := range []struct {
		send frameAppender
		want string
	}{
		{&wire.QueueBind{Queue: "q", Exchange: "amq.topic", RoutingKey: "b.#"}, "queue.bind-ok"},
		{&wire.QueueBind{Queue: "q", Exchange: "amq.topic", RoutingKey: "c.#"}, fmt.Sprintf(refused, "c.#", "amq.topic")},
		{&wire.QueueBind{Queue: "q", Exchange: "own", RoutingKey: "b"}, "queue.bind-ok"},
		{&wire.QueueBind{Queue: "q", Exchange: "own", RoutingKey: "#"}, fmt.Sprintf(refused, "#", "own")},
		{&wire.QueueUnbind{Queue: "q", Exchange: "amq.topic", RoutingKey: "zz"}, fmt.Sprintf(refused, "zz", "amq.topic")},
		{&wire.ExchangeBind{Destination: "f", Source: "own", RoutingKey: "zz"}, fmt.Sprintf(refused, "zz", "own")},
		{&wire.QueueBind{Queue: "q", Exchange: "f", RoutingKey: "zz"}, "queue.bind-ok"},
	} {
		c, _ := w.login("PLAIN", "\x00u\x00u", "/")
		c.send(1, tt.send)
		if got := c.get(); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s", tt.send, got)
		}
	}
	for _, tt := range []struct{ exchange, key, cc, want string }{
		{"amq.topic", "a.x", "", "basic.ack"}, {"amq.topic", "x", "", fmt.Sprintf(refused, "x", "amq.topic")},
		{"own", "a.x", "", "basic.ack"}, {"own", "x", "", fmt.Sprintf(refused, "x", "own")},
		{"own", "a.x", "x", fmt.Sprintf(refused, "x", "own")}, {"f", "x", "", "basic.ack"},
	} {
		c, _ := w.login("PLAIN", "\x00u\x00u", "/")
		c.send(1, &wire.ConfirmSelect{})
		c.want("1 confirm.select-ok")
		cc := tableOf()
		if tt.cc != "" {
			cc = tableOf("CC", wire.ArrayValue(wire.StringValue(tt.cc)))
		}
		c.publish(1, tt.exchange, tt.key, "m", false, withHeaders(cc))
		if got := c.get(); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestPermissions(t *testing.T) {
	topics, err := match.ParseMQTT("in/#")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, withUsers(t, core.AccessUser{Name: "app", Grants: []core.Grant{
		{Actions: core.Configure | core.Write | core.Read, Queues: []string{"app.*"}, Topics: []match.Filter{topics}},
		{Actions: core.Read, Queues: []string{"shared"}},
	}}))
	admin := w.client()
	admin.declare("shared", true)
	admin.declare("secret", true)
	for _, tt := range []struct {
		send frameAppender
		want string
	}{
		{&wire.QueueDeclare{Queue: "app.q"}, "queue.declare-ok"},
		{&wire.QueueDeclare{Queue: "other"}, "configure access to queue 'other' in vhost '/' refused for user 'app'"},
		{&wire.QueueDeclare{Queue: "app.d", Arguments: tableOf("x-dead-letter-exchange", wire.StringValue(""))}, "write access to exchange 'amq.default'"},
		{&wire.QueueDeclare{Queue: "app.e", Arguments: tableOf("x-dead-letter-exchange", wire.StringValue(""), "x-dead-letter-routing-key", wire.StringValue("secret"))}, "write access"},
		{&wire.QueueDeclare{Queue: "app.f", Arguments: tableOf("x-dead-letter-exchange", wire.StringValue("amq.topic"))}, "write access to exchange 'amq.topic'"},
		{&wire.QueueDelete{Queue: "shared"}, "configure access"},
		{&wire.QueuePurge{Queue: "secret"}, "read access to queue 'secret'"},
		{&wire.BasicGet{Queue: "shared"}, "basic.get-empty"},
		{&wire.BasicGet{Queue: "secret"}, "read access"},
		{&wire.BasicConsume{Queue: "secret"}, "read access"},
		{&wire.QueueBind{Queue: "app.q", Exchange: "amq.topic", RoutingKey: "in.#"}, "queue.bind-ok"},
		{&wire.QueueBind{Queue: "app.q", Exchange: "amq.topic", RoutingKey: "#"}, "read access to exchange 'amq.topic'"},
		{&wire.QueueBind{Queue: "secret", Exchange: "amq.topic", RoutingKey: "in.x"}, "write access to queue 'secret'"},
		{&wire.QueueBind{Queue: "app.q", Exchange: "amq.direct", RoutingKey: "x"}, "read access to exchange 'amq.direct'"},
		{&wire.ExchangeDeclare{Exchange: "app.x", Type: "fanout"}, "exchange.declare-ok"},
		{&wire.ExchangeDeclare{Exchange: "x", Type: "fanout"}, "configure access to exchange 'x'"},
		{&wire.ExchangeDeclare{Exchange: "app.y", Type: "fanout", Arguments: tableOf("alternate-exchange", wire.StringValue("amq.topic"))}, "write access to exchange 'amq.topic'"},
		{&wire.ExchangeBind{Destination: "amq.topic", Source: "app.x"}, "write access to exchange 'amq.topic'"},
		{&wire.ExchangeBind{Destination: "app.x", Source: "amq.topic", RoutingKey: "in.y"}, "exchange.bind-ok"},
	} {
		c, _ := w.login("PLAIN", "\x00app\x00app", "/")
		c.send(1, tt.send)
		if got := c.get(); !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s", tt.send, got)
		}
	}
	for _, tt := range []struct{ exchange, key, want string }{
		{"", "app.q", ""}, {"app.x", "any", ""}, {"amq.topic", "in.z", ""},
		{"", "secret", "ACCESS_REFUSED"}, {"", "shared", "ACCESS_REFUSED"}, {"amq.topic", "out", "ACCESS_REFUSED"}, {"amq.fanout", "", "ACCESS_REFUSED"},
	} {
		c, _ := w.login("PLAIN", "\x00app\x00app", "/")
		c.send(1, &wire.ConfirmSelect{})
		c.get()
		c.publish(1, tt.exchange, tt.key, "m", false)
		if got := c.get(); (tt.want == "") != strings.HasPrefix(got, "1 basic.ack") {
			t.Errorf("%q %q: %s", tt.exchange, tt.key, got)
		}
	}
	// CC and BCC lead nowhere that the routing key may not.
	for _, tt := range []struct{ exchange, key, header, copy, want string }{
		{"", "app.q", "CC", "secret", "ACCESS_REFUSED"}, {"", "app.q", "BCC", "secret", "ACCESS_REFUSED"}, {"", "app.q", "CC", "app.z", ""},
		{"amq.topic", "in.z", "CC", "out.z", "ACCESS_REFUSED"}, {"amq.topic", "in.z", "BCC", "in.y", ""}, {"app.x", "any", "CC", "secret", ""},
	} {
		c, _ := w.login("PLAIN", "\x00app\x00app", "/")
		c.send(1, &wire.ConfirmSelect{})
		c.get()
		c.publish(1, tt.exchange, tt.key, "m", false, withHeaders(tableOf(tt.header, wire.ArrayValue(wire.StringValue(tt.copy)))))
		if got := c.get(); (tt.want == "") != strings.HasPrefix(got, "1 basic.ack") {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

// An alarm: clients are told, what they publish is kept back and then goes on,
// and consumers are served meanwhile.
func TestBlocked(t *testing.T) {
	w := newWorld(t)
	c := w.client(2)
	c.declare("q", true)
	c.send(1, &wire.ConfirmSelect{})
	c.get()
	w.b.HoldPublishes("an alarm")
	c.quiet(1) // who does not publish hears nothing
	c.publish(1, "", "q", "kept", false, persistent)
	c.want("0 connection.blocked {Reason:an alarm}")
	c.publish(2, "", "q", "kept too", false, persistent)
	c.quiet(1) // and once
	w.b.HoldPublishes("")
	got := []string{c.get(), c.get()}
	if got[0] > got[1] {
		got[0], got[1] = got[1], got[0]
	}
	if got[0] != "0 connection.unblocked" || !strings.HasPrefix(got[1], "1 basic.ack {DeliveryTag:1") {
		t.Error(got)
	}
	late := w.client()
	late.quiet(1)
}

// Heartbeats go both ways: ours come when there is nothing else to say, and a
// client without any is cut.
func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		r := w.raw()
		r.bytes([]byte(wire.ProtocolHeader))
		r.want("0 connection.start")
		r.send(0, &wire.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest"})
		r.want("0 connection.tune")
		r.send(0, &wire.ConnectionTuneOk{FrameMax: 4096, Heartbeat: 10})
		r.send(0, &wire.ConnectionOpen{VirtualHost: "/"})
		r.want("0 connection.open-ok")
		start := time.Now()
		for range 3 {
			r.bytes(wire.AppendHeartbeat(nil))
			r.want("heartbeat")
		}
		if d := time.Since(start); d < 10*time.Second || d > 30*time.Second {
			t.Errorf("three heartbeats in %v", d)
		}
		for r.get() == "heartbeat" {
		}
		if d := time.Since(start); d < 30*time.Second || d > 50*time.Second {
			t.Errorf("a silent client was cut after %v", d)
		}
		r.nc.Close()
	})
}

// Asking whether a queue is there is a use of it, as in RabbitMQ: who does so now
// and then keeps it from expiring.
func TestPassiveDeclareIsAUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		r := w.client()
		r.send(1, &wire.QueueDeclare{Queue: "q", Arguments: tableOf("x-expires", wire.IntValue(3000))})
		r.want("1 queue.declare-ok")
		for range 3 {
			time.Sleep(2 * time.Second)
			r.send(1, &wire.QueueDeclare{Queue: "q", Passive: true})
			r.want("1 queue.declare-ok")
		}
		time.Sleep(4 * time.Second)
		r.send(1, &wire.QueueDeclare{Queue: "q", Passive: true})
		r.want("1 channel.close {ReplyCode:404")
		r.nc.Close()
	})
}

// Who does not read is cut, and what it was sent is its queue's again.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(w *world) { w.pipe = true })
		defer w.close()
		r := w.client()
		r.declare("a", true)
		r.consume(1, "a", "c", false)
		w.door.CutsStalled(t, "a")
		r.nc.Close()
	})
}

// slowMessages are more than sockets hold.
const slowMessages = 5000

// A client that never reads costs nobody else anything, and the broker no more
// than its output.
func TestSlowConsumer(t *testing.T) {
	w := newWorld(t, func(w *world) { w.net.OutputLimit = 64 << 10 })
	slow, fast := w.client(), w.client()
	slow.declare("slow", false)
	fast.declare("fast", false)
	slow.send(1, &wire.BasicConsume{Queue: "slow", ConsumerTag: "s", NoAck: true})
	fast.consume(1, "fast", "f", true)
	body := strings.Repeat("x", 4000)
	for range slowMessages {
		fast.publish(1, "", "slow", body, false)
	}
	for range 10 {
		fast.publish(1, "", "fast", "m", false)
		fast.want("1 basic.deliver f")
		fast.get()
		fast.get()
	}
	for _, c := range w.srv.Conns() {
		if c.Queued > 3<<20 {
			t.Errorf("%d bytes queued for %s", c.Queued, c.Remote)
		}
	}
	q, _ := w.b.Default().Queue("slow")
	if n := q.Counts(); n.Ready == 0 {
		t.Error("everything was pushed to a client that does not read")
	}
	slow.want("1 basic.consume-ok")
	for i := range slowMessages {
		slow.want("1 basic.deliver s %d", i+1)
		slow.get()
		slow.get()
	}
}

// A body that is said to be long costs nothing before it comes, one that is too
// long is refused by its header, and no frame is longer than agreed.
func TestBodyLimits(t *testing.T) {
	w := newWorld(t, func(w *world) { w.cfg.MaxMessage = 1 << 30 })
	c := w.client()
	head := (&wire.BasicPublish{}).Append(nil, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.bytes(wire.AppendBody(wire.AppendHeader(head, 1, 1<<30, []byte{0, 0}), 1, []byte("begun"), 0))
	c.send(0, &wire.ConnectionClose{})
	c.want("0 connection.close-ok")
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes for a body of five", grown)
	}
	w = newWorld(t, func(w *world) { w.cfg.MaxMessage = 1000 })
	c = w.client()
	c.publish(1, "", "q", strings.Repeat("x", 1001), false)
	c.want("1 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000 ClassID:60 MethodID:40}")
	c.send(1, &wire.ChannelCloseOk{})
	c.send(1, &wire.ChannelOpen{})
	c.want("1 channel.open-ok")
	c.bytes(wire.AppendBody(nil, 1, make([]byte, 5000), 0))
	c.want("0 connection.close {ReplyCode:501")
	w = newWorld(t, func(w *world) { w.cfg.MaxMessage, w.cfg.MaxReceiving = 10_000, 12_000 })
	c = w.client(2)
	long := strings.Repeat("x", 10_000)
	for range 3 { // one after the other is nothing
		c.publish(1, "", "q", long, false)
	}
	half := message(1, "", "q", long, false)
	c.bytes(half[:len(half)-(10_000-2*4088)-wire.FrameOverhead])
	c.quiet(2)
	half = message(2, "", "q", long, false)
	c.bytes(half[:len(half)-(10_000-2*4088)-wire.FrameOverhead])
	c.want("0 connection.close {ReplyCode:506 ReplyText:RESOURCE_ERROR - more than 12000 bytes of messages that are not complete")
}

// What a connection held is free when it is cut: exclusive queues are gone,
// deliveries back at their place.
func TestCut(t *testing.T) {
	w := newWorld(t)
	c, other := w.client(), w.client()
	c.declare("q", false)
	c.send(1, &wire.QueueDeclare{Queue: "mine", Exclusive: true})
	c.want("1 queue.declare-ok")
	for i := range 3 {
		other.publish(1, "", "q", fmt.Sprint(i), false)
	}
	other.quiet(1)
	c.consume(1, "q", "t", false)
	for range 9 {
		c.get()
	}
	c.nc.Close()
	other.consume(1, "q", "o", false)
	for i := range 3 {
		other.want(`1 basic.deliver o %d redelivered=true "" "q"`, i+1)
		other.get()
		other.want("1 body %d", i)
	}
	for {
		other.send(1, &wire.QueueDeclare{Queue: "mine", Passive: true})
		got := other.get()
		if strings.Contains(got, "NOT_FOUND") {
			break
		}
		if !strings.Contains(got, "RESOURCE_LOCKED") { // it is going
			t.Fatal(got)
		}
		other.send(1, &wire.ChannelCloseOk{})
		other.send(1, &wire.ChannelOpen{})
		other.want("1 channel.open-ok")
	}
}

// A queue that is deleted tells its consumers.
func TestCancelNotify(t *testing.T) {
	w := newWorld(t)
	c, other := w.client(), w.client()
	c.declare("q", false)
	c.consume(1, "q", "t", false)
	other.send(1, &wire.QueueDelete{Queue: "q"})
	other.want("1 queue.delete-ok")
	c.want("1 basic.cancel {ConsumerTag:t NoWait:true}")
	c.declare("q", false)
	c.consume(1, "q", "t", false) // the tag is free
}

// FuzzConnection: whatever a client sends after it has logged in, it is
// answered or cut, and others go on.
func FuzzConnection(f *testing.F) {
	f.Add(message(1, "", "q", "body", true, persistent))
	f.Add((&wire.TxSelect{}).Append((&wire.ConfirmSelect{}).Append(nil, 1), 1))
	f.Add((&wire.BasicConsume{Queue: "q"}).Append((&wire.QueueDeclare{Queue: "q"}).Append(nil, 1), 1))
	w := newWorld(f)
	other := w.client()
	f.Fuzz(func(t *testing.T, b []byte) {
		here := *w
		here.t = t
		c := here.client()
		_, _ = c.nc.Write(b)
		_, _ = c.nc.Write((&wire.ConnectionClose{}).Append(nil, 0))
		_ = c.nc.(*net.TCPConn).CloseWrite() // it may have become a part of a frame
		for {
			if got := c.get(); got == "end" || strings.HasPrefix(got, "0 connection.close") {
				break
			}
		}
		c.nc.Close()
		other.t = t
		other.quiet(1)
		if n := w.srv.Stats().Panics.Load(); n > 0 {
			t.Fatal("the handler panicked")
		}
	})
}
