package rabbit

import (
	"errors"
	"iter"
	"maps"
	"net/http"
	"slices"

	"github.com/slipwaymq/slipway/core"
)

// Limits of vhosts and of users (core.Quotas), in RabbitMQ's words.
//
//	GET vhost-limits, vhost-limits/V    of the vhosts that one may look into, where there are any
//	PUT, DELETE vhost-limits/V/L        L is max-connections or max-queues; {"value": N}: 0 lets nothing in, below 0 is no limit
//	GET user-limits, user-limits/U      of users that are made here
//	PUT, DELETE user-limits/U/L         L is max-connections or max-channels
//	parameters/vhost-limits/V/limits    the same of a vhost, all at once (parameters.go)
//	what there is when one is set       stays, as in RabbitMQ
//	a vhost, or user, that is not there not found where RabbitMQ has an error inside

// A limitKind is what limits there are of something, and how errors call them.
type limitKind struct {
	called string
	names  []string
}

var (
	vhostLimits = limitKind{"limits", []string{core.MaxConnections, core.MaxQueues}}
	userLimits  = limitKind{"user-limits", []string{core.MaxConnections, core.MaxChannels}}
)

// A wording is what RabbitMQ says of a value; how that is answered depends on where it
// came.
type wording string

func (t wording) Error() string { return string(t) }

// worded answers a wording as said; what is none stays.
func worded(err error, said func(error) error) error {
	if t := wording(""); errors.As(err, &t) {
		return said(t)
	}
	return err
}

// plainly answers a wording as it is.
func plainly(err error) error { return invalid("bad_request", err.Error()) }

// read checks limits as they come. The error is a wording.
func (k *limitKind) read(in map[string]any) (core.Quotas, error) {
	all := core.Quotas{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		n, ok := whole(in[name])
		switch {
		case !slices.Contains(k.names, name):
			return nil, wording("Unrecognised terms [{" + binary(name) + "," + term(in[name]) + "}] in " + k.called)
		case !ok:
			return nil, wording(name + " should be a number, actually was " + term(in[name]))
		}
		all[name] = n
	}
	return all, nil
}

// validation is a text of RabbitMQ's about a parameter, as an answer.
func validation(err error) error {
	return invalid("bad_request", "Validation failed\n\n"+err.Error()+"\n")
}

// oneLimit reads a body with one.
func (k *limitKind) oneLimit(r *request) (core.Quotas, error) {
	var body map[string]any
	if r.ContentLength != 0 {
		var err error
		if body, err = read[map[string]any](r, maxBody); err != nil {
			return nil, err
		}
	}
	v, ok := body["value"]
	if !ok {
		return nil, required([2]string{"value"})
	}
	return k.read(map[string]any{r.PathValue("name"): v})
}

// limits are the routes.
func (s *Service) limitRoutes() map[string]handler {
	return map[string]handler{
		"GET vhost-limits":                   ofVhost(s.allVhostLimits),
		"GET vhost-limits/{vhost}":           ofVhost(s.allVhostLimits),
		"PUT vhost-limits/{vhost}/{name}":    limiting(s.putVhostLimit),
		"DELETE vhost-limits/{vhost}/{name}": limiting(s.deleteVhostLimit),
		"GET user-limits":                    looksAtUsers(s.allUserLimits),
		"GET user-limits/{user}":             looksAtUsers(s.allUserLimits),
		"PUT user-limits/{user}/{name}":      s.manage(s.putUserLimit),
		"DELETE user-limits/{user}/{name}":   s.manage(s.deleteUserLimit),
	}
}

// limiting lets only administrators through.
func limiting(h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if !IsAdministrator(r.caller) {
			return lacks(r.caller, core.Configure)
		}
		return h(w, r)
	}
}

// limited are the namespaces that have limits, of those that the caller may look into or
// the one that the path names.
func (s *Service) limited(r *request) iter.Seq2[*core.Namespace, core.Quotas] {
	return func(yield func(*core.Namespace, core.Quotas) bool) {
		for _, ns := range s.seen(r.caller) {
			if r.ns != nil && r.ns != ns {
				continue
			}
			if q := ns.Quotas(); len(q) > 0 && !yield(ns, q) {
				return
			}
		}
	}
}

func (s *Service) allVhostLimits(w http.ResponseWriter, r *request) error {
	return list(w, r, func(yield func(row) bool) {
		for ns, q := range s.limited(r) {
			if !yield(row{"vhost": vhostOf(ns), "value": q}) {
				return
			}
		}
	})
}

// changeLimits has change see to a vhost's limits. That the caller is an administrator
// is asked once more.
func (s *Service) changeLimits(caller *core.Principal, ns *core.Namespace, change func(core.Quotas) core.Quotas) error {
	if !IsAdministrator(caller) {
		return errNotAdministrator
	}
	return ns.ChangeQuotas(change)
}

// with is all of both; of the same name the second.
func with(have, more core.Quotas) core.Quotas {
	if have == nil {
		have = core.Quotas{}
	}
	maps.Copy(have, more)
	return have
}

func (s *Service) putVhostLimit(w http.ResponseWriter, r *request) error {
	one, err := vhostLimits.oneLimit(r)
	if err != nil {
		return worded(err, validation)
	}
	if err := s.changeLimits(r.caller, r.ns, func(q core.Quotas) core.Quotas { return with(q, one) }); err != nil {
		return err
	}
	s.did(r, "vhost limit set", "limit", r.PathValue("name"), "value", one[r.PathValue("name")])
	return done(w, false)
}

func (s *Service) deleteVhostLimit(w http.ResponseWriter, r *request) error {
	name := r.PathValue("name")
	if err := s.changeLimits(r.caller, r.ns, func(q core.Quotas) core.Quotas { delete(q, name); return q }); err != nil {
		return err
	}
	s.did(r, "vhost limit deleted", "limit", name)
	return done(w, false)
}

func (s *Service) allUserLimits(w http.ResponseWriter, r *request) error {
	name := r.PathValue("user")
	known := s.known(r)
	if name != "" && !slices.ContainsFunc(known, func(u core.User) bool { return u.Name == name }) {
		return notFound
	}
	return list(w, r, func(yield func(row) bool) {
		for _, u := range known {
			if (name == "" || u.Name == name) && len(u.Quotas) > 0 && !yield(row{"user": u.Name, "value": u.Quotas}) {
				return
			}
		}
	})
}

// changeUserLimits has change see to an account's limits. notFound: there is none.
func (s *Service) changeUserLimits(r *request, change func(core.Quotas) core.Quotas) error {
	name := r.PathValue("user")
	if name == guest {
		return errGuest
	}
	_, err := s.cfg.Access.ChangeAccount(name, func(acc *core.Account, isNew bool) error {
		switch {
		case !IsAdministrator(r.caller):
			return errNotAdministrator
		case isNew:
			return notFound
		}
		acc.Quotas = change(acc.Quotas)
		return nil
	})
	return configuredOr(err)
}

func (s *Service) putUserLimit(w http.ResponseWriter, r *request) error {
	one, err := userLimits.oneLimit(r)
	if err != nil {
		return worded(err, plainly)
	}
	err = s.changeUserLimits(r, func(q core.Quotas) core.Quotas { return with(q, one) })
	if errors.Is(err, notFound) {
		return answer(w, http.StatusBadRequest, row{"error": "bad_request", "reason": []string{"no_such_user", r.PathValue("user")}})
	}
	if err != nil {
		return err
	}
	s.did(r, "user limit set", "of", r.PathValue("user"), "limit", r.PathValue("name"), "value", one[r.PathValue("name")])
	return done(w, false)
}

func (s *Service) deleteUserLimit(w http.ResponseWriter, r *request) error {
	name := r.PathValue("name")
	if err := s.changeUserLimits(r, func(q core.Quotas) core.Quotas { delete(q, name); return q }); err != nil {
		return err
	}
	s.did(r, "user limit deleted", "of", r.PathValue("user"), "limit", name)
	return done(w, false)
}
