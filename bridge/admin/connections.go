package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/slipwaymq/slipway/core"
)

type connectionList struct {
	Connections []Connection `json:"connections"`
	Next        uint64       `json:"next,omitempty"`
}

// connections lists those of the doors that keep them; HTTP does not.
func (s *Service) connections(w http.ResponseWriter, r *request) error {
	list := connectionList{Connections: []Connection{}}
	var after uint64
	if text := r.URL.Query().Get("after"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return &core.Error{Kind: core.Invalid, Msg: "after is not a number"}
		}
		after = n
	}
	if s.cfg.Connections == nil {
		return answer(w, http.StatusOK, list)
	}
	all := s.cfg.Connections()
	slices.SortFunc(all, func(a, b Connection) int { return cmp.Compare(a.ID, b.ID) })
	for _, c := range all {
		if c.ID <= after {
			continue
		}
		if len(list.Connections) == page {
			list.Next = list.Connections[page-1].ID
			break
		}
		list.Connections = append(list.Connections, c)
	}
	return answer(w, http.StatusOK, list)
}

// disconnect ends one connection, with a goodbye where its protocol has one.
func (s *Service) disconnect(w http.ResponseWriter, r *request) error {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return &core.Error{Kind: core.Invalid, Msg: "a connection's id is a number"}
	}
	if s.cfg.Disconnect == nil || !s.cfg.Disconnect(id) {
		return &core.Error{Kind: core.NotFound, Msg: "no connection " + r.PathValue("id")}
	}
	s.cfg.Log.Info("connection ended by an administrator", "id", id, "user", r.who.Name, "remote", r.RemoteAddr)
	return answer(w, http.StatusOK, map[string]uint64{"disconnected": id})
}
