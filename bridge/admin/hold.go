package admin

import (
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
	"github.com/slipwaymq/slipway/core"
)

// hold has publishes wait until release, as when memory is short: for
// maintenance, and for tests of what clients do then.
func (s *Service) hold(w http.ResponseWriter, r *request) error {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&body); err != nil {
		return &core.Error{Kind: core.Invalid, Msg: `a body like {"reason": "maintenance"} is needed`}
	}
	if !rabbit.Oversees(r.who, core.Configure) { // not any more: the body may have been long in coming
		return denied("what concerns all queues")
	}
	reason := cmp.Or(body.Reason, "held by an administrator")
	s.cfg.Broker.HoldPublishes(reason)
	s.cfg.Log.Info("publishes held", "reason", reason, "user", r.who.Name, "remote", r.RemoteAddr)
	return answer(w, http.StatusOK, map[string]string{"held": reason})
}

func (s *Service) release(w http.ResponseWriter, r *request) error {
	s.cfg.Broker.HoldPublishes("")
	s.cfg.Log.Info("publishes released", "user", r.who.Name, "remote", r.RemoteAddr)
	return answer(w, http.StatusOK, map[string]string{"held": ""})
}
