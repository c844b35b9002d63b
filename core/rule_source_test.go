package core_test

import (
	"crypto/rand"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

type fromPath string

func (p fromPath) Matches(m *core.Message) bool {
	return m.Source == core.TopicAddress(string(p)) && m.PublishedAt > 0
}

// A rule decides on the message as it will be delivered: with the path that it
// is published to, which a filter of the binding need not say.
func TestRuleSeesSource(t *testing.T) {
	b, err := core.New(memstore.New(memstore.Options{}), core.Options{
		Clock: clock{}, Rand: rand.Reader, Fatal: func(err error) { t.Error(err) },
		Dialects: map[string]core.Dialect{"test": {Compile: func(f []byte) (core.Predicate, error) { return fromPath(f), nil }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ns := b.Default()
	q, _, err := ns.DeclareQueue("q", core.QueueOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ns.Bind(&core.Binding{Key: "k", Dialect: "test", Filter: match.Below("a"), Queue: q, KeepTransient: true, Rule: []byte("a/b")}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"a": 0, "a/b": 1, "a/b/c": 0} {
		o, err := ns.Publish(t.Context(), &core.Publication{Message: &core.Message{Body: []byte("x")}, To: core.TopicAddress(path)})
		if err != nil || o.Routed != want {
			t.Errorf("%s: routed to %d, %v", path, o.Routed, err)
		}
	}
}
