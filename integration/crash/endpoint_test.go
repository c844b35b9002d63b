package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

const (
	deadQueue  = "undelivered"
	publishers = 4
	refusedEnd = "7" // ends the bodies that the endpoint never takes
	secondEnd  = "3" // ends those that it takes at the second try
)

// envelope is what is read of a notification.
type envelope struct{ Token, Message string }

// A hook is an HTTP endpoint that outlives the brokers that post to it.
type hook struct {
	url   string
	asked chan string // tokens

	mu    sync.Mutex
	tried map[string]bool // guarded by mu
	took  map[string]int  // guarded by mu; answered with 200
	wrong int             // guarded by mu; posts that are no notification
}

func newHook(t *testing.T) *hook {
	h := &hook{asked: make(chan string, 10), tried: map[string]bool{}, took: map[string]int{}}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e envelope
	err := json.NewDecoder(r.Body).Decode(&e)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch kind := r.Header.Get("x-amz-sns-message-type"); {
	case err != nil:
		return // the broker was killed while it posted
	case kind == "SubscriptionConfirmation":
		h.asked <- e.Token
	case kind != "Notification":
		h.wrong++
	case strings.HasSuffix(e.Message, refusedEnd):
		w.WriteHeader(http.StatusNotFound)
	case strings.HasSuffix(e.Message, secondEnd) && !h.tried[e.Message]:
		h.tried[e.Message] = true
		w.WriteHeader(http.StatusInternalServerError)
	default:
		h.took[e.Message]++
	}
}

// settled is how many different messages were taken.
func (h *hook) settled() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.took)
}

// subscribe makes a topic that posts to the hook, and confirms.
func (h *hook) subscribe(t *testing.T, b *daemon.Broker) (topic string) {
	t.Helper()
	client.CreateQueue(t.Context(), t, client.SQS(t, b.AWS), deadQueue, nil)
	c := client.SNS(t, b.AWS)
	made, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("posted")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("http"), Endpoint: &h.url, Attributes: map[string]string{
		"RedrivePolicy":  `{"deadLetterTargetArn":"arn:aws:sqs:` + client.Region + ":" + client.Account + ":" + deadQueue + `"}`,
		"DeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":20}}`, // a kill may cost a try
	}})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case token := <-h.asked:
		_, err = c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: made.TopicArn, Token: &token})
	case <-time.After(client.Patience):
		t.Fatal("the endpoint was not asked to confirm")
	}
	if err != nil {
		t.Fatal(err)
	}
	return *made.TopicArn
}

// bySNS publishes until the broker ends.
func bySNS(ctx context.Context, c *sns.Client, topic, name string, l *ledger) {
	for n := 0; ; n++ {
		body := fmt.Sprintf("%s-%d", name, n)
		l.note(l.sent, body)
		if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &body}); err != nil {
			return
		}
		l.note(l.kept, body)
	}
}

// What was confirmed to a publisher is posted to the endpoint until it takes it, or
// is in the dead-letter queue, once, through kills: in every phase of a delivery.
func TestKillEndpoint(t *testing.T) {
	kills, each := 2, 500
	if inCI() {
		kills, each = 5, 2000
	}
	o := daemon.Options{Dir: t.TempDir()}
	b := daemon.Start(t, o)
	h, l := newHook(t), newLedger()
	topic := h.subscribe(t, b)
	begun := time.Now()
	for round := range kills {
		until := l.count(l.kept) + each + rand.IntN(each/10)
		var clients sync.WaitGroup
		c := client.SNS(t, b.AWS)
		for i := range publishers {
			clients.Go(func() { bySNS(t.Context(), c, topic, fmt.Sprintf("%d.%d", round, i), l) })
		}
		daemon.Eventually(t, time.Minute, "enough confirmations", func() bool { return l.count(l.kept) >= until })
		b.Kill(t)
		clients.Wait()
		t.Logf("killed after %d confirmations, %d taken", l.count(l.kept), h.settled())
		b = daemon.Start(t, o)
	}
	c, dead := client.SQS(t, b.AWS), map[string]int{}
	daemon.Eventually(t, 2*time.Minute, "end of the deliveries", func() bool { // a post that a kill cut off is leased for 45 s
		collect(t, b, dead)
		return h.settled()+len(dead) >= l.count(l.kept) && len(l.audit(h.found(dead))) == 0
	})
	for _, complaint := range append(l.audit(h.found(dead)), h.audit(dead)...) {
		t.Error(complaint)
	}
	if ready, leased := told(t, c, urlOf(b, deadQueue)); ready+leased != 0 {
		t.Errorf("emptied, SQS tells of %d and %d", ready, leased)
	}
	t.Logf("%d confirmed, %d kills, %v; %d taken, %d of them more than once, %d in the dead-letter queue",
		l.count(l.kept), kills, time.Since(begun).Round(time.Millisecond), h.settled(), h.again(), len(dead))
	b.Stop(t)
}

// collect empties the dead-letter queue.
func collect(t *testing.T, b *daemon.Broker, dead map[string]int) {
	t.Helper()
	client.ReceiveAll(t.Context(), t, client.SQS(t, b.AWS), urlOf(b, deadQueue), 0, func(m types.Message) {
		var e envelope
		if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
			t.Errorf("%v: %s", err, *m.Body)
		}
		dead[e.Message]++
	})
}

// found is where each message ended: taken, however often, counts once.
func (h *hook) found(dead map[string]int) map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := map[string]int{}
	for body := range h.took {
		found[body] = 1
	}
	for body, n := range dead {
		found[body] += n
	}
	return found
}

// again is how many were taken more than once.
func (h *hook) again() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, times := range h.took {
		if times > 1 {
			n++
		}
	}
	return n
}

// audit wants no other posts, and nothing given up that the endpoint would take.
func (h *hook) audit(dead map[string]int) (complaints []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wrong > 0 {
		complaints = append(complaints, fmt.Sprintf("%d posts were no notifications", h.wrong))
	}
	for body := range dead {
		if !strings.HasSuffix(body, refusedEnd) {
			complaints = append(complaints, body+" was given up")
		}
	}
	return complaints
}
