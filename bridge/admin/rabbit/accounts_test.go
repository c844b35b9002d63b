package rabbit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// withAccounts is an API that keeps users; plain text stands for hashes.
func withAccounts(t *testing.T, configured ...core.AccessUser) (*api, *core.Access, *[]string) {
	t.Helper()
	verify := func(hash string, password []byte) bool { return hash == "hash:"+string(password) }
	access, err := core.NewAccess(configured, verify, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	var a *api
	a = newAPI(t, func(c *Config) {
		c.Access = access
		c.Configured = func(name string) bool { return name == "named" }
		c.Disconnect = func(id uint64) bool {
			if a.disconnected != nil {
				a.disconnected(id)
			}
			return true
		}
		c.Passwords = Passwords{
			Hash:   func(p []byte) (string, error) { return "hash:" + string(p), nil },
			Export: func(kept string) (string, string) { return "ours", strings.TrimPrefix(kept, "hash:") },
			Import: func(algorithm, hash, _ string) (string, error) {
				if algorithm != "" && algorithm != "ours" {
					return "", errors.New("unknown " + algorithm)
				}
				return "hash:" + hash, nil
			},
			Verify: verify,
		}
	})
	ended := &[]string{}
	if err := access.Keep(a.b, func(names []string) { *ended = append(*ended, names...) }); err != nil {
		t.Fatal(err)
	}
	return a, access, ended
}

// as has what follows asked by a user.
func (a *api) as(access *core.Access, name, password string) {
	a.Helper()
	who, err := access.Authenticate(a.Context(), "", name, []byte(password))
	if err != nil {
		a.Fatal(err)
	}
	a.who = who
}

func TestUsersAreMade(t *testing.T) {
	a, access, ended := withAccounts(t, core.AccessUser{Name: "file", PasswordHash: "hash:f"})
	a.do(400, "PUT", "users/u", `{"password":"p"}`) // RabbitMQ asks for tags
	a.do(201, "PUT", "users/u", `{"password":"p","tags":"management, management"}`)
	a.want("user", a.do(200, "GET", "users/u", ""), `{"hashing_algorithm":"","limits":{},"name":"u","password_hash":"","tags":["management"]}`)
	a.want("without", a.column("users/without-permissions", "name"), "u")
	a.do(400, "PUT", "permissions/%2F/u", `{"configure":".*","write":""}`)
	a.want("regexp", a.do(400, "PUT", "permissions/%2F/u", `{"configure":"a(","write":"","read":""}`)[:41], `{"error":"bad_request","reason":"invalid_`)
	a.do(201, "PUT", "permissions/%2F/u", `{"configure":"^a","write":"","read":".*"}`)
	a.do(204, "PUT", "permissions/%2F/u", `{"configure":"^app[.]","write":"","read":"^app[.]"}`)
	a.want("permission", a.do(200, "GET", "permissions/%2F/u", ""), `{"configure":"^app[.]","read":"^app[.]","user":"u","vhost":"/","write":""}`)
	a.want("nobody", a.do(400, "PUT", "permissions/%2F/nobody", `{"configure":"","write":"","read":""}`), `{"error":"bad_request","reason":"vhost_or_user_not_found"}`)
	a.want("nowhere", a.do(400, "PUT", "permissions/nowhere/u", `{"configure":"","write":"","read":""}`), `{"error":"bad_request","reason":"vhost_or_user_not_found"}`)
	a.want("ended", strings.Join(*ended, " "), "u") // .* became less
	*ended = nil

	for path, body := range map[string]string{"users/guest": `{"password":"x","tags":""}`, "users/file": `{"password":"x","tags":"administrator"}`, "permissions/%2F/file": `{"configure":"","write":"","read":""}`} {
		if text := a.do(400, "PUT", path, body); !strings.Contains(text, "configuration") {
			t.Error(text)
		}
	}
	a.do(400, "DELETE", "users/file", "")
	a.do(404, "DELETE", "permissions/%2F/nobody", "")

	// The same password again ends nobody; another one does, and so does none.
	a.do(204, "PUT", "users/u", `{"password":"p","tags":["management"]}`)
	a.want("ended", strings.Join(*ended, " "), "")
	a.do(204, "PUT", "users/u", `{"password":"q","tags":["management"]}`)
	a.want("ended", strings.Join(*ended, " "), "u")
	a.do(204, "PUT", "users/u", `{"tags":["management"]}`)
	if _, err := access.Authenticate(t.Context(), "", "u", nil); err == nil {
		t.Error("a user without a password is let in by an empty one")
	}
	a.do(400, "POST", "users/bulk-delete", `{"users":["u","nope"]}`)
	a.do(404, "GET", "users/u", "")
	a.do(404, "DELETE", "users/u", "")
}

// Whoever makes the first user may believe that from now on nobody else comes in.
func TestFirstUserIsNotTheOnly(t *testing.T) {
	var log bytes.Buffer
	a, access, _ := withAccounts(t)
	a.log = &log
	for _, name := range []string{"first", "second"} {
		a.do(201, "PUT", "users/"+name, `{"password":"p","tags":"administrator"}`)
		if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "without credentials") {
			t.Errorf("%d warnings after the %s: %s", n, name, &log)
		}
	}
	a.as(access, "first", "p")
	a.do(204, "DELETE", "users/second", "")
	a.do(204, "PUT", "users/first", `{"password":"p","tags":"administrator"}`)
	a.do(201, "PUT", "users/third", `{"password":"p","tags":""}`)
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings: %s", n, &log)
	}
}

// What the tags let somebody do, and that only administrators make users.
func TestTags(t *testing.T) {
	all := core.Grant{Actions: core.Configure | core.Write | core.Read, Queues: []string{"*"}, Topics: nil}
	a, access, _ := withAccounts(t,
		core.AccessUser{Name: "plain", PasswordHash: "hash:plain", Grants: []core.Grant{all}},
		core.AccessUser{Name: "boss", PasswordHash: "hash:boss", Grants: []core.Grant{all}, Tags: []string{"administrator"}})
	a.do(201, "PUT", "vhosts/shop", "")
	a.do(201, "PUT", "queues/%2F/q", `{}`)
	a.do(201, "PUT", "queues/shop/s", `{}`)
	for _, tag := range []string{"administrator", "monitoring", "policymaker", "management", ""} {
		a.do(201, "PUT", "users/"+tag+"-u", `{"password":"p","tags":"`+tag+`"}`)
		a.do(201, "PUT", "permissions/shop/"+tag+"-u", `{"configure":"^s","write":"^s","read":"^s"}`)
	}
	for name, want := range map[string]struct {
		put, users, nodes, policy int
		queues                    string
	}{
		"administrator-u": {201, 200, 200, 201, "q s"},
		"monitoring-u":    {401, 401, 200, 401, "s"},
		"policymaker-u":   {401, 401, 401, 401, "s"},
		"management-u":    {401, 401, 401, 401, "s"},
		"plain":           {401, 200, 200, 404, "q"},
		"boss":            {201, 200, 200, 201, "q s"}, // tagged in the configuration, and so as any other
	} {
		password, _ := strings.CutSuffix(name, "-u")
		if password != name {
			password = "p"
		}
		a.as(access, name, password)
		a.do(want.put, "PUT", "users/of-"+name, `{"password":"p","tags":"administrator"}`)
		a.do(want.users, "GET", "users", "")
		a.do(want.nodes, "GET", "nodes", "")
		a.do(want.policy, "PUT", "policies/shop/of-"+name, `{"pattern":"^s","definition":{"max-length":1}}`)
		a.want(name, a.column("queues", "name"), want.queues)
		if want.put == 401 {
			a.do(401, "DELETE", "users/boss", "")
			a.do(401, "POST", "users/bulk-delete", `{"users":["management-u"]}`)
			a.do(401, "POST", "definitions", `{"users":[{"name":"x","password_hash":"y","tags":"administrator"}]}`)
		}
	}
	for name, who := range map[string]bool{"administrator-u": true, "-u": false} {
		p, err := access.Authenticate(t.Context(), "", name, []byte("p"))
		if err != nil || Manages(p) != who {
			t.Errorf("%s manages: %v, %v", name, Manages(p), err)
		}
	}
	// An administrator sees every vhost, and acts by his permissions.
	a.as(access, "administrator-u", "p")
	a.do(401, "PUT", "queues/%2F/new", `{}`)
	a.do(401, "PUT", "queues/shop/new", `{}`)
	a.do(201, "PUT", "queues/shop/s2", `{}`)
	a.do(201, "PUT", "vhosts/mine", "") // who makes one has all of it
	a.do(201, "PUT", "queues/mine/any", `{}`)
	// A policymaker needs all permissions, since a policy leads messages anywhere.
	a.do(204, "PUT", "permissions/shop/policymaker-u", `{"configure":".*","write":".*","read":".*"}`)
	a.as(access, "policymaker-u", "p")
	a.do(201, "PUT", "policies/shop/mine", `{"pattern":"^s","definition":{"max-length":1}}`)
	a.do(204, "DELETE", "policies/shop/mine", "")
}

// What RabbitMQ 3.10.8 answered users of each tag, who may only enter shop and there
// only have to do with ^s: administrator, monitoring, policymaker, management.
func TestTagsAsRabbitMQ(t *testing.T) {
	a, access, _ := withAccounts(t)
	a.conns = []Connection{{ID: 1, Remote: "h:1", Local: "l:1", User: "boss", Namespace: "shop", Channels: []Channel{{Number: 1}}}, {ID: 2, Remote: "h:2", Local: "l:1", User: "boss"}}
	a.do(201, "PUT", "vhosts/shop", "")
	tags := []string{"administrator", "monitoring", "policymaker", "management"}
	for i, tag := range tags {
		a.do(201, "PUT", "users/"+tag, `{"password":"p","tags":"`+tag+`"}`)
		a.do(201, "PUT", "permissions/shop/"+tag, `{"configure":"^s","write":"^s","read":"^s"}`)
		a.conns = append(a.conns, Connection{ID: uint64(10 + i), Remote: "own:" + tag, Local: "l:1", User: tag, Namespace: "shop", Channels: []Channel{{Number: 1}}})
	}
	for _, vhost := range []string{"shop", "%2F"} {
		for _, name := range []string{"sq", "zq"} {
			a.do(201, "PUT", "queues/"+vhost+"/"+name, `{}`)
			a.do(201, "PUT", "exchanges/"+vhost+"/x"+name, `{"type":"fanout"}`)
			a.do(201, "PUT", "policies/"+vhost+"/p"+name, `{"pattern":"^none","definition":{"max-length":1}}`)
		}
	}
	const boss, home = "h%3A1%20-%3E%20l%3A1", "h%3A2%20-%3E%20l%3A1"
	for _, x := range []struct {
		path   string
		status [4]int
	}{
		{"GET overview", [4]int{200, 200, 200, 200}}, {"GET cluster-name", [4]int{200, 200, 200, 200}}, {"GET whoami", [4]int{200, 200, 200, 200}},
		{"GET nodes", [4]int{200, 200, 401, 401}}, {"GET users", [4]int{200, 401, 401, 401}}, {"GET permissions", [4]int{200, 401, 401, 401}},
		{"GET parameters", [4]int{200, 401, 200, 401}}, {"GET global-parameters", [4]int{200, 401, 200, 401}}, {"GET operator-policies", [4]int{200, 200, 200, 200}},
		{"GET topic-permissions", [4]int{200, 401, 401, 401}}, {"GET definitions", [4]int{200, 401, 401, 401}}, {"GET feature-flags", [4]int{200, 401, 401, 401}},
		{"GET vhosts/shop", [4]int{200, 401, 401, 401}}, {"GET vhosts/%2F", [4]int{200, 401, 401, 401}}, {"GET vhosts/shop/permissions", [4]int{200, 401, 401, 401}},
		{"GET vhosts/shop/connections", [4]int{200, 200, 200, 200}}, {"GET vhosts/%2F/connections", [4]int{200, 401, 401, 401}},
		{"GET queues/%2F", [4]int{200, 401, 401, 401}}, {"GET exchanges/%2F", [4]int{200, 401, 401, 401}}, {"GET bindings/%2F", [4]int{200, 401, 401, 401}}, {"GET policies/%2F", [4]int{200, 401, 401, 401}},
		{"GET queues/shop/zq", [4]int{200, 200, 200, 200}}, {"GET exchanges/shop/xzq", [4]int{200, 200, 200, 200}}, {"GET queues/shop/zq/bindings", [4]int{200, 200, 200, 200}},
		{"GET policies/shop/psq", [4]int{200, 401, 200, 401}}, {"GET definitions/shop", [4]int{200, 401, 401, 401}}, {"GET users/management", [4]int{200, 401, 401, 401}},
		{"GET aliveness-test/shop", [4]int{401, 401, 401, 401}}, {"GET health/checks/alarms", [4]int{200, 200, 200, 200}}, {"GET healthchecks/node", [4]int{200, 200, 200, 200}},
		{"GET connections/" + boss, [4]int{200, 200, 401, 401}}, {"GET connections/" + home, [4]int{200, 200, 401, 401}}, {"GET connections/" + boss + "/channels", [4]int{200, 200, 401, 401}},
		{"GET channels/" + boss + "%20(1)", [4]int{200, 200, 401, 401}}, {"GET connections/own%3Amanagement%20-%3E%20l%3A1", [4]int{200, 200, 401, 200}},
		{"GET channels/own%3Amanagement%20-%3E%20l%3A1%20(1)", [4]int{200, 200, 401, 200}},
		{"DELETE connections/" + boss, [4]int{204, 401, 401, 401}}, {"DELETE connections/own%3Amanagement%20-%3E%20l%3A1", [4]int{204, 401, 401, 204}},
		{"DELETE queues/shop/zq/contents", [4]int{401, 401, 401, 401}}, {"DELETE queues/shop/sq/contents", [4]int{204, 204, 204, 204}},
	} {
		method, path, _ := strings.Cut(x.path, " ")
		for i, tag := range tags {
			a.as(access, tag, "p")
			a.do(x.status[i], method, path, "")
		}
	}
	everyone := "boss boss administrator monitoring policymaker management"
	for _, x := range []struct {
		path, column string
		want         [4]string
	}{
		{"connections", "user", [4]string{everyone, everyone, "policymaker", "management"}},
		{"channels", "user", [4]string{everyone[5:], everyone[5:], "policymaker", "management"}},
		{"vhosts/shop/channels", "user", [4]string{everyone[5:], everyone[5:], "policymaker", "management"}},
		{"queues", "name", [4]string{"sq zq sq zq", "sq zq", "sq zq", "sq zq"}},
		{"policies", "name", [4]string{"psq pzq psq pzq", "psq pzq", "psq pzq", "psq pzq"}},
		{"vhosts", "name", [4]string{"/ shop", "/ shop", "shop", "shop"}},
	} {
		for i, tag := range tags {
			a.as(access, tag, "p")
			a.want(x.path+" of "+tag, a.column(x.path, x.column), x.want[i])
		}
	}
	for i, tag := range tags {
		a.as(access, tag, "p")
		o := get[map[string]any](a, "overview")
		if _, shown := o["listeners"]; shown != (i < 2) {
			t.Errorf("%s: listeners %v", tag, shown)
		}
		if n, want := o["object_totals"].(map[string]any)["connections"], []float64{6, 6, 1, 1}[i]; n != want {
			t.Errorf("%s: %v connections, want %v", tag, n, want)
		}
	}
}

// A consumer is listed to an account if it is its own.
func TestConsumersOfAnAccount(t *testing.T) {
	a, access, _ := withAccounts(t)
	for i, name := range []string{"mine", "other"} {
		a.do(201, "PUT", "users/"+name, `{"password":"p","tags":"management"}`)
		a.do(201, "PUT", "permissions/%2F/"+name, `{"configure":"","write":"","read":""}`)
		a.do(201, "PUT", "queues/%2F/"+name, `{}`)
		a.conns = append(a.conns, Connection{ID: uint64(i + 1), Remote: "h:" + name, User: name})
		q, _ := a.b.Default().Queue(name)
		c, err := q.Consume(core.ConsumerOptions{Receiver: nobody{}, Name: name, Connection: strconv.Itoa(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Cancel()
	}
	a.as(access, "mine", "p")
	a.want("consumers", a.column("consumers", "consumer_tag"), "mine")
	a.want("consumers", a.column("consumers/%2F", "consumer_tag"), "mine")
}

// An expression for one letter is none for all names, whatever stands for them.
func TestAnExpressionIsNotForEverything(t *testing.T) {
	a, access, _ := withAccounts(t)
	a.do(201, "PUT", "users/u", `{"password":"p","tags":"policymaker"}`)
	for _, pattern := range []string{"^.$", "[*]", "^[*]$", ".", ".+"} {
		a.who = core.AnonymousPrincipal()
		a.do(201, "PUT", "permissions/%2F/u", `{"configure":"`+pattern+`","write":"`+pattern+`","read":"`+pattern+`"}`)
		a.as(access, "u", "p")
		a.do(401, "PUT", "policies/%2F/p", `{"pattern":"","definition":{"max-length":1}}`)
		a.do(401, "PUT", "queues/%2F/x", `{"arguments":{"x-dead-letter-exchange":""}}`)
		a.who = core.AnonymousPrincipal()
		a.do(204, "DELETE", "permissions/%2F/u", "")
	}
}

// A RabbitMQ export brings its users; of each it is said what became of it.
func TestImportUsers(t *testing.T) {
	a, access, _ := withAccounts(t, core.AccessUser{Name: "file", PasswordHash: "hash:f"})
	text := a.do(200, "POST", "definitions", `{"rabbit_version":"3.10.8",
		"users":[
			{"name":"guest","password_hash":"g","hashing_algorithm":"","tags":["administrator"],"limits":{}},
			{"name":"app","password_hash":"secret","hashing_algorithm":"","tags":[],"limits":{}},
			{"name":"old","password_hash":"x","hashing_algorithm":"rabbit_password_hashing_md5","tags":""},
			{"name":"file","password_hash":"x","hashing_algorithm":"","tags":""}],
		"vhosts":[{"name":"/"},{"name":"shop"}],
		"permissions":[
			{"user":"guest","vhost":"/","configure":".*","write":".*","read":".*"},
			{"user":"app","vhost":"shop","configure":"^app","write":"^app","read":".*"},
			{"user":"old","vhost":"/","configure":"","write":"","read":""},
			{"user":"app","vhost":"/","configure":"(?=a)","write":"","read":""}]}`)
	var got []string
	for _, l := range decode[struct{ Imported []line }](t, text).Imported {
		if (l.Why == "") != (l.Result == kept) {
			t.Errorf("%+v", l)
		}
		got = append(got, l.What+" "+l.Name+" "+l.Result)
	}
	a.want("imported", strings.Join(got, ", "), "vhost / kept, vhost shop kept, user guest dropped, user app kept, user old dropped, user file dropped, "+
		"permission guest dropped, permission app kept, permission old dropped, permission app dropped")
	who, err := access.Authenticate(t.Context(), "", "app", []byte("secret"))
	if err != nil || who.In("") != nil || !who.In("shop").MayQueue(core.Configure, "app.1") || who.In("shop").MayQueue(core.Write, "b") || !who.In("shop").MayQueue(core.Read, "b") {
		t.Errorf("%v %+v", err, who)
	}
}

// An export is a backup of the users who were made here: not of the configuration's,
// and not for who may not make users.
func TestExportUsers(t *testing.T) {
	all := core.Grant{Actions: core.Configure | core.Write | core.Read, Queues: []string{"*"}}
	a, access, _ := withAccounts(t, core.AccessUser{Name: "file", PasswordHash: "hash:f", Grants: []core.Grant{all}})
	a.do(201, "PUT", "vhosts/shop", "")
	a.do(201, "PUT", "users/app", `{"password":"secret","tags":"monitoring,x"}`)
	a.do(201, "PUT", "users/none", `{"password_hash":"","tags":""}`)
	a.do(201, "PUT", "permissions/shop/app", `{"configure":"^app","write":"","read":".*"}`)
	a.do(201, "PUT", "permissions/%2F/app", `{"configure":"","write":"","read":""}`)
	text := a.do(200, "GET", "definitions", "")
	got := decode[struct{ Users, Permissions json.RawMessage }](t, text)
	a.want("users", string(got.Users), `[{"hashing_algorithm":"ours","limits":{},"name":"app","password_hash":"secret","tags":["monitoring","x"]},`+
		`{"hashing_algorithm":"","limits":{},"name":"none","password_hash":"","tags":[]}]`)
	a.want("permissions", string(got.Permissions), `[{"configure":"","read":"","user":"app","vhost":"/","write":""},{"configure":"^app","read":".*","user":"app","vhost":"shop","write":""}]`)
	if one := a.do(200, "GET", "definitions/shop", ""); strings.Contains(one, "users") || strings.Contains(one, "permissions") {
		t.Error(one)
	}

	b, other, _ := withAccounts(t)
	if said := b.do(200, "POST", "definitions", text); strings.Count(said, dropped) != 1 || !strings.Contains(said, "cluster_name") {
		t.Error(said)
	}
	who, err := other.Authenticate(t.Context(), "", "app", []byte("secret"))
	if err != nil || who.In("shop") == nil || !who.In("shop").MayQueue(core.Configure, "app.1") || !who.Tagged("monitoring") {
		t.Errorf("%v %+v", err, who)
	}
	again := decode[struct{ Users, Permissions json.RawMessage }](t, b.do(200, "GET", "definitions", ""))
	a.want("users", string(again.Users), string(got.Users))
	a.want("permissions", string(again.Permissions), string(got.Permissions))

	a.as(access, "file", "f")
	a.want("plain", string(decode[struct{ Users json.RawMessage }](t, a.do(200, "GET", "definitions", "")).Users), "[]")
}

// slowly has a request's body end only after something else happened.
func (a *api) slowly(status int, method, path, body string, meanwhile func()) {
	a.Helper()
	in, out := io.Pipe()
	w, done := httptest.NewRecorder(), make(chan struct{})
	r := httptest.NewRequest(method, "/api/"+path, in)
	go func() {
		defer close(done)
		a.h.ServeHTTP(w, r)
	}()
	if _, err := io.WriteString(out, body[:1]); err != nil { // it is read: who asks is known
		a.Fatal(err)
	}
	meanwhile()
	if _, err := io.WriteString(out, body[1:]); err != nil {
		a.Fatal(err)
	}
	out.Close()
	<-done
	if w.Code != status {
		a.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
	}
}

// A body may take for ever to come. What counts is what its sender may do by then.
func TestWhoIsDeletedMeanwhile(t *testing.T) {
	a, access, _ := withAccounts(t)
	all := `{"configure":".*","write":".*","read":".*"}`
	for path, body := range map[string]string{
		"PUT users/back":               `{"password":"p","tags":"administrator"}`,
		"PUT permissions/%2F/friend":   all,
		"PUT queues/%2F/q":             `{}`,
		"PUT policies/%2F/p":           `{"pattern":"","definition":{"max-length":1}}`,
		"POST definitions":             `{"users":[{"name":"back","password_hash":"p","tags":"administrator"}],"queues":[{"name":"q","vhost":"/"}]}`,
		"POST users/bulk-delete":       `{"users":["friend"]}`,
		"POST exchanges/%2F/x/publish": `{"properties":{},"routing_key":"k","payload":"","payload_encoding":"string"}`,
	} {
		for how, meanwhile := range map[string]func(){
			"deleted": func() { a.do(204, "DELETE", "users/bad", "") },
			"lowered": func() {
				a.do(204, "PUT", "users/bad", `{"password":"p","tags":""}`)
				a.do(204, "DELETE", "permissions/%2F/bad", "")
			},
		} {
			a.who = core.AnonymousPrincipal()
			a.do(201, "PUT", "users/bad", `{"password":"p","tags":"administrator"}`)
			a.do(201, "PUT", "users/friend", `{"tags":""}`)
			a.do(201, "PUT", "permissions/%2F/bad", all)
			a.as(access, "bad", "p")
			method, path, _ := strings.Cut(path, " ")
			t.Log(method, path, how)
			a.slowly(401, method, path, body, func() {
				a.who = core.AnonymousPrincipal()
				meanwhile()
			})
			a.do(404, "GET", "users/back", "")
			a.do(404, "GET", "queues/%2F/q", "")
			a.do(404, "GET", "policies/%2F/p", "")
			a.do(404, "GET", "permissions/%2F/friend", "")
			a.do(204, "DELETE", "users/friend", "")
			if how == "lowered" {
				a.do(204, "DELETE", "users/bad", "")
			}
		}
	}
}

// An import of a configured administrator is of every vhost, as RabbitMQ's is, and
// makes those that there are not; of anybody else's it is not.
func TestConfiguredAdministratorImports(t *testing.T) {
	a, access, _ := withAccounts(t, core.AccessUser{Name: "boss", PasswordHash: "hash:boss", Tags: []string{"administrator"}}, core.AccessUser{Name: "plain", PasswordHash: "hash:plain"})
	a.do(201, "PUT", "vhosts/shop", "")
	const all = `{"users":[{"name":"u","password_hash":"p","tags":"management"}],"vhosts":[{"name":"shop"},{"name":"new"}],
		"permissions":[{"user":"u","vhost":"new","configure":"","write":"","read":".*"}],
		"queues":[{"name":"q","vhost":"/"},{"name":"q","vhost":"shop"},{"name":"q","vhost":"new"}],"exchanges":[{"name":"x","vhost":"new","type":"fanout"}],
		"bindings":[{"vhost":"new","source":"x","destination":"q","destination_type":"queue"}],"policies":[{"vhost":"shop","name":"p","pattern":"","definition":{"max-length":1}}]}`
	a.as(access, "plain", "plain")
	a.do(401, "POST", "definitions", all)
	a.as(access, "boss", "boss")
	if said := a.do(200, "POST", "definitions", all); strings.Contains(said, dropped) {
		t.Error(said)
	}
	a.want("queues", a.column("queues", "vhost"), "/ new shop")
	a.want("policies", a.column("policies", "vhost"), "shop")
	a.want("bindings", a.column("bindings/new", "source"), " x")
	if who, err := access.Authenticate(t.Context(), "", "u", []byte("p")); err != nil || who.In("new") == nil || who.In("shop") != nil {
		t.Error(err)
	}
}

// A configured administrator gives permissions in every vhost, and has none there
// himself: as in RabbitMQ he sees what is there, and sets policies.
func TestConfiguredAdministratorPermits(t *testing.T) {
	a, access, _ := withAccounts(t, core.AccessUser{Name: "boss", PasswordHash: "hash:boss", Tags: []string{"administrator"}}, core.AccessUser{Name: "plain", PasswordHash: "hash:plain"})
	a.do(201, "PUT", "vhosts/shop", "")
	a.do(201, "PUT", "queues/shop/s", `{}`)
	a.as(access, "boss", "boss")
	a.do(201, "PUT", "users/u", `{"password":"p","tags":""}`)
	a.do(201, "PUT", "permissions/shop/u", `{"configure":"","write":"","read":"^s"}`)
	if who, err := access.Authenticate(t.Context(), "", "u", []byte("p")); err != nil || !who.In("shop").MayQueue(core.Read, "s") {
		t.Error(err)
	}
	a.do(200, "GET", "queues/shop/s", "")
	a.do(401, "PUT", "queues/shop/s2", `{}`)
	a.do(401, "POST", "queues/shop/s/get", `{"count":1,"ackmode":"ack_requeue_true","encoding":"auto"}`)
	a.do(401, "DELETE", "queues/shop/s", "")
	a.do(400, "PUT", "permissions/nowhere/u", `{"configure":"","write":"","read":""}`)
	a.as(access, "plain", "plain")
	a.do(404, "DELETE", "permissions/shop/u", "")
	a.as(access, "boss", "boss")
	a.do(204, "DELETE", "permissions/shop/u", "")
}

// nobody takes nothing.
type nobody struct{}

func (nobody) Deliver(*core.Consumer, core.Delivery) bool { return false }
func (nobody) Flush()                                     {}
func (nobody) Cancelled(*core.Consumer, error) bool       { return false }

// Who is an administrator by the configuration's tag is told so, and shown so, whatever
// his own permissions: tools look there for what they may do.
func TestConfiguredTagIsShown(t *testing.T) {
	few := core.Grant{Actions: core.Read, Queues: []string{"a"}}
	a, access, _ := withAccounts(t, core.AccessUser{Name: "boss", PasswordHash: "hash:b", Grants: []core.Grant{few}, Tags: []string{"administrator"}})
	a.as(access, "boss", "b")
	for _, path := range []string{"whoami", "users/boss"} {
		if got := decode[struct{ Tags []string }](t, a.do(200, "GET", path, "")); !slices.Equal(got.Tags, []string{"administrator"}) {
			t.Errorf("%s: %q", path, got.Tags)
		}
	}
}

func TestTopicPermissions(t *testing.T) {
	a, access, ended := withAccounts(t, core.AccessUser{Name: "file", PasswordHash: "hash:f"})
	const on = `{"exchange":"amq.topic","write":"^{username}[.]","read":"^{vhost}[.]in"}`
	a.do(400, "PUT", "topic-permissions/%2F/u", on)
	a.do(201, "PUT", "users/u", `{"password":"p","tags":"management"}`)
	a.do(201, "PUT", "permissions/%2F/u", `{"configure":".*","write":".*","read":".*"}`)
	a.want("none", a.do(404, "GET", "topic-permissions/%2F/u", ""), `{"error":"Object Not Found","reason":"Not Found"}`)
	a.want("no list", a.do(200, "GET", "users/u/topic-permissions", ""), `[]`)
	a.do(404, "GET", "users/none/topic-permissions", "")
	for body, want := range map[string]string{
		`{"exchange":"amq.topic","write":"^a"}`:            `{"error":"bad_request","reason":"[{key_missing,read}]"}`,
		`{"write":"^a","read":"^b"}`:                       `{"error":"bad_request","reason":"[{key_missing,exchange}]"}`,
		`{"exchange":"amq.topic","write":"a(","read":"b"}`: `{"error":"bad_request","reason":"invalid_regexp: invalid: error parsing regexp: missing closing ): ` + "`a(`" + `"}`,
	} {
		a.want(body, a.do(400, "PUT", "topic-permissions/%2F/u", body), want)
	}
	a.want("nowhere", a.do(400, "PUT", "topic-permissions/none/u", on), `{"error":"bad_request","reason":"vhost_or_user_not_found"}`)
	a.do(400, "PUT", "topic-permissions/%2F/file", on)
	a.do(201, "PUT", "topic-permissions/%2F/u", on)
	a.want("cut off, since there is less", strings.Join(*ended, " "), "u")
	a.do(204, "PUT", "topic-permissions/%2F/u", `{"exchange":"own","write":"","read":"^b"}`)
	const row = `{"exchange":"amq.topic","read":"^{vhost}[.]in","user":"u","vhost":"/","write":"^{username}[.]"}`
	const both = `[` + row + `,{"exchange":"own","read":"^b","user":"u","vhost":"/","write":""}]`
	for _, path := range []string{"topic-permissions", "topic-permissions/%2F/u", "vhosts/%2F/topic-permissions", "users/u/topic-permissions"} {
		a.want(path, a.do(200, "GET", path, ""), both)
	}

	export := a.do(200, "GET", "definitions", "")
	a.do(204, "DELETE", "topic-permissions/%2F/u", "")
	a.do(404, "DELETE", "topic-permissions/%2F/u", "")
	if got := a.do(200, "POST", "definitions", export); strings.Contains(got, "dropped") && strings.Contains(got, "topic permission") && !strings.Contains(got, `"what":"topic permission","vhost":"/","name":"u","result":"kept"`) {
		t.Errorf("imported: %s", got)
	}
	a.want("imported", a.do(200, "GET", "topic-permissions", ""), both)

	a.do(201, "PUT", "exchanges/%2F/own", `{"type":"topic"}`)
	a.do(201, "PUT", "queues/%2F/q", `{}`)
	a.as(access, "u", "p")
	publish := func(status int, exchange, key string) {
		t.Helper()
		text := a.do(status, "POST", "exchanges/%2F/"+exchange+"/publish", `{"routing_key":"`+key+`","payload":"","payload_encoding":"string","properties":{}}`)
		if status == 400 && !strings.Contains(text, "403 ACCESS_REFUSED") {
			t.Error(text)
		}
	}
	publish(200, "amq.topic", "u.x")
	publish(400, "amq.topic", "x.u")
	publish(400, "own", "u.x")
	a.do(201, "POST", "bindings/%2F/e/own/q/q", `{"routing_key":"b.#"}`)
	a.do(401, "POST", "bindings/%2F/e/own/q/q", `{"routing_key":"#"}`)
	a.do(201, "POST", "bindings/%2F/e/amq.topic/q/q", `{"routing_key":"/.in.#"}`)
	a.do(401, "POST", "bindings/%2F/e/amq.topic/q/q", `{"routing_key":"in.#"}`)
	a.do(401, "GET", "topic-permissions", "")
}
