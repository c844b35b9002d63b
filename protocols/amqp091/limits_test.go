package amqp091

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/amqp091/wire"
)

// withAccount is a world where u, whose password is u, may do everything in / and shop.
func withAccount(t *testing.T, w *world, quotas core.Quotas) {
	t.Helper()
	if err := w.cfg.Access.Keep(w.b, nil); err != nil {
		t.Fatal(err)
	}
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	_, err := w.cfg.Access.ChangeAccount("u", func(acc *core.Account, _ bool) error {
		acc.PasswordHash, acc.Permissions, acc.Quotas = "u", map[string]core.Permissions{"": all, "shop": all}, quotas
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func limit(t *testing.T, ns *core.Namespace, name string, n int64) {
	t.Helper()
	if err := ns.ChangeQuotas(func(core.Quotas) core.Quotas { return core.Quotas{name: n} }); err != nil {
		t.Fatal(err)
	}
}

// bye closes in order: with the close-ok in hand the place is free.
func (r *raw) bye() {
	r.t.Helper()
	r.send(0, &wire.ConnectionClose{})
	r.want("0 connection.close-ok")
}

// Connections, channels and queues over a limit are refused in RabbitMQ 3.10's words.
func TestLimits(t *testing.T) {
	w := newWorld(t, withUsers(t))
	shop, err := w.b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	withAccount(t, w, core.Quotas{core.MaxConnections: 2, core.MaxChannels: 3})
	enter := func(vhost string) *raw {
		t.Helper()
		r, got := w.login("PLAIN", "\x00u\x00u", vhost)
		if got != "0 connection.open-ok" {
			t.Fatal(got)
		}
		return r
	}
	refused := func(vhost, why string) {
		t.Helper()
		want := "0 connection.close {ReplyCode:530 ReplyText:NOT_ALLOWED - " + why + " ClassID:10 MethodID:40}"
		if _, got := w.login("PLAIN", "\x00u\x00u", vhost); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	limit(t, shop, core.MaxConnections, 1)
	first := enter("shop")
	refused("shop", "access to vhost 'shop' refused for user 'u': connection limit (1) is reached")
	second := enter("/")
	refused("/", "connection refused for user 'u': user connection limit (2) is reached")
	first.bye()
	first = enter("shop")
	limit(t, shop, core.MaxConnections, 0)
	second.bye()
	refused("shop", "access to vhost 'shop' refused for user 'u': connection limit (0) is reached")

	// One channel is open.
	for n := uint16(2); n <= 3; n++ {
		first.send(n, &wire.ChannelOpen{})
		first.want("%d channel.open-ok", n)
	}
	first.send(2, &wire.ChannelClose{})
	first.want("2 channel.close-ok")
	first.send(3, &wire.QueueDeclare{Queue: "none", Passive: true}) // it is closed for that
	first.want("3 channel.close {ReplyCode:404")
	first.send(3, &wire.ChannelCloseOk{})
	for n := uint16(2); n <= 3; n++ {
		first.send(n, &wire.ChannelOpen{})
		first.want("%d channel.open-ok", n)
	}
	limit(t, shop, core.MaxQueues, 1)
	first.declare("q", true)
	first.declare("q", true)
	first.send(3, &wire.QueueDeclare{Queue: "more"})
	first.want("3 channel.close {ReplyCode:406 ReplyText:PRECONDITION_FAILED - cannot declare queue 'more': queue limit in vhost 'shop' (1) is reached ClassID:50 MethodID:10}")
	first.send(3, &wire.ChannelCloseOk{})
	first.send(3, &wire.ChannelOpen{})
	first.want("3 channel.open-ok")
	// Direct reply-to is no queue.
	first.send(1, &wire.BasicConsume{Queue: replyTo, NoAck: true, ConsumerTag: "r"})
	first.want("1 basic.consume-ok")
	first.send(4, &wire.ChannelOpen{})
	first.want("0 connection.close {ReplyCode:530 ReplyText:NOT_ALLOWED - number of channels opened for user 'u' has reached the maximum allowed user limit of (3)")
	limit(t, shop, core.MaxConnections, -1)
	enter("shop").bye() // who was closed has left
	enter("shop").bye()
}

// A virtual host that was deleted since the client's connection found it is not entered.
func TestEnterWhatIsDeleted(t *testing.T) {
	w := newWorld(t)
	shop, err := w.b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	w.tuned()
	var c *conn
	for c == nil { // what the read loop wrote is ours once we have seen this
		w.h.open.mu.Lock()
		for _, x := range w.h.open.conns {
			x.mu.Lock()
			if x.shown.ChannelMax > 0 {
				c = x
			}
			x.mu.Unlock()
		}
		w.h.open.mu.Unlock()
		runtime.Gosched()
	}
	if err := w.b.DeleteNamespace("shop", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.enter(shop, "shop"); err == nil || err.Error() != "NOT_ALLOWED - vhost shop not found" {
		t.Error(err)
	}
	c.mu.Lock() // which the connection, whose all this is, takes when it ends
	in := c.ns != nil || c.place != nil
	c.mu.Unlock()
	if in {
		t.Error("it is in")
	}
}

// Who connects while the virtual host is deleted is refused, or cut off with the rest.
func TestConnectWhileItIsDeleted(t *testing.T) {
	w := newWorld(t)
	gone := errors.New("the vhost is gone")
	for round := range 200 {
		name := fmt.Sprint("shop", round)
		if _, err := w.b.Namespace(name); err != nil {
			t.Fatal(err)
		}
		clients := make([]*raw, 4)
		for i := range clients {
			clients[i] = w.tuned()
		}
		var wg sync.WaitGroup
		for _, r := range clients {
			wg.Go(func() { r.bytes((&wire.ConnectionOpen{VirtualHost: name}).Append(nil, 0)) })
		}
		err := w.b.DeleteNamespace(name, func() error {
			for _, c := range w.srv.Conns() {
				if c.Namespace == name {
					w.srv.CloseConn(c.ID, gone)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		for _, r := range clients {
			got := r.get()
			if got == "0 connection.open-ok" {
				got = r.get() // nothing comes, without end, to who is let in and not cut off
			}
			if !strings.HasPrefix(got, "0 connection.close") && got != "end" {
				t.Fatal(got)
			}
			r.nc.Close()
		}
	}
}

// tuned is a client that only has to open a virtual host.
func (w *world) tuned() *raw {
	r := w.raw()
	r.bytes([]byte(wire.ProtocolHeader))
	r.want("0 connection.start")
	r.send(0, &wire.ConnectionStartOk{Mechanism: "PLAIN", Response: "\x00guest\x00guest", Locale: "en_US"})
	r.want("0 connection.tune")
	r.send(0, &wire.ConnectionTuneOk{FrameMax: 4096})
	return r
}
