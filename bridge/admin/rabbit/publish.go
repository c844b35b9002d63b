package rabbit

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
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
	if !mayPublish(r.who, name, body.RoutingKey) {
		return denied
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
	if err := body.Properties.fill(m, time.Now()); err != nil {
		return err
	}
	pub := &core.Publication{Message: m, To: core.ExchangeAddress(name, body.RoutingKey), HiddenKeys: texts(body.Properties.Headers["BCC"])}
	out, err := r.ns.Publish(r.Context(), pub)
	if core.KindOf(err) == core.NotFound {
		return invalid("bad_request", "404 NOT_FOUND - no exchange '"+name+"' in vhost '"+r.vhost+"'")
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, row{"routed": out.Routed > 0})
}

// mayPublish asks for what the AMQP door asks for.
func mayPublish(who *core.Principal, exchange, key string) bool {
	switch exchange {
	case "":
		return who.MayQueue(core.Write, key)
	case core.AMQTopic:
		return who.MayPath(core.Write, match.Swap(key))
	}
	return who.MayExchange(core.Write, exchange)
}
