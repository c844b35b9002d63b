package rabbit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slipwaymq/slipway/core"
)

func TestQueuesAndBindings(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "queues/%2F/q", `{"durable":"true","auto_delete":"false","arguments":{"x-max-length":5,"x-message-ttl":60000}}`)
	a.do(204, "PUT", "queues/%2F/q", `{"durable":true,"arguments":{"x-max-length":5,"x-message-ttl":60000}}`)
	text := a.do(400, "PUT", "queues/%2F/q", `{"durable":true,"arguments":{"x-max-length":6,"x-message-ttl":60000}}`)
	if !strings.Contains(text, "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': received '6' but current is '5'") {
		t.Error(text)
	}
	a.do(400, "PUT", "queues/%2F/bad", `{"arguments":{"x-message-ttl":-1}}`)
	a.do(400, "PUT", "queues/%2F/bad", `{"arguments":{"x-queue-type":"stream"}}`)
	a.do(400, "PUT", "queues/%2F/bad", `{`)
	a.do(404, "GET", "queues/%2F/none", "")
	a.do(404, "GET", "queues/none", "")
	q, _ := a.b.Default().Queue("q")
	if o := q.Options(); !o.Durable || o.MaxLength != 5 || o.MessageTTL != time.Minute || o.Dialect != "amqp" || !o.Ordered {
		t.Errorf("options %+v", o)
	}
	a.do(201, "PUT", "queues/%2F/a%2Fb%20c", `{}`)
	a.want("odd name", get[map[string]any](a, "queues/%2F/a%2Fb%20c")["name"].(string), "a/b c")
	a.want("names", a.column("queues", "name"), "a/b c q")
	a.want("filtered", a.column("queues?name=Q&columns=name", "name"), "q")
	a.want("sorted", a.column("queues/%2F?sort=name&sort_reverse=true", "name"), "q a/b c")
	page := get[map[string]any](a, "queues?page=1&page_size=1&sort=name")
	if page["total_count"] != 2.0 || page["page_count"] != 2.0 || len(page["items"].([]any)) != 1 {
		t.Errorf("page %v", page)
	}
	a.do(400, "GET", "queues?page=3&page_size=1", "")
	if text := a.do(200, "GET", "queues?columns=arguments.x-max-length,name&name=q", ""); text != `[{"arguments":{"x-max-length":5},"name":"q"}]` {
		t.Error(text)
	}
	a.do(201, "PUT", "exchanges/%2F/x", `{"type":"topic","durable":"true"}`)
	a.do(400, "PUT", "exchanges/%2F/x", `{"type":"fanout","durable":"true"}`)
	a.do(400, "PUT", "exchanges/%2F/y", `{"type":"own"}`)
	a.do(401, "PUT", "exchanges/%2F/amq.mine", `{"type":"direct"}`)
	a.do(201, "POST", "bindings/%2F/e/x/q/q", `{"routing_key":"a.#"}`)
	a.do(201, "POST", "bindings/%2F/e/x/q/q", `{"routing_key":"","arguments":{"k":1}}`)
	a.do(201, "POST", "bindings/%2F/e/amq.topic/e/x", `{"routing_key":"s.*"}`)
	a.do(404, "POST", "bindings/%2F/e/x/q/none", `{"routing_key":""}`)
	a.do(401, "POST", "bindings/%2F/e/amq.default/q/q", `{}`)
	a.want("keys", a.column("queues/%2F/q/bindings", "routing_key"), "q  a.#")
	a.want("sources", a.column("exchanges/%2F/x/bindings/destination", "source"), "amq.topic")
	a.want("destinations", a.column("exchanges/%2F/x/bindings/source", "destination"), "q q")
	for _, x := range get[[]map[string]any](a, "bindings/%2F/e/x/q/q") {
		a.do(204, "DELETE", "bindings/%2F/e/x/q/q/"+strings.ReplaceAll(x["properties_key"].(string), "%", "%25"), "")
	}
	a.want("left", a.column("exchanges/%2F/x/bindings/source", "destination"), "")
	a.do(404, "DELETE", "bindings/%2F/e/x/q/q/gone", "")
	a.do(401, "DELETE", "bindings/%2F/e/amq.default/q/q/q", "")
	a.do(204, "DELETE", "exchanges/%2F/x", "")
	a.do(401, "DELETE", "exchanges/%2F/amq.direct", "")
	a.do(204, "DELETE", "queues/%2F/q?if-empty=true", "")
}

func TestPublishAndGet(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "queues/%2F/dead", `{}`)
	a.do(201, "PUT", "queues/%2F/q", `{"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"dead"}}`)
	publish := func(exchange, key, payload, properties, encoding string) string {
		return a.do(200, "POST", "exchanges/%2F/"+exchange+"/publish",
			fmt.Sprintf(`{"routing_key":%q,"payload":%q,"payload_encoding":%q,"properties":%s}`, key, payload, encoding, properties))
	}
	a.want("routed", publish("amq.default", "q", "hello", `{"delivery_mode":2,"headers":{"n":5},"content_type":"text/plain","expiration":"60000"}`, "string"), `{"routed":true}`)
	a.want("routed", publish("amq.default", "q", "AP8=", `{}`, "base64"), `{"routed":true}`)
	a.want("not routed", publish("amq.fanout", "q", "x", `{}`, "string"), `{"routed":false}`)
	a.do(400, "POST", "exchanges/%2F/none/publish", `{"routing_key":"q","payload":"","payload_encoding":"string","properties":{}}`)
	a.do(400, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"q","payload":"","payload_encoding":"rot13","properties":{}}`)
	take := func(queue, mode string) []map[string]any {
		text := a.do(200, "POST", "queues/%2F/"+queue+"/get", `{"count":"5","ackmode":"`+mode+`","encoding":"auto"}`)
		return decode[[]map[string]any](t, text)
	}
	first := take("q", "ack_requeue_true")
	if len(first) != 2 || first[0]["payload"] != "hello" || first[1]["payload"] != "AP8=" || first[1]["payload_encoding"] != "base64" || first[0]["message_count"] != 1.0 {
		t.Fatalf("got %v", first)
	}
	p := first[0]["properties"].(map[string]any)
	if p["delivery_mode"] != 2.0 || p["expiration"] != "60000" || p["headers"].(map[string]any)["n"] != 5.0 || p["content_type"] != "text/plain" {
		t.Errorf("properties %v", p)
	}
	if again := take("q", "reject_requeue_false"); len(again) != 2 || again[0]["redelivered"] != true {
		t.Errorf("again %v", again)
	}
	dead := take("dead", "ack_requeue_false")
	if len(dead) != 2 {
		t.Fatalf("dead %v", dead)
	}
	h := dead[0]["properties"].(map[string]any)["headers"].(map[string]any)
	d := h["x-death"].([]any)[0].(map[string]any)
	if h["x-first-death-queue"] != "q" || d["reason"] != "rejected" || d["original-expiration"] != "60000" || dead[0]["routing_key"] != "dead" {
		t.Errorf("headers %v", h)
	}
	a.do(400, "POST", "queues/%2F/q/get", `{"count":1}`)
	a.do(204, "DELETE", "queues/%2F/q/contents", "")
}

func TestPoliciesAndDefinitions(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "policies/%2F/p", `{"pattern":"^q","definition":{"max-length":3},"priority":1,"apply-to":"queues"}`)
	a.do(204, "PUT", "policies/%2F/p", `{"pattern":"^q","definition":{"max-length":4}}`)
	a.do(400, "PUT", "policies/%2F/bad", `{"pattern":"^q","definition":{"ha-mode":"some"}}`)
	a.do(201, "PUT", "queues/%2F/q", `{"durable":true}`)
	a.do(201, "PUT", "exchanges/%2F/x", `{"type":"headers","durable":true}`)
	a.do(201, "POST", "bindings/%2F/e/x/q/q", `{"routing_key":"","arguments":{"x-match":"any","a":"b"}}`)
	if q := get[map[string]any](a, "queues/%2F/q"); q["policy"] != "p" || q["effective_policy_definition"].(map[string]any)["max-length"] != 4.0 {
		t.Errorf("queue %v", q)
	}
	out := a.do(200, "GET", "definitions", "")
	b := newAPI(t)
	report := decode[struct{ Imported []line }](t, b.do(200, "POST", "definitions", out))
	for _, l := range report.Imported {
		if (l.Result == kept) == (l.What == "global parameter") {
			t.Errorf("%+v", l)
		}
	}
	if again := b.do(200, "GET", "definitions", ""); again != out {
		t.Errorf("exported %s\nimported %s", out, again)
	}
	if one := a.do(200, "GET", "definitions/%2F", ""); strings.Count(one, `"vhost"`) != 1 || !strings.Contains(one, `"x-match"`) {
		t.Error(one)
	}
	a.do(204, "DELETE", "policies/%2F/p", "")
	a.do(404, "DELETE", "policies/%2F/p", "")
}

// An export of RabbitMQ's, with what Slipway keeps, changes and drops.
func TestImport(t *testing.T) {
	a := newAPI(t)
	report := decode[struct{ Imported []line }](t, a.do(200, "POST", "definitions", `{
		"rabbit_version":"3.10.8","users":[{"name":"app","password_hash":"x","tags":["administrator"]}],
		"vhosts":[{"name":"/"},{"name":"shop"}],"permissions":[{"user":"app","vhost":"/","configure":".*","write":".*","read":".*"}],
		"parameters":[{"component":"shovel","vhost":"/","name":"s","value":{}}],
		"policies":[{"vhost":"/","name":"ha","pattern":"","apply-to":"all","definition":{"ha-mode":"all"},"priority":0},
			{"vhost":"/","name":"both","pattern":"","definition":{"ha-mode":"all","max-length":9},"priority":"0"}],
		"queues":[{"name":"c","vhost":"/","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"classic"}},
			{"name":"q","vhost":"shop","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"quorum"}},
			{"name":"s","vhost":"/","durable":true,"auto_delete":false,"arguments":{"x-queue-type":"stream"}},
			{"name":"n","vhost":"nowhere","durable":true,"auto_delete":false,"arguments":{}}],
		"exchanges":[{"name":"x","vhost":"shop","type":"topic","durable":true,"auto_delete":false,"internal":false,"arguments":{}},
			{"name":"r","vhost":"/","type":"x-random","durable":true,"auto_delete":false,"internal":false,"arguments":{}}],
		"bindings":[{"source":"x","vhost":"shop","destination":"q","destination_type":"queue","routing_key":"#","arguments":{}},
			{"source":"r","vhost":"/","destination":"c","destination_type":"queue","routing_key":"#","arguments":{}}]}`))
	var got []string
	for _, l := range report.Imported {
		got = append(got, l.What+" "+l.Name+": "+l.Result)
	}
	want := `vhost /: kept
vhost shop: kept
user app: dropped
permission app: dropped
parameter shovel s: dropped
policy ha: changed
policy both: changed
exchange x: kept
exchange r: dropped
queue c: kept
queue q: changed
queue s: dropped
queue n: dropped
binding x -> q #: kept
binding r -> c #: dropped`
	a.want("lines", strings.Join(got, "\n"), want)
}

// rabbitmqadmin shows nothing of the answer: the log warns of what is missing.
func TestImportWarnsOfWhatItDrops(t *testing.T) {
	var log bytes.Buffer
	a := newAPI(t, func(cfg *Config) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	a.do(200, "POST", "definitions", `{"queues":[{"name":"kept","vhost":"/","durable":true},
		{"name":"gone","vhost":"/","durable":true,"arguments":{"x-queue-type":"stream"}}]}`)
	for text, want := range map[string]int{"level=INFO": 1, "level=WARN": 1} {
		if n := strings.Count(log.String(), text); n != want {
			t.Errorf("%d lines of %s, want %d: %s", n, text, want, &log)
		}
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "name=gone") != strings.Contains(line, "level=WARN") {
			t.Error(line)
		}
	}
}

// What RabbitMQ 3.10.8 exports, all of it.
func TestImportOfRabbitMQ(t *testing.T) {
	a := newAPI(t)
	text, err := os.ReadFile("testdata/rabbitmq-3.10.8.json")
	if err != nil {
		t.Fatal(err)
	}
	report := decode[struct{ Imported []line }](t, a.do(200, "POST", "definitions", string(text)))
	var got []string
	for _, l := range report.Imported {
		if l.Result != kept && l.What != "user" && !strings.Contains(l.What, "permission") {
			got = append(got, l.What+" "+l.Name+": "+l.Result+", "+l.Why)
		}
	}
	a.want("not kept", strings.Join(got, "\n"), `policy ha: changed, ha-mode is without effect: nothing is mirrored: there is one node
queue orders: changed, x-queue-type quorum: there is one kind of queue
queue log: dropped, invalid arg 'x-queue-type' for queue 'log' in vhost 'shop': there are no streams here; classic and quorum are accepted
queue lazy: changed, x-queue-mode is without effect
queue lim: changed, x-queue-type quorum: there is one kind of queue`)
	a.want("bindings", a.column("bindings/shop?columns=source,routing_key&sort=source", "source"), "  amq.topic events hdr")
	ns, err := a.b.Namespace("shop")
	if err != nil {
		t.Fatal(err)
	}
	q, _ := ns.Queue("orders")
	if o := q.Effective(); o.MaxDeliveries != 4 || o.MessageTTL != time.Minute || o.DeadLetter != core.ExchangeAddress("hdr", "") {
		t.Errorf("orders %+v", o)
	}
}

func TestWhoMay(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "queues/%2F/orders.1", `{}`)
	a.do(201, "PUT", "queues/%2F/bills", `{}`)
	a.do(201, "PUT", "exchanges/%2F/orders.x", `{"type":"fanout"}`)
	if _, err := a.b.Namespace("other"); err != nil {
		t.Fatal(err)
	}
	a.who = principal(t, core.Read|core.Write|core.Configure, []string{"orders*"}, "s/#")
	a.conns = []Connection{{ID: 1, Remote: "h:1", Local: "l:1", User: "root"}, {ID: 2, Remote: "h:2", User: "u"}, {ID: 3, Remote: "h:3", User: "u", Namespace: "other"}}
	a.want("connections", a.column("connections", "name"), "h:2 -> 2")
	a.want("queues", a.column("queues", "name"), "orders.1")
	a.want("vhosts", a.column("vhosts", "name"), "/")
	a.want("exchanges", a.column("exchanges/%2F?name=orders", "name"), "orders.x")
	a.do(404, "GET", "queues/other", "")
	for _, c := range []struct {
		status             int
		method, path, body string
	}{
		{401, "GET", "overview", ""}, {200, "GET", "connections", ""}, {401, "GET", "connections/h%3A1%20-%3E%20l%3A1", ""}, {401, "DELETE", "connections/h%3A1%20-%3E%20l%3A1", ""}, {401, "GET", "definitions", ""}, {401, "GET", "nodes", ""},
		{401, "GET", "users", ""}, {401, "PUT", "policies/%2F/p", `{"pattern":"","definition":{"max-length":1}}`}, {401, "PUT", "vhosts/v", `{}`},
		{401, "GET", "queues/%2F/bills", ""}, {401, "PUT", "queues/%2F/new", `{}`}, {401, "DELETE", "queues/%2F/bills", ""},
		{401, "DELETE", "queues/%2F/bills/contents", ""}, {401, "POST", "queues/%2F/bills/get", `{}`}, {401, "PUT", "exchanges/%2F/new", `{"type":"fanout"}`},
		{400, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"bills","payload":"","payload_encoding":"string","properties":{}}`},
		{400, "POST", "exchanges/%2F/amq.topic/publish", `{"routing_key":"t.x","payload":"","payload_encoding":"string","properties":{}}`},
		{200, "POST", "exchanges/%2F/amq.topic/publish", `{"routing_key":"s.x","payload":"","payload_encoding":"string","properties":{}}`},
		{200, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"orders.1","payload":"","payload_encoding":"string","properties":{}}`},
		{401, "POST", "bindings/%2F/e/orders.x/q/bills", `{}`}, {201, "POST", "bindings/%2F/e/orders.x/q/orders.1", `{}`},
		{401, "POST", "bindings/%2F/e/amq.topic/q/orders.1", `{"routing_key":"#"}`}, {201, "POST", "bindings/%2F/e/amq.topic/q/orders.1", `{"routing_key":"s.#"}`},
		{200, "GET", "whoami", ""},
		// Nobody reaches what he may not write by CC, a dead letter, an alternate or an import.
		{400, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"orders.1","payload":"","payload_encoding":"string","properties":{"headers":{"CC":["bills"]}}}`},
		{400, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"orders.1","payload":"","payload_encoding":"string","properties":{"headers":{"BCC":["bills"]}}}`},
		{200, "POST", "exchanges/%2F/amq.default/publish", `{"routing_key":"orders.1","payload":"","payload_encoding":"string","properties":{"headers":{"CC":["orders.1"]}}}`},
		{400, "POST", "exchanges/%2F/orders.x/publish", `{"routing_key":"","payload":"","payload_encoding":"string","properties":{"user_id":"root"}}`},
		{200, "POST", "exchanges/%2F/orders.x/publish", `{"routing_key":"","payload":"","payload_encoding":"string","properties":{"user_id":"u"}}`},
		{401, "PUT", "queues/%2F/orders.2", `{"arguments":{"x-dead-letter-exchange":"","x-dead-letter-routing-key":"bills"}}`},
		{401, "PUT", "queues/%2F/orders.2", `{"arguments":{"x-dead-letter-exchange":""}}`},
		{401, "PUT", "queues/%2F/orders.2", `{"arguments":{"x-dead-letter-exchange":"amq.topic"}}`},
		{401, "PUT", "queues/%2F/orders.2", `{"arguments":{"x-dead-letter-exchange":"amq.fanout"}}`},
		{201, "PUT", "queues/%2F/orders.2", `{"arguments":{"x-dead-letter-exchange":"orders.x"}}`},
		{401, "PUT", "exchanges/%2F/orders.y", `{"type":"fanout","arguments":{"alternate-exchange":"amq.fanout"}}`},
		{201, "PUT", "exchanges/%2F/orders.y", `{"type":"fanout","arguments":{"alternate-exchange":"orders.x"}}`},
		{401, "POST", "bindings/%2F/e/orders.x/e/amq.topic", `{}`},
		{401, "POST", "definitions", `{}`},
		{401, "PUT", "users/u", `{}`}, {401, "DELETE", "users/u", ""}, {401, "PUT", "permissions/%2F/u", `{}`},
	} {
		text := a.do(c.status, c.method, c.path, c.body)
		if c.status == 400 && !strings.Contains(text, "403 ACCESS_REFUSED") && !strings.Contains(text, "user_id") {
			t.Errorf("%s %s: %s", c.path, c.body, text)
		}
	}
	// A pattern for all names is none for all topics.
	a.who = principal(t, core.Read|core.Write|core.Configure, []string{"*"}, "s/#")
	a.do(401, "POST", "bindings/%2F/e/orders.x/e/amq.topic", `{}`)
	a.do(401, "PUT", "queues/%2F/orders.3", `{"arguments":{"x-dead-letter-exchange":"amq.topic"}}`)
	a.do(401, "POST", "definitions", `{}`)
	a.who = principal(t, core.Read|core.Configure, []string{"*"}, "#")
	a.do(401, "POST", "definitions", `{}`)
	a.who = principal(t, core.Read|core.Write|core.Configure, []string{"*"}, "#")
	a.do(200, "POST", "definitions", `{}`)
}

func TestConnections(t *testing.T) {
	closed := uint64(0)
	a := newAPI(t, func(c *Config) {
		c.Connections = func() []Connection {
			return []Connection{
				{ID: 7, Protocol: "amqp", Remote: "127.0.0.1:5000", Local: "127.0.0.1:5672", Since: time.UnixMilli(5), User: "app",
					Channels: []Channel{{Number: 1, Unacked: 3, Confirms: true}, {Number: 2}}, Properties: map[string]any{"product": "p"}},
				{ID: 8, Protocol: "mqtt", Remote: "127.0.0.1:6000", Client: "c"},
			}
		}
		c.Disconnect = func(id uint64) bool { closed = id; return true }
		c.Listeners = func() []Listener {
			return []Listener{{Door: "amqp", Address: "127.0.0.1:5672"}, {Door: "admin", Address: "[::1]:8161"}, {Door: "mqtt", TLS: true, Address: "127.0.0.1:8883"}}
		}
	})
	a.want("names", a.column("connections", "name"), "127.0.0.1:5000 -> 127.0.0.1:5672 127.0.0.1:6000 -> 8")
	a.want("a slash at the end", a.column("connections/", "name"), "127.0.0.1:5000 -> 127.0.0.1:5672 127.0.0.1:6000 -> 8")
	a.want("channels", a.column("channels", "name"), "127.0.0.1:5000 -> 127.0.0.1:5672 (1) 127.0.0.1:5000 -> 127.0.0.1:5672 (2)")
	const name = "127.0.0.1%3A5000%20-%3E%20127.0.0.1%3A5672"
	if c := get[map[string]any](a, "connections/"+name); c["protocol"] != "AMQP 0-9-1" || c["channels"] != 2.0 || c["peer_port"] != 5000.0 {
		t.Errorf("connection %v", c)
	}
	a.want("its channels", a.column("connections/"+name+"/channels", "name"), a.column("channels", "name"))
	if ch := get[map[string]any](a, "channels/"+name+"%20%281%29"); ch["messages_unacknowledged"] != 3.0 || ch["confirm"] != true {
		t.Errorf("channel %v", ch)
	}
	a.do(204, "DELETE", "connections/"+name, "")
	a.do(404, "DELETE", "connections/none", "")
	if closed != 7 {
		t.Errorf("closed %d", closed)
	}
	if o := get[map[string]any](a, "overview"); o["object_totals"].(map[string]any)["channels"] != 2.0 || len(o["listeners"].([]any)) != 3 {
		t.Errorf("overview %v", o)
	}
	a.do(200, "GET", "health/checks/port-listener/5672", "")
	a.do(503, "GET", "health/checks/port-listener/1", "")
	a.do(200, "GET", "health/checks/protocol-listener/amqp091", "")
	a.do(503, "GET", "health/checks/protocol-listener/stomp", "")
	a.do(200, "GET", "health/checks/alarms", "")
	a.b.HoldPublishes("low on memory")
	a.do(503, "GET", "health/checks/alarms", "")
	a.b.HoldPublishes("")
	a.want("alive", a.do(200, "GET", "aliveness-test/%2F", ""), `{"status":"ok"}`)
	a.do(404, "GET", "nothing", "")
	a.do(405, "POST", "overview", "")
}

// A list of any length takes no memory of that length: it is written as it comes.
func TestListStreams(t *testing.T) {
	a := newAPI(t)
	for i := range 3000 {
		if _, _, err := a.b.Default().DeclareQueue(fmt.Sprintf("q%04d", i), core.QueueOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.NewRequest("GET", "/api/queues", nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &counting{header: http.Header{}}
	a.h.ServeHTTP(w, r)
	if w.largest > 4096 || w.n < 3000*100 {
		t.Errorf("%d bytes, the largest piece %d", w.n, w.largest)
	}
}

type counting struct {
	header     http.Header
	n, largest int
}

func (c *counting) Header() http.Header { return c.header }
func (c *counting) WriteHeader(int)     {}
func (c *counting) Write(b []byte) (int, error) {
	c.n += len(b)
	c.largest = max(c.largest, len(b))
	return len(b), nil
}

// Pages are cut out of what is sorted and filtered, whatever the order of rows.
func TestPages(t *testing.T) {
	a := newAPI(t)
	for i := range 10 {
		a.do(201, "PUT", fmt.Sprintf("queues/%%2F/q%d", i), `{}`)
		for range (i * 7) % 10 {
			m := &core.Message{}
			if _, err := a.b.Default().Publish(t.Context(), &core.Publication{Message: m, To: core.QueueAddress(fmt.Sprint("q", i))}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []string
	for page := 1; page <= 4; page++ {
		p := get[struct {
			Items []struct{ Name string }
			Total int `json:"total_count"`
		}](a, fmt.Sprintf("queues?page=%d&page_size=3&sort=messages&sort_reverse=true", page))
		for _, x := range p.Items {
			got = append(got, x.Name)
		}
		if p.Total != 10 {
			t.Errorf("total %d", p.Total)
		}
	}
	a.want("by messages", strings.Join(got, " "), "q7 q4 q1 q8 q5 q2 q9 q6 q3 q0")
	a.want("all sorted", a.column("queues?sort=messages&sort_reverse=true", "name"), "q7 q4 q1 q8 q5 q2 q9 q6 q3 q0")
}

// What was found beside a RabbitMQ (integration/management), where that is not installed.
func TestAsRabbitMQ(t *testing.T) {
	a := newAPI(t)
	a.do(201, "PUT", "vhosts/told", `{"description":"of the shop","tags":"a,b"}`)
	told := get[struct {
		Description string
		Tags        []string
	}](a, "vhosts/told")
	a.want("told", told.Description+" "+strings.Join(told.Tags, " "), "of the shop a b")
	a.do(201, "PUT", "queues/%2F/plain", "") // no body is as good as {}
	a.do(401, "PUT", "queues/%2F/amq.mine", `{}`)
	a.do(405, "PATCH", "overview", "")
	a.do(200, "OPTIONS", "overview", "")
	a.do(404, "OPTIONS", "nothing", "")
	a.do(404, "GET", "global-parameters/none", "")
	a.want("vhost", a.do(404, "PUT", "queues/none/q", `{}`), `{"error":"not_found","reason":"vhost_not_found"}`)
	for _, lacks := range []string{"properties", "routing_key", "payload", "payload_encoding"} {
		body := map[string]any{"properties": map[string]any{}, "routing_key": "plain", "payload": "x", "payload_encoding": "string"}
		delete(body, lacks)
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		a.want(lacks, a.do(400, "POST", "exchanges/%2F/amq.default/publish", string(text)), `{"error":"bad_request","reason":"[{key_missing,`+lacks+`}]"}`)
	}
	a.want("caseless", a.column("queues?name=^PLAIN&use_regex=true", "name"), "plain")
	a.want("no pages", a.column("bindings?page=1&page_size=1", "destination"), "plain")
	a.want("no name", a.column("exchanges/%2F//bindings/source", "destination"), "plain")
	a.do(201, "PUT", "exchanges/%2F/x", `{"type":"topic"}`)
	a.do(201, "POST", "bindings/%2F/e/x/q/plain", `{"routing_key":"a/b ~c"}`)
	a.do(204, "DELETE", "bindings/%2F/e/x/q/plain/a%252Fb%2520%257Ec", "")
}
