package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/internal/doors"
)

const (
	mqttQueue  = "by-mqtt" // filled by a route
	sqsQueue   = "by-sqs"
	eatenQueue = "eaten" // filled by SQS, and emptied all the while
	away       = "away"  // the MQTT session that nobody attends to
)

// route has what byMQTT publishes in a queue.
const route = "routes: [{topic: \"ledger/#\", queue: " + mqttQueue + "}]\n"

// wire is what a client's connection goes over: each of some four has another.
func wire(i int) string { return doors.Wires[i%len(doors.Wires)] }

// books are the ledgers of a run.
type books struct{ mqtt, sqs, eaten *ledger }

func (b *books) kept() int {
	return b.mqtt.count(b.mqtt.kept) + b.sqs.count(b.sqs.kept) + b.eaten.count(b.eaten.kept)
}

func TestKill(t *testing.T) {
	kills, each := 2, 2600
	if inCI() {
		kills, each = 6, 8600
	}
	if million() {
		kills, each = 20, 40_000
	}
	o := daemon.Options{Dir: filepath.Join(t.TempDir(), "data"), Config: doors.Config(t, route)}
	books := &books{newLedger(), newLedger(), newLedger()}
	b := daemon.Start(t, o)
	prepare(t, b)
	for round := range kills {
		begun, before := time.Now(), books.kept()
		until := before + each + rand.IntN(each/10)
		var clients sync.WaitGroup
		work(t, b, round, books, &clients)
		daemon.Eventually(t, 5*time.Minute, "enough confirmations", func() bool { return books.kept() >= until })
		b.Kill(t)
		clients.Wait()
		t.Logf("killed after %d confirmations in %v", books.kept()-before, time.Since(begun).Round(time.Millisecond))
		begun = time.Now()
		b = daemon.Start(t, o)
		t.Logf("back after %v", time.Since(begun).Round(time.Millisecond))
	}
	t.Logf("%d confirmed by MQTT, %d by SQS, %d deletions confirmed",
		books.mqtt.count(books.mqtt.kept), books.sqs.count(books.sqs.kept)+books.eaten.count(books.eaten.kept), books.eaten.count(books.eaten.deleted))
	check(t, b, books)
	b.Stop(t)
}

// prepare makes the queues and the session.
func prepare(t *testing.T, b *daemon.Broker) {
	t.Helper()
	c := client.SQS(t, b.AWS)
	for _, name := range []string{sqsQueue, eatenQueue} {
		client.CreateQueue(t.Context(), t, c, name, map[string]string{"VisibilityTimeout": "3600"})
	}
	s := mqtt.NewClient(client.MQTTOptions(b.MQTT, away).SetCleanSession(false))
	client.Done(t, s.Connect())
	client.Done(t, s.Subscribe("ledger/#", 1, nil))
	s.Disconnect(250)
}

// work starts the clients of one round; they end with the broker.
func work(t *testing.T, b *daemon.Broker, round int, books *books, clients *sync.WaitGroup) {
	c := client.SQS(t, b.AWS)
	// A client whose request the broker's end left unanswered gives up.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	for i := range 2 {
		clients.Go(func() { byMQTT(t, b, wire(2*round+i), fmt.Sprintf("m%d.%d", round, i), books.mqtt) })
	}
	for i := range 6 {
		name := fmt.Sprintf("s%d.%d", round, i)
		clients.Go(func() { _ = bySQS(ctx, c, urlOf(b, sqsQueue), name, i < 4, books.sqs) }) // ends with the broker
	}
	name := fmt.Sprintf("e%d", round)
	clients.Go(func() { _ = bySQS(ctx, c, urlOf(b, eatenQueue), name, true, books.eaten) }) // as above
	clients.Go(func() { _ = eat(ctx, c, urlOf(b, eatenQueue), books.eaten) })               // as above
}

func urlOf(b *daemon.Broker, queue string) string {
	return "http://" + b.AWS + "/" + client.Account + "/" + queue
}

// check takes out everything and holds it against the books.
func check(t *testing.T, b *daemon.Broker, books *books) {
	t.Helper()
	c := client.SQS(t, b.AWS)
	for _, q := range []struct {
		name string
		l    *ledger
	}{{mqttQueue, books.mqtt}, {sqsQueue, books.sqs}, {eatenQueue, books.eaten}} {
		ready, leased := told(t, c, urlOf(b, q.name))
		found := map[string]int{}
		client.ReceiveAll(t.Context(), t, c, urlOf(b, q.name), 0, func(m types.Message) { found[*m.Body]++ })
		if len(found) != ready {
			t.Errorf("%s: SQS tells of %d messages, there are %d", q.name, ready, len(found))
		}
		for _, complaint := range q.l.audit(found) {
			t.Errorf("%s: %s", q.name, complaint)
		}
		after, left := told(t, c, urlOf(b, q.name))
		if after != 0 || left != leased {
			t.Errorf("%s: emptied, SQS tells of %d and %d", q.name, after, left)
		}
		t.Logf("%s: %d received, %d leased to who died", q.name, len(found), leased)
	}
	found := attend(t, b, books.mqtt)
	for _, complaint := range books.mqtt.audit(found) {
		t.Errorf("session: %s", complaint)
	}
	t.Logf("session: %d received", len(found))
}

// told is what SQS tells of a queue's length.
func told(t *testing.T, c *sqs.Client, url string) (ready, leased int) {
	t.Helper()
	a, err := c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	ready, err = strconv.Atoi(a.Attributes["ApproximateNumberOfMessages"])
	if err != nil {
		t.Fatal(err)
	}
	leased, err = strconv.Atoi(a.Attributes["ApproximateNumberOfMessagesNotVisible"])
	if err != nil {
		t.Fatal(err)
	}
	return ready, leased
}

// attend resumes the session that was away and takes what waited, and a last
// message that says that there is no more.
func attend(t *testing.T, b *daemon.Broker, l *ledger) map[string]int {
	t.Helper()
	const last = "the end"
	found, ended := map[string]int{}, make(chan struct{})
	take := func(_ mqtt.Client, m mqtt.Message) { // one after the other: OrderMatters
		if body := string(m.Payload()); body != last {
			found[body]++
			return
		}
		close(ended)
	}
	o := client.MQTTOptions(b.MQTT, away).SetCleanSession(false).SetDefaultPublishHandler(take)
	s := client.MQTT(t, o)
	p := client.MQTT(t, client.MQTTOptions(b.MQTT, "last"))
	client.Done(t, p.Publish("ledger/last", 1, false, last))
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Fatal("the session did not come to its end")
	}
	s.Disconnect(250)
	return found
}
