package rabbit

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slipwaymq/slipway/core"
)

// steps are requests with what RabbitMQ 3.10.8 answered them, but for the comments.
type step struct {
	method, path, body string
	status             int
	want               string
}

func (a *api) steps(all []step) {
	a.Helper()
	for _, s := range all {
		r := httptest.NewRequest(s.method, "/api/"+s.path, strings.NewReader(s.body))
		w := httptest.NewRecorder()
		a.h.ServeHTTP(w, r)
		got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(w.Body.String())
		if w.Code != s.status || got != s.want {
			a.Errorf("%s %s %s\n got %d %s\nwant %d %s", s.method, s.path, s.body, w.Code, got, s.status, s.want)
		}
	}
}

func TestVhostLimits(t *testing.T) {
	a, access, _ := withAccounts(t)
	a.do(201, "PUT", "vhosts/v1", "")
	a.do(201, "PUT", "vhosts/v2", "")
	const none, notFound = "[]", `{"error":"Object Not Found","reason":"Not Found"}`
	refused := func(why string) string {
		return `{"error":"bad_request","reason":"Validation failed\n\n` + why + `\n"}`
	}
	a.steps([]step{
		{"GET", "vhost-limits", "", 200, none},
		{"GET", "vhost-limits/v1", "", 200, none},
		{"GET", "vhost-limits/none", "", 404, notFound},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":5}`, 204, ""},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":6}`, 204, ""},
		{"PUT", "vhost-limits/v1/max-connections", `{"value":-1}`, 204, ""},
		{"GET", "vhost-limits", "", 200, `[{"value":{"max-connections":-1,"max-queues":6},"vhost":"v1"}]`},
		{"GET", "vhost-limits/v1", "", 200, `[{"value":{"max-connections":-1,"max-queues":6},"vhost":"v1"}]`},
		{"GET", "vhost-limits/v2", "", 200, none},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":"x"}`, 400, refused(`max-queues should be a number, actually was <<\"x\">>`)},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":1.5}`, 400, refused(`max-queues should be a number, actually was 1.5`)},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":null}`, 400, refused(`max-queues should be a number, actually was null`)},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":true}`, 400, refused(`max-queues should be a number, actually was true`)},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":[1]}`, 400, refused(`max-queues should be a number, actually was [1]`)},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":{"a":1}}`, 400, refused(`max-queues should be a number, actually was #{<<\"a\">> => 1}`)},
		{"PUT", "vhost-limits/v1/max-queues", `{}`, 400, `{"error":"bad_request","reason":"[{key_missing,value}]"}`},
		{"PUT", "vhost-limits/v1/max-queues", ``, 400, `{"error":"bad_request","reason":"[{key_missing,value}]"}`},
		{"PUT", "vhost-limits/v1/foo", `{"value":1}`, 400, refused(`Unrecognised terms [{<<\"foo\">>,1}] in limits`)},
		{"PUT", "vhost-limits/v1/foo", `{"value":"x"}`, 400, refused(`Unrecognised terms [{<<\"foo\">>,<<\"x\">>}] in limits`)},
		{"PUT", "vhost-limits/none/max-queues", `{"value":1}`, 404, `{"error":"not_found","reason":"vhost_not_found"}`},
		{"DELETE", "vhost-limits/none/max-queues", "", 404, notFound}, // there 500
		{"DELETE", "vhost-limits/v1/foo", "", 204, ""},
		{"GET", "parameters", "", 200, `[{"component":"vhost-limits","name":"limits","value":{"max-connections":-1,"max-queues":6},"vhost":"v1"}]`},
		{"GET", "parameters/vhost-limits/v1", "", 200, `[{"component":"vhost-limits","name":"limits","value":{"max-connections":-1,"max-queues":6},"vhost":"v1"}]`},
		{"GET", "parameters/vhost-limits/v1/limits", "", 200, `{"component":"vhost-limits","name":"limits","value":{"max-connections":-1,"max-queues":6},"vhost":"v1"}`},
		{"GET", "parameters/vhost-limits/none", "", 404, notFound},
		{"GET", "parameters/none", "", 200, none},
		{"PUT", "parameters/vhost-limits/v2/limits", `{"value":{"max-queues":3}}`, 201, ""},
		{"PUT", "parameters/vhost-limits/v2/limits", `{"value":{"max-queues":4}}`, 204, ""},
		{"PUT", "parameters/vhost-limits/v2/limits", `{"value":{"max-queues":"x"}}`, 400, refused(`max-queues should be a number, actually was &lt;&lt;\"x\"&gt;&gt;`)},
		{"PUT", "parameters/vhost-limits/v2/limits", `{"value":{"foo":1}}`, 400, refused(`Unrecognised terms [{&lt;&lt;\"foo\"&gt;&gt;,1}] in limits`)},
		{"PUT", "parameters/vhost-limits/v2/limits", `{"value":5}`, 400, refused(`limits not a list 5`)},
		{"PUT", "parameters/none/v2/other", `{"value":{"max-queues":3}}`, 400, refused(`component none not found`)},
		{"DELETE", "parameters/vhost-limits/v2/limits", "", 204, ""},
		{"DELETE", "parameters/vhost-limits/v2/limits", "", 404, notFound},
		{"GET", "parameters/vhost-limits/v2/limits", "", 404, notFound},
		{"DELETE", "vhost-limits/v1/max-queues", "", 204, ""},
		{"GET", "vhost-limits/v1", "", 200, `[{"value":{"max-connections":-1},"vhost":"v1"}]`},
		{"DELETE", "vhost-limits/v1/max-connections", "", 204, ""},
		{"GET", "vhost-limits/v1", "", 200, none},
		{"GET", "vhost-limits", "", 200, none}, // there v1 with []
		{"DELETE", "vhost-limits/v1/max-connections", "", 204, ""},
		{"PUT", "vhost-limits/v1/max-queues", `{"value":0}`, 204, ""},
		{"PUT", "queues/v1/q", `{"durable":true}`, 400, `{"error":"bad_request","reason":"cannot declare queue 'q': queue limit in vhost 'v1' (0) is reached"}`},
		{"GET", "aliveness-test/v1", "", 400, `{"error":"bad_request","reason":"406 PRECONDITION_FAILED - cannot declare queue 'aliveness-test': queue limit in vhost 'v1' (0) is reached"}`},
	})
	a.do(201, "PUT", "users/m", `{"password":"p","tags":"policymaker"}`)
	a.do(201, "PUT", "permissions/v2/m", `{"configure":".*","write":".*","read":".*"}`)
	a.as(access, "m", "p")
	a.want("of others", a.column("vhost-limits", "vhost"), "")
	a.do(401, "PUT", "vhost-limits/v2/max-queues", `{"value":1}`)
	a.do(401, "DELETE", "vhost-limits/v2/max-queues", "")
	a.do(401, "PUT", "parameters/vhost-limits/v2/limits", `{"value":{"max-queues":1}}`)
	a.do(401, "DELETE", "parameters/vhost-limits/v2/limits", "")
	a.do(401, "GET", "user-limits", "")
	a.do(401, "PUT", "user-limits/m/max-channels", `{"value":1}`)
	a.do(401, "DELETE", "user-limits/m/max-channels", "")
}

func TestUserLimits(t *testing.T) {
	a, _, ended := withAccounts(t, core.AccessUser{Name: "file", PasswordHash: "hash:f"})
	a.do(201, "PUT", "users/u1", `{"password":"p","tags":""}`)
	refused := func(why string) string { return `{"error":"bad_request","reason":"` + why + `"}` }
	a.steps([]step{
		{"GET", "user-limits", "", 200, "[]"},
		{"GET", "user-limits/u1", "", 200, "[]"},
		{"GET", "user-limits/none", "", 404, `{"error":"Object Not Found","reason":"Not Found"}`},
		{"PUT", "user-limits/u1/max-connections", `{"value":5}`, 204, ""},
		{"PUT", "user-limits/u1/max-channels", `{"value":-1}`, 204, ""},
		{"GET", "user-limits", "", 200, `[{"user":"u1","value":{"max-channels":-1,"max-connections":5}}]`},
		{"GET", "user-limits/u1", "", 200, `[{"user":"u1","value":{"max-channels":-1,"max-connections":5}}]`},
		{"GET", "users/u1", "", 200, `{"hashing_algorithm":"","limits":{"max-channels":-1,"max-connections":5},"name":"u1","password_hash":"","tags":[]}`},
		{"PUT", "user-limits/u1/max-connections", `{"value":"x"}`, 400, refused(`max-connections should be a number, actually was <<\"x\">>`)},
		{"PUT", "user-limits/u1/max-connections", `{"value":1.5}`, 400, refused(`max-connections should be a number, actually was 1.5`)},
		{"PUT", "user-limits/u1/foo", `{"value":1}`, 400, refused(`Unrecognised terms [{<<\"foo\">>,1}] in user-limits`)},
		{"PUT", "user-limits/u1/max-queues", `{"value":1}`, 400, refused(`Unrecognised terms [{<<\"max-queues\">>,1}] in user-limits`)},
		{"PUT", "user-limits/none/max-connections", `{"value":1}`, 400, `{"error":"bad_request","reason":["no_such_user","none"]}`},
		{"PUT", "user-limits/none/foo", `{"value":1}`, 400, refused(`Unrecognised terms [{<<\"foo\">>,1}] in user-limits`)},
		{"PUT", "user-limits/u1/max-connections", `{}`, 400, refused("[{key_missing,value}]")},
		{"DELETE", "user-limits/u1/foo", "", 204, ""},
		{"DELETE", "user-limits/none/max-channels", "", 404, `{"error":"Object Not Found","reason":"Not Found"}`}, // there 500
		{"PUT", "user-limits/file/max-channels", `{"value":1}`, 400, refused(`denied: user \"file\" is set by the configuration and can be changed only there`)},
		{"PUT", "users/u1", `{"password":"p","tags":"","limits":{"max-connections":7}}`, 204, ""},
		{"PUT", "users/u1", `{"password":"p","tags":"","limits":{}}`, 204, ""},
		{"PUT", "users/u1", `{"password":"p","tags":"","limits":{"foo":1}}`, 400, refused(`Unrecognised terms [{<<\"foo\">>,1}] in user-limits`)}, // there 500
		{"GET", "user-limits", "", 200, `[{"user":"u1","value":{"max-channels":-1,"max-connections":7}}]`},
		{"PUT", "users/u2", `{"password":"p","tags":"","limits":{"max-channels":7}}`, 201, ""},
		{"DELETE", "user-limits/u1/max-connections", "", 204, ""},
		{"DELETE", "user-limits/u1/max-channels", "", 204, ""},
		{"GET", "user-limits", "", 200, `[{"user":"u2","value":{"max-channels":7}}]`},
	})
	if len(*ended) > 0 {
		t.Errorf("ended %v: nobody is, for a limit", *ended)
	}
}

// Limits go out with an export and come in with an import, before the queues.
func TestLimitsInDefinitions(t *testing.T) {
	a, _, _ := withAccounts(t)
	a.do(201, "PUT", "vhosts/v1", "")
	a.do(204, "PUT", "vhost-limits/v1/max-queues", `{"value":1}`)
	a.do(204, "PUT", "vhost-limits/%2F/max-connections", `{"value":10}`)
	a.do(201, "PUT", "users/u", `{"password":"p","tags":"","limits":{"max-channels":7}}`)
	out := a.do(200, "GET", "definitions", "")
	b, _, _ := withAccounts(t)
	b.do(200, "POST", "definitions", out)
	if again := b.do(200, "GET", "definitions", ""); again != out {
		t.Errorf("exported %s\nimported %s", out, again)
	}
	for path, want := range map[string]string{
		"vhost-limits": `[{"value":{"max-connections":10},"vhost":"/"},{"value":{"max-queues":1},"vhost":"v1"}]`,
		"user-limits":  `[{"user":"u","value":{"max-channels":7}}]`,
	} {
		b.want(path, b.do(200, "GET", path, ""), want)
	}
	if one := a.do(200, "GET", "definitions/v1", ""); !strings.Contains(one, `"parameters":[{"component":"vhost-limits","name":"limits","value":{"max-queues":1},"vhost":"v1"}]`) {
		t.Error(one)
	}
	text := b.do(200, "POST", "definitions", `{"vhosts":[{"name":"v2"}],
		"users":[{"name":"bad","password_hash":"p","hashing_algorithm":"ours","tags":[],"limits":{"max-channels":"x"}}],
		"parameters":[{"component":"vhost-limits","vhost":"v2","name":"limits","value":{"max-queues":1}},
			{"component":"vhost-limits","vhost":"v1","name":"limits","value":{"max-queues":"x"}},
			{"component":"vhost-limits","vhost":"/","name":"limits","value":[]},
			{"component":"shovel","vhost":"/","name":"s","value":{"src-uri":"amqp://"}}],
		"queues":[{"name":"a","vhost":"v2","durable":true,"auto_delete":false,"arguments":{}}]}`)
	var got []string
	for _, l := range decode[struct{ Imported []line }](t, text).Imported {
		got = append(got, strings.TrimSuffix(l.What+" "+l.Name+" "+l.Result+", "+l.Why, ", "))
	}
	b.want("imported", strings.Join(got, "\n"), `vhost v2 kept
user bad dropped, max-channels should be a number, actually was <<"x">>
parameter vhost-limits limits kept
parameter vhost-limits limits dropped, max-queues should be a number, actually was <<"x">>
parameter vhost-limits limits kept
parameter shovel s dropped, there are no plugins that would use it
queue a kept`)
	text = b.do(200, "POST", "definitions", `{"queues":[{"name":"b","vhost":"v2","durable":true,"auto_delete":false,"arguments":{}}]}`)
	if !strings.Contains(text, "queue limit in vhost 'v2' (1) is reached") {
		t.Error(text)
	}
	b.want("limits", b.do(200, "GET", "vhost-limits", ""), `[{"value":{"max-queues":1},"vhost":"v1"},{"value":{"max-queues":1},"vhost":"v2"}]`)
}
