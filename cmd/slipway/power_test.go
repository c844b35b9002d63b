package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/simdisk"
)

// The power is cut under the whole broker, in this process and on a disk in
// memory, while clients publish by MQTT, SQS, SNS, AMQP and STOMP over loopback. A cut
// leaves what was synced and some of what was not; the broker that runs on does not notice.
// On each copy of the disk a new broker must find what was confirmed before.

const powerRoutes = `
routes: [{topic: "power/#", queue: by-mqtt}, {topic: "by-sns/#", queue: by-sns}]
limits: {drain_timeout: 1s}
`

// inBoth are the queues that each STOMP transaction sends to: a cut leaves both of
// its messages, or none.
var inBoth = []string{"in-both-a", "in-both-b"}

// A cut is a disk as it was found, and what clients knew when the power failed.
type cut struct {
	disk *simdisk.Disk
	sure map[string]bool // confirmed, and not received since
	sent map[string]bool
}

func TestPowerCuts(t *testing.T) {
	generations, cuts := 2, 5
	if !testing.Short() {
		generations, cuts = 5, 12
	}
	at := cut{simdisk.New(), map[string]bool{}, map[string]bool{}}
	total := 0
	for g := range generations {
		all := underLoad(t, at, g, cuts, nil)
		for i, c := range all {
			lost, found := verify(t, c)
			if lost != "" {
				t.Errorf("generation %d, cut %d: %s", g, i, lost)
			}
			total += len(c.sure)
			t.Logf("generation %d, cut %d: %d sure, %d found of %d sent", g, i, len(c.sure), found, len(c.sent))
		}
		at = all[len(all)-1]
	}
	for _, door := range []string{"mqtt", "sqs", "sns", "amqp", "stomp"} {
		if n := countPrefix(at.sure, door+"-"); total == 0 || n == 0 {
			t.Errorf("nothing that %s published was confirmed before the last cut", door)
		}
	}
}

func countPrefix(bodies map[string]bool, prefix string) (n int) {
	for body := range bodies {
		if strings.HasPrefix(body, prefix) {
			n++
		}
	}
	return n
}

// The test above can fail: it does with a store that confirms before it syncs.
func TestPowerCutsFindAckBeforeSync(t *testing.T) {
	at := cut{simdisk.New(), map[string]bool{}, map[string]bool{}}
	for _, c := range underLoad(t, at, 0, 8, simdisk.AckBeforeSync) {
		if lost, _ := verify(t, c); lost != "" {
			t.Logf("found, as it should be: %s", lost)
			return
		}
	}
	t.Error("8 power cuts did not find a store that confirms before it syncs")
}

// underLoad runs a broker on a disk, with clients, and cuts its power several
// times.
func underLoad(t *testing.T, from cut, generation, cuts int, wrap func(core.Store) core.Store) (all []cut) {
	t.Helper()
	w := outside(t)
	w.open, w.wrap = from.disk.Open, wrap
	in, err := start(settings(t, powerRoutes), quiet(), w)
	if err != nil {
		t.Fatal(err)
	}
	l := newTally(from)
	c := newClients(t, in, fmt.Sprint("g", generation), l)
	for i := range cuts {
		until := l.confirmed() + rand.IntN(150)
		await(t, func() bool { return l.confirmed() >= until })
		sure, sent := l.snapshot() // before the cut: what was confirmed by now must be on the disk
		all = append(all, cut{disk: from.disk.PowerCut([]int{0, 50, 90}[i%3], rand.Uint64()), sure: sure, sent: sent})
	}
	c.stop()
	if err := in.stop(); err != nil {
		t.Error(err)
	}
	for i := range all { // what was sent while the cut was made may be on it
		_, all[i].sent = l.snapshot()
	}
	return all
}

// verify starts a broker on a copy of a disk and takes out everything.
func verify(t *testing.T, c cut) (lost string, found int) {
	t.Helper()
	w := outside(t)
	w.open = c.disk.PowerCut(100, 0).Open // the copy is c itself, which is needed again
	in, err := start(settings(t, powerRoutes), quiet(), w)
	if err != nil {
		return fmt.Sprintf("it does not start: %v", err), 0
	}
	have, parts := map[string]bool{}, map[string]int{}
	for _, queue := range append([]string{"by-mqtt", "by-sqs", "by-sns", "by-amqp", "by-stomp"}, inBoth...) {
		once := map[string]bool{}
		for _, body := range empty(t, in.broker, queue) {
			switch {
			case once[body]:
				lost = fmt.Sprintf("%s is in %s twice", body, queue)
			case !c.sent[body]:
				lost = fmt.Sprintf("%q is in %s and was never sent", body, queue)
			}
			once[body] = true
			if slices.Contains(inBoth, queue) {
				parts[body]++
			}
		}
		maps.Copy(have, once)
	}
	for body, n := range parts {
		if n != len(inBoth) {
			lost = fmt.Sprintf("of the transaction %s %d parts are there", body, n)
		}
	}
	waiting := attend(t, in)
	for body := range c.sure {
		if !have[body] {
			lost = body + " was confirmed and is lost"
		}
		if viaMQTT(body) && waiting[body] != 1 {
			lost = fmt.Sprintf("%s was confirmed and the session has it %d times", body, waiting[body])
		}
	}
	if err := in.stop(); err != nil {
		t.Error(err)
	}
	return lost, len(have)
}

// empty receives all that is ready in a queue, if there is such a queue.
func empty(t *testing.T, b *core.Broker, name string) (bodies []string) {
	t.Helper()
	q, ok := b.Default().Queue(name)
	if !ok {
		return nil
	}
	for {
		got, err := q.Receive(t.Context(), core.ReceiveOptions{Max: 1000, Lease: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return bodies
		}
		for _, d := range got {
			bodies = append(bodies, string(d.Message.Body))
		}
	}
}

// A sync that fails confirms nothing, and is the end: the process would exit.
func TestFailingSync(t *testing.T) {
	disk := simdisk.New()
	failed := make(chan error, 10)
	w := world{open: disk.Open, fatal: func(err error) { failed <- err }}
	in, err := start(settings(t, powerRoutes), quiet(), w)
	if err != nil {
		t.Fatal(err)
	}
	l := newTally(cut{})
	c := newClients(t, in, "f", l)
	await(t, func() bool { return l.confirmed() > 100 })
	disk.Break(simdisk.Syncs)
	select {
	case <-failed:
	case <-time.After(awhile):
		t.Error("nobody noticed")
	}
	after := disk.PowerCut(0, 0)
	if err := sendOne(t, in, "too late"); err == nil {
		t.Error("a message was confirmed after the failure")
	}
	c.stop()
	if err := in.stop(); err == nil {
		t.Error("the broker stopped as if all were well")
	}
	sure, sent := l.snapshot()
	if lost, _ := verify(t, cut{after, sure, sent}); lost != "" {
		t.Error(lost)
	}
}
