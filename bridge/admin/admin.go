package admin

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/bridge/admin/rabbit"
	"github.com/slipwaymq/slipway/bridge/awsapi"
	"github.com/slipwaymq/slipway/core"
)

// Config is what the door is made of. Functions may be called from many
// goroutines.
type Config struct {
	Broker       *core.Broker
	Access       *core.Access  // nil: no users are configured
	AllowedHosts []string      // beside loopback; as for awsapi.NewGuard
	Names        *awsapi.Names // what AWS calls queues and topics; nil: nothing is configured
	Version      string
	Profiles     bool // serve /debug/pprof
	Log          *slog.Logger

	// Ready says why no new messages are taken; nil: they are. It is asked by
	// /readyz.
	Ready func() error
	// Store tells of the disk; nil: there is none.
	Store func() StoreMetrics
	// Connections lists those of the doors that keep them, and Disconnect
	// ends one. Traffic counts what the doors did.
	Connections func() []Connection
	Disconnect  func(id uint64) bool
	Traffic     func() []Traffic
	// Listeners are where the doors accept, and Node is the process's own
	// figures: for RabbitMQ's management API.
	Listeners func() []rabbit.Listener
	Node      func() rabbit.Node
	Passwords rabbit.Passwords
	// Configured says whether the configuration names a namespace: what it names
	// is not deleted.
	Configured func(namespace string) bool
}

// A Connection is one client's, for lists.
type Connection = rabbit.Connection

// Traffic is one kind of event at one door; Value only grows, unless Gauge.
type Traffic struct {
	Door  string
	Name  string // of the metric, without slipway_ and _total
	Help  string
	Value float64
	Gauge bool
}

// Service answers requests.
type Service struct {
	cfg     Config        // immutable
	guard   *awsapi.Guard // immutable
	metrics http.Handler  // immutable
	rabbit  *rabbit.Service
	started time.Time // immutable
}

// New makes the service.
func New(cfg Config) *Service {
	if cfg.Names == nil {
		cfg.Names = awsapi.NewNames()
	}
	s := &Service{cfg: cfg, guard: awsapi.NewGuard("admin.allowed_hosts", cfg.AllowedHosts, ""), started: time.Now()}
	s.metrics = newMetrics(s)
	s.rabbit = rabbit.New(rabbit.Config{
		Broker: cfg.Broker, Access: cfg.Access, Version: cfg.Version, Started: s.started, Log: cfg.Log,
		Connections: cfg.Connections, Disconnect: cfg.Disconnect, Listeners: cfg.Listeners, Node: cfg.Node, Passwords: cfg.Passwords,
		Configured: cfg.Configured,
	})
	return s
}

// handler answers one request of a known principal.
type handler func(w http.ResponseWriter, r *request) error

// request is what a handler needs to know.
type request struct {
	*http.Request
	who *core.Principal
	ns  *core.Namespace // that of ?namespace=
}

// Handler serves one listener. anonymous says that clients without credentials
// are let in there.
func (s *Service) Handler(anonymous bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", front)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	for pattern, h := range map[string]handler{
		"GET /metrics":                 whole(core.Read, s.showMetrics),
		"GET /v1/overview":             whole(core.Read, s.overview),
		"GET /v1/queues":               s.queues,
		"GET /v1/queues/{name}":        s.queue,
		"POST /v1/queues/{name}/purge": s.purge,
		"GET /v1/topics":               s.topics,
		"GET /v1/sessions":             needs(core.Read, s.sessions),
		"PUT /v1/hold":                 whole(core.Configure, s.hold),
		"DELETE /v1/hold":              whole(core.Configure, s.release),
		"GET /v1/connections":          whole(core.Read, s.connections),
		"DELETE /v1/connections/{id}":  whole(core.Configure, s.disconnect),
	} {
		mux.Handle(pattern, s.guarded(anonymous, h))
	}
	api := s.rabbit.Handler(func(w http.ResponseWriter, r *http.Request) (*core.Principal, bool) {
		return s.login(w, r, anonymous)
	})
	if s.cfg.Profiles {
		mux.Handle("GET /debug/pprof/", s.guarded(anonymous, whole(core.Configure, profile)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") { // where // is a name that is empty: a mux would send that elsewhere
			api.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// answer writes v as JSON. A client that has gone away is nobody to tell.
func answer(w http.ResponseWriter, status int, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
	return nil
}

// fail is the one place where an error becomes an answer.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "the request failed inside the broker; its log says why"
	switch core.KindOf(err) {
	case core.NotFound:
		status, text = http.StatusNotFound, err.Error()
	case core.Invalid:
		status, text = http.StatusBadRequest, err.Error()
	case core.Denied:
		status, text = http.StatusForbidden, err.Error()
	case core.Closed:
		status, text = http.StatusServiceUnavailable, err.Error()
	default:
		s.cfg.Log.Error("admin request failed", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "error", err)
	}
	_ = answer(w, status, map[string]string{"error": text}) // a map of text is always JSON
}
