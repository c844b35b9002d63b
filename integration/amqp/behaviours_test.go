package amqp

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// behaviour is what every client sees of a broker that is right.
type behaviour struct {
	name string
	run  func(*cell)
}

func behaviours() []behaviour {
	return []behaviour{
		{"connect and close", connectAndClose},
		{"auth refused", authRefused},
		{"declare and mismatch", declareAndMismatch},
		{"publish and confirm", publishAndConfirm},
		{"return", returned},
		{"get", get},
		{"consume, ack, nack, requeue", consuming},
		{"multiple acks", multipleAcks},
		{"recover", recovered},
		{"prefetch", prefetch},
		{"properties", properties},
		{"direct, fanout, topic", routing},
		{"headers exchange", headers},
		{"exchange to exchange", exchangeToExchange},
		{"alternate exchange", alternateExchange},
		{"dead letters", deadLetters},
		{"dead letters, the whole trail", deathTrail},
		{"time to live", timeToLive},
		{"length limits", lengthLimits},
		{"priority", priority},
		{"exclusive", exclusive},
		{"auto-delete and server names", autoDelete},
		{"consumer cancel notify", cancelNotify},
		{"single active consumer", singleActive},
		{"consumer priority", consumerPriority},
		{"direct reply-to", directReplyTo},
		{"transactions", transactions},
		{"soft and hard errors", errorsOfBoth},
		{"reconnect", reconnect},
		{"64 channels", manyChannels},
		{"4 MiB", large},
	}
}

func connectAndClose(c *cell) {
	k := c.connect()
	k.channel(false).do("closeChannel", nil)
	k.do("close", nil)
	k.closed = true
	c.connect()
}

func authRefused(c *cell) {
	if _, a := c.tryConnect(c.broker.user, "wrong", "/"); a.Error == "" || a.Code != 0 && a.Code != 403 {
		c.Errorf("a wrong password: %+v", a)
	}
	if _, a := c.tryConnect(c.broker.user, c.broker.password, "nowhere"); a.Error == "" || a.Code != 0 && a.Code != 530 {
		c.Errorf("a vhost that is not there: %+v", a)
	}
}

func declareAndMismatch(c *cell) {
	k := c.connect()
	ch := k.channel(false)
	q := ch.queue("q", object{"durable": true}, args("x-message-ttl", 60000))
	if again := ch.queue("q", object{"durable": true}, args("x-message-ttl", 60000)); again != q {
		c.Errorf("declared again: %q", again)
	}
	ch.fails(406, "inequivalent arg 'durable' for queue '"+q+"' in vhost '/'", "queue", object{"name": q, "args": object{"x-message-ttl": 60000}})
	k.channel(false).fails(406, "inequivalent arg 'x-message-ttl'", "queue", object{"name": q, "durable": true})
	k.channel(false).fails(404, "no queue '"+c.name("none")+"' in vhost '/'", "queue", object{"name": c.name("none"), "passive": true})
	k.channel(false).fails(404, "no exchange '"+c.name("none")+"' in vhost '/'", "exchange", object{"name": c.name("none"), "kind": "direct", "passive": true})
	ch = k.channel(false)
	ch.do("exchange", object{"name": c.name("x"), "kind": "direct"})
	ch.fails(406, "inequivalent arg 'type' for exchange '"+c.name("x")+"' in vhost '/'", "exchange", object{"name": c.name("x"), "kind": "fanout"})
	k.channel(false).fails(403, "amq.", "exchange", object{"name": "amq.mine", "kind": "direct"})
	ch = k.channel(false)
	ch.do("exchange", object{"name": c.name("x"), "kind": "direct", "passive": true})
	ch.do("bind", object{"name": q, "exchange": c.name("x"), "key": "k"})
	ch.fails(406, "in use", "deleteExchange", object{"name": c.name("x"), "ifUnused": true})
	ch = k.channel(true)
	ch.publish("", q, "one")
	ch.fails(406, "not empty", "deleteQueue", object{"name": q, "ifEmpty": true})
	ch = k.channel(false)
	if n := ch.do("purge", object{"name": q}).Messages; n != 1 {
		c.Errorf("purged %d", n)
	}
	ch.do("unbind", object{"name": q, "exchange": c.name("x"), "key": "k"})
	ch.do("deleteExchange", object{"name": c.name("x"), "ifUnused": true})
	ch.do("deleteQueue", object{"name": q, "ifEmpty": true, "ifUnused": true})
	ch.do("deleteQueue", object{"name": q}) // of one that is gone is no error
}

func publishAndConfirm(c *cell) {
	ch := c.connect().channel(true)
	q := ch.queue("q", object{"durable": true})
	for i := range 20 {
		ch.publish("", q, fmt.Sprint(i), func(m *message) { m.Props.Mode = 1 + i%2 })
	}
	ch.publish("amq.fanout", "to nobody", "x") // confirmed too
	for i := range 20 {
		if m := ch.get(q); m == nil || string(m.Body) != fmt.Sprint(i) || m.Exchange != "" || m.Key != q || m.Redelivered {
			c.Fatalf("message %d: %+v", i, m)
		}
	}
	ch.fails(404, "no exchange '"+c.name("none")+"'", "publish", object{"exchange": c.name("none"), "key": "", "message": message{}})
}

func returned(c *cell) {
	ch := c.connect().channel(true)
	m := &message{Body: []byte("nobody wants me"), Props: props{MessageID: "7"}}
	ch.ask("publish", object{"exchange": "amq.direct", "key": c.name("nowhere"), "mandatory": true, "message": m})
	e := ch.event("returned")
	if e.Code != 312 || e.Text != "NO_ROUTE" || e.Message == nil || string(e.Message.Body) != string(m.Body) || e.Message.Key != c.name("nowhere") || e.Message.Exchange != "amq.direct" || e.Message.Props.MessageID != "7" {
		c.Errorf("%+v %+v", e, e.Message)
	}
	q := ch.queue("q")
	ch.do("publish", object{"exchange": "", "key": q, "mandatory": true, "message": m})
	ch.none("returned")
	if got := ch.get(q); got == nil {
		c.Error("what has a queue is not there")
	}
}

func get(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q")
	if m := ch.get(q); m != nil {
		c.Fatalf("got %+v of an empty queue", m)
	}
	for _, s := range []string{"a", "b", "c"} {
		ch.publish("", q, s)
	}
	a := ch.do("get", object{"name": q})
	if a.Message == nil || string(a.Message.Body) != "a" || a.Messages != 2 {
		c.Fatalf("%+v %+v", a, a.Message)
	}
	b := ch.do("get", object{"name": q}).Message
	ch.do("reject", object{"tag": a.Message.Tag, "requeue": true})
	if m := ch.waitFor(q); string(m.Body) != "a" || !m.Redelivered {
		c.Errorf("back at its old place: %+v", m)
	}
	ch.do("ack", object{"tag": b.Tag})
	ch.do("get", object{"name": q}) // not acknowledged when the channel closes
	ch.do("closeChannel", nil)
	if m := k.channel(false).waitFor(q); string(m.Body) != "c" || !m.Redelivered {
		c.Errorf("after the channel closed: %+v", m)
	}
	k.channel(false).fails(404, "no queue", "get", object{"name": c.name("none")})
}

func consuming(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q")
	ch.consume(q, "one")
	for _, s := range []string{"a", "b", "c", "d"} {
		ch.publish("", q, s)
	}
	var ms []*message
	for _, s := range []string{"a", "b", "c", "d"} {
		m := ch.delivery()
		ch.want("delivered", string(m.Body), s)
		ms = append(ms, m)
	}
	ch.do("ack", object{"tag": ms[0].Tag})
	ch.do("nack", object{"tag": ms[2].Tag, "requeue": true})
	again := ch.delivery()
	if string(again.Body) != "c" || !again.Redelivered {
		c.Errorf("requeued: %+v", again)
	}
	ch.do("reject", object{"tag": ms[1].Tag, "requeue": false})
	ch.do("cancel", object{"consumer": "one"})
	ch.publish("", q, "e")
	ch.do("closeChannel", nil) // c and d come back, in order, before e
	ch = k.channel(false)
	ch.eventually(q, 3)
	for _, s := range []string{"c", "d", "e"} {
		m := ch.get(q)
		if m == nil || string(m.Body) != s || m.Redelivered != (s != "e") {
			c.Fatalf("want %s: %+v", s, m)
		}
	}
	ch.consume(q, "auto", object{"noAck": true})
	k.channel(true).publish("", q, "f")
	ch.want("without acknowledgement", string(ch.delivery().Body), "f")
	if a := ch.do("queue", object{"name": q, "passive": true}); a.Consumers != 1 || a.Messages != 0 {
		c.Errorf("%+v", a)
	}
}

func multipleAcks(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q")
	for i := range 6 {
		ch.publish("", q, fmt.Sprint(i))
	}
	ch.consume(q, "one")
	var tags []uint64
	for range 6 {
		tags = append(tags, ch.delivery().Tag)
	}
	ch.do("ack", object{"tag": tags[1], "multiple": true})
	ch.do("nack", object{"tag": tags[3], "multiple": true, "requeue": false})
	ch.do("closeChannel", nil)
	ch = k.channel(false)
	ch.eventually(q, 2)
	ch.want("left", string(ch.get(q).Body)+string(ch.get(q).Body), "45")
	ch.ask("ack", object{"tag": 99})
	if e := ch.event("closed"); e.Code != 406 || !strings.Contains(e.Text, "unknown delivery tag 99") {
		c.Errorf("an unknown tag: %+v", e)
	}
}

func recovered(c *cell) {
	ch := c.connect().channel(true)
	q := ch.queue("q")
	ch.publish("", q, "a")
	ch.consume(q, "one")
	ch.delivery()
	ch.do("recover", object{"requeue": true})
	if m := ch.delivery(); string(m.Body) != "a" || !m.Redelivered {
		c.Errorf("%+v", m)
	}
}

func prefetch(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q")
	for i := range 5 {
		ch.publish("", q, fmt.Sprint(i))
	}
	a := k.channel(false)
	a.do("qos", object{"count": 2})
	a.consume(q, "a1")
	bodies, last := a.deliveries(2)
	a.want("the first two", bodies, "0 1")
	a.none("delivery")
	a.consume(q, "a2") // its own two
	bodies, _ = a.deliveries(2)
	a.want("the second consumer's", bodies, "2 3")
	a.none("delivery")
	a.do("ack", object{"tag": last.Tag})
	a.want("one was acknowledged", string(a.delivery().Body), "4")
	a.do("closeChannel", nil)

	b := k.channel(false)
	b.do("qos", object{"count": 3, "global": true}) // of the channel
	b.consume(q, "b1")
	b.consume(q, "b2")
	b.deliveries(3)
	b.none("delivery")
}

func properties(c *cell) {
	ch := c.connect().channel(true)
	q := ch.queue("q")
	want := props{
		ContentType: "application/json", Encoding: "utf-8", Mode: 2, Priority: 3, Correlation: "c", ReplyTo: "r", Expiration: "60000",
		MessageID: "m", Timestamp: 1700000000, Type: "t", UserID: c.broker.user, AppID: "app",
		Headers: object{"text": "größer", "number": 7.0, "yes": true, "list": []any{"a", 1.0}, "table": object{"k": "v"}},
	}
	ch.publish("", q, "{}", func(m *message) { m.Props = want })
	got := ch.get(q)
	if got == nil || !reflect.DeepEqual(got.Props, want) {
		c.Errorf("got %+v", got)
	}
	ch.publish("", q, "bare")
	if got := ch.get(q); got == nil || !reflect.DeepEqual(got.Props, props{}) && !reflect.DeepEqual(got.Props, props{Headers: object{}}) {
		c.Errorf("got %+v", got)
	}
}

func routing(c *cell) {
	ch := c.connect().channel(true)
	a, b := ch.queue("a"), ch.queue("b")
	for kind, keys := range map[string][3]string{ // bound to a, bound to b, published; both or only a get it
		"direct": {"k", "other", "k"}, "topic": {"*.orders.#", "us.#", "eu.orders"}, "fanout": {"x", "y", "z"},
	} {
		x := c.name(kind)
		ch.do("exchange", object{"name": x, "kind": kind, "autoDelete": true})
		ch.do("bind", object{"name": a, "exchange": x, "key": keys[0]})
		ch.do("bind", object{"name": a, "exchange": x, "key": keys[2]}) // one copy all the same
		ch.do("bind", object{"name": b, "exchange": x, "key": keys[1]})
		ch.publish(x, keys[2], kind)
		if m := ch.get(a); m == nil || m.Exchange != x || m.Key != keys[2] {
			c.Errorf("%s: %+v", kind, m)
		}
		if m := ch.get(a); m != nil {
			c.Errorf("%s: a second copy", kind)
		}
		if m := ch.get(b); (m != nil) != (kind == "fanout") {
			c.Errorf("%s: the other got %+v", kind, m)
		}
		for _, key := range []string{keys[0], keys[2]} {
			ch.do("unbind", object{"name": a, "exchange": x, "key": key})
		}
		ch.do("unbind", object{"name": b, "exchange": x, "key": keys[1]})
		other := ch.connect().channel(false)
		other.fails(404, "no exchange", "exchange", object{"name": x, "kind": kind, "passive": true}) // auto-deleted
	}
	ch.do("bind", object{"name": a, "exchange": "amq.topic", "key": c.tag + ".*.temp"})
	ch.publish("amq.topic", c.tag+".kitchen.temp", "21")
	ch.want("amq.topic", string(ch.get(a).Body), "21")
}

func headers(c *cell) {
	ch := c.connect().channel(true)
	x := c.name("x")
	ch.do("exchange", object{"name": x, "kind": "headers"})
	all, some := ch.queue("all"), ch.queue("some")
	ch.do("bind", object{"name": all, "exchange": x, "key": "", "args": object{"x-match": "all", "a": "1", "b": "2"}})
	ch.do("bind", object{"name": some, "exchange": x, "key": "", "args": object{"x-match": "any", "a": "1", "b": "2"}})
	for _, tt := range []struct {
		headers   object
		all, some bool
	}{
		{object{"a": "1", "b": "2", "c": "3"}, true, true}, {object{"a": "1"}, false, true},
		{object{"a": "2"}, false, false}, {object{}, false, false},
	} {
		ch.publish(x, "ignored", "m", func(m *message) { m.Props.Headers = tt.headers })
		if got := ch.get(all) != nil; got != tt.all {
			c.Errorf("%v, all: %v", tt.headers, got)
		}
		if got := ch.get(some) != nil; got != tt.some {
			c.Errorf("%v, any: %v", tt.headers, got)
		}
	}
}

func exchangeToExchange(c *cell) {
	ch := c.connect().channel(true)
	q, from, to := ch.queue("q"), c.name("from"), c.name("to")
	ch.do("exchange", object{"name": from, "kind": "topic"})
	ch.do("exchange", object{"name": to, "kind": "fanout"})
	ch.do("bindExchange", object{"name": to, "source": from, "key": "a.*"})
	ch.do("bindExchange", object{"name": from, "source": to, "key": "#"}) // in a circle
	ch.do("bind", object{"name": q, "exchange": to, "key": ""})
	ch.publish(from, "a.b", "through both")
	ch.publish(from, "b.b", "to nobody")
	if m := ch.get(q); m == nil || m.Exchange != from || m.Key != "a.b" {
		c.Errorf("%+v", m)
	}
	if m := ch.get(q); m != nil {
		c.Errorf("another: %+v", m)
	}
}

func alternateExchange(c *cell) {
	ch := c.connect().channel(true)
	q, x, other := ch.queue("q"), c.name("x"), c.name("other")
	ch.do("exchange", object{"name": other, "kind": "fanout"})
	ch.do("exchange", object{"name": x, "kind": "direct", "args": object{"alternate-exchange": other}})
	ch.do("bind", object{"name": q, "exchange": other, "key": ""})
	ch.publish(x, "nobody", "lost and found")
	if m := ch.get(q); m == nil || m.Exchange != x || m.Key != "nobody" {
		c.Errorf("%+v", m)
	}
}

func timeToLive(c *cell) {
	ch := c.connect().channel(true)
	dead := ch.queue("dead")
	to := args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead)
	ch.publish("", ch.queue("own", to), "its own", func(m *message) { m.Props.Expiration = "50" })
	m := ch.waitFor(dead)
	if ds := deaths(m); len(ds) != 1 || ds[0]["reason"] != "expired" || ds[0]["original-expiration"] != "50" || m.Props.Expiration != "" {
		c.Errorf("%+v", m)
	}
	ch.publish("", ch.queue("queue", args("x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead, "x-message-ttl", 50)), "the queue's")
	if ds := deaths(ch.waitFor(dead)); len(ds) != 1 || ds[0]["reason"] != "expired" || ds[0]["original-expiration"] != nil {
		c.Errorf("%v", ds)
	}
	q := ch.queue("expires", args("x-expires", 100))
	for end := time.Now().Add(patience); ; <-time.After(300 * time.Millisecond) {
		other := c.connect().channel(false)
		if a := other.ask("queue", object{"name": q, "passive": true}); a.Code == 404 {
			return
		}
		if time.Now().After(end) {
			c.Fatal("an unused queue does not expire")
		}
	}
}

func lengthLimits(c *cell) {
	ch := c.connect().channel(true)
	dead := ch.queue("dead")
	head := ch.queue("head", args("x-max-length", 2, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead))
	for _, s := range []string{"a", "b", "c"} {
		ch.publish("", head, s)
	}
	if m := ch.waitFor(dead); string(m.Body) != "a" || deaths(m)[0]["reason"] != "maxlen" {
		c.Errorf("%+v", m)
	}
	ch.eventually(head, 2)
	bytes := ch.queue("bytes", args("x-max-length-bytes", 2000)) // of bodies, not of properties
	for range 3 {
		ch.publish("", bytes, strings.Repeat("x", 1000))
	}
	ch.eventually(bytes, 2)
	full := ch.queue("full", args("x-max-length", 1, "x-overflow", "reject-publish"))
	ch.publish("", full, "first")
	if a := ch.ask("publish", object{"exchange": "", "key": full, "message": message{Body: []byte("second")}}); a.Ack == nil || *a.Ack {
		c.Errorf("published to a full queue: %+v", a)
	}
	ch.want("the first stays", string(ch.get(full).Body), "first")
}

func priority(c *cell) {
	ch := c.connect().channel(true)
	q := ch.queue("q", args("x-max-priority", 5))
	for _, p := range []int{1, 5, 0, 9, 3} { // 9 counts as 5
		ch.publish("", q, fmt.Sprint(p), func(m *message) { m.Props.Priority = p })
	}
	got := ""
	for range 5 {
		got += string(ch.waitFor(q).Body)
	}
	ch.want("by priority", got, "59310")
	plain := ch.queue("plain")
	for _, p := range []int{1, 5, 0} {
		ch.publish("", plain, fmt.Sprint(p), func(m *message) { m.Props.Priority = p })
	}
	got = ""
	for range 3 {
		got += string(ch.waitFor(plain).Body)
	}
	ch.want("without x-max-priority", got, "150")
}

func exclusive(c *cell) {
	owner, other := c.connect(), c.connect()
	ch := owner.channel(true)
	q := ch.queue("q", object{"exclusive": true})
	ch.publish("", q, "mine")
	other.channel(false).fails(405, "exclusive", "get", object{"name": q})
	other.channel(false).fails(405, "exclusive", "queue", object{"name": q, "exclusive": true})
	ch.do("close", nil)
	owner.closed = true
	for end := time.Now().Add(patience); ; <-time.After(20 * time.Millisecond) {
		if a := other.channel(false).ask("queue", object{"name": q, "passive": true}); a.Code == 404 {
			break
		}
		if time.Now().After(end) {
			c.Fatal("an exclusive queue outlives its connection")
		}
	}
	ch = other.channel(false)
	shared := ch.queue("shared")
	ch.consume(shared, "alone", object{"exclusive": true})
	other.channel(false).fails(403, "exclusive", "consume", object{"name": shared, "consumer": "another"})
}

func autoDelete(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q", object{"autoDelete": true})
	ch.consume(q, "one")
	ch.do("cancel", object{"consumer": "one"})
	for end := time.Now().Add(patience); ; <-time.After(20 * time.Millisecond) {
		if a := k.channel(false).ask("queue", object{"name": q, "passive": true}); a.Code == 404 {
			break
		}
		if time.Now().After(end) {
			c.Fatal("an auto-delete queue outlives its consumer")
		}
	}
	a := ch.do("queue", object{"name": "", "exclusive": true})
	if !strings.HasPrefix(a.Name, "amq.gen-") {
		c.Errorf("named %q", a.Name)
	}
	ch.publish("", a.Name, "by its name")
	ch.want("by its name", string(ch.get(a.Name).Body), "by its name")
}

func cancelNotify(c *cell) {
	k := c.connect()
	ch := k.channel(false)
	q := ch.queue("q")
	ch.consume(q, "one")
	k.channel(false).do("deleteQueue", object{"name": q})
	if e := ch.event("cancelled"); e.Consumer != "one" {
		c.Errorf("%+v", e)
	}
	ch.queue("q") // the channel lives
}

func singleActive(c *cell) {
	k := c.connect()
	ch, a, b := k.channel(true), k.channel(false), k.channel(false)
	q := ch.queue("q", args("x-single-active-consumer", true))
	a.consume(q, "a", object{"noAck": true})
	b.consume(q, "b", object{"noAck": true})
	for i := range 4 {
		ch.publish("", q, fmt.Sprint(i))
	}
	got, _ := a.deliveries(4)
	a.want("to the active one", got, "0 1 2 3")
	b.none("delivery")
	a.do("cancel", object{"consumer": "a"})
	ch.publish("", q, "4")
	b.want("to the next", string(b.delivery().Body), "4")
}

func consumerPriority(c *cell) {
	k := c.connect()
	ch, low, high := k.channel(true), k.channel(false), k.channel(false)
	q := ch.queue("q")
	low.consume(q, "low")
	high.do("qos", object{"count": 2})
	high.consume(q, "high", args("x-priority", 10))
	for i := range 3 {
		ch.publish("", q, fmt.Sprint(i))
	}
	got, _ := high.deliveries(2)
	high.want("the preferred one's", got, "0 1")
	low.want("what it has no room for", string(low.delivery().Body), "2")
}

func directReplyTo(c *cell) {
	server, client := c.connect().channel(false), c.connect().channel(false)
	q := server.queue("rpc")
	server.consume(q, "server", object{"noAck": true})
	client.consume("amq.rabbitmq.reply-to", "", object{"noAck": true})
	client.publish("", q, "how many?", func(m *message) { m.Props.ReplyTo, m.Props.Correlation = "amq.rabbitmq.reply-to", "7" })
	m := server.delivery()
	if !strings.HasPrefix(m.Props.ReplyTo, "amq.rabbitmq.reply-to.") {
		c.Fatalf("%+v", m)
	}
	server.publish("", m.Props.ReplyTo, "42", func(r *message) { r.Props.Correlation = m.Props.Correlation })
	if r := client.delivery(); string(r.Body) != "42" || r.Props.Correlation != "7" {
		c.Errorf("%+v", r)
	}
}

func transactions(c *cell) {
	k := c.connect()
	ch, other := k.channel(false), k.channel(false)
	a, b := ch.queue("a"), ch.queue("b")
	k.channel(true).publish("", a, "in")
	ch.do("tx", nil)
	in := ch.do("get", object{"name": a}).Message
	ch.publish("", b, "out")
	ch.do("ack", object{"tag": in.Tag})
	if n := other.messages(b); n != 0 {
		c.Errorf("%d before the commit", n)
	}
	ch.do("rollback", nil)
	ch.publish("", b, "out, the second time")
	ch.do("ack", object{"tag": in.Tag})
	ch.do("commit", nil)
	if m := other.get(b); m == nil || string(m.Body) != "out, the second time" {
		c.Errorf("%+v", m)
	}
	ch.do("closeChannel", nil)
	if n := other.messages(a) + other.messages(b); n != 0 {
		c.Errorf("%d are left", n)
	}
}

func errorsOfBoth(c *cell) {
	k := c.connect()
	ch := k.channel(false)
	ch.fails(404, "NOT_FOUND", "bind", object{"name": c.name("none"), "exchange": "amq.direct", "key": "k"})
	ch = k.channel(false) // the connection lives
	q := ch.queue("q")
	ch.fails(403, "ACCESS_REFUSED", "bind", object{"name": q, "exchange": "", "key": "k"})
	ch = k.channel(false)
	ch.fails(403, "ACCESS_REFUSED", "deleteExchange", object{"name": "amq.direct"})
	ch = k.channel(false)
	ch.fails(406, "invalid arg 'x-message-ttl' for queue", "queue", object{"name": c.name("bad"), "args": object{"x-message-ttl": -1}})
	ch = k.channel(false)
	ch.fails(503, "exchange type 'nonsense'", "exchange", object{"name": c.name("x"), "kind": "nonsense"})
	k.closed = true
	if e := k.event("closed"); e.Code != 503 {
		c.Errorf("%+v", e)
	}
}

func reconnect(c *cell) {
	k := c.connect()
	ch := k.channel(true)
	q := ch.queue("q", object{"durable": true})
	temporary := ch.queue("temporary", object{"exclusive": true})
	ch.publish("", q, "a", func(m *message) { m.Props.Mode = 2 })
	ch.publish("", q, "b", func(m *message) { m.Props.Mode = 2 })
	ch.consume(q, "one")
	ch.do("ack", object{"tag": ch.delivery().Tag})
	ch.delivery()
	ch.queue("barrier")
	k.proxy.cut()
	k.closed = true
	k.event("closed")
	ch = c.connect().channel(false)
	if m := ch.waitFor(q); string(m.Body) != "b" || !m.Redelivered {
		c.Errorf("%+v", m)
	}
	ch.fails(404, "no queue", "queue", object{"name": temporary, "passive": true})
}

func manyChannels(c *cell) {
	k := c.connect()
	q := k.channel(false).queue("q")
	for i := range 64 {
		ch := k.channel(true)
		ch.publish("", q, fmt.Sprint(i))
		if i%2 == 0 {
			ch.do("closeChannel", nil)
		}
	}
	if n := k.channel(false).messages(q); n != 64 {
		c.Errorf("%d messages", n)
	}
}

func large(c *cell) {
	ch := c.connect().channel(true)
	q := ch.queue("q", object{"durable": true})
	body := make([]byte, 4<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(body)
	ch.publish("", q, string(body), func(m *message) { m.Props.Mode = 2 })
	ch.consume(q, "one")
	if m := ch.delivery(); !bytes.Equal(m.Body, body) {
		c.Errorf("%d bytes came back", len(m.Body))
	}
}
