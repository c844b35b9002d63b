package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func exchange(t testing.TB, b *core.Broker, name string, o core.ExchangeOptions) *core.Exchange {
	t.Helper()
	x, _, err := b.Default().DeclareExchange(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func bindKey(t testing.TB, b *core.Broker, from string, to any, key string, args ...core.Header) {
	t.Helper()
	bd := &core.Binding{Exchange: from, RoutingKey: key, Arguments: args, Durable: true}
	switch to := to.(type) {
	case *core.Queue:
		bd.Queue = to
	case *core.Exchange:
		bd.Target = to
	}
	if _, err := b.Default().Bind(bd); err != nil {
		t.Fatal(err)
	}
}

// whoGot publishes once and tells the queues that then have a message, with
// how many; it takes them out.
func whoGot(t testing.TB, b *core.Broker, p core.Publication) string {
	t.Helper()
	if p.Message == nil {
		p.Message = &core.Message{Body: []byte("m")}
	}
	if _, err := b.Default().Publish(context.Background(), &p); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range b.Default().Queues("", true) {
		switch n := q.Counts().Ready; n {
		case 0:
			continue
		case 1:
			got = append(got, q.Name())
		default:
			got = append(got, fmt.Sprintf("%s*%d", q.Name(), n))
		}
		if err := q.Purge(); err != nil {
			t.Fatal(err)
		}
	}
	if p.Routed == 0 && len(got) > 0 {
		t.Errorf("Routed 0, but %v have it", got)
	}
	return strings.Join(got, " ")
}

func to(name, key string) core.Publication {
	return core.Publication{To: core.ExchangeAddress(name, key)}
}

func expect(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestExchangeKinds(t *testing.T) {
	b := fresh(t)
	q1, q2 := declare(t, b, "q1", core.QueueOptions{}), declare(t, b, "q2", core.QueueOptions{})
	exchange(t, b, "d", core.ExchangeOptions{Kind: "direct"})
	exchange(t, b, "f", core.ExchangeOptions{Kind: "fanout"})
	exchange(t, b, "t", core.ExchangeOptions{Kind: "topic"})
	exchange(t, b, "delayed", core.ExchangeOptions{Kind: "x-delayed-message", DelayedKind: "topic"})
	bindKey(t, b, "d", q1, "a")
	bindKey(t, b, "d", q1, "b")
	bindKey(t, b, "d", q2, "b")
	bindKey(t, b, "f", q1, "whatever")
	bindKey(t, b, "f", q2, "")
	bindKey(t, b, "t", q1, "eu.*")
	bindKey(t, b, "t", q1, "#.error")
	bindKey(t, b, "t", q2, "#")
	bindKey(t, b, "delayed", q2, "x.#")
	for _, c := range []struct{ exchange, key, want string }{
		{"d", "a", "q1"}, {"d", "b", "q1 q2"}, {"d", "c", ""},
		{"f", "", "q1 q2"}, {"f", "k", "q1 q2"},
		{"t", "eu.error", "q1 q2"}, {"t", "us.error", "q1 q2"}, {"t", "us.info", "q2"}, {"t", "", "q2"},
		{"t", "$SYS.x", "q2"}, {"t", "eu./.x", "q2"}, {"t", "eu./", "q1 q2"},
		{"delayed", "x.y", "q2"}, {"delayed", "y", ""},
		{"", "q1", "q1"}, {"", "nowhere", ""},
	} {
		expect(t, c.exchange+" "+c.key, whoGot(t, b, to(c.exchange, c.key)), c.want)
	}
	if _, err := b.Default().Publish(context.Background(), &core.Publication{Message: &core.Message{}, To: core.ExchangeAddress("none", "")}); core.KindOf(err) != core.NotFound {
		t.Errorf("publish to no exchange: %v", err)
	}
}

func TestExchangeSeveralKeys(t *testing.T) {
	b := fresh(t)
	q1, q2 := declare(t, b, "q1", core.QueueOptions{}), declare(t, b, "q2", core.QueueOptions{})
	exchange(t, b, "d", core.ExchangeOptions{Kind: "direct"})
	bindKey(t, b, "d", q1, "a")
	bindKey(t, b, "d", q2, "b")
	bindTopic(t, b, q2, "x/+")
	for _, c := range []struct {
		exchange, key, cc, bcc, want string
	}{
		{"d", "a", "b", "", "q1 q2"}, {"d", "a", "a", "a", "q1"}, {"d", "none", "", "b", "q2"},
		{"", "q1", "q2", "q1", "q1 q2"}, {"", "none", "q2", "", "q2"}, {"", "none", "none", "none", ""},
		{"amq.topic", "x.y", "x.z", "", "q2"}, {"amq.topic", "y", "", "x.z", "q2"},
	} {
		p := to(c.exchange, c.key)
		p.Message = &core.Message{Body: []byte("m")}
		if c.cc != "" {
			p.Message.Keys = []string{c.cc}
		}
		if c.bcc != "" {
			p.HiddenKeys = []string{c.bcc}
		}
		expect(t, fmt.Sprint(c), whoGot(t, b, p), c.want)
	}
}

func TestExchangeHeaders(t *testing.T) {
	b := fresh(t)
	exchange(t, b, "h", core.ExchangeOptions{Kind: "headers"})
	h := func(name string, v core.Value) core.Header { return core.Header{Name: name, Value: v} }
	s, n := core.StringValue, core.IntValue
	for name, args := range map[string][]core.Header{
		"all":    {h("a", s("1")), h("n", n(2))},
		"any":    {h("x-match", s("any")), h("a", s("1")), h("n", n(2))},
		"empty":  {},
		"there":  {h("a", core.Value{})},
		"all-x":  {h("x-match", s("all-with-x")), h("x-k", s("v"))},
		"any-x":  {h("x-match", s("any-with-x")), h("x-k", s("v")), h("a", s("1"))},
		"no-any": {h("x-match", s("any"))},
		"skip-x": {h("x-k", s("other")), h("a", s("1"))},
	} {
		bindKey(t, b, "h", declare(t, b, name, core.QueueOptions{}), "ignored", args...)
	}
	for _, c := range []struct {
		headers []core.Header
		want    string
	}{
		{nil, "empty"},
		{[]core.Header{h("a", s("1")), h("n", n(2))}, "all any any-x empty skip-x there"},
		{[]core.Header{h("a", s("2")), h("n", n(2))}, "any empty there"},
		{[]core.Header{h("n", s("2"))}, "empty"},
		{[]core.Header{h("x-k", s("v"))}, "all-x any-x empty"},
	} {
		p := to("h", "k")
		p.Message = &core.Message{Headers: c.headers}
		expect(t, fmt.Sprint(c.headers), whoGot(t, b, p), c.want)
	}
	_, err := b.Default().Bind(&core.Binding{Exchange: "h", Queue: declare(t, b, "bad", core.QueueOptions{}), Arguments: []core.Header{h("x-match", s("most"))}})
	if core.KindOf(err) != core.Invalid {
		t.Errorf("x-match most: %v", err)
	}
}

func TestExchangeHash(t *testing.T) {
	b := fresh(t)
	exchange(t, b, "hash", core.ExchangeOptions{Kind: "x-consistent-hash"})
	exchange(t, b, "byheader", core.ExchangeOptions{Kind: "x-consistent-hash", HashHeader: "k"})
	q1, q3 := declare(t, b, "w1", core.QueueOptions{}), declare(t, b, "w3", core.QueueOptions{})
	bindKey(t, b, "hash", q1, "1")
	bindKey(t, b, "hash", q3, "3")
	bindKey(t, b, "byheader", q1, "1")
	bindKey(t, b, "byheader", q3, "1")
	const n = 2000
	at := map[string]string{}
	count := map[string]int{}
	for i := range n {
		key := fmt.Sprint("key", i)
		at[key] = whoGot(t, b, to("hash", key))
		count[at[key]]++
	}
	if got := count["w3"]; got < n*70/100 || got > n*80/100 {
		t.Errorf("a weight of 3 of 4 got %d of %d", got, n)
	}
	// A queue more moves only what it gets.
	bindKey(t, b, "hash", declare(t, b, "more", core.QueueOptions{}), "4")
	for key, q := range at {
		if got := whoGot(t, b, to("hash", key)); got != q && got != "more" {
			t.Fatalf("%s moved from %s to %s", key, q, got)
		}
	}
	p := to("byheader", "x")
	p.Message = &core.Message{Headers: []core.Header{{Name: "k", Value: core.StringValue("v")}}}
	first := whoGot(t, b, p)
	for range 10 {
		p := to("byheader", fmt.Sprint(time.Now().UnixNano()))
		p.Message = &core.Message{Headers: []core.Header{{Name: "k", Value: core.StringValue("v")}}}
		expect(t, "same header", whoGot(t, b, p), first)
	}
	for _, bad := range []string{"", "0", "-1", "x", "99999999999"} {
		if _, err := b.Default().Bind(&core.Binding{Exchange: "hash", Queue: q1, RoutingKey: bad}); core.KindOf(err) != core.Invalid {
			t.Errorf("weight %q: %v", bad, err)
		}
	}
}

// Exchanges bound in a circle, twice to the same place and to the tree and back.
func TestExchangeToExchange(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "q", core.QueueOptions{})
	r := declare(t, b, "r", core.QueueOptions{})
	x, y := exchange(t, b, "x", core.ExchangeOptions{Kind: "direct"}), exchange(t, b, "y", core.ExchangeOptions{Kind: "fanout"})
	bindKey(t, b, "x", y, "k")
	bindKey(t, b, "x", x, "k")
	bindKey(t, b, "y", x, "")
	bindKey(t, b, "x", q, "k")
	bindKey(t, b, "y", q, "")
	bindKey(t, b, "y", r, "")
	expect(t, "circle", whoGot(t, b, to("x", "k")), "q r")
	expect(t, "circle, other key", whoGot(t, b, to("y", "z")), "q r")
	tree, _ := b.Default().Exchange("amq.topic")
	bindKey(t, b, "y", tree, "")
	bindKey(t, b, "amq.topic", y, "a.*")
	s := declare(t, b, "s", core.QueueOptions{})
	bindTopic(t, b, s, "a/b")
	expect(t, "into the tree", whoGot(t, b, to("y", "a.b")), "q r s")
	expect(t, "from the tree", whoGot(t, b, core.Publication{To: core.TopicAddress("a/b")}), "q r s")
	expect(t, "from the tree", whoGot(t, b, to("amq.topic", "a.c")), "q r")
	if n := len(b.Default().BindingsInto(y)); n != 2 {
		t.Errorf("%d bindings into y, want 2", n)
	}
	if n := len(b.Default().BindingsFrom(tree)); n != 2 {
		t.Errorf("%d bindings from amq.topic, want 2", n)
	}
}

func TestExchangeAlternate(t *testing.T) {
	b := fresh(t)
	q := declare(t, b, "lost", core.QueueOptions{})
	exchange(t, b, "x", core.ExchangeOptions{Kind: "direct", Alternate: "alt"})
	expect(t, "no alternate yet", whoGot(t, b, to("x", "k")), "")
	exchange(t, b, "alt", core.ExchangeOptions{Kind: "fanout", Alternate: "x"})
	expect(t, "a circle of alternates", whoGot(t, b, to("x", "k")), "")
	bindKey(t, b, "alt", q, "")
	expect(t, "alternate", whoGot(t, b, to("x", "k")), "lost")
	bindKey(t, b, "x", declare(t, b, "q", core.QueueOptions{}), "k")
	expect(t, "routed", whoGot(t, b, to("x", "k")), "q")
}

func TestExchangeDeclare(t *testing.T) {
	b := fresh(t)
	ns := b.Default()
	o := core.ExchangeOptions{Dialect: "amqp", Kind: "direct", Durable: true}
	exchange(t, b, "x", o)
	for field, change := range map[string]func(*core.ExchangeOptions){
		"Kind":       func(o *core.ExchangeOptions) { o.Kind = "fanout" },
		"Durable":    func(o *core.ExchangeOptions) { o.Durable = false },
		"AutoDelete": func(o *core.ExchangeOptions) { o.AutoDelete = true },
		"Internal":   func(o *core.ExchangeOptions) { o.Internal = true },
		"Alternate":  func(o *core.ExchangeOptions) { o.Alternate = "y" },
		"Attributes": func(o *core.ExchangeOptions) { o.Attributes = map[string]string{"a": "b"} },
	} {
		o := o
		change(&o)
		_, created, err := ns.DeclareExchange("x", o)
		var e *core.Error
		if created || !errors.As(err, &e) || e.Kind != core.Exists || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, created, err := ns.DeclareExchange("x", o); created || err != nil {
		t.Errorf("the same again: %v, %v", created, err)
	}
	if _, _, err := ns.DeclareExchange("amq.direct", core.ExchangeOptions{Dialect: "amqp", Kind: "fanout", Durable: true}); core.KindOf(err) != core.Exists {
		t.Errorf("amq.direct as fanout: %v", err)
	}
	if _, _, err := ns.DeclareExchange("y", core.ExchangeOptions{Kind: "x-own"}); core.KindOf(err) != core.Invalid {
		t.Errorf("unknown kind: %v", err)
	}
	for name, want := range map[string]core.Kind{"amq.topic": core.Denied, "none": core.NotFound} {
		if err := ns.DeleteExchange(name, false); core.KindOf(err) != want {
			t.Errorf("delete %s: %v", name, err)
		}
	}
	var names []string
	for _, x := range ns.Exchanges() {
		names = append(names, x.Name())
	}
	expect(t, "names", strings.Join(names, " "), "amq.direct amq.fanout amq.headers amq.match amq.topic x")
	exchange(t, b, "in", core.ExchangeOptions{Kind: "fanout", Internal: true})
	if _, err := ns.Publish(context.Background(), &core.Publication{Message: &core.Message{}, To: core.ExchangeAddress("in", "")}); core.KindOf(err) != core.Denied {
		t.Errorf("publish to an internal one: %v", err)
	}
}

func TestExchangeDelete(t *testing.T) {
	b := fresh(t)
	ns := b.Default()
	q := declare(t, b, "q", core.QueueOptions{})
	// a -> b -> q, all auto-delete: with q's binding everything goes.
	for _, name := range []string{"a", "b"} {
		exchange(t, b, name, core.ExchangeOptions{Kind: "fanout", AutoDelete: true})
	}
	x, _ := ns.Exchange("b")
	bindKey(t, b, "a", x, "")
	bindKey(t, b, "b", q, "")
	exchange(t, b, "kept", core.ExchangeOptions{Kind: "direct"})
	bindKey(t, b, "kept", q, "1")
	bindKey(t, b, "kept", q, "2")
	if err := ns.DeleteExchange("kept", true); core.KindOf(err) != core.InUse {
		t.Errorf("delete if unused: %v", err)
	}
	if err := ns.DeleteQueue("q"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if _, ok := ns.Exchange(name); ok {
			t.Errorf("%s is still there", name)
		}
	}
	if n := len(ns.Bindings("")); n != 0 {
		t.Errorf("%d bindings left", n)
	}
	if err := ns.DeleteExchange("kept", true); err != nil {
		t.Error(err)
	}
	if _, err := ns.Bind(&core.Binding{Exchange: "kept", Queue: declare(t, b, "q", core.QueueOptions{})}); core.KindOf(err) != core.NotFound {
		t.Errorf("bind to a deleted exchange: %v", err)
	}
}

func TestExchangeRecovery(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	ns := b.Default()
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	for name, o := range map[string]core.ExchangeOptions{
		"d": {Kind: "direct", Durable: true, Alternate: "h"}, "h": {Kind: "headers", Durable: true}, "t": {Kind: "topic", Durable: true},
		"gone": {Kind: "fanout"}, "auto": {Kind: "fanout", Durable: true, AutoDelete: true}, "deleted": {Kind: "fanout", Durable: true},
	} {
		exchange(t, b, name, o)
	}
	x, _ := ns.Exchange("t")
	bindKey(t, b, "d", x, "k")
	bindKey(t, b, "t", q, "#")
	bindKey(t, b, "h", q, "", core.Header{Name: "a", Value: core.IntValue(1)})
	bindKey(t, b, "gone", q, "")
	bindKey(t, b, "auto", q, "")
	bindKey(t, b, "deleted", q, "")
	bindKey(t, b, "amq.fanout", q, "")
	bindKey(t, b, "amq.topic", q, "a.#")
	if _, err := ns.Unbind(core.BindingKey("auto", core.QueueAddress("q"), "", nil)); err != nil {
		t.Fatal(err)
	}
	if err := ns.DeleteExchange("deleted", false); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, store)
	defer b.Close()
	ns = b.Default()
	var names []string
	for _, x := range ns.Exchanges() {
		if !x.Builtin() {
			names = append(names, x.Name())
		}
	}
	expect(t, "exchanges", strings.Join(names, " "), "d h t")
	if n := len(ns.Bindings("")); n != 5 {
		t.Errorf("%d bindings, want 5", n)
	}
	expect(t, "d", whoGot(t, b, to("d", "k")), "q")
	expect(t, "d's alternate", whoGot(t, b, to("d", "other")), "")
	p := to("d", "other")
	p.Message = &core.Message{Headers: []core.Header{{Name: "a", Value: core.IntValue(1)}}}
	expect(t, "d's alternate by header", whoGot(t, b, p), "q")
	expect(t, "amq.fanout", whoGot(t, b, to("amq.fanout", "")), "q")
	expect(t, "amq.topic", whoGot(t, b, to("amq.topic", "a.b")), "q")
}

func TestExchangeDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		exchange(t, b, "x", core.ExchangeOptions{Kind: "direct"})
		exchange(t, b, "dlx", core.ExchangeOptions{Kind: "direct", Internal: true})
		same := declare(t, b, "same", core.QueueOptions{DeadLetter: core.ExchangeAddress("dlx", "")})
		other := declare(t, b, "other", core.QueueOptions{DeadLetter: core.ExchangeAddress("dlx", "dead")})
		bindKey(t, b, "x", same, "k")
		bindKey(t, b, "x", other, "k2")
		byKey, byCC, dead := declare(t, b, "byKey", core.QueueOptions{}), declare(t, b, "byCC", core.QueueOptions{}), declare(t, b, "dead", core.QueueOptions{})
		bindKey(t, b, "dlx", byKey, "k")
		bindKey(t, b, "dlx", byCC, "cc")
		bindKey(t, b, "dlx", dead, "dead")
		for _, key := range []string{"k", "k2"} {
			now := b.Now()
			m := &core.Message{Body: []byte(key), Keys: []string{"cc"}, ExpiresAt: now + 5000}
			if _, err := b.Default().Publish(context.Background(), &core.Publication{Message: m, To: core.ExchangeAddress("x", key)}); err != nil {
				t.Fatal(err)
			}
		}
		elapse(6 * time.Second)
		synctest.Wait()
		for _, q := range []*core.Queue{byKey, byCC} {
			d := receive(t, q, core.ReceiveOptions{Max: 1})
			if len(d) != 1 {
				t.Fatalf("%s has nothing", q.Name())
			}
			m := d[0].Message
			expect(t, "source", m.Source.String(), "exchange:dlx/k")
			expect(t, "keys", strings.Join(m.Keys, " "), "cc")
			if len(m.Deaths) != 1 {
				t.Fatalf("deaths %+v", m.Deaths)
			}
			death := m.Deaths[0]
			expect(t, "died in", death.Queue+" "+death.Source.String()+" "+strings.Join(death.Keys, " "), "same exchange:x/k cc")
			if death.TTL == nil || *death.TTL != 5000 || death.Reason != core.Expired {
				t.Errorf("death %+v", death)
			}
		}
		d := receive(t, dead, core.ReceiveOptions{Max: 10})
		if len(d) != 1 || d[0].Message.Source != core.ExchangeAddress("dlx", "dead") || d[0].Message.Keys != nil {
			t.Fatalf("dead got %+v", d)
		}
	})
}

func TestAddressString(t *testing.T) {
	for _, a := range []core.Address{
		{}, core.QueueAddress("q"), core.TopicAddress("a/b"), core.ExchangeAddress("x", "k"), core.ExchangeAddress("", ""),
		core.ExchangeAddress("a/b%2Fc%", "k/%2F"), core.ExchangeAddress("%25", ""), core.ExchangeAddress("topic:x", "/"),
	} {
		if got, ok := core.ParseAddress(a.String()); !ok || got != a {
			t.Errorf("%+v became %q and %+v", a, a.String(), got)
		}
	}
	if _, ok := core.ParseAddress("exchange:x"); ok {
		t.Error("an exchange without a key was read")
	}
}

// BenchmarkRoute is one transient publish to one queue with one binding, taken
// at once: the tree beside the exchanges.
func BenchmarkRoute(b *testing.B) {
	for _, kind := range []string{"tree", "queue", "direct", "fanout", "topic", "headers"} {
		b.Run(kind, func(b *testing.B) {
			br := fresh(b)
			q := declare(b, br, "q", core.QueueOptions{})
			addr := core.ExchangeAddress("x", "sensors.kitchen.temp")
			switch kind {
			case "tree":
				addr = core.TopicAddress("sensors/kitchen/temp")
				bindTopic(b, br, q, "sensors/+/temp")
			case "queue":
				addr = core.QueueAddress("q")
			default:
				exchange(b, br, "x", core.ExchangeOptions{Kind: kind})
				bindKey(b, br, "x", q, map[string]string{"topic": "sensors.*.temp"}[kind]+map[string]string{"direct": "sensors.kitchen.temp"}[kind])
			}
			if _, err := q.Consume(core.ConsumerOptions{Receiver: nobody{}, Credit: 1 << 30, NoAck: true}); err != nil {
				b.Fatal(err)
			}
			p := br.Default().NewPublisher(0)
			defer p.Close()
			body := []byte("21.5")
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Publish(&core.Publication{Message: &core.Message{Body: body}, To: addr}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type nobody struct{}

func (nobody) Deliver(*core.Consumer, core.Delivery) bool { return false }
func (nobody) Cancelled(*core.Consumer, error) bool       { return false }
func (nobody) Flush()                                     {}
