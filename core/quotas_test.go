package core_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func setQuotas(t *testing.T, ns *core.Namespace, q core.Quotas) {
	t.Helper()
	if err := ns.ChangeQuotas(func(core.Quotas) core.Quotas { return q }); err != nil {
		t.Fatal(err)
	}
}

// wantQuota wants an error of a quota.
func wantQuota(t *testing.T, err error, field, by string, limit int64) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Kind != core.OverLimit || e.Field != field || e.By != by || e.Limit != limit {
		t.Errorf("%#v, want %s of the %s, %d", err, field, by, limit)
	}
}

func enter(t *testing.T, ns *core.Namespace, who *core.Principal) *core.Place {
	t.Helper()
	p, err := ns.Enter(who)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The last places go to as many as there are, whoever comes at once; and there is none
// where none is allowed, and no end to them below 0.
func TestQuotaOfConnections(t *testing.T) {
	b := fresh(t)
	defer b.Close()
	ns, who := b.Default(), core.AnonymousPrincipal()
	before := enter(t, ns, who)
	setQuotas(t, ns, core.Quotas{core.MaxConnections: 3})
	var wg sync.WaitGroup
	places := make(chan *core.Place, 100)
	for range cap(places) {
		wg.Go(func() {
			p, err := ns.Enter(who)
			if err != nil {
				wantQuota(t, err, core.MaxConnections, "namespace", 3)
				return
			}
			places <- p
		})
	}
	wg.Wait()
	if len(places) != 2 {
		t.Errorf("%d found a place, want 2", len(places))
	}
	before.Leave()
	before.Leave()
	enter(t, ns, who)
	_, err := ns.Enter(who)
	wantQuota(t, err, core.MaxConnections, "namespace", 3)
	setQuotas(t, ns, core.Quotas{core.MaxConnections: 0})
	(<-places).Leave()
	_, err = ns.Enter(who)
	wantQuota(t, err, core.MaxConnections, "namespace", 0)
	setQuotas(t, ns, core.Quotas{core.MaxConnections: -1})
	enter(t, ns, who)
	setQuotas(t, ns, nil)
	enter(t, ns, who)
	(*core.Place)(nil).Leave()
}

// A user's connections and channels count in all namespaces together, and nobody else's.
func TestQuotaOfUsers(t *testing.T) {
	s := memstore.New(memstore.Options{})
	b := open(t, s)
	defer b.Close()
	a, err := core.NewAccess(nil, func(hash string, password []byte) bool { return hash == string(password) }, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Keep(b, nil); err != nil {
		t.Fatal(err)
	}
	shop, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	all := core.Permissions{Configure: ".*", Write: ".*", Read: ".*"}
	acc := core.Account{Name: "u", PasswordHash: "p", Permissions: map[string]core.Permissions{"": all, "shop": all}}
	acc.Quotas = core.Quotas{core.MaxConnections: 2, core.MaxChannels: 3}
	put(t, a, acc)
	put(t, a, core.Account{Name: "other", PasswordHash: "p", Permissions: acc.Permissions})
	who := logIn(t, a, "u", "p")
	first, second := enter(t, b.Default(), who), enter(t, shop, who.In("shop"))
	for _, p := range []*core.Principal{who, who.In("shop"), who.ForClient("c"), who.In("shop").ForClient("c")} {
		_, err := shop.Enter(p)
		wantQuota(t, err, core.MaxConnections, "user", 2)
	}
	other := enter(t, shop, logIn(t, a, "other", "p").In("shop"))
	for i, p := range []*core.Place{first, second, first, first, second, other} {
		err := p.OpenChannel()
		switch {
		case i == 3 || i == 4:
			wantQuota(t, err, core.MaxChannels, "user", 3)
		case err != nil:
			t.Error(i, err)
		}
	}
	second.CloseChannel()
	second.CloseChannel() // of none
	if err := first.OpenChannel(); err != nil {
		t.Error(err)
	}
	wantQuota(t, first.OpenChannel(), core.MaxChannels, "user", 3)
	first.Leave() // with three channels
	for range 3 {
		if err := second.OpenChannel(); err != nil {
			t.Error(err)
		}
	}
	wantQuota(t, second.OpenChannel(), core.MaxChannels, "user", 3)
	// What is set counts at once, for who is there already too.
	acc.Quotas = core.Quotas{core.MaxChannels: 4, core.MaxConnections: 0}
	put(t, a, acc)
	if err := second.OpenChannel(); err != nil {
		t.Error(err)
	}
	_, err = shop.Enter(who.In("shop"))
	wantQuota(t, err, core.MaxConnections, "user", 0)
	again := a.Accounts()
	if len(again) != 2 || again[1].Quotas[core.MaxChannels] != 4 {
		t.Errorf("%+v", again)
	}
	// A new password makes it another login, of the same user.
	acc.PasswordHash, acc.Quotas = "q", core.Quotas{core.MaxConnections: 1}
	put(t, a, acc)
	_, err = shop.Enter(logIn(t, a, "u", "q").In("shop"))
	wantQuota(t, err, core.MaxConnections, "user", 1)
	second.Leave()
	enter(t, shop, logIn(t, a, "u", "q").In("shop"))
}

// Queues are counted however they come and go, also by a start; a session is one while
// it has bindings.
func TestQuotaOfQueues(t *testing.T) {
	s := memstore.New(memstore.Options{})
	b := open(t, s)
	ns, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	make1 := func(name string, o core.QueueOptions) error {
		_, _, err := ns.DeclareQueue(name, o)
		return err
	}
	session := func(id string) *core.Session {
		s, _, err := ns.OpenSession(id, false, core.SessionOptions{Dialect: "d", Expiry: core.Forever})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	subscribe := func(s *core.Session, filter string) error {
		f, err := match.ParseMQTT(filter)
		if err != nil {
			return err
		}
		_, err = ns.Bind(&core.Binding{Key: s.Prefix() + filter, Dialect: "d", Filter: f, Queue: s.Queue(), Session: s, Durable: true, KeepDurable: true})
		return err
	}
	setQuotas(t, ns, core.Quotas{core.MaxQueues: 3})
	if err := errors.Join(make1("a", durable(core.QueueOptions{})), make1("a", durable(core.QueueOptions{})), make1("b", core.QueueOptions{}),
		make1("part", core.QueueOptions{Uncounted: true}), make1("gate", durable(core.QueueOptions{Gate: true})), subscribe(session("one"), "x"), subscribe(session("one"), "y")); err != nil {
		t.Fatal(err)
	}
	full := func(limit int64) {
		t.Helper()
		wantQuota(t, make1("more", core.QueueOptions{}), core.MaxQueues, "namespace", limit)
		wantQuota(t, subscribe(session("two"), "x"), core.MaxQueues, "namespace", limit)
		if err := errors.Join(make1("a", durable(core.QueueOptions{})), make1("part", core.QueueOptions{Uncounted: true}), subscribe(session("one"), "x")); err != nil {
			t.Error(err)
		}
	}
	full(3)
	if err := ns.DeleteQueue("b"); err != nil {
		t.Fatal(err)
	}
	if err := subscribe(session("two"), "x"); err != nil {
		t.Fatal(err)
	}
	wantQuota(t, make1("more", core.QueueOptions{}), core.MaxQueues, "namespace", 3)
	if _, err := ns.Unbind(session("two").Prefix() + "x"); err != nil {
		t.Fatal(err)
	}
	if err := make1("b", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	full(3)
	b.Close()

	b = open(t, s)
	defer func() { b.Close() }()
	if ns, err = b.Namespace("shop"); err != nil {
		t.Fatal(err)
	}
	if got := ns.Quotas(); len(got) != 1 || got[core.MaxQueues] != 3 {
		t.Errorf("after a restart %v", got)
	}
	if err := make1("b", core.QueueOptions{}); err != nil { // it was not durable
		t.Fatal(err)
	}
	full(3)
	session("one").Detach(0, false)
	if err := make1("c", core.QueueOptions{}); err != nil {
		t.Fatal(err)
	}
	full2 := make1("more", core.QueueOptions{})
	wantQuota(t, full2, core.MaxQueues, "namespace", 3)
	setQuotas(t, ns, core.Quotas{core.MaxQueues: 1}) // what there is stays
	if _, there := ns.Queue("a"); !there {
		t.Error("a is gone")
	}
	full2 = make1("more", core.QueueOptions{})
	wantQuota(t, full2, core.MaxQueues, "namespace", 1)
	for _, q := range ns.Queues("", true) {
		if err := ns.DeleteQueue(q.Name()); err != nil {
			t.Fatal(err)
		}
	}
	if err := make1("only", core.QueueOptions{}); err != nil {
		t.Error(err)
	}
	// Of many who declare at once one gets the last place.
	setQuotas(t, ns, core.Quotas{core.MaxQueues: 2})
	made := make(chan string, 50)
	var wg sync.WaitGroup
	for i := range cap(made) {
		wg.Go(func() {
			if name := fmt.Sprint("race", i); make1(name, core.QueueOptions{}) == nil {
				made <- name
			}
		})
	}
	wg.Wait()
	if len(made) != 1 {
		t.Errorf("%d were made", len(made))
	}
}

// Who comes to a namespace that was deleted meanwhile has no place in it, nor in the
// next of its name; which has none of its quotas.
func TestNoPlaceInWhatIsDeleted(t *testing.T) {
	b := fresh(t)
	defer b.Close()
	ns, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	setQuotas(t, ns, core.Quotas{core.MaxQueues: 3})
	during := errors.New("not asked")
	if err := b.DeleteNamespace("shop", func() error {
		_, during = ns.Enter(core.AnonymousPrincipal())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, after := ns.Enter(core.AnonymousPrincipal())
	err = ns.ChangeQuotas(func(q core.Quotas) core.Quotas { return core.Quotas{core.MaxQueues: 9} })
	next, _ := b.Namespace("shop")
	_, then := ns.Enter(core.AnonymousPrincipal())
	for _, err := range []error{during, after, then, err} {
		if core.KindOf(err) != core.NotFound {
			t.Errorf("%v, want not found", err)
		}
	}
	if q := next.Quotas(); len(q) != 0 {
		t.Errorf("quotas %v", q)
	}
	enter(t, next, core.AnonymousPrincipal())
}

// A deletion that is taken back leaves the quotas as they were, for a start too.
func TestQuotasAfterADeletionTakenBack(t *testing.T) {
	s := memstore.New(memstore.Options{})
	b := open(t, s)
	ns, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	setQuotas(t, ns, core.Quotas{core.MaxQueues: 3})
	if err := b.DeleteNamespace("shop", func() error { return errors.New("no") }); err == nil || !strings.Contains(err.Error(), "no") {
		t.Fatal(err)
	}
	b.Close()
	b = open(t, s)
	defer b.Close()
	ns, err = b.Namespace("shop")
	if err != nil || ns.Quotas()[core.MaxQueues] != 3 {
		t.Errorf("%v, %v", ns.Quotas(), err)
	}
}
