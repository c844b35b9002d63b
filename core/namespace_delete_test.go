package core_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// furnish makes one of everything in a namespace.
func furnish(t *testing.T, b *core.Broker, name string) *core.Namespace {
	t.Helper()
	ns, err := b.Namespace(name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := match.ParseMQTT("#")
	if err != nil {
		t.Fatal(err)
	}
	q, _, err := ns.DeclareQueue("q", durable(core.QueueOptions{}))
	for _, f := range []func() error{
		func() error { return err },
		func() error {
			_, _, err := ns.DeclareExchange("x", core.ExchangeOptions{Kind: core.ExchangeFanout, Durable: true})
			return err
		},
		func() error {
			_, err := ns.Bind(&core.Binding{Key: "1", Exchange: "x", Queue: q, KeepDurable: true, Durable: true})
			return err
		},
		func() error {
			_, err := ns.Bind(&core.Binding{Key: "2", Filter: all, Queue: q, KeepDurable: true, Durable: true})
			return err
		},
		func() error { _, _, err := ns.CreateTopic("a/b", nil); return err },
		func() error {
			return ns.SetPolicy(core.Policy{Name: "p", ApplyTo: "all", Definition: map[string]any{"max-length": int64(9)}})
		},
		func() error {
			_, _, err := ns.OpenSession("s", false, core.SessionOptions{Dialect: "d", Expiry: time.Hour})
			return err
		},
		func() error {
			_, err := ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("x"), Durable: true}, To: core.TopicAddress("a/b"), Retain: true})
			return err
		},
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	return ns
}

// left is how many definitions the store has of a namespace.
func left(t *testing.T, store core.Store, name string) (keys []string) {
	t.Helper()
	err := store.Scan([]byte{'c'}, []byte{'c' + 1}, false, func(k, _ []byte) bool {
		if bytes.HasPrefix(k[2:], append([]byte(name), 0)) {
			keys = append(keys, string(k))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestDeleteNamespace(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	ns := furnish(t, b, "shop")
	furnish(t, b, "shop2")
	if n := len(left(t, store, "shop")); n < 8 {
		t.Fatalf("%d definitions", n)
	}
	r := newTape(5)
	q, _ := ns.Queue("q")
	if _, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1}); err != nil {
		t.Fatal(err)
	}
	told := false
	err := b.DeleteNamespace("shop", func() error {
		told = true
		if _, err := b.Namespace("shop"); core.KindOf(err) != core.InUse {
			t.Errorf("while it is deleted: %v", err)
		}
		return nil
	})
	if err != nil || !told {
		t.Fatal(told, err)
	}
	for name, err := range map[string]error{
		"again": b.DeleteNamespace("shop", func() error { return nil }), "no such": b.DeleteNamespace("none", func() error { return nil }),
		"queue":    second(ns.DeclareQueue("new", durable(core.QueueOptions{}))),
		"exchange": second(ns.DeclareExchange("new", core.ExchangeOptions{Kind: core.ExchangeFanout, Durable: true})),
		"topic":    second(ns.CreateTopic("new", nil)), "policy": ns.SetPolicy(core.Policy{Name: "new", ApplyTo: "all", Definition: map[string]any{"max-length": int64(9)}}),
		"session": second(ns.OpenSession("new", false, core.SessionOptions{Dialect: "d", Expiry: time.Hour})),
	} {
		if core.KindOf(err) != core.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.DeleteNamespace("", func() error { return nil }); core.KindOf(err) != core.Denied {
		t.Error(err)
	}
	if keys := left(t, store, "shop"); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
	b.Close()
	b = open(t, store)
	defer b.Close()
	for _, other := range b.Namespaces() {
		if other.Name() == "shop" {
			t.Error("it is back")
		}
	}
	if ns, err := b.Namespace("shop"); err != nil || len(ns.Queues("", true)) != 0 {
		t.Error("the next of that name is not empty")
	}
	if n := len(left(t, store, "shop2")); n < 8 {
		t.Errorf("another lost what it had: %d", n)
	}
}

func second[T any](_ T, _ bool, err error) error { return err }

// What a crash left of a deletion is seen through, with the permissions of accounts.
func TestDeleteNamespaceAfterACrash(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	furnish(t, b, "shop")
	verify := func(hash string, p []byte) bool { return hash == string(p) }
	keep := func(b *core.Broker) *core.Access {
		access, err := core.NewAccess(nil, verify, make([]byte, 16))
		if err != nil {
			t.Fatal(err)
		}
		if err := access.Keep(b, nil); err != nil {
			t.Fatal(err)
		}
		return access
	}
	_, err := keep(b).ChangeAccount("u", func(acc *core.Account, _ bool) error {
		acc.PasswordHash = "p"
		acc.Permissions = map[string]core.Permissions{"": {}, "shop": {Read: ".*"}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	key := append([]byte{'c', 'n'}, "shop\x00"...)
	var def map[string]any
	if _, err := store.Get(key, func(val []byte) error { return json.Unmarshal(val, &def) }); err != nil {
		t.Fatal(err)
	}
	def["gone"] = true
	val, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	batch := store.NewBatch()
	batch.Set(key, val)
	if err := store.Apply(batch, core.Durable); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b = open(t, store)
		if keys := left(t, store, "shop"); len(keys) != 0 || len(b.Namespaces()) != 1 {
			t.Errorf("left: %q", keys)
		}
		if accounts := keep(b).Accounts(); len(accounts) != 1 || len(accounts[0].Permissions) != 1 {
			t.Errorf("%+v", accounts)
		}
		b.Close()
	}
}

// Who defines things in it meanwhile leaves nothing behind, or the store could not
// be opened again.
func TestDeleteNamespaceUnderLoad(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	for round := range 20 {
		ns := furnish(t, b, "shop")
		var clients sync.WaitGroup
		stop := make(chan struct{})
		for i := range 4 {
			clients.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					name := fmt.Sprint(i, ".", n)
					q, _, err := ns.DeclareQueue(name, durable(core.QueueOptions{}))
					if err == nil {
						_, _ = ns.Bind(&core.Binding{Key: name, Exchange: "x", Queue: q, KeepDurable: true, Durable: true}) // it may be gone
					}
					_, _, _ = ns.DeclareExchange(name, core.ExchangeOptions{Kind: core.ExchangeFanout, Durable: true})
					_ = ns.SetPolicy(core.Policy{Name: name, ApplyTo: "all", Definition: map[string]any{"max-length": int64(n + 1)}})
					if s, _, err := ns.OpenSession(name, false, core.SessionOptions{Dialect: "d", Expiry: time.Hour}); err == nil {
						s.Detach(0, false)
					}
				}
			})
		}
		if err := b.DeleteNamespace("shop", func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		furnish(t, b, "shop")
		close(stop)
		clients.Wait()
		if keys := left(t, store, "shop"); len(keys) != 9 {
			t.Fatalf("round %d: %q", round, keys)
		}
		if err := b.DeleteNamespace("shop", func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	if keys := left(t, store, "shop"); len(keys) != 0 {
		t.Errorf("%q", keys)
	}
	b = open(t, store)
	b.Close()
}

// reluctant is a Receiver that takes its time to hear that its queue is gone.
type reluctant struct {
	*tape
	told, goOn chan struct{}
}

func (s reluctant) Cancelled(*core.Consumer, error) bool {
	close(s.told)
	<-s.goOn
	return false
}

// A queue that somebody is about to delete when its namespace goes is not that of its
// name in the next namespace.
func TestDeleteNamespaceBeforeADeletionEnds(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	shop := func() *core.Namespace {
		ns, err := b.Namespace("shop")
		if err == nil {
			_, _, err = ns.DeclareQueue("q", durable(core.QueueOptions{}))
		}
		if err != nil {
			t.Fatal(err)
		}
		return ns
	}
	old := shop()
	q, _ := old.Queue("q")
	r := reluctant{newTape(1), make(chan struct{}), make(chan struct{})}
	if _, err := q.Consume(core.ConsumerOptions{Receiver: r, Credit: 1}); err != nil {
		t.Fatal(err)
	}
	deleted := make(chan error)
	go func() { deleted <- old.DeleteQueue("q") }()
	<-r.told
	if err := b.DeleteNamespace("shop", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	shop()
	close(r.goOn)
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open(t, store)
	defer b.Close()
	ns, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ns.Queue("q"); !ok {
		t.Error("the next namespace lost its queue")
	}
}

// Who still publishes to a namespace that is gone leaves nothing in the store.
func TestRetainedAfterDeleteNamespace(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	defer b.Close()
	ns := furnish(t, b, "shop")
	if err := b.DeleteNamespace("shop", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	m := &core.Message{Body: []byte("x"), Durable: true}
	if _, err := ns.Publish(t.Context(), &core.Publication{Message: m, To: core.TopicAddress("a/b"), Retain: true}); err != nil {
		t.Fatal(err)
	}
	if n, err := ns.CountRetained(); n != 0 || err != nil {
		t.Errorf("%d are kept, %v", n, err)
	}
}

// A deletion that somebody beside the core could not follow is none, and is tried again.
func TestDeleteNamespaceTakenBack(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	ns := furnish(t, b, "shop")
	before := len(left(t, store, "shop"))
	failed := errors.New("no")
	if err := b.DeleteNamespace("shop", func() error { return failed }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if again, err := b.Namespace("shop"); err != nil || again != ns {
		t.Fatalf("after a deletion that failed: %v", err)
	}
	if _, _, err := ns.DeclareQueue("new", durable(core.QueueOptions{})); err != nil {
		t.Error(err)
	}
	b.Close()
	b = open(t, store)
	defer b.Close()
	if n := len(left(t, store, "shop")); n != before+1 {
		t.Errorf("%d definitions after a restart, %d and one before", n, before)
	}
	if err := b.DeleteNamespace("shop", func() error { return nil }); err != nil {
		t.Error(err)
	}
	if keys := left(t, store, "shop"); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}

// What is said about a namespace survives a crash, and a deletion that is taken back.
func TestNamespaceIsDescribed(t *testing.T) {
	s := &synced{Store: memstore.New(memstore.Options{})}
	b := open(t, s)
	defer b.Close()
	ns, err := b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Describe(map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteNamespace("shop", func() error { return errors.New("no") }); err == nil {
		t.Fatal("it is deleted")
	}
	again := open(t, s.left)
	defer again.Close()
	if ns, err = again.Namespace("shop"); err != nil || ns.Attributes()["k"] != "v" || ns.Attributes()["other"] != "" {
		t.Errorf("%v, %v", ns.Attributes(), err)
	}
	if again.Default().Attributes() != nil {
		t.Error("the default one is described")
	}
}
