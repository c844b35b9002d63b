package stomp

import (
	"bytes"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/protocols/stomp/wire"
)

// What a MESSAGE has beside what its producer said differs between the brokers, and
// clients count on it. A connection that has said what only ActiveMQ has is told what
// ActiveMQ tells, from that subscription on; every other what RabbitMQ tells.
// Config.Dialect decides it for all.
//
//	RabbitMQ    redelivered:false, too; content-length always
//	ActiveMQ    priority:4, expires:0 and timestamp where the producer said none; redelivered:true only; no
//	            content-length of text, by which its clients tell text from bytes. NACK dead-letters that message
//	            alone, where its queue has somewhere to go for dead letters; else it is RabbitMQ's, so that nothing is lost
//
// Only ActiveMQ has, in CONNECT, client-id, and in SUBSCRIBE activemq.*, selector,
// browser and transformation; subscribing to a temporary destination, several at once,
// wildcards with >, a queue's wildcards, virtual topics, and names without /queue/ or
// /topic/ before them.

// speaksActiveMQ says whether a SUBSCRIBE is of that dialect.
func speaksActiveMQ(f *wire.Frame, all []destination) bool {
	for i := range f.Headers {
		switch name := f.Headers[i].Name; {
		case name == "selector", name == "browser", name == "transformation", strings.HasPrefix(name, "activemq."):
			return true
		}
	}
	return len(all) > 1 || all[0].ofActiveMQ()
}

func (d *destination) ofActiveMQ() bool {
	switch d.place {
	case tempQueue, tempTopic, replyTopic:
		return true
	case topicPlace:
		return d.name == ">" || strings.HasSuffix(d.name, ".>") || !strings.HasPrefix(d.text, "/")
	case queuePlace:
		_, virtual := virtualTopic(d.name)
		return virtual || wild(d.name) || !strings.HasPrefix(d.text, "/")
	}
	return false
}

// implied appends what ActiveMQ says of every message, as far as nobody said it.
func (w *writer) implied(published []byte) {
	if !w.m.HasPriority() {
		w.dst = wire.AppendNumber(w.dst, "priority", core.DefaultPriority)
	}
	wall := time.Now().UnixMilli() - w.now
	if w.m.CreatedAt == 0 && !says(published, "timestamp") {
		w.dst = wire.AppendNumber(w.dst, "timestamp", w.m.PublishedAt+wall)
	}
	switch {
	case says(published, "expires"):
	case w.m.ExpiresAt == 0:
		w.dst = wire.AppendNumber(w.dst, "expires", 0)
	case published != nil:
		w.dst = wire.AppendNumber(w.dst, "expires", w.m.ExpiresAt+wall)
	}
}

// says looks for a header in what a producer said.
func says(published []byte, name string) bool {
	rest, ok := bytes.CutPrefix(published, []byte(name))
	return ok && len(rest) > 0 && rest[0] == ':' || bytes.Contains(published, []byte("\n"+name+":"))
}

// isText says that a body may end at the NUL behind it, and is text.
func isText(m *core.Message) bool { return m.Text && bytes.IndexByte(m.Body, 0) < 0 }

// told is what subscribers are told of where a message was sent to.
func (d *destination) told() string {
	spelt := strings.HasPrefix(d.text, "/")
	switch {
	case d.place == tempQueue, d.place == tempTopic: // the client's own name of it
		return d.text
	case d.place == exchangePlace && d.name == core.AMQTopic && d.keyed:
		return "/topic/" + encoded(d.key)
	case d.place == givenQueue, d.place == queuePlace && !spelt:
		return "/queue/" + d.rest
	case d.place == topicPlace && !spelt:
		return "/topic/" + d.rest
	}
	return withoutOptions(d.text)
}

// shownAs is the destination of what a subscription gets where that is not the
// message's own: what the client calls its temporary queue or topic, and, as in
// ActiveMQ, the queue that consumes a virtual topic.
func shownAs(all []destination) (shown string, virtual bool) {
	d := &all[0]
	_, virtual = virtualTopic(d.name)
	virtual = virtual && d.place == queuePlace
	if len(all) == 1 && (virtual || d.place == tempQueue || d.place == tempTopic) {
		return d.told(), virtual
	}
	return "", false
}
