package admin

import (
	"net/http"
	"net/http/pprof"
)

// profile serves Go's profiles. Importing net/http/pprof also registers it with
// http.DefaultServeMux, which nothing here serves.
func profile(w http.ResponseWriter, r *request) error {
	switch r.URL.Path {
	case "/debug/pprof/cmdline":
		pprof.Cmdline(w, r.Request)
	case "/debug/pprof/profile":
		pprof.Profile(w, r.Request)
	case "/debug/pprof/symbol":
		pprof.Symbol(w, r.Request)
	case "/debug/pprof/trace":
		pprof.Trace(w, r.Request)
	default:
		pprof.Index(w, r.Request)
	}
	return nil
}

func (s *Service) showMetrics(w http.ResponseWriter, r *request) error {
	s.metrics.ServeHTTP(w, r.Request)
	return nil
}
