package rabbit

import (
	"cmp"
	"iter"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

func policyRow(ns *core.Namespace, p core.Policy) row {
	return row{"vhost": vhostOf(ns), "name": p.Name, "pattern": p.Pattern, "apply-to": p.ApplyTo, "priority": p.Priority, "definition": p.Definition}
}

func policyRows(of ...*core.Namespace) iter.Seq[row] {
	return func(yield func(row) bool) {
		for _, ns := range of {
			for _, p := range ns.Policies() {
				if !yield(policyRow(ns, p)) {
					return
				}
			}
		}
	}
}

func (s *Service) allPolicies(w http.ResponseWriter, r *request) error {
	return list(w, r, policyRows(s.seen(r.caller)...))
}

func (s *Service) policies(w http.ResponseWriter, r *request) error {
	return list(w, r, policyRows(r.ns))
}

func (s *Service) policy(w http.ResponseWriter, r *request) error {
	for _, p := range r.ns.Policies() {
		if p.Name == r.PathValue("name") {
			return answer(w, http.StatusOK, policyRow(r.ns, p))
		}
	}
	return notFound
}

// policyBody is a policy as it comes.
type policyBody struct {
	VHost      string         `json:"vhost"`
	Name       string         `json:"name"`
	Pattern    *string        `json:"pattern"`
	ApplyTo    string         `json:"apply-to"`
	Priority   count          `json:"priority"`
	Definition map[string]any `json:"definition"`
}

func (b policyBody) policy(name string) core.Policy {
	pattern := ""
	if b.Pattern != nil {
		pattern = *b.Pattern
	}
	return core.Policy{Name: name, Pattern: pattern, ApplyTo: cmp.Or(b.ApplyTo, "all"), Priority: int(b.Priority), Definition: plain(b.Definition)}
}

func (s *Service) putPolicy(w http.ResponseWriter, r *request) error {
	body, err := read[policyBody](r, maxBody)
	switch {
	case err != nil:
		return err
	case body.Pattern == nil:
		return required([2]string{"pattern"})
	case body.Definition == nil:
		return required([2]string{"definition"})
	}
	name := r.PathValue("name")
	existed := slices.ContainsFunc(r.ns.Policies(), func(p core.Policy) bool { return p.Name == name })
	if err := r.ns.SetPolicy(body.policy(name)); err != nil {
		if core.KindOf(err) == core.Denied {
			return invalid("bad_request", err.Error())
		}
		return worded(settingError(err, body.Definition), escaped)
	}
	s.did(r, "policy set", "policy", name)
	return done(w, !existed)
}

func (s *Service) deletePolicy(w http.ResponseWriter, r *request) error {
	if err := r.ns.DeletePolicy(r.PathValue("name")); err != nil {
		if core.KindOf(err) == core.Denied {
			return invalid("bad_request", err.Error())
		}
		return err
	}
	s.did(r, "policy deleted", "policy", r.PathValue("name"))
	return done(w, false)
}

// did logs what somebody changed.
func (s *Service) did(r *request, what string, more ...any) {
	s.cfg.Log.Info(what, append(more, "vhost", r.vhost, "user", r.who.Name, "remote", r.RemoteAddr)...)
}
