package core

import "encoding/hex"

// A Message is immutable once published: doors share one pointer among all
// its deliveries. Times are milliseconds of the Unix epoch, 0 for none.
type Message struct {
	ID          MessageID // assigned by Publish when zero
	Source      Address   // where it was published to; set by Publish, and by a dead-letter exchange
	Keys        []string  // further routing keys beside Source's, which stay with it (AMQP's CC)
	Body        []byte
	Text        bool   // the producer said that the body is text (UTF-8)
	Durable     bool   // survives a restart where its target does
	Priority    uint8  // 0 lowest; lanes are served highest first
	Lowest      bool   // the producer said priority 0; else 0 is that nothing was said
	CreatedAt   int64  // the producer's own time
	PublishedAt int64  // when this broker accepted it; set by Publish
	ExpiresAt   int64  // not delivered from then on
	DeliverAt   int64  // not delivered before
	Every       int64  // ms; with DeliverAt and Again: between repetitions
	Again       int64  // how often it comes once more after that, each a message of its own
	Cron        string // times of the calendar at which all that begins anew (core/cron), in the zone of the broker's clock; sets DeliverAt
	CronDelay   int64  // ms behind each of them
	MessageID   string // the producer's message id, not ours
	Correlation []byte
	ReplyTo     Address
	ContentType string
	Encoding    string // content encoding
	Type        string // AMQP type, SNS subject
	GroupID     string
	DedupID     string
	UserID      string
	AppID       string
	Trace       string // W3C traceparent or AWS trace header, as it came
	Headers     []Header
	Origin      Origin
	Deaths      []Death // newest first; the trail of dead-lettering

	owned bool // Body is not borrowed; set by own, for a Message that is not shared yet
}

// GiveBody sets a Body that nobody changes any more, so that publishing need not
// copy it.
func (m *Message) GiveBody(body []byte) { m.Body, m.owned = body, true }

// Kept says that Body changes no more and may be kept without a copy; else it is
// lent to who is handed the message before it was stored or queued (Sink).
func (m *Message) Kept() bool { return m.owned }

// HasPriority says that the producer gave one.
func (m *Message) HasPriority() bool { return m.Priority > 0 || m.Lowest }

// SetPriority is what a producer gave.
func (m *Message) SetPriority(p uint8) { m.Priority, m.Lowest = p, p == 0 }

// Origin is the publisher's own form, re-emitted untouched when a consumer
// speaks the same protocol. The core stores it and never looks inside.
type Origin struct {
	Protocol string
	Data     []byte
}

// A Header is one user header. Order and duplicates are kept.
type Header struct {
	Name  string
	Value Value
}

// Header returns the first value under name.
func (m *Message) Header(name string) (Value, bool) {
	for i := range m.Headers {
		if m.Headers[i].Name == name {
			return m.Headers[i].Value, true
		}
	}
	return Value{}, false
}

// A Death is one step of the dead-letter trail: how often (Count) a message
// left Queue for Reason, and where it had been published to.
type Death struct {
	Queue  string
	Reason DeathReason
	Count  int64
	Time   int64 // of the first of these, ms
	Source Address
	Keys   []string // the further routing keys it had then (Message.Keys)
	TTL    *int64   // ms it had to live when it was published, which dying ended; nil: none of its own
}

// DeathReason is why a message was dead-lettered.
type DeathReason uint8

const (
	// Rejected by a consumer.
	Rejected DeathReason = iota
	// Expired by its own or its queue's time to live.
	Expired
	// MaxLength: the queue was over its length or bytes.
	MaxLength
	// DeliveryLimit: delivered more often than the queue allows.
	DeliveryLimit
)

// MessageID is the broker's own identifier of a message, a version 4 UUID:
// what SQS and SNS call MessageId. Equal in every queue that holds a copy.
type MessageID [16]byte

// String is the usual 8-4-4-4-12 form.
func (id MessageID) String() string {
	var room [36]byte
	return string(id.Append(room[:0]))
}

// Append appends what String returns.
func (id MessageID) Append(dst []byte) []byte {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return append(dst, b[:]...)
}
