package admin

import (
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// page is how many rows one answer has.
const page = 1000

type queueRow struct {
	Name      string `json:"name"`
	Alias     string `json:"sqsName"`
	Ready     int64  `json:"ready"`
	InFlight  int64  `json:"inFlight"`
	Delayed   int64  `json:"delayed"`
	Bytes     int64  `json:"bytes"`
	Consumers int    `json:"consumers"`
	Durable   bool   `json:"durable"`
}

type queueList struct {
	Queues []queueRow `json:"queues"`
	Next   string     `json:"next,omitempty"` // the value of ?after= for more
}

// queues lists by name. Those that one may not read are not there.
func (s *Service) queues(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	after, list := q.Get("after"), queueList{Queues: []queueRow{}}
	for _, queue := range r.ns.Queues(q.Get("prefix"), q.Get("hidden") == "true") {
		if queue.Name() <= after || !r.who.MayQueue(core.Read, queue.Name()) {
			continue
		}
		if len(list.Queues) == page {
			list.Next = list.Queues[page-1].Name
			break
		}
		list.Queues = append(list.Queues, s.row(queue, queue.Options()))
	}
	return answer(w, http.StatusOK, list)
}

func (s *Service) row(q *core.Queue, o core.QueueOptions) queueRow {
	c := q.Counts()
	return queueRow{
		Name: q.Name(), Alias: s.cfg.Names.Queue(q.Namespace(), q.Name()), Ready: c.Ready, InFlight: c.InFlight, Delayed: c.Delayed,
		Bytes: c.Bytes, Consumers: c.Consumers, Durable: o.Durable,
	}
}

type queueDetail struct {
	queueRow
	Created  time.Time         `json:"created"`
	Modified time.Time         `json:"modified"`
	Options  core.QueueOptions `json:"options"`
	Bindings []bindingRow      `json:"bindings"`
	More     int               `json:"moreBindings,omitempty"` // that the list does not show
}

type bindingRow struct {
	Key        string            `json:"key"`
	Filter     string            `json:"filter"`
	Dialect    string            `json:"dialect,omitempty"`
	Durable    bool              `json:"durable"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// named finds the queue of the path, if a is granted on it. What one may not
// read is as good as not there.
func named(r *request, a core.Action) (*core.Queue, error) {
	name := r.PathValue("name")
	if !r.who.MayQueue(a, name) {
		return nil, denied("queue " + name)
	}
	q, ok := r.ns.Queue(name)
	if !ok {
		return nil, &core.Error{Kind: core.NotFound, Msg: "no queue " + name}
	}
	return q, nil
}

func (s *Service) queue(w http.ResponseWriter, r *request) error {
	q, err := named(r, core.Read)
	if err != nil {
		return err
	}
	o := q.Options()
	d := queueDetail{
		queueRow: s.row(q, o), Created: time.UnixMilli(q.CreatedAt()).UTC(), Modified: time.UnixMilli(q.ModifiedAt()).UTC(),
		Options: o, Bindings: []bindingRow{},
	}
	for _, b := range r.ns.BindingsOf(q) {
		if len(d.Bindings) == page {
			d.More++
			continue
		}
		d.Bindings = append(d.Bindings, bindingRow{b.Key, b.Filter.Encode(), b.Dialect, b.Durable, b.Attributes})
	}
	return answer(w, http.StatusOK, d)
}

// purge removes everything in a queue. The answer comes when that is durable.
func (s *Service) purge(w http.ResponseWriter, r *request) error {
	q, err := named(r, core.Configure)
	if err != nil {
		return err
	}
	if err := q.Purge(); err != nil {
		return err
	}
	s.cfg.Log.Info("queue purged", "queue", q.Name(), "namespace", r.ns.Name(), "user", r.who.Name, "remote", r.RemoteAddr)
	return answer(w, http.StatusOK, map[string]string{"purged": q.Name()})
}
