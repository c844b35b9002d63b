package rabbit

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/slipwaymq/slipway/core"
)

func (s *Service) consumers(w http.ResponseWriter, r *request) error {
	of := s.counted(r.caller)
	if r.ns != nil {
		of = []*core.Namespace{r.ns}
	}
	conns := s.byID()
	return list(w, r, func(yield func(row) bool) {
		for _, ns := range of {
			for _, q := range ns.Queues("", true) {
				if !sees(r.caller, ns, q.Name()) && !(r.caller.Account() && Oversees(r.caller, core.Read)) {
					continue
				}
				for _, c := range q.Consumers() {
					if others(r.caller, conns[c.Connection]) {
						continue
					}
					if !yield(consumerRow(ns, c, conns)) {
						return
					}
				}
			}
		}
	})
}

// others says whether a consumer is not shown to an account in a list, as it is
// another's.
func others(who *core.Principal, of *Connection) bool {
	return who.Account() && !Oversees(who, core.Read) && (of == nil || of.User != who.Name)
}

// byID is the connections by their id in decimal.
func (s *Service) byID() map[string]*Connection {
	all := map[string]*Connection{}
	if s.cfg.Connections != nil {
		for _, c := range s.cfg.Connections() {
			all[strconv.FormatUint(c.ID, 10)] = &c
		}
	}
	return all
}

func consumerRow(ns *core.Namespace, c core.ConsumerInfo, conns map[string]*Connection) row {
	activity := "up"
	if !c.Active {
		activity = "waiting"
	}
	channel := row{}
	if conn := conns[c.Connection]; conn != nil {
		host, port := hostPort(conn.Remote)
		channel = row{
			"connection_name": conn.name(), "name": fmt.Sprintf("%s (%d)", conn.name(), c.Channel), "node": nodeName,
			"number": c.Channel, "peer_host": host, "peer_port": port, "user": conn.User,
		}
	}
	return row{
		"consumer_tag": c.Name, "ack_required": !c.NoAck, "active": c.Active, "activity_status": activity, "exclusive": c.Exclusive,
		"prefetch_count": c.Prefetch, "arguments": consumerArguments(c), "channel_details": channel,
		"queue": row{"name": c.Queue.Name(), "vhost": vhostOf(ns)},
	}
}

func consumerArguments(c core.ConsumerInfo) row {
	if c.Priority == 0 {
		return row{}
	}
	return row{"x-priority": c.Priority}
}
