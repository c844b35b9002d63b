package core_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
	"github.com/slipwaymq/slipway/core/store/storetest"
)

// Who comes while a retained publish is parked finds its value, once, in its place
// among those of the store and instead of the older one there.
func TestParkedIsRetained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &storetest.Troubled{Store: memstore.New(memstore.Options{})}
		b := open(t, store)
		defer b.Close()
		r := newTape(20)
		p, other := b.Default().NewPublisher(0).Patient(), b.Default().NewPublisher(0).Patient()
		retain := func(p *core.Publisher, path, body string) {
			m := core.Message{Body: []byte(body), Durable: true}
			if err := p.Publish(&core.Publication{Message: &m, To: core.TopicAddress(path), Retain: true, Confirm: r}); err != nil {
				t.Fatal(err)
			}
		}
		cursor := func(filter, after string) *core.RetainedCursor {
			f, err := match.ParseMQTT(filter)
			if err != nil {
				t.Fatal(err)
			}
			return b.Default().RetainedAfter(f, after)
		}
		read := func(c *core.RetainedCursor, n int) string {
			var got []string
			for {
				ms, err := c.Next(n)
				if err != nil {
					t.Fatal(err)
				}
				if len(ms) == 0 {
					return strings.Join(got, " ")
				}
				for _, m := range ms {
					got = append(got, fmt.Sprintf("%s=%s", m.Source.Name, m.Body))
				}
			}
		}
		for _, path := range []string{"a/1", "a/3", "a/5", "a/5/x", "a/7"} {
			retain(p, path, "stored")
			<-r.out
		}
		store.Low.Store(true)
		retain(p, "a/0", "parked")
		retain(p, "a/3", "older")
		retain(p, "a/3", "parked")
		retain(p, "a/5", "")
		retain(p, "a/8", "parked")
		retain(p, "b", "parked")
		retain(other, "a/0", "another's")
		late := cursor("a/#", "")
		for _, n := range []int{1, 2, 100} {
			got := read(cursor("a/#", "a/0"), n)
			if want := "a/1=stored a/3=parked a/5/x=stored a/7=stored a/8=parked"; got != want {
				t.Errorf("%d at a time: %s, want %s", n, got, want)
			}
		}
		if got := read(cursor("a/0", ""), 10); got != "a/0=parked a/0=another's" && got != "a/0=another's a/0=parked" {
			t.Error(got)
		}
		if got := read(cursor("+", ""), 10); got != "b=parked" {
			t.Error(got)
		}
		store.Low.Store(false)
		elapse(5 * time.Second)
		if got := read(cursor("a/#", "a/0"), 100); got != "a/1=stored a/3=parked a/5/x=stored a/7=stored a/8=parked" {
			t.Errorf("once stored: %s", got)
		}
		if got := read(late, 1); strings.Count(got, "a/3=parked") != 1 || strings.Count(got, "a/8=") != 1 {
			t.Errorf("by the cursor of before: %s", got)
		}
	})
}
