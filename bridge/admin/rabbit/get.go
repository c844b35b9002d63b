package rabbit

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/slipwaymq/slipway/core"
)

// getBody asks for messages. RequeueOld is how it was said before 3.7.
type getBody struct {
	Count    *count `json:"count"`
	AckMode  string `json:"ackmode"`
	Encoding string `json:"encoding"`
	Truncate count  `json:"truncate"`
}

// maxGet bounds what one request holds: the messages come together.
const (
	maxGet      = 10_000
	maxGetBytes = 32 << 20
)

// get takes messages, and puts them back or not as ackmode says.
func (s *Service) get(w http.ResponseWriter, r *request) error {
	q, err := named(r, core.Read)
	if errors.Is(err, denied) {
		return refused("ACCESS_REFUSED - access to queue '" + r.PathValue("queue") + "' in vhost '" + r.vhost + "' refused for user '" + r.who.Name + "'")
	}
	if errors.Is(err, notFound) {
		return missing("NOT_FOUND - ", "queue", r.PathValue("queue"), r.vhost)
	}
	if err != nil {
		return err
	}
	body, err := read[getBody](r, maxBody)
	if err == nil {
		err = lacking(map[string]bool{"count": body.Count == nil, "ackmode": body.AckMode == "", "encoding": body.Encoding == ""})
	}
	if err != nil {
		return err
	}
	how, ok := map[string]core.Settlement{
		"ack_requeue_true": core.Requeue, "reject_requeue_true": core.Requeue, "ack_requeue_false": core.Ack, "reject_requeue_false": core.Reject,
	}[body.AckMode]
	switch {
	case body.Encoding != "auto" && body.Encoding != "base64":
		return invalid("bad_request", "Unsupported encoding. Please use auto or base64.")
	case !ok || *body.Count < 0:
		return invalid("bad_request", "count, ackmode (ack_requeue_true, ack_requeue_false, reject_requeue_true, reject_requeue_false) and encoding (auto, base64) are needed")
	}
	c, err := q.Getter("")
	if err != nil {
		return err
	}
	defer c.Cancel()
	rows, receipts, size := []row{}, []core.Receipt(nil), 0
	for len(rows) < min(int(*body.Count), maxGet) && size < maxGetBytes {
		d, left, ok, err := c.Get(r.Context(), false)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		rows, receipts = append(rows, messageRow(d, left, &body)), append(receipts, d.Receipt)
		size += len(d.Message.Body)
	}
	settled := make(waiter, 1)
	c.Settle(how, false, receipts, nil, nil, settled, 0)
	<-settled
	return answer(w, http.StatusOK, rows)
}

// waiter is told once.
type waiter chan struct{}

func (w waiter) Confirmed(uint64, core.Outcome) bool { w <- struct{}{}; return false }
func (w waiter) Flush()                              {}

func messageRow(d core.Delivery, left int64, b *getBody) row {
	m := d.Message
	payload := m.Body
	if n := int(b.Truncate); n > 0 && n < len(payload) {
		payload = payload[:n]
	}
	text, encoding := string(payload), "string"
	if b.Encoding == "base64" || !utf8.Valid(payload) {
		text, encoding = base64.StdEncoding.EncodeToString(payload), "base64"
	}
	return row{
		"payload_bytes": len(m.Body), "redelivered": d.Deliveries > 1, "exchange": m.Source.Exchange(), "routing_key": m.Source.RoutingKey(),
		"message_count": left, "properties": properties(m), "payload": text, "payload_encoding": encoding,
	}
}

// shownExchange is an exchange's name in a path: the default one has none.
func pathExchange(name string) string {
	if name == "amq.default" {
		return ""
	}
	return name
}

func cutText(s string) string { return strings.ToValidUTF8(s, "?") }
