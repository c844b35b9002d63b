package main

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-stomp/stomp/v3"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/slipwaymq/slipway/core"
	"github.com/slipwaymq/slipway/core/store/memstore"
)

// api calls the management API as name, and wants that status.
func (r *reloaded) api(status int, name, password, method, path, body string) (text string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://"+address(r.t, r.doors.opened, "admin")+"/api/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if name != "" {
		req.SetBasicAuth(name, password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != status {
		r.t.Fatalf("%s %s as %q: %d %s %v, want %d", method, path, name, resp.StatusCode, all, err, status)
	}
	return string(all)
}

func (r *reloaded) amqp(user, password string) (*amqp.Connection, error) {
	c, err := amqp.Dial("amqp://" + user + ":" + password + "@" + address(r.t, r.doors.opened, "amqp"))
	if err == nil {
		r.t.Cleanup(func() { c.Close() })
	}
	return c, err
}

func (r *reloaded) stomp(user, password string) (*stomp.Conn, error) {
	c, err := stomp.Dial("tcp", address(r.t, r.doors.opened, "stomp"), stomp.ConnOpt.Login(user, password))
	if err == nil {
		r.t.Cleanup(func() { _ = c.MustDisconnect() })
	}
	return c, err
}

// A user that is made through the management API logs in at every door, with his
// permissions, until he is deleted: then his connections end.
func TestAccountsAtEveryDoor(t *testing.T) {
	right := hashPassword([]byte("right"), []byte("0123456789abcdef"))
	boss := strings.Replace(user("boss", right, "BOSS", "a"), "password_hash", "tags: [administrator], password_hash", 1)
	r := startReloaded(t, "users:\n"+boss+user("plain", right, "PLAIN", "a"))
	for _, who := range [][2]string{{"", ""}, {"boss", "wrong"}, {"plain", "right"}, {"guest", "guest"}} {
		r.api(401, who[0], who[1], "PUT", "users/app", `{"password":"secret","tags":""}`)
	}
	r.api(201, "boss", "right", "PUT", "users/app", `{"password":"secret","tags":""}`)
	r.api(401, "app", "secret", "GET", "whoami", "")
	if _, _, err := r.mqtt("app", "secret"); err == nil {
		t.Error("MQTT lets in who has no vhost")
	}
	if _, err := r.amqp("app", "secret"); err == nil {
		t.Error("AMQP lets in who has no vhost")
	}
	if _, err := r.stomp("app", "secret"); err == nil {
		t.Error("STOMP lets in who has no vhost")
	}
	r.api(201, "boss", "right", "PUT", "permissions/%2F/app", `{"configure":"^app","write":"^app","read":"^(app|amq[.]topic)"}`)

	m, gone, err := r.mqtt("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if token := m.Subscribe("t", 1, nil); token.WaitTimeout(10*time.Second) && token.Error() != nil {
		t.Error(token.Error())
	}
	c, err := r.amqp("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	closed := c.NotifyClose(make(chan *amqp.Error, 1))
	for name, want := range map[string]bool{"app.q": true, "other": false} {
		ch, err := c.Channel()
		if err != nil {
			t.Fatal(err)
		}
		if _, err = ch.QueueDeclare(name, true, false, false, false, nil); (err == nil) != want {
			t.Errorf("declare %s: %v", name, err)
		}
	}
	s, err := r.stomp("app", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send("/queue/app.q", "text/plain", []byte("x"), stomp.SendOpt.Receipt); err != nil {
		t.Error(err)
	}
	for _, door := range []func() error{
		func() error { _, _, err := r.mqtt("app", "wrong"); return err },
		func() error { _, err := r.amqp("app", "wrong"); return err },
		func() error { _, err := r.stomp("app", "wrong"); return err },
	} {
		if door() == nil {
			t.Error("a wrong password is taken")
		}
	}
	r.become("users:\n" + boss) // SIGHUP leaves accounts as they are
	if err := isGone(m); err != nil {
		t.Error(err)
	}
	r.api(204, "boss", "right", "DELETE", "users/app", "")
	<-gone
	<-closed
	if _, err := r.amqp("app", "secret"); err == nil {
		t.Error("a deleted user is let in")
	}
}

// An export is a backup: in another broker the users log in as before, those too
// whose hashes came from RabbitMQ.
func TestUsersAreBackedUp(t *testing.T) {
	old := startReloaded(t, "{}")
	old.api(201, "", "", "PUT", "users/app", `{"password":"secret","tags":""}`)
	old.api(200, "", "", "POST", "definitions", `{"users":[{"name":"rabbit","password_hash":"uDQ2gR7ah2D84cSqpzEtDPkvmtaa/I+K8nTjU8gLcmza4qGA","tags":"","hashing_algorithm":"rabbit_password_hashing_sha256"}]}`)
	for _, name := range []string{"app", "rabbit"} {
		old.api(201, "", "", "PUT", "permissions/%2F/"+name, `{"configure":".*","write":".*","read":".*"}`)
	}
	r := startReloaded(t, "{}")
	r.api(200, "", "", "POST", "definitions", old.api(200, "", "", "GET", "definitions", ""))
	for name, password := range map[string]string{"app": "secret", "rabbit": "p1"} {
		c, err := r.amqp(name, password)
		if err != nil {
			t.Fatal(name, err)
		}
		if ch, err := c.Channel(); err != nil {
			t.Error(name, err)
		} else if _, err := ch.QueueDeclare(name, true, false, false, false, nil); err != nil {
			t.Error(name, err)
		}
		if _, err := r.amqp(name, password+"x"); err == nil {
			t.Error("a wrong password is let in")
		}
	}
}

// Without configured users, anybody on this machine may make some; from then on
// a name that is given is checked.
func TestAccountsOfAnOpenBroker(t *testing.T) {
	r := startReloaded(t, "{}")
	if _, _, err := r.mqtt("any", "thing"); err != nil {
		t.Fatal(err)
	}
	r.api(201, "guest", "guest", "PUT", "users/app", `{"password":"secret","tags":"administrator"}`)
	r.api(201, "", "", "PUT", "permissions/%2F/app", `{"configure":".*","write":".*","read":".*"}`)
	if _, _, err := r.mqtt("any", "thing"); err == nil {
		t.Error("a name that nobody has is let in")
	}
	if _, _, err := r.mqtt("app", "wrong"); err == nil {
		t.Error("a wrong password is taken")
	}
	if _, _, err := r.mqtt("app", "secret"); err != nil {
		t.Error(err)
	}
	if _, err := r.amqp("app", "secret"); err != nil {
		t.Error(err)
	}
	if _, err := r.amqp("guest", "guest"); err != nil {
		t.Error(err)
	}
	r.api(200, "app", "secret", "GET", "queues", "")
}

// An operator who configures users later learns who else logs in: what whoever was
// on the machine made before is in the data.
func TestAccountsAreTold(t *testing.T) {
	b, err := core.New(memstore.New(memstore.Options{}), core.Options{Clock: newClock(), Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	access, err := core.NewAccess(nil, verifyPassword, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if err := access.Keep(b, func([]string) {}); err != nil {
		t.Fatal(err)
	}
	said := &notes{}
	log := slog.New(slog.NewTextHandler(said, nil))
	if tellAccounts(access, log); said.take() != "" {
		t.Error("told of nobody")
	}
	for _, name := range []string{"app", "boss"} {
		if _, err := access.ChangeAccount(name, func(a *core.Account, _ bool) error {
			a.Tags = map[string][]string{"boss": {"administrator"}}[name]
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	tellAccounts(access, log)
	if line := said.take(); !strings.Contains(line, `some="[app boss]" administrators=[boss]`) {
		t.Error(line)
	}
}
