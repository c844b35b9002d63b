package core

import (
	"cmp"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// What a message loses between two protocols is counted, by field and hop
// (DESIGN section 3): a door calls Broker.Lost for each field that it cannot
// spell, when it writes the message out.

// Names of fields, as Message.Fields and Broker.Lost have them.
const (
	FieldBody        = "body"
	FieldPriority    = "priority"
	FieldExpiresAt   = "expires-at"
	FieldCreatedAt   = "created-at"
	FieldMessageID   = "message-id"
	FieldCorrelation = "correlation-id"
	FieldReplyTo     = "reply-to"
	FieldContentType = "content-type"
	FieldEncoding    = "content-encoding"
	FieldType        = "type"
	FieldGroupID     = "group-id"
	FieldDedupID     = "dedup-id"
	FieldUserID      = "user-id"
	FieldAppID       = "app-id"
	FieldTrace       = "trace"
	FieldHeader      = "header" // each header is one
	FieldDeaths      = "dead-letter-trail"
)

// Fields are the names of the fields that the message has, but for its body.
func (m *Message) Fields() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, f := range [...]struct {
			name string
			set  bool
		}{
			{FieldPriority, m.HasPriority()}, {FieldExpiresAt, m.ExpiresAt != 0}, {FieldCreatedAt, m.CreatedAt != 0},
			{FieldMessageID, m.MessageID != ""}, {FieldCorrelation, m.Correlation != nil}, {FieldReplyTo, m.ReplyTo.Kind != NoAddress},
			{FieldContentType, m.ContentType != ""}, {FieldEncoding, m.Encoding != ""}, {FieldType, m.Type != ""},
			{FieldGroupID, m.GroupID != ""}, {FieldDedupID, m.DedupID != ""}, {FieldUserID, m.UserID != ""},
			{FieldAppID, m.AppID != ""}, {FieldTrace, m.Trace != ""}, {FieldDeaths, len(m.Deaths) > 0},
		} {
			if f.set && !yield(f.name) {
				return
			}
		}
		for range m.Headers {
			if !yield(FieldHeader) {
				return
			}
		}
	}
}

// A LostField is a field that messages of one protocol lose on the way to
// another. Protocols are named as in Origin; empty is the broker itself.
type LostField struct{ Field, From, To string }

// lost counts LostFields.
type lost struct {
	n     sync.Map // of *atomic.Uint64, by LostField
	kinds atomic.Int64
}

// maxLost bounds the kinds of loss that are told apart. Doors use names of their
// own, so there are not nearly as many.
const maxLost = 1000

// Lost counts a field of m that the protocol to could not carry. field is one of
// the names above, never a client's word.
func (b *Broker) Lost(field string, m *Message, to string) {
	b.lost.add(LostField{field, m.Origin.Protocol, to})
}

// CheckUser takes the user's name from a message that says to be of another user
// than who publishes it, and counts that: consumers may trust the name.
func (b *Broker) CheckUser(m *Message, who *Principal) {
	if m.UserID != "" && m.UserID != who.Name && !who.Anonymous {
		m.UserID = ""
		b.Lost(FieldUserID, m, m.Origin.Protocol)
	}
}

func (l *lost) add(f LostField) {
	n, ok := l.n.Load(f)
	if !ok {
		if l.kinds.Load() >= maxLost {
			f = LostField{Field: "other"}
		}
		if n, ok = l.n.LoadOrStore(f, new(atomic.Uint64)); !ok {
			l.kinds.Add(1)
		}
	}
	n.(*atomic.Uint64).Add(1)
}

// LostFields are the counts so far, ordered.
func (b *Broker) LostFields() (fields []LostField, counts []uint64) {
	b.lost.n.Range(func(f, _ any) bool {
		fields = append(fields, f.(LostField))
		return true
	})
	slices.SortFunc(fields, func(a, b LostField) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	for _, f := range fields {
		n, _ := b.lost.n.Load(f)
		counts = append(counts, n.(*atomic.Uint64).Load())
	}
	return fields, counts
}
