package admin

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// tool is rabbitmqadmin against one broker.
type tool struct {
	*testing.T
	options []string
}

func newTool(t *testing.T, b *daemon.Broker, options ...string) *tool {
	t.Helper()
	daemon.Need(t, "rabbitmqadmin")
	host, port, err := net.SplitHostPort(b.Admin)
	if err != nil {
		t.Fatal(err)
	}
	return &tool{t, append([]string{"-H", host, "-P", port}, options...)}
}

func (r *tool) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "rabbitmqadmin", append(r.options[:len(r.options):len(r.options)], args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// says runs a command that succeeds and wants its words.
func (r *tool) says(words string, args ...string) {
	r.Helper()
	out, err := r.run(args...)
	if err != nil || !strings.Contains(out, words) {
		r.Errorf("%q: %v, no %q in %s", args, err, words, out)
	}
}

// refuses runs a command that fails and wants its words.
func (r *tool) refuses(words string, args ...string) {
	r.Helper()
	out, err := r.run(args...)
	if err == nil || !strings.Contains(out, words) {
		r.Errorf("%q: %v, no %q in %s", args, err, words, out)
	}
}

// list is one column of a list.
func (r *tool) list(what, column string) string {
	r.Helper()
	out, err := r.run("-f", "raw_json", "list", what, column)
	var rows []map[string]string
	if err != nil || json.Unmarshal([]byte(out), &rows) != nil {
		r.Fatalf("list %s: %v, %s", what, err, out)
	}
	var all []string
	for _, x := range rows {
		all = append(all, x[column])
	}
	return strings.Join(all, " ")
}

func TestRabbitMQAdmin(t *testing.T) {
	b := daemon.Start(t, daemon.Options{})
	r := newTool(t, b)
	for what := range strings.FieldsSeq("connections channels consumers exchanges queues bindings users vhosts permissions nodes parameters policies operator_policies vhost_limits") {
		r.says("", "list", what)
	}
	r.says("3.10", "show", "overview")
	r.says("exchange declared", "declare", "exchange", "name=logs", "type=topic")
	r.says("queue declared", "declare", "queue", "name=errors", "durable=true", `arguments={"x-max-length":10}`)
	r.says("queue declared", "declare", "queue", "name=quorum", "queue_type=quorum")
	r.refuses("inequivalent arg 'durable' for queue 'errors' in vhost '/': received 'false' but current is 'true'", "declare", "queue", "name=errors", "durable=false")
	r.says("binding declared", "declare", "binding", "source=logs", "destination=errors", "routing_key=*.error")
	r.says("binding declared", "declare", "binding", "source=amq.topic", "destination_type=exchange", "destination=logs", "routing_key=#")
	if got := r.list("bindings", "source"); got != "  amq.topic logs" {
		t.Errorf("sources %q", got)
	}
	r.says("Message published", "publish", "exchange=logs", "routing_key=eu.error", "payload=hello", `properties={"delivery_mode":2,"headers":{"k":"v"}}`)
	r.says("NOT routed", "publish", "exchange=logs", "routing_key=eu.info", "payload=lost")
	r.says("hello", "get", "queue=errors")
	file := filepath.Join(t.TempDir(), "payload")
	r.says("eu.error", "get", "queue=errors", "ackmode=ack_requeue_false", "payload_file="+file)
	if text, err := os.ReadFile(file); err != nil || string(text) != "hello" {
		t.Errorf("payload %q, %v", text, err)
	}
	r.says("No items", "get", "queue=errors")
	r.says("queue purged", "purge", "queue", "name=errors")
	r.says("policy declared", "declare", "policy", "name=short", "pattern=^err", `definition={"max-length":1}`, "apply-to=queues", "priority=1")
	if got := r.list("queues", "policy"); got != "short " {
		t.Errorf("policies %q", got)
	}
	r.says("policy declared", "declare", "policy", "name=ha", "pattern=", `definition={"ha-mode":"all"}`)
	r.refuses("takes an integer, none given", "declare", "policy", "name=ha", "pattern=", `definition={"ha-mode":"exactly"}`)
	r.says("policy deleted", "delete", "policy", "name=short")
	r.says("vhost declared", "declare", "vhost", "name=shop")
	r.says("queue declared", "-V", "shop", "declare", "queue", "name=orders")
	r.says("vhost_limit declared", "declare", "vhost_limit", "vhost=shop", "name=max-queues", "value=1")
	if got := r.list("vhost_limits", "vhost"); got != "shop" {
		t.Errorf("limits of %q", got)
	}
	r.refuses("queue limit in vhost 'shop' (1) is reached", "-V", "shop", "declare", "queue", "name=more")
	r.says("vhost_limit deleted", "delete", "vhost_limit", "vhost=shop", "name=max-queues")
	r.says("user declared", "declare", "user", "name=u", "password=p", "tags=administrator")
	r.says("permission declared", "declare", "permission", "vhost=/", "user=u", "configure=.*", "write=.*", "read=.*")
	r.says("user declared", "declare", "user", "name=low", "password=p", "tags=management")
	u, low := newTool(t, b, "-u", "u", "-p", "p"), newTool(t, b, "-u", "low", "-p", "p")
	u.says("errors", "list", "queues")
	u.says("low", "list", "users")
	low.refuses("Access refused", "declare", "user", "name=evil", "password=p", "tags=administrator")
	newTool(t, b, "-u", "u", "-p", "wrong").refuses("Access refused", "list", "queues")
	u.says("permission deleted", "delete", "permission", "vhost=/", "user=u")
	u.says("user deleted", "delete", "user", "name=low")
	low.refuses("Access refused", "list", "queues")

	export := filepath.Join(t.TempDir(), "definitions.json")
	r.says("Exported", "export", export)
	other := newTool(t, daemon.Start(t, daemon.Options{}))
	other.says("Uploaded", "import", export)
	for what, column := range map[string]string{"queues": "name", "bindings": "routing_key", "exchanges": "name", "vhosts": "name"} {
		if got, want := other.list(what, column), r.list(what, column); got != want {
			t.Errorf("imported %s %q, want %q", what, got, want)
		}
	}
	r.says("binding deleted", "delete", "binding", "source=logs", "destination_type=queue", "destination=errors", "properties_key=*.error")
	r.says("exchange deleted", "delete", "exchange", "name=logs")
	r.says("queue deleted", "delete", "queue", "name=errors")
	r.refuses("Not found", "delete", "queue", "name=errors")
}

// usersConfig is a file with the user app, whose password is secret.
func usersConfig(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "slipway.yaml")
	err := os.WriteFile(file, []byte(`users:
  - name: app
    password_hash: "$argon2id$v=19$m=19456,t=2,p=1$GqYLTeHDAHwuUEOZGB+2Rg$FVierighIaSRE9i4pExzLv+7s1abNugPliQJWL6JNzQ"
    permissions:
      - {allow: [configure, write, read], queues: ["orders*"]}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// With users, rabbitmqadmin is one of them.
func TestRabbitMQAdminAsAUser(t *testing.T) {
	b := daemon.Start(t, daemon.Options{Config: usersConfig(t)})
	newTool(t, b).refuses("Access refused", "list", "queues") // guest
	newTool(t, b, "-u", "app", "-p", "wrong").refuses("Access refused", "list", "queues")
	r := newTool(t, b, "-u", "app", "-p", "secret")
	r.says("queue declared", "declare", "queue", "name=orders.new")
	r.refuses("Access refused", "declare", "queue", "name=bills")
	r.refuses("Access refused", "list", "users")
}
