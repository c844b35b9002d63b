package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	mqtt "github.com/eclipse/paho.mqtt.golang"
	amqp "github.com/rabbitmq/amqp091-go"
)

// awhile is longer than anything here takes.
const awhile = 30 * time.Second

func await(t *testing.T, cond func() bool) {
	t.Helper()
	end := time.After(awhile)
	for !cond() {
		select {
		case <-time.After(time.Millisecond):
		case <-end:
			t.Fatalf("not within %v", awhile)
		}
	}
}

// A tally is what clients know: bodies they tried to send, and those that were
// confirmed and that nobody has tried to receive since.
type tally struct {
	mu         sync.Mutex
	sure, sent map[string]bool // guarded by mu
	n          int             // guarded by mu; confirmations ever
}

func newTally(from cut) *tally {
	l := &tally{sure: map[string]bool{}, sent: map[string]bool{}}
	maps.Copy(l.sure, from.sure)
	maps.Copy(l.sent, from.sent)
	return l
}

func (l *tally) try(body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[body] = true
}

func (l *tally) confirm(body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sure[body] = true
	l.n++
}

func (l *tally) confirmed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

func (l *tally) snapshot() (sure, sent map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.sure), maps.Clone(l.sent)
}

func viaMQTT(body string) bool { return strings.HasPrefix(body, "mqtt") }

// clients load a broker until they are stopped.
type clients struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
}

func (c *clients) stop() {
	c.cancel()
	c.all.Wait()
}

const away = "away" // a session that nobody attends to before the end

func newClients(t *testing.T, in *instance, name string, l *tally) *clients {
	t.Helper()
	s := connect(t, in, away, false, nil)
	done(t, s.Subscribe("power/#", 2, nil))
	s.Disconnect(250)
	q, tr := sqsClient(t, in)
	if _, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("by-sqs")}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c := &clients{cancel: cancel}
	for qos := range byte(2) {
		id := fmt.Sprintf("mqtt-%s-%d", name, qos+1)
		m := connect(t, in, id, true, nil)
		c.all.Go(func() { publish(ctx, m, id, qos+1, l) })
	}
	for i := range 3 {
		id := fmt.Sprintf("sqs-%s-%d", name, i)
		c.all.Go(func() { send(ctx, q, queueURL(t, in, "by-sqs"), id, i == 0, l) })
	}
	topic, arn := snsTopic(t, in, tr)
	for i := range 2 {
		id := fmt.Sprintf("sns-%s-%d", name, i)
		c.all.Go(func() { notify(ctx, topic, arn, id, i == 0, l) })
	}
	id := "amqp-" + name
	conn, ch := amqpChannel(t, in)
	c.all.Go(func() { confirm(ctx, conn, ch, id, l) })
	for i := range 3 {
		id := fmt.Sprintf("stomp-%s-%d", name, i)
		conn := stompConn(t, in)
		c.all.Go(func() { transact(ctx, conn, id, i == 0, l) })
	}
	context.AfterFunc(ctx, tr.CloseIdleConnections)
	return c
}

// amqpChannel opens one, and an exchange with a queue bound to it.
func amqpChannel(t *testing.T, in *instance) (*amqp.Connection, *amqp.Channel) {
	t.Helper()
	conn, err := amqp.Dial("amqp://guest:guest@" + address(t, in.doors.opened, "amqp") + "/")
	if err != nil {
		t.Fatal(err)
	}
	ch, err := conn.Channel()
	for _, f := range []func() error{
		func() error { return ch.ExchangeDeclare("power", "direct", true, false, false, false, nil) },
		func() error { _, err := ch.QueueDeclare("by-amqp", true, false, false, false, nil); return err },
		func() error { return ch.QueueBind("by-amqp", "power", "power", false, nil) },
		func() error { return ch.Confirm(false) },
	} {
		if err == nil {
			err = f()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn, ch
}

// confirm publishes through the exchange, with a few outstanding, until ctx ends.
func confirm(ctx context.Context, conn *amqp.Connection, ch *amqp.Channel, id string, l *tally) {
	defer conn.Close() //nolint:errcheck // the broker may be gone
	const window = 20
	var bodies []string
	var waiting []*amqp.DeferredConfirmation
	for n := 0; ctx.Err() == nil; n++ {
		body := fmt.Sprintf("%s-%d", id, n)
		l.try(body)
		w, err := ch.PublishWithDeferredConfirm("power", "power", true, false, amqp.Publishing{DeliveryMode: amqp.Persistent, Body: []byte(body)})
		if err != nil {
			return
		}
		bodies, waiting = append(bodies, body), append(waiting, w)
		if len(waiting) < window {
			continue
		}
		if ok, err := waiting[0].WaitContext(ctx); err != nil {
			return
		} else if ok {
			l.confirm(bodies[0])
		}
		bodies, waiting = bodies[1:], waiting[1:]
	}
}

// stompConn connects by hand: go-stomp leaves a goroutine behind for each receipt
// that never comes.
func stompConn(t *testing.T, in *instance) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", address(t, in.doors.opened, "stomp"))
	if err == nil {
		_, err = io.WriteString(nc, "CONNECT\naccept-version:1.2\nhost:/\n\n\x00")
	}
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// transact sends with receipts until ctx ends: one message to one queue, or in a
// transaction one to each of two.
func transact(ctx context.Context, nc net.Conn, id string, alone bool, l *tally) {
	defer nc.Close()                                          //nolint:errcheck // the broker may be gone
	defer context.AfterFunc(ctx, func() { _ = nc.Close() })() // which ends the reading
	r := bufio.NewReader(nc)
	if text, err := r.ReadString(0); err != nil || !strings.HasPrefix(text, "CONNECTED") {
		return
	}
	const sent = "SEND\ndestination:/queue/%s\npersistent:true\n%s\n\n%s\x00"
	for n := 0; ctx.Err() == nil; n++ {
		body := fmt.Sprintf("%s-%d", id, n)
		l.try(body)
		frames := fmt.Sprintf(sent, "by-stomp", "receipt:r", body)
		if !alone {
			frames = "BEGIN\ntransaction:x\n\n\x00"
			for _, queue := range inBoth {
				frames += fmt.Sprintf(sent, queue, "transaction:x", body)
			}
			frames += "COMMIT\ntransaction:x\nreceipt:r\n\n\x00"
		}
		if _, err := io.WriteString(nc, frames); err != nil {
			return
		}
		if text, err := r.ReadString(0); err != nil || !strings.HasPrefix(strings.TrimLeft(text, "\n"), "RECEIPT") {
			return
		}
		l.confirm(body)
	}
}

// connect makes an MQTT client.
func connect(t *testing.T, in *instance, id string, clean bool, take mqtt.MessageHandler) mqtt.Client {
	t.Helper()
	o := mqtt.NewClientOptions().AddBroker("tcp://" + address(t, in.doors.opened, "mqtt")).SetClientID(id).
		SetCleanSession(clean).SetAutoReconnect(false).SetDefaultPublishHandler(take)
	c := mqtt.NewClient(o)
	done(t, c.Connect())
	return c
}

func done(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(awhile) || token.Error() != nil {
		t.Fatalf("%T: %v", token, token.Error())
	}
}

// publish publishes with a few outstanding until ctx ends.
func publish(ctx context.Context, c mqtt.Client, id string, qos byte, l *tally) {
	defer c.Disconnect(0)
	const window = 20
	type sent struct {
		body  string
		token mqtt.Token
	}
	var waiting []sent
	for n := 0; ctx.Err() == nil; n++ {
		body := fmt.Sprintf("%s-%d", id, n)
		l.try(body)
		waiting = append(waiting, sent{body, c.Publish("power/"+id, qos, false, body)})
		if len(waiting) < window {
			continue
		}
		select {
		case <-waiting[0].token.Done():
			if waiting[0].token.Error() == nil {
				l.confirm(waiting[0].body)
			}
		case <-ctx.Done():
			return
		}
		waiting = waiting[1:]
	}
}

func sqsClient(t *testing.T, in *instance) (*sqs.Client, *http.Transport) {
	tr := &http.Transport{MaxIdleConnsPerHost: 8}
	return sqs.New(sqs.Options{
		BaseEndpoint: aws.String("http://" + address(t, in.doors.opened, "aws")), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
		HTTPClient:  &http.Client{Transport: tr}, RetryMaxAttempts: 1,
	}), tr
}

func queueURL(t *testing.T, in *instance, queue string) string {
	return "http://" + address(t, in.doors.opened, "aws") + "/000000000000/" + queue
}

// send sends, in batches or one by one, until ctx ends.
func send(ctx context.Context, c *sqs.Client, url, id string, batch bool, l *tally) {
	for n := 0; ctx.Err() == nil; n++ {
		if !batch {
			body := fmt.Sprintf("%s-%d", id, n)
			l.try(body)
			if _, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err == nil {
				l.confirm(body)
			}
			continue
		}
		var entries []types.SendMessageBatchRequestEntry
		for i := range 10 {
			body := fmt.Sprintf("%s-%d.%d", id, n, i)
			l.try(body)
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: &body})
		}
		out, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			continue
		}
		for _, done := range out.Successful {
			l.confirm(fmt.Sprintf("%s-%d.%s", id, n, *done.Id))
		}
	}
}

// sendOne sends one message and does not wait long for its answer.
func sendOne(t *testing.T, in *instance, body string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	c, tr := sqsClient(t, in)
	defer tr.CloseIdleConnections()
	_, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(queueURL(t, in, "by-sqs")), MessageBody: &body})
	return err
}

// attend resumes the session that was away, and counts what waited for it. One
// that was never made was cut off before that was confirmed.
func attend(t *testing.T, in *instance) map[string]int {
	t.Helper()
	found, ended := map[string]int{}, make(chan struct{})
	take := func(_ mqtt.Client, m mqtt.Message) { // one after the other
		if string(m.Payload()) == "the end" {
			close(ended)
			return
		}
		found[string(m.Payload())]++
	}
	s := connect(t, in, away, false, take)
	defer s.Disconnect(0)
	done(t, s.Subscribe("end", 2, nil))
	p := connect(t, in, "last", true, nil)
	defer p.Disconnect(0)
	done(t, p.Publish("end", 2, false, "the end"))
	select {
	case <-ended:
	case <-time.After(awhile):
		t.Fatal("the session did not come to its end")
	}
	return found
}
