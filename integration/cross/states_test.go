package cross

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/slipwaymq/slipway/integration/internal/client"
)

// TestStates is what becomes of a message by every publisher on its way to every
// receiver: testdata/states.tsv.
func TestStates(t *testing.T) {
	states := map[string]*field{}
	for _, f := range readStates(t) {
		states[f.name] = &f
	}
	w := world{b: start(t), transport: "tcp"}
	for _, kind := range kinds {
		for _, p := range publishersTo(kind) {
			t.Run("deliver-after, "+kind+": "+p, func(t *testing.T) { w.delayed(t, states["deliver-after"], kind, p) })
		}
	}
	for _, p := range publishersTo("queue") {
		for _, r := range receivers {
			t.Run(p+" to "+r, func(t *testing.T) {
				w.returned(t, states["delivery-count"], p, r)
				w.deadLettered(t, states["dead-letter-trail"], p, r)
			})
		}
	}
}

// delayed publishes to every receiver at once, and wants each to wait.
func (w world) delayed(t *testing.T, f *field, kind, from string) {
	c := f.of(from)
	if c.none {
		t.Log("it has no place for a delay")
		return
	}
	var receive []func(*testing.T) sample
	begun := time.Now()
	for _, r := range receivers {
		a := w.address(t, kind)
		receive = append(receive, w.peers()[r].subscribe(t, a))
		w.peers()[from].publish(t, a, sample{body: []byte(r), form: map[string]string{c.place: c.value}})
	}
	published := time.Now()
	for i, r := range receivers {
		if got := receive[i](t); string(got.body) != r {
			t.Errorf("%s: received %q", r, got.body)
		}
		if d := time.Since(begun); d < time.Second {
			t.Errorf("%s: it came after %v", r, d)
		}
	}
	if d := time.Since(published); d > 15*time.Second {
		t.Errorf("the last came after %v", d)
	}
}

// returned has somebody take the message and give it back before it is received.
func (w world) returned(t *testing.T, f *field, from, to string) {
	t.Helper()
	a := w.address(t, "queue")
	w.peers()[from].publish(t, a, sample{body: []byte("x")})
	w.giveBack(t, a.name)
	w.stateIs(t, f, to, w.peers()[to].subscribe(t, a)(t), a.name)
}

// deadLettered has the message fail in one queue and be received from another.
func (w world) deadLettered(t *testing.T, f *field, from, to string) {
	t.Helper()
	source, dead := w.address(t, "queue"), w.address(t, "queue")
	policy, _ := json.Marshal(map[string]any{ // strings and a number: cannot fail
		"deadLetterTargetArn": "arn:aws:sqs:" + client.Region + ":" + client.Account + ":" + dead.name, "maxReceiveCount": 1,
	})
	_, err := w.sqs(t).SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: sqsPeer{w}.url(source.name), Attributes: map[string]string{"RedrivePolicy": string(policy)},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.peers()[from].publish(t, source, sample{body: []byte("x")})
	w.giveBack(t, source.name)
	before := w.lost(t)
	got, err := w.sqs(t).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: sqsPeer{w}.url(source.name)})
	if err != nil || len(got.Messages) != 0 {
		t.Fatalf("it came once more: %v, %v", got, err)
	}
	w.stateIs(t, f, to, w.peers()[to].subscribe(t, dead)(t), source.name)
	if n := w.lost(t)[[2]string{f.name, to}] - before[[2]string{f.name, to}]; f.of(to).none && n != 1 {
		t.Errorf("%s was lost to %s, and counted %d times", f.name, to, n)
	}
}

// giveBack receives a message and lets go of it.
func (w world) giveBack(t *testing.T, queue string) {
	t.Helper()
	url := sqsPeer{w}.url(queue)
	got, err := w.sqs(t).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("received %+v, %v", got, err)
	}
	_, err = w.sqs(t).ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle})
	if err != nil {
		t.Fatal(err)
	}
}

// stateIs wants what the receiver's column says.
func (w world) stateIs(t *testing.T, f *field, to string, got sample, source string) {
	t.Helper()
	c := f.of(to)
	if c.none {
		return
	}
	v, ok := got.state[c.place]
	if !ok {
		v = got.form[c.place]
	}
	if want := strings.Replace(c.value, "@source", source, 1); v != want && !strings.HasSuffix(v, ":"+source) {
		t.Errorf("%s to %s: want %s=%s, received %v and %v", f.name, to, c.place, want, got.form, got.state)
	}
}
