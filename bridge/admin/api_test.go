package admin

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

func TestQueues(t *testing.T) {
	s := newService(t, func(c *Config) { c.Access = users(t) })
	h := s.Handler(true)
	declare(t, s, "orders/new", 3)
	declare(t, s, "bills", 0)
	list := get[queueList](t, h, "/v1/queues")
	if len(list.Queues) != 2 || list.Queues[1].Ready != 3 || list.Queues[1].Alias == "orders/new" || list.Next != "" {
		t.Errorf("got %+v", list)
	}
	if list := get[queueList](t, h, "/v1/queues", as("some", "s")); len(list.Queues) != 1 || list.Queues[0].Name != "orders/new" {
		t.Errorf("one who may read orders sees %+v", list)
	}
	if d := get[queueDetail](t, h, "/v1/queues/orders%2Fnew"); d.Bytes == 0 || !d.Options.Durable || time.Since(d.Created) > time.Minute {
		t.Errorf("got %+v", d)
	}
	if status, body := ask(t, h, "POST", "/v1/queues/orders%2Fnew/purge"); status != 200 {
		t.Fatal(status, body)
	}
	if d := get[queueDetail](t, h, "/v1/queues/orders%2Fnew"); d.Ready != 0 {
		t.Errorf("after a purge: %+v", d)
	}
}

func TestListsAreCut(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.Connections = func() []Connection {
			all := make([]Connection, page+5)
			for i := range all {
				all[i] = Connection{ID: uint64(page + 5 - i), Protocol: "mqtt"}
			}
			return all
		}
	})
	h := s.Handler(true)
	for i := range page + 5 {
		name := fmt.Sprintf("q%05d", i)
		declare(t, s, name, 0)
		if _, _, err := s.cfg.Broker.Default().CreateTopic(name, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.cfg.Broker.Default().OpenSession(name, false, core.SessionOptions{Dialect: "mqtt"}); err != nil {
			t.Fatal(err)
		}
	}
	q := get[queueList](t, h, "/v1/queues")
	rest := get[queueList](t, h, "/v1/queues?after="+q.Next)
	if len(q.Queues) != page || len(rest.Queues) != 5 || rest.Next != "" || rest.Queues[0].Name != "q01000" {
		t.Errorf("queues: %d, then %+v", len(q.Queues), rest)
	}
	if hidden := get[queueList](t, h, "/v1/queues?hidden=true&prefix=session/"); len(hidden.Queues) != page {
		t.Errorf("%d hidden queues", len(hidden.Queues))
	}
	topics := get[topicList](t, h, "/v1/topics")
	if rest := get[topicList](t, h, "/v1/topics?after="+topics.Next); len(topics.Topics) != page || len(rest.Topics) != 5 {
		t.Errorf("topics: %d, %d", len(topics.Topics), len(rest.Topics))
	}
	sessions := get[sessionList](t, h, "/v1/sessions")
	more := get[sessionList](t, h, "/v1/sessions?after="+sessions.Next)
	if len(sessions.Sessions) != page || len(more.Sessions) != 5 || more.Sessions[4].Session != "mqtt/q01004" {
		t.Errorf("sessions: %d, %+v", len(sessions.Sessions), more)
	}
	conns := get[connectionList](t, h, "/v1/connections")
	last := get[connectionList](t, h, fmt.Sprint("/v1/connections?after=", conns.Next))
	if len(conns.Connections) != page || len(last.Connections) != 5 || last.Connections[4].ID != page+5 {
		t.Errorf("connections: %d, %+v", len(conns.Connections), last)
	}
}

func TestHealth(t *testing.T) {
	var unready, failed error
	s := newService(t, func(c *Config) {
		c.Ready = func() error { return unready }
		c.Store = func() StoreMetrics { return StoreMetrics{Failed: failed} }
	})
	h := s.Handler(false)
	wants := func(path string, want int, text string) {
		t.Helper()
		if status, body := ask(t, h, "GET", path); status != want || !strings.Contains(body, text) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	wants("/healthz", 200, "ok")
	wants("/readyz", 200, "ready")
	unready = errors.New("disk space is low")
	wants("/readyz", 503, "disk space is low")
	wants("/healthz", 200, "ok")
	if o := get[overviewAnswer](t, s.Handler(true), "/v1/overview"); o.Ready || o.Reason != "disk space is low" || o.Version != "test" {
		t.Errorf("got %+v", o)
	}
	failed = errors.New("sync")
	wants("/healthz", 503, "failed")
}

// Whoever opens the port is told what is there; a path that is nothing is not found.
func TestFront(t *testing.T) {
	h := newService(t, func(*Config) {}).Handler(false)
	if status, body := ask(t, h, "GET", "/"); status != 200 || !strings.Contains(body, "/metrics") || !strings.Contains(body, "/api/") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask(t, h, "GET", "/nothing"); status != 404 {
		t.Error(status)
	}
}

// Keys are spelt as those of every other answer under /v1.
func TestOverviewKeys(t *testing.T) {
	s := newService(t, func(c *Config) { c.Store = func() StoreMetrics { return StoreMetrics{} } })
	o := get[map[string]any](t, s.Handler(true), "/v1/overview")
	for _, section := range []string{"stats", "store"} {
		all, _ := o[section].(map[string]any)
		if len(all) < 10 {
			t.Errorf("%s: %v", section, o[section])
		}
		for key := range all {
			if key[:1] != strings.ToLower(key[:1]) {
				t.Errorf("%s.%s", section, key)
			}
		}
	}
}

func TestMetrics(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.Connections = func() []Connection { return []Connection{{ID: 1, Protocol: "mqtt"}, {ID: 2, Protocol: "mqtt"}} }
		c.Store = func() StoreMetrics {
			return StoreMetrics{Syncs: 3, SyncTotal: time.Second, SyncBuckets: map[float64]uint64{0.1: 2, 1: 3}, Room: true}
		}
		c.Traffic = func() []Traffic {
			return []Traffic{{Door: "mqtt", Name: "connections_accepted", Help: "x", Value: 4}, {Door: "aws", Name: "requests_open", Help: "x", Value: 2, Gauge: true}}
		}
	})
	for i := range namedQueues + 10 {
		declare(t, s, fmt.Sprintf("q%d", i), 0)
	}
	declare(t, s, "deep\x01\xff", 2) // its name is no UTF-8
	declare(t, s, "deeper", 3)
	if _, _, err := s.cfg.Broker.Default().OpenSession("c", false, core.SessionOptions{Dialect: "mqtt"}); err != nil {
		t.Fatal(err)
	}
	status, body := ask(t, s.Handler(true), "GET", "/metrics")
	if status != 200 {
		t.Fatal(status, body)
	}
	for _, want := range []string{
		"slipway_messages_published_total 5\n", "slipway_all_queues_ready 5\n", `slipway_queue_ready{namespace="",queue="deeper"} 3`,
		`slipway_connections{protocol="mqtt"} 2`, `slipway_store_sync_seconds_bucket{le="0.1"} 2`, "slipway_store_room 1\n",
		`slipway_connections_accepted_total{door="mqtt"} 4`, `slipway_requests_open{door="aws"} 2`, "go_goroutines", `queue="deep__-`, "slipway_sessions 1\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(body, "slipway_queue_ready{"); n != namedQueues {
		t.Errorf("%d queues are named", n)
	}
	if strings.Contains(body, "session/") {
		t.Error("a session's backlog is named")
	}
}
