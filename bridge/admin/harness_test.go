package admin

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/match"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{}

func (clock) Now() time.Time                                  { return time.Now() }
func (clock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

func newBroker(t *testing.T) *core.Broker {
	t.Helper()
	b, err := core.New(memstore.New(memstore.Options{}), core.Options{Clock: clock{}, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func newService(t *testing.T, change func(*Config)) *Service {
	t.Helper()
	cfg := Config{Broker: newBroker(t), Version: "test", Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

func declare(t *testing.T, s *Service, name string, messages int) {
	t.Helper()
	ns := s.cfg.Broker.Default()
	if _, _, err := ns.DeclareQueue(name, core.QueueOptions{Durable: true}); err != nil {
		t.Fatal(err)
	}
	for range messages {
		m := &core.Message{Body: []byte("body"), Durable: true}
		if _, err := ns.Publish(t.Context(), &core.Publication{Message: m, To: core.QueueAddress(name)}); err != nil {
			t.Fatal(err)
		}
	}
}

// ask sends one request to a listener and decodes the JSON of its answer.
func ask(t *testing.T, h http.Handler, method, target string, change ...func(*http.Request)) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.Host = "127.0.0.1:8161"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func get[T any](t *testing.T, h http.Handler, target string, change ...func(*http.Request)) (v T) {
	t.Helper()
	status, body := ask(t, h, "GET", target, change...)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", target, status, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v in %s", target, err, body)
	}
	return v
}

func as(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// users are an operator, one who reads some queues, and one who only writes.
func users(t *testing.T) *core.Access {
	t.Helper()
	all, err := match.ParseMQTT("#")
	if err != nil {
		t.Fatal(err)
	}
	plain := func(hash string, password []byte) bool { return hash == string(password) }
	a, err := core.NewAccess([]core.AccessUser{
		{Name: "root", PasswordHash: "r", Grants: []core.Grant{{Actions: core.Configure | core.Read, Queues: []string{"*"}, Topics: []match.Filter{all}}}},
		{Name: "some", PasswordHash: "s", Grants: []core.Grant{{Actions: core.Read, Queues: []string{"orders*"}}}},
		{Name: "tenant", PasswordHash: "t", Namespace: "shop", Grants: []core.Grant{
			{Actions: core.Configure | core.Write | core.Read, Queues: []string{"*"}, Topics: []match.Filter{all}},
		}},
		{Name: "boss", PasswordHash: "b", Namespace: "shop", Tags: []string{"administrator"}},
		{Name: "sensor", PasswordHash: "p", Grants: []core.Grant{{Actions: core.Write, Topics: []match.Filter{all}}}},
	}, plain, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
