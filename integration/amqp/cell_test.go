package amqp

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/driver"
)

// patience is how long an answer or a message may take.
const patience = 15 * time.Second

// object is JSON's.
type object = map[string]any

// message is one that is published or received. Headers are compared by what
// JSON can tell of them.
type message struct {
	Body        []byte `json:"body"`
	Exchange    string `json:"exchange,omitempty"`
	Key         string `json:"key,omitempty"`
	Redelivered bool   `json:"redelivered,omitempty"`
	Tag         uint64 `json:"tag,omitempty"` // of the delivery
	Props       props  `json:"props"`
}

// props are the basic properties.
type props struct {
	ContentType string `json:"contentType,omitempty"`
	Encoding    string `json:"encoding,omitempty"`
	Headers     object `json:"headers,omitempty"`
	Mode        int    `json:"mode,omitempty"` // 2 is persistent
	Priority    int    `json:"priority,omitempty"`
	Correlation string `json:"correlation,omitempty"`
	ReplyTo     string `json:"replyTo,omitempty"`
	Expiration  string `json:"expiration,omitempty"`
	MessageID   string `json:"messageId,omitempty"`
	Timestamp   int64  `json:"timestamp,omitempty"` // s
	Type        string `json:"type,omitempty"`
	UserID      string `json:"userId,omitempty"`
	AppID       string `json:"appId,omitempty"`
}

// answer is what a driver says to a request.
type answer struct {
	Error     string
	Code      int // the broker's reply code; 0 if the error is the library's own
	Name      string
	Messages  int
	Consumers int
	Message   *message
	Ack       *bool
}

// event is a line that nobody asked for.
type event struct {
	C, Ch, Event string
	Consumer     string
	Code         int
	Text         string
	Message      *message
}

// mailbox has the events that nobody took yet.
type mailbox struct {
	mu   sync.Mutex
	got  []event       // guarded by mu
	more chan struct{} // guarded by mu; closed when there is more
}

func newMailbox(p *driver.Process) *mailbox {
	b := &mailbox{more: make(chan struct{})}
	go func() {
		for text := range p.Lines() {
			var e event
			if err := json.Unmarshal(text, &e); err != nil {
				e = event{Event: "?", Text: string(text)}
			}
			b.mu.Lock()
			b.got = append(b.got, e)
			close(b.more)
			b.more = make(chan struct{})
			b.mu.Unlock()
		}
	}()
	return b
}

// take waits for the first event that fits, and takes it.
func (b *mailbox) take(wait time.Duration, fits func(event) bool) (event, bool) {
	end := time.After(wait)
	for {
		b.mu.Lock()
		for i, e := range b.got {
			if fits(e) {
				b.got = append(b.got[:i:i], b.got[i+1:]...)
				b.mu.Unlock()
				return e, true
			}
		}
		more := b.more
		b.mu.Unlock()
		select {
		case <-more:
		case <-end:
			return event{}, false
		}
	}
}

// cell is one behaviour with one client.
type cell struct {
	*testing.T
	driver *driver.Process
	mail   *mailbox
	broker broker
	tag    string // begins every name
	last   int
	open   []*conn
}

// name is one of the cell's own.
func (c *cell) name(s string) string { return c.tag + s }

// conn is a connection, or a channel of one.
type conn struct {
	*cell
	c, ch   string
	proxy   *proxy
	closed  bool
	confirm bool
}

// connect opens a connection through a proxy of its own.
func (c *cell) connect() *conn {
	c.Helper()
	k, err := c.tryConnect(c.broker.user, c.broker.password, "/")
	if err.Error != "" {
		c.Fatalf("connect: %d %s", err.Code, err.Error)
	}
	return k
}

// tryConnect may fail; more are further fields.
func (c *cell) tryConnect(user, password, vhost string, more ...object) (*conn, answer) {
	c.Helper()
	c.last++
	k := &conn{cell: c, c: fmt.Sprint(c.tag, c.last), proxy: newProxy(c.T, c.broker.address)}
	fields := object{"host": "127.0.0.1", "port": k.proxy.port(), "user": user, "password": password, "vhost": vhost}
	for _, o := range more {
		maps.Copy(fields, o)
	}
	a := k.ask("connect", fields)
	k.closed = a.Error != ""
	c.open = append(c.open, k)
	return k, a
}

// end closes what is left of the cell.
func (c *cell) end() {
	for _, k := range c.open {
		if !k.closed {
			k.ask("close", nil)
		}
		k.proxy.close()
	}
}

// channel opens one; with confirms, publish waits for them.
func (k *conn) channel(confirm bool) *conn {
	k.Helper()
	k.last++
	ch := &conn{cell: k.cell, c: k.c, ch: fmt.Sprint("ch", k.last), proxy: k.proxy, confirm: confirm}
	ch.do("channel", object{"confirm": confirm})
	return ch
}

func (k *conn) ask(op string, fields object) (a answer) {
	k.Helper()
	r := object{"op": op, "c": k.c}
	if k.ch != "" {
		r["ch"] = k.ch
	}
	for f, v := range fields {
		r[f] = v
	}
	k.driver.Ask(k, r, &a)
	return a
}

// do is ask that must succeed.
func (k *conn) do(op string, fields object) answer {
	k.Helper()
	a := k.ask(op, fields)
	if a.Error != "" {
		k.Fatalf("%s %v: %d %s", op, fields, a.Code, a.Error)
	}
	return a
}

// fails is ask that the broker must refuse with that code; the text must have all
// the words, if the library shows it.
func (k *conn) fails(code int, words string, op string, fields object) {
	k.Helper()
	a := k.ask(op, fields)
	if a.Error == "" || a.Code != code || !strings.Contains(a.Error, words) {
		k.Fatalf("%s %v: %d %q, want %d %q", op, fields, a.Code, a.Error, code, words)
	}
}

// queue declares a queue of the cell's own; options are further fields.
func (k *conn) queue(name string, options ...object) string {
	k.Helper()
	fields := object{"name": k.name(name)}
	for _, o := range options {
		for f, v := range o {
			fields[f] = v
		}
	}
	return k.do("queue", fields).Name
}

func args(pairs ...any) object {
	a := object{}
	for i := 0; i < len(pairs); i += 2 {
		a[pairs[i].(string)] = pairs[i+1]
	}
	return object{"args": a}
}

// publish publishes a text, with confirms until it is confirmed.
func (k *conn) publish(exchange, key, body string, change ...func(*message)) {
	k.Helper()
	m := &message{Body: []byte(body)}
	for _, f := range change {
		f(m)
	}
	a := k.do("publish", object{"exchange": exchange, "key": key, "message": m})
	if k.confirm && (a.Ack == nil || !*a.Ack) {
		k.Fatalf("publish %q: not confirmed", body)
	}
}

// get takes one message; nil if there is none.
func (k *conn) get(queue string) *message {
	k.Helper()
	return k.do("get", object{"name": queue, "noAck": true}).Message
}

// waitFor gets until there is a message.
func (k *conn) waitFor(queue string) *message {
	k.Helper()
	return k.waitWith(queue, k.get)
}

// waitForUnsettled is waitFor, but does not ack what it gets.
func (k *conn) waitForUnsettled(queue string) *message {
	k.Helper()
	return k.waitWith(queue, func(queue string) *message { return k.do("get", object{"name": queue}).Message })
}

func (k *conn) waitWith(queue string, get func(string) *message) *message {
	k.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if m := get(queue); m != nil {
			return m
		}
	}
	k.Fatalf("nothing came into %s", queue)
	return nil
}

// messages is how many are ready in the queue.
func (k *conn) messages(queue string) int {
	k.Helper()
	return k.do("queue", object{"name": queue, "passive": true}).Messages
}

// eventually waits until the queue has n ready messages.
func (k *conn) eventually(queue string, n int) {
	k.Helper()
	got := -1
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(20 * time.Millisecond) {
		if got = k.messages(queue); got == n {
			return
		}
	}
	k.Fatalf("%s has %d messages, not %d", queue, got, n)
}

// consume starts a consumer.
func (k *conn) consume(queue, consumer string, options ...object) {
	k.Helper()
	fields := object{"name": queue, "consumer": consumer}
	for _, o := range options {
		for f, v := range o {
			fields[f] = v
		}
	}
	k.do("consume", fields)
}

// delivery waits for the next delivery to the channel.
func (k *conn) delivery() *message {
	k.Helper()
	return k.event("delivery").Message
}

// event waits for an event of the channel or connection.
func (k *conn) event(kind string) event {
	k.Helper()
	e, ok := k.mail.take(patience, k.is(kind))
	if !ok {
		k.Fatalf("no %s of %s %s", kind, k.c, k.ch)
	}
	return e
}

// none wants that no such event has come: it asks the broker something first.
func (k *conn) none(kind string) {
	k.Helper()
	k.queue("barrier")
	if e, ok := k.mail.take(100*time.Millisecond, k.is(kind)); ok {
		k.Fatalf("unexpected %s: %+v", kind, e)
	}
}

func (k *conn) is(kind string) func(event) bool {
	return func(e event) bool { return e.C == k.c && e.Ch == k.ch && e.Event == kind }
}

// deliveries are the bodies of the next n.
func (k *conn) deliveries(n int) (bodies string, last *message) {
	k.Helper()
	var all []string
	for range n {
		last = k.delivery()
		all = append(all, string(last.Body))
	}
	return strings.Join(all, " "), last
}

// want compares texts.
func (k *conn) want(what, got, want string) {
	k.Helper()
	if got != want {
		k.Fatalf("%s: %q, want %q", what, got, want)
	}
}
