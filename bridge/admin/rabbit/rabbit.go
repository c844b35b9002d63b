package rabbit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slipwaymq/slipway/core"
)

// compatible is the RabbitMQ whose API this is.
const compatible = "3.10.8"

// Config is what the API shows and acts on. Functions may be called from many
// goroutines; those that are nil have nothing to tell.
type Config struct {
	Broker  *core.Broker
	Access  *core.Access // nil: no users are configured
	Version string
	Started time.Time
	Log     *slog.Logger

	Connections func() []Connection
	Disconnect  func(id uint64) bool
	Listeners   func() []Listener
	Node        func() Node
	Passwords   Passwords                   // with Access
	Configured  func(namespace string) bool // the configuration names it, beside users
}

// Passwords hash what users log in with.
type Passwords struct {
	Hash     func(password []byte) (string, error)                // an error: it cannot be a password
	Import   func(algorithm, hash, before string) (string, error) // keeps a password_hash, before if that is of the same; an error: it cannot be verified
	Imported func()                                               // what Import made is an account's now; nil: nobody asks
	Export   func(kept string) (algorithm, hash string)           // what Import takes back
	Verify   core.VerifyPassword
}

// A Listener is where a door accepts.
type Listener struct {
	Door    string // mqtt, amqp, ...
	TLS     bool
	Address string // host:port
}

// Node is the process's own figures; what is 0 is not known.
type Node struct {
	FreeDisk    uint64
	MinFreeDisk uint64
	MemoryLimit uint64

	OpenFiles, MaxOpenFiles int // sockets too
}

// A Service answers requests.
type Service struct {
	cfg Config // immutable
}

// New makes a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// A Login finds out who asks, or answers the request itself and says no.
type Login func(w http.ResponseWriter, r *http.Request) (*core.Principal, bool)

// request is what a handler needs to know.
type request struct {
	*http.Request
	caller *core.Principal // as whom they logged in
	who    *core.Principal // the same in the path's vhost
	ns     *core.Namespace // that of the path's vhost; nil where it has none
	vhost  string          // the name of it
}

// handler answers one request. An error becomes the answer in fail.
type handler func(w http.ResponseWriter, r *request) error

// Handler serves the API to those whom login lets in.
func (s *Service) Handler(login Login) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range s.routes() {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" /api/"+path, s.serve(login, h))
	}
	mux.Handle(elsewhere, s.serve(login, otherwise(mux)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, slashes(r)) })
}

// elsewhere is the pattern of what no route is for.
const elsewhere = "/api/"

// otherwise says of a path that there is with which methods it may be asked for.
func otherwise(mux *http.ServeMux) handler {
	return func(w http.ResponseWriter, r *request) error {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
			if _, pattern := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != elsewhere {
				allowed = append(allowed, method)
			}
		}
		if allowed == nil {
			return notFound
		}
		w.Header().Set("Allow", strings.Join(append(allowed, http.MethodHead, http.MethodOptions), ", "))
		if r.Method != http.MethodOptions {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return nil
	}
}

// aSlash stands in a path for a name that is a slash, as the default vhost's is:
// http.ServeMux takes a segment %2F for the end of the path.
const aSlash = "\x00"

// nothing stands in a path for a name that is empty, as the default exchange's is: a
// ServeMux sends who asks for // elsewhere.
const nothing = "\x01"

// slashes writes such names so that the mux finds them, and forgets a slash at
// the end, which RabbitMQ does not mind.
func slashes(r *http.Request) *http.Request {
	path, ended := strings.CutSuffix(r.URL.EscapedPath(), "/")
	if !ended && !strings.Contains(path, "/%2F") && !strings.Contains(path, "/%2f") && !strings.Contains(path, "//") {
		return r
	}
	names := strings.Split(path, "/")
	for i, name := range names {
		switch {
		case strings.EqualFold(name, "%2F"):
			names[i] = "%00"
		case name == "" && i > 0:
			names[i] = "%01"
		}
	}
	path = strings.Join(names, "/")
	plain, err := url.PathUnescape(path)
	if err != nil {
		return r
	}
	u, c := *r.URL, *r
	u.RawPath, u.Path = path, plain
	c.URL = &u
	return &c
}

// PathValue is http.Request's, with slashes undone.
func (r *request) PathValue(name string) string {
	v := r.Request.PathValue(name)
	switch v {
	case aSlash:
		return "/"
	case nothing:
		return ""
	}
	return v
}

// routes is the API's table.
func (s *Service) routes() map[string]handler {
	all := map[string]handler{
		"GET overview":                                   ofVhost(s.overview),
		"GET cluster-name":                               s.clusterName,
		"GET nodes":                                      monitor(s.nodes),
		"GET nodes/{node}":                               monitor(s.node),
		"GET whoami":                                     s.whoami,
		"GET auth":                                       s.auth,
		"GET extensions":                                 s.extensions,
		"GET feature-flags":                              administer(empty),
		"GET connections":                                s.connections,
		"GET connections/{connection}":                   s.connection,
		"DELETE connections/{connection}":                s.disconnect,
		"GET channels":                                   s.channels,
		"GET connections/{connection}/channels":          s.channelsOf,
		"GET channels/{channel}":                         s.channel,
		"GET consumers":                                  s.consumers,
		"GET vhosts":                                     s.vhosts,
		"GET users":                                      looksAtUsers(s.users),
		"GET users/{user}":                               looksAtUsers(s.user),
		"GET permissions":                                looksAtUsers(s.permissions),
		"GET policies":                                   ofVhost(s.allPolicies),
		"GET definitions":                                administer(s.exportAll),
		"POST definitions":                               administer(mayAll(s.importAll)),
		"PUT users/{user}":                               s.manage(s.putUser),
		"DELETE users/{user}":                            s.manage(s.deleteUser),
		"POST users/bulk-delete":                         s.manage(s.deleteUsers),
		"GET users/without-permissions":                  looksAtUsers(s.usersWithout),
		"GET users/{user}/permissions":                   looksAtUsers(s.permissionsOfUser),
		"GET users/{user}/topic-permissions":             looksAtUsers(s.topicPermissionsOfUser),
		"GET topic-permissions":                          looksAtUsers(s.topicPermissions),
		"GET health/checks/alarms":                       s.alarms,
		"GET health/checks/local-alarms":                 s.alarms,
		"GET health/checks/virtual-hosts":                well,
		"GET healthchecks/node":                          well,
		"GET health/checks/node-is-mirror-sync-critical": alone,
		"GET health/checks/node-is-quorum-critical":      alone,
		"GET health/checks/port-listener/{port}":         s.portListener,
		"GET health/checks/protocol-listener/{protocol}": s.protocolListener,
	}
	for _, path := range []string{
		"operator-policies", "operator-policies/{vhost}",
	} {
		all["GET "+path] = empty
	}
	all["GET global-parameters"] = policymaker(empty)
	for _, path := range []string{"operator-policies/{vhost}/{name}", "global-parameters/{name}"} {
		all["PUT "+path], all["DELETE "+path] = absent, absent
		all["GET "+path] = policymaker(func(http.ResponseWriter, *request) error { return notFound })
	}
	for _, routes := range []map[string]handler{s.vhostRoutes(), s.queueRoutes(), s.exchangeRoutes(), s.bindingRoutes(), s.limitRoutes(), s.parameterRoutes()} {
		for pattern, h := range routes {
			all[pattern] = h
		}
	}
	return all
}

// serve finds out who asks, and about which vhost, before h answers.
func (s *Service) serve(login Login, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok := login(w, r)
		if !ok {
			return
		}
		q := &request{Request: r, who: who, caller: who}
		err := arrived(r)
		if err == nil {
			err = s.enter(q)
		}
		if err == nil {
			err = h(w, q)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// What a body may bring, in bytes: a declaration, a message in base64, definitions.
const (
	maxBody        = 1 << 20
	maxMessageBody = 24 << 20
	maxDefinitions = 16 << 20
)

// arrived has the whole body come before it is asked who may do what: who sends
// it slowly may have lost his permissions, or be deleted, until it ends.
func arrived(r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, max(maxBody, maxMessageBody, maxDefinitions)))
	if err != nil {
		return unreadable(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

func unreadable(err error) error {
	return invalid("bad_request", "the body is not the JSON that is expected: "+err.Error())
}

// read decodes the body of a request; none is as good as one that says nothing.
func read[T any](r *request, most int64) (v T, err error) {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, most))
	d.UseNumber()
	if err := d.Decode(&v); err != nil && !errors.Is(err, io.EOF) {
		return v, unreadable(err)
	}
	return v, nil
}

// administrators is a name that only the pattern `*` matches.
const administrators = "*"

// monitor lets only those through who may read every queue.
func monitor(h handler) handler { return needs(core.Read, h) }

// administer lets only those through who may configure every queue.
func administer(h handler) handler { return needs(core.Configure, h) }

func needs(a core.Action, h handler) handler {
	return func(w http.ResponseWriter, r *request) error {
		if !Oversees(r.caller, a) {
			return lacks(r.caller, a)
		}
		return h(w, r)
	}
}

func lacks(who *core.Principal, a core.Action) error {
	switch {
	case !who.Account():
		return denied
	case a == core.Read:
		return refused("Not monitor user")
	}
	return refused("Not administrator user")
}
