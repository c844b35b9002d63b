package crash

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// A made thing is set and deleted through the management API, over and over, by
// one client. What it is after a kill is what was last answered, or what had been
// asked for when the broker went.
type made struct {
	path   string
	body   func(n int) string      // of the PUT
	value  func(answer any) string // what of the answer tells one PUT from another
	once   bool                    // it cannot be changed, only deleted and made again
	now    string                  // its value as it was last answered; "" is absent
	asked  string                  // what an unanswered request would have made of it; else as now
	number int
	full   bool // a vhost: a queue is made in it, and deleted with it
}

// things are those of one client.
func things(client int) []*made {
	field := func(path ...string) func(any) string {
		return func(v any) string {
			for _, name := range path {
				m, _ := v.(map[string]any)
				v = m[name]
			}
			return fmt.Sprint(v)
		}
	}
	name := fmt.Sprint("kept", client)
	text := func(format string) func(int) string { return func(n int) string { return fmt.Sprintf(format, n) } }
	return []*made{
		{path: "queues/%2F/" + name, body: text(`{"durable":true,"arguments":{"x-max-length":%d}}`), value: field("arguments", "x-max-length"), once: true},
		{path: "exchanges/%2F/" + name, body: text(`{"type":"direct","durable":true,"arguments":{"n":%d}}`), value: field("arguments", "n"), once: true},
		{path: "policies/%2F/" + name, body: text(`{"pattern":"^none$","definition":{"max-length":1},"priority":%d}`), value: field("priority")},
		{path: "users/" + name, body: text(`{"password_hash":"","tags":"t%d"}`), value: func(v any) string {
			return strings.Trim(field("tags")(v), "[t]")
		}},
		{path: "vhosts/" + name, body: text(`{"tags":"%d"}`), value: func(any) string { return "there" }, once: true, full: true},
		{path: fmt.Sprint("permissions/%2F/always", client), body: text(`{"configure":"%d","write":"","read":""}`), value: field("configure")},
	}
}

// management asks the API, and gives up with the broker.
func management(b *daemon.Broker, method, path, body string) (status int, answer any, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+b.Admin+"/api/"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer w.Body.Close() //nolint:errcheck // only read
	all, err := io.ReadAll(w.Body)
	if err == nil && len(all) > 0 {
		err = json.Unmarshal(all, &answer)
	}
	return w.StatusCode, answer, err
}

// step makes, changes or deletes it; false: the broker has gone.
func (m *made) step(t *testing.T, b *daemon.Broker, rnd *rand.Rand) bool {
	method, body := http.MethodDelete, ""
	if m.asked = ""; m.now == "" || !m.once && rnd.Intn(3) > 0 {
		m.number++
		method, body, m.asked = http.MethodPut, m.body(m.number), fmt.Sprint(m.number)
	}
	status, answer, err := management(b, method, m.path, body)
	if err != nil {
		return false
	}
	if status >= 300 {
		t.Errorf("%s %s %s: %d %v", method, m.path, body, status, answer)
	}
	m.now = m.asked
	return !m.full || m.now == "" || m.fill(t, b)
}

// fill makes a queue and an exchange in a vhost.
func (m *made) fill(t *testing.T, b *daemon.Broker) bool {
	m.now, m.asked = "there", "there"
	name := strings.TrimPrefix(m.path, "vhosts/")
	for path, body := range map[string]string{"queues/" + name + "/in": `{"durable":true}`, "exchanges/" + name + "/in": `{"type":"fanout","durable":true}`} {
		status, answer, err := management(b, http.MethodPut, path, body)
		if err != nil {
			return false
		}
		if status != http.StatusCreated {
			t.Errorf("PUT %s: %d %v: a vhost that was deleted had it", path, status, answer)
		}
	}
	return true
}

// check wants it as it was left.
func (m *made) check(t *testing.T, b *daemon.Broker) {
	status, answer, err := management(b, http.MethodGet, m.path, "")
	if err != nil {
		t.Error(err)
		return
	}
	found := ""
	if status == http.StatusOK {
		found = m.value(answer)
	}
	if m.full && m.asked != "" {
		m.asked = "there"
	}
	if found != m.now && found != m.asked {
		t.Errorf("%s is %q, was answered as %q and asked for as %q", m.path, found, m.now, m.asked)
	}
	m.now, m.asked = found, found
}

// TestKillManagement kills the broker while definitions, users and permissions are
// made through HTTP: what had its answer is there, and what was deleted is not.
func TestKillManagement(t *testing.T) {
	kills, each := 3, 400
	if inCI() {
		kills, each = 6, 1000
	}
	o := daemon.Options{Dir: filepath.Join(t.TempDir(), "data")}
	b := daemon.Start(t, o)
	var clients [][]*made
	for i := range 4 {
		clients = append(clients, things(i))
		if status, answer, err := management(b, http.MethodPut, fmt.Sprint("users/always", i), `{"tags":""}`); err != nil || status != http.StatusCreated {
			t.Fatal(status, answer, err)
		}
	}
	var answered sync.Map // to the client
	total := func() (n int) {
		answered.Range(func(_, v any) bool { n += v.(int); return true })
		return n
	}
	for round := range kills {
		until := total() + each + rand.Intn(each/4)
		var running sync.WaitGroup
		for i, all := range clients {
			running.Go(func() {
				rnd := rand.New(rand.NewSource(int64(round*100 + i)))
				n, _ := answered.LoadOrStore(i, 0)
				for k := n.(int); all[rnd.Intn(len(all))].step(t, b, rnd); k++ {
					answered.Store(i, k+1)
				}
			})
		}
		daemon.Eventually(t, 2*time.Minute, "enough answers", func() bool { return total() >= until || t.Failed() })
		b.Kill(t)
		running.Wait()
		b = daemon.Start(t, o)
		for _, all := range clients {
			for _, m := range all {
				m.check(t, b)
			}
		}
	}
	t.Logf("%d requests answered, %d kills", total(), kills)
	b.Stop(t)
}
