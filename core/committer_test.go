package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/diskstore"
)

// What only memory has comes and goes without a write and without a sync.
func TestNothingToWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := diskstore.Open("data", diskstore.Options{FS: vfs.NewMem(), MinFree: 1, Ballast: -1, ProbeEvery: -1})
		if err != nil {
			t.Fatal(err)
		}
		b := open(t, s)
		defer s.Close()
		defer b.Close()
		q := declare(t, b, "q", core.QueueOptions{})
		elapse(time.Second)
		before := b.Stats()
		for range 10 {
			publish(t, b, core.QueueAddress("q"), core.Message{Body: []byte("x"), Durable: true})
			d := receive(t, q, core.ReceiveOptions{Max: 1, Lease: time.Minute})[0]
			tape := newTape(1)
			c, err := q.Consume(core.ConsumerOptions{Receiver: tape, Credit: 1})
			if err != nil {
				t.Fatal(err)
			}
			if err := q.ExtendLease(d.Receipt, 0); err != nil {
				t.Fatal(err)
			}
			d = <-tape.got
			c.Settle(core.Ack, false, []core.Receipt{d.Receipt}, nil, nil, tape, 0)
			c.Cancel()
			elapse(time.Second)
		}
		if s := b.Stats(); s.Groups != before.Groups || s.Synced != before.Synced {
			t.Errorf("%d groups and %d syncs", s.Groups-before.Groups, s.Synced-before.Synced)
		}
	})
}
