package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const (
	fifoQueue     = "ledger.fifo"
	fifoSenders   = 4
	fifoReceivers = 3
	ofSender      = 5 // groups
)

// A fifoSender sends its groups' messages in batches, and a batch again until
// it is confirmed. Used by one goroutine at a time.
type fifoSender struct {
	first  int // of its groups
	total  int // messages
	next   int // message
	ledger *fifoLedger
}

// A fifoBatch is what a sender sends at once, and the ids that it is told.
type fifoBatch struct{ bodies, groups, ids []string }

// sendBatch sends a batch to a queue or a topic and fills in its ids; one that is
// confirmed in part is an error.
type sendBatch func(ctx context.Context, b *fifoBatch) error

// run sends until all is through or a request fails. It begins with the batch
// that was confirmed last: the broker has to remember it.
func (s *fifoSender) run(ctx context.Context, send sendBatch) error {
	for s.next = max(0, s.next-10); s.next < s.total; s.next += 10 {
		var b fifoBatch
		for i := s.next; i < min(s.next+10, s.total); i++ {
			group := s.first + i%ofSender
			b.bodies, b.groups = append(b.bodies, nameOf(group, i/ofSender)), append(b.groups, strconv.Itoa(group))
		}
		b.ids = make([]string, len(b.bodies))
		if err := send(ctx, &b); err != nil {
			return err
		}
		for i, body := range b.bodies {
			s.ledger.send(body, b.ids[i])
		}
	}
	return nil
}

func toQueue(c *sqs.Client, url string) sendBatch {
	return func(ctx context.Context, b *fifoBatch) error {
		var entries []types.SendMessageBatchRequestEntry
		for i := range b.bodies {
			id := strconv.Itoa(i)
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &b.bodies[i], MessageGroupId: &b.groups[i], MessageDeduplicationId: &b.bodies[i]})
		}
		out, err := c.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return err
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("a batch was confirmed in part: %s", *out.Failed[0].Message)
		}
		for i, done := range out.Successful {
			b.ids[i] = *done.MessageId
		}
		return nil
	}
}

func toTopic(c *sns.Client, arn string) sendBatch {
	return func(ctx context.Context, b *fifoBatch) error {
		var entries []snstypes.PublishBatchRequestEntry
		for i := range b.bodies {
			id := strconv.Itoa(i)
			entries = append(entries, snstypes.PublishBatchRequestEntry{Id: &id, Message: &b.bodies[i], MessageGroupId: &b.groups[i], MessageDeduplicationId: &b.bodies[i]})
		}
		out, err := c.PublishBatch(ctx, &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: entries})
		if err != nil {
			return err
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("a batch was confirmed in part: %s", *out.Failed[0].Message)
		}
		for i, done := range out.Successful {
			b.ids[i] = *done.MessageId
		}
		return nil
	}
}

// takeFifo receives and deletes until a request fails.
func takeFifo(ctx context.Context, c *sqs.Client, url string, l *fifoLedger) error {
	for {
		got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			return err
		}
		var entries []types.DeleteMessageBatchRequestEntry
		var bodies, ids []string
		for i, m := range got.Messages {
			id := strconv.Itoa(i)
			bodies, ids = append(bodies, *m.Body), append(ids, *m.MessageId)
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: m.ReceiptHandle})
		}
		if len(entries) == 0 {
			continue
		}
		l.receive(bodies, ids)
		l.deletion(bodies)
		out, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return err
		}
		for _, done := range out.Successful {
			i, err := strconv.Atoi(*done.Id)
			if err != nil {
				return err
			}
			l.deletedOne(bodies[i])
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("not deleted: %s", *out.Failed[0].Message)
		}
	}
}

// fifoRound is the clients of one broker's life.
type fifoRound struct {
	senders, receivers sync.WaitGroup
	stop               context.CancelFunc // of the receivers
	failed             chan error         // a client met an error
}

func startFifo(t *testing.T, b *daemon.Broker, topic string, senders []*fifoSender, l *fifoLedger) *fifoRound {
	c := client.SQS(t, b.AWS)
	send := toQueue(c, urlOf(b, fifoQueue))
	if topic != "" {
		send = toTopic(client.SNS(t, b.AWS), topic)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &fifoRound{stop: cancel, failed: make(chan error, fifoSenders+fifoReceivers)}
	for _, s := range senders {
		r.senders.Go(func() {
			if err := s.run(t.Context(), send); err != nil {
				r.failed <- err
			}
		})
	}
	for range fifoReceivers {
		r.receivers.Go(func() { r.failed <- takeFifo(ctx, c, urlOf(b, fifoQueue), l) })
	}
	return r
}

// A FIFO queue keeps each group's order and takes each message once, however
// often its sender has to send it, through kills.
func TestKillFIFO(t *testing.T) { killFIFO(t, func(*daemon.Broker) string { return "" }) }

// The same for what is published to a FIFO topic that has the queue as subscriber.
func TestKillFIFOTopic(t *testing.T) {
	killFIFO(t, func(b *daemon.Broker) string {
		c := client.SNS(t, b.AWS)
		topic, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("ledger.fifo"), Attributes: map[string]string{
			"FifoTopic": "true", "ArchivePolicy": `{"MessageRetentionPeriod":"1"}`}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"),
			Endpoint: aws.String("arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + fifoQueue), Attributes: map[string]string{"RawMessageDelivery": "true"}})
		if err != nil {
			t.Fatal(err)
		}
		return *topic.TopicArn
	})
}

// killFIFO sends to the topic that prepare makes, or to the queue.
func killFIFO(t *testing.T, prepare func(*daemon.Broker) (topic string)) {
	messages, kills := 2000, 2
	if inCI() {
		messages, kills = 10_000, 5
	}
	if million() {
		messages, kills = 100_000, 20
	}
	o := daemon.Options{Dir: t.TempDir()}
	b := daemon.Start(t, o)
	// What was received for nobody comes back before the test gets slow, and not
	// while a client is at work on it.
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), fifoQueue, map[string]string{"FifoQueue": "true", "VisibilityTimeout": "5"})
	topic := prepare(b)
	l := newFifoLedger(fifoSenders*ofSender, messages/fifoSenders/ofSender)
	var senders []*fifoSender
	for i := range fifoSenders {
		senders = append(senders, &fifoSender{first: i * ofSender, total: messages / fifoSenders, ledger: l})
	}
	begun := time.Now()
	for k := range kills {
		r := startFifo(t, b, topic, senders, l)
		until := 2 * messages * (k + 1) / (kills + 1)
		until -= rand.IntN(messages / (kills + 1))
		daemon.Eventually(t, time.Minute, "enough confirmations", func() bool { return l.progress() >= until || len(r.failed) > 0 })
		if len(r.failed) > 0 {
			t.Fatal(<-r.failed)
		}
		b.Kill(t)
		r.senders.Wait()
		r.receivers.Wait()
		t.Logf("killed after %d confirmations", l.progress())
		b = daemon.Start(t, o)
	}
	emptyFifo(t, b, startFifo(t, b, topic, senders, l))
	for _, complaint := range l.audit() {
		t.Error(complaint)
	}
	t.Logf("%d messages, %d kills, %v; %d confirmed again, %d received again", messages, kills, time.Since(begun).Round(time.Millisecond), l.resent, l.again)
	b.Stop(t)
}

// emptyFifo lets all come to the end.
func emptyFifo(t *testing.T, b *daemon.Broker, r *fifoRound) {
	t.Helper()
	r.senders.Wait()
	c := client.SQS(t, b.AWS)
	daemon.Eventually(t, time.Minute, "empty queue", func() bool {
		ready, leased := told(t, c, urlOf(b, fifoQueue))
		return ready+leased == 0 || len(r.failed) > 0
	})
	r.stop()
	r.receivers.Wait()
	for range len(r.failed) {
		if err := <-r.failed; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
