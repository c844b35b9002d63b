package crash

import (
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

// The AMQP ledger: publishers with confirms through a topic exchange that is
// bound to another exchange, both with a queue; and a worker that takes from one
// queue and, in one transaction, acknowledges that and puts its result into two
// others.
const (
	amqpEvents = "events" // the exchange; amqpCopies is bound to it
	amqpCopies = "copies"
	amqpQueue  = "by-amqp"
	amqpCopy   = "by-amqp-copy"
	amqpIn     = "work"
	amqpA      = "result-a"
	amqpB      = "result-b"
)

func TestKillAMQP(t *testing.T) {
	kills, each := 2, 2500
	if inCI() {
		kills, each = 4, 5000
	}
	endAMQP(t, kills, each, (*daemon.Broker).Kill)
}

// endAMQP ends the broker under load, time after time, and wants nothing lost.
func endAMQP(t *testing.T, times, each int, end func(*daemon.Broker, testing.TB)) {
	t.Helper()
	o := daemon.Options{Dir: filepath.Join(t.TempDir(), "data"), Config: doors.Config(t, "")}
	events, work, results := newLedger(), newLedger(), newLedger()
	b := daemon.Start(t, o)
	topology(t, b)
	confirmed := func() int { return events.count(events.kept) + work.count(work.kept) }
	for round := range times {
		until := confirmed() + each + rand.Intn(each/10)
		done := results.count(results.kept)
		var clients sync.WaitGroup
		for i := range 3 {
			name := fmt.Sprintf("e%d.%d", round, i)
			clients.Go(func() { byAMQP(b, wire(i), amqpEvents, "ledger."+name, name, events) })
		}
		name := fmt.Sprintf("w%d", round)
		clients.Go(func() { byAMQP(b, wire(3), "", amqpIn, name, work) })
		for i := range 2 {
			clients.Go(func() { inTransactions(b, wire(2*round+i), results) })
		}
		daemon.Eventually(t, 5*time.Minute, "enough confirmations and commits", func() bool {
			return confirmed() >= until && results.count(results.kept) >= done+each/20
		})
		end(b, t)
		clients.Wait()
		b = daemon.Start(t, o)
	}
	t.Logf("%d publishes confirmed, %d transactions", confirmed(), results.count(results.kept))
	for _, queue := range []string{amqpQueue, amqpCopy} {
		for _, complaint := range events.audit(emptied(t, b, queue)) {
			t.Errorf("%s: %s", queue, complaint)
		}
	}
	for _, complaint := range allOrNothing(work, results, emptied(t, b, amqpIn), emptied(t, b, amqpA), emptied(t, b, amqpB)) {
		t.Error(complaint)
	}
	b.Stop(t)
}

// allOrNothing wants each piece of work to be there still, or its result in both
// queues.
func allOrNothing(work, results *ledger, in, a, b map[string]int) (complaints []string) {
	complain := func(format string, args ...any) {
		if len(complaints) < 20 {
			complaints = append(complaints, fmt.Sprintf(format, args...))
		}
	}
	for body := range work.sent {
		switch sum := fmt.Sprint(in[body], a[body], b[body]); {
		case sum == "1 0 0" && !results.kept[body], sum == "0 1 1":
		case sum == "0 0 0" && !work.kept[body]: // never confirmed, and did not come
		default:
			complain("%s: work, a, b: %s (confirmed %v, committed %v)", body, sum, work.kept[body], results.kept[body])
		}
	}
	for _, found := range []map[string]int{in, a, b} {
		for body := range found {
			if !work.sent[body] {
				complain("%q was never sent", body)
			}
		}
	}
	return complaints
}

func TestAllOrNothingComplains(t *testing.T) {
	one := map[string]int{"m": 1}
	sent, kept := newLedger(), newLedger()
	sent.note(sent.sent, "m")
	kept.note(kept.sent, "m")
	kept.note(kept.kept, "m")
	none := newLedger()
	for name, c := range map[string]struct {
		work, results *ledger
		in, a, b      map[string]int
		bad           bool
	}{
		"still there":          {kept, none, one, nil, nil, false},
		"done":                 {kept, kept, nil, one, one, false},
		"done, not told":       {kept, none, nil, one, one, false},
		"never confirmed":      {sent, none, nil, nil, nil, false},
		"lost":                 {kept, none, nil, nil, nil, true},
		"half":                 {kept, none, nil, one, nil, true},
		"twice":                {kept, none, one, one, one, true},
		"committed and undone": {kept, kept, one, nil, nil, true},
		"two results":          {kept, none, nil, map[string]int{"m": 2}, one, true},
		"never sent":           {none, none, one, nil, nil, true},
	} {
		if got := allOrNothing(c.work, c.results, c.in, c.a, c.b); (len(got) > 0) != c.bad {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// channel connects and opens one; nil where the broker is gone.
func channel(b *daemon.Broker, wire string) (*amqp.Connection, *amqp.Channel) {
	conn, err := doors.DialAMQP(b, wire)
	if err != nil {
		return nil, nil
	}
	ch, err := conn.Channel()
	if err != nil {
		_ = conn.Close()
		return nil, nil
	}
	return conn, ch
}

func topology(t *testing.T, b *daemon.Broker) {
	t.Helper()
	conn, ch := channel(b, "tcp")
	if ch == nil {
		t.Fatal("no connection")
	}
	defer conn.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ch.ExchangeDeclare(amqpEvents, "topic", true, false, false, false, nil))
	must(ch.ExchangeDeclare(amqpCopies, "fanout", true, false, true, false, nil))
	must(ch.ExchangeBind(amqpCopies, "#", amqpEvents, false, nil))
	for _, name := range []string{amqpQueue, amqpCopy, amqpIn, amqpA, amqpB} {
		_, err := ch.QueueDeclare(name, true, false, false, false, nil)
		must(err)
	}
	must(ch.QueueBind(amqpQueue, "ledger.#", amqpEvents, false, nil))
	must(ch.QueueBind(amqpCopy, "", amqpCopies, false, nil))
}

// byAMQP publishes persistent messages until the connection breaks.
func byAMQP(b *daemon.Broker, wire, exchange, key, name string, l *ledger) {
	conn, ch := channel(b, wire)
	if ch == nil || ch.Confirm(false) != nil {
		return // killed before
	}
	defer conn.Close()
	type sent struct {
		body    string
		confirm *amqp.DeferredConfirmation
	}
	waiting, finished := make(chan sent, window), make(chan struct{})
	go func() {
		defer close(finished)
		for s := range waiting {
			if s.confirm.Wait() {
				l.note(l.kept, s.body)
			}
		}
	}()
	for n := 0; ; n++ {
		body := fmt.Sprintf("%s-%d", name, n)
		l.note(l.sent, body)
		m := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: padded(body, n)}
		c, err := ch.PublishWithDeferredConfirm(exchange, key, false, false, m)
		if err != nil {
			close(waiting)
			<-finished
			return
		}
		waiting <- sent{body, c}
	}
}

// padded makes some bodies long, since those of 4 to 128 KiB, and those in several
// frames, reach the store by other ways.
func padded(body string, n int) []byte {
	size := map[int]int{3: 6 << 10, 7: 60 << 10, 11: 200 << 10}[n%16]
	return append([]byte(body), strings.Repeat("/"+body, size/(1+len(body)))...)
}

// unpadded is what padded made longer; of what it did not make, all.
func unpadded(b []byte) string {
	body, rest, _ := strings.Cut(string(b), "/")
	if strings.ReplaceAll("/"+rest, "/"+body, "") != "" && rest != "" {
		return string(b)
	}
	return body
}

// inTransactions works until the connection breaks.
func inTransactions(b *daemon.Broker, wire string, results *ledger) {
	conn, ch := channel(b, wire)
	if ch == nil || ch.Tx() != nil || ch.Qos(20, 0, false) != nil {
		return // killed before
	}
	defer conn.Close()
	work, err := ch.Consume(amqpIn, "", false, false, false, false, nil)
	if err != nil {
		return // as above
	}
	for d := range work {
		body := unpadded(d.Body)
		for _, queue := range []string{amqpA, amqpB} {
			if ch.Publish("", queue, true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: d.Body}) != nil {
				return
			}
		}
		if d.Ack(false) != nil || ch.TxCommit() != nil {
			return
		}
		results.note(results.kept, body)
	}
}

// emptied takes everything out of a queue.
func emptied(t *testing.T, b *daemon.Broker, queue string) map[string]int {
	t.Helper()
	conn, ch := channel(b, "tcp")
	if ch == nil {
		t.Fatal("no connection")
	}
	defer conn.Close()
	q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for n := 0; ; n++ {
		d, ok, err := ch.Get(queue, true)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			if n != q.Messages {
				t.Errorf("%s: it told of %d messages, there are %d", queue, q.Messages, n)
			}
			return found
		}
		found[unpadded(d.Body)]++
	}
}
