package rabbit

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
)

// dialect is the AMQP door's: what is declared here is as if it were there.
const dialect = "amqp"

func (s *Service) queueRoutes() map[string]handler {
	return map[string]handler{
		"GET queues":                             s.allQueues,
		"GET queues/{vhost}":                     s.queues,
		"GET queues/{vhost}/{queue}":             s.queue,
		"PUT queues/{vhost}/{queue}":             s.putQueue,
		"DELETE queues/{vhost}/{queue}":          s.deleteQueue,
		"GET queues/{vhost}/{queue}/bindings":    s.bindingsOfQueue,
		"DELETE queues/{vhost}/{queue}/contents": s.purge,
		"POST queues/{vhost}/{queue}/get":        s.get,
		"POST queues/{vhost}/{queue}/actions":    absent,
	}
}

// queueRows are the queues that somebody may read.
func queueRows(who *core.Principal, of ...*core.Namespace) iter.Seq[row] {
	return func(yield func(row) bool) {
		for _, ns := range of {
			for _, q := range ns.Queues("", true) {
				if sees(who, ns, q.Name()) && !yield(queueRow(q)) {
					return
				}
			}
		}
	}
}

func queueRow(q *core.Queue) row {
	o, c := q.Options(), q.Counts()
	kind := o.Attributes[arguments.Type]
	if kind == "" {
		kind = "classic"
	}
	x := row{
		"name": q.Name(), "vhost": vhostOf(q.Namespace()), "durable": o.Durable, "auto_delete": o.AutoDelete, "exclusive": o.Owner != "",
		"arguments": arguments.JSON(arguments.Of(o.Attributes)), "node": nodeName, "state": "running", "type": kind,
		"messages": c.Ready + c.InFlight, "messages_ready": c.Ready, "messages_unacknowledged": c.InFlight, "messages_delayed": c.Delayed,
		"message_bytes": c.Bytes + c.InFlightBytes, "message_bytes_ready": c.Bytes, "message_bytes_unacknowledged": c.InFlightBytes, "consumers": c.Consumers, "memory": 0,
		"policy": nil, "operator_policy": nil, "effective_policy_definition": row{}, "exclusive_consumer_tag": nil,
		"single_active_consumer_tag": nil, "recoverable_slaves": nil, "idle_since": shownTime(q.ModifiedAt()),
	}
	if kind == "quorum" {
		x["leader"], x["members"], x["online"] = nodeName, []string{nodeName}, []string{nodeName}
	}
	if p, ok := q.Policy(); ok {
		x["policy"], x["effective_policy_definition"] = p.Name, p.Definition
	}
	if o.SingleActive {
		for _, c := range q.Consumers() {
			if c.Active {
				x["single_active_consumer_tag"] = c.Name
			}
		}
	}
	return x
}

// shownTime is a time in ms as lists have it.
func shownTime(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000+00:00")
}

func (s *Service) allQueues(w http.ResponseWriter, r *request) error {
	return list(w, r, queueRows(r.caller, s.seen(r.caller)...))
}

func (s *Service) queues(w http.ResponseWriter, r *request) error {
	return list(w, r, queueRows(r.caller, r.ns))
}

// named finds the path's queue, if a is granted on it.
func named(r *request, a core.Action) (*core.Queue, error) {
	name := r.PathValue("queue")
	if !r.who.MayQueue(a, name) {
		return nil, denied
	}
	q, ok := r.ns.Queue(name)
	if !ok {
		return nil, notFound
	}
	return q, nil
}

// shown finds the path's queue, for who may see it.
func shown(r *request) (*core.Queue, error) {
	if r.caller.Account() && sees(r.caller, r.ns, r.PathValue("queue")) || IsAdministrator(r.caller) {
		if q, ok := r.ns.Queue(r.PathValue("queue")); ok {
			return q, nil
		}
		return nil, notFound
	}
	return named(r, core.Read)
}

func (s *Service) queue(w http.ResponseWriter, r *request) error {
	q, err := shown(r)
	if err != nil {
		return err
	}
	x, conns := queueRow(q), s.byID()
	details := []row{}
	for _, c := range q.Consumers() {
		details = append(details, consumerRow(r.ns, c, conns))
	}
	x["consumer_details"], x["incoming"], x["deliveries"] = details, []row{}, []row{}
	return answer(w, http.StatusOK, pick(x, split(r.URL.Query().Get("columns"))))
}

// queueBody is a declaration as it comes.
type queueBody struct {
	VHost      string         `json:"vhost"`
	Name       string         `json:"name"`
	Durable    flag           `json:"durable"`
	AutoDelete flag           `json:"auto_delete"`
	Exclusive  flag           `json:"exclusive"`
	Arguments  map[string]any `json:"arguments"`
}

func (b *queueBody) options(vhost, name string) (core.QueueOptions, error) {
	o := core.QueueOptions{Dialect: dialect, Durable: bool(b.Durable), AutoDelete: bool(b.AutoDelete), Hidden: bool(b.AutoDelete), Attributes: map[string]string{}}
	err := arguments.Queue(&o, arguments.FromJSON(b.Arguments))
	if e := (*arguments.Error)(nil); errors.As(err, &e) {
		return o, invalid("bad_request", e.For("queue '"+name+"' in vhost '"+vhost+"'"))
	}
	return o, err
}

// declareQueue declares as the AMQP door does.
func declareQueue(ns *core.Namespace, name string, o core.QueueOptions) (created bool, err error) {
	q, created, err := ns.DeclareQueue(name, o)
	if core.KindOf(err) != core.Exists {
		return created, noMoreQueues(err, "", ns, name)
	}
	what := "queue '" + name + "' in vhost '" + vhostOf(ns) + "'"
	if text, differs := arguments.QueueDiffers(q.Options(), o, what); differs {
		return false, invalid("bad_request", text)
	}
	return false, nil
}

// noMoreQueues says in RabbitMQ's words that a vhost has as many queues as it may.
func noMoreQueues(err error, code string, ns *core.Namespace, name string) error {
	var ce *core.Error
	if !errors.As(err, &ce) || ce.Field != core.MaxQueues {
		return err
	}
	return invalid("bad_request", fmt.Sprintf("%scannot declare queue '%s': queue limit in vhost '%s' (%d) is reached", code, name, vhostOf(ns), ce.Limit))
}

func (s *Service) putQueue(w http.ResponseWriter, r *request) error {
	name := r.PathValue("queue")
	if _, there := r.ns.Queue(name); !r.who.MayQueue(core.Configure, name) || !there && reserved(name) {
		return denied
	}
	body, err := read[queueBody](r, maxBody)
	if err != nil {
		return err
	}
	o, err := body.options(r.vhost, name)
	if err != nil {
		return err
	}
	if !mayDeadLetter(r.who, name, o.DeadLetter) {
		return denied
	}
	created, err := declareQueue(r.ns, name, o)
	if err != nil {
		return err
	}
	return done(w, created)
}

func (s *Service) deleteQueue(w http.ResponseWriter, r *request) error {
	q, err := named(r, core.Configure)
	if err != nil {
		return err
	}
	ask := r.URL.Query()
	if _, err := r.ns.DeleteQueueIf(q.Name(), ask.Get("if-unused") == "true", ask.Get("if-empty") == "true"); err != nil {
		return inUse(err, "queue '"+q.Name()+"' in vhost '"+r.vhost+"'")
	}
	s.did(r, "queue deleted", "queue", q.Name())
	return done(w, false)
}

// purge removes what is ready.
func (s *Service) purge(w http.ResponseWriter, r *request) error {
	q, err := named(r, core.Read) // as at the AMQP door
	if err != nil {
		return err
	}
	n, err := q.PurgeReady()
	if err != nil {
		return err
	}
	s.did(r, "queue purged", "queue", q.Name(), "messages", n)
	return done(w, false)
}
