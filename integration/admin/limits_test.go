package admin

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// api asks for something that is done, and returns the answer.
func api(t *testing.T, b *daemon.Broker, method, path, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.Admin+"/api/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode/100 != 2 {
		t.Fatalf("%s %s: %d %s, %v", method, path, res.StatusCode, text, err)
	}
	return string(text)
}

// crowd dials so often at once and returns who was let in; of the others each error
// must be this, or any if it is "".
func crowd(t *testing.T, n int, url, refused string) (in []*amqp.Connection) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range n {
		wg.Go(func() {
			conn, err := amqp.Dial(url)
			mu.Lock()
			defer mu.Unlock()
			if e := (*amqp.Error)(nil); err != nil && refused != "" && (!errors.As(err, &e) || !strings.Contains(e.Reason, refused)) {
				t.Errorf("%v, want %s", err, refused)
			}
			if err == nil {
				in = append(in, conn)
			}
		})
	}
	wg.Wait()
	return in
}

func closeAll(conns []*amqp.Connection) {
	for _, conn := range conns {
		_ = conn.Close() // it may be closed
	}
}

// Limits of a vhost and a user hold for whoever comes at once, and through a crash.
func TestLimitsHold(t *testing.T) {
	dir := t.TempDir()
	b := daemon.Start(t, daemon.Options{Dir: dir})
	all := `{"configure":".*","write":".*","read":".*"}`
	for _, x := range [][2]string{
		{"vhosts/shop", ""}, {"users/u", `{"password":"p","tags":""}`}, {"permissions/shop/u", all}, {"permissions/%2F/u", all},
		{"vhost-limits/shop/max-connections", `{"value":3}`}, {"user-limits/u/max-connections", `{"value":5}`}, {"user-limits/u/max-channels", `{"value":0}`},
	} {
		api(t, b, "PUT", x[0], x[1])
	}
	for range 2 {
		shop := crowd(t, 12, "amqp://u:p@"+b.Doors["amqp"]+"/shop", "access to vhost 'shop' refused for user 'u': connection limit (3) is reached")
		rest := crowd(t, 12, "amqp://u:p@"+b.Doors["amqp"]+"/", "connection refused for user 'u': user connection limit (5) is reached")
		if len(shop) != 3 || len(rest) != 2 {
			t.Fatalf("%d and %d were let in, want 3 and 2", len(shop), len(rest))
		}
		_, err := rest[0].Channel()
		if e := (*amqp.Error)(nil); !errors.As(err, &e) || e.Reason != "NOT_ALLOWED - number of channels opened for user 'u' has reached the maximum allowed user limit of (0)" {
			t.Errorf("%v", err)
		}
		closeAll(append(shop, rest...))
		b.Kill(t)
		b = daemon.Start(t, daemon.Options{Dir: dir})
	}
}

// Nobody stays in a vhost that was deleted while many came.
func TestNobodyStaysInADeletedVhost(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	for round := range 20 {
		name := fmt.Sprint("shop", round)
		api(t, b, "PUT", "vhosts/"+name, "")
		done := make(chan []*amqp.Connection)
		go func() {
			done <- crowd(t, 8, "amqp://guest:guest@"+b.Doors["amqp"]+"/"+name, "")
		}()
		api(t, b, "DELETE", "vhosts/"+name, "")
		in := <-done
		for _, conn := range in {
			select {
			case <-conn.NotifyClose(make(chan *amqp.Error, 1)): // at once if it is closed
			case <-time.After(patience):
				t.Fatal("somebody was let in, and not cut off")
			}
		}
	}
	if text := api(t, b, "GET", "connections", ""); strings.Contains(text, `"vhost":"shop`) {
		t.Errorf("somebody is in: %s", text)
	}
}
