package management

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// side is one of the two brokers.
type side struct {
	name      string
	api, amqp string // host:port
	node      string
	client    string // address of the AMQP client's connection
	vars      map[string]string
}

// keeper is an administrator of both; of ours by the configuration, without which
// whoever comes would be one.
const (
	keeper = "keeper"
	secret = "secret" // his password
	root   = "root"   // an administrator whom keeper makes, and his password
	hashed = "$argon2id$v=19$m=19456,t=2,p=1$GqYLTeHDAHwuUEOZGB+2Rg$FVierighIaSRE9i4pExzLv+7s1abNugPliQJWL6JNzQ"
)

func startSlipway(t *testing.T) *side {
	t.Helper()
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	text := "users:\n  - name: " + keeper + "\n    tags: [administrator]\n    password_hash: \"" + hashed + "\"\n" +
		"    permissions: [{allow: [configure, write, read], queues: [\"*\"], topics: [\"#\"]}]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := daemon.Start(t, daemon.Options{Config: file})
	return &side{name: "Slipway", api: b.Admin, amqp: b.Doors["amqp"], node: "slipway@localhost"}
}

// answer is what a broker said.
type answer struct {
	code    int
	content string // media type; "-": none
	body    any    // of JSON
	text    string
}

// ask sends a request. Names that are a broker's own are those of the tables.
func (s *side) ask(r request) (a answer, body string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, r.method, "http://"+s.api+"/api/"+s.fill(r.path, url.PathEscape), strings.NewReader(s.fill(r.body, nil)))
	if err != nil {
		return a, "", err
	}
	if r.who != "" {
		q.SetBasicAuth(r.who, r.password)
	}
	if r.body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.Do(q)
	if err != nil {
		return a, "", err
	}
	defer w.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(w.Body)
	if err != nil {
		return a, "", err
	}
	a = answer{code: w.StatusCode, content: "-", text: s.plain(string(text))}
	if c := w.Header.Get("Content-Type"); c != "" {
		if a.content, _, err = mime.ParseMediaType(c); err != nil {
			return a, "", err
		}
	}
	if len(text) > 0 && json.Unmarshal([]byte(a.text), &a.body) != nil {
		a.body = a.text // it is not JSON
	}
	return a, a.text, nil
}

// fill puts a broker's own names in.
func (s *side) fill(text string, escape func(string) string) string {
	for name, v := range s.vars {
		if escape != nil {
			v = escape(v)
		}
		text = strings.ReplaceAll(text, "{"+name+"}", v)
	}
	return text
}

// plain takes a broker's own names out of an answer.
func (s *side) plain(text string) string {
	pairs := []string{s.node, "NODE"}
	if s.client != "" {
		pairs = append(pairs, s.client, "CLIENT")
	}
	pairs = append(pairs, s.amqp, "DOOR")
	return strings.NewReplacer(pairs...).Replace(text)
}

// named has paths know the connection of a client.
func (s *side) named(conn net.Conn) {
	s.client = conn.LocalAddr().String()
	name := s.client + " -> " + s.amqp
	s.vars = map[string]string{"connection": name, "channel": name + " (1)", "node": s.node}
}
