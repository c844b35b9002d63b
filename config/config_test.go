package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, text string, env ...string) Config {
	t.Helper()
	c, err := Parse("slipway.yaml", []byte(text), env, nil)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

func TestNothingIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "---\n", "# comment\n", "mqtt:\n", "users: []\n"} {
		got := parse(t, text)
		got.Users = nil
		if want := Default(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
}

func TestLayersWinInOrder(t *testing.T) {
	file := "data_dir: from-file\nlog: {level: warn}\nmqtt: {listen: [\"127.0.0.1:1\", \"127.0.0.1:2\"]}\nlimits: {max_queues: 7}\n"
	env := []string{"SLIPWAY_DATA_DIR=from-env", "SLIPWAY_LOG_LEVEL=error", "SLIPWAY_MQTT_LISTEN=127.0.0.1:3, [::1]:4", "SLIPWAY_MEMORY="}
	c, err := Parse("slipway.yaml", []byte(file), env, map[string]string{"data_dir": "from-flag", "memory": "true"})
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "from-flag" || !c.Memory || c.Log.Level != "error" || c.Log.Format != "text" || c.Limits.MaxQueues != 7 {
		t.Errorf("got %+v", c)
	}
	if want := []string{"127.0.0.1:3", "[::1]:4"}; !reflect.DeepEqual(c.MQTT.Listen, want) {
		t.Errorf("mqtt.listen: got %q, want %q", c.MQTT.Listen, want)
	}
}

func TestValuesAreRead(t *testing.T) {
	c := parse(t, `
aws: {account_id: 000123456789, listen: [], allowed_hosts: ["*", "*.example.com", slipway, "::1"]}
admin: {listen: "127.0.0.1:1, 127.0.0.1:2"}
limits: {max_message_size: 64KiB, memory_budget: 2GiB, min_free_disk: 1MiB, handshake_timeout: 1500ms}
users:
  - name: app
    password_hash: $2b$10$abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXY
    permissions: [{allow: [read], queues: ["a*"], topics: [a/+/b, "#"]}, {allow: "read,write", topics: "#"}]
`)
	want := []Permission{
		{Allow: []string{"read"}, Queues: []string{"a*"}, Topics: []string{"a/+/b", "#"}},
		{Allow: []string{"read", "write"}, Topics: []string{"#"}},
	}
	switch {
	case c.AWS.AccountID != "000123456789":
		t.Errorf("account_id: %q", c.AWS.AccountID)
	case len(c.AWS.Listen) != 0 || len(c.Admin.Listen) != 2:
		t.Errorf("listen: %q, %q", c.AWS.Listen, c.Admin.Listen)
	case c.Limits.MaxMessageSize != 64*KiB || c.Limits.MemoryBudget != 2*GiB || c.Limits.MinFreeDisk != MiB:
		t.Errorf("sizes: %+v", c.Limits)
	case c.Limits.HandshakeTimeout != 1500*time.Millisecond:
		t.Errorf("handshake_timeout: %v", c.Limits.HandshakeTimeout)
	case !reflect.DeepEqual(c.Users[0].Permissions, want):
		t.Errorf("permissions: %+v", c.Users[0].Permissions)
	}
}

func TestExampleLoads(t *testing.T) {
	c := parse(t, Example())
	want := Default()
	want.Namespaces, want.Queues, want.Topics, want.Routes, want.Policies, want.Users = c.Namespaces, c.Queues, c.Topics, c.Routes, c.Policies, c.Users
	for _, l := range leaves(reflect.TypeFor[Config](), nil) { // [] in the example is nothing
		v := reflect.ValueOf(&c).Elem()
		for _, key := range l.path {
			f, _ := field(v.Type(), key)
			v = v.FieldByIndex(f.Index)
		}
		if v.Kind() == reflect.Slice && v.Len() == 0 {
			v.SetZero()
		}
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("a value in the example is not the default:\ngot  %+v\nwant %+v", c, want)
	}
}

// Every key of every type stands in the example, spelt out once at least.
func TestExampleNamesEveryKey(t *testing.T) {
	lines := map[string]bool{}
	for line := range strings.Lines(Example()) {
		key, _, ok := strings.Cut(strings.TrimLeft(line, " -"), ":")
		lines[key] = lines[key] || ok && !strings.HasPrefix(key, "#")
	}
	for path, key := range everyKey(reflect.TypeFor[Config](), "") {
		if key == "" {
			t.Errorf("%s: the field has no key", path)
		}
		if !lines[key] {
			t.Errorf("slipway.example.yaml lacks %s", path)
		}
	}
}

func everyKey(t reflect.Type, above string) map[string]string {
	all := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("mapstructure")
		path := join(above, key)
		all[path] = key
		below := f.Type
		if below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		if below.Kind() == reflect.Struct {
			for p, k := range everyKey(below, path) {
				all[p] = k
			}
		}
	}
	return all
}

// Every setting that can be written as text has a variable that sets it, and
// no two share one.
func TestEveryTextSettingHasAVariable(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range leaves(reflect.TypeFor[Config](), nil) {
		name := envName(l.path)
		if seen[name] {
			t.Errorf("%s sets two settings", name)
		}
		seen[name] = true
		ps := newProblems()
		tree := ps.readEnv([]string{name + "=" + sampleText(l.typ)})
		if isText(l.typ) != (len(tree) == 1) || isText(l.typ) != (len(ps.found) == 0) {
			t.Errorf("%s: tree %v, problems %v", name, tree, ps.err())
		}
	}
}

func sampleText(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[bool]():
		return "true"
	case t == reflect.TypeFor[time.Duration]():
		return "1s"
	}
	return "1"
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1883": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true, "LOCALHOST:1": true,
		"[::ffff:127.0.0.1]:1": true,
		":1883":                false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "example.test:1": false, "127.0.0.1": false, "": false,
	} {
		if got := Loopback(address); got != want {
			t.Errorf("Loopback(%q) = %v", address, got)
		}
	}
}

func TestAnonymous(t *testing.T) {
	open, closed := Config{}, Config{Users: []User{{Name: "app"}}}
	for _, tt := range []struct {
		c       Config
		allowed bool
		address string
		want    bool
	}{
		{open, false, "127.0.0.1:1", true},
		{open, false, "0.0.0.0:1", false},
		{open, true, "0.0.0.0:1", true},
		{closed, false, "127.0.0.1:1", false},
		{closed, true, "127.0.0.1:1", true},
	} {
		if got := tt.c.Anonymous(tt.allowed, tt.address); got != tt.want {
			t.Errorf("users %d, allowed %v, %s: %v", len(tt.c.Users), tt.allowed, tt.address, got)
		}
	}
}

func TestBytesString(t *testing.T) {
	for b, want := range map[Bytes]string{0: "0", 1: "1", 1024: "1KiB", 1025: "1025", 16 * MiB: "16MiB", 3 * GiB: "3GiB"} {
		if got := b.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(b), got, want)
		}
		if back, err := parseBytes(b.String()); err != nil || back != b {
			t.Errorf("%s read back: %v, %v", b, back, err)
		}
	}
}

// A door inherits what its own section does not say; certificates go together.
func TestDoorsInheritTLS(t *testing.T) {
	c := parse(t, `
tls: {certificate: a.pem, key: a.key, certificates: [{certificate: b.pem, key: b.key}], client_ca: ca.pem, min_version: "1.3"}
mqtt: {tls_listen: ["127.0.0.1:8883"], tls: {client_auth: required, client_name: dns}}
aws: {tls_listen: ["127.0.0.1:4567"], tls: {certificate: c.pem, key: c.key}}
`)
	want := map[string]TLS{
		"mqtt": {Certificate: "a.pem", Key: "a.key", Certificates: []Certificate{{"b.pem", "b.key"}}, ClientCA: "ca.pem", ClientAuth: "required", ClientName: "dns", MinVersion: "1.3"},
		"aws":  {Certificate: "c.pem", Key: "c.key", ClientCA: "ca.pem", ClientAuth: "none", ClientName: "cn", MinVersion: "1.3"},
	}
	for _, d := range c.Doors() {
		if w, ok := want[d.Name]; ok && !reflect.DeepEqual(d.TLS, w) {
			t.Errorf("%s: got %+v, want %+v", d.Name, d.TLS, w)
		}
	}
}

// Who proves by a certificate who it is needs no password.
func TestUsersOfCertificates(t *testing.T) {
	parse(t, `
tls: {certificate: a.pem, key: a.key, client_ca: ca.pem, client_auth: required}
mqtt: {tls_listen: ["0.0.0.0:8883"]}
users: [{name: device}]
`)
}

func TestProxies(t *testing.T) {
	p := parse(t, `proxy_protocol: {from: [10.0.0.7, 10.1.2.3/16, "fd00::/8"]}`).ProxyProtocol
	if got := fmt.Sprint(Networks(p.From)); got != "[10.0.0.7/32 10.1.0.0/16 fd00::/8]" || !p.At("mqtt") || p.At("admin") {
		t.Errorf("%v, mqtt %v, admin %v", got, p.At("mqtt"), p.At("admin"))
	}
	p = parse(t, `proxy_protocol: {from: "127.0.0.1", doors: "admin,aws"}`).ProxyProtocol
	if p.At("mqtt") || !p.At("aws") || !p.At("admin") {
		t.Error("not at the doors that are listed")
	}
}
