package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/slipwaymq/slipway/config"
)

// notes is a log to look into while it is written.
type notes struct {
	mu  sync.Mutex
	all bytes.Buffer // guarded by mu
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.all.Write(b)
}

func (n *notes) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	defer n.all.Reset()
	return n.all.String()
}

// reloaded is a broker with a configuration that can be written anew.
type reloaded struct {
	*instance
	t    *testing.T
	file string
	log  *notes
}

func startReloaded(t *testing.T, text string) *reloaded {
	t.Helper()
	r := &reloaded{t: t, file: write(t, text), log: &notes{}}
	src := config.Sources{File: r.file, Flags: map[string]string{
		"data_dir": t.TempDir(), "mqtt.listen": "127.0.0.1:0", "amqp.listen": "127.0.0.1:0", "stomp.listen": "127.0.0.1:0", "websocket.listen": "127.0.0.1:0",
		"aws.listen": "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "limits.min_free_disk": "1MiB",
	}}
	cfg, err := load(src)
	if err != nil {
		t.Fatal(err)
	}
	log, level := newLogger(cfg.Log, r.log)
	w := outside(t)
	w.reload = reload{level: level, load: func() (config.Config, error) { return load(src) }}
	if r.instance, err = start(cfg, log, w); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// become writes a configuration, has it read, and returns what was logged.
func (r *reloaded) become(text string) string {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return r.again()
}

// again is what SIGHUP does, to its end.
func (r *reloaded) again() string {
	r.log.take()
	r.readAgain()
	return r.log.take()
}

func (r *reloaded) mqtt(user, password string) (c mqtt.Client, lost chan error, err error) {
	lost = make(chan error, 1)
	o := mqtt.NewClientOptions().AddBroker("tcp://" + address(r.t, r.doors.opened, "mqtt")).SetClientID(user).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err })
	c = mqtt.NewClient(o)
	token := c.Connect()
	token.Wait()
	if err := token.Error(); err != nil {
		return nil, nil, err
	}
	r.t.Cleanup(func() { c.Disconnect(0) })
	return c, lost, nil
}

func (r *reloaded) publishes(c mqtt.Client, topic string) error {
	token := c.Publish(topic, 1, false, "x")
	token.Wait()
	return errors.Join(token.Error(), isGone(c))
}

func isGone(c mqtt.Client) error {
	if c.IsConnectionOpen() {
		return nil
	}
	return errors.New("no connection")
}

// user is a line of users; hash is of the password "right", or of another.
func user(name, hash, key, topics string) string {
	return fmt.Sprintf("  - {name: %s, password_hash: %q, access_keys: [{id: %s, secret: secret-of-%s}], permissions: [{allow: [configure, write, read], queues: [\"*\"], topics: [%s]}]}\n",
		name, hash, key, key, topics)
}

// SIGHUP takes up users, passwords, permissions, access keys and the log's
// level. Who may not go on is cut off, and nobody else.
func TestReload(t *testing.T) {
	right, other := hashPassword([]byte("right"), []byte("0123456789abcdef")), hashPassword([]byte("other"), []byte("0123456789abcdef"))
	r := startReloaded(t, "users:\n"+user("stays", right, "STAYS", "a")+user("goes", right, "GOES", "a")+user("changes", right, "CHANGES", "a")+user("shrinks", right, "SHRINKS", "a, b"))
	all, lost := map[string]mqtt.Client{}, map[string]chan error{}
	for _, name := range []string{"stays", "goes", "changes", "shrinks"} {
		c, gone, err := r.mqtt(name, "right")
		if err != nil {
			t.Fatal(name, err)
		}
		all[name], lost[name] = c, gone
	}
	rabbit, err := amqp.Dial("amqp://goes:right@" + address(t, r.doors.opened, "amqp"))
	if err != nil {
		t.Fatal(err)
	}
	refused := rabbit.NotifyClose(make(chan *amqp.Error, 1))
	url := "http://" + address(t, r.doors.opened, "aws")
	if err := signAs(t, url, "GOES", "secret-of-GOES").createTopic(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}

	said := r.become("log: {level: debug}\nusers:\n" + user("stays", right, "FRESH", "a, c") + user("changes", other, "CHANGES", "a") + user("shrinks", right, "SHRINKS", "a") + user("comes", right, "COMES", "a"))
	if !strings.Contains(said, "changes, goes, shrinks") || strings.Contains(said, "level=ERROR") || strings.Contains(said, "next start") {
		t.Errorf("logged:\n%s", said)
	}
	for _, name := range []string{"goes", "changes", "shrinks"} {
		select {
		case <-lost[name]:
		case <-t.Context().Done():
		}
	}
	if e := <-refused; e == nil || e.Code != amqp.ConnectionForced {
		t.Errorf("amqp: %v", e)
	}
	if err := r.publishes(all["stays"], "c"); err != nil {
		t.Errorf("a new permission of who stayed: %v", err)
	}
	for _, tt := range []struct {
		name, password string
		ok             bool
	}{{"stays", "right", true}, {"goes", "right", false}, {"changes", "right", false}, {"changes", "other", true}, {"shrinks", "right", true}, {"comes", "right", true}} {
		if _, _, err := r.mqtt(tt.name, tt.password); (err == nil) != tt.ok {
			t.Errorf("%s with %s: %v", tt.name, tt.password, err)
		}
	}
	for key, ok := range map[string]bool{"GOES": false, "STAYS": false, "FRESH": true, "COMES": true} {
		if err := signAs(t, url, key, "secret-of-"+key).createTopic(t.Context(), "a"); (err == nil) != ok {
			t.Errorf("access key %s: %v", key, err)
		}
	}
	if !r.instance.log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("the log is not at the new level")
	}
}

// A configuration that is wrong changes nothing, and the log says where it is
// wrong and why.
func TestReloadOfWhatIsWrong(t *testing.T) {
	right := hashPassword([]byte("right"), []byte("0123456789abcdef"))
	before := "users:\n" + user("app", right, "APP", "a")
	r := startReloaded(t, before)
	c, _, err := r.mqtt("app", "right")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		"users:\n" + user("new", right, "NEW", "a") + "log: {level: loud}\nmqtt: {listn: []}\n": {"log.level: \\\"loud\\\" is none of", r.file + ", line 3", "mqtt.listn: unknown key", r.file + ", line 4"},
		"users: [{name: app}]":                            {"users[0]: this user can never log in", r.file + ", line 1"},
		"users:\n\t- x":                                   {"not YAML: line 2", r.file},
		"log: {level: debug}\nlog: {}\nusers":             {r.file},
		"mqtt: {tls_listen: ['0.0.0.0:8883']}\nusers: []": {"mqtt.tls_listen"},
	} {
		said := r.become(text)
		for _, part := range append(want, "level=ERROR", "the one before it stays") {
			if !strings.Contains(said, part) {
				t.Errorf("%q: the log lacks %q:\n%s", text, part, said)
			}
		}
		if _, _, err := r.mqtt("new", "right"); err == nil {
			t.Errorf("%q: half of it was taken up", text)
		}
	}
	if err := os.Remove(r.file); err != nil {
		t.Fatal(err)
	}
	if said := r.again(); !strings.Contains(said, "no such file") || !strings.Contains(said, r.file) {
		t.Errorf("without a file: %s", said)
	}
	if err := r.publishes(c, "a"); err != nil {
		t.Errorf("who was there: %v", err)
	}
	if r.instance.log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("the level of what is wrong is taken")
	}
	if said := r.become(before + "# again\n"); strings.Contains(said, "ERROR") || strings.Contains(said, "WARN") {
		t.Errorf("right again: %s", said)
	}
	if err := r.publishes(c, "a"); err != nil {
		t.Errorf("who was there all the time: %v", err)
	}
}

// What can only change at a start is named.
func TestReloadSaysWhatWaits(t *testing.T) {
	r := startReloaded(t, "limits: {max_queues: 7}\n")
	right := hashPassword([]byte("right"), []byte("0123456789abcdef"))
	said := r.become("limits: {max_queues: 8}\nroutes: [{topic: a, queue: b}]\nusers:\n" + user("first", right, "FIRST", "a"))
	if !strings.Contains(said, "routes, users, limits.max_queues") || !strings.Contains(said, "level=WARN") {
		t.Errorf("logged: %s", said)
	}
	if said := r.become("limits: {max_queues: 7}\n"); strings.Contains(said, "WARN") {
		t.Errorf("as at the start: %s", said)
	}
}

// The last user who goes leaves the door closed, not open.
func TestReloadWithoutUsers(t *testing.T) {
	right := hashPassword([]byte("right"), []byte("0123456789abcdef"))
	r := startReloaded(t, "users:\n"+user("last", right, "LAST", "a"))
	_, lost, err := r.mqtt("last", "right")
	if err != nil {
		t.Fatal(err)
	}
	r.become("users: []\n")
	<-lost
	for _, name := range []string{"last", ""} {
		if _, _, err := r.mqtt(name, "right"); err == nil {
			t.Errorf("%q is let in", name)
		}
	}
}
