package rabbit

import (
	"cmp"
	"iter"
	"net/http"
	"strings"

	"github.com/slipwaymq/slipway/core"
)

// Runtime parameters: those of component vhost-limits, of which each vhost has one,
// called limits. RabbitMQ's others are of plugins.

const (
	limitsComponent = "vhost-limits"
	limitsName      = "limits"
)

func (s *Service) parameterRoutes() map[string]handler {
	return map[string]handler{
		"GET parameters":                               policymaker(s.parameters),
		"GET parameters/{component}":                   policymaker(s.parameters),
		"GET parameters/{component}/{vhost}":           policymaker(s.parameters),
		"GET parameters/{component}/{vhost}/{name}":    policymaker(s.parameter),
		"PUT parameters/{component}/{vhost}/{name}":    limiting(s.putParameter),
		"DELETE parameters/{component}/{vhost}/{name}": limiting(s.deleteParameter),
	}
}

// parameterBody is a parameter as RabbitMQ's API and exports have it.
type parameterBody struct {
	Component string `json:"component"`
	VHost     string `json:"vhost"`
	Name      string `json:"name"`
	Value     any    `json:"value"`
}

// quotas are those that a parameter sets.
func (b *parameterBody) quotas() (core.Quotas, error) {
	value, ok := b.Value.(map[string]any)
	if list, is := b.Value.([]any); is && len(list) == 0 { // as RabbitMQ writes none
		value, ok = nil, true
	}
	switch {
	case b.Component != limitsComponent:
		return nil, wording("component " + b.Component + " not found")
	case b.Name != limitsName:
		return nil, wording("the parameter of " + limitsComponent + " is called " + limitsName)
	case !ok:
		return nil, wording(limitsName + " not a list " + term(b.Value))
	}
	return vhostLimits.read(value)
}

// escaped is a text as RabbitMQ answers it of parameters and policies.
func escaped(err error) error {
	return validation(wording(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(err.Error())))
}

func parameterRow(ns *core.Namespace, q core.Quotas) row {
	return row{"component": limitsComponent, "vhost": vhostOf(ns), "name": limitsName, "value": q}
}

func (s *Service) parameterRows(r *request) iter.Seq[row] {
	return func(yield func(row) bool) {
		if cmp.Or(r.PathValue("component"), limitsComponent) != limitsComponent {
			return
		}
		for ns, q := range s.limited(r) {
			if !yield(parameterRow(ns, q)) {
				return
			}
		}
	}
}

func (s *Service) parameters(w http.ResponseWriter, r *request) error {
	return list(w, r, s.parameterRows(r))
}

func (s *Service) parameter(w http.ResponseWriter, r *request) error {
	for x := range s.parameterRows(r) {
		if x["name"] == r.PathValue("name") {
			return answer(w, http.StatusOK, x)
		}
	}
	return notFound
}

func (s *Service) putParameter(w http.ResponseWriter, r *request) error {
	body, err := read[parameterBody](r, maxBody)
	if err != nil {
		return err
	}
	body.Component, body.Name = r.PathValue("component"), r.PathValue("name")
	q, err := body.quotas()
	if err != nil {
		return worded(err, escaped)
	}
	created := len(r.ns.Quotas()) == 0
	if err := s.changeLimits(r.caller, r.ns, func(core.Quotas) core.Quotas { return q }); err != nil {
		return err
	}
	s.did(r, "vhost limits set", "limits", q)
	return done(w, created)
}

func (s *Service) deleteParameter(w http.ResponseWriter, r *request) error {
	if r.PathValue("component") != limitsComponent || r.PathValue("name") != limitsName || len(r.ns.Quotas()) == 0 {
		return notFound
	}
	if err := s.changeLimits(r.caller, r.ns, func(core.Quotas) core.Quotas { return nil }); err != nil {
		return err
	}
	s.did(r, "vhost limits deleted")
	return done(w, false)
}

// parameters sets limits of vhosts; what RabbitMQ's plugins have is nobody's here.
func (in *importing) parameters(all []parameterBody) {
	for _, b := range all {
		in.tell("parameter", b.VHost, b.Component+" "+b.Name, in.parameter(&b))
	}
}

func (in *importing) parameter(b *parameterBody) error {
	if b.Component != limitsComponent {
		return invalid("bad_request", "there are no plugins that would use it")
	}
	ns, err := in.namespace(b.VHost)
	if err != nil {
		return err
	}
	q, err := b.quotas()
	if err != nil {
		return worded(err, plainly)
	}
	return in.s.changeLimits(in.r.caller, ns, func(core.Quotas) core.Quotas { return q })
}
