package core_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// comings are a random run that knows from lists how many queues count.
type comings struct {
	*testing.T
	rnd   *rand.Rand
	store *memstore.Store
	b     *core.Broker
}

// However queues and sessions come and go, as many count as there are.
func TestQuotaCountsRandomly(t *testing.T) {
	for seed := range uint64(30) {
		c := &comings{T: t, rnd: rand.New(rand.NewPCG(seed, 1)), store: memstore.New(memstore.Options{})}
		c.b = open(t, c.store)
		for range 20 {
			for range 1 + c.rnd.IntN(10) {
				c.step()
			}
			c.check(seed)
		}
		c.b.Close()
	}
}

func (c *comings) name() string { return fmt.Sprint("q", c.rnd.IntN(6)) }

func (c *comings) session() *core.Session {
	o, id := core.SessionOptions{Dialect: "d", Expiry: core.Forever}, c.rnd.IntN(4)
	if id == 0 { // always the same: a durable one that is told so ends when a start gets to it
		o.Expiry = 0
	}
	s, _, err := c.b.Default().OpenSession(fmt.Sprint("s", id), c.rnd.IntN(4) == 0, o)
	if err != nil {
		c.Fatal(err)
	}
	return s
}

func (c *comings) step() {
	ns := c.b.Default()
	switch c.rnd.IntN(9) {
	case 0, 1, 2:
		_, _, _ = ns.DeclareQueue(c.name(), core.QueueOptions{Durable: c.rnd.IntN(2) == 0, Uncounted: c.rnd.IntN(4) == 0}) // or another is there
	case 3:
		_ = ns.DeleteQueue(c.name()) // or there is none
	case 4, 5:
		s := c.session()
		f, err := match.ParseMQTT(fmt.Sprint("t", c.rnd.IntN(3)))
		if err != nil {
			c.Fatal(err)
		}
		if _, err := ns.Bind(&core.Binding{Key: s.Prefix() + f.String(), Dialect: "d", Filter: f, Queue: s.Queue(), Session: s, Durable: s.Durable()}); err != nil {
			c.Fatal(err)
		}
	case 6:
		s := c.session()
		_, _ = ns.Unbind(s.Prefix()+"t0", s.Prefix()+"t1") // those that there are
	case 7:
		c.session().Detach(0, false)
	case 8:
		c.b.Close()
		c.b = open(c.T, c.store)
	}
}

// check finds by trial where the limit is.
func (c *comings) check(seed uint64) {
	ns, n := c.b.Default(), int64(0)
	for _, q := range ns.Queues("", true) {
		if strings.HasPrefix(q.Name(), "session/") && q.Bindings() > 0 || !strings.HasPrefix(q.Name(), "session/") && !q.Options().Uncounted {
			n++
		}
	}
	for room := range int64(2) {
		setQuotas(c.T, ns, core.Quotas{core.MaxQueues: n + room})
		_, created, err := ns.DeclareQueue("probe", core.QueueOptions{})
		if created != (room == 1) || (err == nil) != created {
			c.Fatalf("seed %d, %d queues, room for %d: created %t, %v", seed, n, room, created, err)
		}
	}
	if err := ns.DeleteQueue("probe"); err != nil {
		c.Fatal(err)
	}
	setQuotas(c.T, ns, nil)
}
