package crash

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// parties are the peers of a run: two only publish, one only subscribes, one
// does both over the same connection. Each comes over a wire of its own.
type parties []*peer

func newParties(messages int) parties {
	totals := []int{messages / 3, messages / 3, messages - 2*(messages/3)}
	both, sub := newPeer("both", 2, totals[2]), newPeer("sub", 3, 0)
	both.tally, sub.tally = newTally(totals...), newTally(totals...)
	both.cutting, sub.cutting = true, true
	pub := newPeer("pub", 1, totals[1])
	pub.cutting = true
	return parties{newPeer("steady", 0, totals[0]), pub, both, sub}
}

func newPeer(name string, number, total int) *peer {
	p := &peer{name: name, wire: wire(number + len(doors.Wires)), number: number, total: total, held: map[uint16]bool{}, published: make(chan struct{})}
	if total == 0 {
		close(p.published)
	}
	return p
}

// start lets all work with the broker until it ends, or all is through; ended
// gets an outcome of each.
func (ps parties) start(b *daemon.Broker, f *fuse) (ended chan error) {
	ended = make(chan error, len(ps))
	for _, p := range ps {
		p.fuse = f
		go func() { ended <- p.run(b) }()
	}
	return ended
}

// phases counts messages by where they are.
type phases struct{ waitForPubrec, waitForPubcomp, waitForPubrel int }

func (ps parties) phases() (n phases) {
	for _, p := range ps {
		for _, f := range p.air {
			if f.released {
				n.waitForPubcomp++
			} else {
				n.waitForPubrec++
			}
		}
		n.waitForPubrel += len(p.held)
	}
	return n
}

// sizeOfQoS2 is how many messages go through, and how many kills they outlive.
func sizeOfQoS2(t *testing.T) (messages, kills int) {
	t.Helper()
	if s := os.Getenv("SLIPWAY_TEST_QOS2"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n, max(1, n/3000)
	}
	if inCI() || million() {
		return 100_000, 33
	}
	return 5_000, 2
}

// Each message of QoS 2 comes to each subscriber once and in order, although
// the broker is killed again and again, whatever each was waiting for.
func TestKillExactlyOnce(t *testing.T) {
	messages, kills := sizeOfQoS2(t)
	o := daemon.Options{Dir: t.TempDir(), Config: doors.Config(t, "")}
	b := daemon.Start(t, o)
	ps := newParties(messages)
	for _, p := range ps {
		if err := p.meet(b); err != nil {
			t.Fatal(err)
		}
	}
	var at phases
	begun := time.Now()
	for range kills {
		length := float64(6*messages) / float64(kills+1) * (0.3 + 0.8*rand.Float64()) // so that all kills come before the end
		killInFlight(t, b, ps, newFuse(int64(length)+1))
		n := ps.phases()
		t.Logf("killed with %+v, %d and %d received", n, ps[2].tally.total, ps[3].tally.total)
		at.waitForPubrec += n.waitForPubrec
		at.waitForPubcomp += n.waitForPubcomp
		at.waitForPubrel += n.waitForPubrel
		b = daemon.Start(t, o)
	}
	finish(t, b, ps)
	if kills > 5 && (at.waitForPubrec == 0 || at.waitForPubcomp == 0 || at.waitForPubrel == 0) {
		t.Errorf("no kill hit one of the phases: %+v", at)
	}
	t.Logf("%d messages, %d kills, %v", messages, kills, time.Since(begun).Round(time.Millisecond))
	ps.audit(t)
	b.Stop(t)
	b = daemon.Start(t, o)
	finish(t, b, ps) // nothing more comes
	ps.audit(t)
	b.Stop(t)
}

// killInFlight lets all work until the fuse has burnt.
func killInFlight(t *testing.T, b *daemon.Broker, ps parties, f *fuse) {
	t.Helper()
	ended := ps.start(b, f)
	left := len(ps)
	for burning := true; burning; {
		select {
		case <-f.burnt:
			burning = false
		case err := <-ended:
			if left--; err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Kill(t)
	for range left {
		<-ended // with the broker
	}
}

// finish lets all come to the end, which a last message announces.
func finish(t *testing.T, b *daemon.Broker, ps parties) {
	t.Helper()
	f := newFuse(math.MaxInt64)
	ended := ps.start(b, f)
	left := len(ps)
	for _, p := range ps {
		for publishing := true; publishing; {
			select {
			case <-p.published:
				publishing = false
			case err := <-ended:
				if left--; err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	end := newPeer("end"+strconv.Itoa(b.PID()), -1, 1)
	end.fuse = f
	if err := errors.Join(end.meet(b), end.run(b)); err != nil {
		t.Fatal(err)
	}
	for range left {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// audit holds what came against what was sent.
func (ps parties) audit(t *testing.T) {
	t.Helper()
	for _, p := range ps {
		t.Logf("%s: %d sent again, %d received with DUP, %d PUBREL again, %d connections broken", p.name, p.repeated, p.dups, p.lateReleases, p.cuts)
		if p.tally == nil {
			continue
		}
		for _, complaint := range p.tally.audit() {
			t.Errorf("%s: %s", p.name, complaint)
		}
		p.ended = false
	}
}
