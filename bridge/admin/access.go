package admin

import (
	"errors"
	"net"
	"net/http"

	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
	"github.com/slipwaymq/slipway/core"
)

// guarded finds out who asks, or refuses, before h answers.
func (s *Service) guarded(anonymous bool, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.login(w, r, anonymous)
		if !ok {
			return
		}
		ns, err := s.namespace(r, who)
		if err == nil {
			if in := who.In(ns.Name()); in != nil {
				who = in
			}
			err = h(w, &request{r, who, ns})
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// login answers the request itself when it says no.
func (s *Service) login(w http.ResponseWriter, r *http.Request, anonymous bool) (*core.Principal, bool) {
	name, password, given := r.BasicAuth()
	if !given || s.cfg.Access == nil || anonymous && s.cfg.Access.Empty() || anonymous && isGuest(r, name, password) {
		if why := s.guard.Refusal(r); anonymous && why != "" {
			s.refuse(w, why)
			return nil, false
		}
		if anonymous {
			return core.AnonymousPrincipal(), true
		}
		s.unauthorized(w, "not_authorised", "name and password of a user are needed")
		return nil, false
	}
	if why := s.guard.ForeignOrigin(r); why != "" {
		s.refuse(w, why)
		return nil, false
	}
	from, _, _ := net.SplitHostPort(r.RemoteAddr) // "" is not counted
	who, err := s.cfg.Access.Authenticate(r.Context(), from, name, []byte(password))
	if errors.Is(err, core.ErrBusy) {
		w.Header().Set("Retry-After", "1")
		_ = answer(w, http.StatusServiceUnavailable, map[string]string{"error": "too many logins at once"}) // as in fail
		return nil, false
	}
	if err != nil {
		s.cfg.Log.Warn("admin login refused", "user", name, "remote", r.RemoteAddr)
		s.unauthorized(w, "not_authorized", "Login failed")
		return nil, false
	}
	if !rabbit.Manages(who) {
		_ = answer(w, http.StatusUnauthorized, map[string]string{"error": "not_authorised", "reason": "Not management user"}) // as in fail
		return nil, false
	}
	return who, true
}

// isGuest says whether a request is of RabbitMQ's guest, who is let in from
// loopback where anonymous clients are: its tools always say so.
func isGuest(r *http.Request, name, password string) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	return err == nil && ip.IsLoopback() && name == "guest" && password == "guest"
}

func (s *Service) refuse(w http.ResponseWriter, why string) {
	_ = answer(w, http.StatusForbidden, map[string]string{"error": "refused, since " + why}) // as in fail
}

// unauthorized asks for a login, in RabbitMQ's words for one that failed.
func (s *Service) unauthorized(w http.ResponseWriter, short, reason string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="slipway", charset="UTF-8"`)
	_ = answer(w, http.StatusUnauthorized, map[string]string{"error": short, "reason": reason}) // as in fail
}

// namespace finds the one that is asked about. It is never created by asking. A
// user sees no other than the user's own.
func (s *Service) namespace(r *http.Request, who *core.Principal) (*core.Namespace, error) {
	name := who.Namespace
	if q := r.URL.Query(); q.Has("namespace") {
		name = q.Get("namespace")
	}
	// Who oversees, and may not enter the own one, is shown what is of all.
	if who.In(name) == nil && !(name == who.Namespace && who.Account() && rabbit.Oversees(who, core.Read)) {
		return nil, denied("namespace " + name)
	}
	for _, ns := range s.cfg.Broker.Namespaces() {
		if ns.Name() == name {
			return ns, nil
		}
	}
	return nil, &core.Error{Kind: core.NotFound, Msg: "no namespace " + name}
}

// needs lets only those through who may do a with every queue: what is shown or
// done is not of one queue.
func needs(a core.Action, h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if !rabbit.Oversees(r.who, a) {
			return denied("what concerns all queues")
		}
		return h(w, r)
	}
}

// whole is needs for what is not of one namespace: who may do everything in a
// namespace of his own is nobody to the others', unless he is RabbitMQ's administrator.
func whole(a core.Action, h handler) handler {
	return needs(a, func(w http.ResponseWriter, r *request) error {
		if r.who.Namespace != "" && !rabbit.IsAdministrator(r.who) {
			return denied("what concerns all namespaces")
		}
		return h(w, r)
	})
}

func denied(what string) error {
	return &core.Error{Kind: core.Denied, Msg: "no permission for " + what}
}
