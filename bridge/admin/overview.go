package admin

import (
	"net/http"
	"time"

	"github.com/slipwaymq/slipway/core"
)

type overviewAnswer struct {
	Version     string         `json:"version"`
	Uptime      string         `json:"uptime"`
	Ready       bool           `json:"ready"`
	Reason      string         `json:"reason,omitempty"` // why it is not
	Namespaces  []string       `json:"namespaces"`
	Connections map[string]int `json:"connections"` // by protocol
	Stats       core.Stats     `json:"stats"`
	Store       *StoreMetrics  `json:"store,omitempty"`
}

func (s *Service) overview(w http.ResponseWriter, _ *request) error {
	o := overviewAnswer{
		Version: s.cfg.Version, Uptime: time.Since(s.started).Truncate(time.Second).String(),
		Ready: true, Stats: s.cfg.Broker.Stats(), Connections: s.byProtocol(),
	}
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(); err != nil {
			o.Ready, o.Reason = false, err.Error()
		}
	}
	for _, ns := range s.cfg.Broker.Namespaces() {
		o.Namespaces = append(o.Namespaces, ns.Name())
	}
	if s.cfg.Store != nil {
		m := s.cfg.Store()
		o.Store = &m
	}
	return answer(w, http.StatusOK, o)
}

func (s *Service) byProtocol() map[string]int {
	all := map[string]int{}
	if s.cfg.Connections != nil {
		for _, c := range s.cfg.Connections() {
			all[c.Protocol]++
		}
	}
	return all
}
