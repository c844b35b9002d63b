package rabbit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
	"github.com/slipwaymq/slipway/core/match"
)

func (s *Service) bindingRoutes() map[string]handler {
	const between = "bindings/{vhost}/e/{exchange}/{kind}/{destination}"
	return map[string]handler{
		"GET bindings":                   s.allBindings,
		"GET bindings/{vhost}":           s.bindings,
		"GET " + between:                 s.bindingsBetween,
		"POST " + between:                s.bind,
		"GET " + between + "/{props}":    s.binding,
		"DELETE " + between + "/{props}": s.unbind,
	}
}

// An edge is a binding as RabbitMQ sees it.
type edge struct {
	vhost, source, destination, kind, key string
	arguments                             map[string]any
	binding                               *core.Binding // nil: of the default exchange
}

// edgeOf is a binding of the core as one of RabbitMQ's; false for what goes to
// neither a queue nor an exchange.
func edgeOf(ns *core.Namespace, b *core.Binding) (e edge, ok bool) {
	e = edge{vhost: vhostOf(ns), source: b.Exchange, key: b.RoutingKey, arguments: arguments.JSON(b.Arguments), binding: b}
	switch {
	case b.Queue != nil:
		e.kind, e.destination = "queue", b.Queue.Name()
	case b.Target != nil:
		e.kind, e.destination = "exchange", b.Target.Name()
	default:
		return e, false
	}
	if e.source == "" {
		e.source = core.AMQTopic
		if key, ok := b.Filter.AMQP(); ok {
			e.key = key
		} else {
			e.key = match.Swap(b.Filter.Encode())
		}
	}
	return e, true
}

func ownEdge(ns *core.Namespace, queue string) edge {
	return edge{vhost: vhostOf(ns), destination: queue, kind: "queue", key: queue, arguments: map[string]any{}}
}

// props tells bindings between the same two apart.
func (e *edge) props() string {
	key := strings.ReplaceAll(url.QueryEscape(e.key), "~", "%7E")
	if len(e.arguments) == 0 {
		if key == "" {
			return "~"
		}
		return key
	}
	text, err := json.Marshal(e.arguments)
	if err != nil {
		return key + "~"
	}
	sum := sha256.Sum256(text)
	return key + "~" + hex.EncodeToString(sum[:8])
}

func (e *edge) row() row {
	return row{
		"source": e.source, "vhost": e.vhost, "destination": e.destination, "destination_type": e.kind, "routing_key": e.key,
		"arguments": e.arguments, "properties_key": e.props(),
	}
}

// edges are all bindings of a namespace that somebody may see.
func edges(who *core.Principal, ns *core.Namespace) iter.Seq[edge] {
	return func(yield func(edge) bool) {
		for _, q := range ns.Queues("", true) {
			if sees(who, ns, q.Name()) && !yield(ownEdge(ns, q.Name())) {
				return
			}
		}
		for _, b := range ns.Bindings("") {
			if e, ok := edgeOf(ns, b); ok && sees(who, ns, e.destination) && !yield(e) {
				return
			}
		}
	}
}

// listEdges answers with those of the namespaces that f wants.
func listEdges(w http.ResponseWriter, r *request, f func(*edge) bool, of ...*core.Namespace) error {
	return unpagedList(w, r, func(yield func(row) bool) {
		for _, ns := range of {
			for e := range edges(r.caller, ns) {
				if f(&e) && !yield(e.row()) {
					return
				}
			}
		}
	})
}

func all(*edge) bool { return true }

func (s *Service) allBindings(w http.ResponseWriter, r *request) error {
	return listEdges(w, r, all, s.seen(r.caller)...)
}

func (s *Service) bindings(w http.ResponseWriter, r *request) error {
	return listEdges(w, r, all, r.ns)
}

func (s *Service) bindingsOfQueue(w http.ResponseWriter, r *request) error {
	q, err := shown(r)
	if err != nil {
		return err
	}
	return unpagedList(w, r, func(yield func(row) bool) {
		own := ownEdge(r.ns, q.Name())
		if !yield(own.row()) {
			return
		}
		for _, b := range r.ns.BindingsOf(q) {
			if e, ok := edgeOf(r.ns, b); ok && !yield(e.row()) {
				return
			}
		}
	})
}

func (s *Service) bindingsFrom(w http.ResponseWriter, r *request) error {
	name := pathExchange(r.PathValue("exchange"))
	return listEdges(w, r, func(e *edge) bool { return e.source == name }, r.ns)
}

func (s *Service) bindingsInto(w http.ResponseWriter, r *request) error {
	name := r.PathValue("exchange")
	return listEdges(w, r, func(e *edge) bool { return e.kind == "exchange" && e.destination == name }, r.ns)
}

// between is what the path is about: an exchange, and a queue or an exchange.
func between(r *request) (wanted func(*edge) bool, err error) {
	kind, ok := map[string]string{"q": "queue", "e": "exchange"}[r.PathValue("kind")]
	if !ok {
		return nil, notFound
	}
	source, destination := pathExchange(r.PathValue("exchange")), r.PathValue("destination")
	return func(e *edge) bool { return e.kind == kind && e.source == source && e.destination == destination }, nil
}

func (s *Service) bindingsBetween(w http.ResponseWriter, r *request) error {
	wanted, err := between(r)
	if err != nil {
		return err
	}
	return listEdges(w, r, wanted, r.ns)
}

// one finds the path's binding.
func one(r *request) (*edge, error) {
	wanted, err := between(r)
	if err != nil {
		return nil, err
	}
	props := r.PathValue("props")
	unescaped, err := url.QueryUnescape(props)
	if err != nil {
		unescaped = props
	}
	for e := range edges(r.caller, r.ns) {
		// The path's escapes are gone already; those of the key may be.
		if wanted(&e) && (e.props() == props || len(e.arguments) == 0 && (e.key == props || e.key == unescaped)) {
			return &e, nil
		}
	}
	return nil, notFound
}

func (s *Service) binding(w http.ResponseWriter, r *request) error {
	e, err := one(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, e.row())
}

// bindingBody is a binding as it comes.
type bindingBody struct {
	VHost       string         `json:"vhost"`
	Source      string         `json:"source"`
	Destination string         `json:"destination"`
	Kind        string         `json:"destination_type"`
	RoutingKey  string         `json:"routing_key"`
	Arguments   map[string]any `json:"arguments"`
}

// bind binds as the AMQP door does.
func bind(ns *core.Namespace, b *bindingBody) (existed bool, err error) {
	bd := &core.Binding{Dialect: dialect, Exchange: b.Source, RoutingKey: b.RoutingKey, Arguments: arguments.FromJSON(b.Arguments), Durable: true}
	bd.Attributes = arguments.Keep(bd.Arguments)
	ok := false
	if b.Kind == "queue" {
		bd.Queue, ok = ns.Queue(b.Destination)
	} else {
		bd.Target, ok = ns.Exchange(b.Destination)
	}
	if !ok {
		return false, missing("", b.Kind, b.Destination, vhostOf(ns))
	}
	if _, ok := ns.Exchange(b.Source); !ok {
		return false, missing("", "exchange", b.Source, vhostOf(ns))
	}
	there, err := ns.Bind(bd)
	if err != nil {
		return false, err
	}
	return there[0], nil
}

func (s *Service) bind(w http.ResponseWriter, r *request) error {
	if _, err := between(r); err != nil {
		return err
	}
	body, err := read[bindingBody](r, maxBody)
	if err != nil {
		return err
	}
	body.Source, body.Destination, body.Kind = pathExchange(r.PathValue("exchange")), r.PathValue("destination"), "exchange"
	if r.PathValue("kind") == "q" {
		body.Kind = "queue"
	}
	if body.Source == "" {
		return denied // the default exchange
	}
	if !mayBind(r.who, r.ns, &body) {
		return denied
	}
	if _, err := bind(r.ns, &body); err != nil {
		return err
	}
	e := edge{key: body.RoutingKey, arguments: arguments.JSON(arguments.FromJSON(body.Arguments))}
	w.Header().Set("Location", url.PathEscape(body.Destination)+"/"+url.PathEscape(e.props()))
	return done(w, true)
}

func (s *Service) unbind(w http.ResponseWriter, r *request) error {
	e, err := one(r)
	if err != nil {
		return err
	}
	if e.binding == nil || !mayBind(r.who, r.ns, &bindingBody{Source: e.source, Destination: e.destination, Kind: e.kind, RoutingKey: e.key}) {
		return denied
	}
	found, err := r.ns.Unbind(e.binding.Key)
	if err != nil {
		return err
	}
	if !slices.Contains(found, true) {
		return notFound
	}
	s.did(r, "binding deleted", "source", e.source, "destination", e.destination, "key", e.key)
	return done(w, false)
}
