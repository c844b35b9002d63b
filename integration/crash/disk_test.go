package crash

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// onSmallDisk has all doors over all wires.
func onSmallDisk(t *testing.T, dir string) daemon.Options {
	return daemon.Options{Dir: filepath.Join(dir, "data"), Config: doors.Config(t, ""), Env: []string{"SLIPWAY_LIMITS_MIN_FREE_DISK=64MiB"}}
}

func isReady(b *daemon.Broker) func() bool { return func() bool { return b.Ready() == nil } }
func isFull(b *daemon.Broker) func() bool {
	return func() bool { err := b.Ready(); return err != nil && strings.Contains(err.Error(), "min_free_disk") }
}

// put notes what is tried and what is confirmed.
func (l *ledger) put(c doors.Client, name, rest string, within time.Duration) error {
	l.note(l.sent, name)
	err := c.Put(name+rest, within)
	if err == nil {
		l.note(l.kept, name)
	}
	return err
}

// take takes a message and notes it.
func (l *ledger) take(c doors.Client) error {
	body, err := c.Take(client.Patience)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(body, " #")
	l.note(l.taken, name)
	l.note(l.deleted, name)
	return nil
}

// onDoors runs a test for every door over every wire, on a small disk of its own with the queue q.
func onDoors(t *testing.T, size string, f func(t *testing.T, dir, door string, b *daemon.Broker)) {
	for _, door := range doors.Everywhere {
		t.Run(door, func(t *testing.T) {
			dir := daemon.SmallDisk(t, size)
			b := daemon.Start(t, onSmallDisk(t, dir))
			client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "q", nil)
			f(t, dir, door, b)
		})
	}
}

// Below the watermark nothing new is taken, what frees space is; above it again,
// all goes on, and nothing confirmed is missing.
func TestDiskFillsAndEmpties(t *testing.T) {
	onDoors(t, "256m", func(t *testing.T, dir, door string, b *daemon.Broker) {
		producer, consumer := doors.MustOpen(t, b, door, "q"), doors.MustOpen(t, b, door, "q")
		l := newLedger()
		for i := range 30 {
			if err := l.put(producer, fmt.Sprintf("before-%d", i), "", client.Patience); err != nil {
				t.Fatal(err)
			}
		}
		empty := daemon.FillDisk(t, dir, 32<<20)
		daemon.Eventually(t, 10*time.Second, "refusal", isFull(b))
		if err := l.put(producer, "while full", "", time.Second); err == nil {
			t.Error("a message was confirmed below the watermark")
		} else {
			t.Logf("told below the watermark: %v", err)
		}
		for range 5 { // what frees space goes on
			if err := l.take(consumer); err != nil {
				t.Fatalf("taking while full: %v", err)
			}
		}
		empty()
		daemon.Eventually(t, 10*time.Second, "readiness", isReady(b))
		if err := l.put(doors.MustOpen(t, b, door, "q"), "after", "", client.Patience); err != nil {
			t.Errorf("with space again: %v", err)
		}
		consumer.Close() // what it was given goes back
		b.Stop(t)
		b = daemon.Start(t, onSmallDisk(t, dir))
		audit(t, b, l)
		b.Stop(t)
	})
}

// noise is text that does not compress well.
func noise(n int) string {
	b := make([]byte, n*3/4)
	rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

func audit(t *testing.T, b *daemon.Broker, l *ledger) {
	t.Helper()
	found := map[string]int{}
	client.ReceiveAll(t.Context(), t, client.SQS(t, b.AWS), urlOf(b, "q"), 0, func(m types.Message) { found[strings.Split(*m.Body, " #")[0]]++ })
	for _, complaint := range l.audit(found) {
		t.Error(complaint)
	}
	t.Logf("%d confirmed, %d there", l.count(l.kept), len(found))
}

// Messages alone, of every door over every wire in turn, fill the disk to the watermark and no
// further: the process lives, refuses all of them, and nothing confirmed is lost.
func TestMessagesFillTheDisk(t *testing.T) {
	dir := daemon.SmallDisk(t, "320m")
	b := daemon.Start(t, onSmallDisk(t, dir))
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), "q", nil)
	l := newLedger()
	all := map[string]doors.Client{}
	for _, door := range doors.Everywhere {
		all[door] = doors.MustOpen(t, b, door, "q")
	}
	for n := 0; len(all) > 0; n++ {
		if n > 320<<20/(200<<10) {
			t.Fatal("more was taken than the disk holds")
		}
		for door, c := range all {
			if l.put(c, fmt.Sprint(door, n), " #"+noise(200<<10), 5*time.Second) != nil {
				delete(all, door)
			}
		}
	}
	if !b.Running() {
		t.Fatal("the broker died of a disk that is full of messages")
	}
	daemon.Eventually(t, 10*time.Second, "refusal", isFull(b))
	b.Kill(t)
	b = daemon.Start(t, daemon.Options{Dir: filepath.Join(dir, "data"), Env: []string{"SLIPWAY_LIMITS_MIN_FREE_DISK=1MiB"}})
	audit(t, b, l)
	b.Stop(t)
}

// The disk fills to the last byte between two looks at it. Then the broker stops
// rather than confirm what it cannot keep, and with space again nothing that it
// confirmed is missing.
func TestDiskIsSuddenlyFull(t *testing.T) {
	onDoors(t, "256m", func(t *testing.T, dir, door string, b *daemon.Broker) {
		c, l := doors.MustOpen(t, b, door, "q"), newLedger()
		bulk := " #" + noise(64<<10)
		full, sent := make(chan func(), 1), make(chan struct{})
		go func() {
			defer close(sent)
			for i := 0; ; i++ {
				if i == 50 {
					full <- daemon.FillDisk(t, dir, 0)
				}
				if l.put(c, fmt.Sprintf("m%d", i), bulk, 5*time.Second) != nil {
					return
				}
			}
		}()
		<-sent
		empty := <-full
		code := endOf(t, b)
		if code != 1 && code != running {
			t.Errorf("exit code %d", code)
		}
		t.Logf("exit code %d (%d: it lives and refuses)", code, running)
		empty()
		if b.Running() {
			b.Kill(t)
		}
		b = daemon.Start(t, onSmallDisk(t, dir))
		audit(t, b, l)
		b.Stop(t)
	})
}

const running = -2

// endOf is the exit code of a broker that stops over a full disk, or running: it
// noticed in time, refuses and lives on.
func endOf(t *testing.T, b *daemon.Broker) (code int) {
	t.Helper()
	code = running
	daemon.Eventually(t, 10*time.Second, "end or refusal", func() bool {
		if !b.Running() {
			code = b.Wait(t)
			return true
		}
		return isFull(b)()
	})
	return code
}
