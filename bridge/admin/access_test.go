package admin

import (
	"net/http"
	"strings"
	"testing"
)

// Who may ask for what, through which listener.
func TestWhoMay(t *testing.T) {
	open, closed := newService(t, func(c *Config) { c.Profiles = true }), newService(t, func(c *Config) {
		c.Access, c.AllowedHosts = users(t), []string{"broker.lan"}
		c.Disconnect = func(id uint64) bool { return id == 7 }
	})
	profiled := newService(t, func(c *Config) { c.Access, c.Profiles = users(t), true })
	for _, s := range []*Service{open, closed, profiled} {
		declare(t, s, "orders", 1)
		declare(t, s, "bills", 1)
		if _, err := s.cfg.Broker.Namespace("shop"); err != nil {
			t.Fatal(err)
		}
	}
	loopback := func(r *http.Request) { r.RemoteAddr = "127.0.0.1:4000" }
	foreign := func(r *http.Request) { r.Host = "broker.lan" }
	for _, tt := range []struct {
		s         *Service
		anonymous bool
		request   string
		change    []func(*http.Request)
		status    int
	}{
		{open, true, "GET /v1/overview", nil, 200},
		{open, true, "GET /metrics", nil, 200},
		{open, true, "GET /debug/pprof/", nil, 200},
		{open, true, "GET /debug/pprof/symbol", nil, 200},
		{open, true, "GET /debug/pprof/mutex?seconds=1", nil, 200},
		{open, true, "GET /debug/pprof/block?seconds=1", nil, 200},
		{open, true, "GET /v1/nothing", nil, 404},
		{open, true, "GET /", nil, 200},
		{open, true, "POST /v1/queues", nil, 405},
		{open, true, "GET /v1/queues?namespace=none", nil, 404},
		{open, true, "GET /v1/overview", []func(*http.Request){foreign}, 403},
		{open, true, "GET /healthz", []func(*http.Request){foreign}, 200},
		{open, true, "POST /v1/queues/orders/purge", []func(*http.Request){header("Origin", "http://evil.example")}, 403},
		{open, true, "POST /v1/queues/orders/purge", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		{open, true, "GET /v1/overview", []func(*http.Request){as("who", "ever")}, 200},
		{open, false, "GET /v1/overview", []func(*http.Request){as("who", "ever")}, 401},
		{closed, false, "GET /healthz", nil, 200},
		{closed, false, "GET /readyz", nil, 200},
		{closed, false, "GET /metrics", nil, 401},
		{closed, false, "GET /v1/queues", nil, 401},
		{closed, false, "GET /v1/queues", []func(*http.Request){as("root", "wrong")}, 401},
		{closed, false, "GET /v1/queues", []func(*http.Request){as("nobody", "r")}, 401},
		{closed, false, "GET /metrics", []func(*http.Request){as("root", "r")}, 200},
		{closed, false, "GET /metrics", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "GET /v1/connections", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "GET /v1/queues/orders", []func(*http.Request){as("some", "s")}, 200},
		{closed, false, "GET /v1/queues/bills", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "GET /v1/queues/orders", []func(*http.Request){as("sensor", "p")}, 403},
		{closed, false, "POST /v1/queues/orders/purge", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "POST /v1/queues/none/purge", []func(*http.Request){as("root", "r")}, 404},
		{closed, false, "POST /v1/queues/orders/purge", []func(*http.Request){as("root", "r"), header("Origin", "https://evil.example")}, 403},
		{closed, false, "POST /v1/queues/orders/purge", []func(*http.Request){as("root", "r"), foreign, header("Origin", "http://broker.lan")}, 200},
		{closed, false, "GET /v1/queues?namespace=other", []func(*http.Request){as("root", "r")}, 403},
		{closed, false, "DELETE /v1/connections/7", []func(*http.Request){as("root", "r")}, 200},
		{closed, false, "DELETE /v1/connections/8", []func(*http.Request){as("root", "r")}, 404},
		{closed, false, "DELETE /v1/connections/x", []func(*http.Request){as("root", "r")}, 400},
		{closed, false, "DELETE /v1/connections/7", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "PUT /v1/hold", []func(*http.Request){as("some", "s")}, 403},
		{closed, false, "PUT /v1/hold", []func(*http.Request){as("root", "r")}, 400},
		{closed, false, "DELETE /v1/hold", []func(*http.Request){as("root", "r")}, 200},
		// Who may do everything in another namespace is nobody to the broker as a whole.
		{closed, false, "GET /v1/queues", []func(*http.Request){as("tenant", "t")}, 200},
		{closed, false, "GET /v1/sessions", []func(*http.Request){as("tenant", "t")}, 200},
		{closed, false, "GET /metrics", []func(*http.Request){as("tenant", "t")}, 403},
		{closed, false, "GET /v1/overview", []func(*http.Request){as("tenant", "t")}, 403},
		{closed, false, "GET /v1/connections", []func(*http.Request){as("tenant", "t")}, 403},
		{closed, false, "DELETE /v1/connections/7", []func(*http.Request){as("tenant", "t")}, 403},
		{closed, false, "PUT /v1/hold", []func(*http.Request){as("tenant", "t")}, 403},
		{closed, false, "DELETE /v1/hold", []func(*http.Request){as("tenant", "t")}, 403},
		// But the tag administrator stands for all.
		{closed, false, "GET /metrics", []func(*http.Request){as("boss", "b")}, 200},
		{closed, false, "GET /v1/overview", []func(*http.Request){as("boss", "b")}, 200},
		{closed, false, "DELETE /v1/connections/7", []func(*http.Request){as("boss", "b")}, 200},
		{closed, false, "DELETE /v1/hold", []func(*http.Request){as("boss", "b")}, 200},
		{closed, false, "GET /v1/queues?namespace=other", []func(*http.Request){as("boss", "b")}, 403},
		{closed, false, "GET /api/queues", []func(*http.Request){as("tenant", "t")}, 200},
		{closed, false, "GET /api/users/root", []func(*http.Request){as("tenant", "t")}, 404},
		{closed, false, "GET /api/users/tenant", []func(*http.Request){as("tenant", "t")}, 200},
		{closed, false, "GET /api/users/tenant", []func(*http.Request){as("root", "r")}, 200},
		// RabbitMQ's API, behind the same guard and login.
		{open, true, "GET /api/overview", nil, 200},
		{open, true, "GET /api/overview", []func(*http.Request){foreign}, 403},
		{open, true, "DELETE /api/queues/%2F/bills", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		{closed, false, "GET /api/queues", nil, 401},
		{closed, false, "GET /api/nothing", nil, 401},
		{closed, false, "GET /api/queues", []func(*http.Request){as("some", "wrong")}, 401},
		{closed, false, "GET /api/queues/%2F/orders", []func(*http.Request){as("some", "s")}, 200},
		{closed, false, "GET /api/queues/%2F/bills", []func(*http.Request){as("some", "s")}, 401},
		{closed, false, "GET /api/overview", []func(*http.Request){as("some", "s")}, 401},
		{closed, false, "DELETE /api/queues/%2F/orders", []func(*http.Request){as("root", "r"), header("Origin", "https://evil.example")}, 403},
		// guest is whoever comes, from loopback, where whoever comes is let in.
		{closed, true, "GET /api/overview", []func(*http.Request){as("guest", "guest"), loopback}, 200},
		{closed, true, "GET /api/overview", []func(*http.Request){as("guest", "guest"), loopback, func(r *http.Request) { r.Host = "evil.example" }}, 403},
		{closed, true, "GET /api/overview", []func(*http.Request){as("guest", "other"), loopback}, 401},
		{closed, true, "GET /api/overview", []func(*http.Request){as("guest", "guest")}, 401},
		{closed, false, "GET /api/overview", []func(*http.Request){as("guest", "guest"), loopback}, 401},
		{closed, false, "GET /debug/pprof/", []func(*http.Request){as("root", "r")}, 404},
		{profiled, false, "GET /debug/pprof/", []func(*http.Request){as("tenant", "t")}, 403},
		{profiled, false, "GET /debug/pprof/", []func(*http.Request){as("root", "r")}, 200},
	} {
		method, target, _ := strings.Cut(tt.request, " ")
		if status, body := ask(t, tt.s.Handler(tt.anonymous), method, target, tt.change...); status != tt.status {
			t.Errorf("%s: %d, want %d: %.200s", tt.request, status, tt.status, body)
		}
	}
}
