package rabbit

import (
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

type publishBody struct {
	Properties *propertiesBody `json:"properties"`
	RoutingKey *string         `json:"routing_key"`
	Payload    *string         `json:"payload"`
	Encoding   *string         `json:"payload_encoding"` // string or base64
}

// complete says what it lacks.
func (b *publishBody) complete() error {
	return lacking(map[string]bool{
		"properties": b.Properties == nil, "routing_key": b.RoutingKey == nil, "payload": b.Payload == nil, "payload_encoding": b.Encoding == nil,
	})
}

// message is what it brings.
func (b *publishBody) message(now int64) (*core.Message, error) {
	m := &core.Message{Body: []byte(*b.Payload)}
	switch *b.Encoding {
	case "string":
		m.Text = true
	case "base64":
		var err error
		if m.Body, err = base64.StdEncoding.DecodeString(*b.Payload); err != nil {
			return nil, invalid("bad_request", "the payload is no base64")
		}
	default:
		return nil, invalid("bad_request", "payload_encoding is string or base64")
	}
	return m, b.Properties.fill(m, now)
}

// publish puts one message into an exchange and tells whether anybody took it,
// once that is durable.
func (s *Service) publish(w http.ResponseWriter, r *request) error {
	name := pathExchange(r.PathValue("exchange"))
	body, err := read[publishBody](r, maxMessageBody)
	if err != nil {
		return err
	}
	if err := body.complete(); err != nil {
		return err
	}
	cc, bcc := texts(body.Properties.Headers["CC"]), texts(body.Properties.Headers["BCC"])
	keys := slices.Concat([]string{*body.RoutingKey}, cc, bcc)
	if !mayPublish(r.who, name, keys...) || !mayKeys(r.who, core.Write, r.ns, name, keys...) {
		return invalid("bad_request", "403 ACCESS_REFUSED - access to exchange '"+r.PathValue("exchange")+"' in vhost '"+r.vhost+"' refused for user '"+r.who.Name+"'")
	}
	if id := body.Properties.UserID; id != "" && !r.who.Anonymous && id != r.who.Name {
		return invalid("bad_request", "406 PRECONDITION_FAILED - user_id property set to '"+id+"' but authenticated user was '"+r.who.Name+"'")
	}
	m, err := body.message(r.ns.Broker().Now())
	if err != nil {
		return err
	}
	pub := &core.Publication{Message: m, To: core.ExchangeAddress(name, *body.RoutingKey), HiddenKeys: bcc}
	out, err := r.ns.Publish(r.Context(), pub)
	if core.KindOf(err) == core.NotFound {
		return invalid("bad_request", "404 NOT_FOUND - no exchange '"+name+"' in vhost '"+r.vhost+"'")
	}
	if x, ok := r.ns.Exchange(name); ok && x.Options().Internal && core.KindOf(err) == core.Denied {
		return invalid("bad_request", "403 ACCESS_REFUSED - cannot publish to internal exchange '"+name+"' in vhost '"+r.vhost+"'")
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, row{"routed": out.Routed > 0})
}
