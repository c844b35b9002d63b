package rabbit

import (
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/arguments"
)

func (s *Service) exchangeRoutes() map[string]handler {
	return map[string]handler{
		"GET exchanges":                                         s.allExchanges,
		"GET exchanges/{vhost}":                                 s.exchanges,
		"GET exchanges/{vhost}/{exchange}":                      s.exchange,
		"PUT exchanges/{vhost}/{exchange}":                      s.putExchange,
		"DELETE exchanges/{vhost}/{exchange}":                   s.deleteExchange,
		"POST exchanges/{vhost}/{exchange}/publish":             s.publish,
		"GET exchanges/{vhost}/{exchange}/bindings/source":      s.bindingsFrom,
		"GET exchanges/{vhost}/{exchange}/bindings/destination": s.bindingsInto,
	}
}

func exchangeRows(who *core.Principal, of ...*core.Namespace) iter.Seq[row] {
	return func(yield func(row) bool) {
		for _, ns := range of {
			if !yield(defaultExchange(ns)) {
				return
			}
			for _, x := range ns.Exchanges() {
				if (x.Builtin() || sees(who, ns, x.Name())) && !yield(exchangeRow(x)) {
					return
				}
			}
		}
	}
}

func defaultExchange(ns *core.Namespace) row {
	return row{
		"name": "", "vhost": vhostOf(ns), "type": core.ExchangeDirect, "durable": true, "auto_delete": false, "internal": false,
		"arguments": row{}, "user_who_performed_action": "rmq-internal",
	}
}

func exchangeRow(x *core.Exchange) row {
	o := x.Options()
	r := row{
		"name": x.Name(), "vhost": vhostOf(x.Namespace()), "type": o.Kind, "durable": o.Durable, "auto_delete": o.AutoDelete,
		"internal": o.Internal, "arguments": arguments.JSON(arguments.Of(o.Attributes)), "user_who_performed_action": "",
	}
	if x.Builtin() {
		r["user_who_performed_action"] = "rmq-internal"
	}
	if p := x.Policy(); p != "" {
		r["policy"] = p
	}
	return r
}

func (s *Service) allExchanges(w http.ResponseWriter, r *request) error {
	return list(w, r, exchangeRows(r.caller, s.seen(r.caller)...))
}

func (s *Service) exchanges(w http.ResponseWriter, r *request) error {
	return list(w, r, exchangeRows(r.caller, r.ns))
}

// namedExchange finds the path's exchange, for who may configure it.
func namedExchange(r *request) (*core.Exchange, error) {
	name := r.PathValue("exchange")
	x, ok := r.ns.Exchange(name)
	switch {
	case !r.who.MayExchange(core.Configure, name), pathExchange(name) == "":
		return nil, denied
	case !ok:
		return nil, notFound
	}
	return x, nil
}

func (s *Service) exchange(w http.ResponseWriter, r *request) error {
	if pathExchange(r.PathValue("exchange")) == "" {
		v := defaultExchange(r.ns)
		v["incoming"], v["outgoing"] = []row{}, []row{}
		return answer(w, http.StatusOK, v)
	}
	x, ok := r.ns.Exchange(r.PathValue("exchange"))
	switch {
	case !(ok && x.Builtin()) && !sees(r.caller, r.ns, r.PathValue("exchange")):
		return denied
	case !ok:
		return notFound
	}
	v := exchangeRow(x)
	v["incoming"], v["outgoing"] = []row{}, []row{}
	return answer(w, http.StatusOK, v)
}

// exchangeBody is a declaration as it comes.
type exchangeBody struct {
	VHost      string         `json:"vhost"`
	Name       string         `json:"name"`
	Type       string         `json:"type"`
	Durable    flag           `json:"durable"`
	AutoDelete flag           `json:"auto_delete"`
	Internal   flag           `json:"internal"`
	Arguments  map[string]any `json:"arguments"`
}

func (b *exchangeBody) options(vhost, name string) (core.ExchangeOptions, error) {
	o := core.ExchangeOptions{Dialect: dialect, Kind: b.Type, Durable: bool(b.Durable), AutoDelete: bool(b.AutoDelete), Internal: bool(b.Internal)}
	err := arguments.Exchange(&o, arguments.FromJSON(b.Arguments))
	if e := (*arguments.Error)(nil); errors.As(err, &e) {
		return o, invalid("bad_request", e.For("exchange '"+name+"' in vhost '"+vhost+"'"))
	}
	return o, err
}

func declareExchange(ns *core.Namespace, name string, o core.ExchangeOptions) (created bool, err error) {
	x, created, err := ns.DeclareExchange(name, o)
	if core.KindOf(err) != core.Exists {
		return created, err
	}
	what := "exchange '" + name + "' in vhost '" + vhostOf(ns) + "'"
	if text, differs := arguments.ExchangeDiffers(x.Options(), o, what); differs {
		return false, invalid("bad_request", text)
	}
	return false, nil
}

func (s *Service) putExchange(w http.ResponseWriter, r *request) error {
	name := r.PathValue("exchange")
	body, err := read[exchangeBody](r, maxBody)
	if err != nil {
		return err
	}
	if body.Type == "" {
		body.Type = core.ExchangeDirect
	}
	_, there := r.ns.Exchange(name)
	switch {
	case !r.who.MayExchange(core.Configure, name):
		return denied
	case !there && reserved(name):
		return denied
	case !known(body.Type):
		return invalid("bad_request", "invalid exchange type '"+body.Type+"'")
	}
	o, err := body.options(r.vhost, name)
	if err != nil {
		return err
	}
	if !mayAlternate(r.who, name, o.Alternate) {
		return denied
	}
	created, err := declareExchange(r.ns, name, o)
	if err != nil {
		return err
	}
	return done(w, created)
}

func known(kind string) bool {
	return slices.ContainsFunc(exchangeTypes(), func(x row) bool { return x["name"] == kind })
}

func reserved(name string) bool { return len(name) >= 4 && name[:4] == "amq." }

func (s *Service) deleteExchange(w http.ResponseWriter, r *request) error {
	x, err := namedExchange(r)
	if err != nil {
		return err
	}
	if err := r.ns.DeleteExchange(x.Name(), r.URL.Query().Get("if-unused") == "true"); err != nil {
		if x.Builtin() {
			return denied
		}
		return inUse(err, "exchange '"+x.Name()+"' in vhost '"+r.vhost+"'")
	}
	s.did(r, "exchange deleted", "exchange", x.Name())
	return done(w, false)
}
