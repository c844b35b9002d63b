package admin

import (
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync"
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
	case "/debug/pprof/mutex", "/debug/pprof/block":
		waits(w, r)
	default:
		pprof.Index(w, r.Request)
	}
	return nil
}

// Rates of the profiles of waiting: of all that waited for a mutex, every tenth;
// of what else blocked, one in each 10 us.
const (
	mutexFraction = 10
	blockRate     = 10_000
	waitsSeconds  = "10" // where a request names no length
)

// waiting is who records waits; it costs each lock and channel something, so it
// is on only while somebody asks.
var waiting struct {
	mu sync.Mutex // guards n and the runtime's rates
	n  int
}

// waits serves the mutex and block profiles of the seconds to come.
func waits(w http.ResponseWriter, r *request) {
	recordWaits(1)
	defer recordWaits(-1)
	if r.FormValue("seconds") == "" {
		r.Form.Set("seconds", waitsSeconds)
	}
	pprof.Index(w, r.Request)
}

func recordWaits(more int) {
	waiting.mu.Lock()
	defer waiting.mu.Unlock()
	waiting.n += more
	fraction, rate := 0, 0
	if waiting.n > 0 {
		fraction, rate = mutexFraction, blockRate
	}
	runtime.SetMutexProfileFraction(fraction)
	runtime.SetBlockProfileRate(rate)
}

func (s *Service) showMetrics(w http.ResponseWriter, r *request) error {
	s.metrics.ServeHTTP(w, r.Request)
	return nil
}
