package rabbit

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
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

// api is a service that a test talks to, as whoever it says.
type api struct {
	*testing.T
	b   *core.Broker
	h   http.Handler
	who *core.Principal
	log io.Writer

	conns        []Connection
	disconnected func(id uint64)
}

// Write is the log's.
func (a *api) Write(line []byte) (int, error) { return a.log.Write(line) }

func newAPI(t *testing.T, change ...func(*Config)) *api {
	t.Helper()
	b, err := core.New(memstore.New(memstore.Options{}), core.Options{Clock: clock{}, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	a := &api{T: t, b: b, who: core.AnonymousPrincipal(), log: io.Discard}
	cfg := Config{Broker: b, Version: "test", Started: time.Now(), Log: slog.New(slog.NewTextHandler(a, nil))}
	cfg.Connections = func() []Connection { return a.conns }
	for _, f := range change {
		f(&cfg)
	}
	a.h = New(cfg).Handler(func(http.ResponseWriter, *http.Request) (*core.Principal, bool) { return a.who, true })
	return a
}

// do sends a request and wants that status; it returns the answer's text.
func (a *api) do(status int, method, path, body string) string {
	a.Helper()
	r := httptest.NewRequest(method, "/api/"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		a.Fatal(err)
	}
	if w.Code != status {
		a.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, text, status)
	}
	return string(text)
}

// get is an answer, decoded.
func get[T any](a *api, path string) (v T) {
	a.Helper()
	text := a.do(200, "GET", path, "")
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		a.Fatalf("%s: %v in %s", path, err, text)
	}
	return v
}

// texts are one column of a list.
func (a *api) column(path, column string) string {
	a.Helper()
	var all []string
	for _, x := range get[[]map[string]any](a, path) {
		s, _ := x[column].(string)
		all = append(all, s)
	}
	return strings.Join(all, " ")
}

func (a *api) want(what, got, want string) {
	a.Helper()
	if got != want {
		a.Errorf("%s: %q, want %q", what, got, want)
	}
}

// principal may do these actions with these names and topics.
func principal(t *testing.T, actions core.Action, queues []string, topics ...string) *core.Principal {
	t.Helper()
	g := core.Grant{Actions: actions, Queues: queues}
	for _, text := range topics {
		f, err := match.ParseMQTT(text)
		if err != nil {
			t.Fatal(err)
		}
		g.Topics = append(g.Topics, f)
	}
	plain := func(hash string, password []byte) bool { return hash == string(password) }
	access, err := core.NewAccess([]core.AccessUser{{Name: "u", PasswordHash: "p", Grants: []core.Grant{g}}}, plain, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	p, err := access.Authenticate(t.Context(), "", "u", []byte("p"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
