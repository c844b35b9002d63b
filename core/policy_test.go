package core_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func setPolicy(t testing.TB, b *core.Broker, name, pattern string, priority int, definition string) {
	t.Helper()
	p := core.Policy{Name: name, Pattern: pattern, Priority: priority}
	if err := json.Unmarshal([]byte(definition), &p.Definition); err != nil {
		t.Fatal(err)
	}
	if err := b.Default().SetPolicy(p); err != nil {
		t.Fatal(err)
	}
}

func TestPolicyMerges(t *testing.T) {
	b := fresh(t)
	setPolicy(t, b, "all", "^q", 0, `{"message-ttl":5000,"expires":60000,"max-length":10,"max-length-bytes":100,
		"overflow":"reject-publish","dead-letter-exchange":"dlx","dead-letter-routing-key":"dead","delivery-limit":3}`)
	s := time.Second
	policy := core.QueueOptions{MessageTTL: 5 * s, Expires: 60 * s, MaxLength: 10, MaxBytes: 100, Overflow: core.RejectPublish,
		DeadLetter: core.ExchangeAddress("dlx", "dead"), MaxDeliveries: 4}
	for name, c := range map[string]struct{ declared, want core.QueueOptions }{
		"none":   {core.QueueOptions{}, policy},
		"lower":  {core.QueueOptions{MessageTTL: s, MaxLength: -1, MaxBytes: 7, MaxDeliveries: 2, Expires: 1 * s}, core.QueueOptions{MessageTTL: s, Expires: s, MaxLength: -1, MaxBytes: 7, MaxDeliveries: 2, Overflow: core.RejectPublish, DeadLetter: policy.DeadLetter}},
		"higher": {core.QueueOptions{MessageTTL: 9 * s, MaxLength: 99, MaxBytes: 101, MaxDeliveries: 9, Expires: 99 * s}, policy},
		"its own": {core.QueueOptions{DeadLetter: core.QueueAddress("x"), Overflow: core.RejectPublishDeadLetter}, core.QueueOptions{MessageTTL: 5 * s, Expires: 60 * s,
			MaxLength: 10, MaxBytes: 100, MaxDeliveries: 4, DeadLetter: core.QueueAddress("x"), Overflow: core.RejectPublishDeadLetter}},
		"its own exchange": {core.QueueOptions{DeadLetter: core.ExchangeAddress("y", "")}, core.QueueOptions{MessageTTL: 5 * s, Expires: 60 * s,
			MaxLength: 10, MaxBytes: 100, MaxDeliveries: 4, DeadLetter: core.ExchangeAddress("y", "dead"), Overflow: core.RejectPublish}},
	} {
		q := declare(t, b, "q "+name, c.declared)
		if got := q.Effective(); !sameOptions(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if got := q.Options(); !sameOptions(got, c.declared) {
			t.Errorf("%s: declared %+v, want %+v", name, got, c.declared)
		}
		if _, _, err := b.Default().DeclareQueue("q "+name, c.declared); err != nil {
			t.Errorf("%s: declared again: %v", name, err)
		}
	}
	other := declare(t, b, "other", core.QueueOptions{})
	if _, ok := other.Policy(); ok {
		t.Error("a policy for other")
	}
}

func sameOptions(a, b core.QueueOptions) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// Policies that come, change, go and outlive a restart, and what they do to
// queues that are there.
func TestPolicyApplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Options{})
		b := open(t, store)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		flood(t, b, core.QueueAddress("q"), 20, countedMessage)
		setPolicy(t, b, "short", ".*", 1, `{"max-length":5}`)
		synctest.Wait()
		if n := q.Counts().Ready; n != 5 {
			t.Errorf("%d ready, want 5", n)
		}
		setPolicy(t, b, "wins", "q", 2, `{"message-ttl":1000}`)
		if p, _ := q.Policy(); p.Name != "wins" || q.Effective().MaxLength != 0 {
			t.Errorf("policy %+v, options %+v", p, q.Effective())
		}
		elapse(2 * time.Second)
		synctest.Wait()
		if n := q.Counts().Ready; n != 0 {
			t.Errorf("%d ready, want none", n)
		}
		if err := q.Update(func(o *core.QueueOptions) error { o.MaxBytes = 77; return nil }); err != nil {
			t.Fatal(err)
		}
		if o := q.Effective(); o.MaxBytes != 77 || o.MessageTTL != time.Second {
			t.Errorf("after an update %+v", o)
		}
		x := exchange(t, b, "x", core.ExchangeOptions{Kind: "direct"})
		bindKey(t, b, "amq.fanout", q, "")
		b.HoldPublishes("") // nothing
		setPolicy(t, b, "alt", "^x$", 9, `{"alternate-exchange":"amq.fanout"}`)
		expect(t, "policy", x.Policy(), "alt")
		expect(t, "alternate", whoGot(t, b, to("x", "k")), "q")
		b.Close()

		b = open(t, store)
		defer b.Close()
		q, _ = b.Default().Queue("q")
		if p, _ := q.Policy(); p.Name != "wins" {
			t.Errorf("after a restart %+v", p)
		}
		if o := q.Effective(); o.MessageTTL != time.Second || o.MaxBytes != 77 {
			t.Errorf("after a restart %+v", o)
		}
		for _, name := range []string{"wins", "short"} {
			if err := b.Default().DeletePolicy(name); err != nil {
				t.Fatal(err)
			}
		}
		if _, ok := q.Policy(); ok || q.Effective().MessageTTL != 0 {
			t.Errorf("without policies %+v", q.Effective())
		}
		if err := b.Default().DeletePolicy("wins"); core.KindOf(err) != core.NotFound {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

func TestPolicyRefused(t *testing.T) {
	b := fresh(t)
	for name, p := range map[string]core.Policy{
		"no name": {Pattern: ".", Definition: map[string]any{"max-length": 1}},
		"pattern": {Name: "p", Pattern: "(", Definition: map[string]any{"max-length": 1}},
		"setting": {Name: "p", Pattern: ".", Definition: map[string]any{"max-priority": 1}},
		"type":    {Name: "p", Pattern: ".", Definition: map[string]any{"max-length": "1"}},
		"part":    {Name: "p", Pattern: ".", Definition: map[string]any{"max-length": 1.5}},
		"below":   {Name: "p", Pattern: ".", Definition: map[string]any{"expires": 0}},
		"over":    {Name: "p", Pattern: ".", Definition: map[string]any{"message-ttl": 1 << 42}},
		"word":    {Name: "p", Pattern: ".", Definition: map[string]any{"overflow": "drop"}},
		"nothing": {Name: "p", Pattern: "."},
		"mode":    {Name: "p", Pattern: ".", Definition: map[string]any{"ha-mode": "some"}},
		"params":  {Name: "p", Pattern: ".", Definition: map[string]any{"ha-mode": "exactly"}},
		"alone":   {Name: "p", Pattern: ".", Definition: map[string]any{"ha-sync-mode": "automatic"}},
		"to":      {Name: "p", Pattern: ".", ApplyTo: "streams", Definition: map[string]any{"max-length": 1}},
	} {
		if err := b.Default().SetPolicy(p); core.KindOf(err) != core.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Settings without effect are kept, through a restart too, and their policy counts as any:
// another of lower priority does not.
func TestPolicyWithoutEffect(t *testing.T) {
	store := memstore.New(memstore.Options{})
	b := open(t, store)
	setPolicy(t, b, "ha", "", 5, `{"ha-mode":"exactly","ha-params":2,"ha-sync-mode":"automatic","ha-sync-batch-size":9,"queue-mode":"lazy","queue-version":2,"max-length":7}`)
	setPolicy(t, b, "nodes", "", 4, `{"ha-mode":"nodes","ha-params":["a@b"],"max-age":"10D","message-ttl":1000}`)
	b.Close()
	b = open(t, store)
	defer b.Close()
	q := declare(t, b, "q", durable(core.QueueOptions{}))
	p, _ := q.Policy()
	if o := q.Effective(); p.Name != "ha" || p.Definition["ha-mode"] != "exactly" || o.MaxLength != 7 || o.MessageTTL != 0 {
		t.Errorf("%+v, %+v", p, o)
	}
	for name, without := range map[string]bool{"ha-mode": true, "queue-mode": true, "max-length": false, "none": false} {
		if got := core.Inert(name); (got != "") != without {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPolicyConfigured(t *testing.T) {
	b := fresh(t)
	ns := b.Default()
	q := declare(t, b, "q", core.QueueOptions{})
	if err := ns.ConfigurePolicies([]core.Policy{{Name: "p", Pattern: "", Definition: map[string]any{"max-length": 3}}}); err != nil {
		t.Fatal(err)
	}
	if q.Effective().MaxLength != 3 {
		t.Errorf("options %+v", q.Effective())
	}
	if err := ns.DeletePolicy("p"); core.KindOf(err) != core.Denied {
		t.Errorf("deleted: %v", err)
	}
	if err := ns.SetPolicy(core.Policy{Name: "p", Definition: map[string]any{"max-length": 4}}); core.KindOf(err) != core.Denied {
		t.Errorf("changed: %v", err)
	}
	if err := ns.ConfigurePolicies(nil); err != nil || q.Effective().MaxLength != 0 || len(ns.Policies()) != 0 {
		t.Errorf("after: %v, %+v", err, ns.Policies())
	}
}
