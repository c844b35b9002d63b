package sqs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// The model is SQS as its documentation describes it, kept as a list: a random
// client does what it likes, the clock is faked, and every answer must be one that
// the model allows. What AWS leaves open (which visible message a standard queue
// gives) the model leaves open too; what it promises is checked to the message.
//
//	go test ./bridge/sqs -run TestModel               1,000,000 operations
//	go test ./bridge/sqs -run TestModel -short        20,000
func TestModel(t *testing.T) {
	runs, ops := 20, 50_000
	if testing.Short() {
		runs, ops = 4, 5_000
	}
	for seed := range runs {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newModel(t, uint64(seed), seed%2 == 1).run(ops) })
		})
	}
}

const (
	modelReceives  = 4 // maxReceiveCount of the standard queue
	modelLease     = 30 * time.Second
	modelRetention = time.Hour
)

// modelMessage is one message as the model has it.
type modelMessage struct {
	id, body, group, dedup, sequence string

	sent     time.Time
	visible  time.Time // delayed, or leased, until then
	received time.Time // the last time
	receives int
	handle   string   // of the last receive
	old      []string // earlier handles
	dead     bool     // in the dead-letter queue, or it may be
}

type modelState struct {
	*server
	rnd       *rand.Rand
	fifo      bool
	url, dead string
	n         int
	messages  []*modelMessage // not deleted, in the order sent
	gone      []string        // handles of deleted messages
	dedup     map[string]*modelMessage
	purged    time.Time
}

func newModel(t *testing.T, seed uint64, fifo bool) *modelState {
	s := serve(t)
	m := &modelState{server: s, rnd: rand.New(rand.NewPCG(seed, 4)), fifo: fifo, dedup: map[string]*modelMessage{}}
	attrs := map[string]string{"VisibilityTimeout": "30", "MessageRetentionPeriod": "3600"}
	if fifo {
		attrs["FifoQueue"] = "true"
		m.url = *s.create("q.fifo", attrs)
		return m
	}
	dead := s.create("dead", map[string]string{"VisibilityTimeout": "0"})
	m.dead = *dead
	attrs["RedrivePolicy"] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, s.arn(dead), modelReceives)
	m.url = *s.create("q", attrs)
	return m
}

func (m *modelState) run(ops int) {
	m.purged = time.Now().Add(-time.Hour)
	for i := range ops {
		switch p := m.rnd.IntN(1000); {
		case p < 300:
			m.send()
		case p < 330:
			m.sendBatch()
		case p < 640:
			m.receive()
		case p < 840:
			m.delete()
		case p < 900:
			m.change()
		case p < 930 && !m.fifo:
			m.receiveDead()
		case p < 945:
			m.counts()
		case p == 999 && m.rnd.IntN(5) == 0:
			m.purge()
		default:
			m.pass(time.Duration(1+m.rnd.IntN(8000)) * time.Millisecond)
		}
		if i == ops/3 || i == ops/2 {
			m.restart()
		}
		if m.Failed() {
			m.Fatalf("after operation %d", i)
		}
	}
	m.drain()
}

// pass lets time go by, and what is due happen.
func (m *modelState) pass(d time.Duration) {
	<-time.After(d) // of the bubble
	synctest.Wait()
	now := time.Now()
	m.messages = slices.DeleteFunc(m.messages, func(x *modelMessage) bool { return m.expired(x) && !x.visible.After(now) })
}

func (m *modelState) expired(x *modelMessage) bool {
	return time.Since(x.sent) >= modelRetention && !x.dead
}

// restart is a new process on the same store.
func (m *modelState) restart() {
	m.pass(time.Second)
	m.end()
	m.server = serveOn(m.T, m.store.Clone())
}

func (m *modelState) messageBody() map[string]any {
	m.n++
	in := map[string]any{"MessageBody": fmt.Sprint("m", m.n)}
	if m.fifo {
		in["MessageGroupId"] = fmt.Sprint("g", m.rnd.IntN(6))
		in["MessageDeduplicationId"] = fmt.Sprint("d", m.n-m.rnd.IntN(3)*m.rnd.IntN(2)) // sometimes a recent one
		return in
	}
	if m.rnd.IntN(5) == 0 {
		in["DelaySeconds"] = m.rnd.IntN(20)
	}
	return in
}

// sent takes down one message that was sent; the answer must say so.
func (m *modelState) sent(in, out map[string]any) {
	m.Helper()
	x := &modelMessage{id: str(out["MessageId"]), body: str(in["MessageBody"]), sent: time.Now(), visible: time.Now()}
	x.group, x.dedup, x.sequence = str(in["MessageGroupId"]), str(in["MessageDeduplicationId"]), str(out["SequenceNumber"])
	if d, ok := in["DelaySeconds"].(int); ok {
		x.visible = x.visible.Add(time.Duration(d) * time.Second)
	}
	if first := m.dedup[x.dedup]; m.fifo && first != nil && time.Since(first.sent) < 5*time.Minute {
		if first.id != x.id || first.sequence != x.sequence {
			m.Errorf("a duplicate of %v got %v", first, out)
		}
		return
	}
	if m.fifo {
		m.dedup[x.dedup] = x
		if n := len(m.messages); len(x.sequence) != 20 || n > 0 && x.sequence <= m.messages[n-1].sequence {
			m.Errorf("sequence number %s", x.sequence)
		}
	}
	m.messages = append(m.messages, x)
}

func (m *modelState) send() {
	in := m.messageBody()
	in["QueueUrl"] = m.url
	m.sent(in, m.must("SendMessage", in))
}

func (m *modelState) sendBatch() {
	var entries []map[string]any
	for i := range 1 + m.rnd.IntN(10) {
		e := m.messageBody()
		e["Id"] = strconv.Itoa(i)
		entries = append(entries, e)
	}
	out := m.must("SendMessageBatch", map[string]any{"QueueUrl": m.url, "Entries": entries})
	ok := list(out["Successful"])
	if len(ok) != len(entries) {
		m.Fatalf("%v", out)
	}
	for i, e := range entries {
		m.sent(e, ok[i])
	}
}

func (m *modelState) visible(x *modelMessage) bool {
	return !x.visible.After(time.Now()) && !m.expired(x)
}

func (m *modelState) receive() {
	most := 1 + m.rnd.IntN(10)
	in := map[string]any{"QueueUrl": m.url, "MaxNumberOfMessages": most, "MessageSystemAttributeNames": []string{"All"}}
	lease := modelLease
	if m.rnd.IntN(4) == 0 {
		lease = time.Duration(m.rnd.IntN(300)) * time.Second
		in["VisibilityTimeout"] = int(lease.Seconds())
	}
	free := m.freeGroups()
	got := list(m.must("ReceiveMessage", in)["Messages"])
	taken := map[*modelMessage]bool{}
	for _, g := range got {
		x := m.find(str(g["MessageId"]))
		if x == nil || x.dead || !m.visible(x) || taken[x] || !m.fifo && x.receives >= modelReceives {
			m.Fatalf("received %v, which is %+v", g, x)
		}
		if m.fifo && (!free[x.group] || m.before(x, taken) != nil) {
			m.Fatalf("received %v of %s: free %v, before it %+v", g, x.group, free[x.group], m.before(x, taken))
		}
		taken[x] = true
		m.took(x, g)
	}
	if len(got) == 0 { // a short one is allowed: what is read from disk comes later
		m.nothingLeft(free)
	}
	for x := range taken {
		x.visible = time.Now().Add(lease)
	}
}

// took checks what a receive says of a message, and takes down its handle.
func (m *modelState) took(x *modelMessage, g map[string]any) {
	m.Helper()
	attrs, _ := g["Attributes"].(map[string]any)
	x.receives++
	if str(g["Body"]) != x.body || str(attrs["ApproximateReceiveCount"]) != strconv.Itoa(x.receives) ||
		str(attrs["SentTimestamp"]) != strconv.FormatInt(x.sent.UnixMilli(), 10) || str(attrs["SequenceNumber"]) != x.sequence {
		m.Errorf("received %v, sent %+v", g, x)
	}
	if x.handle != "" {
		x.old = append(x.old, x.handle)
	}
	x.handle, x.received = str(g["ReceiptHandle"]), time.Now()
}

// freeGroups are those of which nothing is in flight.
func (m *modelState) freeGroups() map[string]bool {
	free := map[string]bool{}
	for _, x := range m.messages {
		if _, seen := free[x.group]; !seen {
			free[x.group] = true
		}
		if x.visible.After(time.Now()) {
			free[x.group] = false
		}
	}
	return free
}

// before is a message of x's group that should have been received before it.
func (m *modelState) before(x *modelMessage, taken map[*modelMessage]bool) *modelMessage {
	for _, y := range m.messages {
		if y == x {
			return nil
		}
		if y.group == x.group && !taken[y] && !m.expired(y) {
			return y
		}
	}
	return nil
}

// nothingLeft: a receive that gave nothing left nothing that could have been
// received; who was received too often is dead now.
func (m *modelState) nothingLeft(free map[string]bool) {
	m.Helper()
	for _, x := range m.messages {
		switch {
		case x.dead || !m.visible(x) || m.fifo && !free[x.group]:
		case !m.fifo && x.receives >= modelReceives:
			x.dead = true
		default:
			m.Fatalf("was not received: %+v", x)
		}
	}
	synctest.Wait() // the moves
}

// receiveDead: what is there was received too often, and has its id and body.
func (m *modelState) receiveDead() {
	synctest.Wait()
	in := map[string]any{"QueueUrl": m.dead, "MaxNumberOfMessages": 10, "VisibilityTimeout": 20, "MessageSystemAttributeNames": []string{"All"}}
	for _, g := range list(m.must("ReceiveMessage", in)["Messages"]) {
		x := m.find(str(g["MessageId"]))
		if x == nil || x.receives < modelReceives || str(g["Body"]) != x.body {
			m.Fatalf("dead: %v, which is %+v", g, x)
		}
		m.must("DeleteMessage", map[string]any{"QueueUrl": m.dead, "ReceiptHandle": g["ReceiptHandle"]})
		m.remove(x)
	}
}

func (m *modelState) find(id string) *modelMessage {
	for _, x := range m.messages {
		if x.id == id {
			return x
		}
	}
	return nil
}

func (m *modelState) remove(x *modelMessage) {
	m.gone = append(append(m.gone, x.old...), x.handle)
	m.gone = m.gone[max(0, len(m.gone)-50):]
	m.messages = slices.DeleteFunc(m.messages, func(y *modelMessage) bool { return x == y })
}

// pickHandle is the last handle of some message, an earlier one, or one of what
// is gone (x is nil then).
func (m *modelState) pickHandle() (x *modelMessage, handle string, last bool) {
	if len(m.gone) > 0 && m.rnd.IntN(10) == 0 {
		return nil, m.gone[m.rnd.IntN(len(m.gone))], false
	}
	var held []*modelMessage
	for _, x := range m.messages {
		if x.handle != "" && !x.dead {
			held = append(held, x)
		}
	}
	if len(held) == 0 {
		return nil, "", false
	}
	x = held[m.rnd.IntN(len(held))]
	if len(x.old) > 0 && m.rnd.IntN(4) == 0 {
		return x, x.old[m.rnd.IntN(len(x.old))], false
	}
	return x, x.handle, true
}

func (m *modelState) delete() {
	x, handle, last := m.pickHandle()
	if handle == "" {
		return
	}
	status, out := m.call("DeleteMessage", map[string]any{"QueueUrl": m.url, "ReceiptHandle": handle})
	flies := x != nil && last && x.visible.After(time.Now())
	switch {
	case m.fifo && x != nil && !flies: // the handle has expired
		if status != http.StatusBadRequest && !m.expired(x) {
			m.Errorf("deleted by an expired handle: %v", x)
		}
		if status == http.StatusOK {
			m.remove(x)
		}
	case status != http.StatusOK:
		m.Errorf("delete: %d %v of %+v", status, out, x)
	case x != nil && last && x.receives >= modelReceives && !flies:
		x.dead = true // deleted, or moved before that
		m.maybeDead(x)
	case x != nil && last:
		m.remove(x)
	}
}

// maybeDead settles whether a message that was deleted when it had been received
// too often was still in its queue: if it is dead, it is in the other.
func (m *modelState) maybeDead(x *modelMessage) {
	m.drainDead()
	if m.find(x.id) != nil {
		m.remove(x)
	}
}

// drainDead empties the dead-letter queue.
func (m *modelState) drainDead() {
	for m.attribute(m.dead, "ApproximateNumberOfMessages")+m.attribute(m.dead, "ApproximateNumberOfMessagesNotVisible") > 0 {
		m.receiveDead()
	}
}

func (m *modelState) change() {
	x, handle, last := m.pickHandle()
	if handle == "" {
		return
	}
	d := time.Duration(m.rnd.IntN(4)*m.rnd.IntN(100)) * time.Second
	status, out := m.call("ChangeMessageVisibility", map[string]any{"QueueUrl": m.url, "ReceiptHandle": handle, "VisibilityTimeout": int(d.Seconds())})
	allowed := x != nil && last && x.visible.After(time.Now()) && !time.Now().Add(d).After(x.received.Add(12*time.Hour))
	if allowed != (status == http.StatusOK) {
		m.Errorf("change by %v: %d %v of %+v", d, status, out, x)
	}
	if allowed {
		x.visible = time.Now().Add(d)
	}
	synctest.Wait()
	m.pass(0)
}

func (m *modelState) purge() {
	status, out := m.call("PurgeQueue", map[string]any{"QueueUrl": m.url})
	if again := time.Since(m.purged) < time.Minute; again != (status == http.StatusForbidden) {
		m.Errorf("purge: %d %v, the last %v ago", status, out, time.Since(m.purged))
	}
	if status != http.StatusOK {
		return
	}
	m.purged = time.Now()
	if !m.fifo {
		m.drainDead()
	}
	for _, x := range slices.Clone(m.messages) {
		m.remove(x)
	}
}

// counts compares what the queues say with what the model knows.
func (m *modelState) counts() {
	synctest.Wait()
	ready, flying, delayed, either, over := 0, 0, 0, 0, 0
	for _, x := range m.messages {
		switch hidden := x.visible.After(time.Now()); {
		case x.dead || !m.fifo && !hidden && x.receives >= modelReceives:
			either++ // here, or already dead
		case hidden && x.handle == "":
			delayed++
		case hidden && m.expired(x):
			over++ // held beyond its retention
		case hidden:
			flying++
		default:
			ready++
		}
	}
	got := []int{m.attribute(m.url, "ApproximateNumberOfMessages"), m.attribute(m.url, "ApproximateNumberOfMessagesNotVisible"), m.attribute(m.url, "ApproximateNumberOfMessagesDelayed")}
	dead := 0
	if !m.fifo {
		dead = m.attribute(m.dead, "ApproximateNumberOfMessages") + m.attribute(m.dead, "ApproximateNumberOfMessagesNotVisible")
	}
	if got[0]+dead != ready+either || got[1] < flying || got[1] > flying+over || got[2] != delayed {
		m.Errorf("the queue says %v, and %d dead; the model %d ready, %d in flight (%d expired), %d delayed, %d ready or dead", got, dead, ready, flying, over, delayed, either)
	}
}

// drain takes everything: nothing was lost, and nothing is left.
func (m *modelState) drain() {
	for round := 0; len(m.messages) > 0 && round < 10_000; round++ {
		m.pass(5 * time.Second)
		if !m.fifo {
			m.drainDead()
		}
		m.receive()
		for _, x := range slices.Clone(m.messages) {
			if x.handle != "" && x.visible.After(time.Now()) {
				m.must("DeleteMessage", map[string]any{"QueueUrl": m.url, "ReceiptHandle": x.handle})
				m.remove(x)
			}
		}
	}
	m.counts()
	if len(m.messages) > 0 {
		m.Errorf("%d messages never came, the first %+v", len(m.messages), m.messages[0])
	}
}

// attribute is one of a queue's counts.
func (m *modelState) attribute(url, name string) int {
	m.Helper()
	out := m.must("GetQueueAttributes", map[string]any{"QueueUrl": url, "AttributeNames": []string{name}})
	attrs, _ := out["Attributes"].(map[string]any)
	n, err := strconv.Atoi(str(attrs[name]))
	if err != nil {
		m.Fatal(err)
	}
	return n
}

// call is one action in JSON, as an SDK sends it.
func (m *modelState) call(action string, in map[string]any) (int, map[string]any) {
	m.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		m.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AmazonSQS."+action)
	w := httptest.NewRecorder()
	m.edge.ServeHTTP(w, r)
	out := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil && w.Body.Len() > 0 {
		m.Fatalf("%s: %v: %s", action, err, w.Body)
	}
	return w.Code, out
}

func (m *modelState) must(action string, in map[string]any) map[string]any {
	m.Helper()
	status, out := m.call(action, in)
	if status != http.StatusOK {
		m.Fatalf("%s %v: %d %v", action, in, status, out)
	}
	return out
}

func str(v any) string { s, _ := v.(string); return s }

func list(v any) (out []map[string]any) {
	all, _ := v.([]any)
	for _, e := range all {
		if x, ok := e.(map[string]any); ok {
			out = append(out, x)
		}
	}
	return out
}
