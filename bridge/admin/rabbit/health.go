package rabbit

import (
	"net/http"

	"github.com/slipwaymq/slipway/core"
)

// alone is well where RabbitMQ says of a cluster of one that there is nothing to say.
func alone(w http.ResponseWriter, _ *request) error {
	return answer(w, http.StatusOK, row{"status": "ok", "reason": "single node cluster"})
}

func well(w http.ResponseWriter, _ *request) error {
	return answer(w, http.StatusOK, row{"status": "ok"})
}

// alarms tells whether publishes are held back.
func (s *Service) alarms(w http.ResponseWriter, _ *request) error {
	if why := s.cfg.Broker.Blocked(); why != "" {
		return answer(w, http.StatusServiceUnavailable, row{
			"status": "failed", "reason": "There are alarms in effect in the cluster",
			"alarms": []row{{"node": nodeName, "resource": why}},
		})
	}
	return answer(w, http.StatusOK, row{"status": "ok"})
}

// alivenessQueue is RabbitMQ's own name for it.
const alivenessQueue = "aliveness-test"

// mayProbe asks for what the probe does: of RabbitMQ's it is declared, published to
// and read as whoever asks.
func mayProbe(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if !r.who.MayQueue(core.Configure|core.Write|core.Read, alivenessQueue) {
			return refused("ACCESS_REFUSED - access to queue '" + alivenessQueue + "' in vhost '" + r.vhost + "' refused for user '" + r.who.Name + "'")
		}
		return h(w, r)
	}
}

// alive sends a message through a queue.
func (s *Service) alive(w http.ResponseWriter, r *request) error {
	q, _, err := r.ns.DeclareQueue(alivenessQueue, core.QueueOptions{Dialect: dialect, Hidden: true, Ordered: true})
	if err != nil {
		return noMoreQueues(err, "406 PRECONDITION_FAILED - ", r.ns, alivenessQueue)
	}
	pub := &core.Publication{Message: &core.Message{Body: []byte("test_message")}, To: core.QueueAddress(alivenessQueue)}
	if _, err := r.ns.Publish(r.Context(), pub); err != nil {
		return err
	}
	c, err := q.Getter("")
	if err != nil {
		return err
	}
	defer c.Cancel()
	if _, _, _, err := c.Get(r.Context(), true); err != nil {
		return err
	}
	return answer(w, http.StatusOK, row{"status": "ok"})
}
