package core_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// sendTo publishes n messages of a tenant, their bodies the tenant's name.
func sendTo(t testing.TB, b *core.Broker, queue, tenant string, n int) {
	t.Helper()
	for range n {
		publish(t, b, core.QueueAddress(queue), core.Message{Body: []byte(tenant), GroupID: tenant, Durable: true})
	}
}

// TestFairQueue: who holds over a tenth of what is in flight, and thirty, comes
// after the others, however far behind they stand; and after them only.
func TestFairQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		sendTo(t, b, "q", "noisy", 3000) // more than the window
		sendTo(t, b, "q", "quiet", 2)
		sendTo(t, b, "q", "", 1)
		held := receive(t, q, core.ReceiveOptions{Max: 30, Lease: time.Minute})
		if got := bodies(held); strings.Contains(got, "quiet") {
			t.Fatalf("nobody is noisy yet: %q", got)
		}
		got := ""
		for range 3 { // each look ahead is one scan of the store's
			got += " " + bodies(receive(t, q, core.ReceiveOptions{Max: 10, Lease: time.Minute}))
			synctest.Wait()
		}
		if n := strings.Count(got, "quiet"); n != 2 {
			t.Errorf("%d of 2 quiet messages in the next 30: %q", n, got)
		}
		if rest := receive(t, q, core.ReceiveOptions{Max: 10}); len(rest) != 10 {
			t.Errorf("with no others the noisy tenant got %d of 10", len(rest))
		}
	})
}

// TestFairQueueEnds: whoever is quiet again is served in order again, what was
// passed over included.
func TestFairQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		sendTo(t, b, "q", "a", 40)
		sendTo(t, b, "q", "b", 3)
		held := receive(t, q, core.ReceiveOptions{Max: 30, Lease: time.Minute})
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 2, Lease: time.Minute})); got != "b b" {
			t.Fatalf("%q", got)
		}
		var rs []core.Receipt
		for _, d := range held {
			rs = append(rs, d.Receipt)
		}
		if _, err := q.Settle(t.Context(), core.Ack, rs...); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if got, want := bodies(receive(t, q, core.ReceiveOptions{Max: 11})), strings.Repeat("a ", 10)+"b"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// TestFairQueueManyTenants: thirty in flight are not noisy among many.
func TestFairQueueManyTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fresh(t)
		q := declare(t, b, "q", durable(core.QueueOptions{}))
		for i := range 11 {
			sendTo(t, b, "q", fmt.Sprint("t", i), 30)
		}
		receive(t, q, core.ReceiveOptions{Max: 330, Lease: time.Minute})
		time.Sleep(2 * time.Second)
		sendTo(t, b, "q", "t0", 1)
		sendTo(t, b, "q", "t1", 1)
		if got := bodies(receive(t, q, core.ReceiveOptions{Max: 2})); got != "t0 t1" {
			t.Errorf("%q", got)
		}
	})
}
