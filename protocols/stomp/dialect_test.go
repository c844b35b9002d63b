package stomp

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
)

func TestTopics(t *testing.T) {
	w := newWorld(t)
	pub := w.connected("1.2")
	for filter, want := range map[string]string{
		"/topic/a.b": "a.b", "/topic/a.*": "a.b", "/topic/a.>": "a a.b a.b.c", "/topic/>": "a a.b a.b.c b", "/topic/a.#": "a a.b a.b.c", "topic://*": "a b",
		"/exchange/amq.topic/a.*": "a.b", "/topic/b,/topic/a.b": "a.b b",
	} {
		c := w.connected("1.2")
		c.send("SUBSCRIBE id:s; destination:%s", filter)
		c.sync()
		for _, topic := range []string{"a", "a.b", "a.b.c", "b"} {
			pub.send("SEND destination:/topic/%s | %s", topic, topic)
		}
		pub.sync()
		for _, topic := range strings.Fields(want) {
			c.want("MESSAGE destination:/topic/%s; subscription:s | %s", topic, topic)
		}
		c.sync()
		w.cut(c)
	}
	// A queue that deletes itself goes after its consumer, not with it.
	w.eventually("an end of all queues", func() bool { return len(w.b.Default().Queues("", true)) == 0 })
}

func TestExchanges(t *testing.T) {
	w := newWorld(t)
	if _, _, err := w.b.Default().DeclareExchange("logs", core.ExchangeOptions{Kind: core.ExchangeTopic, Durable: true}); err != nil {
		t.Fatal(err)
	}
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:s; destination:/exchange/logs/eu.*")
	c.send("SUBSCRIBE id:d; destination:/exchange/amq.direct/key")
	c.send("SEND destination:/exchange/logs/us.error | us")
	c.send("SEND destination:/exchange/logs/eu.error | eu")
	c.want("MESSAGE destination:/exchange/logs/eu.error; subscription:s | eu")
	c.send("SEND destination:/exchange/amq.direct/key | direct")
	c.want("MESSAGE subscription:d | direct")
	c.send("SEND destination:/queue/q | x")
	c.send("SEND destination:/exchange//q | y")
	c.sync()
	if n := w.counts("q"); n.Ready != 2 {
		t.Errorf("%+v", n)
	}
	c.send("SUBSCRIBE id:q; destination:/amq/queue/q")
	c.want("MESSAGE destination:/queue/q | x")
}

func TestSpellings(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:s; destination:a/b")
	for d, destination := range map[string]string{"/queue/a/b": "", "/queue/a%%2Fb": "", "queue://a/b": "/queue/a/b", "a/b": "/queue/a/b", "/queue/x,a%%2Fb": "/queue/a%%2Fb"} {
		c.send("SEND destination:%s | x", strings.ReplaceAll(d, "%%", "%"))
		f := c.want("MESSAGE subscription:s | x")
		if destination == "" {
			destination = d
		}
		if f.get("destination") != strings.ReplaceAll(destination, "%%", "%") {
			t.Errorf("%s arrives as %s", d, f.get("destination"))
		}
	}
	c.sync()
	if n := w.counts("x"); n.Ready != 1 {
		t.Errorf("%+v", n)
	}
}

// The options that ActiveMQ's destinations may have are for JMS clients: ActiveMQ
// cuts them off, and does nothing of them over STOMP.
func TestDestinationOptions(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:q; destination:/queue/q?consumer.priority=10&consumer.exclusive=true")
	c.send("SEND destination:/queue/q | to a queue")
	c.want("MESSAGE destination:/queue/q; subscription:q | to a queue")
	c.send("SUBSCRIBE id:t; destination:/topic/a.>?consumer.retroactive=true")
	c.send("SEND destination:/topic/a.b?consumer.x= | to a topic")
	c.want("MESSAGE destination:/topic/a.b; subscription:t | to a topic")
	for _, name := range []string{"who?", "a?b=c", "a?consumer.b=1&c=2", "a?consumer.b"} {
		c.send("SEND destination:/queue/%s | named so", name)
		c.sync()
		if n := w.counts(name); n.Ready != 1 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestSelectors(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:q; destination:/queue/a; selector:size > 10 AND color IN ('red', 'blue')")
	c.send("SUBSCRIBE id:t; destination:/topic/a; selector:color LIKE 'r%%'")
	for _, d := range []string{"/queue/a", "/topic/a"} {
		for _, h := range []string{"color:red; size:9", "color:blue; size:11", "color:red; size:11"} {
			c.send("SEND destination:%s; %s | %s", d, h, h)
		}
	}
	c.want("MESSAGE subscription:q | color:blue; size:11")
	c.want("MESSAGE subscription:q | color:red; size:11")
	c.want("MESSAGE subscription:t | color:red; size:9")
	c.want("MESSAGE subscription:t | color:red; size:11")
	c.sync()
}

func TestVirtualTopics(t *testing.T) {
	w := newWorld(t)
	pub := w.connected("1.1")
	a1, a2, b := w.connected("1.1"), w.connected("1.1"), w.connected("1.1")
	a1.send("SUBSCRIBE id:s; destination:/queue/Consumer.A.VirtualTopic.orders; ack:client; prefetch-count:1")
	a2.send("SUBSCRIBE id:s; destination:/queue/Consumer.A.VirtualTopic.orders; ack:client; prefetch-count:1")
	b.send("SUBSCRIBE id:s; destination:/queue/Consumer.B.VirtualTopic.>")
	for _, c := range []*client{a1, a2, b} {
		c.sync()
	}
	pub.send("SEND destination:/topic/VirtualTopic.orders; persistent:true | 1")
	pub.send("SEND destination:/topic/VirtualTopic.orders; persistent:true | 2")
	f1, f2 := a1.want("MESSAGE"), a2.want("MESSAGE")
	if f1.body == f2.body {
		t.Errorf("both got %s", f1.body)
	}
	b.want("MESSAGE | 1")
	b.want("MESSAGE | 2")
	w.cut(a1)
	w.cut(a2)
	pub.send("SEND destination:/topic/VirtualTopic.orders; persistent:true; receipt:r | 3")
	pub.want("RECEIPT")
	w.restart()
	if n := w.counts("Consumer.A.VirtualTopic.orders"); n.Ready != 3 {
		t.Errorf("%+v", n)
	}
}

func TestDurableSubscribers(t *testing.T) {
	for name, d := range map[string]struct{ connect, subscribe, unsubscribe string }{
		"activemq": {"client-id:me", "activemq.subscriptionName:news", "activemq.subscriptionName:news"},
		"rabbitmq": {"x:y", "durable:true; auto-delete:false", "durable:true"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			sub := func() *client {
				c := w.connected("1.2", d.connect)
				c.send("SUBSCRIBE id:s; destination:/topic/news; %s", d.subscribe)
				c.sync()
				return c
			}
			c := sub()
			w.cut(c)
			pub := w.connected("1.2")
			pub.send("SEND destination:/topic/news; persistent:true; receipt:1 | away")
			pub.want("RECEIPT")
			w.restart()
			c = sub2(w, d.connect, d.subscribe)
			c.want("MESSAGE | away")
			c.send("UNSUBSCRIBE id:s; receipt:u")
			c.want("RECEIPT")
			pub = w.connected("1.2")
			pub.send("SEND destination:/topic/news; persistent:true; receipt:1 | unsubscribed")
			pub.want("RECEIPT")
			c.send("SUBSCRIBE id:s; destination:/topic/news; %s", d.subscribe)
			c.want("MESSAGE | unsubscribed")
			c.send("UNSUBSCRIBE id:s; %s; receipt:u", d.unsubscribe)
			c.want("RECEIPT")
			if n := len(w.b.Default().Queues("", true)); n != 0 {
				t.Errorf("%d queues are left", n)
			}
		})
	}
}

func sub2(w *world, connect, subscribe string) *client {
	w.t.Helper()
	c := w.connected("1.2", connect)
	c.send("SUBSCRIBE id:s; destination:/topic/news; %s", subscribe)
	return c
}

func TestDurableSubscriberAlone(t *testing.T) {
	w := newWorld(t)
	c, other := w.connected("1.2", "client-id:me"), w.connected("1.2", "client-id:me")
	c.send("SUBSCRIBE id:s; destination:/topic/news; activemq.subscriptionName:n")
	c.sync()
	other.refused("SUBSCRIBE id:s; destination:/topic/news; activemq.subscriptionName:n", "exclusive")
	w.cut(c)
	pub := w.connected("1.2")
	pub.send("SEND destination:/topic/news; persistent:true; receipt:r | old topic")
	pub.want("RECEIPT")
	c = w.connected("1.2", "client-id:me")
	c.send("SUBSCRIBE id:s; destination:/topic/other; activemq.subscriptionName:n") // another topic: what it collected goes
	c.sync()
	pub.send("SEND destination:/topic/news | not this")
	pub.send("SEND destination:/topic/other | this")
	c.want("MESSAGE | this")
}

func TestRequestAndReply(t *testing.T) {
	for name, subscribe := range map[string]bool{"rabbitmq": false, "activemq": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			asker, server := w.connected("1.2"), w.connected("1.2")
			server.send("SUBSCRIBE id:s; destination:/queue/rpc")
			id := "/temp-queue/answers"
			if subscribe {
				id = "mine"
				asker.send("SUBSCRIBE id:mine; destination:/temp-queue/answers")
			}
			asker.send("SEND destination:/queue/rpc; reply-to:/temp-queue/answers; correlation-id:7 | ask")
			f := server.want("MESSAGE correlation-id:7 | ask")
			if !strings.HasPrefix(f.get("reply-to"), "/reply-queue/") {
				t.Fatalf("reply-to %s", f.get("reply-to"))
			}
			server.send("SEND destination:%s; correlation-id:7 | answer", f.get("reply-to"))
			asker.want("MESSAGE subscription:%s; correlation-id:7 | answer", id)
			if name == "rabbitmq" { // it subscribes after all
				asker.send("SUBSCRIBE id:late; destination:/temp-queue/answers")
				asker.sync()
				server.send("SEND destination:%s | again", f.get("reply-to"))
				asker.want("MESSAGE subscription:late | again")
			}
			server.send("SUBSCRIBE id:thief; destination:%s", f.get("reply-to"))
			server.want("ERROR message:Resource locked")
			w.cut(asker)
			if n := len(w.b.Default().Queues("stomp/", true)); n != 0 {
				t.Errorf("%d queues are left", n)
			}
		})
	}
}

func TestTemporaryTopics(t *testing.T) {
	w := newWorld(t)
	asker, server, spy := w.connected("1.2"), w.connected("1.2"), w.connected("1.2")
	spy.send("SUBSCRIBE id:s; destination:/topic/>")
	spy.sync()
	server.send("SUBSCRIBE id:s; destination:/queue/rpc")
	asker.send("SUBSCRIBE id:t; destination:/temp-topic/x")
	asker.send("SEND destination:/queue/rpc; reply-to:/temp-topic/x | ask")
	f := server.want("MESSAGE | ask")
	server.send("SEND destination:%s | answer", f.get("reply-to"))
	asker.want("MESSAGE subscription:t; destination:/temp-topic/x | answer")
	asker.send("SEND destination:/temp-topic/x | self")
	asker.want("MESSAGE | self")
	spy.sync()
}

func TestNoLocal(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"no-local", "activemq.noLocal"} {
		c, other := w.connected("1.1"), w.connected("1.1")
		c.send("SUBSCRIBE id:s; destination:/topic/chat; %s:true", header)
		c.send("SEND destination:/topic/chat | mine")
		c.sync()
		other.send("SEND destination:/topic/chat | theirs")
		c.want("MESSAGE | theirs")
		w.cut(c)
	}
}

func TestBrowser(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	for _, body := range []string{"1", "2", "3"} {
		c.send("SEND destination:/queue/a; n:%s | %s", body, body)
	}
	c.send("SUBSCRIBE id:b; destination:/queue/a; browser:true; ack:client; selector:n <> 2")
	c.want("MESSAGE subscription:b; browser:true; ack:* | 1")
	c.want("MESSAGE browser:true | 3")
	c.want("MESSAGE subscription:b; browser:end; message-id:* | ")
	c.send("UNSUBSCRIBE id:b")
	c.sync()
	if n := w.counts("a"); n.Ready != 3 {
		t.Errorf("%+v", n)
	}
}

func TestExclusiveAndPriority(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"activemq.exclusive:true", "activemq.priority:10", "x-priority:10"} {
		plain, first := w.connected("1.2"), w.connected("1.2")
		plain.send("SUBSCRIBE id:s; destination:/queue/a")
		plain.sync()
		first.send("SUBSCRIBE id:s; destination:/queue/a; %s", header)
		first.sync()
		for range 4 {
			first.send("SEND destination:/queue/a | x")
			first.want("MESSAGE | x")
		}
		plain.sync()
		w.cut(first)
		plain.send("SEND destination:/queue/a | y")
		plain.want("MESSAGE | y")
		w.cut(plain)
	}
}

func TestStickyGroups(t *testing.T) {
	w := newWorld(t)
	a, b, pub := w.connected("1.2"), w.connected("1.2"), w.connected("1.2")
	pub.send("SEND destination:/queue/g; receipt:r")
	pub.want("RECEIPT")
	for _, c := range []*client{a, b} {
		c.send("SUBSCRIBE id:s; destination:/queue/g; ack:client; prefetch-count:100")
		c.sync0()
	}
	for range 10 {
		pub.send("SEND destination:/queue/g; JMSXGroupID:one | one")
		pub.send("SEND destination:/queue/g; JMSXGroupID:two | two")
	}
	pub.sync()
	got := map[string]map[string]int{}
	for name, c := range map[string]*client{"a": a, "b": b} {
		got[name] = map[string]int{}
		c.send("BEGIN transaction:x; receipt:end")
		for {
			f, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if f.command == "RECEIPT" {
				break
			}
			got[name][f.get("JMSXGroupID")]++
		}
	}
	for _, g := range []string{"one", "two"} {
		if got["a"][g]+got["b"][g] != 10 || got["a"][g] != 0 && got["b"][g] != 0 {
			t.Errorf("group %s: %v", g, got)
		}
	}
}

// sync0 is sync where messages may come too; they are passed over.
func (c *client) sync0() {
	c.t.Helper()
	c.send("BEGIN transaction:sync0; receipt:sync0")
	for {
		f, err := c.read()
		if err != nil {
			c.t.Fatal(err)
		}
		if f.command == "RECEIPT" {
			c.send("ABORT transaction:sync0")
			return
		}
	}
}

func TestPrefetch(t *testing.T) {
	w := newWorld(t)
	for _, header := range []string{"prefetch-count:2", "activemq.prefetchSize:2"} {
		c := w.connected("1.2")
		for i := range 4 {
			c.send("SEND destination:/queue/%s | %d", header[:8], i)
		}
		c.send("SUBSCRIBE id:s; destination:/queue/%s; ack:client-individual; %s", header[:8], header)
		c.want("MESSAGE | 0")
		f := c.want("MESSAGE | 1")
		c.sync()
		c.send("ACK id:%s", f.get("ack"))
		c.want("MESSAGE | 2")
		c.sync()
	}
}

func TestQueueHeaders(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/a; durable:false; x-message-ttl:60000; x-expires:70000; x-max-length:5; x-max-length-bytes:50000; x-overflow:reject-publish; " +
		"x-dead-letter-exchange:dlx; x-dead-letter-routing-key:k; x-max-priority:9; x-single-active-consumer:true; x-delivery-limit:3; x-queue-type:quorum; receipt:r")
	c.want("RECEIPT")
	q, _ := w.b.Default().Queue("a")
	o := q.Options()
	if o.Durable || o.MessageTTL != time.Minute || o.Expires != 70*time.Second || o.MaxLength != 5 || o.MaxBytes != 50000 || o.Overflow != core.RejectPublish ||
		o.DeadLetter != core.ExchangeAddress("dlx", "k") || o.MaxPriority != 9 || !o.SingleActive || o.MaxDeliveries != 4 || !o.Sticky || o.Dialect != DialectName {
		t.Errorf("%+v", o)
	}
	c.send("SEND destination:/queue/x; x-queue-name:named; receipt:n")
	c.want("RECEIPT")
	if _, ok := w.b.Default().Queue("x"); ok {
		t.Error("x-queue-name counts for nothing")
	}
	c.send("SUBSCRIBE id:e; destination:/queue/mine; exclusive:true")
	c.sync()
	other := w.connected("1.2")
	other.refused("SUBSCRIBE id:e; destination:/queue/mine", "not open")
	c.send("SUBSCRIBE id:d; destination:/queue/gone; auto-delete:true")
	c.sync()
	w.cut(c)
	w.eventually("auto-delete", func() bool { _, ok := w.b.Default().Queue("gone"); return !ok })
	c = w.connected("1.2")
	c.refused("SUBSCRIBE id:s; destination:/queue/a; x-max-length:6", "'durable'")
}

func TestHostIsNamespace(t *testing.T) {
	w := newWorld(t)
	if _, err := w.b.Namespace("tenant"); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{"tenant": "tenant", "example.org": "", "/": ""} {
		c := w.connected("1.2", "host:"+host)
		c.send("SEND destination:/queue/of-%s; receipt:r", strings.Trim(host, "/"))
		c.want("RECEIPT")
		ns, _ := w.b.Namespace(want)
		if _, ok := ns.Queue("of-" + strings.Trim(host, "/")); !ok {
			t.Errorf("host %s is not namespace %q", host, want)
		}
	}
	if n := len(w.b.Namespaces()); n != 2 {
		t.Errorf("%d namespaces", n)
	}
}

// A user's permissions are of one namespace, and no host leads out of it.
func TestHostLeadsNoUserAway(t *testing.T) {
	w := newWorld(t, withUsers(t))
	ns, err := w.b.Namespace("tenant")
	if err != nil {
		t.Fatal(err)
	}
	w.client().refused("CONNECT accept-version:1.2; host:tenant; login:other; passcode:secret", "not permitted")
	c := w.connected("1.2", "host:example.org; login:other; passcode:secret")
	c.send("SEND destination:/queue/x; receipt:r")
	c.want("RECEIPT")
	if n := len(ns.Queues("", true)); n != 0 {
		t.Errorf("%d queues of another namespace", n)
	}
}

func withUsers(t *testing.T) func(*world) {
	topics := func(filters ...string) (fs []match.Filter) {
		for _, f := range filters {
			filter, err := match.ParseMQTT(f)
			if err != nil {
				t.Fatal(err)
			}
			fs = append(fs, filter)
		}
		return fs
	}
	access, err := core.NewAccess([]core.AccessUser{
		{Name: "app", PasswordHash: "secret", Grants: []core.Grant{
			{Actions: core.Read | core.Write, Queues: []string{"app-*"}, Topics: topics("app/#")}, {Actions: core.Configure, Queues: []string{"app-new*"}},
			{Actions: core.Configure | core.Write, Queues: []string{"sent-*"}},
		}},
		{Name: "other", PasswordHash: "secret", Grants: []core.Grant{{Actions: core.Read | core.Write | core.Configure, Queues: []string{"*"}, Topics: topics("#")}}},
	}, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return func(w *world) { w.cfg.Access = access }
}

func TestUsers(t *testing.T) {
	w := newWorld(t, withUsers(t))
	w.client().refused("CONNECT accept-version:1.2", "a login is needed")
	w.client().refused("CONNECT accept-version:1.2; login:guest; passcode:guest", "wrong login or passcode")
	w.client().refused("CONNECT accept-version:1.2; login:app; passcode:wrong", "wrong login or passcode")
	app := func() *client { return w.connected("1.2", "login:app; passcode:secret") }
	c := app()
	c.send("SEND destination:/queue/app-new; receipt:1")
	c.want("RECEIPT")
	c.send("SUBSCRIBE id:t; destination:/topic/app.>")
	c.send("SEND destination:/topic/app.x | x")
	c.want("MESSAGE | x")
	for line, why := range map[string]string{
		"SEND destination:/queue/app-other":                                          "permission to create",
		"SEND destination:/queue/other":                                              "permission",
		"SEND destination:/topic/other":                                              "permission",
		"SEND destination:/exchange/amq.direct/k":                                    "permission",
		"SEND destination:/exchange/amq.topic/other":                                 "permission",
		"SEND destination:/queue/app-new2; x-dead-letter-exchange:amq.fanout":        "permission",
		"SEND destination:/queue/app-new3; x-dead-letter-exchange:":                  "permission",
		"SEND destination:/queue/app-new4; x-dead-letter-exchange:amq.topic":         "permission",
		"SEND destination:/queue/sent-1; x-dead-letter-exchange:app-x":               "permission", // it would lead to where one reads what one may not read there
		"SEND destination:/queue/app-new,/topic/other":                               "permission",
		"SUBSCRIBE id:s; destination:/topic/#":                                       "permission",
		"SUBSCRIBE id:s; destination:/exchange/amq.topic/#":                          "permission",
		"SUBSCRIBE id:s; destination:/exchange/amq.direct/k":                         "permission",
		"SUBSCRIBE id:s; destination:/queue/other":                                   "permission",
		"SUBSCRIBE id:s; destination:/queue/app-new.VirtualTopic":                    "",
		"SUBSCRIBE id:s; destination:/topic/app.x; x-queue-name:other; durable:true": "permission",
	} {
		if why != "" {
			app().refused(line, why)
		}
	}
	// A durable subscriber is its user's.
	c = w.connected("1.2", "login:app; passcode:secret; client-id:x")
	c.send("SUBSCRIBE id:s; destination:/topic/app.x; activemq.subscriptionName:n")
	c.sync()
	w.cut(c)
	w.connected("1.2", "login:other; passcode:secret; client-id:x").refused("SUBSCRIBE id:s; destination:/topic/app.x; activemq.subscriptionName:n", "another user's")
	w.connected("1.2", "login:other; passcode:secret; client-id:x").refused("UNSUBSCRIBE id:s; activemq.subscriptionName:n", "another user's")
	// Who was told of a temporary queue may reply there.
	asker := w.connected("1.2", "login:other; passcode:secret")
	asker.send("SEND destination:/queue/app-new; reply-to:/temp-queue/r; n:2")
	c = app()
	c.send("SUBSCRIBE id:s; destination:/queue/app-new")
	c.want("MESSAGE")
	f := c.want("MESSAGE n:2")
	c.send("SEND destination:%s | answer", f.get("reply-to"))
	asker.want("MESSAGE | answer")
}

func TestStrangers(t *testing.T) {
	w := newWorld(t, withUsers(t), func(w *world) { w.open = true })
	for _, login := range []string{"x:y", "login:; passcode:", "login:guest; passcode:guest"} {
		c := w.connected("1.2", login)
		c.send("SEND destination:/queue/any; receipt:r")
		c.want("RECEIPT")
	}
	w.client().refused("CONNECT accept-version:1.2; login:guest; passcode:other", "wrong login")
}

// A queue that is deleted tells its subscribers.
func TestQueueDeleted(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SUBSCRIBE id:s; destination:/queue/a")
	c.sync()
	if err := w.b.Default().DeleteQueue("a"); err != nil {
		t.Fatal(err)
	}
	c.want("ERROR message:Subscription cancelled")
	c.wantEnd()
}

func TestDrain(t *testing.T) {
	w := newWorld(t)
	c := w.connected("1.2")
	c.send("SEND destination:/queue/a; persistent:true; receipt:1")
	c.want("RECEIPT")
	done := make(chan error)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { done <- w.srv.Shutdown(ctx) }()
	c.want("ERROR message:Server is shutting down")
	c.wantEnd()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
