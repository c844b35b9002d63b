package mqtt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
	"github.com/slipwaymq/slipway/integration/mqtt/line"
)

// cell is one behaviour with one client and version.
type cell struct {
	t       *testing.T
	driver  driver
	broker  broker
	version int
	prefix  string // of topics
	tag     string // of client ids and connections

	transport string // "": TCP

	wires  map[string]*wire // by name of a connection
	online map[string]bool  // connected, and not disconnected by us
	bursts map[string]chan error
}

// step is part of a behaviour.
type step interface{ run(*cell) }

func (c *cell) do(r line.Request) error {
	r.C = c.tag + r.C
	return c.driver.do(r)
}

func (c *cell) must(r line.Request) {
	c.t.Helper()
	if err := c.do(r); err != nil {
		c.t.Fatalf("%s %s: %v", r.C, r.Op, err)
	}
}

// topic puts a topic or filter below the cell's own.
func (c *cell) topic(s string) string {
	if s == "" {
		return s // an alias stands for it
	}
	if rest, ok := strings.CutPrefix(s, "$share/"); ok {
		group, filter, _ := strings.Cut(rest, "/")
		return "$share/" + group + "/" + c.prefix + "/" + filter
	}
	return c.prefix + "/" + s
}

// message puts the message's topics below the cell's, and takes away what the
// version lacks.
func (c *cell) message(m line.Message) *line.Message {
	m.Topic = c.topic(m.Topic)
	if c.version < 5 {
		m.Props = nil
	}
	if m.Props != nil && m.Props.Response != "" {
		p := *m.Props
		p.Response = c.topic(p.Response)
		m.Props = &p
	}
	return &m
}

// sealed says that the proxies do not see packets.
func (c *cell) sealed() bool { return c.transport != "" }

// wire returns the connection's proxy.
func (c *cell) wire(as string) *wire {
	if c.wires[as] == nil {
		c.wires[as] = newWire(c.t, c.broker.address, c.sealed())
	}
	return c.wires[as]
}

// end closes what is left of the cell, and shows the packets if it failed.
func (c *cell) end() {
	for as := range c.online {
		_ = c.do(line.Request{Op: "disconnect", C: as})
	}
	for as, w := range c.wires {
		w.close()
		if c.t.Failed() {
			c.t.Logf("connection %s:\n%s", as, w)
		}
	}
}

type connect struct {
	as        string
	session   bool // to be kept, for 5 minutes in MQTT 5
	password  string
	reconnect bool
	receive   int
	will      *line.Message
	refused   []int // codes, one of which CONNACK must have: 3.1.1's and 5's
	present   bool  // so CONNACK says
}

func (s connect) run(c *cell) {
	c.t.Helper()
	r := line.Request{
		Op: "connect", C: s.as, Host: "127.0.0.1", Port: c.wire(s.as).port(), Version: c.version, ID: c.tag + s.as,
		Transport: c.transport, CA: c.broker.ca,
		Clean: !s.session, User: c.broker.user, Password: c.broker.password, Reconnect: s.reconnect,
	}
	if s.password != "" {
		r.Password = s.password
	}
	if s.will != nil {
		r.Will = c.message(*s.will)
	}
	if c.version == 5 {
		r.Receive = s.receive
		if s.session {
			r.Expiry = new(int)
			*r.Expiry = 300
		}
	}
	err := c.do(r)
	present, code := c.wire(s.as).connack() // -1 if it is not seen
	if s.refused != nil {
		if err == nil || !slices.Contains(s.refused, code) && !c.sealed() {
			c.t.Fatalf("%s connect: CONNACK %d, %v; want one of %d", s.as, code, err, s.refused)
		}
		return
	}
	if err != nil {
		c.t.Fatalf("%s connect: CONNACK %d, %v", s.as, code, err)
	}
	c.online[s.as] = true
	// mosquitto_sub connects when it subscribes; MQTT 3.1 has no such flag.
	if code >= 0 && c.version > 3 && present != s.present {
		c.t.Fatalf("%s connect: session present is %v", s.as, present)
	}
}

type disconnect struct {
	as     string
	expiry *int // of the session
}

func (s disconnect) run(c *cell) {
	c.t.Helper()
	delete(c.online, s.as)
	c.must(line.Request{Op: "disconnect", C: s.as, Expiry: s.expiry})
	if !c.wire(s.as).over() {
		c.t.Fatalf("%s disconnect: the broker does not close the connection", s.as)
	}
}

// cut ends the connection as a network does.
type cut struct{ as string }

func (s cut) run(c *cell) { c.wire(s.as).cut() }

// crash ends a client that has acknowledged all and does not come back, and
// waits until the broker has noticed.
type crash struct{ as string }

func (s crash) run(c *cell) {
	c.t.Helper()
	delete(c.online, s.as)
	daemon.Eventually(c.t, patience, "acknowledgements", c.wire(s.as).settled)
	if _, ok := c.driver.(*tools); ok {
		c.must(line.Request{Op: "crash", C: s.as}) // mosquitto_sub would come back
	}
	c.wire(s.as).cut()
	if !c.wire(s.as).over() {
		c.t.Fatalf("%s crash: the broker does not close the connection", s.as)
	}
}

type subscribe struct {
	as      string
	filters []line.Filter
	subid   int
}

// to subscribes to filters with one QoS.
func to(as string, qos int, filters ...string) subscribe {
	s := subscribe{as: as}
	for _, f := range filters {
		s.filters = append(s.filters, line.Filter{Filter: f, QoS: qos})
	}
	return s
}

func (s subscribe) run(c *cell) {
	c.t.Helper()
	r := line.Request{Op: "subscribe", C: s.as, SubID: s.subid}
	for _, f := range s.filters {
		f.Filter = c.topic(f.Filter)
		r.Filters = append(r.Filters, f)
	}
	c.must(r)
}

type publish struct {
	as string
	m  line.Message
}

func (s publish) run(c *cell) {
	c.t.Helper()
	c.must(line.Request{Op: "publish", C: s.as, Message: c.message(s.m)})
}

// burst publishes "0", "1", ... and does not wait; finish does.
type burst struct {
	as, topic  string
	qos, count int
}

func (s burst) run(c *cell) {
	done := make(chan error, 1)
	c.bursts[s.as] = done
	r := line.Request{Op: "burst", C: s.as, Message: c.message(line.Message{Topic: s.topic, QoS: s.qos}), Count: s.count}
	go func() { done <- c.do(r) }()
}

type finish struct{ as string }

func (s finish) run(c *cell) {
	c.t.Helper()
	if err := <-c.bursts[s.as]; err != nil {
		c.t.Fatalf("%s burst: %v", s.as, err)
	}
}

// await waits until as has received so many messages.
type await struct {
	as    string
	count int
}

func (s await) run(c *cell) {
	c.t.Helper()
	have := 0
	if !c.driver.box().until(func(got map[string][]*line.Message) bool {
		have = len(got[c.tag+s.as])
		return have >= s.count
	}) {
		c.t.Fatalf("%s received %d messages, want %d", s.as, have, s.count)
	}
}

// all takes every message of a burst, by one receiver or divided among several.
// With QoS 2, or divided, none comes twice.
type all struct {
	of         []string
	qos, count int
}

func (s all) run(c *cell) {
	c.t.Helper()
	seen := make([]int, s.count)
	next := map[string]int{}
	missing := s.count
	enough := c.driver.box().until(func(got map[string][]*line.Message) bool {
		for _, as := range s.of {
			for _, m := range got[c.tag+as][next[as]:] {
				n, err := strconv.Atoi(string(m.Payload))
				if err != nil || n < 0 || n >= s.count || m.QoS != s.qos {
					c.t.Errorf("%s received %s", as, show(m))
					continue
				}
				if seen[n]++; seen[n] == 1 {
					missing--
				}
			}
			next[as] = len(got[c.tag+as])
		}
		return missing == 0
	})
	if !enough {
		c.t.Fatalf("%d of %d messages did not come; the first is %d", missing, s.count, slices.Index(seen, 0))
	}
	for n, times := range seen {
		if times > 1 && (s.qos == 2 || len(s.of) > 1) {
			c.t.Errorf("message %d came %d times", n, times)
		}
	}
	for _, as := range s.of {
		if next[as] == 0 {
			c.t.Errorf("%s received nothing of what was divided", as)
		}
	}
}

// receive takes as many messages as it lists, and wants them to be these.
type receive struct {
	as        string
	messages  []line.Message
	unordered bool
}

// gets receives one message or more, in order.
func gets(as string, m ...line.Message) receive { return receive{as: as, messages: m} }

func (s receive) run(c *cell) {
	c.t.Helper()
	got := c.driver.box().take(c.tag+s.as, len(s.messages))
	want := make([]*line.Message, len(s.messages))
	for i, m := range s.messages {
		want[i] = c.message(m)
	}
	if s.unordered {
		byPayload := func(a, b *line.Message) int {
			return strings.Compare(a.Topic+string(a.Payload), b.Topic+string(b.Payload))
		}
		slices.SortStableFunc(got, byPayload)
		slices.SortStableFunc(want, byPayload)
	}
	for i, w := range want {
		if i >= len(got) {
			c.t.Fatalf("%s received %d messages, want also %s", s.as, len(got), show(w))
		}
		if why := differs(got[i], w); why != "" {
			c.t.Fatalf("%s received %s\nwant %s\n%s", s.as, show(got[i]), show(w), why)
		}
	}
}

func show(m *line.Message) string {
	payload := fmt.Sprintf("%q", m.Payload)
	if len(payload) > 60 {
		payload = fmt.Sprintf("%.60s... (%d bytes)", payload, len(m.Payload))
	}
	text := fmt.Sprintf("%s %s QoS %d retain %v", m.Topic, payload, m.QoS, m.Retain)
	if m.Props != nil {
		text += fmt.Sprintf(" %+v", *m.Props)
	}
	return text
}

// differs says how got is not what is wanted. Properties are compared where
// want has some.
func differs(got, want *line.Message) string {
	switch {
	case got.Topic != want.Topic:
		return "the topic differs"
	case string(got.Payload) != string(want.Payload):
		return "the payload differs"
	case got.QoS != want.QoS:
		return "the QoS differs"
	case got.Retain != want.Retain:
		return "the retain flag differs"
	case want.Props == nil:
		return ""
	}
	g, w := got.Props, want.Props
	if g == nil {
		g = &line.Props{}
	}
	switch {
	case !slices.Equal(g.User, w.User):
		return "the user properties differ"
	case g.Type != w.Type:
		return "the content type differs"
	case g.Text != w.Text:
		return "the payload format differs"
	case g.Response != w.Response:
		return "the response topic differs"
	case string(g.Correlation) != string(w.Correlation):
		return "the correlation data differs"
	case (g.Expiry > 0) != (w.Expiry > 0) || g.Expiry > w.Expiry:
		return "the message expiry interval differs"
	case len(w.SubIDs) > 0 && !slices.Equal(g.SubIDs, w.SubIDs):
		return "the subscription identifiers differ"
	}
	return ""
}

// drain forgets what was received.
type drain struct{ as string }

func (s drain) run(c *cell) { c.driver.box().forget(c.tag + s.as) }

// settle waits until the client has acknowledged what it got: some hand a message
// on first, and what is not acknowledged goes to another when they leave.
type settle struct{ as string }

func (s settle) run(c *cell) {
	c.t.Helper()
	daemon.Eventually(c.t, patience, "acknowledgements", c.wire(s.as).settled)
}

// ask subscribes to where the answer comes, and publishes the question.
type ask struct {
	as string
	m  line.Message
}

func (s ask) run(c *cell) {
	c.t.Helper()
	answer := s.m.Props.Response
	if _, ok := c.driver.(*tools); ok {
		c.must(line.Request{Op: "ask", C: s.as, Message: c.message(s.m), Filters: []line.Filter{{Filter: c.topic(answer), QoS: 1}}})
		return
	}
	to(s.as, 1, answer).run(c)
	publish(s).run(c)
}

// inflight wants that at no time more messages were under way to the client
// than it allowed.
type inflight struct {
	as   string
	most int
}

func (s inflight) run(c *cell) {
	c.t.Helper()
	w := c.wire(s.as)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, p := range w.packets {
		switch kind := p.first >> 4; {
		case kind == 3 && !p.up && p.first&6 != 0:
			n++
		case p.up && (kind == 4 || kind == 7):
			n--
		}
		if n > s.most {
			c.t.Fatalf("%d messages were under way to %s, which allows %d", n, s.as, s.most)
		}
	}
}
