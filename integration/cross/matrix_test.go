package cross

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/client"
	"github.com/slipwaymq/slipway/integration/internal/matrix"
)

func (w world) peers() map[string]peer {
	return map[string]peer{"mqtt3": mqtt3{w}, "mqtt5": mqtt5{w}, "amqp": amqp091{w}, "stomp": stomp12{w}, "sqs": sqsPeer{w}, "sns": snsPeer{w}}
}

var (
	publishers = []string{"mqtt3", "mqtt5", "amqp", "stomp"}
	receivers  = []string{"mqtt3", "mqtt5", "amqp", "stomp", "sqs"}
	kinds      = []string{"queue", "topic"}
	last       atomic.Int64 // names are used once
)

// publishersTo: SQS has queues only, SNS topics.
func publishersTo(kind string) []string {
	if kind == "queue" {
		return append(publishers[:len(publishers):len(publishers)], "sqs")
	}
	return append(publishers[:len(publishers):len(publishers)], "sns")
}

// TestMatrix is every publisher to every receiver, by each transport.
func TestMatrix(t *testing.T) {
	fields := readTable(t)
	b := start(t)
	for _, transport := range []string{"tcp", "tls", "ws", "wss"} {
		t.Run(transport, func(t *testing.T) { world{b: b, transport: transport}.matrix(t, fields) })
	}
}

func (w world) matrix(t *testing.T, fields []field) {
	var rows []string
	for _, kind := range kinds {
		for _, p := range publishersTo(kind) {
			rows = append(rows, kind+": "+p)
		}
	}
	m := matrix.New(receivers, rows)
	for _, kind := range kinds {
		for _, p := range publishersTo(kind) {
			for _, r := range receivers {
				m.Run(t, r, kind+": "+p, func(t *testing.T) {
					for _, g := range groups(fields) {
						got := w.hop(t, fields, g, kind, p, r)
						if slices.Contains(publishersTo(kind), r) {
							w.back(t, fields, g, kind, p, r, got)
						}
					}
				})
			}
		}
	}
	m.Report(t, "cross-"+w.transport)
	for _, empty := range m.Empty(receivers) {
		t.Errorf("an empty cell: %s", empty)
	}
}

// bodies are text, and what is none.
var bodies = map[string][]byte{"a": []byte("größer"), "b": []byte("{}"), "c": {0, 0xff, 1, '\n'}, "d": []byte("typed")}

// hop publishes one message with a group's fields, and receives it.
func (w world) hop(t *testing.T, fields []field, group, kind, from, to string) sample {
	t.Helper()
	peers := w.peers()
	a := w.address(t, kind)
	receive := peers[to].subscribe(t, a)
	before := w.lost(t)
	sent := sample{body: bodies[group], form: form(fields, group, from)}
	peers[from].publish(t, a, sent)
	got := receive(t)
	if !bytes.Equal(got.body, sent.body) {
		t.Errorf("group %s: sent %q, received %q", group, sent.body, got.body)
	}
	if a.topic && got.topic != a.name {
		t.Errorf("group %s: the topic is %q, not %q", group, got.topic, a.name)
	}
	if same(from, to) {
		if !maps.Equal(got.form, sent.form) {
			t.Errorf("group %s: sent %v, received %v", group, sent.form, got.form)
		}
		return got
	}
	w.compare(t, fields, group, from, to, got, before)
	return got
}

// back is the way home: the receiver publishes what it received, and the first
// publisher must find what it had said, where both have a place for it.
func (w world) back(t *testing.T, fields []field, group, kind, from, to string, got sample) {
	t.Helper()
	sent := sample{body: got.body, form: map[string]string{}}
	want := map[string]string{}
	for i := range fields {
		f := &fields[i]
		there, home := f.of(to), f.of(receiving(from))
		if f.group != group || there.none || there.received || home.none || home.received || f.of(from).none {
			continue
		}
		sent.form[there.place], want[home.place] = got.form[there.place], untyped(home.value)
	}
	a := w.address(t, kind)
	receive := w.peers()[from].subscribe(t, a)
	w.peers()[to].publish(t, a, sent)
	again := receive(t)
	if !bytes.Equal(again.body, bodies[group]) {
		t.Errorf("group %s, back: %q", group, again.body)
	}
	for place, v := range want {
		if untyped(again.form[place]) != v {
			t.Errorf("group %s, back: want %s=%s, received %v", group, place, v, again.form)
		}
	}
}

// receiving is who receives for a publisher: SNS delivers to SQS.
func receiving(p string) string {
	if p == "sns" {
		return "sqs"
	}
	return p
}

func (w world) address(t *testing.T, kind string) address {
	t.Helper()
	a := address{topic: kind == "topic", name: fmt.Sprintf("%s%d", kind, last.Add(1))}
	if !a.topic {
		client.CreateQueue(t.Context(), t, w.sqs(t), a.name, nil)
	}
	return a
}

// same tells protocols between which a message is just what it was.
func same(from, to string) bool { return from == to || from == "sns" && to == "sqs" }

// compare wants every field that was sent where the receiver's column says, or
// counted as lost.
func (w world) compare(t *testing.T, fields []field, group, from, to string, got sample, before map[[2]string]int) {
	t.Helper()
	want := map[string]int{}
	for i := range fields {
		f := &fields[i]
		if sent := f.of(from); f.group != group || sent.none || sent.received {
			continue
		}
		c := f.of(to)
		if c.none {
			want[f.lost()]++
			continue
		}
		if v, ok := got.form[c.place]; !ok || untyped(v) != untyped(c.value) {
			t.Errorf("%s: want %s=%s, received %v", f.name, c.place, c.value, got.form)
		}
	}
	after := w.lost(t)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if n := after[[2]string{name, to}] - before[[2]string{name, to}]; n != want[name] {
			t.Errorf("%s: %d were lost, %d counted", name, want[name], n)
		}
	}
}
