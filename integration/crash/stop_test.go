package crash

import (
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// The same of publishers with confirms and of transactions.
func TestStopUnderLoadAMQP(t *testing.T) { endAMQP(t, 3, 1000, stopQuickly) }

func stopQuickly(b *daemon.Broker, t testing.TB) {
	begun := time.Now()
	b.Signal(t, syscall.SIGTERM)
	if code := b.Wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("the stop took %v", d)
	}
}

// An operator's stop under load loses nothing that was confirmed, and is quick.
func TestStopUnderLoad(t *testing.T) {
	o := daemon.Options{Dir: filepath.Join(t.TempDir(), "data"), Config: doors.Config(t, route)}
	books := &books{newLedger(), newLedger(), newLedger()}
	b := daemon.Start(t, o)
	prepare(t, b)
	for round := range 3 {
		until := books.kept() + 1000
		var clients sync.WaitGroup
		work(t, b, round, books, &clients)
		daemon.Eventually(t, time.Minute, "enough confirmations", func() bool { return books.kept() >= until })
		stopQuickly(b, t)
		clients.Wait()
		b = daemon.Start(t, o)
	}
	check(t, b, books)
	b.Stop(t)
}

// The same for every door: the clients of one work until they are told to go.
func TestStopUnderLoadOfEveryDoor(t *testing.T) {
	config := doors.Config(t, "")
	doors.ReceiptTime(t, confirmed+time.Second)
	for _, door := range doors.Everywhere {
		t.Run(door, func(t *testing.T) {
			o := daemon.Options{Dir: filepath.Join(t.TempDir(), "data"), Config: config}
			l, b := newLedger(), daemon.Start(t, o)
			client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "q", nil)
			for round := range 2 {
				until := l.count(l.kept) + 300
				clients := under(t, b, door, round, l)
				daemon.Eventually(t, time.Minute, "enough confirmations", func() bool { return l.count(l.kept) >= until })
				begun := time.Now()
				b.Signal(t, syscall.SIGTERM)
				if code := b.Wait(t); code != 0 {
					t.Errorf("exit code %d", code)
				}
				if d := time.Since(begun); d > 10*time.Second {
					t.Errorf("the stop took %v", d)
				}
				clients.Wait()
				b = daemon.Start(t, o)
			}
			audit(t, b, l)
			b.Stop(t)
		})
	}
}

// confirmed is how long a publish of under's may take.
const confirmed = 3 * time.Second

// under starts clients that put and take until they fail.
func under(t *testing.T, b *daemon.Broker, door string, round int, l *ledger) *sync.WaitGroup {
	t.Helper()
	clients := &sync.WaitGroup{}
	for i := range 4 {
		c := doors.MustOpen(t, b, door, "q")
		clients.Go(func() {
			for n := 0; l.put(c, fmt.Sprintf("%d.%d.%d", round, i, n), "", confirmed) == nil; n++ {
			}
		})
	}
	c := doors.MustOpen(t, b, door, "q")
	clients.Go(func() {
		for {
			body, err := c.Take(client.Patience)
			if body != "" { // what was taken may be there again, if its settling did not arrive
				l.note(l.taken, body)
			}
			if err != nil {
				return
			}
		}
	})
	return clients
}
