package rabbit

import (
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

type publishBody struct {
	Properties propertiesBody `json:"properties"`
	RoutingKey string         `json:"routing_key"`
	Payload    string         `json:"payload"`
	Encoding   string         `json:"payload_encoding"` // string or base64
}

// publish puts one message into an exchange and tells whether anybody took it,
// once that is durable.
func (s *Service) publish(w http.ResponseWriter, r *request) error {
	name := pathExchange(r.PathValue("exchange"))
	body, err := read[publishBody](r, maxMessageBody)
	if err != nil {
		return err
	}
	cc, bcc := texts(body.Properties.Headers["CC"]), texts(body.Properties.Headers["BCC"])
	keys := slices.Concat([]string{body.RoutingKey}, cc, bcc)
	if !mayPublish(r.who, name, keys...) || !mayKeys(r.who, core.Write, r.ns, name, keys...) {
		return denied
	}
	if id := body.Properties.UserID; id != "" && !r.who.Anonymous && id != r.who.Name {
		return invalid("bad_request", "406 PRECONDITION_FAILED - user_id property set to '"+id+"' but authenticated user was '"+r.who.Name+"'")
	}
	m := &core.Message{Body: []byte(body.Payload)}
	switch body.Encoding {
	case "string":
		m.Text = true
	case "base64":
		if m.Body, err = base64.StdEncoding.DecodeString(body.Payload); err != nil {
			return invalid("bad_request", "the payload is no base64")
		}
	default:
		return invalid("bad_request", "payload_encoding is string or base64")
	}
	if err := body.Properties.fill(m, r.ns.Broker().Now()); err != nil {
		return err
	}
	pub := &core.Publication{Message: m, To: core.ExchangeAddress(name, body.RoutingKey), HiddenKeys: bcc}
	out, err := r.ns.Publish(r.Context(), pub)
	if core.KindOf(err) == core.NotFound {
		return invalid("bad_request", "404 NOT_FOUND - no exchange '"+name+"' in vhost '"+r.vhost+"'")
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, row{"routed": out.Routed > 0})
}
